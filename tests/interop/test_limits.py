# SPDX-License-Identifier: ISC
"""What limits a visitor, as sallyctl ls has it: each cause is made with real programs."""
import collections
import contextlib
import json
import signal
import socket
import threading
import time

import pytest

from conftest import LIMIT_S, need, public_line, wait_until

pytestmark = need("ssh", "ssh-keygen")
CHUNK = b"x" * 65536


def agent(relay):
    return json.loads(relay.ctl("--json", "ls").stdout)["agents"][0]


def visitor(relay):
    return agent(relay)["forwards"][0]["visitors"][0]


def wait_for_limit(relay, limit, way):
    """Looks as often as somebody would who watches."""
    seen = collections.Counter()

    def is_it():
        v = visitor(relay)
        seen[v["limit"], v["limit_way"]] += 1
        time.sleep(0.1)  # the relay counts once a second
        return (v["limit"], v["limit_way"]) == (limit, way)

    try:
        wait_until(is_it)
    except AssertionError:
        raise AssertionError(f"{limit} {way} was never told, but {dict(seen)}") from None


class Service:
    """A target or a visitor's end whose talk each test makes up. No call in it lasts longer than LIMIT_S."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.open = self.listener.getsockname()[1], [self.listener]

    def serve(self, talk):
        def run():
            with contextlib.suppress(OSError):
                s = self.listener.accept()[0]
                self.open.append(s)
                talk(s)

        threading.Thread(target=run, daemon=True).start()
        return self.port

    def close(self):
        for s in self.open:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()


@pytest.fixture
def service():
    one = Service()
    yield one
    one.close()


@pytest.fixture
def tunnel(relay, ssh, service):
    """A forward to the service, and who visits it."""
    opened = []

    def start(talk, through=relay, **more):
        client = ssh.start(through, "-R", f"0:127.0.0.1:{service.serve(talk)}", **more)
        port = int(client.wait_for(r"Allocated port (\d+)").group(1))
        if hasattr(through, "delay_s"):
            through.delay_s = through.wanted_s
        inside = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
        opened.append(inside)
        return client, inside

    yield start
    for s in opened:
        with contextlib.suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)
        s.close()


def in_background(talk, s):
    def run():
        with contextlib.suppress(OSError):
            talk(s)

    threading.Thread(target=run, daemon=True).start()


def send_all_day(s):
    while True:
        s.sendall(CHUNK)


def read_all_day(s):
    while s.recv(1 << 18):
        pass


def read_slowly(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    while s.recv(8192):
        time.sleep(0.02)


def wait_for_nothing(s):
    s.settimeout(None)
    threading.Event().wait(LIMIT_S)


# --- one cause each ---------------------------------------------------------------------------------

def test_nobody_says_anything(relay, tunnel):
    tunnel(wait_for_nothing)
    wait_for_limit(relay, "idle", "")
    v = visitor(relay)
    assert (v["rate_in"], v["rate_out"]) == (0, 0)
    assert agent(relay)["forwards"][0]["limits"] == {"idle": 1}


def test_a_visitor_who_sends_little(relay, tunnel):
    _, inside = tunnel(read_all_day)

    def trickle(s):
        while True:
            s.sendall(b"hello")
            time.sleep(0.05)

    in_background(trickle, inside)
    wait_for_limit(relay, "visitor", "in")
    assert 5 <= visitor(relay)["rate_in"] <= 500


@pytest.mark.parametrize("reads", [read_slowly, wait_for_nothing])
def test_a_visitor_who_reads_slowly(relay, tunnel, reads):
    _, inside = tunnel(send_all_day)
    inside.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    in_background(reads, inside)
    wait_for_limit(relay, "visitor", "out")
    assert visitor(relay)["waited_out_ms"]["sink"] > 0


def test_a_target_that_says_little(relay, tunnel):
    def trickle(s):
        while True:
            s.sendall(b"hello")
            time.sleep(0.05)

    _, inside = tunnel(trickle)
    in_background(read_all_day, inside)
    wait_for_limit(relay, "target", "out")


@pytest.mark.parametrize("reads", [read_slowly, wait_for_nothing])
def test_a_target_that_reads_slowly(relay, tunnel, reads):
    """The agent is asked for a sign of life when nothing goes at all, and gives it."""
    _, inside = tunnel(reads)
    in_background(send_all_day, inside)
    wait_for_limit(relay, "target", "in")
    wait_until(lambda: agent(relay)["answer_ms"] >= 0)
    assert not agent(relay)["silent"]
    assert visitor(relay)["waited_in_ms"]["window"] > 0


@pytest.mark.parametrize("way", ["in", "out"])
def test_an_agent_that_is_frozen(relay, tunnel, way):
    client, inside = tunnel(read_all_day if way == "in" else send_all_day)
    in_background(send_all_day if way == "in" else read_all_day, inside)
    wait_until(lambda: visitor(relay)[f"rate_{way}"] > 0)
    client.popen.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: agent(relay)["silent"])
        assert visitor(relay)["limit"] == "agent"
        assert agent(relay)["heard_ms"] >= 1000
    finally:
        client.popen.send_signal(signal.SIGCONT)
    wait_until(lambda: not agent(relay)["silent"])


def test_the_rate_of_a_key(relay, tunnel, key_files):
    relay.write_keys('rate="200K" ' + public_line(key_files["agent"]))
    _, inside = tunnel(read_all_day)
    in_background(send_all_day, inside)
    wait_for_limit(relay, "rate", "in")
    wait_until(lambda: 40 << 10 < visitor(relay)["rate_in"] < 1000 << 10)
    door = agent(relay)["forwards"][0]
    assert 40 << 10 < door["rate_in"] < 1000 << 10 and door["limits"] == {"rate": 1}
    assert agent(relay)["rate_out"] > 40 << 10  # encrypted, to the agent


class LongWay:
    """Passes connections on to the relay as a long way does: nothing is slow, everything is late."""

    def __init__(self, relay, wanted_s, is_narrow=False):
        self.relay, self.wanted_s, self.delay_s, self.is_narrow = relay, wanted_s, 0, is_narrow
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.open = self.listener.getsockname()[1], [self.listener]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self.relay.port))
                self.open += [near, far]
                for a, b in ((near, far), (far, near)):
                    under_way, news = collections.deque(), threading.Condition()
                    threading.Thread(target=self.take, args=(a, under_way, news), daemon=True).start()
                    threading.Thread(target=self.give, args=(b, under_way, news), daemon=True).start()

    def take(self, s, under_way, news):
        data = b"x"
        while data:
            try:
                data = s.recv(1 << 15 if self.is_narrow else 1 << 18)
            except OSError:
                data = b""
            if self.is_narrow:
                time.sleep(0.02)
            with news:
                under_way.append((time.monotonic() + self.delay_s, data))
                news.notify()

    @staticmethod
    def give(s, under_way, news):
        with contextlib.suppress(OSError):
            while True:
                with news:
                    news.wait_for(lambda: under_way)
                    due, data = under_way.popleft()
                time.sleep(max(0, due - time.monotonic()))
                if not data:
                    s.shutdown(socket.SHUT_WR)
                    return
                s.sendall(data)

    def close(self):
        for s in self.open:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()


@pytest.fixture
def long_way(relay):
    one = LongWay(relay, 0.25)
    yield one
    one.close()


@pytest.mark.parametrize("way", ["in", "out"])
def test_a_window_on_a_long_way(relay, tunnel, long_way, way):
    """2 MiB of ssh's, or of ours, in half a second: whatever the ends could do. The kernel's round trip is
    that to the next hop; the agent's answer tells the whole."""
    _, inside = tunnel(read_all_day if way == "in" else send_all_day, through=long_way)
    in_background(send_all_day if way == "in" else read_all_day, inside)
    wait_for_limit(relay, "window", way)
    a = agent(relay)
    assert a["answer_ms"] >= 500 > a["rtt_ms"]
    wait_until(lambda: visitor(relay)[f"rate_{way}"] > 1 << 20)


def test_a_line_that_is_narrow(relay, tunnel):
    """The agent and its target could take more, and what is for them stays behind."""
    way = LongWay(relay, 0, is_narrow=True)
    try:
        _, inside = tunnel(read_all_day, through=way)
        in_background(send_all_day, inside)
        wait_for_limit(relay, "agent", "in")
    finally:
        way.close()


# --- round trips and rates --------------------------------------------------------------------------

def test_rates_come_to_rest(relay, tunnel):
    """The last visitor leaves, and nothing stays that it did."""
    _, inside = tunnel(read_all_day)
    for _ in range(64):
        inside.sendall(CHUNK)
    wait_until(lambda: agent(relay)["forwards"][0]["rate_in"] > 0 and agent(relay)["rate_out"] > 0)
    inside.close()
    wait_until(lambda: agent(relay)["forwards"][0]["rate_in"] == 0 and agent(relay)["rate_out"] == 0)
    assert agent(relay)["forwards"][0]["bytes_in"] == 64 * len(CHUNK)
