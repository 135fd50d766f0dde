# SPDX-License-Identifier: ISC
"""The processes of sallyd: what each holds and may do, and what happens when one dies or hangs."""
import base64
import contextlib
import errno
import os
import pathlib
import platform
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


@pytest.mark.parametrize("role", ["signer", "relay"])
def test_a_child_is_behind_its_fence(relay, role):
    status = status_of(find(relay, role))
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


@pytest.mark.skipif(not IS_ROOT, reason="looks into other processes")
def test_what_the_relay_process_holds(relay, ssh, target):
    """Sockets, frames and what a loop needs: no file, and nothing that leads to one."""
    visit(tunnel(relay, ssh, target)[0])
    held = [os.readlink(link) for link in pathlib.Path(f"/proc/{find(relay, 'relay')}/fd").iterdir()]
    assert {re.sub(r"[0-9]+", "N", name) for name in held} <= {
        "/dev/null", "socket:[N]", "pipe:[N]", "anon_inode:[eventpoll]", "anon_inode:[eventfd]"}


# What the fence answers to whoever is inside, by the number of the call on this machine: an error where
# libraries try it in passing, else the end of the process. Arguments: a number, or "=" and a text.
FAR = "=\2"  # a sockaddr, as far as anybody looks
FORBIDDEN = {
    "open": (2, "=/etc/passwd", "0"), "openat": (257, "-100", "=/etc/passwd", "0"), "socket": (41, "2", "1", "0"),
    "connect": (42, "0", FAR, "16"), "bind": (49, "0", FAR, "16"), "listen": (50, "0", "1"),
    "socketpair": (53, "1", "1", "0", "0"), "sendto": (44, "0", "=x", "1", "0", FAR, "16"),
    "execve": (59, "=/bin/true", "0", "0"), "execveat": (322, "-100", "=/bin/true", "0", "0", "0"),
    "fork": (57,), "clone": (56, "17", "0", "0", "0", "0"), "kill": (62, "1", "0"), "tgkill": (234, "1", "1", "0"),
    "ptrace": (101, "16", "1", "0", "0"), "process_vm_readv": (310, "1", "0", "0", "0", "0", "0"),
    "pidfd_open": (434, "1", "0"), "unlink": (87, "=/tmp/none"), "mkdir": (83, "=/tmp/none", "0"),
    "rename": (82, "=/tmp/none", "=/tmp/neither"), "chmod": (90, "=/tmp/none", "0"), "chdir": (80, "=/"),
    "setuid": (105, "0"), "prctl": (157, "4", "1", "0", "0", "0"), "unshare": (272, "0"),
    "mmap of code": (9, "0", "4096", "5", "34", "-1", "0"), "memfd_create": (319, "=x", "0"),
}
REFUSED = {"open", "openat", "socket"}


@pytest.mark.skipif(not IS_ROOT or platform.machine() != "x86_64", reason="makes another process call")
@pytest.mark.skipif(SANITIZED, reason="the fence is looser there")
@pytest.mark.parametrize("role", ["signer", "relay"])
@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_is_forbidden_is_forbidden_in_the_running_program(relay, role, name):
    pid = find(relay, role)
    done = subprocess.run([os.environ["INJECT"], str(pid), *map(str, FORBIDDEN[name])], capture_output=True, text=True,
                          timeout=60, check=False)
    if name in REFUSED:
        assert done.stdout == f"returned {-errno.EACCES}\n", done
        assert find(relay, role) == pid
    else:
        assert done.stdout == f"ended by signal {signal.SIGSYS.value}\n", done
        relay.wait_for(rf"the {role} \(pid {pid}\) made a system call it may not make, and was ended")
        wait_until(lambda: find(relay, role) not in (None, pid))


@pytest.mark.skipif(not IS_ROOT or platform.machine() != "x86_64", reason="makes another process call")
def test_what_is_allowed_is_allowed(relay):
    """Or the test above would show nothing."""
    pid = find(relay, "relay")
    done = subprocess.run([os.environ["INJECT"], str(pid), "39"], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == f"returned {pid}\n"


def listening(port):
    """The sockets that listen there, as the kernel numbers them: the same as long as none was closed."""
    found = set()
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for fields in (line.split() for line in pathlib.Path(path).read_text(encoding="ascii").splitlines()):
            if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port:
                found.add(fields[9])
    return found


def end(relay, role):
    """Kills it; who is found afterwards is another one."""
    old = find(relay, role)
    os.kill(old, signal.SIGKILL)
    relay.wait_for(rf"the {role} \(pid {old}\) was ended by signal 9")
    return old


def test_a_relay_process_that_is_killed_comes_back(relay, ssh, started, target, key_files):
    """Nobody is refused meanwhile: neither the agent, which comes by itself, nor a visitor."""
    port, _ = tunnel(relay, ssh, target)
    agent = Process([os.environ["SALLY"], *ssh.command(relay, "-v", "-N", "-R", f"0:127.0.0.1:{target.port}")[1:]])
    started.append(agent)
    own = int(agent.wait_for(r"Allocated port (\d+)").group(1))
    sockets = listening(relay.port), listening(own)
    for _ in range(2):
        end(relay, "relay")
        with socket.create_connection(("127.0.0.1", own), timeout=60) as waiting:
            waiting.sendall(b"patience")
            waiting.shutdown(socket.SHUT_WR)
            assert waiting.makefile("rb").read().endswith(b"patience")
        assert (listening(relay.port), listening(own)) == sockets
    assert relay.ctl("ls").returncode == 0
    # Another key's port is kept for it: nobody else gets it meanwhile.
    end(relay, "relay")
    stranger = ssh.start(relay, "-R", f"{port}:127.0.0.1:1", key="agent_ecdsa")
    assert "remote forward failure" in stranger.said or "remote port forwarding failed" in stranger.said
    if IS_ROOT and not SANITIZED:
        seed = seed_of(key_files["relay"])
        assert not any(seed in area for area in memory_of(find(relay, "relay")))


def test_without_a_lease_ports_are_free_with_the_process(start_relay, ssh, target):
    relay = start_relay("ForwardLease 0")
    port, _ = tunnel(relay, ssh, target)
    end(relay, "relay")
    wait_until(lambda: not listening(port))


def test_a_lease_of_a_process_runs_out(start_relay, ssh, target):
    relay = start_relay("ForwardLease 1")
    port, client = tunnel(relay, ssh, target)
    end(relay, "relay")
    relay.wait_for(rf"port {port} is free: the key it was kept for, SHA256:\S+, did not come back")
    assert not listening(port)
    assert client.wait_end() == 255
    visit(tunnel(relay, ssh, target)[0])


def test_a_relay_process_that_hangs_is_killed_at_the_end(relay, ssh, target):
    tunnel(relay, ssh, target)
    pid = find(relay, "relay")
    os.kill(pid, signal.SIGSTOP)
    relay.popen.send_signal(signal.SIGTERM)
    assert relay.wait_end() == 0
    assert not os.path.exists(f"/proc/{pid}")


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


@pytest.mark.parametrize("hangs", [False, True])
def test_when_the_relay_is_killed_nothing_is_left(start_relay, hangs):
    relay = start_relay()
    pids = children_of(relay.pid)
    assert len(pids) == 2
    for pid in pids if hangs else []:
        os.kill(pid, signal.SIGSTOP)
    relay.popen.kill()
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") and status_of(pid)["State"][0] != "Z" for pid in pids))


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_for_all_of_them_is_for_the_relay_alone(relay, ssh, target, end):
    """Ctrl-C at a terminal and systemd's stop reach the children as well."""
    signer, server = find(relay, "signer"), find(relay, "relay")
    os.kill(signer, end)
    os.kill(server, end)
    port, _ = tunnel(relay, ssh, target)
    visit(port)
    assert find(relay, "signer") == signer and "the signer" not in relay.said
    assert find(relay, "relay") == server and "the relay (pid" not in relay.said


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
    for role in ("signer", "relay"):
        status = status_of(find(relay, role))
        assert status["Seccomp"] == "2"
        assert status["Uid"] == status_of(relay.pid)["Uid"]
