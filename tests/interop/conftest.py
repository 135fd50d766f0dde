# SPDX-License-Identifier: ISC
"""What the tests against real peers share: programs whose words can be waited for, keys, a relay with
settings of its own, OpenSSH's client away from the user's settings, a target and its visitors.

Nothing sleeps: a test waits for the line or the socket that tells of what it needs."""
import contextlib
import ctypes
import hashlib
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

LIMIT_S = 60  # for whatever should come at once, on a machine that may be busy
NOBODY = 65534
IS_ROOT = os.getuid() == 0
# What a tester's own session has for ssh is not for the tests.
for name in ("SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "WAYLAND_DISPLAY"):
    os.environ.pop(name, None)


class Process:
    """A program whose lines, on both outputs, can be waited for."""

    def __init__(self, command, **more):
        self.lines, self.news, self.is_over = [], threading.Condition(), False
        more.setdefault("stdin", subprocess.DEVNULL)
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      errors="replace", **more)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.popen.stdout:
            with self.news:
                self.lines.append(line.rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.is_over = True
            self.news.notify_all()

    @property
    def said(self):
        with self.news:
            return "\n".join(self.lines)

    def find_all(self, pattern):
        return [m for m in (re.search(pattern, line) for line in self.lines) if m]

    def wait_for(self, pattern, nth=0):
        """The nth line that matches, as soon as it is there."""
        with self.news:
            self.news.wait_for(lambda: len(self.find_all(pattern)) > nth or self.is_over, LIMIT_S)
            found = self.find_all(pattern)
        assert len(found) > nth, f"no {pattern!r} in:\n{self.said}"
        return found[nth]

    def find_first(self, pattern):
        """The first line that matches, or None when there is none to the end of the program."""
        with self.news:
            self.news.wait_for(lambda: self.find_all(pattern) or self.is_over, LIMIT_S)
            return (self.find_all(pattern) or [None])[0]

    def wait_end(self):
        code = self.popen.wait(LIMIT_S)
        self.reader.join(LIMIT_S)
        return code

    def stop(self):
        """Asks until it is heard: ssh can miss a signal that comes between its look and its poll."""
        end = time.monotonic() + 10
        while self.popen.poll() is None:
            if time.monotonic() < end:
                self.popen.terminate()
            else:
                self.popen.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(0.2)
        self.reader.join(LIMIT_S)
        return self.popen.returncode


def aes_gcm_line():
    """What a program says at -v of where its AES-GCM comes from, on this machine."""
    flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii").split()
    crypto = ctypes.CDLL("libcrypto.so.3")
    is_old = (crypto.OPENSSL_version_major(), crypto.OPENSSL_version_minor()) < (3, 1)
    with contextlib.suppress(OSError):
        if is_old and {"avx512bw", "avx512vl", "vaes", "vpclmulqdq"} <= set(flags) and ctypes.CDLL("libIPSec_MB.so.1"):
            return "AES-GCM by the multi-buffer library"
    return "AES-GCM by libcrypto: "


# --- keys -------------------------------------------------------------------------------------------

def make_key(path, *kind):
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", path.name, *(kind or ("-t", "ed25519")), "-f", path],
                   check=True)
    return path


def public_line(path):
    return pathlib.Path(f"{path}.pub").read_text(encoding="ascii")


@pytest.fixture(scope="session")
def key_files(tmp_path_factory):
    """Private keys by name; those of agents are taken by every relay, the stranger's by none."""
    folder = tmp_path_factory.mktemp("keys")
    kinds = {"agent": ("-t", "ed25519"), "agent_ecdsa": ("-t", "ecdsa", "-b", "384"),
             "agent_rsa": ("-t", "rsa", "-b", "2048"), "stranger": ("-t", "ed25519"), "relay": ("-t", "ed25519")}
    return {name: make_key(folder / name, *kind) for name, kind in kinds.items()}


# --- the relay --------------------------------------------------------------------------------------

class Relay(Process):
    """sallyd in the foreground, on a port of the kernel's choice, with a folder of its own."""

    def __init__(self, folder, key_files, *options, flags=(), keys=("agent", "agent_ecdsa", "agent_rsa"),
                 prefix=(), port="0", level="VERBOSE", host_key=None, keys_first=True):
        self.folder, self.socket, self.keys_file = folder, folder / "sock", folder / "authorized_keys"
        if not self.keys_file.exists():
            self.write_keys("".join(public_line(key_files[k]) for k in keys))
        self.command = [*prefix, os.environ["SALLYD"], "-D", "-f", "/dev/null", "-p", port,
                        "-h", str(host_key or key_files["relay"]),
                        *(("-o", f"AuthorizedKeysFile={self.keys_file}") if keys_first else ()),
                        "-o", f"ControlSocket={self.socket}",
                        "-o", f"LogLevel={level}", *flags]
        # The first value counts: PortsFile is the test's if it names one.
        for option in [*options, "PortsFile=none"]:
            self.command += ["-o", option]
        super().__init__(self.command)

    def up(self):
        m = self.wait_for(r"listening on .*?(?:127\.0\.0\.1|0\.0\.0\.0|\]):(\d+)")
        self.wait_for(r"ssh -p \d+ USER@")  # the end of the greeting
        self.port, self.pid = int(m.group(1)), self.popen.pid
        return self

    def write_keys(self, text):
        self.keys_file.write_text(text, encoding="ascii")
        self.keys_file.chmod(0o600)

    def ctl(self, *words):
        return subprocess.run([os.environ["SALLYCTL"], "-s", self.socket, *words], capture_output=True, text=True,
                              timeout=LIMIT_S, check=False)


@pytest.fixture
def started():
    """Whatever is put in here is stopped at the end of the test, the last one first."""
    processes = []
    yield processes
    for one in reversed(processes):
        one.stop()


@pytest.fixture
def start_relay(tmp_path, key_files, started):
    folders = iter(range(100))

    def start(*options, **more):
        folder = more.pop("folder", None) or tmp_path / f"relay{next(folders)}"
        folder.mkdir(mode=0o700, exist_ok=True)
        relay = Relay(folder, key_files, *options, **more)
        started.append(relay)
        return relay.up()

    return start


@pytest.fixture
def unprivileged():
    """How to run a program as somebody who is not root, and a folder of theirs that they can reach."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-"))
    prefix = []
    if IS_ROOT:
        prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        os.chown(folder, NOBODY, NOBODY)
    yield prefix, folder
    shutil.rmtree(folder)


def give_away(path):
    """To whom unprivileged runs programs as."""
    if IS_ROOT:
        os.chown(path, NOBODY, NOBODY)
    return path


@pytest.fixture
def relay(start_relay):
    return start_relay()


# --- OpenSSH's client -------------------------------------------------------------------------------

class Ssh:
    """Makes command lines of ssh that see no settings but these."""

    def __init__(self, key_files, known_hosts, started):
        self.key_files, self.known_hosts, self.started = key_files, known_hosts, started

    def command(self, relay, *flags, key="agent", host="127.0.0.1"):
        self.known_hosts.write_text("* " + public_line(self.key_files["relay"]), encoding="ascii")
        # ssh takes the first value of an option: flags stand in front.
        return ["ssh", *flags, "-F", "none", "-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "GlobalKnownHostsFile=none",
                "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
                "-o", "BatchMode=yes", "-i", str(self.key_files.get(key, key)), "-p", str(relay.port),
                f"tunnel@{host}"]

    def start(self, relay, *flags, **more):
        """A client that keeps its ports open; up when all of them are answered."""
        popen = {k: more.pop(k) for k in ("stdin",) if k in more}
        process = Process(self.command(relay, "-v", "-N", *flags, **more), **popen)
        self.started.append(process)
        process.wait_for("(forwarding success|remote forward success|All remote forwarding|Entering interactive)"
                         if not any(f == "-R" for f in flags) else "remote forward (success|failure)",
                         max(0, list(flags).count("-R") - 1))
        return process

    def run(self, relay, *flags, **more):
        return subprocess.run(self.command(relay, *flags, **more), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LIMIT_S, check=False)


@pytest.fixture
def ssh(key_files, tmp_path, started):
    return Ssh(key_files, tmp_path / "known_hosts", started)


# --- visitors and targets ---------------------------------------------------------------------------

def read_all(sock):
    parts = []
    while part := sock.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


class Target:
    """A TCP service that reads to the end, then answers with the digest of what it got and with all of it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    @staticmethod
    def answer(client):
        with client, contextlib.suppress(OSError):
            data = read_all(client)
            client.sendall(hashlib.sha256(data).digest() + data)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def target():
    one = Target()
    yield one
    one.close()


def visit(port, data=b"knock", host="127.0.0.1"):
    """Sends, half-closes, and checks that the answer is whole. Returns the visitor's own address and port."""
    with socket.create_connection((host, port), timeout=LIMIT_S) as s:
        own = s.getsockname()[:2]
        sender = threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)), daemon=True)
        sender.start()
        answer = read_all(s)
        sender.join(LIMIT_S)
    assert answer[:32] == hashlib.sha256(data).digest()
    assert answer[32:] == data
    return own


def turned_away(port, host="127.0.0.1", source=None):
    """A visitor whom nobody serves: closed or reset, inside of connect or after a moment, and never a byte to read.
    Returns the visitor's own address and port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
        s.settimeout(LIMIT_S)
        s.bind((source or host, 0))
        own = s.getsockname()[:2]
        with contextlib.suppress(ConnectionResetError):
            s.connect((host, port))
            assert s.recv(1) == b""
    return own


def free_port():
    """Free in both families just now."""
    for _ in range(100):
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::", 0))
            return s.getsockname()[1]
    raise AssertionError("no free port")


def is_free(host, port):
    """Whether one could listen there now."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return True
    except OSError:
        return False


def listeners(port):
    """The addresses that listen on a port, as the kernel has them."""
    found = set()
    for path, family in (("/proc/net/tcp", socket.AF_INET), ("/proc/net/tcp6", socket.AF_INET6)):
        with open(path, encoding="ascii") as lines:
            for fields in (line.split() for line in lines):
                if fields[3] != "0A" or int(fields[1].split(":")[1], 16) != port:
                    continue
                words = bytes.fromhex(fields[1].split(":")[0])
                raw = b"".join(words[i:i + 4][::-1] for i in range(0, len(words), 4))
                found.add(socket.inet_ntop(family, raw))
    return found


def wait_until(what, limit_s=LIMIT_S):
    """For states of the kernel that nobody tells of."""
    end = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < end, "it did not come to be"
        select.select([], [], [], 0.005)


def bears_failures():
    """Settings of a real sshd: since OpenSSH 9.8 it shuts out addresses whose logins failed."""
    said = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr
    version = tuple(int(n) for n in re.search(r"OpenSSH_(\d+)\.(\d+)", said).groups())
    return ["PerSourcePenalties no"] if version >= (9, 8) else []


def need(*programs):
    """Skips a module that needs programs which are not here."""
    missing = [p for p in programs if not shutil.which(p)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {' '.join(missing)}")


# --- an sshd's children -----------------------------------------------------------------------------

def sessions(server):
    """The processes of an sshd that serve a connection, all generations of them."""
    found, parents = [], [server.popen.pid]
    while parents:
        run = subprocess.run(["pgrep", "-P", ",".join(map(str, parents))], capture_output=True, text=True, check=False)
        parents = [int(pid) for pid in run.stdout.split()]
        found += parents
    return found


def kill_sessions(server, how=signal.SIGKILL):
    for pid in sessions(server):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)


# --- a service manager ------------------------------------------------------------------------------

class Manager:
    """Listens where a service manager would, and keeps every datagram."""

    def __init__(self, path):
        self.socket, self.heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), []
        self.socket.bind(str(path))
        self.socket.settimeout(LIMIT_S)
        self.path = path

    def wait_for(self, pattern):
        end = time.monotonic() + LIMIT_S
        while not self.heard or not re.search(pattern, self.heard[-1]):
            assert time.monotonic() < end, f"no {pattern!r} among {self.heard}"
            self.heard.append(self.socket.recv(4096).decode())
        return self.heard[-1]


@pytest.fixture
def manager(tmp_path):
    one = Manager(tmp_path / "notify")
    yield one
    one.socket.close()
