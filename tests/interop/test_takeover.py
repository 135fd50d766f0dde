# SPDX-License-Identifier: ISC
"""Ports that do not go stale: kept for who was lost, moved to who comes back, free after a goodbye. With
OpenSSH's client and with ours."""
import json
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

from conftest import (IS_ROOT, LIMIT_S, Process, free_port, is_free, listeners, need, public_line, read_all, visit, wait_until)

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


# --- takeovers --------------------------------------------------------------------------------------

def test_r33_a_frozen_agent_gives_its_port_up(relay, client, ssh, target):
    """The grace is 2 s: a bit more than that later the port is where it is wanted, and nobody was refused."""
    port = free_port()
    first = client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    sockets = inodes(port)
    first.popen.send_signal(signal.SIGSTOP)
    before = Visitor(port)
    wait_until(lambda: "visitor 127.0.0.1" in relay.ctl("ls").stdout)
    stranger = ssh.start(relay, "-R", f"{port}:127.0.0.1:1", key="agent_ecdsa")
    stranger.wait_for(rf"Remote: port {port} on 127.0.0.1 is taken: another key holds it")
    began = time.monotonic()
    second = client(relay, "-R", f"{port}:127.0.0.1:{target.port}", waits=False)
    # Its other requests are served while this one waits.
    second.wait_for('Authenticated to|Connected to')
    meanwhile = Visitor(port)
    second.wait_for("remote forward success|All remote forwarding requests processed")
    took = time.monotonic() - began
    assert took < 3, took
    relay.wait_for("agent tunnel#1 .*: given up: it does not answer, and another connection of its key asks for a port it holds")
    assert before.is_served() and meanwhile.is_served()
    assert inodes(port) == sockets
    # What the old one does when it wakes up touches nothing.
    first.popen.send_signal(signal.SIGCONT)
    relay.wait_for("agent tunnel#1 .* ended after")
    if "sally" in first.popen.args[0]:  # it comes back, and finds the other one alive
        first.wait_for("a connection holds it with your key from 127.0.0.1:.*, and answers")
    else:
        first.wait_end()
    visit(port)
    assert inodes(port) == sockets


@pytest.fixture
def elsewhere():
    """A network of its own, joined to ours by one link: how to run a program there, our address on the link, and how
    to cut its route."""
    name = f"sallyport{os.getpid()}"
    link = f"sp{os.getpid()}"
    net = os.getpid() % 250

    def ip(*words, check=True):
        return subprocess.run(["ip", *words], check=check, capture_output=True, timeout=LIMIT_S)

    if not IS_ROOT or not shutil.which("ip") or ip("netns", "add", name, check=False).returncode != 0:
        pytest.skip("no network namespace can be made here")
    try:
        ip("link", "add", link, "type", "veth", "peer", "name", "up0", "netns", name)
        ip("addr", "add", f"198.18.{net}.1/30", "dev", link)
        ip("link", "set", link, "up")
        ip("-n", name, "addr", "add", f"198.18.{net}.2/30", "dev", "up0")
        ip("-n", name, "link", "set", "up0", "up")
        ip("-n", name, "link", "set", "lo", "up")
        yield (["ip", "netns", "exec", name], f"198.18.{net}.1",
               lambda: ip("-n", name, "route", "add", "blackhole", f"198.18.{net}.1/32"))
    finally:
        ip("netns", "del", name, check=False)
        ip("link", "del", link, check=False)


def test_an_agent_without_a_route_gives_its_port_up(relay, client, ssh, started, target, elsewhere):
    """Its packets go nowhere from one moment to the next, as behind a NAT that forgot; it comes from another address."""
    prefix, address, cut = elsewhere
    port = free_port()
    first = Process([*prefix, *ssh.command(relay, "-v", "-N", "-R", f"{port}:127.0.0.1:1", host=address)])
    started.append(first)
    first.wait_for("remote forward success")
    sockets = inodes(port)
    cut()
    before = Visitor(port)
    began = time.monotonic()
    client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    took = time.monotonic() - began
    assert took < 3, took
    assert before.is_served()
    assert inodes(port) == sockets
    visit(port)


def test_several_ports_of_a_frozen_agent(relay, client, target):
    """They move together: the answers wait for one grace, not for one each."""
    ports = set()
    while len(ports) < 40:
        ports.add(free_port())
    flags = [word for p in ports for word in ("-R", f"{p}:127.0.0.1:{target.port}")]
    first = client(relay, *flags)
    relay.wait_for("forward of .* opened on", len(ports) - 1)
    first.popen.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    client(relay, *flags, waits=False)
    relay.wait_for("agent tunnel#2 .*forward of .* opened on", len(ports) - 1)
    assert time.monotonic() - began < 3
    for port in ports:
        visit(port)
    first.popen.send_signal(signal.SIGCONT)


def test_a_live_agent_keeps_its_port(relay, client, target):
    port = free_port()
    first = client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    began = time.monotonic()
    second = client(relay, "-R", f"{port}:127.0.0.1:1", "-o", "ExitOnForwardFailure=yes", waits=False)
    second.wait_for(rf"port {port} on 127.0.0.1 is taken: a connection holds it with your key from 127.0.0.1:\d+, and answers")
    assert second.wait_end() == 255
    assert time.monotonic() - began < 2  # it answered, so nobody waited for the grace
    visit(port)
    assert first.popen.poll() is None


def test_replace(start_relay, client, target):
    relay = start_relay("Takeover replace")
    port = free_port()
    first = client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    sockets = inodes(port)
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as inside:
        inside.sendall(b"be")
        relay.wait_for("forward of")
        wait_until(lambda: "visitor 127.0.0.1" in relay.ctl("ls").stdout)
        second = client(relay, "-R", f"{port}:127.0.0.1:1")
        first.wait_for(rf"port {port} was taken over by another connection of your key, from 127.0.0.1:\d+")
        assert inodes(port) == sockets
        # Who was inside stays until it is done; then nothing is left of the first connection.
        assert first.popen.poll() is None
        inside.sendall(b"fore")
        inside.shutdown(socket.SHUT_WR)
        assert read_all(inside)[32:] == b"before"
    first.wait_for("another connection of your key took over the port")
    relay.wait_for("agent tunnel#1 .* ended after")
    assert second.popen.poll() is None and inodes(port) == sockets


def test_replace_at_other_addresses(start_relay, client, target):
    relay = start_relay("Takeover replace", "GatewayPorts clientspecified")
    port, other = free_port(), free_port()
    first = client(relay, "-R", f"127.0.0.1:{port}:127.0.0.1:1", "-R", f"[::1]:{port}:127.0.0.1:1",
                   "-R", f"{other}:127.0.0.1:{target.port}")
    relay.wait_for("forward of .* opened on", 2)
    client(relay, "-R", f"*:{port}:127.0.0.1:{target.port}")
    assert listeners(port) == {"0.0.0.0", "::"}
    visit(port)
    visit(other)  # the first one goes on with what it has left
    assert first.popen.poll() is None


@pytest.mark.parametrize("how", ["cancelled", signal.SIGTERM, signal.SIGKILL])
def test_standby(start_relay, client, ssh, target, key_files, tmp_path, how):
    """By the key's line. The second one is answered at once, with ExitOnForwardFailure as well, and is next."""
    relay = start_relay()
    relay.write_keys('takeover="standby" ' + public_line(key_files["agent"]))
    port = free_port()
    master = tmp_path / "m"
    control = ["-M", "-S", str(master)] if how == "cancelled" else []
    first = (ssh.start if control else client)(relay, *control, "-R", f"{port}:127.0.0.1:1")
    sockets = inodes(port)
    second = client(relay, "-R", f"{port}:127.0.0.1:{target.port}", "-o", "ExitOnForwardFailure=yes")
    second.wait_for(rf"port {port} is served by another connection of your key, from 127.0.0.1:\d+; this one stands by")
    third = client(relay, "-R", f"{port}:127.0.0.1:1")
    third.wait_for("stands by")
    assert relay.ctl("ls").stdout.count("stands by") == 2
    if control:
        ssh_mux(master, "-O", "cancel", "-R", f"{port}:127.0.0.1:1")
    else:
        first.popen.send_signal(how)
    second.wait_for(f"port {port} is served by this connection now")
    visit(port)
    third.popen.kill()
    relay.wait_for("agent tunnel#3 .* ended after")
    visit(port)
    assert inodes(port) == sockets
    second.popen.send_signal(signal.SIGTERM)
    relay.wait_for("agent tunnel#2 .* ended after")
    assert is_free("127.0.0.1", port) and is_free("::1", port)


def ssh_mux(master, *words):
    subprocess.run(["ssh", "-F", "none", "-S", master, *words, "any"], check=True, capture_output=True, timeout=LIMIT_S)


def test_a_frozen_holder_is_not_stood_by_for(start_relay, client, target):
    relay = start_relay("Takeover standby")
    port = free_port()
    first = client(relay, "-R", f"{port}:127.0.0.1:1")
    first.popen.send_signal(signal.SIGSTOP)
    client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    visit(port)
    assert "stands by" not in relay.said
    first.popen.send_signal(signal.SIGCONT)


def test_a_standby_lives_on_with_its_keepalives(start_relay, client, target):
    """What ssh asks after the forward is answered, so it does not take the relay for dead."""
    relay = start_relay("Takeover standby")
    port = free_port()
    client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    second = client(relay, "-R", f"{port}:127.0.0.1:1", "-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=1")
    heard = set()

    def has_asked_often():
        heard.add(next(a["bytes_in"] for a in json.loads(relay.ctl("--json", "ls").stdout)["agents"] if a["number"] == 2))
        return len(heard) > 4

    wait_until(has_asked_often)
    assert second.popen.poll() is None
    visit(port)


def test_the_grace_is_over_while_a_port_is_kept_for_nobody(start_relay, client, target):
    """ForwardLease 0 frees the ports of whom nobody asks for, not the one that was asked for."""
    relay = start_relay("ForwardLease 0", "TakeoverGrace 1")
    port, other = free_port(), free_port()
    first = client(relay, "-R", f"{port}:127.0.0.1:{target.port}", "-R", f"{other}:127.0.0.1:{target.port}")
    relay.wait_for("forward of .* opened on", 1)
    sockets = inodes(port)
    first.popen.send_signal(signal.SIGSTOP)
    client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    assert inodes(port) == sockets
    visit(port)
    relay.wait_for(f"port {other} is free")
    first.popen.send_signal(signal.SIGCONT)


def test_a_claim_may_be_withdrawn(relay, client, ssh, started, target, tmp_path):
    """Cancelled while it waits; and who asked is gone while it waits."""
    port = free_port()
    first = client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    first.popen.send_signal(signal.SIGSTOP)
    second = client(relay, "-R", f"{port}:127.0.0.1:1", waits=False)
    second.wait_for('Authenticated to|Connected to')
    second.popen.kill()
    relay.wait_for("agent tunnel#2 .* ended after")
    first.popen.send_signal(signal.SIGCONT)
    visit(port)


def test_a_limit_of_ports_counts_what_is_taken_over_once(start_relay, client, target, key_files):
    relay = start_relay("Takeover replace")
    relay.write_keys('max-forwards="1" ' + public_line(key_files["agent"]))
    port = free_port()
    client(relay, "-R", f"{port}:127.0.0.1:1")
    second = client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    visit(port)
    second.popen.kill()
    relay.wait_for("agent tunnel#2 .* ended after")
    client(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    visit(port)


# --- a port for a key -------------------------------------------------------------------------------

def allocated(process, nth=0):
    return int(process.wait_for(r"Allocated port (\d+) for remote forward", nth).group(1))


def gone(relay, process, number):
    process.stop()
    relay.wait_for(rf"agent tunnel#{number} .* ended after")


@pytest.fixture
def book(tmp_path):
    return tmp_path / "state" / "ports"  # the folder is made with the first port


def test_a_key_gets_the_same_ports_again(start_relay, client, ssh, target, book):
    """Two of them, in their order, by either client, and after the relay was killed; others get none of them."""
    folder = book.parent.parent / "keys"
    relay = start_relay(f"PortsFile {book}", folder=folder)
    flags = ["-R", f"0:127.0.0.1:{target.port}", "-R", f"0:localhost:{target.port}"]
    agent = client(relay, *flags)
    ports = [allocated(agent, 0), allocated(agent, 1)]
    assert "of this relay" not in agent.said
    gone(relay, agent, 1)
    wait_until(lambda: book.exists() and len(book.read_text().splitlines()) == 2)
    assert book.stat().st_mode & 0o777 == 0o600
    relay.popen.kill()
    relay.wait_end()
    relay = start_relay(f"PortsFile {book}", folder=folder)
    other = client(relay, "-R", f"0:127.0.0.1:{target.port}", key="agent_ecdsa")
    assert allocated(other) not in ports
    agent = ssh.start(relay, *flags)
    assert [allocated(agent, 0), allocated(agent, 1)] == ports
    agent.wait_for(rf"^Ports {ports[0]}, {ports[1]} of this relay are yours: -R 0:host:hostport opens them in this order\.$")
    for port in ports:
        visit(port)
    # While they are in use the same key gets a third one elsewhere, and keeps it as well.
    more = client(relay, "-R", f"0:127.0.0.1:{target.port}")
    third = allocated(more)
    assert third not in ports
    assert relay.stop() == 0
    lines = [line.split() for line in book.read_text().splitlines()]
    owner = lines[0][1]
    assert [int(port) for port, whose in lines if whose == owner] == [*ports, third]


def test_the_banner_is_for_who_has_the_key(start_relay, client, ssh, started, book):
    """It says the port before anything is asked for; to offer the public half is not enough."""
    relay = start_relay(f"PortsFile {book}")
    agent = client(relay, "-R", "0:localhost:22")
    port = allocated(agent)
    gone(relay, agent, 1)
    relay.write_keys(public_line(ssh.key_files["agent"]))
    agent = client(relay, waits=False)
    agent.wait_for(f"^Port {port} of this relay is yours: -R 0:host:hostport opens it\\.")
    liar = book.parent.parent / "liar"
    shutil.copy(ssh.key_files["stranger"], liar)
    shutil.copy(f"{ssh.key_files['agent']}.pub", f"{liar}.pub")  # ssh offers this, and cannot sign
    run = ssh.run(relay, "-v", "-N", key=str(liar))
    assert run.returncode == 255
    assert "Server accepts key" in run.stderr and "of this relay" not in run.stderr


def test_a_range_of_ports_for_a_key(start_relay, client, ssh, target):
    """A free choice is not what the key has; within its range it is the same one each time, without a file as well."""
    low = free_port() // 100 * 100
    seen = []
    for _ in range(2):
        relay = start_relay()
        relay.write_keys(f'permitlisten="{low}-{low + 99}" ' + public_line(ssh.key_files["agent"]))
        agent = client(relay, "-R", f"0:127.0.0.1:{target.port}")
        seen.append(allocated(agent))
        relay.popen.send_signal(signal.SIGHUP)  # judged anew, it may stay
        relay.wait_for("SIGHUP|read again|reload", 0)
        visit(seen[-1])
        assert low <= seen[-1] <= low + 99
        relay.stop()
    assert seen[0] == seen[1] or not is_free("127.0.0.1", seen[0])


def test_a_range_that_is_full(start_relay, client, ssh):
    port = free_port()
    relay = start_relay()
    relay.write_keys(f'permitlisten="{port}" ' + public_line(ssh.key_files["agent"]))
    with socket.create_server(("127.0.0.1", port)):
        client(relay, "-R", "0:localhost:22", waits=False)
        relay.wait_for(rf'forward of "localhost" port 0 refused: port {port} on 127.0.0.1 is taken')


def test_a_port_that_somebody_else_has_now(start_relay, client, ssh, book):
    relay = start_relay(f"PortsFile {book}")
    agent = client(relay, "-R", "0:localhost:22")
    port = allocated(agent)
    gone(relay, agent, 1)
    with socket.create_server(("127.0.0.1", port)):
        agent = client(relay, "-R", "0:localhost:22")
        assert allocated(agent) != port
        agent.wait_for(f"port {port}, which your key was given before, is not free")
        gone(relay, agent, 2)
    agent = client(relay, "-R", "0:localhost:22")
    assert allocated(agent) == port


def test_a_chosen_port_is_taken_over(relay, client, target):
    """The same port for the same key, also while the agent that has it stands still."""
    first = client(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = allocated(first)
    sockets = inodes(port)
    first.popen.send_signal(signal.SIGSTOP)
    second = client(relay, "-R", f"0:127.0.0.1:{target.port}")
    assert allocated(second) == port and inodes(port) == sockets
    visit(port)
    first.popen.send_signal(signal.SIGCONT)


def test_a_bad_ports_file(start_relay, client, ssh, book):
    book.parent.mkdir()
    port = free_port()
    fingerprint = subprocess.run(["ssh-keygen", "-lf", f"{ssh.key_files['agent']}.pub"], check=True, capture_output=True,
                                 text=True).stdout.split()[1]
    book.write_bytes(b"%d %s\n\0\xff\x1b]0;\x07 x\n70000 SHA256:x\n%d SHA256:thief\n12" % (port, fingerprint.encode(), port))
    relay = start_relay(f"PortsFile {book}")
    relay.wait_for(f"^{book} line 2: not a free port and a key; such lines are left out$")
    assert allocated(client(relay, "-R", "0:localhost:22")) == port


def test_a_ports_file_that_cannot_be_written(start_relay, client):
    relay = start_relay("PortsFile /dev/null/ports")
    agent = client(relay, "-R", "0:localhost:22")
    port = allocated(agent)
    relay.wait_for("^ports of -R 0 will not outlive this relay: /dev/null/ports: Not a directory$|"
                   "^ports of -R 0 will not outlive this relay: /dev/null: not a folder$")
    gone(relay, agent, 1)
    assert allocated(client(relay, "-R", "0:localhost:22")) == port
