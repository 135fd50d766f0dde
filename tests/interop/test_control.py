# SPDX-License-Identifier: ISC
"""Seeing and steering a running relay, with real clients on it: sallyctl's commands, and what one may do to
its socket."""
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import termios
import threading

import pytest

from conftest import IS_ROOT, LIMIT_S, Process, is_free, listeners, need, visit, wait_until

pytestmark = need("ssh", "ssh-keygen")


def tunnel(ssh, relay, target, **more):
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}", **more)
    return client, int(client.wait_for(r"Allocated port (\d+)").group(1))


def visitors(relay):
    return json.loads(relay.ctl("--json", "status").stdout)["counts"]["visitors"]


def is_gone(client):
    return client.wait_end() == 255


# --- kick and close ---------------------------------------------------------------------------------

@pytest.mark.parametrize("by", ["1", "#1", "tunnel#1", "agent"])
def test_kick(relay, ssh, target, by):
    client, port = tunnel(ssh, relay, target)
    other, its_port = tunnel(ssh, relay, target, key="agent_rsa")
    run = relay.ctl("kick", by)
    assert run.returncode == 0 and re.match(r"sent away: tunnel#1  key agent  from 127\.0\.0\.1:\d+\n$", run.stdout)
    client.wait_for("the relay's operator ended this connection")
    assert is_gone(client) and is_free("127.0.0.1", port)
    visit(its_port)
    run = relay.ctl("kick", by)
    assert run.returncode == 1 and "no agent is connected that goes by" in run.stderr and by in run.stderr
    other.stop()


def test_close_a_visitor(relay, ssh, target):
    _, port = tunnel(ssh, relay, target)
    with socket.create_connection(("127.0.0.1", port)) as one, socket.create_connection(("127.0.0.1", port)) as two:
        wait_until(lambda: visitors(relay) == 2)
        run = relay.ctl("close", f"127.0.0.1:{one.getsockname()[1]}")
        assert (run.returncode, run.stdout) == (0, "closed: 0 forwards, 1 visitors, 0 leases\n")
        with pytest.raises(ConnectionResetError):
            one.recv(1)
        two.sendall(b"x")
        two.shutdown(socket.SHUT_WR)
        assert len(two.makefile("rb").read()) == 33
    visit(port)
    assert relay.ctl("close", "127.0.0.1:1").returncode == 1


def test_close_a_port(relay, ssh, target):
    client, port = tunnel(ssh, relay, target)
    with socket.create_connection(("127.0.0.1", port)) as inside:
        wait_until(lambda: visitors(relay) == 1)
        run = relay.ctl("close", str(port))
        assert (run.returncode, run.stdout) == (0, "closed: 1 forwards, 1 visitors, 0 leases\n")
        with pytest.raises(ConnectionResetError):
            inside.recv(1)
    client.wait_for(f"port {port} is closed: the relay's operator closed it")
    assert not listeners(port)
    assert relay.ctl("close", str(port)).returncode == 1
    assert client.popen.poll() is None


# --- reload -----------------------------------------------------------------------------------------

def test_reload(tmp_path, start_relay, ssh, target, key_files):
    conf = tmp_path / "sallyd_config"
    conf.write_text("PermitListen any\n")
    relay = start_relay(flags=["-f", str(conf)])
    client, port = tunnel(ssh, relay, target)
    conf.write_text("NoSuchWord\n")
    run = relay.ctl("reload")
    assert run.returncode == 1 and "NoSuchWord" in run.stderr
    visit(port)
    conf.write_text("PermitListen none\n")
    run = relay.ctl("reload")
    assert run.returncode == 0 and f"{relay.keys_file}: 3 keys\n" in run.stdout
    client.wait_for(f"port {port} is closed")
    relay.write_keys("")
    assert f"{relay.keys_file}: 0 keys\n" in relay.ctl("reload").stdout
    assert is_gone(client)


# --- drain ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("how", ["sallyctl", "SIGTERM"])
def test_drain(start_relay, ssh, target, how):
    relay = start_relay(*(["DrainTime=1h"] if how == "SIGTERM" else []))
    client, port = tunnel(ssh, relay, target)
    with socket.create_connection(("127.0.0.1", port)) as inside:
        wait_until(lambda: visitors(relay) == 1)
        if how == "SIGTERM":
            relay.popen.send_signal(signal.SIGTERM)
        else:
            assert relay.ctl("drain").stdout == "draining: 1 visitors\n"
        relay.wait_for(r"draining \(.*\), 1 visitors")
        wait_until(lambda: not listeners(port) and not listeners(relay.port))
        assert "no more: it drains" in relay.ctl("status").stdout
        inside.sendall(b"still here")
        inside.shutdown(socket.SHUT_WR)
        assert inside.makefile("rb").read().endswith(b"still here")
    client.wait_for("the relay is shutting down")
    assert is_gone(client) and relay.wait_end() == 0


def test_drain_has_an_end(start_relay, ssh, target):
    relay = start_relay()
    _, port = tunnel(ssh, relay, target)
    with socket.create_connection(("127.0.0.1", port)) as inside:
        wait_until(lambda: visitors(relay) == 1)
        assert relay.ctl("drain", "soon").returncode == 1
        assert relay.ctl("drain", "1").stdout == "draining: 1 visitors, for 1s at most\n"
        relay.wait_for("1 visitors are still there, and time is up")
        assert relay.wait_end() == 0
        with pytest.raises(ConnectionResetError):
            inside.recv(1)


def test_the_second_signal_means_it(start_relay, ssh, target):
    relay = start_relay("DrainTime=1h")
    _, port = tunnel(ssh, relay, target)
    with socket.create_connection(("127.0.0.1", port)):
        wait_until(lambda: visitors(relay) == 1)
        relay.popen.send_signal(signal.SIGTERM)
        relay.wait_for("draining")
        relay.popen.send_signal(signal.SIGTERM)
        assert relay.wait_end() == 0


def test_nobody_is_inside(start_relay, ssh, target):
    relay = start_relay("DrainTime=1h")
    client, _ = tunnel(ssh, relay, target)
    relay.popen.send_signal(signal.SIGTERM)
    assert relay.wait_end() == 0 and is_gone(client)


# --- watch ------------------------------------------------------------------------------------------

class Watcher:
    """Speaks to the socket itself, to know when it watches."""

    def __init__(self, relay):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect(str(relay.socket))
        self.socket.sendall(b'{"cmd":"watch"}\n')
        self.lines = self.socket.makefile("rb")
        assert json.loads(self.lines.readline()) == {"watching": True}

    def next(self):
        return json.loads(self.lines.readline())


def test_watch(relay, ssh, target):
    watcher = Watcher(relay)
    client, port = tunnel(ssh, relay, target)
    own = visit(port)
    client.stop()
    events = [watcher.next() for _ in range(5)]
    assert [e["event"] for e in events] == ["login", "forward", "visitor", "forward-closed", "logout"]
    assert (events[2]["address"], events[2]["port"], events[2]["bytes_in"], events[2]["forward"]) == (*own, 5, port)
    relay.popen.terminate()
    assert watcher.lines.read() == b""


def test_watch_for_people(relay, ssh, started):
    watcher = Process([os.environ["SALLYCTL"], "-s", relay.socket, "watch"])
    started.append(watcher)
    while not watcher.find_all("login-refused"):  # until it watches
        ssh.run(relay, "-N", key="stranger")
    m = watcher.wait_for(r"^\d\d:\d\d:\d\d  login-refused    127\.0\.0\.1:\d+  agent \d+, user tunnel, tries 1, ")
    assert m
    relay.stop()
    assert watcher.wait_end() == 3 and "the relay hung up" in watcher.said


def test_who_watches_and_does_not_read(relay, ssh, target):
    """It costs the relay a bounded piece of memory, and it learns what it has missed."""
    slow = Watcher(relay)
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    _, port = tunnel(ssh, relay, target)
    count = 3000
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", port)):
            pass
    wait_until(lambda: json.loads(relay.ctl("--json", "status").stdout)["counts"]["visitors_ever"] == count
               and visitors(relay) == 0)
    lines = [json.loads(line) for line in slow.lines.read().splitlines()]  # to its end: it was hung up on
    assert list(lines[-1]) == ["missed"] and lines[-1]["missed"] > 0
    assert len(lines) - 1 + lines[-1]["missed"] == count + 2


# --- whose it is ------------------------------------------------------------------------------------

@pytest.mark.skipif(not IS_ROOT, reason="only root can be somebody else")
def test_a_socket_that_was_opened_to_all(start_relay, unprivileged):
    prefix, folder = unprivileged
    relay = start_relay(folder=folder / "relay")
    (folder / "relay").chmod(0o755)
    relay.socket.chmod(0o666)
    copy = shutil.copy(os.environ["SALLYCTL"], folder)
    run = subprocess.run([*prefix, copy, "-s", relay.socket, "status"], capture_output=True, text=True, check=False,
                         timeout=LIMIT_S)
    assert run.returncode == 3 and run.stdout == ""
    assert relay.ctl("status").returncode == 0


# --- tables -----------------------------------------------------------------------------------------

def on_a_terminal(columns, *command, locale="C.UTF-8"):
    """What a program writes to a terminal so wide."""
    main, other = os.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(command, stdin=other, stdout=other, stderr=other, env={**os.environ, "LC_ALL": locale}) as run:
        os.close(other)
        parts = []
        with contextlib.suppress(OSError):  # EIO: nobody has the terminal any more
            while part := os.read(main, 65536):
                parts.append(part)
        assert run.wait(LIMIT_S) == 0
    os.close(main)
    return b"".join(parts).decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("columns", [40, 80, 300])
def test_a_table_fits_the_terminal(relay, ssh, target, columns):
    _, port = tunnel(ssh, relay, target)
    with socket.create_connection(("127.0.0.1", port)):
        wait_until(lambda: visitors(relay) == 1)
        whole = relay.ctl("ls").stdout.splitlines()
        shown = on_a_terminal(columns, os.environ["SALLYCTL"], "-s", str(relay.socket), "ls")
    assert len(shown) == len(whole) == 4 and "…" not in "".join(whole)
    assert f"127.0.0.1:{port} [::1]:{port}" in whole[2] and max(map(len, whole)) > 120
    assert max(map(len, shown)) <= columns
    assert ("…" in "".join(shown)) == (columns < 300)
    assert shown[1].startswith("tunnel#1 key ag")


def test_what_a_relay_says_is_not_believed(tmp_path, started):
    """Unknown members, wrong types, and letters that would steer a terminal."""
    path = tmp_path / "sock"
    answers = {
        "ls": {"agents": [{"user": "\x1b]0;owned\x07", "number": "x", "key": "東京-" + "y" * 300, "peer": None, "more": [1],
                           "rtt_ms": 1e300, "forwards": [{"port": 1e9, "bound": [{"address": "a" * 5000}] * 3, "limits": 7,
                                                          "visitors": [{"limit": "new", "limit_way": 3, "from": "\u202e"}]}, 5]},
                          3, None], "leases": {"a": 1}},
        "status": {"listen": [1, "\n"], "counts": 5, "host_keys": [{"type": "\x9b31m"}]},
    }
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve():
        with contextlib.suppress(OSError):
            while True:
                with server.accept()[0] as s:
                    asked = json.loads(s.makefile("rb").readline())["cmd"]
                    s.sendall(json.dumps(answers[asked]).encode() + b"\n")

    threading.Thread(target=serve, daemon=True).start()
    for command in answers:
        run = subprocess.run([os.environ["SALLYCTL"], "-s", path, command], capture_output=True, check=False, timeout=LIMIT_S,
                             env={**os.environ, "LC_ALL": "C.UTF-8"})
        assert run.returncode == 0, run.stderr
        text = run.stdout.decode()
        assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}
        if command == "ls":
            assert "東京-" + "y" * 300 in text and "a" * 64 in text
    server.shutdown(socket.SHUT_RDWR)
    server.close()
