# SPDX-License-Identifier: ISC
"""sallyd as a program of its system: command line, configuration, first start, background, signals, and
sallyctl beside it."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest

from conftest import LIMIT_S, Process, give_away, make_key, need, public_line, visit, wait_until

pytestmark = need("ssh-keygen")
SSHD = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")


def sallyd(*words, **more):
    return subprocess.run([os.environ["SALLYD"], *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=LIMIT_S, check=False, **more)


@pytest.fixture
def settings(tmp_path, key_files):
    """A configuration file with these lines, and the words that name it."""
    (tmp_path / "authorized_keys").write_text(public_line(key_files["agent"]))
    (tmp_path / "authorized_keys").chmod(0o600)

    def write(*lines):
        path = tmp_path / "sallyd_config"
        path.write_text("\n".join([f"HostKey {key_files['relay']}",
                                   f"AuthorizedKeysFile {tmp_path / 'authorized_keys'}", *lines, ""]))
        return "-f", str(path)

    return write


# --- command line and configuration -----------------------------------------------------------------

@pytest.mark.parametrize("line, words", [
    ("Bogus 1", "line 3: Bad configuration option: Bogus"),
    ("Port 70000", "line 3: .*70000"),
    ("GatewayPorts perhaps", "line 3: .*perhaps"),
    ("PermitListen x:y", "line 3: .*x:y"),
    ("Ciphers none", "line 3: .*none"),
    ("LogLevel LOUD", "line 3: .*LOUD"),
    ("MaxStartups 10:20", "line 3: .*10:20"),
    ("Match group x", "line 3: Unsupported Match attribute group"),
    ("Match user x\nPort 5", "line 4: Directive 'Port' is not allowed within a Match block"),
])
def test_a_bad_line_names_itself(settings, line, words):
    for check in ((), ("-t",), ("-T",)):
        run = sallyd(*check, *settings(line))
        assert run.returncode == 255
        assert run.stdout == ""
        assert re.search("sallyd_config:? " + words, run.stderr), run.stderr


def test_bad_words(settings):
    for words, said in ((("-Z",), "unknown option -- Z"), (("-f", "/no/such/file"), "/no/such/file: No such file"),
                        (("-o", "Bogus=1"), "Bogus"), (("-p", "70000"), "70000"), (("word",), "Extra argument word.")):
        run = sallyd("-t", *words)
        assert run.returncode == 1
        assert said in run.stderr
    assert sallyd("-V").stderr.startswith("Sallyport_")


MATCHES = ["GatewayPorts no", "PermitListen 1", "MaxSessions 3", "Match User alice", "PermitListen 2 3", "GatewayPorts yes",
           "Match Address 192.0.2.0/24,!192.0.2.8", "PermitListen 4", "MaxSessions 5", "Match LocalPort 2201 User *",
           "MaxSessions 9", "Match LocalAddress 127.0.0.0/8 User b*,!bob", "AllowTcpForwarding no", "Match all", "MaxSessions 7"]


@pytest.mark.skipif(not SSHD, reason="sshd is not installed")
@pytest.mark.parametrize("who", ["user=alice,addr=192.0.2.7", "user=bob,addr=192.0.2.7,lport=2201", "user=bob,addr=192.0.2.8",
                                 "user=bill,addr=10.0.0.1,laddr=127.0.0.1,lport=1", "user=eve,addr=::1,laddr=::1,lport=2201"])
def test_match_is_that_of_sshd(settings, tmp_path, key_files, who):
    """What -T -C prints of the settings that both know."""
    ours = sallyd("-T", "-C", who, *settings(*MATCHES))
    assert ours.returncode == 0, ours.stderr
    theirs = tmp_path / "sshd_config"
    theirs.write_text("\n".join([f"HostKey {key_files['relay']}", *MATCHES, ""]))
    # Without host and addresses it would look for what a Match line needs.
    spec = ",".join([who, "host=h", *(w + "=" + v for w, v in (("laddr", "9.9.9.9"), ("lport", "9")) if w + "=" not in who)])
    said = subprocess.run([SSHD, "-T", "-C", spec, "-f", theirs], capture_output=True, text=True, timeout=LIMIT_S, check=True)
    for word in ("gatewayports", "permitlisten", "maxsessions", "allowtcpforwarding"):
        want = [line for line in said.stdout.splitlines() if line.startswith(word + " ")]
        if word == "allowtcpforwarding":  # its default here is remote
            want = [line.replace(" yes", " remote") for line in want]
        assert [line for line in ours.stdout.splitlines() if line.startswith(word + " ")] == want


def test_words_of_a_connection(settings):
    for spec, said in (("user", "Invalid test mode specification user"), ("colour=red", "Invalid test mode specification colour=red"),
                       ("lport=x", "Invalid port 'x' in test mode specification")):
        run = sallyd("-T", "-C", spec, *settings())
        assert run.returncode == 1
        assert said in run.stderr
        assert run.stdout == ""


def test_a_folder_of_tenants_and_files_of_users(start_relay, tmp_path, key_files, ssh):
    tenants, users = tmp_path / "tenants", tmp_path / "users"
    for folder in (tenants, users / "tunnel"):
        folder.mkdir(parents=True, mode=0o700)
    (tenants / "lab-7").write_text(public_line(key_files["agent"]))
    (users / "tunnel" / "keys").write_text('name="own" ' + public_line(key_files["agent_rsa"]))
    for path in (tenants / "lab-7", users / "tunnel" / "keys"):
        path.chmod(0o600)
    relay = start_relay(flags=("-o", f"AuthorizedKeysFile={tenants} {users}/%u/keys"), keys_first=False)
    relay.wait_for(f"takes the keys of the files in {tenants}: 1 key in 1 file")
    relay.wait_for(rf"takes the keys of {users}/%u/keys, %u being the user")
    ssh.start(relay, "-R", "0:localhost:22")
    relay.wait_for('agent tunnel#1 from .*: logged in with key "lab-7"')
    ssh.start(relay, "-R", "0:localhost:22", key="agent_rsa")
    relay.wait_for('logged in with key "own"')
    assert ssh.run(relay, "-l", "other", "-N", key="agent_rsa").returncode == 255


def test_lines_that_cannot_mean_what_they_say(settings, tmp_path, key_files, unprivileged):
    """Told with file and line; the line is in force, and the check says that all is well."""
    line = public_line(key_files["agent"])
    keys = tmp_path / "authorized_keys"
    keys.write_text(f'restrict,permitlisten="8080" {line}permitlisten="8080-8089" {line}permitlisten="7000" {line}'
                    f'visitors-from="!192.0.2.1" {line}')
    run = sallyd("-t", *settings("PermitListen 8085-8090 22"))
    assert run.returncode == 0
    said = run.stderr.splitlines()
    assert len(said) == 3
    assert f"{keys} line 1: warning: permitlisten= has no effect" in said[0]
    assert f'{keys} line 3: warning: permitlisten="7000" admits nothing: PermitListen has none of its ports' == said[1]
    assert f"{keys} line 4: warning: visitors-from= admits nobody" in said[2]
    prefix, folder = unprivileged
    if int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 22:
        return
    low = folder / "keys"
    low.write_text(f'permitlisten="20-22" {line}')
    give_away(low).chmod(0o644)
    words = [*prefix, os.environ["SALLYD"], "-t", "-f", "/dev/null", "-o", f"AuthorizedKeysFile={low}"]
    run = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, check=False, env={"HOME": str(folder)})
    assert f'{low} line 1: warning: no port of permitlisten="20-22" can be opened: below ' in run.stderr


def test_check_and_dump(settings, tmp_path):
    good = settings("Port 2201", "GatewayPorts clientspecified", "PermitListen 2222 *:8080",
                    "ClientAliveInterval 7", "RekeyLimit 1G 1h", "MaxStartups 3:50:9")
    run = sallyd("-t", *good)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    dump = sallyd("-T", *good)
    assert dump.returncode == 0
    lines = dump.stdout.splitlines()
    for line in ("listenaddress *:2201", "gatewayports clientspecified", "permitlisten *:2222 *:8080",
                 "clientaliveinterval 7", "maxstartups 3:50:9", "rekeylimit 1073741824 3600"):
        assert line in lines
    again = tmp_path / "again"
    again.write_text(dump.stdout)
    assert sallyd("-T", "-f", str(again)).stdout == dump.stdout


def test_check_looks_at_keys(settings, tmp_path, key_files):
    keys = tmp_path / "authorized_keys"
    keys.write_text("# a comment\nssh-ed25519 AAAA broken\n")
    run = sallyd("-t", *settings())
    assert run.returncode == 1
    assert f"{keys} line 2: " in run.stderr
    keys.write_text(public_line(key_files["agent"]))
    keys.chmod(0o664)
    run = sallyd("-t", *settings())
    assert run.returncode == 1
    assert f"{keys} may be written by others (mode 0664): chmod go-w {keys}" in run.stderr
    open_key = make_key(tmp_path / "open")
    open_key.chmod(0o644)
    run = sallyd("-t", "-h", str(open_key), "-f", "/dev/null")
    assert run.returncode == 1
    assert f"host key {open_key} may be read by others (mode 0644): chmod 600 {open_key}" in run.stderr


def test_a_port_that_is_taken(settings):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
        for flags in (("-D",), ()):
            run = sallyd(*flags, "-p", str(port), "-o", "ListenAddress=127.0.0.1", "-o", "ControlSocket=none",
                         *settings())
            assert run.returncode == 1
            assert run.stdout == ""
            assert run.stderr == f"cannot listen: port {port} on 127.0.0.1 is taken\n"


def test_a_control_socket_that_cannot_be(settings, tmp_path):
    long = f"/tmp/{'x' * 300}"
    for path, said in ((tmp_path / "none" / "s", f"control socket {tmp_path}/none/s: no such file or directory\n"),
                       (long, f"control socket: 107 letters at most, and not {long}"[:200])):
        run = sallyd("-D", "-p", "0", "-o", "ListenAddress=127.0.0.1", "-o", f"ControlSocket={path}", *settings())
        assert run.returncode == 1
        assert run.stderr.startswith(said) and run.stderr.count("\n") == 1, run.stderr


# --- the first start --------------------------------------------------------------------------------

def test_a_first_start_without_anything(unprivileged, started):
    prefix, home = unprivileged
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "USER": "me"}
    relay = Process([*prefix, os.environ["SALLYD"], "-D", "-p", "0"], env=env, cwd="/")
    started.append(relay)
    port = int(relay.wait_for(r"listening on 0\.0\.0\.0:(\d+), \[::\]:\1$").group(1))
    relay.wait_for(rf"takes the keys of {home}/.ssh/authorized_keys: there are none yet")
    state = home / ".local/state/sallyport"
    key = state / "ssh_host_ed25519_key"
    told = relay.wait_for(r"host key ssh-ed25519 (SHA256:\S+)").group(1)
    assert told in subprocess.run(["ssh-keygen", "-lf", f"{key}.pub"], check=True, capture_output=True,
                                  text=True).stdout
    assert subprocess.run(["ssh-keygen", "-yf", key], check=True, capture_output=True,
                          text=True).stdout.split()[:2] == pathlib.Path(f"{key}.pub").read_text().split()[:2]
    assert (key.stat().st_mode & 0o777, state.stat().st_mode & 0o777) == (0o600, 0o700)
    relay.wait_for(rf"^  sally -fnNT -R 2222:localhost:22 -p {port} \S+@\S+$")
    relay.wait_for(rf"^  ssh -fnNT -R 2222:localhost:22 -p {port} \S+@\S+$")
    relay.wait_for(r"^  ssh -p 2222 USER@localhost$")
    status = subprocess.run([*prefix, os.environ["SALLYCTL"], "status"], env=env, capture_output=True, text=True,
                            timeout=LIMIT_S, check=True).stdout
    assert told in status and f":{port}" in status
    # A second one sees the first.
    second = subprocess.run([*prefix, os.environ["SALLYD"], "-D", "-p", "0"], env=env, cwd="/", capture_output=True,
                            text=True, timeout=LIMIT_S, check=False)
    assert second.returncode == 1
    assert f"sallyd already runs: pid {relay.popen.pid} " in second.stderr
    assert relay.stop() == 0
    assert not (state / "sallyd.sock").exists()
    # The next start finds the key.
    again = Process([*prefix, os.environ["SALLYD"], "-D", "-p", "0"], env=env, cwd="/")
    started.append(again)
    assert again.wait_for(r"host key ssh-ed25519 (SHA256:\S+)").group(1) == told


def test_the_default_configuration_is_read(unprivileged, started):
    prefix, home = unprivileged
    folder = home / "conf" / "sallyport"
    folder.mkdir(parents=True)
    (folder / "sallyd_config").write_text("Port 0\nListenAddress 127.0.0.1\nNonsense 1\n")
    env = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "conf"), "XDG_STATE_HOME": str(home / "state"),
           "PATH": os.environ["PATH"]}
    give_away(home / "conf")
    run = subprocess.run([*prefix, os.environ["SALLYD"], "-D"], env=env, capture_output=True, text=True,
                         timeout=LIMIT_S, check=False)
    assert run.returncode == 255
    assert f"{folder}/sallyd_config line 3: Bad configuration option: Nonsense" in run.stderr.replace("config:", "config")
    (folder / "sallyd_config").write_text("Port 0\nListenAddress 127.0.0.1\n")
    relay = Process([*prefix, os.environ["SALLYD"], "-D"], env=env)
    started.append(relay)
    relay.wait_for(r"listening on 127\.0\.0\.1:\d+$")
    assert (home / "state/sallyport/ssh_host_ed25519_key").exists()


# --- background, signals ----------------------------------------------------------------------------

@pytest.fixture
def in_background(tmp_path, settings):
    """Starts one as sshd is started: the command returns when it serves. Ends it by the pid it left."""
    pid_file = tmp_path / "pid"

    def start(*flags):
        return sallyd("-p", "0", "-o", f"ControlSocket={tmp_path / 'sock'}", "-o", f"PidFile={pid_file}",
                      "-o", "ListenAddress=127.0.0.1", "-E", str(tmp_path / "log"), *flags, *settings())

    yield start, tmp_path
    if pid_file.exists():
        os.kill(int(pid_file.read_text()), signal.SIGKILL)


def test_background(in_background):
    start, folder = in_background
    run = start()
    assert run.returncode == 0, run.stderr
    assert "listening on 127.0.0.1:" in run.stdout and run.stderr == ""
    pid = int((folder / "pid").read_text())
    assert os.getsid(pid) != os.getsid(0)
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert all(os.readlink(f"/proc/{pid}/fd/{fd}") == "/dev/null" for fd in range(3))
    ctl = [os.environ["SALLYCTL"], "-s", folder / "sock", "--json", "status"]
    assert json.loads(subprocess.run(ctl, check=True, capture_output=True).stdout)["pid"] == pid
    assert start().returncode == 1
    assert (folder / "pid").read_text() == f"{pid}\n"
    os.kill(pid, signal.SIGHUP)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not (folder / "pid").exists())
    assert not (folder / "sock").exists()
    log = (folder / "log").read_text()
    assert "SIGHUP: configuration and keys are read again" in log and "ending (terminated)" in log
    assert start("-q").stdout == ""


def test_the_socket_of_a_dead_relay_is_replaced(in_background):
    start, folder = in_background
    assert start().returncode == 0
    dead = int((folder / "pid").read_text())
    os.kill(dead, signal.SIGKILL)
    wait_until(lambda: not pathlib.Path(f"/proc/{dead}").exists() or "Z" in state_of(dead))
    assert (folder / "sock").exists()
    assert start().returncode == 0
    assert int((folder / "pid").read_text()) != dead


def state_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except OSError:
        return "Z"


def test_something_else_in_the_place_of_the_socket(in_background):
    start, folder = in_background
    (folder / "sock").write_text("mine")
    run = start()
    assert run.returncode == 1
    assert "something else is there" in run.stderr
    assert (folder / "sock").read_text() == "mine"


@need("ssh")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_end(relay, ssh, how):
    client = ssh.start(relay, "-R", "0:localhost:22")
    relay.popen.send_signal(how)
    assert relay.wait_end() == 0
    client.wait_for("the relay is shutting down")
    assert client.wait_end() == 255
    assert not relay.socket.exists()


# --- sallyctl ---------------------------------------------------------------------------------------

@need("ssh")
def test_ls_and_status(relay, ssh, target, key_files):
    assert "no agent is connected" in relay.ctl("ls").stdout
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = int(client.wait_for(r"Allocated port (\d+)").group(1))
    visit(port)
    with socket.create_connection(("127.0.0.1", port)) as inside:
        inside.sendall(b"x" * 1000)
        wait_until(lambda: one_visitor(relay) and one_visitor(relay)["bytes_in"] == 1000)
        own = inside.getsockname()[1]
        agent = json.loads(relay.ctl("--json", "ls").stdout)["agents"][0]
        assert (agent["user"], agent["key"]) == ("tunnel", "agent")
        assert agent["fingerprint"] in subprocess.run(["ssh-keygen", "-lf", key_files["agent"]], check=True,
                                                      capture_output=True, text=True).stdout
        assert agent["peer"].startswith("127.0.0.1:") and agent["rtt_ms"] >= 0
        forward = agent["forwards"][0]
        assert (forward["requested"], forward["port"], forward["chosen"], forward["open"]) == ("localhost", port, True, True)
        assert {(b["address"], b["port"]) for b in forward["bound"]} == {("127.0.0.1", port), ("::1", port)}
        assert (forward["visitors_now"], forward["visitors_ever"]) == (1, 2)
        assert (forward["bytes_in"], forward["bytes_out"]) == (1005, 37)
        assert forward["visitors"][0]["from"] == f"127.0.0.1:{own}"
        table = relay.ctl("ls").stdout
        for word in ("tunnel#1", f"127.0.0.1:{port} [::1]:{port}", f"127.0.0.1:{own}", "1 visitors (2 so far)"):
            assert word in table
        counts = json.loads(relay.ctl("--json", "status").stdout)["counts"]
        assert (counts["agents"], counts["forwards"], counts["visitors"], counts["visitors_ever"]) == (1, 1, 1, 2)
    assert "agents     1 (1 logins so far" in relay.ctl("status").stdout


def one_visitor(relay):
    visitors = json.loads(relay.ctl("--json", "ls").stdout)["agents"][0]["forwards"][0]["visitors"]
    return visitors[0] if visitors else None


def test_exit_codes_of_sallyctl(relay, tmp_path):
    assert relay.ctl("status").returncode == 0
    assert relay.ctl().returncode == relay.ctl("dance").returncode == relay.ctl("ls", "more").returncode == 2
    assert relay.ctl("-s", str(tmp_path / "none"), "status").returncode == 3
    assert relay.ctl("ls", "more").stderr.startswith("sallyctl: extra argument 'more'\n")


def test_the_control_socket_is_private_and_bounded(relay):
    assert relay.socket.stat().st_mode & 0o777 == 0o600

    def say(data):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(LIMIT_S)
            s.connect(str(relay.socket))
            if data:  # even nothing cannot be sent to who has hung up
                s.sendall(data)
            parts = b""
            while not parts.endswith(b"\n") and (part := s.recv(65536)):
                parts += part
            return parts

    assert "error" in json.loads(say(b"{nonsense\n"))
    assert "error" in json.loads(say(b'{"cmd":"dance"}\n'))
    assert "error" in json.loads(say(b'[1]\n'))
    assert "error" in json.loads(say(b'{"cmd":"ls","depth":"all"}\n'))
    assert say(b"x" * 4096) == b""  # too long without an end
    with socket.socket(socket.AF_UNIX) as s:  # two requests in one piece get two answers
        s.settimeout(LIMIT_S)
        s.connect(str(relay.socket))
        s.sendall(b'{"cmd":"ls"}\n{"cmd":"status"}\n')
        with s.makefile("rb") as lines:
            assert "agents" in json.loads(lines.readline())
            assert "pid" in json.loads(lines.readline())
    with socket.socket(socket.AF_UNIX) as s:  # so do those of one who has asked all it wants to know
        s.settimeout(LIMIT_S)
        s.connect(str(relay.socket))
        s.sendall(b'{"cmd":"status"}\n' * 1000)  # several buffers of requests, and more answers than a socket holds
        s.shutdown(socket.SHUT_WR)
        with s.makefile("rb") as lines:
            answers = lines.read().splitlines()
        assert len(answers) == 1000 and all("pid" in json.loads(a) for a in answers)
    with socket.socket(socket.AF_UNIX) as s:  # a request may come in pieces
        s.settimeout(LIMIT_S)
        s.connect(str(relay.socket))
        for byte in b'{"cmd":"status"}\n':
            s.sendall(bytes([byte]))
        assert "pid" in json.loads(s.makefile("rb").readline())
    crowd = [socket.socket(socket.AF_UNIX) for _ in range(16)]
    for s in crowd:
        s.connect(str(relay.socket))
    assert say(b"") == b""  # one too many
    for s in crowd:
        s.close()
    wait_until(lambda: relay.ctl("status").returncode == 0)
