# SPDX-License-Identifier: ISC
"""Ports that do not go stale: kept for who was lost, moved to who comes back, free after a goodbye. With
OpenSSH's client and with ours."""
import os
import signal
import socket

import pytest

from conftest import (LIMIT_S, Process, free_port, is_free, listeners, need, read_all, visit, wait_until)

pytestmark = need("ssh", "ssh-keygen")


@pytest.fixture(params=["ssh", "sally"])
def client(request, ssh, started):
    """Starts one or the other with forwards; returns when each of them is answered."""
    program = {"ssh": "ssh", "sally": os.environ["SALLY"]}[request.param]

    def start(relay, *flags, waits=True, **more):
        process = Process([program, *ssh.command(relay, "-v", "-N", *flags, **more)[1:]])
        started.append(process)
        if waits:
            process.wait_for("remote forward success|All remote forwarding requests processed|remote port forwarding failed")
        return process

    return start


def inodes(port):
    """The listening sockets of a port: the same ones as long as none was closed."""
    found = set()
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(path, encoding="ascii") as lines:
            for fields in (line.split() for line in lines):
                if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port:
                    found.add(fields[9])
    return found


class Visitor:
    """Somebody who has connected and said what there is to say, and waits."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
        self.sock.sendall(b"patience")
        self.sock.shutdown(socket.SHUT_WR)

    def is_served(self):
        with self.sock:
            return read_all(self.sock)[32:] == b"patience"


# --- leases -----------------------------------------------------------------------------------------

def test_a_lost_agent_gets_its_port_back(relay, client, ssh, target):
    port = free_port()
    first = client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    sockets = inodes(port)
    assert len(sockets) == 2
    first.popen.kill()
    relay.wait_for(rf"agent tunnel#1 .*: port {port} is kept for its key for 10 s$")
    relay.wait_for("agent tunnel#1 .* ended after")
    waiting = Visitor(port)
    # Another key does not get it, and learns why.
    stranger = ssh.start(relay, "-R", f"{port}:127.0.0.1:1", key="agent_ecdsa")
    stranger.wait_for(rf"Remote: port {port} on 127.0.0.1 is taken: it is kept for another key, whose connection was lost, "
                      r"for (10|\d) s more")
    client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    assert waiting.is_served()
    assert inodes(port) == sockets
    visit(port)


def test_a_lease_runs_out(start_relay, client, ssh, target):
    relay = start_relay("ForwardLease 1")
    port = free_port()
    client(relay, "-R", f"{port}:127.0.0.1:{target.port}").popen.kill()
    relay.wait_for(f"port {port} is kept for its key for 1 s")
    waiting = Visitor(port)
    relay.wait_for(rf"port {port} is free: the key it was kept for, SHA256:\S+, did not come back")
    assert is_free("127.0.0.1", port) and is_free("::1", port)
    with pytest.raises(ConnectionResetError):
        waiting.sock.recv(1)
    ssh.start(relay, "-R", f"{port}:127.0.0.1:{target.port}", key="agent_ecdsa")
    visit(port)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_goodbye_frees_the_port(relay, client, how):
    port = free_port()
    agent = client(relay, "-R", f"{port}:localhost:22")
    agent.popen.send_signal(how)
    relay.wait_for("agent tunnel#1 .* ended after")
    assert is_free("127.0.0.1", port) and is_free("::1", port)
    assert "is kept" not in relay.said


def test_a_visitor_whom_the_lost_agent_never_answered(relay, client, target):
    """It was let in already; the agent was told of it and died."""
    port = free_port()
    first = client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    first.popen.send_signal(signal.SIGSTOP)
    waiting = [Visitor(port) for _ in range(3)]
    wait_until(lambda: relay.ctl("ls").stdout.count("visitor 127.0.0.1") == 3)
    first.popen.kill()
    relay.wait_for("ended after")
    client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    assert all(v.is_served() for v in waiting)


@pytest.mark.parametrize("before, after", [("", "127.0.0.1:"), ("127.0.0.1:", ""), ("*:", "localhost:"), ("localhost:", "*:")])
def test_a_kept_port_is_asked_for_at_other_addresses(start_relay, client, target, before, after):
    relay = start_relay("GatewayPorts clientspecified")
    port = free_port()
    client(relay, "-R", f"{before}{port}:127.0.0.1:{target.port}").popen.kill()
    relay.wait_for("ended after")
    client(relay, "-R", f"{after}{port}:127.0.0.1:{target.port}")
    loop = {"127.0.0.1", "::1"}
    assert listeners(port) == {"127.0.0.1:": {"127.0.0.1"}, "": loop, "localhost:": loop, "*:": {"0.0.0.0", "::"}}[after]
    visit(port)


def test_what_is_kept_is_shown(relay, client, target):
    port = free_port()
    client(relay, "-R", f"{port}:127.0.0.1:{target.port}").popen.kill()
    relay.wait_for("ended after")
    assert f"port {port} is kept for key SHA256:" in relay.ctl("ls").stdout


def test_the_relay_keeps_nothing_when_it_ends(relay, client):
    port = free_port()
    client(relay, "-R", f"{port}:localhost:22").popen.kill()
    relay.wait_for("ended after")
    assert relay.stop() == 0
    assert is_free("127.0.0.1", port)
