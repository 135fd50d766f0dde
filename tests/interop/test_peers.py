# SPDX-License-Identifier: ISC
"""Forwards through servers that are not OpenSSH's: dropbear and AsyncSSH."""
import contextlib
import os
import pathlib
import socket
import struct
import subprocess
import sys

import pytest

from conftest import IS_ROOT, LIMIT_S, Process, free_port, turned_away, visit
from test_agent import DROPBEAR, ME, Agent, allocated, keys, public  # noqa: F401 pylint: disable=unused-import

HERE = pathlib.Path(__file__).resolve().parent
BULK = os.urandom(1 << 20) * 6


def dropbear(keys, folder):  # noqa: F811
    """It knows only ~/.ssh/authorized_keys: it gets a home of its own, in a mount namespace."""
    if DROPBEAR is None or not IS_ROOT:
        pytest.skip("dropbear is not installed, or no root")
    host_key, port = folder / "host", free_port()
    subprocess.run(["dropbearkey", "-t", "ed25519", "-f", host_key], check=True, capture_output=True)
    said = subprocess.run(["dropbearkey", "-y", "-f", host_key], check=True, capture_output=True, text=True).stdout
    script = (f"mount -t tmpfs -o mode=700 none {ME.pw_dir} && mkdir -m 700 {ME.pw_dir}/.ssh && "
              f"cp {keys['authorized']} {ME.pw_dir}/.ssh/ && exec {DROPBEAR} -F -E -r {host_key} -P {folder}/pid "
              f"-p 127.0.0.1:{port}")
    server = Process(["unshare", "-m", "sh", "-c", script])
    server.port, server.host_key = port, next(line for line in said.splitlines() if line.startswith("ssh-"))
    server.wait_for("Not backgrounding")
    return server


def asyncssh(keys, folder):  # noqa: F811
    pytest.importorskip("asyncssh")
    server = Process([sys.executable, "-W", "ignore", str(HERE / "forward_server.py"), str(keys["host"]), str(keys["authorized"])])
    server.port = int(server.wait_for(r"^listening on (\d+)$").group(1))
    server.host_key = public(keys["host"])
    return server


@pytest.fixture(params=[dropbear, asyncssh])
def agent(request, keys, tmp_path):  # noqa: F811
    server = request.param(keys, tmp_path)
    one = Agent(keys, tmp_path, server, None)
    one.is_dropbear = request.param is dropbear
    one.known.write_text(f"[127.0.0.1]:{server.port} {' '.join(server.host_key.split()[:2])}\n")
    yield one
    one.stop()
    server.stop()


def rekeys(agent):  # noqa: F811
    """AsyncSSH 2.10 goes on with data after its KEXINIT (RFC 4253, 7.1 forbids it), which ends the connection."""
    return ("-o", "RekeyLimit=1M") if agent.is_dropbear else ()


def start(agent, *flags):  # noqa: F811
    """Up when this returns: all local ports are open."""
    process = Process(agent.command("-v", "-N", *flags))
    agent.started.append(process)
    process.wait_for("Local forwarding listening on")
    return process


def test_remote(agent, target):  # noqa: F811
    port = free_port()
    agent.start(*rekeys(agent), "-R", f"{port}:127.0.0.1:{target.port}")
    visit(port, BULK)
    visit(port)


def test_remote_port_of_its_choice(agent, target):  # noqa: F811
    if agent.is_dropbear:
        pytest.skip("dropbear does not tell which port it chose")
    process = agent.start("-R", f"0:127.0.0.1:{target.port}")
    answer = b""
    with contextlib.suppress(ConnectionError), \
            socket.create_connection(("127.0.0.1", allocated(process)), timeout=LIMIT_S) as s:
        s.sendall(b"knock")
        s.shutdown(socket.SHUT_WR)
        answer = s.recv(1)
    if not answer:
        # AsyncSSH 2.10 names its visitors' port 0, which nobody asked for; to ssh they are strangers as well.
        process.wait_for("WARNING: Server requests forwarding for unknown listen_port 0")
    assert process.popen.poll() is None


def test_remote_taken(agent, target):  # noqa: F811
    taken = free_port()
    # dropbear takes an address of loopback for both.
    with socket.create_server(("127.0.0.1", taken)), socket.create_server(("::1", taken), family=socket.AF_INET6):
        run = agent.run("-o", "ExitOnForwardFailure=yes", "-R", f"127.0.0.1:{taken}:127.0.0.1:{target.port}")
    assert run.returncode == 255
    assert f"Error: remote port forwarding failed for listen port {taken}\n" in run.stderr


def test_local(agent, target):  # noqa: F811
    port = free_port()
    start(agent, *rekeys(agent), "-L", f"{port}:127.0.0.1:{target.port}")
    visit(port, BULK)
    visit(port)


def test_local_target_refuses(agent):  # noqa: F811
    port, nobody = free_port(), free_port()
    process = start(agent, "-L", f"{port}:127.0.0.1:{nobody}")
    turned_away(port)
    process.wait_for("open failed")
    assert process.popen.poll() is None


def by_socks(port, target):
    """A visitor of SOCKS 5 who names an address."""
    s = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
    s.settimeout(LIMIT_S)
    s.sendall(b"\5\1\0" + b"\5\1\0\1" + socket.inet_aton("127.0.0.1") + struct.pack(">H", target))
    with s, s.makefile("rb") as f:
        assert f.read(2) == b"\5\0" and f.read(10)[:2] == b"\5\0"
        s.sendall(b"knock")
        s.shutdown(socket.SHUT_WR)
        s.shutdown(socket.SHUT_WR)
        return f.read()[32:]


def test_dynamic(agent, target):  # noqa: F811
    port = free_port()
    start(agent, "-D", str(port))
    assert by_socks(port, target.port) == b"knock"
    assert by_socks(port, target.port) == b"knock"


def test_stdio(agent, target):  # noqa: F811
    run = subprocess.run(agent.command("-W", f"127.0.0.1:{target.port}"), input=b"knock", capture_output=True,
                         timeout=LIMIT_S, check=False)
    assert (run.returncode, run.stdout[32:]) == (0, b"knock"), run.stderr
