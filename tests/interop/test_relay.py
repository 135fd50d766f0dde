# SPDX-License-Identifier: ISC
"""OpenSSH's ssh, and dbclient, against sallyd: what is bound, what is refused and why, and when ports
are free again."""
import asyncio
import concurrent.futures
import contextlib
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import (IS_ROOT, LIMIT_S, Process, aes_gcm_line, free_port, give_away, is_free, listeners, make_key,
                      need, public_line, read_all, turned_away, visit, wait_until)

pytestmark = need("ssh", "ssh-keygen")

LOOP, ANY = {"127.0.0.1", "::1"}, {"0.0.0.0", "::"}


def allocated(process, nth=0):
    return int(process.wait_for(r"Allocated port (\d+) for remote forward", nth).group(1))


# --- what is bound ----------------------------------------------------------------------------------

# What is written in front of the port, and what gets bound by GatewayPorts no, yes, clientspecified.
TABLE = [
    ("", LOOP, ANY, LOOP),
    ("localhost:", LOOP, ANY, LOOP),
    (":", LOOP, ANY, ANY),
    ("*:", LOOP, ANY, ANY),
    ("127.0.0.1:", {"127.0.0.1"}, ANY, {"127.0.0.1"}),
    ("[::1]:", {"::1"}, ANY, {"::1"}),
    ("0.0.0.0:", LOOP, ANY, {"0.0.0.0"}),
    ("[::]:", LOOP, ANY, {"::"}),
    ("127.0.0.9:", LOOP, ANY, {"127.0.0.9"}),
]


@pytest.mark.parametrize("setting", ["no", "yes", "clientspecified"])
def test_the_table_of_gateway_ports(start_relay, ssh, target, setting):
    relay = start_relay(f"GatewayPorts {setting}")
    for bind, *bound in TABLE:
        want = bound[["no", "yes", "clientspecified"].index(setting)]
        client = ssh.start(relay, "-R", f"{bind}0:127.0.0.1:{target.port}")
        port = allocated(client)
        assert listeners(port) == want, bind
        for address in want:
            host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
            # ssh takes a visitor only when the string it sent comes back to the byte.
            own, own_port = visit(port, host=host)
            client.wait_for(rf"originator {own} port {own_port}\b")
        client.stop()


def test_a_name_is_looked_up(start_relay, ssh, target):
    relay = start_relay("GatewayPorts clientspecified")
    client = ssh.start(relay, "-R", f"ip6-localhost:0:127.0.0.1:{target.port}") if has_name("ip6-localhost") else None
    if client:
        assert listeners(allocated(client)) == {"::1"}
        visit(allocated(client), host="::1")
    port = free_port()
    failed = ssh.start(relay, "-R", f"no-such-host.invalid:{port}:127.0.0.1:{target.port}")
    failed.wait_for(f"remote port forwarding failed for listen port {port}")
    failed.wait_for("Remote: the relay cannot look up no-such-host.invalid: ")


def has_name(name):
    try:
        return {a[4][0] for a in socket.getaddrinfo(name, None)} == {"::1"}
    except OSError:
        return False


def test_gateway_ports_yes_says_that_it_overrides(start_relay, ssh):
    relay = start_relay("GatewayPorts yes")
    client = ssh.start(relay, "-R", "127.0.0.1:0:localhost:22")
    client.wait_for('Remote: Forwarding listen address "127.0.0.1" overridden by server GatewayPorts')


def test_narrowing_is_told(relay, ssh):
    client = ssh.start(relay, "-R", "*:0:localhost:22")
    client.wait_for(r"Remote: .* narrowed to loopback by server GatewayPorts no")


def test_address_family(start_relay, ssh):
    relay = start_relay(flags=["-4"])
    client = ssh.start(relay, "-R", "0:localhost:22")
    assert listeners(allocated(client)) == {"127.0.0.1"}


def test_two_ports_of_the_relays_choice(relay, ssh, target):
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}", "-R", "0:127.0.0.1:1")
    first, second = allocated(client), allocated(client, 1)
    assert first != second
    assert listeners(first) == listeners(second) == LOOP
    visit(first)


def test_a_fixed_port(relay, ssh, target):
    port = free_port()
    ssh.start(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    assert listeners(port) == LOOP
    visit(port)
    relay.wait_for(rf'agent tunnel#1 from .*: forward of "localhost" port {port} opened on '
                   rf"127.0.0.1:{port} \[::1\]:{port}$")


# --- what is refused --------------------------------------------------------------------------------

@pytest.mark.parametrize("squatter, other, words", [("127.0.0.1", "::1", "127.0.0.1"), ("::1", "127.0.0.1", "[::1]")])
def test_a_squatter_on_one_family_fails_the_whole(relay, ssh, squatter, other, words):
    port = free_port()
    family = socket.AF_INET6 if ":" in squatter else socket.AF_INET
    with socket.create_server((squatter, port), family=family):
        client = ssh.start(relay, "-R", f"{port}:localhost:22")
        client.wait_for(f"Warning: remote port forwarding failed for listen port {port}")
        client.wait_for(f"Remote: port {port} on {words} is taken".replace("[", r"\[").replace("]", r"\]"))
        assert listeners(port) == {squatter}
        assert is_free(other, port)
        strict = ssh.run(relay, "-N", "-o", "ExitOnForwardFailure=yes", "-R", f"{port}:localhost:22")
        assert strict.returncode == 255
        assert f"Error: remote port forwarding failed for listen port {port}" in strict.stderr


def test_a_port_of_ones_own(relay, ssh):
    first = ssh.start(relay, "-R", "0:localhost:22")
    port = allocated(first)
    second = ssh.start(relay, "-R", f"{port}:localhost:22")
    second.wait_for(rf"Remote: port {port} on 127.0.0.1 is taken: a connection holds it with your key from 127.0.0.1:\d+")
    stranger = ssh.start(relay, "-R", f"{port}:localhost:22", key="agent_ecdsa")
    stranger.wait_for(rf"Remote: port {port} on 127.0.0.1 is taken: another key holds it$")


def test_a_privileged_port(unprivileged, key_files, start_relay, ssh):
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as f:
        if int(f.read()) <= 22:
            pytest.skip("low ports are free for everybody here")
    prefix, folder = unprivileged
    host_key = give_away(shutil.copy(key_files["relay"], folder / "host"))
    (folder / "authorized_keys").write_text(public_line(key_files["agent"]))
    give_away(folder / "authorized_keys")
    relay = start_relay(folder=folder, prefix=prefix, host_key=host_key)
    client = ssh.start(relay, "-R", "22:localhost:22")
    client.wait_for("Warning: remote port forwarding failed for listen port 22")
    client.wait_for("Remote: port 22 needs root or CAP_NET_BIND_SERVICE here")


@pytest.mark.skipif(not IS_ROOT, reason="only a relay with rights could hand them out")
def test_a_low_port_is_opened_for_whom_it_is_named(start_relay, key_files, ssh, target):
    """As root the kernel would give any port; sshd would ask it with the rights of the user who logged in."""
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as f:
        end = int(f.read())
    port = next((p for p in range(end - 1, 0, -1) if is_free("127.0.0.1", p) and is_free("::1", p)), None)
    if port is None:
        pytest.skip("no low port is free here")
    words = rf"Remote: port {port} is below {end}: this relay opens it only when PermitListen, or permitlisten on your key's line, names it"
    relay = start_relay()
    client = ssh.start(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    client.wait_for(f"Warning: remote port forwarding failed for listen port {port}")
    client.wait_for(words)
    relay.write_keys(f'permitlisten="*:*" {public_line(key_files["agent"])}')
    ssh.start(relay, "-R", f"{port}:127.0.0.1:{target.port}").wait_for(words)
    relay.write_keys(f'permitlisten="{port}" {public_line(key_files["agent"])}')
    client = ssh.start(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    client.wait_for("remote forward success")
    visit(port)
    client.stop()
    relay = start_relay(f"PermitListen {port} *:*")
    ssh.start(relay, "-R", f"{port}:127.0.0.1:{target.port}").wait_for("remote forward success")
    visit(port)


@pytest.mark.parametrize("line, options, words", [
    ("restrict ", (), r"your key may not open ports \(restrict or no-port-forwarding on its line\)"),
    ("no-port-forwarding ", (), "your key may not open ports"),
    ('permitlisten="127.0.0.1:*" ', (), r'your key may not open port \d+ of "localhost" \(permitlisten on its line\)'),
    ('restrict,permitlisten="*:*" ', (), "your key may not open ports"),
    ("", ("PermitListen none",), r'this relay lets nobody open port \d+ of "localhost" \(PermitListen\)'),
    ("", ("AllowTcpForwarding no",), r"this relay lets nobody open ports \(AllowTcpForwarding\)"),
    ("", ("AllowTcpForwarding local",), "this relay lets nobody open ports"),
])
def test_r29_who_may_not(start_relay, key_files, ssh, line, options, words):
    relay = start_relay(*options)
    relay.write_keys(line + public_line(key_files["agent"]))
    port = free_port()
    client = ssh.start(relay, "-R", f"{port}:localhost:22")
    client.wait_for(f"remote port forwarding failed for listen port {port}")
    client.wait_for(f"Remote: {words}")
    relay.wait_for(f'forward of "localhost" port {port} refused: {words}')
    assert not listeners(port)


@pytest.mark.parametrize("line", ["restrict,port-forwarding,permitlisten=\"localhost:{p}\" ", 'permitlisten="{p}" '])
def test_who_may(relay, key_files, ssh, target, line):
    port = free_port()
    relay.write_keys(line.format(p=port) + public_line(key_files["agent"]))
    ssh.start(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    visit(port)


def test_a_range_of_ports(relay, key_files, ssh, target):
    port = free_port()
    relay.write_keys(f'permitlisten="{port}-{min(port + 3, 65535)}" ' + public_line(key_files["agent"]))
    ssh.start(relay, "-R", f"{port}:127.0.0.1:{target.port}")
    visit(port)
    client = ssh.start(relay, "-R", f"{port - 1}:127.0.0.1:{target.port}")
    client.wait_for(rf'Remote: your key may not open port {port - 1} of "localhost" \(permitlisten on its line\)')


def test_a_forward_too_many(relay, key_files, ssh, target):
    """The limit is the key's, whatever connection it comes with; a port that is given back counts no more."""
    relay.write_keys('max-forwards="2",name="lab-7" ' + public_line(key_files["agent"]))
    forward = f"0:127.0.0.1:{target.port}"
    first = ssh.start(relay, "-R", forward)
    relay.wait_for(r'logged in with key "lab-7" SHA256:\S+ \(')
    assert [a["key"] for a in json.loads(relay.ctl("--json", "ls").stdout)["agents"]] == ["lab-7"]
    second = ssh.start(relay, "-R", forward, "-R", f"0:localhost:{target.port}")
    words = r"your key has 2 ports open already \(max-forwards=2 on its line\)"
    second.wait_for(f"Remote: {words}")
    relay.wait_for(f'forward of "localhost" port 0 refused: {words}')
    first.stop()
    relay.wait_for("tunnel#1 from .*: ended after")
    ssh.start(relay, "-R", forward).wait_for("Allocated port")


def test_a_visitor_too_many(relay, key_files, ssh):
    """He is closed at once, and the one after a place came free is served."""
    relay.write_keys('max-visitors="2" ' + public_line(key_files["agent"]))
    with socket.create_server(("127.0.0.1", 0)) as service:
        client = ssh.start(relay, "-R", f"0:127.0.0.1:{service.getsockname()[1]}")
        port = int(client.wait_for(r"Allocated port (\d+)").group(1))
        inside = []
        for _ in range(2):
            inside.append((socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S), service.accept()[0]))
        turned_away(port)
        relay.wait_for(rf"visitor 127\.0\.0\.1:\d+ of port {port} was hung up on: the key has 2 visitors already \(max-visitors=2")
        for sock in inside.pop():
            sock.close()
        relay.wait_for(rf"visitor \S+ of port {port} left")
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as s:
            accepted = service.accept()[0]
            accepted.sendall(b"hello")
            assert s.recv(5) == b"hello"
            accepted.close()
        for sock in inside.pop():
            sock.close()


def test_r29_visitors_from_elsewhere(relay, key_files, ssh, target):
    relay.write_keys('visitors-from="127.0.0.0/8,!127.0.0.3" ' + public_line(key_files["agent"]))
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = int(client.wait_for(r"Allocated port (\d+)").group(1))
    visit(port)
    for source, host in (("127.0.0.3", "127.0.0.1"), ("::1", "::1")):
        turned_away(port, host, source)
        relay.wait_for(rf"visitor \[?{source}\]?:\d+ of port {port} was hung up on: its address is not one that may visit "
                       r"\(visitors-from on the key's line\)")
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S, source_address=("127.0.0.2", 0)) as s:
        s.shutdown(socket.SHUT_WR)
        assert len(read_all(s)) == 32


# --- Match and SIGHUP -------------------------------------------------------------------------------

@pytest.fixture
def configured(start_relay, tmp_path, key_files):
    """A relay with a file of settings that can be written anew."""
    path = tmp_path / "sallyd_config"

    def write(*lines):
        path.write_text("".join(line + "\n" for line in lines))

    def start(*lines, **more):
        write(*lines)
        relay = start_relay(flags=("-f", str(path)), **more)  # the last -f counts
        relay.configure = write
        return relay

    return start


def hang_up(relay):
    before = len(relay.find_all("SIGHUP: "))
    os.kill(relay.pid, signal.SIGHUP)
    relay.wait_for("SIGHUP: configuration and keys are read again", before)


def test_match_by_key(configured, key_files, ssh, target):
    """By the name on the line, by the fingerprint; not by a comment, which is nobody's name."""
    forward = f"0:127.0.0.1:{target.port}"
    words = r'this relay lets nobody open port 0 of "localhost" \(PermitListen\)'
    print_ = subprocess.run(["ssh-keygen", "-lf", key_files["agent_rsa"]], capture_output=True, text=True, check=True).stdout.split()[1]
    relay = configured("PermitListen none", f"Match Key lab-*,{print_},agent_ecdsa", "PermitListen any")
    relay.write_keys('name="lab-7" ' + public_line(key_files["agent"]) + public_line(key_files["agent_rsa"]) +
                     public_line(key_files["agent_ecdsa"]))
    visit(allocated(ssh.start(relay, "-R", forward)))
    visit(allocated(ssh.start(relay, "-R", forward, key="agent_rsa")))
    ssh.start(relay, "-R", forward, key="agent_ecdsa").wait_for(f"Remote: {words}")


def test_match_by_address_and_user(configured, ssh, target):
    forward = f"0:127.0.0.1:{target.port}"
    relay = configured("Match Address ::1", "AllowTcpForwarding no", "Match User tunnel", "GatewayPorts yes", "MaxSessions 0")
    client = ssh.start(relay, "-R", forward)
    assert listeners(allocated(client)) == ANY
    ssh.start(relay, "-R", forward, host="::1").wait_for(r"Remote: this relay lets nobody open ports \(AllowTcpForwarding\)")
    run = ssh.run(relay, "-v")
    assert run.returncode == 255
    assert "open failed: resource shortage: this relay allows no more sessions on the connection (MaxSessions)" in run.stderr


def test_a_key_that_is_gone_ends_its_tunnels(relay, key_files, ssh, target):
    forward = f"0:127.0.0.1:{target.port}"
    staying, going = ssh.start(relay, "-R", forward), ssh.start(relay, "-R", forward, key="agent_rsa")
    port, gone = allocated(staying), allocated(going)
    relay.write_keys(public_line(key_files["agent"]))
    hang_up(relay)
    going.wait_for("Received disconnect from .*: your key is not admitted any more")
    assert going.wait_end() == 255
    relay.wait_for("the key is not admitted any more: the key is on no line of the relay's keys")
    assert not listeners(gone)
    visit(port)


def test_a_key_that_is_revoked(start_relay, tmp_path, key_files, ssh, target):
    """By its fingerprint, for new logins at once and for those who are in with SIGHUP; without the list nobody gets in."""
    forward, revoked = f"0:127.0.0.1:{target.port}", tmp_path / "revoked"

    def revoke(text):
        revoked.write_text(text)
        revoked.chmod(0o600)

    revoke("# none yet\n")
    relay = start_relay(f"RevokedKeys {revoked}")
    staying, going = ssh.start(relay, "-R", forward), ssh.start(relay, "-R", forward, key="agent_rsa")
    said = subprocess.run(["ssh-keygen", "-lf", key_files["agent_rsa"]], capture_output=True, text=True, check=True).stdout
    revoke(said.split()[1] + "\n")
    assert ssh.run(relay, "-N", key="agent_rsa").returncode == 255
    relay.wait_for("not admitted: user tunnel key .*: line 1 revokes the key")
    assert going.popen.poll() is None
    hang_up(relay)
    assert going.wait_end() == 255
    visit(allocated(staying))
    revoked.unlink()
    assert ssh.run(relay, "-N").returncode == 255
    relay.wait_for("revoked: No such file or directory; no key is taken until RevokedKeys can be read")


def test_a_line_that_permits_less_closes_ports(relay, key_files, ssh, target):
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}", "-R", f"0:localhost:{target.port}")
    ports = [allocated(client, n) for n in (0, 1)]
    relay.write_keys(f'no-port-forwarding {public_line(key_files["agent"])}')
    hang_up(relay)
    for port in ports:
        client.wait_for(rf"Remote: port {port} is closed: your key may not open ports")
        assert not listeners(port)
    assert client.popen.poll() is None


def test_a_key_that_expires_ends_its_tunnels(relay, key_files, ssh, target):
    end = time.time() + 3
    stamp = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(end))
    relay.write_keys(f'expiry-time="{stamp}" {public_line(key_files["agent"])}')
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = allocated(client)
    client.wait_for("Received disconnect from .*: your key is not admitted any more")
    assert time.time() >= int(end)
    relay.wait_for("the key is not admitted any more: .* line 1: the key has expired|the key is not admitted any more")
    wait_until(lambda: not listeners(port))


def test_settings_are_read_again(configured, ssh, target):
    """A good file counts from now on, for those who are there as well; a bad one says why and changes nothing."""
    forward = f"0:127.0.0.1:{target.port}"
    relay = configured("GatewayPorts no")
    first = ssh.start(relay, "-R", forward)
    port = allocated(first)
    relay.configure("GatewayPorts yes", "Bogus 1")
    hang_up(relay)
    relay.wait_for(r"sallyd_config: line 2: Bad configuration option: Bogus; the configuration read before stays in force")
    assert listeners(allocated(ssh.start(relay, "-R", forward))) == LOOP
    relay.configure("GatewayPorts yes", "Port 5")
    hang_up(relay)
    assert listeners(allocated(ssh.start(relay, "-R", forward))) == ANY
    visit(port)
    relay.configure("PermitListen none")
    hang_up(relay)
    first.wait_for(rf"Remote: port {port} is closed: this relay lets nobody open port {port} of \"localhost\" \(PermitListen\)")
    assert not listeners(port)
    relay.configure("HostKey /elsewhere")
    hang_up(relay)
    relay.wait_for("HostKey, .* take effect when the relay starts, not now")


def pour(sock):
    with contextlib.suppress(OSError):
        while True:
            sock.sendall(bytes(1 << 16))


def drain(sock, got, who):
    with contextlib.suppress(OSError):
        while piece := sock.recv(1 << 16):
            got[who] += len(piece)


@pytest.mark.parametrize("rate, text", [(1 << 20, "1M"), (40 << 10, "40K")])
def test_the_rate_of_a_key(relay, key_files, ssh, rate, text):
    """Each way, over two connections and four visitors, within a tenth over five seconds."""
    relay.write_keys(f'rate="{text}" ' + public_line(key_files["agent"]))
    got, ends = {"in": 0, "out": 0}, []
    with socket.create_server(("127.0.0.1", 0)) as service:
        for _ in range(2):
            port = allocated(ssh.start(relay, "-R", f"0:127.0.0.1:{service.getsockname()[1]}"))
            for _ in range(2):
                ends.append((socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S), service.accept()[0]))
    begin, seen = time.monotonic(), []
    for visitor, inner in ends:
        for job in ((pour, visitor), (pour, inner), (drain, visitor, got, "out"), (drain, inner, got, "in")):
            threading.Thread(target=job[0], args=job[1:], daemon=True).start()
    while time.monotonic() < begin + 5:
        select.select([], [], [], 0.01)
    seconds, seen = time.monotonic() - begin, dict(got)
    for pair in ends:
        for sock in pair:
            sock.close()
    for way, count in seen.items():
        print(f"{text} {way}: {count / seconds / rate:.3f} of the rate")
        assert 0.9 < count / seconds / rate < 1.1, (way, count, seconds)


def test_r31_cve_2025_14282_cve_2016_10010_nothing_leaves_the_relay(relay, ssh, target):
    """-L and -D would have it dial; it never does."""
    port = free_port()
    client = ssh.start(relay, "-L", f"127.0.0.1:{port}:127.0.0.1:{target.port}", "-R", "0:localhost:22")
    turned_away(port)
    client.wait_for("open failed: administratively prohibited: this relay makes no outgoing connections")


def test_r31_cve_2025_14282_cve_2016_10010_no_unix_sockets(relay, ssh, tmp_path):
    """Made by the relay they would pass for its own user's: it neither listens on one nor connects to one."""
    behind, front, port = tmp_path / "behind", tmp_path / "front", free_port()
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(behind))
        service.listen()
        service.settimeout(0)
        client = ssh.start(relay, "-R", f"{front}:localhost:22", "-L", f"127.0.0.1:{port}:{behind}",
                           "-R", "0:localhost:22")
        client.wait_for(f"remote port forwarding failed for listen path {front}")
        client.wait_for(r"Allocated port")
        turned_away(port)
        client.wait_for("open failed: administratively prohibited")
        with pytest.raises(BlockingIOError):
            service.accept()
    assert not front.exists()


# --- the end of ports -------------------------------------------------------------------------------

def test_r35_cancel_frees_the_port_and_leaves_the_visitor(relay, ssh, target, tmp_path):
    master = tmp_path / "m"
    ssh.start(relay, "-M", "-S", master, "-R", f"0:127.0.0.1:{target.port}")
    port = free_port()

    def mux(*words):
        return subprocess.run(["ssh", "-F", "none", "-S", master, *words, "any"], capture_output=True, text=True,
                              timeout=LIMIT_S, check=True).stdout

    mux("-O", "forward", "-R", f"{port}:127.0.0.1:{target.port}")
    visit(port)
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as inside:
        inside.sendall(b"before ")
        wait_until(lambda: visitors_in(relay, port) == 1)
        mux("-O", "cancel", "-R", f"{port}:127.0.0.1:{target.port}")
        relay.wait_for(f'forward of "localhost" port {port} cancelled')
        assert is_free("127.0.0.1", port) and is_free("::1", port)
        inside.sendall(b"after")
        inside.shutdown(socket.SHUT_WR)
        assert read_all(inside)[32:] == b"before after"
    # The allocated one is cancelled by the port that was given.
    chosen = int(mux("-O", "forward", "-R", f"0:127.0.0.1:{target.port}"))
    visit(chosen)
    mux("-O", "cancel", "-R", f"0:127.0.0.1:{target.port}")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_r35_ports_are_free_as_soon_as_the_client_is_gone(start_relay, ssh, how):
    relay = start_relay("ForwardLease 0")
    client = ssh.start(relay, "-R", "0:localhost:22", "-R", "0:localhost:23")
    ports = allocated(client), allocated(client, 1)
    if how == signal.SIGTERM:
        client.stop()
    else:
        client.popen.kill()
    relay.wait_for("agent tunnel#1 .* ended after")
    for port in ports:
        assert is_free("127.0.0.1", port) and is_free("::1", port)


def test_a_dead_agent_is_found_out(start_relay, ssh, target):
    relay = start_relay("ClientAliveInterval 1", "ClientAliveCountMax 1", "ForwardLease 0")
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = allocated(client)
    client.popen.send_signal(signal.SIGSTOP)
    try:
        relay.wait_for("ended after .*keepalive")
        assert is_free("127.0.0.1", port)
    finally:
        client.popen.send_signal(signal.SIGCONT)


def test_a_living_agent_is_kept(start_relay, ssh, target):
    relay = start_relay("ClientAliveInterval 1", "ClientAliveCountMax 1")
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    client.wait_for("client_input_global_request: rtype keepalive@openssh.com", 3)
    visit(allocated(client))


# --- visitors ---------------------------------------------------------------------------------------

def test_bytes_and_half_close(relay, ssh, target):
    client = ssh.start(relay, "-o", "RekeyLimit=1M", "-R", f"0:127.0.0.1:{target.port}")
    visit(allocated(client), os.urandom(8 << 20))
    client.wait_for("SSH2_MSG_NEWKEYS received", 3)
    relay.wait_for(r"visitor 127.0.0.1:\d+ of port \d+ left: 8388608 bytes in, 8388640 bytes out, .* s, done")


def test_the_relay_asks_for_new_keys(start_relay, ssh, target):
    relay = start_relay("RekeyLimit 256K")
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    visit(allocated(client), os.urandom(4 << 20))
    client.wait_for("SSH2_MSG_NEWKEYS received", 5)


def test_200_visitors_at_once(relay, ssh, target):
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = allocated(client)
    sockets = [socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) for _ in range(200)]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        def finish(numbered):
            i, s = numbered
            with s:
                s.sendall(b"%d" % i)
                s.shutdown(socket.SHUT_WR)
                return read_all(s)[32:] == b"%d" % i
        assert all(pool.map(finish, enumerate(sockets)))


def test_visitors_wait_for_an_agent_that_is_slow_to_answer(relay, ssh, target):
    """More of them than may be unanswered: the rest waits at the door and is turned away by nobody."""
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = allocated(client)
    client.popen.send_signal(signal.SIGSTOP)
    sockets = [socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) for _ in range(300)]
    for s in sockets:
        s.sendall(b"here")
        s.shutdown(socket.SHUT_WR)
    wait_until(lambda: visitors_in(relay, port) >= 64)
    assert visitors_in(relay, port) < 128
    client.popen.send_signal(signal.SIGCONT)
    for s in sockets:
        with s:
            assert read_all(s)[32:] == b"here"
    assert "hung up on" not in relay.said


def wake_ups(relay):
    """How often its processes have slept and been woken so far, all of their threads."""
    total, main = 0, relay.popen.pid
    children = pathlib.Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii").split()
    assert len(children) == 2
    for status in (path for p in (main, *children) for path in pathlib.Path(f"/proc/{p}/task").glob("*/status")):
        total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(encoding="ascii"), re.M).group(1))
    return total


def comes_to_rest(relay, at_most):
    """In two seconds; what was asked of it a moment ago may still have an end to come."""
    for _ in range(10):
        before = wake_ups(relay)
        select.select([], [], [], 2)
        if wake_ups(relay) - before <= at_most:
            return True
    return False


def test_an_idle_relay_sleeps(relay, ssh, target):
    """Nothing ticks without visitors; with some, whose rates are counted, once a second, also while a crowd waits
    for an agent that stands still."""
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = allocated(client)
    visit(port)
    assert comes_to_rest(relay, 0)
    client.popen.send_signal(signal.SIGSTOP)
    sockets = [socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) for _ in range(100)]
    wait_until(lambda: visitors_in(relay, port) >= 64)
    assert comes_to_rest(relay, 4)
    client.popen.send_signal(signal.SIGCONT)
    wait_until(lambda: visitors_in(relay, port) == 100)
    for s in sockets:
        s.close()


def visitors_in(relay, port):
    agent = json.loads(relay.ctl("--json", "ls").stdout)["agents"][0]
    return next(f["visitors_now"] for f in agent["forwards"] if f["port"] == port)


def test_a_target_that_is_down(relay, ssh):
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{free_port()}")
    port = allocated(client)
    turned_away(port)
    relay.wait_for(f"visitor .* of port {port} left: .*, the agent refused it: Connection refused")


@need("dbclient", "dropbearkey")
def test_dbclient(relay, key_files, started, target, tmp_path):
    key = tmp_path / "dropbear"
    made = subprocess.run(["dropbearkey", "-t", "ed25519", "-f", key], check=True, capture_output=True, text=True)
    relay.write_keys(next(line for line in made.stdout.splitlines() if line.startswith("ssh-")) + "\n")
    port = free_port()
    client = Process(["dbclient", "-y", "-y", "-N", "-T", "-i", str(key), "-p", str(relay.port), "-R",
                      f"{port}:127.0.0.1:{target.port}", "tunnel@127.0.0.1"], env={**os.environ, "HOME": str(tmp_path)})
    started.append(client)
    relay.wait_for(f"port {port} opened on")
    visit(port, os.urandom(1 << 20))
    client.stop()
    # It ends without a goodbye, whatever ended it.
    relay.wait_for(f"agent tunnel#1 .*: port {port} is kept for its key")


# --- sessions ---------------------------------------------------------------------------------------

def test_no_shell_but_a_notice(relay, ssh, started, target):
    """What a plain `ssh -R` gets: the session, one notice, and it stays, its input closed or not."""
    client = Process(ssh.command(relay, "-R", f"0:127.0.0.1:{target.port}"))
    started.append(client)
    client.wait_for("^This relay forwards ports and does nothing else: there is no shell here.$")
    port = int(client.wait_for(r"port (\d+) is open for visitors at 127.0.0.1:\1 \(from the relay itself only\)").group(1))
    client.wait_for("^Press Ctrl-C to end the connection and close its ports.$")
    visit(port)
    assert client.popen.poll() is None


def test_on_a_terminal(relay, ssh, tmp_path):
    """The terminal is refused, the notice comes all the same, and Ctrl-C ends it."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("ssh", ssh.command(relay, "-R", "0:localhost:22"))
    said = b""
    while b"Press Ctrl-C" not in said:
        assert select.select([terminal], [], [], LIMIT_S)[0], said
        said += os.read(terminal, 4096)
    assert b"PTY allocation request failed on channel 0" in said
    assert b"there is no shell here.\r" in said
    os.write(terminal, b"\x03")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 255
    os.close(terminal)
    relay.wait_for("agent tunnel#1 .* ended after")


def test_ports_opened_later_are_told(start_relay, ssh, started, tmp_path):
    relay = start_relay("GatewayPorts clientspecified")
    master = tmp_path / "m"
    client = Process(ssh.command(relay, "-M", "-S", str(master)))
    started.append(client)
    client.wait_for("No port is open on this connection")
    port = free_port()
    for word, told in (("forward", f"port {port} is open for visitors at 127.0.0.1:{port}$"),
                       ("cancel", f"port {port} is closed")):
        subprocess.run(["ssh", "-F", "none", "-S", master, "-O", word, "-R", f"*:{port}:localhost:22", "any"],
                       check=True, capture_output=True, timeout=LIMIT_S)
        client.wait_for(told)


def test_what_is_typed_is_thrown_away(relay, ssh, started):
    client = Process(ssh.command(relay, "-R", "0:localhost:22"), stdin=subprocess.PIPE)
    started.append(client)
    client.wait_for("there is no shell here")
    for _ in range(6):
        client.popen.stdin.write("x" * (1 << 20))
    client.popen.stdin.flush()
    # Three windows of ours: it all arrives only because credit is given back.
    wait_until(lambda: json.loads(relay.ctl("--json", "ls").stdout)["agents"][0]["bytes_in"] > 6 << 20)


def test_commands_are_refused(relay, ssh):
    run = subprocess.run([*ssh.command(relay), "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=LIMIT_S, check=False)
    assert run.returncode == 255
    assert "exec request failed on channel 0" in run.stderr
    run = subprocess.run([*ssh.command(relay, "-s"), "sftp"], stdin=subprocess.DEVNULL, capture_output=True,
                         text=True, timeout=LIMIT_S, check=False)
    assert run.returncode == 255
    assert "subsystem request failed on channel 0" in run.stderr


# --- login ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("key", ["agent", "agent_ecdsa", "agent_rsa"])
def test_every_kind_of_key(relay, ssh, key):
    ssh.start(relay, "-R", "0:localhost:22", key=key)
    relay.wait_for(f'logged in with key "{key}" SHA256:')


@pytest.mark.parametrize("kind", [("ecdsa", "521"), ("rsa", "3072"), ("ed25519", "256")])
def test_every_kind_of_host_key(start_relay, ssh, tmp_path, kind):
    key = make_key(tmp_path / "host", "-t", kind[0], "-b", kind[1])
    relay = start_relay(host_key=key)
    known = tmp_path / "known"
    known.write_text("* " + public_line(key))
    ssh.start(relay, "-o", f"UserKnownHostsFile={known}", "-R", "0:localhost:22")
    # The other keys are not offered: a client that wants one of those only gets nowhere.
    other = "ssh-ed25519" if kind[0] != "ed25519" else "rsa-sha2-256"
    assert "no matching host key type" in ssh.run(relay, "-N", "-o", f"HostKeyAlgorithms={other}").stderr


def test_a_strangers_key(relay, ssh):
    run = ssh.run(relay, "-N", key="stranger")
    assert run.returncode == 255
    assert "Permission denied (publickey)." in run.stderr
    relay.wait_for("no login .1 keys refused, last: user tunnel key SHA256:.*: "
                   "the key is on no line of the relay's keys")


def test_keys_come_and_go_without_a_restart(relay, ssh, key_files):
    ssh.start(relay, "-R", "0:localhost:22")
    relay.write_keys(public_line(key_files["stranger"]))
    assert ssh.run(relay, "-N").returncode == 255
    ssh.start(relay, "-R", "0:localhost:22", key="stranger")
    relay.write_keys("nonsense\n" + public_line(key_files["stranger"]))
    ssh.start(relay, "-R", "0:localhost:22", key="stranger")
    relay.wait_for("authorized_keys line 1: ")


def test_a_keys_file_others_may_write_is_refused(relay, ssh):
    relay.keys_file.write_text("# nobody\n", encoding="ascii")
    relay.keys_file.chmod(0o666)
    ssh.start(relay, "-R", "0:localhost:22")  # what was read before stays in force
    relay.wait_for("authorized_keys may be written by others .mode 0666.: chmod go-w .*read before stay in force")


def test_r45_from_is_kept(relay, ssh, key_files):
    relay.write_keys('from="192.0.2.0/24" ' + public_line(key_files["agent"]))
    assert ssh.run(relay, "-N").returncode == 255
    relay.write_keys('from="127.0.0.0/8" ' + public_line(key_files["agent"]))
    ssh.start(relay, "-R", "0:localhost:22")


def test_the_faster_aes_is_in_use(start_relay):
    start_relay(level="DEBUG1").wait_for(aes_gcm_line())


def test_max_startups(start_relay, ssh):
    relay = start_relay("MaxStartups 2:100:2")
    with socket.create_connection(("127.0.0.1", relay.port)) as one, \
            socket.create_connection(("127.0.0.1", relay.port)) as two:
        assert one.recv(4) == two.recv(4) == b"SSH-"
        with socket.create_connection(("127.0.0.1", relay.port), timeout=LIMIT_S) as three:
            assert read_all(three) == b"Exceeded MaxStartups\r\n"
    relay.wait_for("beginning MaxStartups throttling")
    relay.wait_for("connection #2 .* ended before login")
    ssh.start(relay, "-R", "0:localhost:22")
    relay.wait_for("exited MaxStartups throttling: 1 connections were dropped")


def test_login_grace(start_relay):
    relay = start_relay("LoginGraceTime 1")
    with socket.create_connection(("127.0.0.1", relay.port), timeout=LIMIT_S) as s:
        s.sendall(b"SSH-2.0-Slow\r\n")
        read_all(s)
    relay.wait_for("ended before login: Connection timed out during")


@pytest.mark.parametrize("junk", [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 1000, b"SSH-1.5-Old\r\n",
                                  b"SSH-2.0-x\r\n" + b"\xff" * 5000, b"\x1b[31m\r\n"])
def test_junk_ends_its_own_connection_only(relay, ssh, junk, target):
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    with socket.create_connection(("127.0.0.1", relay.port), timeout=LIMIT_S) as s:
        s.sendall(junk)
        s.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            read_all(s)
    relay.wait_for("connection #2 .* ended before login: ")
    assert "\x1b" not in relay.said
    visit(allocated(client))


# --- what no ordinary client does -------------------------------------------------------------------

def with_asyncssh(relay, key_files, do):
    """Runs do(asyncssh, connection), a coroutine, on a connection of AsyncSSH's client."""
    asyncssh = pytest.importorskip("asyncssh")

    async def run():
        async with asyncssh.connect("127.0.0.1", relay.port, username="tunnel", client_keys=[str(key_files["agent"])],
                                    known_hosts=None, config=None, agent_path=None) as connection:
            return await do(asyncssh, connection)

    return asyncio.run(run())


async def off_loop(function, *words):
    return await asyncio.get_running_loop().run_in_executor(None, function, *words)


def test_asyncssh(relay, key_files, target):
    """It says IGNORE ahead of every packet."""
    async def do(_, connection):
        listener = await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", target.port)
        await off_loop(visit, listener.get_port(), os.urandom(16 << 20))

    with_asyncssh(relay, key_files, do)


def send_forwards(relay, key_files, forwards, until):
    """tcpip-forward requests that want no reply, (host, port) each; the connection stays as long as until runs."""
    async def do(asyncssh, connection):
        for host, port in forwards:
            connection.send_packet(80, asyncssh.packet.String("tcpip-forward"), asyncssh.packet.Boolean(False),
                                   asyncssh.packet.String(host), asyncssh.packet.UInt32(port))
        await off_loop(until)

    with_asyncssh(relay, key_files, do)


def count_lines(relay, words):
    return relay.said.count(words)


@pytest.fixture
def name_server(tmp_path):
    """A prefix under which names are looked up for a minute, and the socket of the name server: it answers nothing
    by itself."""
    if not IS_ROOT:
        pytest.skip("needs root for a name server of its own")
    settings = tmp_path / "resolv.conf"
    settings.write_text("nameserver 127.0.0.77\noptions timeout:30 attempts:2\n", encoding="ascii")
    mount = f'mount --bind {settings} /etc/resolv.conf && exec "$@"'
    if subprocess.run(["unshare", "-m", "sh", "-c", mount, "sh", "true"], check=False).returncode != 0:
        pytest.skip("needs a mount namespace")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.77", 53))
        yield ["unshare", "-m", "sh", "-c", mount, "sh"], server


def answer_names(server):
    """Every name is 127.0.0.1 and has no IPv6 address (RFC 1035 4.1). An empty question is the last."""
    while True:
        question, peer = server.recvfrom(512)
        if not question:
            return
        has_answer = question[-4:] == b"\0\1\0\1"
        header = question[:2] + b"\x81\x80\0\1" + bytes([0, has_answer]) + b"\0\0\0\0"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if has_answer else b""
        server.sendto(header + question[12:] + answer, peer)


def test_lookups_of_a_connection_are_bounded(start_relay, key_files, name_server):
    relay = start_relay("GatewayPorts clientspecified", prefix=name_server[0])
    words = "refused: too many names are being looked up for this connection"
    send_forwards(relay, key_files, [(f"host{i}.example", 20000 + i) for i in range(40)],
                  lambda: wait_until(lambda: count_lines(relay, words) == 8))
    # Those under way hold up neither others nor the end.
    begun = time.monotonic()
    assert relay.stop() == 0
    assert time.monotonic() - begun < 10
    assert count_lines(relay, words) == 8


def test_names_do_not_get_past_the_number_of_ports(start_relay, key_files, name_server):
    relay = start_relay("GatewayPorts clientspecified", prefix=name_server[0])
    ports = set()
    while len(ports) < 280:
        ports.add(free_port())
    forwards = list(zip(["relay.example"] * 24 + ["127.0.0.1"] * 256, ports))
    words = 'forward of "relay.example" port [0-9]+ refused: this connection has too many open ports'

    def until():
        wait_until(lambda: count_lines(relay, "opened on 127.0.0.1") == 256)
        server = threading.Thread(target=answer_names, args=(name_server[1],), daemon=True)
        server.start()
        wait_until(lambda: len(re.findall(words, relay.said)) == 24)
        name_server[1].sendto(b"", name_server[1].getsockname())
        server.join()

    send_forwards(relay, key_files, forwards, until)


@need("ss")
@pytest.mark.parametrize("setting, is_probed", [("yes", True), ("no", False)])
def test_a_visitor_is_probed(start_relay, ssh, target, setting, is_probed):
    relay = start_relay(f"TCPKeepAlive {setting}")
    port = allocated(ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}"))
    with socket.create_connection(("127.0.0.1", port)) as visitor:
        own = visitor.getsockname()[1]
        wait_until(lambda: json.loads(relay.ctl("--json", "status").stdout)["counts"]["visitors"] == 1)
        timers = subprocess.run(["ss", "-Htno", f"sport = :{port} and dport = :{own}"], check=True,
                                capture_output=True, text=True).stdout
    assert ("timer:(keepalive" in timers) == is_probed, timers


# --- what takes its time ----------------------------------------------------------------------------

def test_r48_cve_2018_15473_cve_2016_6210_cve_2018_15599_answers_tell_nothing_by_their_time(relay, key_files):
    """A key that may not come from here, and one that nobody knows: both are looked up, and refused."""
    relay.write_keys('from="192.0.2.1" ' + public_line(key_files["agent"]))
    known, unknown = refusal_times(relay, key_files["agent"]), refusal_times(relay, key_files["stranger"])
    assert min(known) >= 0.005 and min(unknown) >= 0.005
    # Each is refused as early as the other at its earliest, and their middles stand in the other's range.
    assert abs(min(known) - min(unknown)) < 0.003
    for one, other in ((known, unknown), (unknown, known)):
        assert min(other) <= sorted(one)[len(one) // 2] <= max(other)


def refusal_times(relay, key, connections=12):
    """Seconds from a query about a key to its refusal, as its client sees them."""
    asyncssh = pytest.importorskip("asyncssh")
    asked = []

    class Client(asyncssh.SSHClient):
        def connection_made(self, conn):
            asked.append([])

        def public_key_auth_requested(self):  # again after each refusal
            asked[-1].append(time.monotonic())
            return str(key) if len(asked[-1]) < 20 else None

    async def run():
        with contextlib.suppress(asyncssh.Error):
            await asyncssh.create_connection(Client, "127.0.0.1", relay.port, username="tunnel", known_hosts=None,
                                             config=None, agent_path=None, client_keys=[])

    for _ in range(connections):
        asyncio.run(run())
    times = [later - earlier for one in asked for earlier, later in zip(one, one[1:])]
    assert len(times) == 19 * connections
    return times


# --- host keys that a client learns -----------------------------------------------------------------

@pytest.mark.parametrize("known", ["ed25519", "rsa"])
def test_a_client_learns_the_other_host_keys(start_relay, ssh, tmp_path, known):
    """Which takes a proof of each that OpenSSH is content with."""
    kinds = {"ed25519": ("-t", "ed25519"), "rsa": ("-t", "rsa", "-b", "2048"), "ecdsa": ("-t", "ecdsa", "-b", "384")}
    keys = {name: make_key(tmp_path / name, *kind) for name, kind in kinds.items()}
    flags = [word for name in keys for word in ("-h", str(keys[name]))]
    relay = start_relay(host_key=keys["ed25519"], flags=flags[2:])
    hosts = tmp_path / "learned"
    hosts.write_text(f"[127.0.0.1]:{relay.port} " + public_line(keys[known]), encoding="ascii")
    client = ssh.start(relay, "-o", f"UserKnownHostsFile={hosts}", "-o", "UpdateHostKeys=yes", "-R", "0:127.0.0.1:9")
    client.wait_for("Learned new hostkey", nth=1)
    wait_until(lambda: len(hosts.read_text(encoding="ascii").splitlines()) == 3)
    text = hosts.read_text(encoding="ascii")
    assert all(public_line(path).split()[1] in text for path in keys.values())
    assert "failed to" not in client.said
