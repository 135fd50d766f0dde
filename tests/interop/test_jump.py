# SPDX-License-Identifier: ISC
"""ProxyJump and ProxyCommand against real sshds, with ssh -J as the measure: what is true of both is asked of both."""
import contextlib
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys

import pytest

from conftest import LIMIT_S, Process, free_port, is_free, kill_sessions, sessions, visit, wait_until
from test_agent import ME, SALLY, Sshd, allocated, crowd, keys, public  # noqa: F401 pylint: disable=unused-import

pytestmark = pytest.mark.skipif(not shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin"),
                                reason="sshd is not installed")
BOTH = pytest.mark.parametrize("program", ["sally", "ssh"])
NAMES = "abcd"
MIB = 1 << 20


# --- tools ------------------------------------------------------------------------------------------

def address(name):
    return f"127.0.0.{2 + NAMES.index(name)}"


class Chain:
    """Several sshds, each a Host of one config file: a 127.0.0.2, b 127.0.0.3 and so on."""

    def __init__(self, made, folder):
        self.keys, self.folder, self.started = made, folder, []
        self.servers, self.hosts, self.wrong = {}, {}, set()

    def server(self, name, *settings, **more):
        one = Sshd(self.keys, self.folder, settings=(f"ListenAddress {address(name)}", *settings), **more)
        self.servers[name] = one
        self.hosts.setdefault(name, [])
        return one

    def need(self, names):
        for name in names:
            if name not in self.servers:
                self.server(name)

    def config(self):
        known = self.folder / "known_hosts"
        known.write_text("".join(
            f"[{address(n)}]:{s.port} {public(self.keys['host_other' if n in self.wrong else 'host'])}\n"
            for n, s in self.servers.items()))
        path = self.folder / "config"
        path.write_text("\n".join(
            [line for n, s in self.servers.items()
             for line in (f"Host {n}", f"HostName {address(n)}", f"Port {s.port}", *self.hosts[n])]
            + ["Host *", f"UserKnownHostsFile {known}", "GlobalKnownHostsFile none", "StrictHostKeyChecking yes",
               "IdentitiesOnly yes", "IdentityAgent none", f"IdentityFile {self.keys['ed25519']}",
               f"User {ME.pw_name}", ""]))
        path.chmod(0o600)
        return path

    def command(self, program, *flags, to):
        return [SALLY if program == "sally" else "ssh", "-F", str(self.config()), *flags, to]

    def start(self, program, *flags, to):
        """Up when this returns: forwards are answered."""
        process = Process(self.command(program, "-v", "-N", *flags, to=to), env=self.env)
        self.started.append(process)
        process.wait_for("All remote forwarding requests processed|remote forward success"
                         if "-R" in flags else "Local forwarding listening on .* port")
        return process

    def run(self, program, *flags, to):
        return subprocess.run(self.command(program, *flags, to=to), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LIMIT_S, check=False, env=self.env)

    env = None

    def stop(self):
        for process in self.started:
            process.stop()
            assert "Sanitizer" not in process.said, process.said
        for server in self.servers.values():
            server.stop()


@pytest.fixture
def chain(keys, tmp_path):
    one = Chain(keys, tmp_path)
    yield one
    one.stop()


def lines_of(run):
    return [line for line in run.stderr.splitlines() if not line.startswith("kex_exchange_identification: ")]


def jumps(count):
    """The words for so many jump hosts, and the relay behind them."""
    return ",".join(NAMES[:count]), NAMES[count]


# --- through jump hosts -----------------------------------------------------------------------------

@BOTH
@pytest.mark.parametrize("count", [1, 2, 3])
def test_bulk(chain, target, program, count):
    """64 MiB each way, and what else is forwarded: -R, and -W beside it."""
    through, relay = jumps(count)
    chain.need(through.split(",") + [relay])
    process = chain.start(program, "-J", through, "-R", f"0:127.0.0.1:{target.port}", to=relay)
    visit(allocated(process), os.urandom(MIB) * (64 if program == "sally" else 4))
    run = subprocess.run(chain.command(program, "-J", through, "-W", f"{address('a')}:{chain.servers['a'].port}",
                                       to=relay),
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=False)
    assert run.stdout.startswith(b"SSH-2.0-OpenSSH"), run.stderr


def test_many_visitors_and_local_ports(chain, target):
    chain.need("abc")
    local, remote = free_port(), free_port()
    process = chain.start("sally", "-J", "a,b", "-L", f"{local}:127.0.0.1:{target.port}",
                          "-R", f"{remote}:127.0.0.1:{target.port}", to="c")
    crowd(local, 50)
    crowd(remote, 50)
    # One process and one thread for all of it.
    assert subprocess.run(["pgrep", "-P", str(process.popen.pid)], check=False).returncode == 1
    assert len(os.listdir(f"/proc/{process.popen.pid}/task")) == 1


def test_rekeys_on_every_hop(chain, target):
    for name in "abc":
        chain.server(name, "RekeyLimit 1M")
        chain.hosts[name] = ["RekeyLimit 2M"]
    process = chain.start("sally", "-J", "a,b", "-R", f"0:127.0.0.1:{target.port}", to="c")
    visit(allocated(process), os.urandom(MIB) * 16)
    assert process.said.count("SSH2_MSG_NEWKEYS received") >= 3 * 8


# --- what leads where -------------------------------------------------------------------------------

def reaches(chain, program, *flags, to):
    """The relay forwards to its own port."""
    run = chain.run(program, *flags, "-W", f"127.0.0.1:{chain.servers[to].port}", to=to)
    return run.stdout.startswith("SSH-2.0-OpenSSH"), run


@BOTH
@pytest.mark.parametrize("words", ["{u}@{a}:{p}", "ssh://{u}@{a}:{p}", "ssh://{a}:{p}", "[{a}]:{p}", "{u}@b,{a}:{p}"])
def test_forms(chain, program, words):
    chain.need("abc")
    chain.hosts["c"] = ["ProxyJump " + words.format(u=ME.pw_name, a=address("a"), p=chain.servers["a"].port)]
    assert reaches(chain, program, to="c")[0]


@BOTH
def test_jump_hosts_of_jump_hosts(chain, program):
    """What the config says of a jump host counts, unless the list goes on before it."""
    chain.need("abcd")
    chain.hosts["c"] = ["ProxyJump b"]
    chain.hosts["b"] = ["ProxyJump a"]
    chain.hosts["d"] = ["ProxyJump c"]
    process = chain.start(program, "-R", "0:127.0.0.1:1", to="d")
    wait_until(lambda: all(sessions(s) for s in chain.servers.values()))
    process.stop()
    wait_until(lambda: not any(sessions(s) for s in chain.servers.values()))
    chain.start(program, "-J", "a,c", "-R", "0:127.0.0.1:1", to="d")
    assert not sessions(chain.servers["b"])


@BOTH
def test_none(chain, program):
    chain.need("a")
    chain.hosts["a"] = ["ProxyJump nowhere.invalid"]
    assert not reaches(chain, program, to="a")[0]
    assert reaches(chain, program, "-o", "ProxyJump=none", to="a")[0]


@BOTH
def test_first_of_both_counts(chain, program):
    chain.need("a")
    assert reaches(chain, program, "-o", "ProxyJump=none", "-o", "ProxyCommand=none", "-o", "ProxyJump=x", to="a")[0]
    assert reaches(chain, program, "-o", "ProxyCommand=none", "-o", "ProxyJump=nowhere.invalid", to="a")[0]
    chain.hosts["a"] = ["ProxyCommand exit 3", "ProxyJump nowhere.invalid"]
    assert "nowhere" not in reaches(chain, program, to="a")[1].stderr


@BOTH
def test_a_jump_host_has_settings_of_its_own(chain, keys, program):
    """Flags are for the relay alone: the key that is named here does not help the jump host, nor harm it."""
    chain.need("ab")
    assert reaches(chain, program, "-J", "a", "-i", str(keys["stranger"]), "-o", "HostKeyAlias=x",
                   "-o", f"UserKnownHostsFile={chain.folder / 'other'}", "-o", "StrictHostKeyChecking=accept-new",
                   to="b")[0]
    chain.hosts["a"] = [f"IdentityFile {keys['stranger']}", "User nobody"]
    (chain.folder / "other").unlink()
    run = chain.run(program, "-J", "a", "-N", to="b")
    assert run.returncode == 255
    assert f"nobody@{address('a')}: Permission denied (publickey)." in lines_of(run)
    assert lines_of(run)[-1] == "Connection closed by UNKNOWN port 65535"


@BOTH
@pytest.mark.parametrize("flags,line", [
    (("-J", "x,,y"), "Invalid -J argument"), (("-J", "a", "-J", "b"), "Only a single -J option is permitted"),
    (("-o", "ProxyCommand=x", "-J", "a"), "Cannot specify -J with ProxyCommand"), (("-J", "u@"), "Invalid -J argument"),
    (("-o", "ProxyJump=a:x"), 'command-line line 0: Invalid ProxyJump "a:x"'), (("-J", "-x"), "Invalid -J argument"),
    (("-J", f"{ME.pw_name}@nowhere.invalid", "-p", "22"), "jumphost loop via nowhere.invalid"),
    (("-l", "$(x);", ), "remote username contains invalid characters"),
])
def test_wrong_words(program, flags, line):
    run = subprocess.run([SALLY if program == "sally" else "ssh", "-F", "none", *flags, "-N", "nowhere.invalid"],
                         capture_output=True, text=True, timeout=LIMIT_S, check=False, stdin=subprocess.DEVNULL)
    if program == "ssh" and line.startswith("remote username") and line not in run.stderr:
        pytest.skip("this ssh does not look at user names yet")
    assert run.returncode == 255 and any(one.startswith(line) for one in run.stderr.splitlines()), run.stderr


def test_a_circle_is_seen_at_once(chain):
    """ssh starts child after child for this."""
    chain.need("abc")
    chain.hosts.update(a=["ProxyJump b"], b=["ProxyJump a"])
    run = chain.run("sally", "-J", "a", "-N", to="c")
    assert (run.returncode, run.stderr) == (255, "jumphost loop via a\n")


# --- when it does not work --------------------------------------------------------------------------

@BOTH
def test_refusing_jump_host(chain, program):
    chain.server("a", "AllowTcpForwarding no")
    chain.need("b")
    run = chain.run(program, "-J", "a", "-N", "-R", "0:127.0.0.1:1", to="b")
    said = lines_of(run)
    assert run.returncode == 255
    assert "channel 0: open failed: administratively prohibited: open failed" in run.stderr
    assert said[-2:] == ["stdio forwarding failed", "Connection closed by UNKNOWN port 65535"]
    if program == "sally":
        assert said[0].startswith("through jump host a: channel 0: ")


@BOTH
def test_nobody_behind(chain, program):
    chain.need("ab")
    run = chain.run(program, "-J", "a", "-p", str(free_port()), "-N", to="b")
    assert run.returncode == 255
    assert "channel 0: open failed: connect failed: Connection refused" in run.stderr
    assert lines_of(run)[-2:] == ["stdio forwarding failed", "Connection closed by UNKNOWN port 65535"]


@BOTH
def test_no_first_jump_host(chain, program):
    chain.need("ab")
    chain.servers["a"].stop()
    run = chain.run(program, "-J", "a", "-N", to="b")
    assert (run.returncode, lines_of(run)) == (255, [
        f"{program}: connect to host {address('a')} port {chain.servers['a'].port}: Connection refused",
        "Connection closed by UNKNOWN port 65535"])


@BOTH
@pytest.mark.parametrize("wrong", "abc")
def test_wrong_host_key(chain, program, wrong):
    chain.need("abc")
    chain.wrong.add(wrong)
    run = chain.run(program, "-J", "a,b", "-N", "-R", "0:127.0.0.1:1", to="c")
    assert run.returncode == 255 and "REMOTE HOST IDENTIFICATION HAS CHANGED" in run.stderr
    assert f"Host key for [{address(wrong)}]:{chain.servers[wrong].port} has changed" in run.stderr
    assert "Host key verification failed." in lines_of(run)
    for name in "abc":
        wait_until(lambda n=name: not sessions(chain.servers[n]))


def test_questions_do_not_pretend_to_know_an_address(chain):
    chain.need("ab")
    (chain.folder / "empty").touch()
    flags = ["-J", "a", "-o", f"UserKnownHostsFile={chain.folder / 'empty'}", "-o", "StrictHostKeyChecking=ask", "-N"]
    chain.env = {**os.environ, "SSH_ASKPASS_REQUIRE": "force", "SSH_ASKPASS": str(asker(chain.folder, "no"))}
    said = {}
    for program in ("sally", "ssh"):
        assert chain.run(program, *flags, to="b").returncode == 255
        said[program] = (chain.folder / "asked").read_text().splitlines()[0]
        (chain.folder / "asked").unlink()
    assert said["sally"] == said["ssh"] and "(<no hostip for proxy command>)" in said["sally"]


# --- coming and going -------------------------------------------------------------------------------

@pytest.mark.parametrize("cut", "abc")
def test_cut_of_any_hop_is_mended(chain, target, cut):
    chain.need("abc")
    port = free_port()
    process = chain.start("sally", "-J", "a,b", "-R", f"{port}:127.0.0.1:{target.port}", to="c")
    visit(port)
    kill_sessions(chain.servers[cut])
    process.wait_for(rf"Connection to {address(cut)} closed by remote host\.")
    process.wait_for("Forward up: ", 1)
    visit(port, os.urandom(MIB))
    process.stop()
    # Whoever is left was told that it is over.
    wait_until(lambda: not any(sessions(s) for s in chain.servers.values()))


def test_a_silent_first_hop_is_named(chain, target):
    chain.need("abc")
    for name in "abc":
        chain.hosts[name] = ["ServerAliveInterval 1", "ServerAliveCountMax 2"]
    process = chain.start("sally", "-J", "a,b", "-R", f"0:127.0.0.1:{target.port}", to="c")
    stopped = sessions(chain.servers["a"])
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        process.wait_for(rf"Timeout, server {address('a')} not responding\.")
    finally:
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait_for("Forward up: ", 1)


def test_relay_comes_back_behind_its_jump_host(chain, keys, target):
    chain.need("ab")
    port = free_port()
    process = chain.start("sally", "-J", "a", "-R", f"{port}:127.0.0.1:{target.port}", to="b")
    left = sessions(chain.servers["b"])
    chain.servers["b"].popen.kill()
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait_for("through jump host a: channel 0: open failed: connect failed: Connection refused")
    chain.servers["b"] = Sshd(keys, chain.folder, port=chain.servers["b"].port,
                              settings=(f"ListenAddress {address('b')}",))
    process.wait_for("Forward up: ", 1)
    visit(port)


def test_goodbye_reaches_the_relay(chain, start_relay, target):
    """A relay that heard it keeps no port for the agent to come back."""
    relay = start_relay("LogLevel=DEBUG1")
    relay.write_keys(public(chain.keys["ed25519"]) + "\n")
    relay.ctl("reload")
    chain.need("a")
    port = free_port()
    chain.config()
    process = Process(chain.command(
        "sally", "-v", "-N", "-J", "a", "-p", str(relay.port), "-o", "StrictHostKeyChecking=no", "-o",
        "UserKnownHostsFile=/dev/null", "-R", f"{port}:127.0.0.1:{target.port}", to="127.0.0.1"))
    chain.started.append(process)
    process.wait_for("Forward up: ")
    visit(port)
    assert process.stop() == 0
    wait_until(lambda: is_free("127.0.0.1", port))
    assert "was kept" not in relay.said and "kept for" not in relay.said


# --- who is asked -----------------------------------------------------------------------------------

def asker(folder, answer):
    """An SSH_ASKPASS that answers with what a file of the key's name in the question holds, and notes the question."""
    path = folder / "askpass"
    path.write_text(f'#!/bin/sh\necho "$1" >> {folder}/asked\necho "{answer}"\n')
    path.chmod(0o700)
    return path


def test_a_passphrase_for_each_hop(chain, keys):
    chain.need("ab")
    for name in "ab":
        path = chain.folder / f"sealed_{name}"
        shutil.copy(keys["ed25519"], path)
        path.chmod(0o600)
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "open me", "-a", "4", "-f", path], check=True)
        chain.hosts[name] = [f"IdentityFile {path}"]
    chain.env = {**os.environ, "SSH_ASKPASS_REQUIRE": "force", "SSH_ASKPASS": str(asker(chain.folder, "open me"))}
    keys_of_all = chain.keys
    chain.keys = {**keys_of_all, "ed25519": keys["stranger"]}
    assert reaches(chain, "sally", "-J", "a", to="b")[0]
    chain.keys = keys_of_all
    asked = (chain.folder / "asked").read_text().splitlines()
    assert [re.search("sealed_.", line).group() for line in asked] == ["sealed_a", "sealed_b"]


def test_agent_keys_that_are_bound_to_hops(chain, keys):
    """ssh-add -h: one key for the jump host alone, one for the relay alone; each hop binds the agent to its own host."""
    chain.need("ab")
    chain.config()
    known = chain.folder / "known_hosts"
    shutil.copy(keys["host_other"], chain.folder / "b_host")
    agent = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    env = {**os.environ, **dict(re.findall(r"(SSH_\w+)=([^;]+);", agent))}
    try:
        spots = {n: f"[{address(n)}]:{chain.servers[n].port}" for n in "ab"}
        hosts = chain.folder / "hosts_of_agent"
        hosts.write_text("".join(f"{spots[n]} {public(keys['host'])}\n" for n in "ab"))
        subprocess.run(["ssh-add", "-q", "-H", hosts, "-h", spots["a"], "-h", spots["b"], keys["ed25519"]], env=env,
                       check=True, stderr=subprocess.DEVNULL)
        for name in "ab":
            chain.hosts[name] = [f"IdentityAgent {env['SSH_AUTH_SOCK']}", "IdentitiesOnly no", "IdentityFile none"]
        chain.env = env
        good, run = reaches(chain, "sally", "-v", "-J", "a", to="b")
        assert good and run.stderr.count("bound agent to hostkey") == 2, run.stderr
    finally:
        os.kill(int(env["SSH_AGENT_PID"]), signal.SIGTERM)
    assert known.exists()


# --- ProxyCommand -----------------------------------------------------------------------------------

PROXY = """import os, socket, sys, threading
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def pass_on(read, write, end=lambda: None):
    while data := read(1 << 16):
        while data:
            data = data[write(data):]
    end()
threading.Thread(target=pass_on, args=(lambda n: os.read(0, n), s.send, lambda: s.shutdown(socket.SHUT_WR)), daemon=True).start()
pass_on(s.recv, lambda data: os.write(1, data))
"""
DIALER = """import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
socket.send_fds(socket.socket(fileno=1), [b"x"], [s.fileno()])
"""


def script(folder, text):
    path = folder / "proxy.py"
    path.write_text(text)
    return f"{sys.executable} {path}"


@BOTH
@pytest.mark.parametrize("text,fdpass", [(PROXY, "no"), (DIALER, "yes")], ids=["bytes", "fdpass"])
def test_command(chain, target, program, text, fdpass):
    chain.need("a")
    chain.hosts["a"] = [f"ProxyCommand {script(chain.folder, text)} %h %p", f"ProxyUseFdpass {fdpass}"]
    process = chain.start(program, "-R", f"0:127.0.0.1:{target.port}", to="a")
    visit(allocated(process), os.urandom(MIB) * 8)
    process.stop()
    wait_until(lambda: not subprocess.run(["pgrep", "-f", str(chain.folder / "proxy.py")], capture_output=True,
                                          check=False).stdout)


@BOTH
def test_command_is_given_the_tokens(chain, program):
    chain.need("a")
    tell = script(chain.folder, "import sys; sys.exit('|'.join(sys.argv[1:]))")
    run = chain.run(program, "-N", "-o", f"ProxyCommand={tell} %h %n %p %r %%", to="a")
    assert run.returncode == 255
    assert f"{address('a')}|a|{chain.servers['a'].port}|{ME.pw_name}|%" in run.stderr.splitlines()
    assert run.stderr.splitlines()[-1] == "Connection closed by UNKNOWN port 65535"
    run = chain.run(program, "-N", "-o", "ProxyCommand=echo %x", to="a")
    assert run.returncode == 255 and "unknown key %x" in run.stderr


@pytest.mark.parametrize("command,how", [
    ("sh -c 'exit 7'", "exit status 7"), ("sh -c 'kill -9 $$'", "killed by signal 9"), ("/no/such", "exit status 127"),
    ("sh -c 'exec <&- >&-; exit 0'", "exit status 0")])
def test_how_a_command_ended(chain, command, how):
    chain.need("a")
    run = chain.run("sally", "-N", "-o", f"ProxyCommand={command}", to="a")
    assert run.returncode == 255
    assert run.stderr.splitlines()[-2:] == [f"sally: ProxyCommand: {how}", "Connection closed by UNKNOWN port 65535"]


def test_a_dialer_that_passes_nothing(chain):
    chain.need("a")
    for command in ("true", "echo words", "sleep 100 >/dev/null"):
        run = chain.run("sally", "-N", "-o", "ProxyUseFdpass=yes", "-o", "ConnectTimeout=1", "-o",
                        f"ProxyCommand={command}", to="a")
        assert run.returncode == 255 and "pass" in run.stderr.splitlines()[0], run.stderr


def test_a_command_is_run_again(chain, target):
    chain.need("a")
    port = free_port()
    process = chain.start("sally", "-o", f"ProxyCommand={script(chain.folder, PROXY)} %h %p",
                          "-R", f"{port}:127.0.0.1:{target.port}", to="a")
    kill_sessions(chain.servers["a"])
    process.wait_for("Forward up: ", 1)
    visit(port)


def test_a_command_before_jump_hosts(chain, target):
    """The first jump host is reached by its own ProxyCommand."""
    chain.need("abc")
    chain.hosts["a"] = [f"ProxyCommand {script(chain.folder, PROXY)} %h %p"]
    process = chain.start("sally", "-J", "a,b", "-R", f"0:127.0.0.1:{target.port}", to="c")
    visit(allocated(process), os.urandom(MIB))
    assert "via proxy" in process.wait_for(rf"Authenticated to {address('a')} ").string


def test_background_behind_a_jump_host(chain, target):
    """-f returns when the forward is up, all hops of it."""
    chain.need("ab")
    port = free_port()
    run = subprocess.run(chain.command("sally", "-f", "-N", "-E", str(chain.folder / "log"), "-J", "a", "-o",
                                       "Reconnect=no", "-R", f"{port}:127.0.0.1:{target.port}", to="b"),
                         stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
    assert run.returncode == 0, pathlib.Path(chain.folder / "log").read_text()
    visit(port)
    kill_sessions(chain.servers["a"])  # and with that, it ends
    wait_until(lambda: is_free("127.0.0.1", port))


def test_settings_as_ssh_shows_them():
    """Of all forms, what -G makes of them."""
    forms = ["-J u@[::1]:22,x.y", "-J A", "-J ssh://U@h.x:23/", "-J ssh://a%40b@h.x", "-J a:", "-J none",
             "-J none -o ProxyCommand=x", "-o ProxyCommand=none -o ProxyJump=a", "-o ProxyJump=none -o ProxyCommand=foo",
             "-o ProxyCommand=foo -o ProxyJump=a", "-J 1.2.3.4:5", "-J u@h@x", "-o ProxyUseFdpass=yes",
             "-J a,b,c", "-o 'ProxyCommand=a b  \"c  d\"   # e'", "-o 'ProxyJump=a,b # c'", "-o 'ProxyJump=a:22  '"]
    for form in forms:
        seen = {}
        for program in (SALLY, "ssh"):
            run = subprocess.run([program, "-F", "none", "-G", *shlex.split(form), "host"], capture_output=True, text=True,
                                 check=False, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
            seen[program] = (run.returncode, sorted(line for line in run.stdout.splitlines() if line.startswith("proxy")))
            assert run.returncode == 0, (form, run.stderr)
        ours = (seen[SALLY][0], [one for one in seen[SALLY][1] if not one.startswith("proxyprotocol")])
        assert ours == seen["ssh"], form


# --- what is said about it --------------------------------------------------------------------------

def test_doctor_names_each_hop(chain, target):
    chain.need("ab")
    run = chain.run("sally", "--doctor", "-J", "a", "-R", f"{free_port()}:127.0.0.1:{target.port}", to="b")
    assert f"login.done: jump host a: Logged in as {ME.pw_name} by publickey" in run.stdout, run.stdout + run.stderr
    assert run.returncode == 0 and "Port 0 of" not in run.stdout


def test_doctor_of_a_command_that_hangs_up_and_goes_on(chain):
    chain.need("a")
    run = chain.run("sally", "--doctor", "-o", "ProxyCommand=sh -c 'exec <&- >&-; exec sleep 3 2>&-'", to="a")
    assert run.returncode == 1 and "banner.none: " in run.stdout, run.stdout + run.stderr


def test_explained():
    run = subprocess.run([SALLY, "-F", "none", "--explain", "-J", "a.example,b.example", "-R", "80:localhost:80", "c"],
                         capture_output=True, text=True, timeout=LIMIT_S, check=True)
    assert "a.example,b.example" in run.stdout
