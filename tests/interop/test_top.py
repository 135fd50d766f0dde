# SPDX-License-Identifier: ISC
"""sallyctl top, on a terminal of tmux, with keys that are pressed."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading

import pytest

from conftest import LIMIT_S, need, wait_until

pytestmark = need("ssh", "ssh-keygen", "tmux")
COLUMNS = ["PORT", "KEY", "AGENT", "FROM", "VISITORS", "IN", "OUT", "HISTORY", "ROUND TRIP", "LIMITED BY"]


class Screen:
    """A shell on a terminal of its own; what can be seen on it, and a keyboard."""

    def __init__(self, columns, rows, locale, term):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sp-"))  # a socket's path is short
        self.socket = self.folder / "tmux"
        self.env = {**os.environ, "LC_ALL": locale, "SHELL": "/bin/sh", "TMUX_TMPDIR": str(self.folder)}
        for name in ("TMUX", "ENV", "NO_COLOR"):
            self.env.pop(name, None)
        self.tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), f"TERM={term} PS1='ready> ' exec sh")
        wait_until(lambda: "ready>" in self.text())

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], env=self.env, capture_output=True, text=True,
                              timeout=LIMIT_S, check=True).stdout

    def text(self, *flags):
        return self.tmux("capture-pane", "-p", *flags)

    def lines(self):
        return self.text().splitlines()

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def shows(self, pattern):
        try:
            wait_until(lambda: re.search(pattern, self.text(), re.M))
        except AssertionError:
            raise AssertionError(f"{pattern!r} never came on the screen:\n{self.text()}") from None

    def close(self):
        self.tmux("kill-server")
        shutil.rmtree(self.folder)


@pytest.fixture
def screen():
    opened = []

    def start(columns=120, rows=24, locale="C.UTF-8", term="tmux-256color"):
        opened.append(Screen(columns, rows, locale, term))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def forwards(target, count):
    """ssh asks only once for what is all the same. The first leads to the target."""
    return [w for n in range(count) for w in ("-R", f"0:127.0.0.{n + 1}:{target.port}")]


@pytest.fixture
def tunnels(relay, ssh, target):
    """Three ports of two agents, and two visitors in the first."""
    flags = forwards(target, 2)
    first = ssh.start(relay, *flags)
    second = ssh.start(relay, *flags[:2], key="agent_rsa")
    ports = [int(first.wait_for(r"Allocated port (\d+)", n).group(1)) for n in range(2)]
    ports.append(int(second.wait_for(r"Allocated port (\d+)").group(1)))
    inside = [socket.create_connection(("127.0.0.1", ports[0])) for _ in range(2)]
    wait_until(lambda: json.loads(relay.ctl("--json", "status").stdout)["counts"]["visitors"] == 2)
    yield ports
    for s in inside:
        s.close()


def start_top(screen, relay, setting=""):
    """What the shell says after it is the exit code."""
    screen.type(f"clear; {setting} {os.environ['SALLYCTL']} -s {relay.socket} top; echo code=$?=")
    screen.press("Enter")
    screen.shows(r"^\d\d:\d\d:\d\d  ")


def rows(screen):
    return [line.split()[0] for line in screen.lines()[3:] if re.match(r" *\d+ ", line)]


# --- what is shown ----------------------------------------------------------------------------------

def test_top_shows_each_tunnel(relay, tunnels, screen):
    one = screen()
    start_top(one, relay)
    one.shows(r"2 agents  3 tunnels  2 visitors")
    lines = one.lines()
    assert re.split(r"\s{2,}", lines[2].strip()) == COLUMNS
    assert sorted(rows(one)) == sorted(map(str, tunnels))
    assert re.search(rf"^ *{tunnels[2]}  agent_rsa +tunnel#2 +127\.0\.0\.1:\d+ +0 ", one.text(), re.M)
    assert "by RATE" in lines[1] and "q quit" in lines[-1]


@contextlib.contextmanager
def busy(port):
    """A visitor who sends a little, again and again."""
    over = threading.Event()
    with socket.create_connection(("127.0.0.1", port)) as s:
        def send():
            with contextlib.suppress(OSError):
                while not over.wait(0.02):
                    s.sendall(b"x" * 1000)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        yield
        over.set()
        sender.join(LIMIT_S)


def test_top_moves(relay, tunnels, screen):
    """A visitor sends, and its tunnel gets a rate, a curve and the first place."""
    one = screen()
    start_top(one, relay)
    with busy(tunnels[2]):
        one.shows(rf"^ *{tunnels[2]}  agent_rsa .* [\d.]+ K?i?B/s .*[▁▂▃▄▅▆▇█]+ .*visitor")
        assert rows(one)[0] == str(tunnels[2])
        one.shows(r"in \d\S* K?i?B/s  out")


# --- keys -------------------------------------------------------------------------------------------

def test_top_sorts(relay, tunnels, screen):
    one = screen()
    start_top(one, relay)
    for name in COLUMNS[5:7] + ["VISITORS"]:
        one.press(">")
        one.shows(f"^by {name}$")
    assert rows(one)[0] == str(tunnels[0])
    one.press("r")
    one.shows("^by VISITORS, reversed$")
    assert rows(one)[-1] == str(tunnels[0])
    one.press("r", "Right", "Right", "Right")
    one.shows("^by PORT$")
    assert rows(one) == sorted(map(str, tunnels), key=int)
    one.press("<", "Left")
    one.shows("^by ROUND TRIP$")


def test_top_filters(relay, tunnels, screen):
    one = screen()
    start_top(one, relay)
    one.press("/")
    one.type("AGENT_RSx")
    one.shows(r"filter: AGENT_RSx_")
    one.shows("no tunnel is like that")
    one.press("BSpace")
    wait_until(lambda: rows(one) == [str(tunnels[2])])
    one.press("Enter")
    one.shows("^by RATE, only those with 'AGENT_RS'$")
    one.press("/")
    one.press("BSpace")
    one.type("日本q")  # a q that is no command
    one.shows("filter: AGENT_R日本q_")
    one.press("Escape")
    wait_until(lambda: len(rows(one)) == 3)
    one.shows("^by RATE$")


def test_top_pauses(relay, tunnels, screen):
    one = screen()
    start_top(one, relay)
    one.press("Space")
    one.shows("  paused$")
    with socket.create_connection(("127.0.0.1", tunnels[2])):
        one.press("r")
        one.shows("reversed")
        assert "2 visitors" in one.text()
        one.press("Space")
        one.shows("3 visitors")


def test_top_scrolls(relay, ssh, target, screen):
    count = 40
    client = ssh.start(relay, *forwards(target, count))
    ports = sorted(int(client.wait_for(r"Allocated port (\d+)", n).group(1)) for n in range(count))
    one = screen(rows=14)
    start_top(one, relay)
    one.press("<", "<")
    one.shows("^by PORT$")
    seen = [str(p) for p in ports]
    wait_until(lambda: rows(one) == seen[:10])
    for key, first in (("Down", 1), ("NPage", 11), ("NPage", 21), ("NPage", 30), ("Down", 30), ("Up", 29), ("PPage", 19),
                       ("End", 30), ("Home", 0), ("Up", 0)):
        one.press(key)
        wait_until(lambda: rows(one) == seen[first:first + 10])


# --- terminals --------------------------------------------------------------------------------------

@pytest.mark.parametrize("way", ["q", "C-c"])
def test_top_leaves_the_terminal_as_it_was(relay, tunnels, screen, way):
    one = screen()
    one.type(f"stty -g > {one.folder}/before")
    one.press("Enter")
    start_top(one, relay)
    one.press(way)
    one.shows("^code=0=$")
    one.type(f"stty -g > {one.folder}/after; echo done=")
    one.press("Enter")
    one.shows("^done=$")
    assert (one.folder / "before").read_text() == (one.folder / "after").read_text()
    assert one.tmux("display-message", "-p", "#{cursor_flag}#{alternate_on}").strip() == "10"


def test_top_follows_the_size(relay, tunnels, screen):
    one = screen()
    start_top(one, relay)
    for columns, lines in ((60, 10), (20, 5), (3, 2), (1, 1), (200, 50)):
        one.tmux("resize-window", "-x", str(columns), "-y", str(lines))
        wait_until(lambda: len(one.text("-J").rstrip("\n").split("\n")) <= lines)
    one.shows("^ *PORT  KEY .*LIMITED BY$")
    assert one.lines()[49].startswith("q quit") and sorted(rows(one)) == sorted(map(str, tunnels))
    one.tmux("resize-window", "-x", "60", "-y", "10")
    one.shows("^ *PORT  KEY +VISITORS  IN  OUT  LIMITED BY$")
    assert all(len(line) <= 60 for line in one.lines()) and one.lines()[9].startswith("q quit")
    one.press("q")
    one.shows("^code=0=$")


@pytest.mark.parametrize("term, setting, has_colour", [
    ("tmux-256color", "", True), ("tmux-256color", "NO_COLOR=1", False), ("vt100", "", False)])
def test_top_with_and_without_colour(relay, tunnels, screen, term, setting, has_colour):
    one = screen(term=term, locale="C")
    start_top(one, relay, setting)
    with busy(tunnels[2]):
        one.shows(rf"^ *{tunnels[2]} .*[.:=+*#-]+ .* visitor$")
        assert bool(re.search(r"\x1b\[3[0-7]m", one.text("-e"))) == has_colour
    one.press("q")
    one.shows("^code=0=$")


def test_top_when_the_relay_goes(relay, tunnels, screen):
    one = screen()
    start_top(one, relay)
    relay.stop()
    one.shows("^no relay answers at |^no answer from the relay")
    assert len(rows(one)) == 3
    one.press("q")
    one.shows("^code=0=$")


def test_top_without_a_terminal(relay, tmp_path):
    run = relay.ctl("top")
    assert run.returncode == 2 and run.stderr == "sallyctl: top wants a terminal; --json does without\n"
    assert relay.ctl("-s", str(tmp_path / "none"), "--json", "top").returncode == 3


def test_top_on_a_terminal_that_nobody_knows(relay, screen):
    one = screen()
    # ncurses forgets some memory of its own on this way: a build for the sanitizer would say so instead.
    one.type(f"clear; ASAN_OPTIONS=detect_leaks=0 TERM=nosuch {os.environ['SALLYCTL']} -s {relay.socket} top; echo code=$?=")
    one.press("Enter")
    one.shows(r"^sallyctl: this terminal cannot show a screen \(TERM\)$")
    one.shows("^code=2=$")


def test_top_as_json(relay, tunnels, started):
    run = subprocess.Popen([os.environ["SALLYCTL"], "-s", relay.socket, "--json", "top"], stdout=subprocess.PIPE, text=True)
    try:
        looks = [json.loads(run.stdout.readline()) for _ in range(3)]
    finally:
        run.kill()
        run.wait(LIMIT_S)
        run.stdout.close()
    for look in looks:
        forwards_now = [f for a in look["agents"] for f in a["forwards"]]
        assert [f["visitors_now"] for f in forwards_now if f["port"] == tunnels[0]] == [2]
        assert len(forwards_now) == 3 and all(f["visitors"] == [] for f in forwards_now)
