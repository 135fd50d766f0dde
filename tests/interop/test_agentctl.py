# SPDX-License-Identifier: ISC
"""The control socket of a running agent: the real ssh speaks to ours, ours speaks to the real ssh, and
neither who is not asked nor who speaks nonsense does any harm."""
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest

from test_agent import Agent, Sshd, keys, sshd  # noqa: F401 pylint: disable=unused-import
from conftest import IS_ROOT, LIMIT_S, NOBODY, Process, free_port, is_free, visit, wait_until

SALLY, SALLYCTL = os.environ["SALLY"], os.environ["SALLYCTL"]
HELLO, ALIVE_CHECK, OPEN, INFO = 1, 0x10000004, 0x10000006, 0x20000001
OK, DENIED, FAILURE, ALIVE, INFO_REPLY = 0x80000001, 0x80000002, 0x80000003, 0x80000005, 0x90000001


# --- tools ------------------------------------------------------------------------------------------

class Master:
    """An agent of ours, or OpenSSH's client, with a control socket."""

    def __init__(self, at, path, *flags, program=SALLY):
        self.path = path
        command = at.command("-v", "-N", "-S", str(path), *flags, "-M")
        self.process = Process([program, *command[1:]])
        at.started.append(self.process)

    def up(self):
        self.process.wait_for("Authenticated to|Entering interactive")
        wait_until(lambda: self.path.exists() or self.process.is_over)
        return self

    @property
    def pid(self):
        return self.process.popen.pid

    def control(self, *words, program="ssh"):
        """-O and its flags, by whichever program."""
        command = [program, "-S", str(self.path), "-F", "none", "-O", *words, "unused"]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S,
                              check=False)

    def ctl(self, *words):
        return subprocess.run([SALLYCTL, "--agent", str(self.path), *words], capture_output=True, text=True,
                              timeout=LIMIT_S, check=False)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "c"


@pytest.fixture
def at(keys, sshd, tmp_path):  # noqa: F811
    one = Agent(keys, tmp_path, sshd)
    yield one
    one.stop()


@pytest.fixture
def agent(at, path):
    return Master(at, path).up()


def fine(result, out=None):
    assert result.returncode == 0, (result.stdout, result.stderr)
    if out is not None:
        assert re.fullmatch(out, result.stdout), result.stdout
    return result


def message(kind, *fields):
    body = struct.pack(">I", kind)
    for field in fields:
        body += struct.pack(">I", field) if isinstance(field, int) else struct.pack(">I", len(field)) + field
    return struct.pack(">I", len(body)) + body


def take(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        assert part, f"hung up after {data!r}"
        data += part
    return data


def hear(s):
    body = take(s, struct.unpack(">I", take(s, 4))[0])
    return struct.unpack(">I", body[:4])[0], body[4:]


def talk(path, hello=True):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(LIMIT_S)
    s.connect(str(path))
    assert hear(s)[0] == HELLO
    if hello:
        s.sendall(message(HELLO, 4))
    return s


def is_alive(path):
    with talk(path) as s:
        s.sendall(message(ALIVE_CHECK, 77))
        kind, rest = hear(s)
        return kind == ALIVE and rest[:4] == struct.pack(">I", 77)


def is_hung_up(s):
    try:
        while s.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


both = pytest.mark.parametrize("program", ["ssh", SALLY], ids=["ssh", "sally"])


# --- words of -O ------------------------------------------------------------------------------------

@both
def test_check_stop_and_exit(agent, program):
    assert agent.path.stat().st_mode & 0o777 == 0o600
    assert fine(agent.control("check", program=program)).stderr == f"Master running (pid={agent.pid})\n"
    assert "Exit request sent." in fine(agent.control("exit", program=program)).stderr
    assert agent.process.wait_end() == 0
    assert not agent.path.exists()
    refused = agent.control("check", program=program)
    assert refused.returncode == 255 and "No such file or directory" in refused.stderr


@both
def test_stop_ends_the_socket_and_nothing_else(agent, target, program):
    port = fine(agent.control("forward", "-R", f"0:127.0.0.1:{target.port}"), r"\d+\n").stdout
    assert "Stop listening request sent." in fine(agent.control("stop", program=program)).stderr
    wait_until(lambda: not agent.path.exists())
    visit(int(port))


@both
def test_remote_forwards(agent, target, tmp_path, program):
    to = f"127.0.0.1:{target.port}"
    port = free_port()
    fine(agent.control("forward", "-R", f"{port}:{to}", program=program), "")
    fine(agent.control("forward", "-R", f"{port}:{to}", program=program), "")  # is there already
    visit(port)
    chosen = int(fine(agent.control("forward", "-R", f"0:{to}", program=program), r"\d+\n").stdout)
    visit(chosen)
    assert int(fine(agent.control("forward", "-R", f"0:{to}", program=program)).stdout) == chosen
    socks = free_port()
    fine(agent.control("forward", "-R", str(socks), program=program))
    with socket.create_connection(("127.0.0.1", socks), timeout=LIMIT_S) as s:
        s.sendall(b"\4\1" + struct.pack(">H", target.port) + bytes([127, 0, 0, 1]) + b"\0")
        assert take(s, 8)[1] == 90
    fine(agent.control("cancel", "-R", f"{port}:{to}", program=program))
    fine(agent.control("cancel", "-R", f"0:{to}", program=program))
    fine(agent.control("cancel", "-R", str(socks), program=program))
    for one in (port, chosen, socks):
        wait_until(lambda one=one: is_free("127.0.0.1", one))
    # What nobody made cannot be cancelled, which ssh calls no failure.
    assert "port not forwarded" in fine(agent.control("cancel", "-R", f"{port}:{to}", program=program)).stderr


@both
def test_local_forwards(agent, target, tmp_path, program):
    to = f"127.0.0.1:{target.port}"
    port, socks, local = free_port(), free_port(), tmp_path / "l"
    fine(agent.control("forward", "-L", f"{port}:{to}", "-D", f"127.0.0.1:{socks}", "-L", f"{local}:{to}",
                       program=program), "")
    visit(port)
    with socket.create_connection(("127.0.0.1", socks), timeout=LIMIT_S) as s:
        s.sendall(b"\5\1\0")
        assert take(s, 2) == b"\5\0"
    assert local.is_socket()
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as stays:
        stays.sendall(b"before")
        fine(agent.control("cancel", "-L", f"{port}:{to}", "-D", f"127.0.0.1:{socks}", "-L", f"{local}:{to}",
                           program=program), "")
        wait_until(lambda: not local.exists())
        wait_until(lambda: is_free("127.0.0.1", socks))
        stays.shutdown(socket.SHUT_WR)
        assert len(take(stays, 38)) == 38  # open connections live on
    fine(agent.control("forward", "-L", f"{port}:{to}", program=program), "")  # the place can be used again
    visit(port)


@both
def test_refusals_have_reasons(agent, target, program):
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        taken = squatter.getsockname()[1]
        local = agent.control("forward", "-L", f"127.0.0.1:{taken}:h:1", program=program)
        remote = agent.control("forward", "-R", f"127.0.0.1:{taken}:h:1", program=program)
    assert local.returncode == 255 and "Port forwarding failed" in local.stderr
    assert f"bind [127.0.0.1]:{taken}: Address already in use" in local.stderr
    assert remote.returncode == 255
    assert f"remote port forwarding failed for listen port {taken}" in remote.stderr
    # It was not kept, and what was asked for afterwards goes on.
    assert "port not forwarded" in agent.control("cancel", "-R", f"127.0.0.1:{taken}:h:1", program=program).stderr
    assert int(fine(agent.control("forward", "-R", f"0:127.0.0.1:{target.port}", program=program)).stdout) > 0


def test_a_refusal_ends_only_what_asked_for_it(at, path, target):
    agent = Master(at, path, "-o", "ExitOnForwardFailure=yes", "-R", f"0:127.0.0.1:{target.port}").up()
    port = int(agent.process.wait_for(r"Allocated port (\d+)").group(1))
    assert agent.control("forward", "-R", f"{port}:h:1").returncode == 255
    visit(port)


@both
def test_stdio(agent, target, program):
    command = [program, "-S", str(agent.path), "-F", "none", "-W", f"127.0.0.1:{target.port}", "unused"]
    result = subprocess.run(command, input=b"knock", capture_output=True, timeout=LIMIT_S, check=False)
    assert result.returncode == 0 and result.stdout[32:] == b"knock"
    command[6] = "127.0.0.1:1"
    refused = subprocess.run(command, input=b"", capture_output=True, timeout=LIMIT_S, check=False)
    assert refused.returncode == 255 and b"Session open refused by peer" in refused.stderr


def test_no_session_and_no_proxy(agent):
    # ssh then makes a connection of its own.
    said = subprocess.run(["ssh", "-S", str(agent.path), "-F", "none", "-o", "BatchMode=yes", "-o",
                           "ProxyCommand=false", "unused", "true"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert "sally only forwards ports: it opens no session" in said.stderr
    said = agent.control("proxy")
    assert said.returncode == 255 and "it proxies no connection" in said.stderr
    assert is_alive(agent.path)


def test_info(agent, at, target):
    port = int(fine(agent.control("forward", "-R", f"0:127.0.0.1:{target.port}")).stdout)
    assert f"127.0.0.1:{at.server.port}" in fine(agent.control("conninfo", program=SALLY)).stdout
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as s:
        own = s.getsockname()
        wait_until(lambda: f"127.0.0.1:{own[1]} to 127.0.0.1:{target.port}" in
                   fine(agent.control("channels", program=SALLY)).stdout)


# --- a master of OpenSSH's --------------------------------------------------------------------------

def test_ours_speaks_to_a_master_of_ssh(at, path, target):
    master = Master(at, path, program="ssh").up()
    to, port = f"127.0.0.1:{target.port}", free_port()
    assert fine(master.control("check", program=SALLY)).stderr == f"Master running (pid={master.pid})\n"
    fine(master.control("forward", "-L", f"{port}:{to}", program=SALLY), "")
    visit(port)
    chosen = int(fine(master.control("forward", "-R", f"0:{to}", program=SALLY), r"\d+\n").stdout)
    visit(chosen)
    fine(master.control("cancel", "-L", f"{port}:{to}", "-R", f"0:{to}", program=SALLY), "")
    wait_until(lambda: is_free("127.0.0.1", port))
    assert "port not forwarded" in fine(master.control("cancel", "-L", f"{port}:{to}", program=SALLY)).stderr
    several = master.control("forward", "-R", f"{port}:{to},{to}", program=SALLY)
    assert several.returncode == 255 and "by a master of sally only" in several.stderr
    stream = subprocess.run([SALLY, "-S", str(path), "-F", "none", "-W", to, "unused"], input=b"knock",
                            capture_output=True, timeout=LIMIT_S, check=False)
    assert stream.returncode == 0 and stream.stdout[32:] == b"knock"
    assert "Stop listening request sent." in fine(master.control("stop", program=SALLY)).stderr
    wait_until(lambda: not path.exists())


def test_ours_ends_a_master_of_ssh(at, path):
    master = Master(at, path, program="ssh").up()
    assert "Exit request sent." in fine(master.control("exit", program=SALLY)).stderr
    master.process.wait_end()
    wait_until(lambda: not path.exists())


# --- rates ------------------------------------------------------------------------------------------

RATE = 400 * 1024


def timed(port, data):
    begin = time.monotonic()
    visit(port, data)
    return time.monotonic() - begin


@pytest.mark.parametrize("words", [("ForwardRate=400K",), ("ForwardRate=10G {port}=400K",)])
def test_a_forward_is_held_to_its_rate(at, path, target, words):
    """Up and down at the same time, by visitors together: never faster, and not much slower."""
    port, free = free_port(), free_port()
    options = [f for w in words for f in ("-o", w.format(port=port))]
    agent = Master(at, path, *options).up()
    fine(agent.control("forward", "-R", f"{port}:127.0.0.1:{target.port}"))
    fine(agent.control("forward", "-L", f"{free}:127.0.0.1:{target.port}"))
    seconds = 4
    # The target answers when it has all of it: half of the time up, half down; two share the rate.
    size = RATE * seconds // 4
    took = []
    threads = [threading.Thread(target=lambda: took.append(timed(port, os.urandom(size)))) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(LIMIT_S)
    assert len(took) == 2
    print("RATE", max(took) / seconds)
    assert seconds * 0.9 < max(took) < seconds * 5
    if len(words[0]) > 20:
        assert timed(free, os.urandom(size)) < seconds / 4
    facts = json.loads(agent.ctl("--json", "status").stdout)["forwards"][0]
    assert facts["rate"] == RATE


# --- while it reconnects ----------------------------------------------------------------------------

def test_what_came_later_is_made_again(agent, at, target):
    to = f"127.0.0.1:{target.port}"
    port = int(fine(agent.control("forward", "-R", f"0:{to}")).stdout)
    local = free_port()
    fine(agent.control("forward", "-L", f"{local}:{to}"))
    gone = int(fine(agent.control("forward", "-R", f"0:localhost:{target.port}")).stdout)
    fine(agent.control("cancel", "-R", f"0:localhost:{target.port}"))
    agent.process.popen.send_signal(signal.SIGUSR1)
    agent.process.wait_for(rf"Forward up: .*\b{port}\b", 1)
    visit(port)
    visit(local)
    assert is_free("127.0.0.1", gone)


def test_answers_without_a_connection(keys, tmp_path, path, target):  # noqa: F811
    server = Sshd(keys, tmp_path)
    at = Agent(keys, tmp_path, server)  # pylint: disable=redefined-outer-name
    try:
        without_a_connection(Master(at, path).up(), server, target)
    finally:
        at.stop()
        server.stop()


def without_a_connection(agent, server, target):
    to = f"127.0.0.1:{target.port}"
    assert int(fine(agent.control("forward", "-R", f"0:{to}")).stdout) > 0
    server.popen.terminate()
    server.popen.wait(LIMIT_S)
    agent.process.popen.send_signal(signal.SIGUSR1)  # the process of this connection lives on
    agent.process.wait_for("trying again in")
    assert fine(agent.control("check")).stderr.startswith("Master running")
    for words in (("-R", f"0:{to}"), ("-L", f"{free_port()}:{to}")):
        said = agent.control("forward", *words)
        assert said.returncode == 255 and "no connection to 127.0.0.1 now, trying again: " in said.stderr
    fine(agent.control("cancel", "-R", f"0:{to}"), "")
    assert fine(agent.control("conninfo", program=SALLY)).stdout.count("no connection") == 1


# --- who has the socket -----------------------------------------------------------------------------

@pytest.mark.parametrize("manner", ["yes", "auto"])
def test_a_stale_socket_is_replaced(at, path, manner):
    first = Master(at, path).up()
    first.process.popen.kill()
    first.process.wait_end()
    assert path.is_socket()
    second = Master(at, path, "-o", f"ControlMaster={manner}").up()
    wait_until(lambda: second.control("check").stderr == f"Master running (pid={second.pid})\n")


def test_a_socket_of_somebody_who_lives_stays(agent, at, target):
    port = free_port()
    second = Master(at, agent.path, "-R", f"{port}:127.0.0.1:{target.port}").up()
    second.process.wait_for(f"ControlSocket {agent.path} already exists, disabling multiplexing")
    second.process.wait_for("Forward up")
    visit(port)
    second.process.stop()
    assert is_alive(agent.path)


def test_a_file_in_its_place_stays(at, path):
    path.write_text("mine", encoding="ascii")
    Master(at, path).process.wait_for("already exists, disabling multiplexing")
    assert path.read_text(encoding="ascii") == "mine"


@pytest.mark.parametrize("name,words", [("p" * 100, "ControlPath too long"), ("none/c", "No such file or directory")])
def test_a_path_that_cannot_be(at, tmp_path, name, words):
    command = at.command("-M", "-S", str(tmp_path / name), "-N")
    said = subprocess.run([SALLY, *command[1:]], capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert said.returncode == 255 and words in said.stderr
    said = subprocess.run([SALLY, "-O", "check", "-S", str(tmp_path / name), "h"], capture_output=True, text=True,
                          timeout=LIMIT_S, check=False)
    assert said.returncode == 255
    assert ("ControlPath too long" if len(name) > 90 else "No such file or directory") in said.stderr


@pytest.fixture
def short_folder():
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as folder:
        yield folder


def test_the_path_has_tokens(at, short_folder):
    command = at.command("-N", "-S", f"{short_folder}/%C", "-o", "ControlPersist=10m")
    said = subprocess.run(["ssh", "-G", *command[1:]], capture_output=True, text=True, check=True).stdout
    Master(at, pathlib.Path(f"{short_folder}/%C")).process.wait_for("Authenticated to")
    wait_until(pathlib.Path(re.search("controlpath (.*)", said).group(1)).is_socket)
    said = subprocess.run([SALLY, "-O", "check", *command[1:]], capture_output=True, text=True, timeout=LIMIT_S,
                          check=False)
    assert said.returncode == 0, said.stderr


@pytest.mark.skipif(not IS_ROOT, reason="needs to be somebody else")
def test_other_users_are_not_heard(agent):
    agent.path.chmod(0o666)
    for folder in agent.path.parents:
        if folder != pathlib.Path("/tmp") and folder != pathlib.Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    said = subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", SALLY, "-F", "none",
                           "-O", "check", "-S", str(agent.path), "h"], capture_output=True, text=True,
                          timeout=LIMIT_S, check=False)
    assert said.returncode == 255
    agent.process.wait_for(f"multiplex uid mismatch: peer euid {NOBODY} != uid 0")
    assert is_alive(agent.path)


# --- nonsense ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("nonsense", [
    b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\0", b"\xff\xff\xff\xff", message(HELLO, 3), message(ALIVE_CHECK, 1),
    message(HELLO, 4) * 2, message(HELLO, 4) + message(OPEN, 1, 2), message(HELLO, 4, b"half"),
    message(HELLO, 4) + message(ALIVE_CHECK, 1, 2)], ids=range(9))
def test_nonsense_is_hung_up_on(agent, nonsense):
    with talk(agent.path, hello=False) as s:
        s.sendall(nonsense)
        assert is_hung_up(s)
    assert is_alive(agent.path)


def test_forwards_that_are_none(agent):
    with talk(agent.path) as s:
        for fields in ((9, b"", 80, b"h", 1), (1, b"", 0, b"h", 1), (1, b"", 1 << 17, b"h", 1), (2, b"", 1, b"", 1),
                       (1, b"/" * 400, 0xfffffffe, b"h", 1)):
            s.sendall(message(OPEN, 5, *fields))
            kind, rest = hear(s)
            assert kind == FAILURE and b"Invalid forwarding request" in rest
        s.sendall(message(0x12345678, 6))
        assert hear(s)[0] == FAILURE
        s.sendall(message(INFO, 6, b"weather"))
        assert hear(s)[0] == INFO_REPLY


def test_descriptors_that_were_not_asked_for(agent):
    before = len(os.listdir(f"/proc/{agent.pid}/fd"))
    with talk(agent.path) as s:
        socket.send_fds(s, [message(ALIVE_CHECK, 1)], [0] * 20)
        assert hear(s)[0] == ALIVE
        s.sendall(message(0x10000008, 2, b"", b"127.0.0.1", 1) + b"\0\0")  # the bytes without them
        assert is_hung_up(s)
    wait_until(lambda: len(os.listdir(f"/proc/{agent.pid}/fd")) <= before)


def test_half_a_message_harms_nobody_and_ends(agent):
    with talk(agent.path) as s:
        s.sendall(message(ALIVE_CHECK, 1)[:7])
        assert is_alive(agent.path)
        assert is_hung_up(s)


def test_a_client_that_takes_nothing_harms_nobody(agent, target):
    with talk(agent.path) as s:
        s.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                s.send(message(INFO, 1, b"status@sallyport.dev"))
        visit(int(fine(agent.control("forward", "-R", f"0:127.0.0.1:{target.port}")).stdout))


def test_a_thousand_clients(agent):
    clients = []
    for _ in range(1000):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(LIMIT_S)
        s.connect(str(agent.path))
        clients.append(s)
    assert is_alive(agent.path)
    assert len(os.listdir(f"/proc/{agent.pid}/fd")) < 200
    for s in clients:
        s.close()
    assert is_alive(agent.path)


def test_a_signal_takes_the_socket_away(agent):
    agent.process.popen.send_signal(signal.SIGTERM)
    assert agent.process.wait_end() == 0
    assert not agent.path.exists()


# --- sallyctl ---------------------------------------------------------------------------------------

def test_status_tells_what_visitors_need(agent, at, target):
    to = f"127.0.0.1:{target.port}"
    port = int(fine(agent.control("forward", "-R", f"0:{to}")).stdout)
    local = free_port()
    fine(agent.control("forward", "-L", f"{local}:{to}", "-D", str(free_port())))
    visit(port, b"x" * 1000)
    facts = json.loads(fine(agent.ctl("--json", "status")).stdout)
    assert (facts["pid"], facts["state"], facts["ready"], facts["relay_port"]) == (agent.pid, "up", True, at.server.port)
    remote, first, second = facts["forwards"]
    assert (remote["kind"], remote["state"], remote["address"], remote["target"]) == (
        "remote", "up", f"localhost:{port}", to)
    assert (first["kind"], first["address"], second["kind"], second["target"]) == (
        "local", f"localhost:{local}", "dynamic", "")
    wait_until(lambda: json.loads(agent.ctl("--json", "status").stdout)["forwards"][0]["visitors_now"] == 0)
    remote = json.loads(agent.ctl("--json", "status").stdout)["forwards"][0]
    assert (remote["visitors_ever"], remote["bytes_from_relay"], remote["bytes_to_relay"]) == (1, 1000, 1032)
    said = fine(agent.ctl("status")).stdout
    assert f"localhost:{port} on the relay itself leads to {to}" in said and "3 of 3 up" in said
    with socket.create_connection(("127.0.0.1", local), timeout=LIMIT_S) as s:
        s.sendall(b"half")
        own = s.getsockname()[1]
        wait_until(lambda: json.loads(agent.ctl("--json", "ls").stdout)["forwards"][1]["bytes_to_relay"] == 4)
        table = fine(agent.ctl("ls")).stdout
        assert f"  127.0.0.1:{own} " in table and f"localhost:{local} " in table and "4 B" in table


def test_watch_tells_of_changes(agent, target, at):
    watcher = Process([SALLYCTL, "--agent", str(agent.path), "--json", "watch"])
    at.started.append(watcher)
    watcher.wait_for('"forwards":\\[\\]')
    port = int(fine(agent.control("forward", "-R", f"0:127.0.0.1:{target.port}")).stdout)
    watcher.wait_for(f'"port":{port}.*"state":"up"')
    visit(port)
    watcher.wait_for('"visitors_ever":1')
    fine(agent.control("exit"))
    assert watcher.wait_end() == 3
    watcher.wait_for("it hung up")


def test_exit_codes(agent, at, tmp_path):
    assert agent.ctl("status").returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        taken = squatter.getsockname()[1]
        other = Master(at, tmp_path / "d", "-R", f"127.0.0.1:{taken}:h:1").up()
        other.process.wait_for("is asked for again")
        assert other.ctl("status").returncode == 1
        # While it is asked for again it is wanted.
        wait_until(lambda: f"remote 127.0.0.1:{taken} is refused" in other.ctl("status").stdout)
        assert other.ctl("ls").returncode == 0
    assert agent.ctl("bake").returncode == 2
    assert agent.ctl("status", "more").returncode == 2
    nobody = subprocess.run([SALLYCTL, f"--agent={tmp_path}/none", "status"], capture_output=True, text=True, timeout=LIMIT_S,
                            check=False)
    assert nobody.returncode == 3 and "no agent answers at" in nobody.stderr


def test_agents_of_a_service_manager_are_found_by_name(at, short_folder):
    def ctl(*words):
        return subprocess.run([SALLYCTL, *words], capture_output=True, text=True, timeout=LIMIT_S, check=False,
                              env={**os.environ, "XDG_RUNTIME_DIR": short_folder})

    for name in ("one", "two"):
        folder = pathlib.Path(short_folder, "sallyport", name)
        folder.mkdir(parents=True)
        Master(at, folder / "control").up()
        if name == "one":
            assert "agent " in fine(ctl("--agent", "status")).stdout
    several = ctl("--agent", "status")
    assert several.returncode == 2 and "/one/control" in several.stderr and "/two/control" in several.stderr
    assert "agent " in fine(ctl("--agent", "two", "status")).stdout
    assert "agent " in fine(ctl("--agent=one", "status")).stdout
    missing = ctl("--agent=three", "status")
    assert missing.returncode == 3 and "no agent is called three" in missing.stderr


def test_a_master_of_ssh_has_no_facts(at, path):
    master = Master(at, path, program="ssh").up()
    said = master.ctl("status")
    assert said.returncode == 3 and "which has no facts" in said.stderr
