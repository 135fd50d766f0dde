# SPDX-License-Identifier: ISC
"""A tunnel that stays up: relays that go and come back, freeze, change their keys, refuse and give in."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from conftest import IS_ROOT, LIMIT_S, Process, free_port, is_free, kill_sessions, sessions, visit, wait_until
from test_agent import ME, Agent, Sshd, allocated, keys, public  # noqa: F401 pylint: disable=unused-import

pytestmark = pytest.mark.skipif(not shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin"),
                                reason="sshd is not installed")
CALM = ("-o", "ServerAliveInterval=0")  # nothing here happens because of a probe, unless it is about probes


class Rig:
    """An sshd that can go and come back at its port, and agents of it."""

    def __init__(self, made, folder):
        self.keys, self.folder = dict(made), folder
        self.authorized = folder / "authorized_keys"
        shutil.copy(made["authorized"], self.authorized)
        self.keys["authorized"] = self.authorized
        self.server = Sshd(self.keys, folder)
        self.port = self.server.port
        self.agent = Agent(self.keys, folder, self.server)
        self.others = []

    def start(self, *flags, **more):
        process = Process(self.agent.command("-N", *flags, **more))
        self.agent.started.append(process)
        return process

    def down(self):
        """As when the power fails, but for the sockets that the kernel closes."""
        children = sessions(self.server)
        self.server.popen.kill()
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.server.popen.wait(LIMIT_S)

    def up(self, **more):
        wait_until(lambda: is_free("127.0.0.1", self.port))
        self.server = self.agent.server = Sshd(self.keys, self.folder, port=self.port, **more)

    def stop(self):
        self.agent.stop()
        self.down()
        for one in self.others:
            one.stop()


@pytest.fixture
def rig(keys, tmp_path):  # noqa: F811 pylint: disable=redefined-outer-name
    one = Rig(keys, tmp_path)
    yield one
    one.stop()


# --- back again -------------------------------------------------------------------------------------

def test_relay_goes_and_comes_back(rig, target):
    port = free_port()
    process = rig.start("-R", f"{port}:127.0.0.1:{target.port}")
    process.wait_for("^Forward up: ")
    visit(port)
    rig.down()
    process.wait_for(r"^No connection to 127\.0\.0\.1: trying again in \d+\.\d s, until it is back\.$")
    process.wait_for("^sally: connect to host 127.0.0.1 port .*: Connection refused$")
    rig.up()
    process.wait_for(r"^Connected to 127\.0\.0\.1 again after \d+ s \(\d+ tr(y|ies)\)\.$")
    process.wait_for("^Forward up: ", 1)
    visit(port)
    process.popen.terminate()
    assert process.wait_end() == 0


@pytest.mark.skipif("SALLYD" not in os.environ, reason="no sallyd to test with")
def test_a_relay_of_ours_goes_and_comes_back(key_files, start_relay, target, tmp_path):
    """With the ports that it had chosen, and the same ones for the agent."""
    first = start_relay()
    known = tmp_path / "known"
    known.write_text("* " + public(key_files["relay"]) + "\n")
    port = free_port()
    process = Process([os.environ["SALLY"], "-F", "none", "-N", "-o", f"UserKnownHostsFile={known}", "-i", str(key_files["agent"]),
                       "-p", str(first.port), "-R", f"{port}:127.0.0.1:{target.port}", "-R", f"0:127.0.0.1:{target.port}",
                       "tunnel@127.0.0.1"])
    try:
        other = allocated(process)
        process.wait_for("^Forward up: ", 1)
        first.popen.kill()
        first.wait_end()
        process.wait_for("^No connection to 127.0.0.1: trying again")
        start_relay(folder=first.folder, port=str(first.port))
        process.wait_for("^Forward up: ", 3)
        visit(port)
        visit(other)
    finally:
        assert process.stop() == 0


@pytest.mark.skipif("SALLYD" not in os.environ, reason="no sallyd to test with")
def test_a_relay_of_ours_tells_where_visitors_come_in(key_files, start_relay, target, tmp_path):
    known = tmp_path / "known"
    known.write_text("* " + public(key_files["relay"]) + "\n")
    for setting, bind, words in [("no", "*", "; the relay says: Forwarding listen address \"\" narrowed to loopback by server "
                                              "GatewayPorts no: only the relay itself can reach the port"),
                                 ("clientspecified", "*", "")]:
        relay, port = start_relay(f"GatewayPorts {setting}"), free_port()
        process = Process([os.environ["SALLY"], "-F", "none", "-N", "-o", f"UserKnownHostsFile={known}",
                           "-i", str(key_files["agent"]), "-p", str(relay.port), "-R", f"{bind}:{port}:127.0.0.1:{target.port}",
                           "tunnel@127.0.0.1"])
        try:
            process.wait_for("^Forward up: ")
            assert process.said == f"Forward up: 127.0.0.1:{port} leads to 127.0.0.1:{target.port}{words}"
        finally:
            assert process.stop() == 0


def test_one_session_is_lost(rig, target):
    """The first try comes at once, and every forward is made again."""
    ports = [free_port(), free_port()]
    process = rig.start("-R", f"{ports[0]}:127.0.0.1:{target.port}", "-R", f"{ports[1]}:127.0.0.1:{target.port}")
    process.wait_for("^Forward up: ", 1)
    kill_sessions(rig.server)
    process.wait_for("^Connection to 127.0.0.1 closed by remote host.$")
    process.wait_for("^Forward up: ", 3)
    for port in ports:
        visit(port)


def test_a_relay_that_is_not_there_yet(rig, target):
    port = free_port()
    rig.down()
    process = rig.start("-R", f"{port}:127.0.0.1:{target.port}")
    process.wait_for("^No connection to 127.0.0.1: trying again")
    rig.up()
    process.wait_for("^Forward up: ")
    visit(port)


def test_the_port_that_the_relay_chose_is_asked_for_again(rig, target):
    process = rig.start("-R", f"0:127.0.0.1:{target.port}")
    port = allocated(process)
    process.wait_for("^Forward up: ")
    rig.down()
    rig.up()
    process.wait_for(f"^Forward up: localhost:{port} ", 1)
    visit(port)
    assert process.said.count("Allocated port") == 1


def test_another_port_when_the_one_that_the_relay_chose_is_gone(rig, target):
    process = rig.start("-R", f"0:127.0.0.1:{target.port}")
    port = allocated(process)
    process.wait_for("^Forward up: ")
    rig.down()
    wait_until(lambda: is_free("127.0.0.1", port) and is_free("::1", port))
    with socket.create_server(("127.0.0.1", port)), socket.create_server(("::1", port), family=socket.AF_INET6):
        rig.up()
        process.wait_for(f"^Port {port} stays refused: the relay is asked for any other port$")
        other = allocated(process, 1)
        visit(other)
    assert other != port


def test_the_name_is_looked_up_again(rig, target, tmp_path):
    """The relay moves to another address of the same name."""
    if not IS_ROOT:
        pytest.skip("a mount namespace is needed")
    hosts, port = tmp_path / "hosts", free_port()
    hosts.write_text("127.0.0.3 relay.test\n")
    rig.agent.known.write_text(f"[relay.test]:{rig.port} {public(rig.keys['host'])}\n")
    command = rig.agent.command("-N", "-R", f"{port}:127.0.0.1:{target.port}", to=f"{ME.pw_name}@relay.test")
    process = Process(["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts), *command])
    rig.agent.started.append(process)
    process.wait_for("Connection refused")
    hosts.write_text("127.0.0.1 relay.test\n")
    process.wait_for("^Forward up: ")
    visit(port)


def test_every_visitor_of_a_lost_connection_is_cut(rig):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = free_port()
        process = rig.start("-R", f"{port}:127.0.0.1:{silent.getsockname()[1]}")
        process.wait_for("^Forward up: ")
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as visitor:
            visitor.sendall(b"half a sentence")
            target, _ = silent.accept()
            with target:
                target.settimeout(LIMIT_S)
                assert target.recv(100) == b"half a sentence"
                kill_sessions(rig.server)
                with pytest.raises(ConnectionResetError):
                    target.recv(100)
        process.wait_for("^Forward up: ", 1)


# --- refused forwards -------------------------------------------------------------------------------

def test_a_refused_forward_is_asked_for_until_it_is_free(rig, target):
    taken, port = free_port(), free_port()
    with socket.create_server(("127.0.0.1", taken)), socket.create_server(("::1", taken), family=socket.AF_INET6):
        process = rig.start("-R", f"{taken}:127.0.0.1:{target.port}", "-R", f"{port}:127.0.0.1:{target.port}")
        process.wait_for(f"^Warning: remote port forwarding failed for listen port {taken}$")
        process.wait_for(f"^Port {taken} is asked for again until the relay gives it.$")
        process.wait_for(f"^Forward up: localhost:{port} ")
        visit(port)
    process.wait_for(f"^Forward up: localhost:{taken} ")
    visit(taken)
    visit(port)
    assert "No connection" not in process.said
    assert process.said.count("Warning: remote port forwarding failed") == 1


def test_reconnect_no_takes_a_refusal_as_ssh_does(rig, target):
    taken = free_port()
    with socket.create_server(("127.0.0.1", taken)), socket.create_server(("::1", taken), family=socket.AF_INET6):
        process = rig.start("-v", "-o", "Reconnect=no", "-R", f"{taken}:127.0.0.1:{target.port}")
        process.wait_for("All remote forwarding requests processed")
    assert "asked for again" not in process.said
    kill_sessions(rig.server)
    assert process.wait_end() == 255
    assert "Connection to 127.0.0.1 closed by remote host." in process.said


def test_background_waits_for_every_forward(rig, target, tmp_path):
    taken, log = free_port(), tmp_path / "log"
    with socket.create_server(("127.0.0.1", taken)), socket.create_server(("::1", taken), family=socket.AF_INET6):
        process = rig.start("-f", "-E", str(log), "-R", f"{taken}:127.0.0.1:{target.port}",
                            "-R", f"0:127.0.0.1:{target.port}")
        wait_until(lambda: log.exists() and f"listen port {taken}" in log.read_text()
                   and "Allocated port" in log.read_text())
        assert process.popen.poll() is None
    assert process.wait_end() == 0
    visit(taken)
    pids = subprocess.run(["pgrep", "-f", f"{taken}:127.0.0.1:{target.port}"], capture_output=True, text=True,
                          check=True).stdout.split()
    for pid in pids:
        os.kill(int(pid), signal.SIGTERM)
    wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids))


@pytest.mark.parametrize("flag", ["-L", "-D"])
def test_a_local_port_is_tried_until_it_is_free(rig, target, tmp_path, flag):
    """And -f waits for it, as ForwardInfo tells."""
    taken, state = free_port(), tmp_path / "state"
    spec = f"{taken}:127.0.0.1:{target.port}" if flag == "-L" else f"{taken}"
    with socket.create_server(("127.0.0.1", taken)), socket.create_server(("::1", taken), family=socket.AF_INET6):
        process = rig.start("-o", f"ForwardInfo=file:{state}", flag, spec, "-R", f"0:127.0.0.1:{target.port}")
        process.wait_for(f"^Local port {taken} is tried again until it can be opened.$")
        process.wait_for("^Forward up: ")
        wait_until(lambda: [f["state"] for f in json.loads(state.read_text())["forwards"]] == ["up", "wanted"])
        assert not json.loads(state.read_text())["ready"]
    process.wait_for(f"^Local port {taken} is open now.$")
    wait_until(lambda: json.loads(state.read_text())["ready"])
    if flag == "-L":
        visit(taken)
    assert process.said.count("cannot listen to port") == 1


def test_background_is_told_of_a_local_port_that_fails(rig):
    taken = free_port()
    with socket.create_server(("127.0.0.1", taken)), socket.create_server(("::1", taken), family=socket.AF_INET6):
        run = rig.agent.run("-f", "-o", "ExitOnForwardFailure=yes", "-L", f"{taken}:127.0.0.1:1")
    assert run.returncode == 255
    assert "Could not request local forwarding." in run.stderr


# --- for good ---------------------------------------------------------------------------------------

def test_a_key_that_is_refused_later_ends_it(rig):
    process = rig.start("-R", "0:127.0.0.1:1")
    process.wait_for("^Forward up: ")
    rig.authorized.write_text(public(rig.keys["stranger"]) + "\n")
    kill_sessions(rig.server)
    assert process.wait_end() == 255
    assert process.said.splitlines()[-1] == f"{ME.pw_name}@127.0.0.1: Permission denied (publickey)."


def test_a_host_key_that_changes_ends_it(rig):
    process = rig.start("-R", "0:127.0.0.1:1")
    process.wait_for("^Forward up: ")
    rig.down()
    rig.up(host_keys=("host_other",))
    assert process.wait_end() == 255
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in process.said
    assert process.said.splitlines()[-1] == "Host key verification failed."


def test_a_changed_key_is_not_let_pass_by_a_tunnel_that_was_up(rig):
    process = rig.start("-R", "0:127.0.0.1:1", strict="no")
    process.wait_for("^Forward up: ")
    rig.down()
    rig.up(host_keys=("host_other",))
    assert process.wait_end() == 255
    assert process.said.splitlines()[-1] == "Error: forwarding disabled due to host key check failure"


def test_nobody_is_asked_about_an_unknown_key_once_it_was_up(rig):
    process = rig.start("-R", "0:127.0.0.1:1", strict="ask")
    process.wait_for("^Forward up: ")
    rig.agent.known.write_text("")
    kill_sessions(rig.server)
    assert process.wait_end() == 255
    assert process.said.splitlines()[-1] == "Host key verification failed."


def asking_program(folder, answer):
    """Says the answer, and keeps count."""
    program, calls = folder / "askpass", folder / "calls"
    program.write_text(f"#!/bin/sh\necho asked >> {calls}\necho {answer}\n")
    program.chmod(0o700)
    return {"SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force"}, calls


def test_a_passphrase_is_asked_for_once(rig, tmp_path):
    """Nobody sits there when the tunnel comes back in the night."""
    key = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret words", "-f", key], check=True)
    with open(rig.authorized, "a", encoding="ascii") as out:
        out.write(pathlib.Path(f"{key}.pub").read_text())
    variables, calls = asking_program(tmp_path, "secret words")
    process = Process(rig.agent.command("-N", "-R", "0:127.0.0.1:1", key=key), env=os.environ | variables,
                      start_new_session=True)
    rig.agent.started.append(process)
    process.wait_for("^Forward up: ")
    kill_sessions(rig.server)
    process.wait_for("^Forward up: ", 1)
    assert calls.read_text() == "asked\n"


@pytest.mark.skipif(not shutil.which("ssh-agent"), reason="ssh-agent is not installed")
def test_keys_of_an_agent_are_there_again(rig, tmp_path):
    path = tmp_path / "agent.sock"
    keyring = Process(["ssh-agent", "-D", "-a", str(path)])
    rig.others.append(keyring)
    wait_until(path.exists)
    variables = {"SSH_AUTH_SOCK": str(path)}
    subprocess.run(["ssh-add", "-q", rig.keys["ecdsa256"]], env=os.environ | variables, check=True)
    process = Process(rig.agent.command("-N", "-R", "0:127.0.0.1:1", key=None), env=os.environ | variables)
    rig.agent.started.append(process)
    process.wait_for("^Forward up: ")
    kill_sessions(rig.server)
    process.wait_for("^Forward up: ", 1)


# --- signals ----------------------------------------------------------------------------------------

def test_sigusr1_begins_again(rig, target):
    port = free_port()
    process = rig.start("-R", f"{port}:127.0.0.1:{target.port}")
    process.wait_for("^Forward up: ")
    process.popen.send_signal(signal.SIGUSR1)
    process.wait_for("^Forward up: ", 1)
    visit(port)
    rig.server.wait_for("reconnecting")


class Bouncer:
    """What PerSourcePenalties of sshd does to an address."""

    def __init__(self, port):
        self.listener, self.guests = socket.create_server(("127.0.0.1", port)), 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.guests += 1
                client.sendall(b"Not allowed at this time\r\n")
                client.shutdown(socket.SHUT_WR)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def test_a_relay_that_wants_to_be_left_alone_is_and_sigusr1_cuts_the_wait(rig):
    rig.down()
    wait_until(lambda: is_free("127.0.0.1", rig.port))
    bouncer = Bouncer(rig.port)
    process = rig.start("-R", "0:127.0.0.1:1")
    wait = process.wait_for(r"^No connection to 127.0.0.1: trying again in (\d+\.\d) s")
    assert float(wait.group(1)) >= 15
    bouncer.close()
    rig.up()
    process.popen.send_signal(signal.SIGUSR1)
    process.wait_for("^Forward up: ")
    assert bouncer.guests == 1


@pytest.mark.parametrize("number,code", [(signal.SIGTERM, 0), (signal.SIGINT, 255), (signal.SIGHUP, 255)])
def test_signals_end_it_while_it_waits(rig, number, code):
    process = rig.start("-R", "0:127.0.0.1:1")
    process.wait_for("^Forward up: ")
    rig.down()
    process.wait_for("Connection refused")
    process.popen.send_signal(number)
    assert process.wait_end() == code


# --- silence ----------------------------------------------------------------------------------------

def test_a_frozen_relay_is_noticed_within_15_s_by_option(rig):
    process = rig.start("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2", "-R", "0:127.0.0.1:1")
    process.wait_for("^Forward up: ")
    frozen = sessions(rig.server)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        process.wait_for("^Timeout, server 127.0.0.1 not responding.$")
        assert 9 < time.monotonic() - began < 16
        # The frozen one holds the port that the relay had chosen.
        process.wait_for("^Warning: remote port forwarding failed for listen port")
    finally:
        for pid in frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait_for("^Forward up: ", 1)


class Net:
    """Two hosts of our own with a wire between them: the agent's 10.9.8.1, the relay's 10.9.8.2."""

    def __init__(self):
        self.holders = [subprocess.Popen(["unshare", "-n", "sleep", "600"]) for _ in range(2)]
        own = os.stat("/proc/self/ns/net").st_ino
        for one in self.holders:
            wait_until(lambda one=one: os.stat(f"/proc/{one.pid}/ns/net").st_ino != own)
        self.run(0, f"ip link add v0 type veth peer name v1 netns {self.holders[1].pid}")
        for side in (0, 1):
            self.run(side, f"ip link set lo up; ip addr add 10.9.8.{side + 1}/24 dev v{side}; ip link set v{side} up")

    def within(self, side, *command):
        return ["nsenter", "-t", str(self.holders[side].pid), "-n", *command]

    def run(self, side, script):
        subprocess.run(self.within(side, "sh", "-ec", script), check=True)

    def stop(self):
        for one in self.holders:
            one.kill()
            one.wait()


@pytest.fixture
def net():
    if not IS_ROOT or not shutil.which("ip") or not shutil.which("nsenter"):
        pytest.skip("network namespaces and ip(8) are needed")
    one = Net()
    yield one
    one.stop()


def net_rig(net, keys, folder, started):  # noqa: F811 pylint: disable=redefined-outer-name
    """An sshd on the relay's host; flags of an agent on the other one."""
    config = folder / "net_config"
    config.write_text(f"Port 2222\nListenAddress 10.9.8.2\nPidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
                      f"AuthorizedKeysFile {keys['authorized']}\nHostKey {keys['host']}\n")
    os.makedirs("/run/sshd", exist_ok=True)
    server = Process(net.within(1, shutil.which("sshd", path="/usr/sbin:/sbin"), "-D", "-e", "-f", str(config)))
    started.append(server)
    server.wait_for("Server listening")
    known = folder / "net_known"
    known.write_text(f"[10.9.8.2]:2222 {public(keys['host'])}\n")
    return net.within(0, os.environ["SALLY"], "-F", "none", "-N", "-o", f"UserKnownHostsFile={known}",
                      "-o", "GlobalKnownHostsFile=none", "-i", str(keys["ed25519"]), "-p", "2222",
                      f"{ME.pw_name}@10.9.8.2")


def test_a_dead_path_is_noticed_within_6_s_with_traffic_waiting(net, keys, tmp_path, started):  # noqa: F811
    """A visitor's target sends all the time; then nothing of the relay comes back any more. When it does
    again, so does the tunnel."""
    command = net_rig(net, keys, tmp_path, started)
    talker = Process(net.within(0, "python3", "-uc", (
        "import socket,time\ns=socket.create_server(('127.0.0.1',7))\nprint('ready')\nwhile True:\n c,_=s.accept()\n"
        " try:\n  while True: c.sendall(b'x'*1000); time.sleep(.05)\n except OSError: pass\n")))
    started.append(talker)
    talker.wait_for("ready")
    process = Process([*command, "-R", "8080:127.0.0.1:7"])
    started.append(process)
    process.wait_for("^Forward up: ")
    visitor = Process(net.within(1, "python3", "-uc", (
        "import socket\ns=socket.create_connection(('127.0.0.1',8080))\nprint(len(s.recv(10)))\nwhile s.recv(9999): pass\n")))
    started.append(visitor)
    visitor.wait_for("10")
    net.run(1, "ip route add blackhole 10.9.8.1/32")
    began = time.monotonic()
    process.wait_for("^Read from remote host 10.9.8.2: Connection timed out$")
    assert time.monotonic() - began < 6
    net.run(1, "ip route del blackhole 10.9.8.1/32")
    kept = process.wait_for("Connected to 10.9.8.2 again|remote port forwarding failed")
    assert kept


def test_the_network_that_comes_back_starts_a_try(net, keys, tmp_path, started):  # noqa: F811
    command = net_rig(net, keys, tmp_path, started)
    net.run(0, "ip link set v0 down")
    process = Process([*command, "-v", "-R", "8080:127.0.0.1:7"])
    started.append(process)
    # Until the waits are long: a try that comes within a second of the news was not due anyway.
    while float(process.wait_for(r"trying again in (\d+\.\d) s", len(
            process.find_all(r"trying again in (\d+\.\d) s"))).group(1)) < 3:
        pass
    net.run(0, "ip link set v0 up")
    began = time.monotonic()
    process.wait_for("^Forward up: ")
    assert time.monotonic() - began < 2.5


# --- who is told ------------------------------------------------------------------------------------

def test_a_service_manager_is_told(rig, target, manager):
    taken = free_port()
    command = rig.agent.command("-N", "-R", f"{taken}:127.0.0.1:{target.port}", "-R", f"0:127.0.0.1:{target.port}")
    with socket.create_server(("127.0.0.1", taken)), socket.create_server(("::1", taken), family=socket.AF_INET6):
        process = Process(command, env=os.environ | {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "1000000"})
        rig.agent.started.append(process)
        manager.wait_for("^STATUS=connecting to 127.0.0.1$")
        manager.wait_for(f"^STATUS=connected to 127.0.0.1, 1 of 2 forwards up, port {taken} refused$")
        assert not any("READY=1" in text for text in manager.heard)
    manager.wait_for("^READY=1\nSTATUS=connected to 127.0.0.1, 2 of 2 forwards up$")
    manager.wait_for("^WATCHDOG=1$")
    rig.down()
    manager.wait_for("^STATUS=no connection to 127.0.0.1, trying again: ")
    rig.up()
    manager.wait_for("^STATUS=connected to 127.0.0.1, 2 of 2 forwards up$")
    process.popen.terminate()
    assert process.wait_end() == 0
    assert manager.wait_for("STOPPING=1") == "STOPPING=1\nSTATUS=ended"
    assert sum("READY=1" in text for text in manager.heard) == 1


def test_scripts_read_the_state_from_a_descriptor(rig, target):
    reader, writer = os.pipe()
    process = Process(rig.agent.command("-N", "-o", f"ForwardInfo=fd:{writer}", "-R", f"0:127.0.0.1:{target.port}"),
                      pass_fds=[writer])
    rig.agent.started.append(process)
    os.close(writer)
    with os.fdopen(reader) as lines:
        states = []
        for line in lines:
            states.append(json.loads(line))
            if states[-1]["ready"]:
                process.popen.terminate()
    assert process.wait_end() == 0
    assert [s["state"] for s in states] == ["connecting", "up", "up", "ended"]
    one = states[2]["forwards"][0]
    assert one == {"kind": "remote", "listen": "localhost", "port": one["port"], "target": f"127.0.0.1:{target.port}", "state": "up",
                   "reason": ""}
    assert one["port"] == allocated(process)
    assert (states[2]["pid"], states[2]["relay"], states[2]["relay_port"]) == (process.popen.pid, "127.0.0.1", rig.port)


def test_a_reader_that_does_not_read_stops_nobody(rig):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    process = Process(rig.agent.command("-N", "-o", f"ForwardInfo=fd:{writer}", "-R", "0:127.0.0.1:1"), pass_fds=[writer])
    rig.agent.started.append(process)
    process.wait_for("^ForwardInfo: the reader does not keep up: nothing more is told$")
    process.wait_for("^Forward up: ")
    os.close(reader)
    os.close(writer)


def test_scripts_read_the_state_from_a_file(rig, target, tmp_path):
    path = tmp_path / "state.json"
    process = rig.start("-o", f"ForwardInfo=file:{path}", "-R", f"0:127.0.0.1:{target.port}")
    process.wait_for("^Forward up: ")
    wait_until(lambda: json.loads(path.read_text())["ready"])
    visit(json.loads(path.read_text())["forwards"][0]["port"])
    rig.down()
    wait_until(lambda: json.loads(path.read_text())["state"] == "down")
    assert not json.loads(path.read_text())["ready"]
    process.popen.terminate()
    assert process.wait_end() == 0
    assert json.loads(path.read_text())["state"] == "ended"
    assert [p.name for p in tmp_path.glob("state.json*")] == ["state.json"]


@pytest.mark.parametrize("where,why", [
    ("fd:x", "ForwardInfo fd:x: no number of a descriptor"), ("fd:77", "ForwardInfo fd:77: Bad file descriptor"),
    ("tcp:1", "ForwardInfo tcp:1: fd:NUMBER or file:PATH is wanted")])
def test_a_place_for_the_state_that_is_none(rig, where, why):
    run = rig.agent.run("-o", f"ForwardInfo={where}", "-R", "0:127.0.0.1:1")
    assert (run.returncode, run.stderr) == (255, f"sally: {why}\n")


def test_the_hook_of_a_forward_knows_its_port(rig, manager, tmp_path):
    out = tmp_path / "hook out"
    hook = tmp_path / "hook"
    hook.write_text('#!/bin/sh\necho "$1|$SALLY_RELAY|$SALLY_LISTEN|$SALLY_PORT|$SALLY_TARGET|$NOTIFY_SOCKET" >> "$2"\n'
                    'echo heard; exit 3\n')
    hook.chmod(0o755)
    process = Process(rig.agent.command("-N", "-o", f'ForwardHook={hook} "$(date) *" "{out}"', "-R", "0:127.0.0.1:1"),
                      env=os.environ | {"NOTIFY_SOCKET": str(manager.path)})
    rig.agent.started.append(process)
    port = allocated(process)
    process.wait_for(f"^ForwardHook {hook}: exit status 3$")
    process.wait_for("^heard$")
    assert out.read_text() == f"$(date) *|127.0.0.1|localhost|{port}|127.0.0.1:1|\n"
    process.popen.send_signal(signal.SIGUSR1)
    process.wait_for("^heard$", 1)


def test_a_hook_that_is_not_there_is_told(rig):
    process = rig.start("-o", "ForwardHook=/no/such/hook", "-R", "0:127.0.0.1:1")
    process.wait_for("^ForwardHook /no/such/hook: No such file or directory$")
    process.popen.terminate()
    assert process.wait_end() == 0


@pytest.mark.skipif("UNIT" not in os.environ, reason="no unit to test")
def test_the_unit_starts_what_it_says(rig, target, manager, tmp_path):
    """Its command line, with the folders that systemd would give, against a relay."""
    unit = pathlib.Path(os.environ["UNIT"]).read_text().replace("\\\n", "")
    config = tmp_path / "office.conf"
    config.write_text(f"Host office\n Hostname 127.0.0.1\n Port {rig.port}\n User {ME.pw_name}\n"
                      f" GlobalKnownHostsFile {rig.agent.known}\n RemoteForward 0 127.0.0.1:{target.port}\n")
    words = re.search("^ExecStart=(.*)$", unit, re.M).group(1).split()
    assert words[0].endswith("/sally") and "/etc/sallyport/%i.conf" in words
    shutil.copy(rig.keys["ed25519"], tmp_path / "key")
    with tempfile.TemporaryDirectory(dir="/tmp") as runtime:  # a socket's path must be short
        os.makedirs(f"{runtime}/sallyport/office")
        start_unit(rig, manager, target, words, {
            "/etc/sallyport/%i.conf": str(config), "%S": str(tmp_path), "%t": runtime, "%i": "office",
            "${CREDENTIALS_DIRECTORY}": str(tmp_path)})


def start_unit(rig, manager, target, words, places):
    for name, place in places.items():
        words = [word.replace(name, place) for word in words]
    process = Process([os.environ["SALLY"], *words[1:]], env=os.environ | {"NOTIFY_SOCKET": str(manager.path)})
    rig.agent.started.append(process)
    manager.wait_for("^READY=1\n")
    visit(allocated(process))
    subprocess.run([os.environ["SALLYCTL"], "--agent=office", "status"], check=True, timeout=LIMIT_S,
                   env=os.environ | {"XDG_RUNTIME_DIR": places["%t"]})


# --- for a long time --------------------------------------------------------------------------------

def resources(pid):
    """Resident kB and descriptors. A sanitizer keeps what was freed, and finds leaks by itself: 0 kB then."""
    proc = pathlib.Path(f"/proc/{pid}")
    kb = int(re.search(r"VmRSS:\s+(\d+) kB", (proc / "status").read_text()).group(1))
    return 0 if "libasan" in (proc / "maps").read_text() else kb, len(os.listdir(proc / "fd"))


def test_200_reconnects_leave_memory_and_descriptors_flat(rig, target):
    port = free_port()
    process = rig.start("-R", f"{port}:127.0.0.1:{target.port}", "-R", "localhost:0:no-such-host.invalid:1")

    def reconnect(times):
        for _ in range(times):
            seen = len(process.find_all("^Forward up: "))
            process.popen.send_signal(signal.SIGUSR1)
            process.wait_for("^Forward up: ", seen + 1)

    process.wait_for("^Forward up: ", 1)
    reconnect(100)  # until the heap has its shape
    visit(port, bytes(1 << 20))
    before = resources(process.popen.pid)
    reconnect(100)
    visit(port, bytes(1 << 20))
    after = resources(process.popen.pid)
    assert after[1] == before[1]
    assert after[0] <= before[0] + 1024, f"{before[0]} kB before, {after[0]} kB after"
