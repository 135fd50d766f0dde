# SPDX-License-Identifier: ISC
"""A thousand slow readers in one tunnel: visitors that do not read what the target sends, or targets that do
not read what visitors send. The tunnel stays up, others are served as if nothing were, memory is bounded,
and in the end everybody has got the right bytes."""
import os
import random
import resource
import selectors
import socket
import threading
import time

import pytest
from conftest import LIMIT_S, Target, visit
from test_paths import SSHD, Paths, paths  # pylint: disable=unused-import

SLOW = 1000
SIZE = 1100 * 1024  # more than the windows and the kernel's buffers on the way of one
BLOCK = random.Random(6).randbytes(SIZE + SLOW)
SMALL = 16 * 1024  # of the kernel's buffers at our ends: what stands there is not in the tunnel
MEMORY = 96 << 20  # more than a connection's budget of 64 MiB, less than a tenth of what is offered
PROMPT_S = 10
STILL_S = 0.5
pytestmark = pytest.mark.skipif(SSHD is None, reason="sshd is not installed")


@pytest.fixture(autouse=True)
def descriptors():
    """Two for every slow reader here; ssh and sshd have to do with what they inherit."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < 4 * SLOW:
        pytest.skip(f"no more than {before[1]} descriptors are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * SLOW, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def data_of(number):
    """What is sent on a stream: different for each, and cheap to compare."""
    return memoryview(BLOCK)[number:number + SIZE]


class Crowd:
    """The senders of all streams in one thread; the readers read when they are told."""

    def __init__(self):
        self.lock, self.readers, self.sent, self.done = threading.Lock(), {}, 0, 0
        self.todo, self.is_over, self.senders = {}, False, []
        self.selector = selectors.DefaultSelector()
        self.thread = threading.Thread(target=self.push, daemon=True)
        self.thread.start()

    def reads(self, number, sock):
        with self.lock:
            self.readers[number] = sock

    def sends(self, number, sock):
        sock.setblocking(False)
        with self.lock:
            self.senders.append(sock)
            self.todo[sock] = data_of(number)
            self.selector.register(sock, selectors.EVENT_WRITE)

    def push(self):
        while not self.is_over:
            for key, _ in self.selector.select(0.05):
                with self.lock:
                    self.push_one(key.fileobj)

    def push_one(self, sock):
        rest = self.todo[sock]
        try:
            n = sock.send(rest[:1 << 16])
        except BlockingIOError:
            return
        except OSError as e:
            self.todo[sock] = e
            self.selector.unregister(sock)
            return
        self.sent += n
        self.todo[sock] = rest[n:]
        if n == len(rest):
            sock.shutdown(socket.SHUT_WR)
            self.done += 1
            self.selector.unregister(sock)

    def wait_until_stuck(self):
        """All are there, and nothing has moved for a while."""
        end, before, since = time.monotonic() + 2 * LIMIT_S, -1, 0
        while len(self.senders) < SLOW or len(self.readers) < SLOW or time.monotonic() - since < STILL_S:
            assert time.monotonic() < end, f"{len(self.senders)} senders, {len(self.readers)} readers, {self.sent} bytes"
            if self.sent != before:
                before, since = self.sent, time.monotonic()
            time.sleep(0.01)

    def drain(self):
        """Reads every stream to its end. The numbers of those that did not get their bytes."""
        selector, at, bad = selectors.DefaultSelector(), dict.fromkeys(self.readers, 0), set()
        for number, sock in self.readers.items():
            sock.setblocking(False)
            selector.register(sock, selectors.EVENT_READ, number)
        end = time.monotonic() + 4 * LIMIT_S
        while selector.get_map():
            assert time.monotonic() < end, f"{len(selector.get_map())} streams have not ended"
            for key, _ in selector.select(1):
                number = key.data
                try:
                    part = key.fileobj.recv(1 << 18)
                except OSError:
                    part = None
                if part and data_of(number)[at[number]:at[number] + len(part)] == part:
                    at[number] += len(part)
                    continue
                if part != b"" or at[number] != SIZE:
                    bad.add(number)
                selector.unregister(key.fileobj)
        return bad

    def close(self):
        self.is_over = True
        self.thread.join(LIMIT_S)
        for sock in [*self.senders, *self.readers.values()]:
            sock.close()


class SlowTarget(Target):
    """Knows visitors by their first four bytes: a number in the crowd, or somebody who wants an answer."""

    def __init__(self, crowd, way):  # pylint: disable=super-init-not-called
        self.crowd, self.way = crowd, way
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(SLOW)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def answer(self, client):
        word = client.recv(4, socket.MSG_PEEK | socket.MSG_WAITALL)
        if word == b"fast":
            Target.answer(client)
            return
        client.recv(4, socket.MSG_WAITALL)
        (self.crowd.sends if self.way == "down" else self.crowd.reads)(int(word), client)


def come_in(crowd, way, port, number):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    sock.settimeout(LIMIT_S)
    sock.connect(("127.0.0.1", port))
    sock.sendall(b"%04d" % number)
    (crowd.reads if way == "down" else crowd.sends)(number, sock)


def resident(process):
    with open(f"/proc/{process.popen.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS:"))


def is_served_at_once(port):
    begun = time.monotonic()
    visit(port, b"fast" + os.urandom(200_000))
    return time.monotonic() - begun < PROMPT_S


@pytest.fixture
def crowd():
    one = Crowd()
    yield one
    one.close()


# Who stands before the readers and has to hold what they do not take: the relay for visitors, the agent
# for targets.
@pytest.mark.parametrize("agent,relay,way", [("ssh", "sallyd", "down"), ("sally", "sallyd", "down"),
                                             ("sally", "sallyd", "up"), ("sally", "sshd", "up")])
def test_a_thousand_slow_readers(agent, relay, way, paths, crowd):
    target = SlowTarget(crowd, way)
    relay_port = paths.relay(relay)
    port = paths.agent(agent, relay_port, target.port)
    ours = [p for p in paths.started if p.popen.args[0] in (os.environ["SALLY"], os.environ["SALLYD"])]
    tunnel = list(paths.started)
    elsewhere = paths.agent(agent, relay_port, target.port)
    before = [resident(p) for p in ours]
    for number in range(SLOW):
        come_in(crowd, way, port, number)
    crowd.wait_until_stuck()
    # A few have their bytes in the kernel, which may take more while there are few.
    assert crowd.done < SLOW / 2
    assert is_served_at_once(port)
    assert is_served_at_once(elsewhere)
    grown = [resident(p) - b for p, b in zip(ours, before)]
    assert max(grown) < MEMORY
    assert crowd.drain() == set()
    assert is_served_at_once(port)
    assert [p.popen.poll() for p in tunnel] == [None] * len(tunnel)
    target.close()
