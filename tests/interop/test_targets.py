# SPDX-License-Identifier: ISC
"""From the relay's port to the target: who the visitor is, several targets, slow ones, and names nobody answers for."""
import contextlib
import os
import re
import shutil
import socket
import threading
import time

import pytest

from conftest import IS_ROOT, LIMIT_S, Process, Target, free_port, read_all, turned_away, visit
from test_agent import Service, agent, agent_at, allocated, keys, sshd  # noqa: F401 pylint: disable=unused-import

pytestmark = pytest.mark.skipif(not shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin"),
                                reason="sshd is not installed")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


# --- who the visitor is -----------------------------------------------------------------------------

class Listener:
    """A target that keeps what each visitor sent."""

    def __init__(self):
        self.heard, self.news = [], threading.Condition()
        self.service = Service(answer=self.listen)
        self.port = self.service.port

    def listen(self, client):
        with client:
            data = read_all(client)
            with self.news:
                self.heard.append(data)
                self.news.notify()

    def wait(self):
        with self.news:
            assert self.news.wait_for(lambda: self.heard, LIMIT_S)
            return self.heard.pop(0)


@pytest.fixture
def listener():
    one = Listener()
    yield one
    one.service.close()


def say(port, text, host="127.0.0.1", source=None):
    with socket.create_connection((host, port), timeout=LIMIT_S, source_address=source and (source, 0)) as s:
        own = s.getsockname()[1]
        s.sendall(text)
        s.shutdown(socket.SHUT_WR)
        s.settimeout(LIMIT_S)
        assert read_all(s) == b""
    return own


def test_proxy_v1_and_none_by_port(keys, tmp_path, listener):  # noqa: F811 pylint: disable=redefined-outer-name
    """With a stock sshd, which tells where its visitors come from."""
    with agent_at(keys, tmp_path, settings=["GatewayPorts clientspecified"]) as one:
        ports = [free_port() for _ in range(3)]
        forwards = [f"127.0.0.9:{ports[0]}:127.0.0.1:{listener.port}", f"{ports[1]}:127.0.0.1:{listener.port}",
                    f"[::1]:{ports[2]}:127.0.0.1:{listener.port}"]
        one.start("-o", f"ProxyProtocol=v1 {ports[1]}=none", *[w for f in forwards for w in ("-R", f)])
        source = say(ports[0], b"hello", host="127.0.0.9", source="127.0.0.5")
        assert listener.wait() == f"PROXY TCP4 127.0.0.5 127.0.0.9 {source} {ports[0]}\r\nhello".encode()
        say(ports[1], b"hello")
        assert listener.wait() == b"hello"
        source = say(ports[2], b"", host="::1")
        assert listener.wait() == f"PROXY TCP6 ::1 ::1 {source} {ports[2]}\r\n".encode()


def test_proxy_v2(agent, listener):  # noqa: F811 pylint: disable=redefined-outer-name
    port = free_port()
    agent.start("-o", "ProxyProtocol=v2", "-R", f"{port}:127.0.0.1:{listener.port}")
    source = say(port, b"hello", source="127.0.0.5")
    # It came in at "localhost", which is no address: the relay's own stands there.
    assert listener.wait() == (SIGNATURE + b"\x21\x11\x00\x0c" + socket.inet_aton("127.0.0.5") + socket.inet_aton("127.0.0.1")
                               + source.to_bytes(2, "big") + port.to_bytes(2, "big") + b"hello")


def test_proxy_is_no_word(agent):  # noqa: F811 pylint: disable=redefined-outer-name
    for word in ("v3", "80=", "=v1", "x=v1"):
        run = agent.run("-o", f"ProxyProtocol={word}", "-R", "0:127.0.0.1:1")
        assert run.returncode == 255 and run.stderr.startswith(f"ProxyProtocol {word}: "), run.stderr


def test_a_line_a_visitor(agent, target):  # noqa: F811 pylint: disable=redefined-outer-name
    port, nobody = free_port(), free_port()
    process = agent.start("-R", f"{port}:127.0.0.1:{target.port}", "-R", f"0:127.0.0.1:{nobody}")
    _, own = visit(port, b"knock")
    process.wait_for(rf"^Visitor 127\.0\.0\.1:{own} of port {port} was at 127\.0\.0\.1:{target.port}: 5 bytes to the target, "
                     rf"37 from it, \d+\.\d s$")
    turned_away(allocated(process))
    process.wait_for(r"^Visitor 127\.0\.0\.1:\d+ of port \d+ was turned away: Connection refused$")


# --- several targets --------------------------------------------------------------------------------

def test_the_next_target_serves_when_one_does_not(agent, target):  # noqa: F811 pylint: disable=redefined-outer-name
    """And the one that failed is not tried first again at once, but it is when the other one fails too."""
    port, first = free_port(), Target()
    process = agent.start("-R", f"{port}:127.0.0.1:{first.port},127.0.0.1:{target.port}")
    visit(port)
    process.wait_for(rf"of port {port} was at 127\.0\.0\.1:{first.port}:")
    first.close()
    visit(port)
    visit(port)
    process.wait_for(rf"of port {port} was at 127\.0\.0\.1:{target.port}:", 1)
    assert process.said.count(f"connect_to 127.0.0.1 port {first.port}: failed.") == 1
    target.close()
    with socket.create_server(("127.0.0.1", first.port)) as again:
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S):
            again.settimeout(LIMIT_S)
            again.accept()[0].close()
    process.wait_for(rf"of port {port} was at 127\.0\.0\.1:{first.port}:", 1)


@contextlib.contextmanager
def hanging():
    """A port whose queue is full: who connects hears nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                one = stack.enter_context(socket.socket())
                one.setblocking(False)
                one.connect_ex(listener.getsockname())
            yield listener.getsockname()[1]


def test_a_target_that_hangs_harms_its_visitors_only(agent, target):  # noqa: F811 pylint: disable=redefined-outer-name
    port, other = free_port(), free_port()
    with hanging() as dead:
        process = agent.start("-o", "TargetConnectTimeout=2", "-R", f"{port}:127.0.0.1:{dead}",
                              "-R", f"{other}:127.0.0.1:{target.port}")
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as s:
            began = time.monotonic()
            visit(other)
            assert time.monotonic() - began < 1
            s.settimeout(LIMIT_S)
            with contextlib.suppress(ConnectionError):
                assert s.recv(1) == b""
            assert 1.5 < time.monotonic() - began < 5
        process.wait_for(f"^connect_to 127.0.0.1 port {dead}: failed.$")


def test_the_next_target_serves_when_one_hangs(agent, target):  # noqa: F811 pylint: disable=redefined-outer-name
    port = free_port()
    with hanging() as dead:
        agent.start("-o", "TargetConnectTimeout=1", "-R", f"{port}:127.0.0.1:{dead},127.0.0.1:{target.port}")
        visit(port)


def test_names_nobody_answers_for_harm_their_visitors_only(agent, target, tmp_path):  # noqa: F811 pylint: disable=redefined-outer-name
    """More of them than a pool of threads would have; the silent server of names is ours."""
    if not IS_ROOT:
        pytest.skip("a mount namespace is needed")
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.253\noptions timeout:20 attempts:1\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, contextlib.ExitStack() as stack:
        silent.bind(("127.0.0.253", 53))
        silent.settimeout(LIMIT_S)
        slow, port = [free_port() for _ in range(8)], free_port()
        flags = [w for n, p in enumerate(slow) for w in ("-R", f"{p}:slow{n}.sallyport.test:80")]
        command = agent.command("-v", "-N", "-o", "TargetConnectTimeout=4", *flags, "-R", f"{port}:localhost:{target.port}")
        process = Process(["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(resolver),
                           *command])
        agent.started.append(process)
        process.wait_for("All remote forwarding requests processed")
        for p in slow:
            for _ in range(4):
                stack.enter_context(socket.create_connection(("127.0.0.1", p), timeout=LIMIT_S))
        asked = set()
        while len(asked) < len(slow):
            asked.update(re.findall(rb"slow\d", silent.recv(512)))
        began = time.monotonic()
        visit(port)
        assert time.monotonic() - began < 2
        threads = len(os.listdir(f"/proc/{process.popen.pid}/task"))
        assert threads < 20  # visitors of one name wait for one lookup
        process.wait_for("^Could not resolve hostname slow0.sallyport.test: no answer in time$|"
                         "slow0.sallyport.test: no answer in time$")
        process.popen.terminate()
        assert process.wait_end() == 0
