# SPDX-License-Identifier: ISC
"""The processes of sallyd: what each holds and may do, and what happens when one dies or hangs."""
import base64
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

from conftest import IS_ROOT, Process, visit, wait_until

SANITIZED = b"__asan_init" in pathlib.Path(os.environ["SALLYD"]).read_bytes()


def status_of(pid):
    """Fields of /proc/PID/status."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return dict(re.split(r":\s*", line, maxsplit=1) for line in lines)


def children_of(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def role_of(pid):
    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return next((w[len(b"--role="):].decode() for w in words if w.startswith(b"--role=")), "")


def find(relay, role):
    """The process of a role; None while there is none."""
    for pid in children_of(relay.pid):
        with contextlib.suppress(OSError):
            if role_of(pid) == role:
                return pid
    return None


def tunnel(relay, ssh, target):
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    return int(client.wait_for(r"Allocated port (\d+)").group(1)), client


def test_the_signer_is_behind_its_fence(relay):
    status = status_of(find(relay, "signer"))
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == int(status["CapAmb"], 16) == 0
    if IS_ROOT:
        assert set(status["Uid"].split()) != {"0"}
        assert int(status["CapBnd"], 16) == 0


def memory_of(pid):
    """Everything that can be read of a process, area by area."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        for line in maps:
            begin, end = (int(n, 16) for n in line.split()[0].split("-"))
            with contextlib.suppress(OSError, ValueError, OverflowError):
                mem.seek(begin)
                yield mem.read(end - begin)


def seed_of(path):
    """The secret 32 bytes of an Ed25519 key file that is not encrypted."""
    text = "".join(line for line in path.read_text(encoding="ascii").splitlines() if "-----" not in line)
    blob = base64.b64decode(text)
    at = blob.rindex(b"ssh-ed25519") + len(b"ssh-ed25519")
    at += 4 + 32 + 4  # the public half, and the length of the two together
    return blob[at:at + 32]


@pytest.mark.skipif(not IS_ROOT, reason="reads the memory of other processes")
@pytest.mark.skipif(SANITIZED, reason="the memory of a sanitizer has no end")
def test_only_the_signer_has_the_key(relay, ssh, target, key_files):
    seed = seed_of(key_files["relay"])
    port, _ = tunnel(relay, ssh, target)
    visit(port)
    holders = {role_of(pid) for pid in [relay.pid, *children_of(relay.pid)]
               if any(seed in area for area in memory_of(pid))}
    assert holders == {"signer"}


def test_a_signer_that_is_killed_comes_back(relay, ssh, target):
    port, client = tunnel(relay, ssh, target)
    for _ in range(3):
        old = find(relay, "signer")
        os.kill(old, signal.SIGKILL)
        visit(port)
        with contextlib.closing(socket.create_connection(("127.0.0.1", relay.port))):
            other, another_client = tunnel(relay, ssh, target)
        visit(other)
        another_client.stop()
        assert find(relay, "signer") not in (None, old)
    assert client.popen.poll() is None
    assert len(relay.find_all(r"the signer \(pid \d+\) was ended by signal 9")) == 3


def test_a_signer_that_hangs_is_not_waited_for(relay, ssh, target):
    port, client = tunnel(relay, ssh, target)
    signer = find(relay, "signer")
    os.kill(signer, signal.SIGSTOP)
    try:
        began = time.monotonic()
        done = ssh.run(relay, "-N")
        assert time.monotonic() - began < 5
        assert "the relay cannot prove who it is just now, please try again" in done.stderr
        visit(port)
    finally:
        os.kill(signer, signal.SIGCONT)
    visit(tunnel(relay, ssh, target)[0])
    assert client.popen.poll() is None


def test_a_client_that_leaves_while_its_signature_is_under_way(relay, ssh, target):
    signer = find(relay, "signer")
    os.kill(signer, signal.SIGSTOP)
    try:
        for _ in range(3):
            process = Process(ssh.command(relay, "-v", "-N"))
            process.wait_for("expecting SSH2_MSG_KEX_ECDH_REPLY")
            process.stop()
        wait_until(lambda: len(relay.find_all("ended before login")) == 3)
    finally:
        os.kill(signer, signal.SIGCONT)
    visit(tunnel(relay, ssh, target)[0])


def test_a_live_tunnel_that_wants_new_keys_waits_for_the_signer(start_relay, ssh, target):
    relay = start_relay("RekeyLimit=1M")
    port, client = tunnel(relay, ssh, target)
    os.kill(find(relay, "signer"), signal.SIGKILL)
    visit(port, os.urandom(4 << 20))
    assert client.popen.poll() is None


def test_when_the_relay_is_killed_nothing_is_left(start_relay):
    relay = start_relay()
    pids = children_of(relay.pid)
    assert pids
    relay.popen.kill()
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") and status_of(pid)["State"][0] != "Z" for pid in pids))


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_for_all_of_them_is_for_the_relay_alone(relay, ssh, target, end):
    """Ctrl-C at a terminal and systemd's stop reach the children as well."""
    signer = find(relay, "signer")
    os.kill(signer, end)
    port, _ = tunnel(relay, ssh, target)
    visit(port)
    assert find(relay, "signer") == signer and "the signer" not in relay.said


def test_roles_are_not_for_people():
    done = subprocess.run([os.environ["SALLYD"], "--role=signer"], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 1
    assert done.stderr == "sallyd starts its own processes: leave --role out\n"


def test_what_the_signer_cannot_read_is_told_once(tmp_path):
    key = tmp_path / "key"
    key.write_text("no key\n", encoding="ascii")
    key.chmod(0o600)
    for flags in (["-D"], []):
        for _ in range(3):
            done = subprocess.run([os.environ["SALLYD"], *flags, "-p", "0", "-f", "/dev/null", "-h", str(key), "-o",
                                   "ListenAddress=127.0.0.1", "-o", "ControlSocket=none"], capture_output=True,
                                  text=True, timeout=60, check=False)
            assert done.returncode == 1
            assert done.stdout == ""
            assert done.stderr.startswith(f"host key {key}: ") and done.stderr.count("\n") == 1, done.stderr


def test_a_plain_user_has_the_same_processes(unprivileged, started):
    prefix, folder = unprivileged
    relay = Process([*prefix, os.environ["SALLYD"], "-D", "-p", "0"], cwd=folder,
                    env={"HOME": str(folder), "PATH": os.environ["PATH"]})
    started.append(relay)
    relay.wait_for("listening on")
    relay.pid = relay.popen.pid
    status = status_of(find(relay, "signer"))
    assert status["Seccomp"] == "2"
    assert status["Uid"] == status_of(relay.pid)["Uid"]
