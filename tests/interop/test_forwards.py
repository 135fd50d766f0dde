# SPDX-License-Identifier: ISC
"""-L, -D, -W and the other kinds of -R against the real sshd, with ssh as the measure: what is true of both is asked of both."""
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import threading

import pytest

from conftest import LIMIT_S, Process, Target, free_port, listeners, read_all, sessions, turned_away, visit, wait_until
from test_agent import Agent, Service, Sshd, agent_at, crowd, keys, sshd  # noqa: F401 pylint: disable=unused-import

pytestmark = pytest.mark.skipif(not shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin"),
                                reason="sshd is not installed")
BOTH = pytest.mark.parametrize("program", ["sally", "ssh"])


# --- tools ------------------------------------------------------------------------------------------

class Client(Agent):
    """sally or ssh with the same words."""

    def __init__(self, folder, server, made, program="sally"):
        super().__init__(made, folder, server)
        self.program = program

    def command(self, *flags, **more):
        words = super().command(*flags, **more)
        return words if self.program == "sally" else ["ssh", "-o", "BatchMode=yes", *words[1:]]

    def start(self, *flags, **more):
        """Up when this returns: all local ports are open."""
        process = Process(self.command("-v", "-N", *flags, **more))
        self.started.append(process)
        if self.program == "ssh":
            process.wait_for("Entering interactive session")
        else:
            process.wait_for("Local forwarding listening on|Could not request local forwarding")
        return process


@pytest.fixture
def client(keys, sshd, tmp_path):
    made = []

    def make(program="sally", server=None):
        made.append(Client(tmp_path, server or sshd, keys, program))
        return made[-1]

    yield make
    for one in made:
        one.stop()


class UnixTarget(Target):
    def __init__(self, path):  # pylint: disable=super-init-not-called
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()


@pytest.fixture
def unix_target(tmp_path):
    one = UnixTarget(tmp_path / "target")
    yield tmp_path / "target"
    one.close()


def exchange(s, data=b"knock"):
    """As conftest.visit, over a socket that is connected."""
    sender = threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)), daemon=True)
    sender.start()
    answer = read_all(s)
    sender.join(LIMIT_S)
    assert answer[:32] == hashlib.sha256(data).digest() and answer[32:] == data


def visit_path(path, data=b"knock"):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(LIMIT_S)
        s.connect(str(path))
        exchange(s, data)


def connect(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
    s.settimeout(LIMIT_S)
    return s


def take(s, count):
    data = b""
    while len(data) < count and (more := s.recv(count - len(data))):
        data += more
    return data


def nothing_comes(s):
    with contextlib.suppress(ConnectionError):
        assert s.recv(1) == b""


# --- -L ---------------------------------------------------------------------------------------------

@BOTH
@pytest.mark.parametrize("spec,host", [
    ("{p}:localhost:{t}", "127.0.0.1"), ("{p}:127.0.0.1:{t}", "::1"), ("localhost:{p}:127.0.0.1:{t}", "::1"),
    ("127.0.0.1:{p}:127.0.0.1:{t}", "127.0.0.1"), (":{p}:127.0.0.1:{t}", "127.0.0.1"),
    ("*:{p}:127.0.0.1:{t}", "::1"), ("[::1]:{p}:[127.0.0.1]:{t}", "::1"),
])
def test_forms(client, target, program, spec, host):
    port = free_port()
    client(program).start("-L", spec.format(p=port, t=target.port))
    visit(port, host=host)
    visit(port, b"", host=host)


BINDS = ["", ":", "*:", "localhost:", "127.0.0.1:", "0.0.0.0:", "[::]:", "[::1]:", "127.0.0.9:"]


@pytest.mark.parametrize("flags", [(), ("-g",), ("-o", "GatewayPorts=yes"), ("-4",), ("-g", "-4")])
def test_same_addresses_as_ssh(client, flags):
    """Who listens where, for every bind address and setting, as the kernel has it."""
    seen = {}
    for program in ("ssh", "sally"):
        ports = [free_port() for _ in BINDS]
        words = [word for bind, port in zip(BINDS, ports) for word in ("-L", f"{bind}{port}:h:1")]
        process = client(program).start(*flags, *words)
        process.wait_for(f"listening on 127.0.0.9 port {ports[-1]}")
        seen[program] = {bind: listeners(port) for bind, port in zip(BINDS, ports)}
        process.stop()
    assert seen["sally"] == seen["ssh"]


@BOTH
def test_unix_sockets(client, target, unix_target, tmp_path, program):
    port, first, second = free_port(), tmp_path / "first", tmp_path / "second"
    client(program).start("-L", f"{first}:127.0.0.1:{target.port}", "-L", f"{port}:{unix_target}",
                          "-L", f"{second}:{unix_target}")
    wait_until(second.exists)
    data = os.urandom(1 << 20)
    visit_path(first, data)
    visit(port, data)
    visit_path(second, data)
    assert stat.S_IMODE(first.stat().st_mode) == 0o600


@BOTH
def test_mask_and_unlink(client, target, tmp_path, program):
    path = tmp_path / "sock"
    path.write_text("somebody's")
    one = client(program)
    run = one.run("-o", "ExitOnForwardFailure=yes", "-L", f"{path}:127.0.0.1:{target.port}")
    assert run.returncode == 255
    assert f"cannot bind to path {path}: Address already in use" in run.stderr
    assert run.stderr.splitlines()[-1] == "Could not request local forwarding."
    one.start("-o", "StreamLocalBindMask=0117", "-o", "StreamLocalBindUnlink=yes",
              "-L", f"{path}:127.0.0.1:{target.port}")
    wait_until(path.is_socket)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    visit_path(path)


def test_own_socket_is_taken_away(client, target, tmp_path):
    """ssh leaves it behind, and fails at it the next time."""
    path = tmp_path / "sock"
    for _ in range(2):
        process = client().start("-L", f"{path}:127.0.0.1:{target.port}")
        visit_path(path)
        process.popen.send_signal(signal.SIGTERM)
        assert process.wait_end() == 0
        assert not path.exists()


@BOTH
def test_squatter(client, target, program):
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        taken = squatter.getsockname()[1]
        one = client(program)
        spec = f"127.0.0.1:{taken}:127.0.0.1:{target.port}"
        run = one.run("-o", "ExitOnForwardFailure=yes", "-L", spec)
        assert run.returncode == 255
        assert run.stderr.splitlines() == [
            f"bind [127.0.0.1]:{taken}: Address already in use",
            f"channel_setup_fwd_listener_tcpip: cannot listen to port: {taken}",
            "Could not request local forwarding."]
        process = one.start("-L", spec, "-L", f"{port}:127.0.0.1:{target.port}")
        assert f"bind [127.0.0.1]:{taken}: Address already in use" in process.said
        assert "Could not request" not in process.said  # one of two is open
        visit(port)


def test_half_open_is_not_open(client, target):
    """A squatter on one family only: ssh listens on the other and calls it a success."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        run = client().run("-o", "ExitOnForwardFailure=yes", "-L", f"{port}:127.0.0.1:{target.port}")
    assert run.returncode == 255
    assert f"bind [127.0.0.1]:{port}: Address already in use" in run.stderr


@BOTH
def test_target_refuses(client, program):
    port, nobody = free_port(), free_port()
    process = client(program).start("-L", f"{port}:127.0.0.1:{nobody}")
    turned_away(port)
    process.wait_for(r"^channel \d+: open failed: connect failed: Connection refused$")


@BOTH
def test_forbidden(keys, tmp_path, target, program):
    with agent_at(keys, tmp_path, settings=["AllowTcpForwarding no", "AllowStreamLocalForwarding no"]) as at:
        port, other = free_port(), free_port()
        one = Client(tmp_path, at.server, keys, program)
        process = one.start("-L", f"{port}:127.0.0.1:{target.port}", "-L", f"{other}:/run/nothing")
        for p, reason in ((port, "administratively prohibited"), (other, "connect failed")):  # as sshd has it
            turned_away(p)
            process.wait_for(rf"^channel \d+: open failed: {reason}: open failed$")
        one.stop()


@BOTH
def test_half_close_both_ways(client, program):
    heard, done = [], threading.Event()

    def speak_first(peer):
        with peer:
            peer.sendall(b"all I have")
            peer.shutdown(socket.SHUT_WR)
            heard.append(read_all(peer))
            done.set()

    target, port = Service(answer=speak_first), free_port()
    client(program).start("-L", f"{port}:127.0.0.1:{target.port}")
    with connect(port) as s:
        assert read_all(s) == b"all I have"
        s.sendall(b"late answer")
        s.shutdown(socket.SHUT_WR)
        assert done.wait(LIMIT_S)
    assert heard == [b"late answer"]
    target.close()


def test_crowd(client, target):
    port = free_port()
    client().start("-L", f"{port}:127.0.0.1:{target.port}")
    crowd(port)


def test_bulk_with_rekeys_from_both_sides(keys, tmp_path, target, unix_target):
    data = os.urandom(1 << 20) * 24
    with agent_at(keys, tmp_path, settings=["RekeyLimit 2M"]) as at:
        port, other = free_port(), free_port()
        one = Client(tmp_path, at.server, keys)
        process = one.start("-o", "RekeyLimit=3M", "-L", f"{port}:127.0.0.1:{target.port}",
                            "-L", f"{other}:{unix_target}")
        visit(port, data)
        visit(other, data)
        assert len(process.find_all("SSH2_MSG_NEWKEYS sent")) > 10
        one.stop()


def test_slow_reader_harms_nobody(client, target):
    """One reads nothing of what its target floods it with; others do not notice."""
    filled = threading.Event()

    def flood(peer):
        with peer, contextlib.suppress(OSError):
            peer.settimeout(1)
            try:
                for _ in range(4096):
                    peer.sendall(bytes(1 << 16))
            except socket.timeout:
                filled.set()
            peer.settimeout(LIMIT_S)
            read_all(peer)

    flooding, port, other = Service(answer=flood), free_port(), free_port()
    client().start("-L", f"{port}:127.0.0.1:{flooding.port}", "-L", f"{other}:127.0.0.1:{target.port}")
    with connect(port) as slow:
        assert filled.wait(LIMIT_S)
        visit(other, os.urandom(4 << 20))
        assert take(slow, 1 << 16) == bytes(1 << 16)
    flooding.close()


def test_callers_wait_for_the_next_connection(keys, tmp_path, target):
    """The port stays, and whoever comes while there is no connection is served by the next one."""
    server = Sshd(keys, tmp_path)
    one = Client(tmp_path, server, keys)
    port = free_port()
    process = one.start("-L", f"{port}:127.0.0.1:{target.port}")
    visit(port)
    serving = sessions(server)
    server.popen.kill()
    for pid in serving:
        os.kill(pid, signal.SIGKILL)
    server.stop()
    process.wait_for("trying again in")
    with connect(port) as s:
        again = Sshd(keys, tmp_path, port=server.port)
        exchange(s)
    one.stop()
    again.stop()


def test_from_a_config_file(client, target, unix_target, tmp_path):
    port, socks, config = free_port(), free_port(), tmp_path / "config"
    config.write_text(f"Host *\nLocalForward 127.0.0.1:{port} {unix_target}\nDynamicForward {socks}\n"
                      f"LocalForward {tmp_path}/%p-%r 127.0.0.1:{target.port}\n")
    one = client()
    process = one.start("-F", str(config))
    visit(port)
    path = next(p for p in tmp_path.iterdir() if p.name.startswith(f"{one.server.port}-"))
    visit_path(path)
    assert process.find_all(f"Local forwarding listening on 127.0.0.1 port {socks}")
    run = subprocess.run(one.command("-G", "-F", str(config), "-o", "ClearAllForwardings=yes"), capture_output=True,
                         text=True, check=True)
    assert "forward " not in run.stdout.replace("exitonforwardfailure ", "")


# --- -D ---------------------------------------------------------------------------------------------

def socks4(host, port, name=None, user=b"me"):
    address = b"\0\0\0\1" if name else socket.inet_aton(host)
    return b"\4\1" + struct.pack(">H", port) + address + user + b"\0" + (name + b"\0" if name else b"")


def socks5(kind, address, port):
    return b"\5\1\0" + kind + address + struct.pack(">H", port)


HELLO = b"\5\1\0"
GRANTED4 = b"\0\x5a"


@BOTH
@pytest.mark.parametrize("how", ["4", "4a", "5", "5 name", "5 IPv6"])
def test_socks(client, target, program, how):
    far = Service(socket.AF_INET6) if how == "5 IPv6" else target
    port = free_port()
    client(program).start("-D", str(port))
    request = {"4": socks4("127.0.0.1", far.port), "4a": socks4("", far.port, b"localhost"),
               "5": socks5(b"\1", socket.inet_aton("127.0.0.1"), far.port),
               "5 name": socks5(b"\3", b"\x09localhost", far.port),
               "5 IPv6": socks5(b"\4", socket.inet_pton(socket.AF_INET6, "::1"), far.port)}[how]
    with connect(port) as s:
        if how[0] == "5":
            s.sendall(HELLO)
            assert take(s, 2) == b"\5\0"
        s.sendall(request)
        reply = take(s, 10 if how[0] == "5" else 8)
        assert reply[:2] == (b"\5\0" if how[0] == "5" else GRANTED4)
        exchange(s, os.urandom(2 << 20))


def test_socks_in_pieces_and_all_at_once(client, target):
    """Byte by byte; and with the target's data right behind, before any answer."""
    port = free_port()
    client().start("-D", str(port))
    request = socks5(b"\3", b"\x09localhost", target.port)
    with connect(port) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in HELLO + request:
            s.sendall(bytes([byte]))
        assert take(s, 12)[:4] == b"\5\0\5\0"
        exchange(s)
    data = os.urandom(100_000)
    with connect(port) as s:
        s.sendall(HELLO + request + data)
        s.shutdown(socket.SHUT_WR)
        answer = read_all(s)
    assert answer[:4] == b"\5\0\5\0"
    assert answer[12:44] == hashlib.sha256(data).digest() and answer[44:] == data


@pytest.mark.parametrize("words,reply", [
    (b"\5\1\2", b"\5\xff"),                                        # a password is all it offers
    (HELLO + b"\5\2\0\1", b"\5\0\5\7\0\1" + bytes(6)),             # BIND
    (HELLO + b"\5\1\0\2", b"\5\0\5\x08\0\1" + bytes(6)),           # no such type of address
    (b"\4\2\0\1\1\1\1\1", b"\0\x5b" + bytes(6)),
    (b"GET / HTTP/1.1\r\n\r\n", b""),
])
def test_socks_that_is_not_spoken(client, words, reply):
    port = free_port()
    client().start("-D", str(port))
    with connect(port) as s:
        s.sendall(words)
        assert read_all(s) == reply


def test_socks_says_why_not(client):
    port, nobody = free_port(), free_port()
    process = client().start("-D", str(port))
    for request, reply in ((socks5(b"\1", b"\x7f\0\0\1", nobody), b"\5\5"),
                           (socks5(b"\3", b"\x14no-such-host.invalid", 80), b"\5\4")):
        with connect(port) as s:
            s.sendall(HELLO + request)
            assert read_all(s) == b"\5\0" + reply + b"\0\1" + bytes(6)
    with connect(port) as s:
        s.sendall(socks4("127.0.0.1", nobody))
        assert read_all(s) == b"\0\x5b" + bytes(6)
    process.wait_for(r"^channel \d+: open failed: connect failed: Connection refused$", 1)


def test_socks_forbidden(keys, tmp_path, target):
    with agent_at(keys, tmp_path, settings=[f"PermitOpen 127.0.0.1:{target.port}"]) as at:
        port = free_port()
        one = Client(tmp_path, at.server, keys)
        one.start("-D", str(port))
        with connect(port) as s:
            s.sendall(HELLO + socks5(b"\1", b"\x7f\0\0\2", target.port))
            assert read_all(s)[2:4] == b"\5\2"
        one.stop()


def test_socks_on_a_unix_socket(client, target, tmp_path):
    path = tmp_path / "socks"
    client().start("-D", str(path))
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(LIMIT_S)
        s.connect(str(path))
        s.sendall(socks4("127.0.0.1", target.port))
        assert take(s, 8)[:2] == GRANTED4
        exchange(s, os.urandom(1 << 20))


def test_socks_crowd(client, target):
    port, failures = free_port(), []
    client().start("-D", str(port))

    def one():
        try:
            with connect(port) as s:
                s.sendall(HELLO + socks5(b"\1", b"\x7f\0\0\1", target.port))
                assert take(s, 12)[2:4] == b"\5\0"
                exchange(s, os.urandom(50_000))
        except (AssertionError, OSError) as e:
            failures.append(e)

    threads = [threading.Thread(target=one) for _ in range(100)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(LIMIT_S)
    assert failures == []


def test_callers_who_leave_early(client, target):
    """Gone in the middle of SOCKS, or before the channel is open: nothing stays behind of them."""
    port = free_port()
    process = client().start("-D", str(port))
    fds = f"/proc/{process.popen.pid}/fd"
    with connect(port) as s:
        s.sendall(socks4("127.0.0.1", target.port))
        assert take(s, 8)[:2] == GRANTED4
        exchange(s)
    before = len(os.listdir(fds))
    for words in (b"", b"\5", HELLO, HELLO + b"\5\1\0\3\x09local", socks4("127.0.0.1", target.port)) * 5:
        with connect(port) as s:
            s.sendall(words)
    wait_until(lambda: len(os.listdir(fds)) <= before)


# --- -W ---------------------------------------------------------------------------------------------

def digest_and(data):
    return hashlib.sha256(data).digest() + data


def pipe_through(command, data, **more):
    return subprocess.run(command, input=data, capture_output=True, timeout=LIMIT_S, check=False, **more)


@BOTH
def test_stdio(client, target, program):
    for data in (b"knock", b"", os.urandom(3 << 20)):
        run = pipe_through(client(program).command("-W", f"localhost:{target.port}"), data)
        assert (run.returncode, run.stderr) == (0, b"")
        assert run.stdout == digest_and(data)


def test_stdio_to_a_unix_socket(client, unix_target):
    run = pipe_through(client().command("-W", str(unix_target)), b"knock")
    assert (run.returncode, run.stdout) == (0, digest_and(b"knock"))


def test_stdio_bulk_with_rekeys(keys, tmp_path, target):
    data = os.urandom(1 << 20) * 24
    with agent_at(keys, tmp_path, settings=["RekeyLimit 2M"]) as at:
        run = pipe_through(at.command("-o", "RekeyLimit=3M", "-W", f"127.0.0.1:{target.port}"), data)
    assert run.returncode == 0 and run.stdout == digest_and(data)


@BOTH
def test_stdio_refused(client, program):
    nobody = free_port()
    run = pipe_through(client(program).command("-W", f"127.0.0.1:{nobody}"), b"")
    assert run.returncode == 255
    assert run.stderr.decode().splitlines() == ["channel 0: open failed: connect failed: Connection refused",
                                                "stdio forwarding failed"]


def test_stdio_as_a_proxy_command(client, keys):
    """What it is for: the real ssh to a host behind the relay, which here is the same one."""
    one = client()
    proxy = " ".join(one.command("-W", "%h:%p"))
    command = ["ssh", "-F", "none", "-o", f"ProxyCommand={proxy}", "-o", f"UserKnownHostsFile={one.known}",
               "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes",
               "-i", str(keys["ed25519"]), "-p", str(one.server.port), "127.0.0.1"]
    data = os.urandom(1 << 20) * 16
    run = pipe_through([*command, "cat; exit 7"], data)
    assert (run.returncode, run.stdout == data) == (7, True), run.stderr
    far = client("ssh")
    nested = far.command("-o", f"ProxyCommand={proxy}", "-W", f"127.0.0.1:{one.server.port}")
    assert pipe_through(nested, b"").stdout.startswith(b"SSH-2.0-OpenSSH")


def test_stdio_files(client, target, tmp_path):
    """Neither files nor the null device can be waited for."""
    data, source, sink = os.urandom(5 << 20), tmp_path / "in", tmp_path / "out"
    source.write_bytes(data)
    command = client().command("-W", f"127.0.0.1:{target.port}")
    with open(source, "rb") as in_, open(sink, "wb") as out:
        run = subprocess.run(command, stdin=in_, stdout=out, stderr=subprocess.PIPE, timeout=LIMIT_S, check=False)
    assert (run.returncode, run.stderr) == (0, b"")
    assert sink.read_bytes() == digest_and(data)
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=False)
    assert (run.returncode, run.stdout) == (0, digest_and(b""))


def test_stdio_over_a_socket(client, target):
    """As inetd and the ProxyCommand of other programs have it: one socket for both."""
    ours, theirs = socket.socketpair()
    with subprocess.Popen(client().command("-W", f"127.0.0.1:{target.port}"), stdin=theirs, stdout=theirs,
                          stderr=subprocess.DEVNULL) as process:
        theirs.close()
        with ours:
            ours.settimeout(LIMIT_S)
            exchange(ours, os.urandom(2 << 20))
        assert process.wait(LIMIT_S) == 0


def test_stdio_half_closes_and_gives_the_pipes_back(client):
    """The target ends its half: the reader of standard output hears it while standard input goes on."""
    heard, done = [], threading.Event()

    def speak_first(peer):
        with peer:
            peer.sendall(b"all I have")
            peer.shutdown(socket.SHUT_WR)
            heard.append(read_all(peer))
            done.set()

    target = Service(answer=speak_first)
    into, out = os.pipe(), os.pipe()
    with subprocess.Popen(client().command("-W", f"127.0.0.1:{target.port}"), stdin=into[0], stdout=out[1]) as process:
        os.close(out[1])
        with open(out[0], "rb") as reader:
            assert reader.read() == b"all I have"
        with open(into[1], "wb") as writer:
            writer.write(b"late answer")
        assert done.wait(LIMIT_S) and process.wait(LIMIT_S) == 0
    assert heard == [b"late answer"]
    assert os.get_blocking(into[0])  # as it was, for others that share it
    os.close(into[0])
    target.close()


def test_stdio_slow_reader(client):
    """What nobody reads is not taken from the target either, beyond windows and buffers."""
    sent, stuck = [0], threading.Event()

    def flood(peer):
        with peer, contextlib.suppress(OSError):
            peer.settimeout(1)
            try:
                while sent[0] < 256 << 20:
                    sent[0] += peer.send(bytes(1 << 16))
            except socket.timeout:
                stuck.set()

    target = Service(answer=flood)
    with subprocess.Popen(client().command("-W", f"127.0.0.1:{target.port}"), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert stuck.wait(LIMIT_S)
        assert process.stdout.read() == bytes(sent[0])
        process.stdin.close()
        assert process.wait(LIMIT_S) == 0
    target.close()


def test_stdio_forwards_nothing_else(client, target, tmp_path):
    port, config = free_port(), tmp_path / "config"
    config.write_text(f"LocalForward {port} 127.0.0.1:1\nRemoteForward 0 127.0.0.1:1\n")
    run = pipe_through(client().command("-v", "-F", str(config), "-W", f"127.0.0.1:{target.port}"), b"x")
    assert run.stdout == digest_and(b"x")
    assert b"listening" not in run.stderr and b"Allocated" not in run.stderr
    run = pipe_through(client().command("-W", "h:1", "-W", "h:2"), b"")
    assert run.returncode == 255 and b"stdio forward already specified" in run.stderr


def test_stdio_when_the_connection_is_lost(keys, tmp_path):
    silent = Service(answer=read_all)
    server = Sshd(keys, tmp_path)
    one = Client(tmp_path, server, keys)
    with subprocess.Popen(one.command("-v", "-W", f"127.0.0.1:{silent.port}"), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while b"Authenticated" not in process.stderr.readline():
            pass
        for pid in sessions(server):
            os.kill(pid, signal.SIGKILL)
        assert process.stdout.read() == b""
        assert process.wait(LIMIT_S) == 255
    server.stop()
    silent.close()


# --- -R with Unix sockets and with SOCKS ------------------------------------------------------------

def start_remote(one, *flags):
    process = Process(one.command("-v", "-N", *flags))
    one.started.append(process)
    process.wait_for("remote forward (success|failure) for", max(0, list(flags).count("-R") - 1))
    return process


@BOTH
def test_remote_unix_sockets(client, target, unix_target, tmp_path, program):
    port, first, second = free_port(), tmp_path / "first", tmp_path / "second"
    process = start_remote(client(program), "-R", f"{first}:127.0.0.1:{target.port}", "-R", f"{port}:{unix_target}",
                           "-R", f"{second}:{unix_target}")
    assert len(process.find_all("remote forward success for")) == 3
    data = os.urandom(3 << 20)
    visit_path(first, data)
    visit(port, data)
    visit_path(second, data)


@BOTH
def test_remote_unix_socket_that_is_taken(client, tmp_path, program):
    path = tmp_path / "sock"
    path.write_text("somebody's")
    run = client(program).run("-o", "ExitOnForwardFailure=yes", "-R", f"{path}:127.0.0.1:1")
    assert run.returncode == 255
    assert run.stderr == f"Error: remote port forwarding failed for listen path {path}\n"


@BOTH
def test_remote_unix_target_that_is_not_there(client, tmp_path, program):
    port = free_port()
    start_remote(client(program), "-R", f"{port}:{tmp_path}/nobody")
    turned_away(port)


@BOTH
@pytest.mark.parametrize("how", ["4", "4a", "5", "5 name", "5 IPv6"])
def test_remote_socks(client, target, program, how):
    far = Service(socket.AF_INET6) if how == "5 IPv6" else target
    port = free_port()
    start_remote(client(program), "-R", str(port))
    request = {"4": socks4("127.0.0.1", far.port), "4a": socks4("", far.port, b"localhost"),
               "5": socks5(b"\1", socket.inet_aton("127.0.0.1"), far.port),
               "5 name": socks5(b"\3", b"\x09localhost", far.port),
               "5 IPv6": socks5(b"\4", socket.inet_pton(socket.AF_INET6, "::1"), far.port)}[how]
    with connect(port) as s:
        if how[0] == "5":
            s.sendall(HELLO)
            assert take(s, 2) == b"\5\0"
        s.sendall(request)
        assert take(s, 10 if how[0] == "5" else 8)[:2] == (b"\5\0" if how[0] == "5" else GRANTED4)
        exchange(s, os.urandom(2 << 20))


def test_remote_socks_in_pieces_and_all_at_once(client, target):
    port = free_port()
    start_remote(client(), "-R", str(port))
    request = socks5(b"\3", b"\x09localhost", target.port)
    with connect(port) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in HELLO + request:
            s.sendall(bytes([byte]))
        assert take(s, 12)[:4] == b"\5\0\5\0"
        exchange(s)
    for data in (b"", os.urandom(100_000), os.urandom(4 << 20)):  # also more than a window, before any answer
        with connect(port) as s:
            sender = threading.Thread(target=lambda: (s.sendall(HELLO + request + data), s.shutdown(socket.SHUT_WR)),
                                      daemon=True)
            sender.start()
            answer = read_all(s)
            sender.join(LIMIT_S)
        assert answer[:4] == b"\5\0\5\0" and answer[12:] == digest_and(data)


def test_remote_socks_says_why_not(client, target):
    port, nobody = free_port(), free_port()
    process = start_remote(client(), "-o", f"PermitRemoteOpen=127.0.0.1:{nobody} localhost:*", "-R", str(port))
    for host, far, reply in ((b"\x7f\0\0\1", nobody, b"\5\5"), (b"\x7f\0\0\1", target.port, b"\5\2")):
        with connect(port) as s:
            s.sendall(HELLO + socks5(b"\1", host, far))
            assert read_all(s) == b"\5\0" + reply + b"\0\1" + bytes(6)
    process.wait_for("was turned away: PermitRemoteOpen does not name it")
    with connect(port) as s:
        s.sendall(HELLO + socks5(b"\3", b"\x09localhost", target.port))
        assert take(s, 12)[2:4] == b"\5\0"
        exchange(s)
    with connect(port) as s:
        s.sendall(b"GET / HTTP/1.0\r\n\r\n")
        nothing_comes(s)
    assert process.popen.poll() is None


def test_remote_socks_crowd(client, target):
    port, failures = free_port(), []
    process = start_remote(client(), "-R", str(port))

    def one():
        try:
            with connect(port) as s:
                s.sendall(socks4("127.0.0.1", target.port))
                assert take(s, 8)[:2] == GRANTED4
                exchange(s, os.urandom(50_000))
        except (AssertionError, OSError) as e:
            failures.append(e)

    threads = [threading.Thread(target=one) for _ in range(100)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(LIMIT_S)
    assert failures == []
    fds = f"/proc/{process.popen.pid}/fd"
    before = len(os.listdir(fds))
    for words in (b"", b"\5", HELLO, b"\4\1\0\1") * 5:
        with connect(port) as s:
            s.sendall(words)
    wait_until(lambda: len(os.listdir(fds)) <= before)
