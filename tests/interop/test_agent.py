# SPDX-License-Identifier: ISC
"""sally against the real sshd, and against dropbear."""
import contextlib
import functools
import os
import pathlib
import pty
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from conftest import LIMIT_S, Process, Target, aes_gcm_line, bears_failures, free_port, read_all, turned_away, visit

SALLY = os.environ["SALLY"]
SSHD = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin")
DROPBEAR = shutil.which("dropbear", path="/usr/sbin:/sbin:/usr/bin")
DATA = pathlib.Path(__file__).resolve().parent.parent / "data" / "keys"
ME = pwd.getpwuid(os.getuid())
pytestmark = pytest.mark.skipif(SSHD is None, reason="sshd is not installed")


# --- tools ------------------------------------------------------------------------------------------

def copy_key(name, folder):
    path = folder / name
    if not path.exists():
        shutil.copy(DATA / name, path)
        path.chmod(0o600)
    return path


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """Private key files by name, and one authorized_keys with all but the stranger."""
    folder = tmp_path_factory.mktemp("keys")
    made = {name: copy_key(name, folder)
            for name in ("ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa2048", "rsa3072", "rsa8192")}
    for name, kind in (("rsa4096", ("-t", "rsa", "-b", "4096")), ("stranger", ("-t", "ed25519")),
                       ("host", ("-t", "ed25519")), ("host_ecdsa", ("-t", "ecdsa")), ("host_other", ("-t", "ed25519")),
                       ("host_rsa", ("-t", "rsa", "-b", "3072"))):
        subprocess.run(["ssh-keygen", "-q", "-N", "", *kind, "-f", folder / name], check=True)
        made[name] = folder / name
    with open(folder / "authorized_keys", "w", encoding="ascii") as out:
        for name, path in made.items():
            if name != "stranger" and not name.startswith("host"):
                out.write(subprocess.run(["ssh-keygen", "-y", "-f", path], check=True, capture_output=True,
                                         text=True).stdout)
    made["authorized"] = folder / "authorized_keys"
    return made


def public(path):
    return " ".join(subprocess.run(["ssh-keygen", "-y", "-f", path], check=True, capture_output=True,
                                   text=True).stdout.split()[:2])


class Sshd(Process):
    def __init__(self, keys, folder, host_keys=("host",), settings=(), port=None, prefix=()):
        self.port = port or free_port()
        config = folder / f"sshd_config.{self.port}"
        config.write_text("\n".join([
            f"Port {self.port}", "ListenAddress 127.0.0.1", "PidFile none", "StrictModes no", "UsePAM no",
            "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes",
            f"AuthorizedKeysFile {keys['authorized']}", *[f"HostKey {keys[k]}" for k in host_keys],
            *bears_failures(), *settings, ""]))
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        super().__init__([*prefix, SSHD, "-D", "-e", "-f", str(config)])
        self.wait_for("Server listening")


@pytest.fixture(scope="session")
def sshd(keys, tmp_path_factory):
    server = Sshd(keys, tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


class Agent:
    """Runs sally with settings of its own, away from those of the user."""

    def __init__(self, keys, folder, server, host_key="host"):
        self.keys, self.folder, self.server = keys, folder, server
        self.known = folder / "known_hosts"
        if host_key:
            self.known.write_text(f"[127.0.0.1]:{server.port} {public(keys[host_key])}\n")
        self.started = []

    def command(self, *flags, key="ed25519", strict="yes", to=None):
        identity = ["-i", str(self.keys.get(key, key))] if key else []
        return [SALLY, "-F", "none", "-o", f"UserKnownHostsFile={self.known}", "-o", "GlobalKnownHostsFile=none",
                "-o", f"StrictHostKeyChecking={strict}", *identity, "-p", str(self.server.port), *flags,
                to or f"{ME.pw_name}@127.0.0.1"]

    def start(self, *flags, **more):
        """Up when this returns: logged in, all forwards answered."""
        process = Process(self.command("-v", "-N", *flags, **more))
        self.started.append(process)
        process.wait_for("All remote forwarding requests processed")
        return process

    def run(self, *flags, **more):
        return subprocess.run(self.command("-N", *flags, **more), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LIMIT_S, check=False)

    def stop(self):
        for process in self.started:
            process.stop()
            assert "Sanitizer" not in process.said, process.said


@pytest.fixture
def agent(keys, sshd, tmp_path):
    one = Agent(keys, tmp_path, sshd)
    yield one
    one.stop()


@contextlib.contextmanager
def agent_at(keys, tmp_path, **how):
    server = Sshd(keys, tmp_path, **how)
    one = Agent(keys, tmp_path, server, how.get("host_keys", ("host",))[0])
    try:
        yield one
    finally:
        one.stop()
        server.stop()


class Service(Target):
    """A target of another family, or with other manners."""

    def __init__(self, family=socket.AF_INET, answer=None):  # pylint: disable=super-init-not-called
        self.answer = answer or self.answer
        self.listener = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()


def allocated(process, nth=0):
    return int(process.wait_for(r"Allocated port (\d+) for remote forward to ", nth).group(1))


def crowd(port, count=200):
    failures = []

    def one(number):
        try:
            visit(port, bytes([number % 256]) * 50_000)
        except (AssertionError, OSError) as e:
            failures.append((number, e))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(LIMIT_S)
    assert failures == []


# --- forwards ---------------------------------------------------------------------------------------

FORMS = [
    ("{p}:localhost:{t}", "127.0.0.1"),
    ("{p}:127.0.0.1:{t}", "127.0.0.1"),
    ("localhost:{p}:127.0.0.1:{t}", "127.0.0.1"),
    ("127.0.0.1:{p}:127.0.0.1:{t}", "127.0.0.1"),
    (":{p}:127.0.0.1:{t}", "127.0.0.1"),
    ("*:{p}:127.0.0.1:{t}", "127.0.0.1"),
    ("0.0.0.0:{p}:127.0.0.1:{t}", "127.0.0.1"),
    ("[127.0.0.1]:{p}:[127.0.0.1]:{t}", "127.0.0.1"),
    ("[::1]:{p}:127.0.0.1:{t}", "::1"),
    ("[::]:{p}:127.0.0.1:{t}", "::1"),
]


@pytest.mark.parametrize("spec,host", FORMS)
def test_forms(agent, target, spec, host):
    port = free_port()
    process = agent.start("-R", spec.format(p=port, t=target.port))
    assert "remote forward success for: listen" in process.said
    visit(port, host=host)
    visit(port, b"", host=host)


def test_the_faster_aes_is_in_use(agent):
    assert aes_gcm_line() in agent.start("-R", f"{free_port()}:127.0.0.1:9").said


def test_ipv6_target(agent):
    target, port = Service(socket.AF_INET6), free_port()
    agent.start("-R", f"{port}:[::1]:{target.port}")
    visit(port)
    target.close()


def test_gateway_ports_widen_and_names_are_echoed(keys, tmp_path, target):
    """With GatewayPorts yes sshd listens everywhere, and still names what was asked for."""
    with agent_at(keys, tmp_path, settings=["GatewayPorts yes"]) as agent:
        port = free_port()
        process = agent.start("-R", f"127.0.0.9:{port}:127.0.0.1:{target.port}")
        visit(port, host="127.0.0.2")
        assert process.wait_for("client_request_forwarded_tcpip: listen 127.0.0.9 port")


def test_port_zero(agent, target):
    process = agent.start("-R", f"0:127.0.0.1:{target.port}", "-R", f"0:localhost:{target.port}")
    first, second = allocated(process, 0), allocated(process, 1)
    assert first != second
    assert f"Allocated port {first} for remote forward to 127.0.0.1:{target.port}" in process.said
    visit(first)
    visit(second)


def test_several(agent, target):
    other = Target()
    ports = [free_port() for _ in range(3)]
    agent.start("-R", f"{ports[0]}:127.0.0.1:{target.port}", f"-R{ports[1]}:127.0.0.1:{other.port}",
                "-o", f"RemoteForward={ports[2]} localhost:{other.port}")
    for port in ports:
        visit(port)
    other.close()


def test_squatter_is_told_and_the_rest_goes_on(agent, target):
    with socket.socket() as squatter, socket.socket(socket.AF_INET6) as squatter6:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        taken = squatter.getsockname()[1]
        squatter6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        squatter6.bind(("::1", taken))
        squatter6.listen()
        port = free_port()
        process = agent.start("-R", f"{taken}:127.0.0.1:{target.port}", "-R", f"{port}:127.0.0.1:{target.port}")
        assert f"Warning: remote port forwarding failed for listen port {taken}" in process.said.splitlines()
        assert process.popen.poll() is None
        visit(port)
        run = agent.run("-o", "ExitOnForwardFailure=yes", "-R", f"{taken}:127.0.0.1:{target.port}")
    assert run.returncode == 255
    assert run.stderr == f"Error: remote port forwarding failed for listen port {taken}\n"


def test_target_refuses(agent):
    port, nobody = free_port(), free_port()
    process = agent.start("-R", f"{port}:127.0.0.1:{nobody}")
    turned_away(port)
    process.wait_for(f"^connect_to 127.0.0.1 port {nobody}: failed.$")
    agent.server.wait_for("open failed: connect failed: Connection refused")


def test_target_without_a_name(agent):
    port = free_port()
    process = agent.start("-R", f"{port}:no-such-host.invalid:80")
    turned_away(port)
    process.wait_for("^connect_to no-such-host.invalid port 80: failed.$")


def test_half_close_both_ways(agent):
    """The target ends its half first; what the visitor sends afterwards still arrives."""
    heard = []
    done = threading.Event()

    def speak_first(client):
        with client:
            client.sendall(b"all I have")
            client.shutdown(socket.SHUT_WR)
            heard.append(read_all(client))
            done.set()

    target, port = Service(answer=speak_first), free_port()
    agent.start("-R", f"{port}:127.0.0.1:{target.port}")
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as s:
        s.settimeout(LIMIT_S)
        assert read_all(s) == b"all I have"
        s.sendall(b"late answer")
        s.shutdown(socket.SHUT_WR)
        assert done.wait(LIMIT_S)
    assert heard == [b"late answer"]
    target.close()


def test_many_visitors_at_once(agent, target):
    port = free_port()
    agent.start("-R", f"{port}:127.0.0.1:{target.port}")
    crowd(port)


def test_bulk_with_rekeys_from_both_sides(keys, tmp_path, target):
    data = os.urandom(1 << 20) * 24
    with agent_at(keys, tmp_path, settings=["RekeyLimit 2M"]) as agent:
        port = free_port()
        process = agent.start("-o", "RekeyLimit=3M", "-R", f"{port}:127.0.0.1:{target.port}")
        visit(port, data)
        visit(port, data)
    assert len(re.findall("SSH2_MSG_NEWKEYS sent", process.said)) > 10


@pytest.mark.parametrize("cipher", ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com",
                                    "chacha20-poly1305@openssh.com", "aes128-ctr", "aes256-ctr"])
def test_ciphers(agent, target, cipher):
    port = free_port()
    agent.start("-c", cipher, "-o", "RekeyLimit=1M", "-R", f"{port}:127.0.0.1:{target.port}")
    visit(port, os.urandom(3 << 20))


# --- login ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("key", ["ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa2048", "rsa3072", "rsa4096",
                                 "rsa8192"])
def test_key_types(agent, key):
    process = agent.start("-R", "0:localhost:1", key=key)
    assert process.find_all(r'^Authenticated to 127.0.0.1 \(\[127.0.0.1\]:\d+\) using "publickey"\.$')


@pytest.mark.parametrize("kind", ["host", "host_ecdsa", "host_rsa"])
def test_host_key_types(keys, tmp_path, kind):
    with agent_at(keys, tmp_path, host_keys=(kind,)) as agent:
        agent.start("-R", "0:localhost:1")


def test_wrong_key(agent):
    run = agent.run(key="stranger")
    assert run.returncode == 255
    assert run.stderr == f"{ME.pw_name}@127.0.0.1: Permission denied (publickey).\n"


def test_second_key_is_tried(agent):
    agent.start("-i", str(agent.keys["ed25519"]), "-R", "0:localhost:1", key="stranger")


def test_unknown_user(agent):
    run = agent.run("-l", "nobody-here-has-this-name", to="127.0.0.1")
    assert run.returncode == 255
    assert run.stderr == "nobody-here-has-this-name@127.0.0.1: Permission denied (publickey).\n"


def test_encrypted_key_and_nobody_to_ask(agent, tmp_path):
    path = copy_key("ed25519.encrypted", tmp_path)
    run = agent.run(key=str(path))
    assert run.returncode == 255
    first, second = run.stderr.splitlines()
    assert first == f'Load key "{path}": its passphrase is needed, and there is nobody to ask'
    assert "Permission denied (publickey" in second


def test_exposed_key_is_left_out(agent, tmp_path):
    path = copy_key("ed25519", tmp_path)
    path.chmod(0o644)
    run = agent.run(key=str(path))
    assert run.returncode == 255
    assert "UNPROTECTED PRIVATE KEY FILE!" in run.stderr
    assert f"Permissions 0644 for '{path}' are too open.\n" in run.stderr
    assert "This private key will be ignored.\n" in run.stderr
    assert "Permission denied (publickey" in run.stderr


@pytest.mark.parametrize("text", [b"", b"not a key\n", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", b"\0" * 100])
def test_damaged_key(agent, tmp_path, text):
    path = tmp_path / "key"
    path.write_bytes(text)
    path.chmod(0o600)
    run = agent.run(key=str(path))
    assert run.returncode == 255
    assert run.stderr.startswith(f'Load key "{path}": ')
    assert "Permission denied (publickey" in run.stderr


def test_missing_identity(agent, tmp_path):
    process = agent.start("-i", str(tmp_path / "none"), "-R", "0:localhost:1")
    assert (f"Warning: Identity file {tmp_path}/none not accessible: No such file or directory."
            in process.said.splitlines())


def test_r59_banner_is_escaped(keys, tmp_path):
    banner = tmp_path / "banner"
    banner.write_bytes(b"two lines\nand \x1b[31mred\n")
    with agent_at(keys, tmp_path, settings=[f"Banner {banner}"]) as agent:
        process = agent.start("-R", "0:localhost:1")
    lines = process.said.splitlines()
    assert lines[lines.index("two lines") + 1] == r"and \x1b[31mred"


# --- host keys --------------------------------------------------------------------------------------

def test_unknown_host_strict(agent):
    agent.known.unlink()
    run = agent.run()
    assert run.returncode == 255
    assert run.stderr == (f"No ED25519 host key is known for [127.0.0.1]:{agent.server.port} and you have requested "
                          "strict checking.\nHost key verification failed.\n")
    assert not agent.known.exists()


def test_accept_new_learns_and_then_knows(agent):
    agent.known.write_text("# no newline at the end of this line")
    process = agent.start("-R", "0:localhost:1", strict="accept-new")
    assert process.find_all(rf"^Warning: Permanently added '\[127.0.0.1\]:{agent.server.port}' \(ED25519\) "
                        r"to the list of known hosts\.$")
    assert agent.known.read_text().splitlines() == [
        "# no newline at the end of this line",
        f"[127.0.0.1]:{agent.server.port} {public(agent.keys['host'])}"]
    process = agent.start("-R", "0:localhost:1", strict="yes")
    assert "Permanently" not in process.said


def test_learned_file_is_private(agent, tmp_path):
    agent.known = tmp_path / "folder" / "known_hosts"
    agent.start("-R", "0:localhost:1", strict="accept-new")
    assert agent.known.stat().st_mode & 0o777 == 0o600
    assert agent.known.parent.stat().st_mode & 0o777 == 0o700


def test_hashed_names_are_read_and_written(agent):
    agent.known.unlink()
    agent.start("-o", "HashKnownHosts=yes", "-R", "0:localhost:1", strict="accept-new")
    text = agent.known.read_text()
    assert text.startswith("|1|") and "127.0.0.1" not in text
    agent.start("-R", "0:localhost:1", strict="yes")
    found = subprocess.run(["ssh-keygen", "-F", f"[127.0.0.1]:{agent.server.port}", "-f", agent.known], check=False,
                           capture_output=True, text=True)
    assert found.returncode == 0 and "found: line 1" in found.stdout


def test_hashed_by_ssh_keygen(agent):
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", agent.known], check=True, stderr=subprocess.DEVNULL)
    assert "|1|" in agent.known.read_text()
    agent.start("-R", "0:localhost:1")


def change_key(agent):
    name = f"[127.0.0.1]:{agent.server.port}"
    agent.known.write_text(f"# first\n{name} {public(agent.keys['host_other'])}\n")
    return name


@pytest.mark.parametrize("strict", ["yes", "accept-new", "ask"])
def test_changed_key_is_refused_loudly(agent, strict):
    name = change_key(agent)
    run = agent.run(strict=strict)
    assert run.returncode == 255
    assert "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!" in run.stderr
    assert f"Offending ED25519 key in {agent.known}:2\n" in run.stderr
    assert run.stderr.endswith(f"Host key for {name} has changed and you have requested strict checking.\n"
                               "Host key verification failed.\n")
    assert agent.known.read_text().count("\n") == 2


def test_changed_key_with_no_checking_forwards_nothing(agent, target):
    change_key(agent)
    port = free_port()
    process = Process(agent.command("-v", "-N", "-R", f"{port}:127.0.0.1:{target.port}", strict="no"))
    agent.started.append(process)
    process.wait_for("^Port forwarding is disabled to avoid man-in-the-middle attacks.$")
    assert process.find_all("REMOTE HOST IDENTIFICATION HAS CHANGED")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
    run = agent.run("-o", "ExitOnForwardFailure=yes", "-R", f"{port}:127.0.0.1:{target.port}", strict="no")
    assert run.returncode == 255
    assert run.stderr.endswith("Error: forwarding disabled due to host key check failure\n")


def test_revoked_key(agent):
    with open(agent.known, "a", encoding="ascii") as out:
        out.write(f"@revoked * {public(agent.keys['host'])}\n")
    run = agent.run(strict="no")
    assert run.returncode == 255
    assert "REVOKED HOST KEY DETECTED!" in run.stderr
    assert f"{agent.known}:2" in run.stderr
    assert run.stderr.endswith("Host key verification failed.\n")


def test_name_without_port_counts(agent):
    agent.known.write_text(f"127.0.0.1 {public(agent.keys['host'])}\n")
    agent.start("-R", "0:localhost:1")


def test_host_key_alias(agent):
    agent.known.write_text(f"the-relay {public(agent.keys['host'])}\n")
    agent.start("-o", "HostKeyAlias=The-Relay", "-R", "0:localhost:1")


def test_known_types_come_first(keys, tmp_path):
    """A server with two keys is asked for the one we know; another type alone is not new."""
    with agent_at(keys, tmp_path, host_keys=("host_rsa", "host")) as agent:
        process = agent.start("-R", "0:localhost:1")
        assert process.find_all("kex: host key algorithm: rsa-sha2-")
    with agent_at(keys, tmp_path, host_keys=("host",)) as agent:
        agent.known.write_text(f"[127.0.0.1]:{agent.server.port} {public(keys['host_rsa'])}\n")
        run = agent.run(strict="accept-new")
        assert run.returncode == 255
        assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in run.stderr
        assert "Host key verification failed." in run.stderr


def test_bad_line_is_named_and_passed_over(agent):
    agent.known.write_text("this is no line\n" + agent.known.read_text())
    process = agent.start("-R", "0:localhost:1")
    assert process.find_all(f"^{agent.known}:1: no known_hosts line, passed over$")


def at_terminal(command, answers):
    """Runs command on a terminal of its own; answers go in one by one at each question."""
    pid, fd = pty.fork()
    if pid == 0:
        try:  # whatever happens here must not go on as a second pytest
            os.execv(command[0], command)
        finally:
            os._exit(127)
    seen, asked, is_told = b"", 0, False
    while True:
        ready, _, _ = select.select([fd], [], [], LIMIT_S)
        assert ready, seen
        try:
            part = os.read(fd, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
        if asked < len(answers) and seen.endswith((b"(yes/no/[fingerprint])? ", b"fingerprint: ")):
            os.write(fd, answers[asked] + b"\n")
            seen += b"<answered>"
            asked += 1
        if b"All remote forwarding requests processed" in seen and not is_told:
            os.kill(pid, signal.SIGTERM)
            is_told = True
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return code, seen.decode(errors="replace").replace("\r\n", "\n")


def test_ask(agent):
    agent.known.unlink()
    command = agent.command("-v", "-N", "-R", "0:localhost:1", strict="ask")
    code, said = at_terminal(command, [b"no"])
    assert code == 255
    assert f"The authenticity of host '[127.0.0.1]:{agent.server.port} ([127.0.0.1]:{agent.server.port})' can't be" in said
    assert "ED25519 key fingerprint is SHA256:" in said
    assert "Are you sure you want to continue connecting (yes/no/[fingerprint])? " in said
    assert said.endswith("Host key verification failed.\n")
    assert not agent.known.exists()
    code, said = at_terminal(command, [b"perhaps", b"yes"])
    assert "Please type 'yes', 'no' or the fingerprint: " in said
    assert "Permanently added" in said
    assert code == 0
    agent.known.unlink()
    fingerprint = re.search(r"fingerprint is (SHA256:\S+)\.", said).group(1)
    code, said = at_terminal(command, [fingerprint.encode()])
    assert code == 0 and agent.known.exists()


def test_ask_without_anybody_to_ask(agent):
    agent.known.unlink()
    run = subprocess.run(agent.command("-N", strict="ask"), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=LIMIT_S, check=False, start_new_session=True)
    assert run.returncode == 255
    assert run.stderr == "Host key verification failed.\n"
    code, said = at_terminal(agent.command("-N", "-o", "BatchMode=yes", strict="ask"), [])
    assert code == 255 and said == "Host key verification failed.\n"


# --- how it runs and ends ---------------------------------------------------------------------------

def test_background(agent, target, tmp_path):
    port, log = free_port(), tmp_path / "log"
    run = subprocess.run(agent.command("-f", "-nNT", "-v", "-E", str(log), "-R", f"{port}:127.0.0.1:{target.port}"),
                         capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    pids = [int(p) for p in subprocess.run(["pgrep", "-f", f"{SALLY} .*{log}"], capture_output=True, text=True,
                                           check=False).stdout.split()]
    try:
        assert len(pids) == 1
        visit(port)
        assert os.getsid(pids[0]) == pids[0]
        for fd in (0, 1, 2):
            assert os.readlink(f"/proc/{pids[0]}/fd/{fd}") == "/dev/null"
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
    assert "All remote forwarding requests processed" in log.read_text()


def test_background_that_fails(agent, target):
    with socket.socket() as squatter, socket.socket(socket.AF_INET6) as squatter6:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        taken = squatter.getsockname()[1]
        squatter6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        squatter6.bind(("::1", taken))
        squatter6.listen()
        run = agent.run("-f", "-o", "ExitOnForwardFailure=yes", "-R", f"{taken}:127.0.0.1:{target.port}")
    assert run.returncode == 255
    assert run.stderr == f"Error: remote port forwarding failed for listen port {taken}\n"
    run = agent.run("-f", key="stranger")
    assert run.returncode == 255
    assert "Permission denied" in run.stderr


@pytest.mark.parametrize("number,code", [(signal.SIGTERM, 0), (signal.SIGINT, 255), (signal.SIGHUP, 255)])
def test_signals(agent, number, code):
    process = agent.start("-R", "0:localhost:1")
    process.popen.send_signal(number)
    assert process.wait_end() == code
    agent.server.wait_for("disconnected by user")


def test_relay_goes_away(keys, tmp_path):
    with agent_at(keys, tmp_path) as agent:
        process = Process(agent.command("-N", "-o", "Reconnect=no", "-R", "0:localhost:1"))
        agent.started.append(process)
        allocated(process)
        pid = int(agent.server.wait_for(r"Accepted publickey") and subprocess.run(
            ["pgrep", "-P", str(agent.server.popen.pid)], capture_output=True, text=True, check=True).stdout.split()[0])
        os.kill(pid, signal.SIGTERM)
        assert process.wait_end() == 255
        assert "Connection to 127.0.0.1 closed by remote host." in process.said


def test_nobody_there(agent, tmp_path):
    agent.server = type("Nobody", (), {"port": free_port()})
    run = agent.run()
    assert run.returncode == 255
    assert run.stderr == f"sally: connect to host 127.0.0.1 port {agent.server.port}: Connection refused\n"
    run = agent.run("-o", "ConnectionAttempts=2")
    assert run.returncode == 255 and run.stderr.count("Connection refused") == 2
    run = agent.run(to="no-such-host.invalid")
    assert run.returncode == 255
    assert run.stderr.startswith("sally: Could not resolve hostname no-such-host.invalid: ")


def test_silent_server(agent):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        agent.server = type("Silent", (), {"port": silent.getsockname()[1]})
        run = agent.run("-o", "ConnectTimeout=1")
    assert run.returncode == 255
    assert run.stderr == "Connection timed out during banner exchange\n"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.0 400 Bad Request\r\n\r\n", b"SSH-1.5-old\r\n",
                                    b"SSH-2.0-x\r\n" + b"\xff" * 64, b"SSH-2.0-x\r\n\0\0\0\x0c\x04\x14garbage!!!"])
def test_strange_server(agent, answer):
    def say(client):
        with client, contextlib.suppress(OSError):
            client.sendall(answer)
            client.shutdown(socket.SHUT_WR)
            read_all(client)

    strange = Service(answer=say)
    agent.server = strange
    run = agent.run()
    assert run.returncode == 255
    assert 1 <= len(run.stderr.splitlines()) <= 3
    strange.close()


# --- the command line and the config ----------------------------------------------------------------

@pytest.mark.parametrize("spec", ["8080:host", "a:b:c:d", "99999:h:80", "80:h:0", "1:2:3:4:5", "[::1:80:h:80", ""])
def test_bad_specs(agent, spec):
    run = agent.run("-R", spec)
    assert run.returncode == 255
    assert run.stderr.startswith(f"Bad remote forwarding specification '{spec}'")
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("locale, words", [("C", "==SSH=="), ("C.UTF-8", "══SSH══"), ("zh_CN.UTF-8", "访客输入")])
def test_explain_dials_nobody(locale, words):
    run = subprocess.run([SALLY, "--explain", "-F", "none", "-R", "*:2222:localhost:22", "user@no-such-host.invalid"],
                         capture_output=True, env={"LC_ALL": locale, "HOME": "/"}, check=False, timeout=LIMIT_S)
    assert run.returncode == 0 and not run.stderr
    assert words in run.stdout.decode() and "ssh -p 2222 user@no-such-host.invalid" in run.stdout.decode()


def test_words(agent):
    for words, sentence in ((["-z"], "unknown option -- z"), (["-p"], "option requires an argument -- p"),
                            ([], "usage: sally")):
        run = subprocess.run([SALLY, *words], capture_output=True, text=True, check=False)
        assert run.returncode == 255
        assert run.stderr.startswith(sentence) and "usage: sally" in run.stderr
    run = agent.run("-p", "99999")
    assert (run.returncode, run.stderr) == (255, "Bad port '99999'\n")
    run = agent.run("-J", "host:99999")
    assert run.returncode == 255 and run.stderr.startswith("Invalid -J argument")
    run = subprocess.run([SALLY, "-V"], capture_output=True, text=True, check=False)
    assert run.returncode == 0 and run.stderr.startswith("Sallyport_")
    run = subprocess.run([*agent.command(), "uptime"], capture_output=True, text=True, check=False)
    assert run.returncode == 255 and "sally only forwards ports" in run.stderr
    run = subprocess.run(agent.command(), capture_output=True, text=True, check=False)
    assert run.returncode == 255 and "nothing to do without -R" in run.stderr


def test_without_n(agent, target):
    port = free_port()
    process = Process(agent.command("-R", f"{port}:127.0.0.1:{target.port}", "-v"))
    agent.started.append(process)
    process.wait_for("^sally only forwards ports; going on as with -N$")
    process.wait_for("All remote forwarding requests processed")
    visit(port)


def test_nothing_to_forward_stays(agent):
    process = Process(agent.command("-N", "-v"))
    agent.started.append(process)
    process.wait_for("^Authenticated to ")
    process.popen.send_signal(signal.SIGTERM)
    assert process.wait_end() == 0


def test_config_files(agent, tmp_path):
    config = tmp_path / "config"
    config.write_text("Port 22\nFrobnicate yes\n\nRekeyLimit huge\n")
    run = agent.run("-F", str(config))
    assert run.returncode == 255
    assert run.stderr.splitlines() == [
        f"{config}: line 2: Bad configuration option: frobnicate",
        *[line for line in run.stderr.splitlines() if line.startswith(f"{config} line 4: ")],
        f"{config}: terminating, 2 bad configuration options"]
    run = agent.run("-F", str(tmp_path / "missing"))
    assert (run.returncode, run.stderr) == (
        255, f"Can't open user config file {tmp_path}/missing: No such file or directory\n")
    run = agent.run("-o", "Frobnicate=yes")
    assert (run.returncode, run.stderr) == (255, "command-line: line 0: Bad configuration option: frobnicate\n")


def test_everything_from_a_config_file(agent, keys, tmp_path, target):
    config = tmp_path / "config"
    config.write_text(f"Host other\n  Port 1\nHost office\n  Hostname 127.0.0.1\n  Port {agent.server.port}\n"
                      f"  User {ME.pw_name}\n  IdentityFile {keys['ed25519']}\n  UserKnownHostsFile {agent.known}\n"
                      f"  GlobalKnownHostsFile none\n  StrictHostKeyChecking yes\n  SessionType none\n"
                      f"  RemoteForward 0 127.0.0.1:{target.port}\n  ExitOnForwardFailure yes\n")
    process = Process([SALLY, "-F", str(config), "office"])
    agent.started.append(process)
    visit(allocated(process))


def test_dump(agent):
    run = agent.run("-G", "-fnT", "-R", "*:80:web:8080", "-o", "ServerAliveInterval=7")
    assert run.returncode == 0
    lines = run.stdout.splitlines()
    for line in (f"user {ME.pw_name}", "hostname 127.0.0.1", f"port {agent.server.port}", "sessiontype none",
                 "serveraliveinterval 7", "remoteforward []:80 [web]:8080", f"identityfile {agent.keys['ed25519']}"):
        assert line in lines, run.stdout


def test_quiet(agent):
    run = agent.run("-q", key="stranger")
    assert (run.returncode, run.stderr) == (255, "")


# --- dropbear ---------------------------------------------------------------------------------------

@pytest.mark.skipif(DROPBEAR is None or os.getuid() != 0, reason="dropbear is not installed, or no root")
@pytest.mark.parametrize("kind,key", [("ed25519", "ed25519"), ("ecdsa", "ecdsa256"), ("rsa", "rsa3072")])
def test_dropbear(keys, tmp_path, target, kind, key):
    """It knows only ~/.ssh/authorized_keys: it gets a home of its own, in a mount namespace."""
    host_key, port, forwarded = tmp_path / "host", free_port(), free_port()
    subprocess.run(["dropbearkey", "-t", kind, "-f", host_key], check=True, capture_output=True)
    line = next(text for text in subprocess.run(["dropbearkey", "-y", "-f", host_key], check=True, capture_output=True,
                                                text=True).stdout.splitlines() if text.startswith(("ssh-", "ecdsa-")))
    script = (f"mount -t tmpfs -o mode=700 none {ME.pw_dir} && mkdir -m 700 {ME.pw_dir}/.ssh && "
              f"cp {keys['authorized']} {ME.pw_dir}/.ssh/ && exec {DROPBEAR} -F -E -r {host_key} -P {tmp_path}/pid "
              f"-p 127.0.0.1:{port}")
    server = Process(["unshare", "-m", "sh", "-c", script])
    server.port = port
    try:
        server.wait_for("Not backgrounding")
        agent = Agent(keys, tmp_path, server, None)
        agent.known.write_text(f"[127.0.0.1]:{port} {' '.join(line.split()[:2])}\n")
        process = agent.start("-o", "RekeyLimit=1M", "-R", f"{forwarded}:127.0.0.1:{target.port}", key=key)
        visit(forwarded, os.urandom(8 << 20))
        process.popen.send_signal(signal.SIGTERM)
        assert process.wait_end() == 0
        agent.stop()
    finally:
        server.stop()


# --- our own relay ----------------------------------------------------------------------------------

@pytest.fixture
def own(key_files, tmp_path, start_relay):
    if "SALLYD" not in os.environ:
        pytest.skip("no sallyd to test with")
    agents = []

    def make(*options):
        one = Agent(key_files, tmp_path, start_relay(*options), "relay")
        one.command = functools.partial(Agent.command, one, key="agent", to="tunnel@127.0.0.1")
        agents.append(one)
        return one

    yield make
    for one in agents:
        one.stop()


@pytest.mark.parametrize("spec,host", FORMS)
def test_own_relay_forms(own, target, spec, host):
    port = free_port()
    own("GatewayPorts clientspecified").start("-R", spec.format(p=port, t=target.port))
    visit(port, host=host)


def test_own_relay_says_why(own, target):
    agent = own("PermitListen localhost:*")
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        taken = squatter.getsockname()[1]
        port = free_port()
        process = agent.start("-R", f"{taken}:127.0.0.1:{target.port}", "-R", f"0.0.0.0:{port}:127.0.0.1:{target.port}",
                              "-R", f"{port}:127.0.0.1:{target.port}")
        lines = process.said.splitlines()
        first = lines.index(f"Warning: remote port forwarding failed for listen port {taken}")
        assert lines[first + 1] == f"The relay says: port {taken} on 127.0.0.1 is taken"
        second = lines.index(f"Warning: remote port forwarding failed for listen port {port}")
        assert re.match(r"The relay says: .*PermitListen", lines[second + 1])
        visit(port)
        run = agent.run("-o", "ExitOnForwardFailure=yes", "-R", f"{taken}:127.0.0.1:{target.port}")
    assert run.returncode == 255
    assert run.stderr == (f"Error: remote port forwarding failed for listen port {taken}\n"
                          f"The relay says: port {taken} on 127.0.0.1 is taken\n")


def test_own_relay_bulk_and_rekeys(own, target):
    data, port = os.urandom(1 << 20) * 32, free_port()
    own("RekeyLimit 2M").start("-o", "RekeyLimit=3M", "-R", f"{port}:127.0.0.1:{target.port}")
    visit(port, data)
    visit(port, data)


def test_own_relay_many_visitors(own, target):
    port = free_port()
    own().start("-R", f"{port}:127.0.0.1:{target.port}")
    crowd(port)
