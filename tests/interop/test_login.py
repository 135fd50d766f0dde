# SPDX-License-Identifier: ISC
"""Logging in as ssh does: key agents, passphrases, passwords, and the person who is asked."""
import base64
import contextlib
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest

from conftest import LIMIT_S, Process
# Fixtures are found by their names here.
from test_agent import ME, SSHD, Agent, Sshd, agent, keys, public, sshd  # noqa: F401 pylint: disable=unused-import

SSH_AGENT, SSH_ADD = shutil.which("ssh-agent"), shutil.which("ssh-add")
pytestmark = pytest.mark.skipif(SSHD is None or SSH_AGENT is None, reason="OpenSSH is not installed")
HERE = pathlib.Path(__file__).resolve().parent
SECRET = "open, sesame"
FORWARD = ("-R", "0:localhost:1")


# --- tools ------------------------------------------------------------------------------------------

@pytest.fixture
def clean(monkeypatch):
    """The environment, as it was again afterwards."""
    return monkeypatch


class Keys:
    """A real ssh-agent, and what ssh-add does with it."""

    def __init__(self, folder):
        self.path = str(folder / "agent.sock")
        self.process = Process([SSH_AGENT, "-D", "-a", self.path])
        self.process.wait_for("SSH_AUTH_SOCK=")

    def add(self, *words, extra=()):
        subprocess.run([SSH_ADD, *map(str, words)], env={**os.environ, **dict(extra), "SSH_AUTH_SOCK": self.path},
                       check=True, capture_output=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)

    def stop(self):
        self.process.stop()


@pytest.fixture
def key_agent(tmp_path, clean):
    one = Keys(tmp_path)
    clean.setenv("SSH_AUTH_SOCK", one.path)
    yield one
    one.stop()


def make(path, *words, secret=""):
    subprocess.run(["ssh-keygen", "-q", "-N", secret, "-f", str(path), *(words or ("-t", "ed25519"))], check=True)
    return path


@pytest.fixture
def strict_sshd(keys, tmp_path):  # noqa: F811
    """A sshd that hangs up at the second key it does not know."""
    server = Sshd(keys, tmp_path, settings=["MaxAuthTries 2"])
    one = Agent(keys, tmp_path, server)
    yield one
    one.stop()
    server.stop()


def askpass(folder, *answers, fails=False):
    """A program that gives one answer after the other, and notes what it was asked."""
    script, left = folder / "askpass", folder / "answers"
    left.write_text("".join(a + "\n" for a in answers))
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >>{folder}/asked\nhead -n 1 {left}\n'
                      f"sed -i 1d {left}\n{'exit 1' if fails else ''}\n")
    script.chmod(0o700)
    return str(script)


def asked(folder):
    path = folder / "asked"
    return path.read_text().splitlines() if path.exists() else []


class Terminal:
    """A program on a terminal of its own. Answers go in when the question is there."""

    def __init__(self, command, **env):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:  # whatever happens here must not go on as a second pytest
                os.execve(command[0], command, {**os.environ, **env})
            finally:
                os._exit(127)

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def read(self):
        ready, _, _ = select.select([self.fd], [], [], LIMIT_S)
        assert ready, self.seen
        try:
            part = os.read(self.fd, 4096)
        except OSError:
            part = b""
        self.seen += part.decode(errors="replace")
        return bool(part)

    def wait_for(self, text, nth=0):
        while self.seen.count(text) <= nth:
            assert self.read(), self.seen
        return self

    def answer(self, text):
        os.write(self.fd, text.encode() + b"\n")

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self, number=None):
        """The exit code; negative: the signal that ended it."""
        if number is not None:
            self.signal(number)
        while self.read():
            pass
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return code


UP = "All remote forwarding requests processed"


# --- key agents -------------------------------------------------------------------------------------

@pytest.mark.parametrize("key", ["ed25519", "ecdsa256", "ecdsa521", "rsa3072"])
def test_key_of_an_agent(agent, keys, key_agent, key):  # noqa: F811
    key_agent.add(keys[key])
    process = agent.start(*FORWARD, key=None)
    assert process.find_all('using "publickey"')
    assert process.find_all(r"Will attempt key: \S+ (ED25519|ECDSA|RSA) SHA256:\S+ agent$")


def test_agent_by_option(agent, keys, key_agent, clean, tmp_path):  # noqa: F811
    key_agent.add(keys["ed25519"])
    clean.delenv("SSH_AUTH_SOCK")
    assert agent.run(*FORWARD, key=None).returncode == 255
    agent.start(*FORWARD, "-o", f"IdentityAgent={key_agent.path}", key=None)
    clean.setenv("MY_AGENT", key_agent.path)
    agent.start(*FORWARD, "-o", "IdentityAgent=$MY_AGENT", key=None)
    agent.start(*FORWARD, "-o", "IdentityAgent=${MY_AGENT}", key=None)
    clean.setenv("SSH_AUTH_SOCK", key_agent.path)
    agent.start(*FORWARD, "-o", "IdentityAgent=SSH_AUTH_SOCK", key=None)
    assert agent.run(*FORWARD, "-o", "IdentityAgent=none", key=None).returncode == 255
    # Nobody there: as if there were none.
    run = agent.run("-v", "-o", f"IdentityAgent={tmp_path}/nothing", key=None)
    assert "get_agent_identities" in run.stderr and "Permission denied (publickey)" in run.stderr
    run = agent.run("-v", "-o", "IdentityAgent=" + "x" * 200, key=None)
    assert "the path is too long for a socket" in run.stderr


def test_identities_only_with_public_file(strict_sshd, keys, key_agent, tmp_path):
    """Many keys in the agent; the public file says which of them it is."""
    for n in range(5):
        key_agent.add(make(tmp_path / f"other{n}"))
    key_agent.add(keys["ed25519"])
    run = strict_sshd.run(key=None)
    assert "Too many authentication failures" in run.stderr and run.returncode == 255
    # In plain words, with the next step; which works, below.
    assert re.search(r"^6 keys are there to offer, .* Name the right one: -i FILE -o IdentitiesOnly=yes", run.stderr, re.M)
    assert "keys are there to offer" not in strict_sshd.run("-q", key=None).stderr
    shutil.copy(f"{keys['stranger']}.pub", tmp_path / "stranger.pub")
    public = tmp_path / "mine.pub"
    public.write_text(subprocess.run(["ssh-keygen", "-y", "-f", keys["ed25519"]], check=True, capture_output=True,
                                     text=True).stdout)
    public.chmod(0o644)
    strict_sshd.start(*FORWARD, "-o", "IdentitiesOnly=yes", key=str(public))
    # A key that is named comes before those that are not.
    process = strict_sshd.start(*FORWARD, key=str(public))
    names = [m.group(1) for m in process.find_all(r"Will attempt key: (\S+)")]
    assert names[0] == str(public) and len(names) == 6
    # Its absence from the agent is no reason to offer others.
    run = strict_sshd.run("-v", "-o", "IdentitiesOnly=yes", key=str(tmp_path / "stranger.pub"))
    assert "Will attempt key" not in run.stderr and "Permission denied (publickey)" in run.stderr


def test_named_private_key_beside_an_agent(strict_sshd, keys, key_agent, tmp_path):
    """Keys of the agent that stand in files first, then its others, then files alone, as ssh has it."""
    for n in range(4):
        key_agent.add(make(tmp_path / f"other{n}"))
    key_agent.add(keys["ed25519"])
    process = strict_sshd.start(*FORWARD, "-i", str(keys["ecdsa256"]), key="ed25519")
    names = [m.group(1) for m in process.find_all(r"Will attempt key: (\S+) ")]
    assert names[0] == str(keys["ed25519"]) and names[-1] == str(keys["ecdsa256"]) and len(names) == 6


def test_locked_agent(agent, keys, key_agent, tmp_path):  # noqa: F811
    """What it has comes to light when it is unlocked; until then there are the files."""
    key_agent.add(keys["ecdsa256"])
    script = askpass(tmp_path, SECRET, SECRET)
    key_agent.add("-x", extra={"SSH_ASKPASS": script, "SSH_ASKPASS_REQUIRE": "force"})
    process = agent.start(*FORWARD)
    assert process.find_all("Will attempt key: ") and not process.find_all("ECDSA")


def test_key_for_one_host_alone(agent, keys, key_agent, tmp_path):  # noqa: F811
    """ssh-add -h: the agent uses the key only for a session that is bound to the host's key."""
    for name, key in (("this", "host"), ("another", "host_other")):
        hosts = tmp_path / name
        hosts.write_text(f"{name} {public(keys[key])}\n")
        key_agent.add("-D")
        key_agent.add("-H", hosts, "-h", name, keys["ed25519"])
        if name == "this":
            assert agent.start(*FORWARD, key=None).find_all("bound agent to hostkey")
        else:
            assert agent.run(key=None).returncode == 255


def string(data):
    return struct.pack(">I", len(data)) + data


LIES = {
    "garbage": lambda a, r: b"\xff" * 64,
    "empty": lambda a, r: struct.pack(">I", 0),
    "too long": lambda a, r: struct.pack(">I", 1 << 30),
    "counts too much": lambda a, r: string(b"\x0c" + struct.pack(">I", 1 << 31)),
    "cut short": lambda a, r: string(b"\x0c" + struct.pack(">I", 3) + string(b"x") + string(b"y")),
    "babbles": lambda a, r: string(b"\x0c" + struct.pack(">I", 0)) * 2,
    "hangs up": lambda a, r: 1 / 0,
    "refuses": lambda a, r: string(b"\x05"),
    "another answer": lambda a, r: string(b"\x0e" + string(b"signature")),
}


@pytest.fixture
def false_agent(tmp_path, clean):
    keyagent = pytest.importorskip("keyagent")
    started = []

    def start(how):
        started.append(keyagent.KeyAgent(tmp_path / f"false{len(started)}", how))
        clean.setenv("SSH_AUTH_SOCK", started[-1].path)
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_agent_that_lies(agent, false_agent, lie):  # noqa: F811
    liar = false_agent(LIES[lie])
    process = agent.start(*FORWARD)
    assert len(liar.requests) in (1, 2)
    assert bool(process.find_all(f"key agent {liar.path}: .*; going on without it"))


def test_agent_that_hangs(agent, false_agent):  # noqa: F811
    hanging = false_agent(lambda a, r: None)
    process = agent.start(*FORWARD)
    assert process.find_all(f"^key agent {hanging.path}: it does not answer; going on without it$")


@pytest.mark.parametrize("signature,why", [
    (b"\x05", "agent refused operation"),
    (b"\x0e" + string(string(b"ssh-rsa") + string(b"x")), "agent signed with another algorithm"),
    (b"\x0e" + string(b""), "invalid format"),
    (b"\x0c", "invalid format"),
])
def test_agent_that_signs_nonsense(agent, keys, false_agent, signature, why):  # noqa: F811
    """It has a key that the server takes, and cannot sign with it: the next key does."""
    blob = base64.b64decode(public(keys["rsa3072"]).split()[1])
    false_agent(lambda a, r: string(b"\x0c" + struct.pack(">I", 1) + string(blob) + string(b"a\x1bname"))
                if r[0] == 11 else string(signature if r[0] == 13 else b"\x1c"))
    process = agent.start(*FORWARD)
    assert process.find_all(rf'^sign_and_send_pubkey: signing failed for RSA "a\\x1bname" from agent: .*{why}')


def test_security_key(keys, tmp_path, false_agent):  # noqa: F811
    """A key in hardware, through the agent."""
    keyagent = pytest.importorskip("keyagent")
    key = keyagent.SecurityKey()
    authorized = tmp_path / "authorized_keys"
    authorized.write_text(f"{key.NAME.decode()} {base64.b64encode(key.blob).decode()}\n")
    false_agent(keyagent.with_security_key(key))
    server = Sshd({**keys, "authorized": authorized}, tmp_path)
    one = Agent(keys, tmp_path, server)
    try:
        process = one.start(*FORWARD, key=None)
        assert process.find_all(r"Will attempt key: my \\x1b token ED25519-SK SHA256:\S+ agent")
        assert key.counter == 1
    finally:
        one.stop()
        server.stop()


def test_signatures_name_the_host_key(keys, tmp_path, clean):  # noqa: F811
    server = Sshd(keys, tmp_path, settings=["LogLevel DEBUG2"])
    one = Agent(keys, tmp_path, server)
    try:
        one.start(*FORWARD)
        server.wait_for("method publickey-hostbound-v00@openssh.com")
        one.start(*FORWARD, "-o", "PubkeyAuthentication=unbound")
        server.wait_for(r"method publickey \[preauth\]")
    finally:
        one.stop()
        server.stop()


# --- certificates -----------------------------------------------------------------------------------

@pytest.fixture
def certified(keys, tmp_path, clean):  # noqa: F811
    """An agent for a server that takes certificates of one authority, and no keys."""
    authority = make(tmp_path / "authority")
    nobody = tmp_path / "authorized_keys"
    nobody.write_text("")
    server = Sshd({**keys, "authorized": nobody}, tmp_path, settings=[f"TrustedUserCAKeys {authority}.pub"])
    one = Agent(keys, tmp_path, server)

    def certify(name, *kind, secret=""):
        path = make(tmp_path / name, *kind, secret=secret)
        subprocess.run(["ssh-keygen", "-q", "-s", authority, "-I", name, "-n", ME.pw_name, f"{path}.pub"], check=True)
        return path

    one.certify = certify
    yield one
    one.stop()
    server.stop()


@pytest.mark.parametrize("kind", [("-t", "ed25519"), ("-t", "ecdsa", "-b", "384"), ("-t", "rsa", "-b", "2048")])
def test_certificate_beside_the_key(certified, kind):
    path = certified.certify("id", *kind)
    process = certified.start(*FORWARD, key=str(path))
    assert process.find_all(rf"Signing with public key: {path} (ED25519|ECDSA|RSA)-CERT SHA256:")


def test_certificate_of_its_own(certified, tmp_path, clean):
    path = certified.certify("id")
    elsewhere = (tmp_path / "id-cert.pub").rename(tmp_path / "elsewhere")
    assert certified.run(key=str(path)).returncode == 255
    process = certified.start(*FORWARD, "-o", f"CertificateFile={elsewhere}", key=str(path))
    assert [m.group(1) for m in process.find_all(r"Will attempt key: (\S+)")] == [str(elsewhere), str(path)]
    run = certified.run("-o", f"CertificateFile={path}.pub", key=str(path))
    assert f'Load certificate "{path}.pub": it is a key, not a certificate\n' in run.stderr
    run = certified.run("-o", f"CertificateFile={tmp_path}/nothing", key=str(path))
    assert f'Load certificate "{tmp_path}/nothing": No such file or directory\n' in run.stderr


def test_certificates_and_an_agent(certified, key_agent, tmp_path):
    """The agent signs for a certificate in a file, and with one of its own."""
    path = certified.certify("id")
    cert = (tmp_path / "id-cert.pub").rename(tmp_path / "cert")
    key_agent.add(path)
    path.unlink()
    certified.start(*FORWARD, "-o", f"CertificateFile={cert}", key=None)
    certified.start(*FORWARD, "-o", f"CertificateFile={cert}", "-o", "IdentitiesOnly=yes", key=f"{path}.pub")
    other = certified.certify("other", "-t", "rsa", "-b", "2048")
    key_agent.add(other)  # its certificate comes with it
    for p in (other, tmp_path / "other-cert.pub"):
        p.unlink()
    process = certified.start(*FORWARD, key=None)
    assert process.find_all("Signing with public key: .* RSA-CERT .* agent$")


@pytest.mark.parametrize("kind", [("-t", "ed25519", "-a", "2"), ("-t", "rsa", "-b", "2048", "-m", "PEM")])
def test_certificate_of_a_sealed_key(certified, tmp_path, clean, kind):
    path = certified.certify("id", *kind, secret=SECRET)
    os.unlink(f"{path}.pub")
    clean.setenv("SSH_ASKPASS_REQUIRE", "force")
    clean.setenv("SSH_ASKPASS", askpass(tmp_path, SECRET))
    process = certified.start(*FORWARD, key=str(path))
    assert process.find_all("Signing with public key: .*-CERT SHA256")


# --- passphrases ------------------------------------------------------------------------------------

SEALED = {
    "openssh": ("-t", "ed25519", "-a", "2"),
    "gcm": ("-t", "ed25519", "-a", "2", "-Z", "aes256-gcm@openssh.com"),
    "rsa": ("-t", "rsa", "-b", "2048", "-a", "2"),
    "pem": ("-t", "rsa", "-b", "2048", "-m", "PEM"),
    "pkcs8": ("-t", "ecdsa", "-m", "PKCS8"),
}


@pytest.fixture
def sealed(keys, tmp_path, clean):  # noqa: F811
    """An agent for a server that takes the keys made with this."""
    authorized = tmp_path / "authorized_keys"
    authorized.write_text("")
    server = Sshd({**keys, "authorized": authorized}, tmp_path)
    one = Agent(keys, tmp_path, server)

    def make_sealed(kind):
        path = make(tmp_path / kind, *SEALED[kind], secret=SECRET)
        authorized.write_text(authorized.read_text() + pathlib.Path(f"{path}.pub").read_text())
        return path

    one.make = make_sealed
    yield one
    one.stop()
    server.stop()


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize("kind", SEALED)
def test_passphrase_by_program(sealed, tmp_path, clean, kind, beside):
    path = sealed.make(kind)
    if not beside:
        os.unlink(f"{path}.pub")
    clean.setenv("SSH_ASKPASS", askpass(tmp_path, "wrong", SECRET))
    clean.setenv("SSH_ASKPASS_REQUIRE", "force")
    process = sealed.start(*FORWARD, "-vv", key=str(path))
    assert asked(tmp_path) == [f"Enter passphrase for key '{path}': "] * 2
    assert SECRET not in process.said


def test_passphrase_is_not_asked_in_vain(sealed, tmp_path, clean):
    """The server is asked first; a key it does not know needs no passphrase."""
    make(tmp_path / "unknown", *SEALED["openssh"], secret=SECRET)
    clean.setenv("SSH_ASKPASS", askpass(tmp_path))
    clean.setenv("SSH_ASKPASS_REQUIRE", "force")
    run = sealed.run(key=str(tmp_path / "unknown"))
    assert run.returncode == 255 and asked(tmp_path) == []


@pytest.mark.parametrize("answers,count", [(["a", "b", "c", SECRET], 3), (["", SECRET], 1)])
def test_passphrase_tries(sealed, tmp_path, clean, answers, count):
    path = sealed.make("openssh")
    clean.setenv("SSH_ASKPASS", askpass(tmp_path, *answers))
    clean.setenv("SSH_ASKPASS_REQUIRE", "force")
    run = sealed.run(key=str(path))
    assert run.returncode == 255 and "Permission denied (publickey)" in run.stderr
    assert len(asked(tmp_path)) == count


def test_passphrase_prompts_option_and_batch_mode(sealed, tmp_path, clean):
    path = sealed.make("openssh")
    clean.setenv("SSH_ASKPASS", askpass(tmp_path, "a", SECRET))
    clean.setenv("SSH_ASKPASS_REQUIRE", "force")
    assert sealed.run("-o", "NumberOfPasswordPrompts=1", key=str(path)).returncode == 255
    assert len(asked(tmp_path)) == 1
    run = sealed.run("-o", "BatchMode=yes", key=str(path))
    assert run.returncode == 255 and len(asked(tmp_path)) == 1
    assert run.stderr.startswith(f'Load key "{path}": its passphrase is needed, and there is nobody to ask\n')
    clean.setenv("SSH_ASKPASS_REQUIRE", "never")
    assert sealed.run(key=str(path)).returncode == 255 and len(asked(tmp_path)) == 1


def test_askpass_that_fails(sealed, tmp_path, clean):
    path = sealed.make("openssh")
    clean.setenv("SSH_ASKPASS_REQUIRE", "force")
    clean.setenv("SSH_ASKPASS", askpass(tmp_path, SECRET, fails=True))
    assert sealed.run(key=str(path)).returncode == 255 and len(asked(tmp_path)) == 1
    clean.setenv("SSH_ASKPASS", str(tmp_path / "nothing"))
    run = sealed.run(key=str(path))
    assert run.returncode == 255 and f"ssh_askpass: exec({tmp_path}/nothing): no such file" in run.stderr


def test_passphrase_at_the_terminal(sealed):
    path = sealed.make("openssh")
    one = Terminal(sealed.command("-v", "-N", *FORWARD, key=str(path)))
    question = f"Enter passphrase for key '{path}': "
    one.wait_for(question)
    assert not one.echoes()
    one.answer("wrong")
    one.wait_for(question, 1)
    assert not one.echoes()
    one.answer(SECRET)
    one.wait_for(UP)
    assert one.echoes()
    assert one.end(signal.SIGTERM) == 0
    assert SECRET not in one.seen and "wrong" not in one.seen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_restore_the_terminal(sealed, number):
    path = sealed.make("openssh")
    pty_command = ["/bin/sh", "-c", '"$@"; echo "ended with $?"; read -r line; stty -a', "sh",
                   *sealed.command("-N", key=str(path))]
    one = Terminal(pty_command)
    one.wait_for("Enter passphrase")
    assert not one.echoes()
    children = pathlib.Path(f"/proc/{one.pid}/task/{one.pid}/children").read_text().split()
    if number == signal.SIGINT:
        os.kill(int(children[0]), number)  # to it alone: the shell is to go on
    else:
        os.kill(int(children[0]), number)
    one.wait_for(f"ended with {128 + number}")
    assert one.echoes()
    one.answer("")
    one.end()


def test_stopped_at_the_question(sealed):
    """^Z and fg: echo is on in between, and the question comes again."""
    path = sealed.make("openssh")
    one = Terminal(sealed.command("-v", "-N", *FORWARD, key=str(path)))
    one.wait_for("Enter passphrase")
    one.signal(signal.SIGSTOP)
    os.waitpid(one.pid, os.WUNTRACED)
    attributes = termios.tcgetattr(one.fd)
    attributes[3] |= termios.ECHO  # as a shell sets it for itself
    termios.tcsetattr(one.fd, termios.TCSANOW, attributes)
    one.signal(signal.SIGCONT)
    one.wait_for("Enter passphrase", 1)
    assert not one.echoes()
    one.answer(SECRET)
    one.wait_for(UP)
    assert one.echoes() and SECRET not in one.seen
    one.end(signal.SIGTERM)


# --- passwords and other questions ------------------------------------------------------------------

@pytest.fixture
def person(keys, tmp_path, clean):  # noqa: F811
    """A server of AsyncSSH for people."""
    pytest.importorskip("asyncssh")
    started = []

    def start(*words):
        server = Process([sys.executable, "-W", "ignore", str(HERE / "person_server.py"), f"host={keys['host']}", *words])
        server.port = int(server.wait_for(r"^listening on (\d+)$").group(1))
        one = Agent(keys, tmp_path, server)
        started.extend((one, server))
        return one

    yield start
    for one in started:
        one.stop()


def test_password_at_the_terminal(person):
    agent = person(f"password={SECRET}")  # noqa: F811
    one = Terminal(agent.command("-v", "-N", *FORWARD, key=None, to="bob@127.0.0.1"))
    one.wait_for("bob@127.0.0.1's password: ")
    assert not one.echoes()
    one.answer("wrong")
    one.wait_for("Permission denied, please try again.")
    one.wait_for("bob@127.0.0.1's password: ", 1)
    one.answer(SECRET)
    one.wait_for('Authenticated to 127.0.0.1 ([127.0.0.1]:')
    one.wait_for('using "password".').wait_for(UP)
    assert one.echoes()
    assert one.end(signal.SIGTERM) == 0
    assert SECRET not in one.seen
    assert agent.server.find_all("password bob 'wrong'")


def test_password_tries_and_switches(person, tmp_path, clean):
    agent = person(f"password={SECRET}")  # noqa: F811
    clean.setenv("SSH_ASKPASS_REQUIRE", "force")
    clean.setenv("SSH_ASKPASS", askpass(tmp_path, "1", "2", "3", SECRET))
    run = agent.run(key=None, to="bob@127.0.0.1")
    assert run.returncode == 255
    assert run.stderr.count("Permission denied, please try again.\n") == 2
    assert run.stderr.endswith("bob@127.0.0.1: Permission denied (password).\n")
    assert asked(tmp_path) == ["bob@127.0.0.1's password: "] * 3
    for option in ("PasswordAuthentication=no", "BatchMode=yes", "PreferredAuthentications=publickey"):
        assert agent.run("-o", option, key=None, to="bob@127.0.0.1").returncode == 255
    assert len(asked(tmp_path)) == 3
    # The fourth answer is still there.
    process = agent.start(*FORWARD, "-vvv", key=None, to="bob@127.0.0.1")
    assert SECRET not in process.said


def test_nobody_to_ask(person):
    agent = person(f"password={SECRET}")  # noqa: F811
    run = subprocess.run(agent.command("-N", key=None), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=LIMIT_S, check=False, start_new_session=True)
    assert run.returncode == 255 and run.stderr.endswith("Permission denied (password).\n")
    assert not agent.server.find_all("^password")


def test_keyboard_interactive(person):
    agent = person("kbdint=alice:123456", "again=yes")  # noqa: F811
    one = Terminal(agent.command("-v", "-N", *FORWARD, key=None, to="bob@127.0.0.1"))
    one.wait_for("(bob@127.0.0.1) Login name: ")
    assert one.echoes()
    one.answer("alice")
    one.wait_for(r"(bob@127.0.0.1) Token\x1b[31m (one\x07 time): ")
    assert not one.echoes()
    one.answer("123456")
    one.wait_for(UP)
    assert "\x1b" not in one.seen and "\x07" not in one.seen and "123456" not in one.seen
    assert r"A name\x1b]0;x\x07" in one.seen
    assert "First line\r\nSecond line\r\n" in one.seen
    assert "Just so that you know" in one.seen
    assert 'using "keyboard-interactive".' in one.seen
    one.end(signal.SIGTERM)


def test_methods_in_the_order_that_is_preferred(person, tmp_path, clean):
    agent = person("kbdint=alice:1", f"password={SECRET}")  # noqa: F811
    clean.setenv("SSH_ASKPASS_REQUIRE", "force")
    clean.setenv("SSH_ASKPASS", askpass(tmp_path, "alice", "1", SECRET))
    assert agent.start(*FORWARD, key=None).find_all('using "keyboard-interactive"')
    order = "PreferredAuthentications=password,keyboard-interactive"
    assert agent.start(*FORWARD, "-o", order, key=None).find_all('using "password"')
    clean.setenv("SSH_ASKPASS", askpass(tmp_path, SECRET))
    assert agent.start(*FORWARD, "-o", "KbdInteractiveAuthentication=no", key=None).find_all('using "password"')


def test_end_of_file_and_a_long_answer(person):
    agent = person(f"password={SECRET}")  # noqa: F811
    one = Terminal(agent.command("-N", key=None))
    one.wait_for("password: ")
    os.write(one.fd, b"\x04")
    assert one.end() == 255
    assert "Permission denied (password)." in one.seen and not agent.server.find_all("^password")
    one = Terminal(agent.command("-N", key=None))
    one.wait_for("password: ")
    one.answer("x" * 2000)
    assert one.end() == 255
    assert "The answer is longer than" in one.seen and not agent.server.find_all("^password")


def test_the_loop_goes_on_at_a_question(person):
    """The server hangs up while the person thinks: the program ends at once, and the terminal is as before."""
    agent = person(f"password={SECRET}", "timeout=2")  # noqa: F811
    start = time.monotonic()
    one = Terminal(["/bin/sh", "-c", '"$@"; echo "ended with $?"; read -r line', "sh", *agent.command("-N", key=None)])
    one.wait_for("password: ")
    one.wait_for("ended with 255")
    assert one.echoes()
    assert time.monotonic() - start < 30
    one.answer("")
    one.end()


def test_partial_success(keys, tmp_path, clean):  # noqa: F811
    """A key, and then another one."""
    server = Sshd(keys, tmp_path, settings=["AuthenticationMethods publickey,publickey"])
    one = Agent(keys, tmp_path, server)
    try:
        one.start(*FORWARD, "-i", str(keys["ecdsa256"]))
    finally:
        one.stop()
        server.stop()


# --- secrets ----------------------------------------------------------------------------------------

def test_no_core_and_no_looking_in(person, unprivileged, tmp_path):
    """A memory of a process that may not be dumped belongs to root."""
    if os.getuid() != 0:
        pytest.skip("needs root to become somebody else")
    agent = person(f"password={SECRET}")  # noqa: F811
    prefix, folder = unprivileged
    known = folder / "known_hosts"
    shutil.copy(agent.known, known)
    known.chmod(0o644)
    agent.known = known
    command = [*prefix, *agent.command("-N", key=None)]
    one = Terminal([shutil.which(command[0]), *command[1:]])
    one.wait_for("password: ")
    assert os.stat(f"/proc/{one.pid}/mem").st_uid == 0
    one.end(signal.SIGTERM)


# --- host keys --------------------------------------------------------------------------------------

@pytest.fixture
def named(keys, tmp_path):  # noqa: F811
    """An agent for a server whose host key is certified: named(principals, kind, words of ssh-keygen)."""
    authority = make(tmp_path / "host_authority")
    started = []

    def start(principals="127.0.0.1", *words, kind="ed25519", by=authority):
        key = make(tmp_path / f"host{len(started)}", "-t", kind)
        subprocess.run(["ssh-keygen", "-q", "-s", by, "-I", "host", "-h", *(("-n", principals) if principals else ()),
                        *words, f"{key}.pub"], check=True)
        server = Sshd({**keys, "host_certified": key}, tmp_path, host_keys=("host_certified",),
                      settings=[f"HostCertificate {key}-cert.pub"])
        one = Agent(keys, tmp_path, server, None)
        one.host_key, one.authority = key, " ".join(pathlib.Path(f"{authority}.pub").read_text().split()[:2])
        one.known.write_text(f"@cert-authority [127.0.0.1]:{server.port} {one.authority}\n")
        started.extend((one, server))
        return one

    yield start
    for one in started:
        one.stop()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_host_certificate(named, kind):
    process = named(kind=kind).start(*FORWARD)
    assert process.find_all(r"is known and matches the (ED25519|ECDSA|RSA)-CERT host certificate")


def test_host_certificate_and_rekeys(named):
    process = named().start(*FORWARD, "-o", "RekeyLimit=default 1s")
    process.wait_for("SSH2_MSG_NEWKEYS received", 2)
    assert process.popen.poll() is None


def test_host_certificate_names(named):
    agent = named("relay.example,*.inner.example")  # noqa: F811
    assert "Certificate invalid: name is not a listed principal\n" in agent.run().stderr
    agent.known.write_text(f"@cert-authority *.example {agent.authority}\n")
    for alias in ("relay.example", "a.inner.example"):
        agent.start(*FORWARD, "-o", f"HostKeyAlias={alias}")
    run = agent.run("-o", "HostKeyAlias=other.example")
    assert run.returncode == 255 and "name is not a listed principal" in run.stderr
    assert run.stderr.endswith("Host key verification failed.\n")


@pytest.mark.parametrize("words,why", [
    (("-V", "20200101:20210101"), "Certificate invalid: expired"),
    (("-V", "20990101:20990102"), "Certificate invalid: not yet valid"),
    (("-O", "critical:x@example.com=1"), "Certificate contains unsupported critical options(s)"),
])
def test_host_certificate_that_is_not_good(named, words, why):
    run = named("127.0.0.1", *words).run()
    assert run.returncode == 255 and run.stderr == f"{why}\nHost key verification failed.\n"


def test_host_certificate_of_nobody(named):
    assert "lacks principal list" in named("").run().stderr


def test_host_certificate_algorithms(named):
    run = named().run("-o", "CASignatureAlgorithms=rsa-sha2-512")
    assert run.stderr == "signed by an algorithm that is not accepted\nHost key verification failed.\n"


def test_host_certificate_of_another_authority(named, tmp_path):
    """It is worth what its key is."""
    other = make(tmp_path / "other_authority")
    agent = named(by=other)  # noqa: F811
    run = agent.run()
    assert "No ED25519 host key is known for [127.0.0.1]:" in run.stderr and run.returncode == 255
    with open(agent.known, "a", encoding="ascii") as out:
        out.write(f"[127.0.0.1]:{agent.server.port} {public(agent.host_key)}\n")
    process = agent.start(*FORWARD)
    assert process.find_all("No matching CA found. Retry|authority does not match")
    assert process.find_all("is known and matches the ED25519 host key")


def test_host_certificate_revoked(named):
    agent = named()  # noqa: F811
    good = agent.known.read_text()
    agent.known.write_text(f"{good}@revoked * {agent.authority}\n")
    run = agent.run()
    assert run.returncode == 255 and "The authority of the certificate of" in run.stderr
    agent.known.write_text(f"{good}@revoked * {public(agent.host_key)}\n")
    run = agent.run()
    assert run.returncode == 255 and "WARNING: REVOKED HOST KEY DETECTED!" in run.stderr


def test_an_authority_is_no_host_key(named, keys):  # noqa: F811
    """A line for an authority does not make its own key a host's."""
    agent = named()  # noqa: F811
    agent.known.write_text(f"@cert-authority * {public(agent.host_key)}\n")
    assert "host key is known" in agent.run().stderr
    # A certificate where only the key is known.
    agent.known.write_text(f"[127.0.0.1]:{agent.server.port} {public(agent.host_key)}\n")
    agent.start(*FORWARD)


def test_r49_cve_2020_14145_cve_2020_14002_the_offer_does_not_tell_what_is_known(keys, tmp_path):  # noqa: F811
    """R49: one and the same list for a host that is new and for one whose usual key is known."""
    server = Sshd(keys, tmp_path, host_keys=("host", "host_rsa", "host_ecdsa"))
    one = Agent(keys, tmp_path, server, None)
    name = f"[127.0.0.1]:{server.port}"

    def offered(*known):
        one.known.write_text("".join(f"{name} {public(keys[k])}\n" for k in known))
        said = one.run("-vv", key=None).stderr
        return re.search("our host key algorithms: (.*)", said).group(1)

    try:
        new = offered()
        assert offered("host") == new
        assert offered("host", "host_rsa", "host_ecdsa") == new
        # Only where the usual key would be a stranger.
        assert offered("host_rsa").startswith("rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,rsa-sha2")
        one.start(*FORWARD)
    finally:
        one.stop()
        server.stop()


@contextlib.contextmanager
def many_keys(keys, tmp_path, *host_keys):  # noqa: F811
    server = Sshd(keys, tmp_path, host_keys=host_keys)
    one = Agent(keys, tmp_path, server, "host")
    try:
        yield one
    finally:
        one.stop()
        server.stop()


def types_in(path):
    return sorted(line.split()[1] for line in path.read_text().splitlines())


ALL_TYPES = ["ecdsa-sha2-nistp256", "ssh-ed25519", "ssh-rsa"]


def test_new_host_keys_are_learned(keys, tmp_path, clean):  # noqa: F811
    with many_keys(keys, tmp_path, "host", "host_rsa", "host_ecdsa") as one:
        # Files of the user's own choice are left alone unless he says so.
        assert one.start(*FORWARD).find_all("hostkeys") == [] and types_in(one.known) == ["ssh-ed25519"]
        process = one.start(*FORWARD, "-o", "UpdateHostKeys=yes")
        process.wait_for("Learned new hostkey: (RSA|ECDSA) SHA256", 1)
        assert types_in(one.known) == ALL_TYPES
        process = one.start(*FORWARD, "-o", "UpdateHostKeys=yes")
        process.wait_for("client_input_hostkeys: 0 new host keys")
        assert types_in(one.known) == ALL_TYPES
        one.start(*FORWARD, "-o", "HostKeyAlgorithms=rsa-sha2-512")


def test_a_host_key_that_is_replaced(keys, tmp_path, clean):  # noqa: F811
    """The relay shows the old one still, and tells of the next one of the same type."""
    with many_keys(keys, tmp_path, "host", "host_other") as one:
        one.start(*FORWARD, "-o", "UpdateHostKeys=yes").wait_for("Learned new hostkey: ED25519 SHA256")
        port = one.server.port
    server = Sshd(keys, tmp_path, host_keys=("host_other",), port=port)
    one = Agent(keys, tmp_path, server, None)
    try:
        assert one.start(*FORWARD).find_all("is known and matches the ED25519 host key")
    finally:
        one.stop()
        server.stop()


def test_host_keys_are_learned_only_where_they_may_be(keys, tmp_path, clean):  # noqa: F811
    with many_keys(keys, tmp_path, "host", "host_rsa") as one:
        good = one.known.read_text()
        elsewhere = tmp_path / "global"
        elsewhere.write_text(good)
        stranger, nothing = "client_input_hostkeys: the host is in no file", "client_input_hostkeys: 0 new host keys"
        for text, more, why in ((f"127.0.0.1 {public(keys['host'])}\n", (), stranger),  # the name without the port
                                ("", ("-o", f"GlobalKnownHostsFile={elsewhere}"), stranger),
                                (f"{good}@revoked * {public(keys['host_rsa'])}\n", (), nothing),
                                (good, ("-o", "HostKeyAlgorithms=ssh-ed25519"), nothing)):
            one.known.write_text(text)
            program, *words = one.command("-v", "-N", *FORWARD, "-o", "UpdateHostKeys=yes")
            process = Process([program, *more, *words])  # the first value of an option counts
            one.started.append(process)
            process.wait_for(why)
            process.stop()
            assert one.known.read_text() == text
        # One that is accepted just now counts.
        one.known.unlink()
        process = one.start(*FORWARD, "-o", "UpdateHostKeys=yes", strict="accept-new")
        process.wait_for("Learned new hostkey: RSA")
        assert types_in(one.known) == ["ssh-ed25519", "ssh-rsa"]


def test_host_keys_on_demand(keys, tmp_path, clean):  # noqa: F811
    with many_keys(keys, tmp_path, "host", "host_rsa") as one:
        for answer, types in (("no", ["ssh-ed25519"]), ("yes", ["ssh-ed25519", "ssh-rsa"])):
            terminal = Terminal(one.command("-v", "-N", *FORWARD, "-o", "UpdateHostKeys=ask"))
            terminal.wait_for("Accept updated hostkeys? (yes/no): ")
            terminal.answer(answer)
            if answer == "yes":
                terminal.wait_for("Learned new hostkey: RSA")
            terminal.wait_for(UP)
            terminal.end(signal.SIGTERM)
            assert types_in(one.known) == types


@pytest.mark.parametrize("proof", ["none", "short", "other", "own"])
def test_host_keys_are_learned_only_with_proof(person, tmp_path, clean, proof):
    agent = person(f"password={SECRET}", f"hostkeys={proof}")  # noqa: F811
    clean.setenv("SSH_ASKPASS_REQUIRE", "force")
    clean.setenv("SSH_ASKPASS", askpass(tmp_path, SECRET))
    process = agent.start(*FORWARD, "-o", "UpdateHostKeys=yes", key=None)
    agent.server.wait_for("asked to prove")
    if proof == "own":
        process.wait_for("Learned new hostkey: ECDSA SHA256:")
    else:
        process.wait_for("^Server failed to confirm ownership of private host keys$")
        assert types_in(agent.known) == ["ssh-ed25519"]
