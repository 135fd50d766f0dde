# SPDX-License-Identifier: ISC
"""sallyd under a service manager: what it is told, the sockets it lends, and the files that are installed."""
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from conftest import LIMIT_S, Process, give_away, need, public_line, visit
from test_relay import allocated

pytestmark = need("ssh", "ssh-keygen")
SYSTEMD = pathlib.Path(__file__).parents[2] / "systemd"
# As a manager does it: the socket is descriptor 3, and LISTEN_PID whoever becomes the service.
LEND = ("import os, sys; n = int(sys.argv[1]); fds = [int(x) for x in sys.argv[2:2 + n]];"
        "high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)];"
        "[os.dup2(fd, 3 + i) for i, fd in enumerate(high)];"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(n));"
        "os.closerange(3 + n, 200); os.execvp(sys.argv[2 + n], sys.argv[2 + n:])")


@pytest.fixture
def words(tmp_path, key_files):
    (tmp_path / "authorized_keys").write_text(public_line(key_files["agent"]), encoding="ascii")
    (tmp_path / "authorized_keys").chmod(0o600)
    config = tmp_path / "sallyd_config"
    config.write_text(f"HostKey {key_files['relay']}\nAuthorizedKeysFile {tmp_path}/authorized_keys\n"
                      f"ControlSocket {tmp_path}/sock\nPortsFile none\nDrainTime 60\n", encoding="ascii")
    return ["-D", "-f", str(config)]


@pytest.fixture
def start(started, words):
    def run(*more, lent=(), env=None):
        fds = [s.fileno() for s in lent]
        command = [os.environ["SALLYD"], *words, *more]
        if lent:
            command = [sys.executable, "-c", LEND, str(len(fds)), *map(str, fds), *command]
        process = Process(command, env={**os.environ, **(env or {})}, pass_fds=fds)
        started.append(process)
        return process

    return run


class At:
    """What the ssh fixture wants to know of a relay."""

    def __init__(self, port):
        self.port = port


def test_the_manager_is_told(start, manager, tmp_path):
    relay = start("-p", "0", env={"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "400000"})
    manager.wait_for("^READY=1\nSTATUS=")
    manager.wait_for("^WATCHDOG=1")
    relay.popen.send_signal(signal.SIGHUP)
    assert int(re.search(r"MONOTONIC_USEC=(\d+)", manager.wait_for("^RELOADING=1\n")).group(1)) > 0
    manager.wait_for("^READY=1")
    with (tmp_path / "sallyd_config").open("a", encoding="ascii") as config:
        config.write("Bogus 1\n")
    relay.popen.send_signal(signal.SIGHUP)
    manager.wait_for("^RELOADING=1\n")
    manager.wait_for("^READY=1")  # with the old one
    relay.popen.send_signal(signal.SIGTERM)
    manager.wait_for("^STOPPING=1\nSTATUS=")
    assert relay.wait_end() == 0


def test_who_is_told_nothing_says_nothing(start):
    relay = start("-p", "0", env={"NOTIFY_SOCKET": "nonsense"})
    relay.wait_for("NOTIFY_SOCKET is neither a path nor begins with '@'")
    relay.wait_for(r"ssh -p \d+ USER@")


def test_lent_sockets_outlive_the_relay(start, ssh, target):
    """Agents that knock while there is no relay are served by the next one."""
    with socket.create_server(("127.0.0.1", 0)) as one, \
            socket.create_server(("::1", 0), family=socket.AF_INET6) as two:
        port = one.getsockname()[1]
        first = start("-p", "1", lent=(one, two))  # the setting is not looked at
        first.wait_for(rf"listening on 127\.0\.0\.1:{port}, \[::1\]:{two.getsockname()[1]}")
        client = ssh.start(At(port), "-R", f"0:127.0.0.1:{target.port}")
        visit(allocated(client))
        first.popen.send_signal(signal.SIGINT)
        assert first.wait_end() == 0
        client.wait_end()
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as early:
            early.settimeout(LIMIT_S)
            second = start(lent=(one, two))
            assert early.recv(4) == b"SSH-"
        second.wait_for(r"ssh -p \d+ USER@")
        visit(allocated(ssh.start(At(port), "-R", f"0:127.0.0.1:{target.port}")))


def test_what_is_lent_must_listen(start):
    with socket.socket() as mute, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for wrong in (mute, datagrams):
            relay = start(lent=(wrong,))
            assert relay.wait_end() == 1
            assert relay.said == "LISTEN_FDS: descriptor 3 is no stream socket that listens"


def test_sockets_lent_to_somebody_else_are_left_alone(start):
    relay = start("-p", "0", env={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
    relay.wait_for(r"ssh -p \d+ USER@")


# --- the files --------------------------------------------------------------------------------------

@pytest.mark.skipif("RELAY_UNIT" not in os.environ, reason="no unit to test")
def test_the_unit_starts_what_it_says(ssh, target, key_files, started, unprivileged):
    """Its command line and environment with other folders, and the configuration that is installed."""
    unit = pathlib.Path(os.environ["RELAY_UNIT"]).read_text(encoding="utf-8")
    command = re.search("^ExecStart=(.*)$", unit, re.M).group(1).split()
    assert command[0].endswith("/sallyd") and command[1:] == ["-D", "-f", "/etc/sallyport/sallyd_config"]
    prefix, folder = unprivileged
    state, config, keys = folder / "lib" / "sallyport", folder / "config", folder / "keys"
    for made in (state.parent, state):
        made.mkdir(mode=0o700)
        give_away(made)
    shutil.copy(key_files["relay"], state / "ssh_host_ed25519_key")
    give_away(state / "ssh_host_ed25519_key")
    text = (SYSTEMD / "sallyd_config").read_text(encoding="utf-8")
    assert "AuthorizedKeysFile /etc/sallyport/authorized_keys" in text
    config.write_text(text.replace("/etc/sallyport/authorized_keys", str(keys)), encoding="utf-8")
    keys.write_text(public_line(key_files["agent"]), encoding="ascii")
    keys.chmod(0o644)
    config.chmod(0o644)
    env = dict(one.split("=", 1) for one in re.search("^Environment=(.*)$", unit, re.M).group(1).split())
    env = {name: value.replace("%S", str(folder / "lib")) for name, value in env.items()}
    with socket.create_server(("127.0.0.1", 0)) as lent:
        relay = Process([sys.executable, "-c", LEND, "1", str(lent.fileno()), *prefix, os.environ["SALLYD"], "-D", "-f",
                         str(config)], env={**os.environ, **env}, pass_fds=[lent.fileno()])
        started.append(relay)
        relay.wait_for(r"ssh -p \d+ USER@")
        visit(allocated(ssh.start(At(lent.getsockname()[1]), "-R", f"0:127.0.0.1:{target.port}")))
    relay.wait_for("event=login ")
    assert (state / "sallyd.sock").is_socket()


@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="systemd-sysusers is not installed")
def test_the_user_is_one_that_systemd_can_make():
    run = subprocess.run(["systemd-sysusers", "--dry-run", SYSTEMD / "sallyport.sysusers.conf"], capture_output=True,
                         text=True, timeout=LIMIT_S, check=False)
    assert run.returncode == 0 and "ignoring" not in run.stderr
    if "sallyport" not in (one.pw_name for one in pwd.getpwall()):
        assert "user 'sallyport'" in run.stdout + run.stderr
