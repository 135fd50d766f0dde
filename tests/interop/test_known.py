# SPDX-License-Identifier: ISC
"""Which host keys are taken, and what is written down of them: sally beside ssh, before the same sshd.

Nobody logs in: every way to do so is switched off, so that a key that was taken ends in "Permission denied"."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import IS_ROOT, LIMIT_S, Process
from test_agent import ME, SALLY, SSHD, Sshd, keys, public  # noqa: F401 pylint: disable=unused-import

SSH = shutil.which("ssh")
pytestmark = pytest.mark.skipif(SSHD is None or SSH is None, reason="OpenSSH is not installed")
NO_LOGIN = [w for k in ("Pubkey", "Password", "KbdInteractive", "GSSAPI", "Hostbased")
            for w in ("-o", f"{k}Authentication=no")]


@pytest.fixture(scope="module")
def server(keys, tmp_path_factory):  # noqa: F811
    one = Sshd(keys, tmp_path_factory.mktemp("sshd"), host_keys=("host",))
    yield one
    one.stop()


class Judge:
    """Shows the server's key to ssh and to sally, and tells what each made of it."""

    def __init__(self, folder, port, prefix=()):
        self.folder, self.port, self.prefix = folder, port, list(prefix)

    def one(self, program, known, *options, host="127.0.0.1", strict="yes"):
        path = self.folder / "known_hosts"
        path.write_text(known)
        run = subprocess.run([*self.prefix, program, "-F", "none", "-o", f"UserKnownHostsFile={path}", "-o", "GlobalKnownHostsFile=none",
                              "-o", f"StrictHostKeyChecking={strict}", "-o", "BatchMode=yes", "-N", "-p", str(self.port),
                              *NO_LOGIN, *(w for o in options for w in ("-o", o)), f"{ME.pw_name}@{host}"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        assert run.returncode == 255
        taken = "Permission denied" in run.stderr
        assert taken != ("Host key verification failed." in run.stderr or "KnownHostsCommand failed" in run.stderr), run.stderr
        # A line of several names is as good as a line for each.
        lines = [(n, rest) for line in path.read_text().splitlines() for names, _, rest in [line.partition(" ")]
                 for n in names.split(",")]
        return taken, sorted(lines), run.stderr

    def both(self, known, *options, **more):
        theirs, ours = (self.one(program, known, *options, **more) for program in (SSH, SALLY))
        assert ours[:2] == theirs[:2], (theirs[2], ours[2])
        return ours

    def taken(self, *words, **more):
        return self.both(*words, **more)[0]


@pytest.fixture
def judge(server, tmp_path):
    return Judge(tmp_path, server.port)


@pytest.fixture
def known(keys, server):  # noqa: F811
    return f"[127.0.0.1]:{server.port} {public(keys['host'])}\n"


@pytest.fixture
def wrong(keys, server):  # noqa: F811
    return f"[127.0.0.1]:{server.port} {public(keys['host_other'])}\n"


# --- RevokedHostKeys --------------------------------------------------------------------------------

def test_revoked_by_text(judge, known, keys, tmp_path):  # noqa: F811
    path = tmp_path / "revoked"
    path.write_text(f"# none yet\n{public(keys['host_other'])}\n")
    assert judge.taken(known, f"RevokedHostKeys={path}")
    path.write_text(f"{public(keys['host_other'])}\n{public(keys['host'])} stolen\n")
    taken, _, said = judge.both(known, f"RevokedHostKeys={path}")
    assert not taken and f"revoked by file {path}" in said
    assert not judge.taken(known, f"RevokedHostKeys={path}", strict="no")


def test_revoked_by_a_list_of_ssh_keygen(judge, known, keys, tmp_path):  # noqa: F811
    path = tmp_path / "revoked.krl"
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", path, f"{keys['host_other']}.pub"], check=True)
    assert judge.taken(known, f"RevokedHostKeys={path}")
    subprocess.run(["ssh-keygen", "-q", "-k", "-u", "-f", path, f"{keys['host']}.pub"], check=True)
    assert not judge.taken(known, f"RevokedHostKeys={path}")


def test_revoked_list_that_is_not_there(judge, known, tmp_path):
    taken, _, said = judge.both(known, f"RevokedHostKeys={tmp_path}/none")
    assert not taken and "Error checking host key ED25519 SHA256:" in said and f"in revoked keys file {tmp_path}/none" in said


def test_a_key_that_is_revoked_is_not_asked_about(judge, keys, tmp_path):  # noqa: F811
    path = tmp_path / "revoked"
    path.write_text(f"{public(keys['host'])}\n")
    assert judge.both("", f"RevokedHostKeys={path}", strict="accept-new")[:2] == (False, [])


# --- KnownHostsCommand ------------------------------------------------------------------------------

def script(folder, *lines):
    path = folder / "command"
    path.write_text("#!/bin/sh\n" + "".join(line + "\n" for line in lines))
    path.chmod(0o700)
    return path


def test_command_knows(judge, keys, tmp_path):  # noqa: F811
    path = script(tmp_path, f"echo \"$1 {public(keys['host'])}\"")
    assert judge.both("", f"KnownHostsCommand={path} %H")[:2] == (True, [])
    # Nothing is written down that a command knows.
    assert judge.both("", f"KnownHostsCommand={path} %H", strict="accept-new")[:2] == (True, [])


def test_command_knows_another(judge, known, keys, tmp_path):  # noqa: F811
    path = script(tmp_path, f"echo \"$1 {public(keys['host_other'])}\"")
    assert not judge.taken("", f"KnownHostsCommand={path} %H")
    assert judge.taken(known, f"KnownHostsCommand={path} %H")
    path = script(tmp_path, f"echo \"@revoked $1 {public(keys['host'])}\"")
    assert not judge.taken(known, f"KnownHostsCommand={path} %H")


def test_command_that_fails(judge, known, tmp_path):
    path = script(tmp_path, "exit 3")
    taken, _, said = judge.both(known, f"KnownHostsCommand={path}")
    assert not taken and "KnownHostsCommand failed" in said and "exit status 3" in said


def test_command_hears_what_it_is_asked_about(judge, tmp_path, known):
    """The same calls with the same words, and nothing to read."""
    path = script(tmp_path, f"printf '<%s>' \"$@\" >>{tmp_path}/calls", f"cat >>{tmp_path}/calls", f"echo >>{tmp_path}/calls")
    command = f"KnownHostsCommand={path} %I %H %t %f %K %h %p %r %n 'a  b' \"c%%\" ${{HOME}}"
    heard = []
    for program in (SSH, SALLY):
        judge.one(program, known, command)
        heard.append((tmp_path / "calls").read_text())
        (tmp_path / "calls").unlink()
    name = re.search("^<HOSTNAME>(<.*?>)", heard[0], re.M).group(1)
    # OpenSSH 9 leaves the port out of the first question, 10 does not.
    assert heard[1] == heard[0].replace("<ORDER><127.0.0.1>", f"<ORDER>{name}", 1)
    assert heard[0].startswith("<ORDER>") and "\n<HOSTNAME>" in heard[0]


@pytest.mark.parametrize("command", ["relative %H", "/nonexistent/program", "/bin/echo %Z"])
def test_command_that_cannot_be_run(judge, known, command):
    """ssh goes on without some of these; who wants a program to be asked wants to know that it is not."""
    taken, _, said = judge.one(SALLY, known, f"KnownHostsCommand={command}")
    assert not taken and f"KnownHostsCommand failed: {command}" in said


# --- NoHostAuthenticationForLocalhost ---------------------------------------------------------------

def test_localhost_is_trusted_on_request(judge, known, wrong):
    assert judge.both(wrong, "NoHostAuthenticationForLocalhost=yes")[:2] == (True, judge.one(SSH, wrong)[1])
    assert judge.both("", "NoHostAuthenticationForLocalhost=yes")[:2] == (True, [])
    assert not judge.taken(wrong, "NoHostAuthenticationForLocalhost=no")
    assert not judge.taken(wrong, "NoHostAuthenticationForLocalhost=yes", "HostKeyAlias=other")


# --- HashKnownHosts, VerifyHostKeyDNS ---------------------------------------------------------------

def test_hashed_names_are_found_by_ssh_keygen(judge, tmp_path, server):
    for program in (SSH, SALLY):
        taken, lines, _ = judge.one(program, "", "HashKnownHosts=yes", strict="accept-new")
        assert taken and len(lines) == 1 and lines[0][0].startswith("|1|")
        subprocess.run(["ssh-keygen", "-f", tmp_path / "known_hosts", "-F", f"[127.0.0.1]:{server.port}"], check=True,
                       capture_output=True)


def test_dns_vouches_for_nobody(judge, known):
    assert not judge.taken("", "VerifyHostKeyDNS=yes")
    assert judge.taken(known, "VerifyHostKeyDNS=yes")
    assert "no key is looked for in DNS" in judge.one(SALLY, "", "VerifyHostKeyDNS=yes")[2]


# --- CheckHostIP ------------------------------------------------------------------------------------

ADDRESS, NAME = "198.18.77.1", "relay.example"


@pytest.fixture(scope="module")
def place(keys, tmp_path_factory):  # noqa: F811
    """A network of one machine, which has an address that is not a loopback one, and a name."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n{ADDRESS} {NAME}\n")
    setup = (f'mount --bind {folder}/hosts /etc/hosts && ip link set lo up && ip addr add {ADDRESS}/32 dev lo && '
             "echo ready && exec sleep 600")
    holder = Process(["unshare", "-m", "-n", "sh", "-c", setup])
    try:
        if not IS_ROOT or not holder.find_first("ready"):
            pytest.skip("needs root and a network namespace of its own")
        prefix = ["nsenter", "-t", str(holder.popen.pid), "-m", "-n", "-r"]
        one = Sshd(keys, folder, settings=[f"ListenAddress {ADDRESS}"], prefix=prefix)
        yield Judge(folder, one.port, prefix)
        one.stop()
    finally:
        holder.stop()


@pytest.fixture
def names(keys, place):  # noqa: F811
    """A line of known_hosts for the name or for the address, with the right key or with another."""
    def line(of, key="host"):
        return f"[{of}]:{place.port} {public(keys[key])}\n"
    return line


def at(place, known, *options, **more):
    return place.both(known, "CheckHostIP=yes", *options, host=NAME, **more)


def test_address_is_written_down_too(place, names):
    taken, lines, said = at(place, "", strict="accept-new")
    assert taken and [n for n, _ in lines] == [f"[{ADDRESS}]:{place.port}", f"[{NAME}]:{place.port}"]
    assert f"Permanently added '[{NAME}]:{place.port},[{ADDRESS}]:{place.port}' (ED25519)" in said
    taken, lines, said = at(place, names(NAME))
    assert taken and len(lines) == 2 and "Permanently added the ED25519 host key for IP address" in said
    assert at(place, names(NAME) + names(ADDRESS))[0]


def test_address_with_another_key(place, names):
    known = names(NAME) + names(ADDRESS, "host_other")
    taken, _, said = at(place, known)
    assert not taken and "Exiting, you have requested strict checking." in said and "differs from the key for the IP address" in said
    assert not at(place, known, strict="ask")[0]
    assert at(place, known, strict="no")[0]


def test_name_with_another_key(place, names):
    taken, _, said = at(place, names(NAME, "host_other") + names(ADDRESS))
    assert not taken and "WARNING: POSSIBLE DNS SPOOFING DETECTED!" in said and "is unchanged" in said
    taken, _, said = at(place, names(NAME, "host_other") + names(ADDRESS, "host_other"))
    assert not taken and "SPOOFING" not in said


def test_address_is_not_looked_at_unless_asked(place, names):
    known = names(NAME) + names(ADDRESS, "host_other")
    assert place.both(known, host=NAME)[0]
    assert place.both(names(ADDRESS), "CheckHostIP=yes", host=ADDRESS)[0]


def test_command_is_asked_about_the_address(place, names, tmp_path, keys):  # noqa: F811
    path = script(tmp_path, f"test $1 = ADDRESS && echo \"$2 {public(keys['host_other'])}\"; true")
    assert not at(place, names(NAME), f"KnownHostsCommand={path} %I %H")[0]
