# SPDX-License-Identifier: ISC
"""The main job through each pair: sally and sallyd, sally and OpenSSH's sshd, OpenSSH's ssh and sallyd.

A login to a real sshd behind the tunnel, bulk both ways with checksums, with rekeying forced often and
without, many visitors at once, and half-close in both directions."""
import hashlib
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import threading

import pytest
from conftest import LIMIT_S, Process, bears_failures, public_line, read_all, turned_away, visit

SSHD = shutil.which("sshd", path="/usr/sbin:/sbin")
ME = pwd.getpwuid(os.getuid()).pw_name
BULK = int(os.environ.get("PATHS_MIB", "1024")) << 20
PAIRS = [("sally", "sallyd"), ("sally", "sshd"), ("ssh", "sallyd")]
pytestmark = pytest.mark.skipif(SSHD is None, reason="sshd is not installed")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(params=PAIRS, ids=lambda p: "+".join(p))
def pair(request):
    return request.param


class Paths:
    """Starts what a path is made of; everything ends with the test."""

    def __init__(self, folder, key_files, started):
        self.folder, self.keys, self.started = folder, key_files, started

    def sshd(self, name, *settings):
        port, config = free_port(), self.folder / f"{name}_config"
        keys = self.folder / f"{name}_keys"
        keys.write_text(public_line(self.keys["agent"]))
        config.write_text("\n".join([
            f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {self.keys['relay']}", "PidFile none", "UsePAM no",
            "StrictModes no", f"AuthorizedKeysFile {keys}", "PermitRootLogin yes", "MaxStartups 500:30:500",
            "PerSourceMaxStartups none", *bears_failures(), *settings, ""]))
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        process = Process([SSHD, "-D", "-e", "-f", str(config)])
        self.started.append(process)
        process.wait_for("Server listening")
        return port

    def sallyd(self, *settings):
        keys = self.folder / "sallyd_keys"
        keys.write_text(public_line(self.keys["agent"]))
        keys.chmod(0o600)
        options = [w for s in settings for w in ("-o", s.replace(" ", "=", 1))]
        process = Process([os.environ["SALLYD"], "-D", "-f", "/dev/null", "-p", "0", "-h", str(self.keys["relay"]),
                           "-o", "ListenAddress=127.0.0.1", "-o", f"AuthorizedKeysFile={keys}",
                           "-o", "ControlSocket=none", *options])
        self.started.append(process)
        return int(process.wait_for(r"listening on .*?127\.0\.0\.1:(\d+)").group(1))

    def options(self, port):
        known = self.folder / f"known_{port}"
        known.write_text("* " + public_line(self.keys["relay"]))
        return ["-F", "none", "-o", f"UserKnownHostsFile={known}", "-o", "GlobalKnownHostsFile=none",
                "-o", "StrictHostKeyChecking=yes", "-i", str(self.keys["agent"]), "-p", str(port)]

    def relay(self, name, *settings):
        """The port agents log in at."""
        return self.sshd("relay", *settings) if name == "sshd" else self.sallyd(*settings)

    def tunnel(self, pair, target, relay_settings=(), agent_options=()):
        """The port visitors use; target: the port the path leads to."""
        return self.agent(pair[0], self.relay(pair[1], *relay_settings), target, agent_options)

    def agent(self, agent, relay_port, target, agent_options=()):
        program = shutil.which("ssh") if agent == "ssh" else os.environ["SALLY"]
        words = [w for o in agent_options for w in ("-o", o)]
        process = Process([program, "-v", "-nNT", *self.options(relay_port), *words, "-o", "ExitOnForwardFailure=yes",
                           "-R", f"0:127.0.0.1:{target}", f"{ME}@127.0.0.1"])
        self.started.append(process)
        return int(process.wait_for(r"Allocated port (\d+) for remote forward").group(1))

    def blast(self):
        """A light service that sends or takes bytes and checks them."""
        process = Process([os.environ["BLAST"], "target"])
        self.started.append(process)
        return int(process.wait_for(r"^(\d+)$").group(1))


@pytest.fixture
def paths(tmp_path, key_files, started):
    return Paths(tmp_path, key_files, started)


def test_login_to_a_real_sshd_behind_the_tunnel(pair, paths):
    inner = paths.sshd("inner")
    port = paths.tunnel(pair, inner)
    for word in ("first", "second"):
        out = subprocess.run(["ssh", "-T", *paths.options(port), "-o", "BatchMode=yes", f"{ME}@127.0.0.1",
                              f"echo {word} $SSH_CONNECTION"], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=LIMIT_S, check=False)
        assert out.returncode == 0, out.stderr
        assert out.stdout.split()[0] == word
        assert out.stdout.split()[-1] == str(inner)


@pytest.mark.parametrize("rekey", ["never", "agent", "relay", "both"])
def test_bulk_both_ways(pair, rekey, paths):
    often = f"RekeyLimit {max(BULK >> 17, 256)}K"  # more than a hundred times in the whole
    port = paths.tunnel(pair, paths.blast(), [often] if rekey in ("relay", "both") else [],
                        [often.replace(" ", "=")] if rekey in ("agent", "both") else [])
    for way in ("up", "down"):
        out = subprocess.run([os.environ["BLAST"], way, str(port), str(BULK)], capture_output=True, text=True,
                             timeout=600, check=False)
        assert out.returncode == 0, out.stderr + paths.started[-1].said[-2000:]
        assert json.loads(out.stdout) == json.loads(out.stdout) | {"intact": True, "bytes": BULK}
    if rekey != "never":
        said = "\n".join(p.said for p in paths.started)
        assert said.count("rekey") + said.count("SSH2_MSG_NEWKEYS") > 20


def test_bulk_both_ways_at_the_same_time(pair, paths):
    port = paths.tunnel(pair, paths.blast(), ["RekeyLimit 8M"])
    runs = [subprocess.Popen([os.environ["BLAST"], way, str(port), str(BULK // 4)], stdout=subprocess.PIPE, text=True)
            for way in ("up", "down", "up", "down")]
    for run in runs:
        out, _ = run.communicate(timeout=600)
        assert run.returncode == 0
        assert json.loads(out)["intact"]


def test_200_visitors_at_once(pair, paths, target):
    port = paths.tunnel(pair, target.port)
    all_here, faults = threading.Barrier(200), []

    def one(number):
        data = random.Random(number).randbytes(100_000 + number)
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as s:
                s.sendall(data[:1000])
                all_here.wait(LIMIT_S)  # all 200 are open now
                sender = threading.Thread(target=lambda: (s.sendall(data[1000:]), s.shutdown(socket.SHUT_WR)))
                sender.start()
                answer = read_all(s)
                sender.join(LIMIT_S)
            assert answer == hashlib.sha256(data).digest() + data
        except Exception as e:  # pylint: disable=broad-except
            faults.append(f"visitor {number}: {e!r}")

    threads = [threading.Thread(target=one, args=(i,)) for i in range(200)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(2 * LIMIT_S)
    assert not faults


def test_a_crowd_that_came_while_the_agent_stood_still(pair, paths, target):
    """The relay has asked for hundreds of channels when the agent gets to the first: none is turned away."""
    port = paths.tunnel(pair, target.port)
    agent = paths.started[-1].popen
    agent.send_signal(signal.SIGSTOP)
    crowd = [socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) for _ in range(400)]
    agent.send_signal(signal.SIGCONT)
    try:
        for number, s in enumerate(crowd):
            s.sendall(b"%d" % number)
            s.shutdown(socket.SHUT_WR)
        for number, s in enumerate(crowd):
            said = b"%d" % number
            assert read_all(s) == hashlib.sha256(said).digest() + said
    finally:
        for s in crowd:
            s.close()


def test_half_close_by_the_visitor(pair, paths, target):
    """A request ended by shutdown and answered afterwards arrives whole, small and large."""
    port = paths.tunnel(pair, target.port)
    for size in (0, 1, 1000, 5_000_000):
        visit(port, random.Random(size).randbytes(size))


def test_half_close_by_the_target(pair, paths):
    """The target says its word, ends its side, and still hears everything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = paths.tunnel(pair, listener.getsockname()[1])
        heard = []

        def serve():
            client, _ = listener.accept()
            with client:
                client.sendall(b"all I have to say")
                client.shutdown(socket.SHUT_WR)
                heard.append(read_all(client))

        thread = threading.Thread(target=serve)
        thread.start()
        data = random.Random(7).randbytes(3_000_000)
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as s:
            assert read_all(s) == b"all I have to say"
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            thread.join(LIMIT_S)
        assert heard == [data]


def test_a_visitor_who_leaves_at_once_harms_nobody(pair, paths, target):
    port = paths.tunnel(pair, target.port)
    for _ in range(50):
        socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S).close()
    visit(port)


def test_a_target_that_is_not_there(pair, paths):
    port = paths.tunnel(pair, free_port())
    for _ in range(3):
        turned_away(port)
