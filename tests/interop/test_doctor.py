# SPDX-License-Identifier: ISC
"""sally --doctor against sshd, sallyd and servers that are none.

127.0.0.2 stands for the relay's public address: what is bound to 127.0.0.1 is closed there, and what is
bound to every address is open."""
import contextlib
import json
import socket
import subprocess
import threading
import time

import pytest

from conftest import IS_ROOT, LIMIT_S, free_port, public_line
from test_agent import ME, SALLY, SSHD, Sshd, keys, public  # noqa: F401 (keys is a fixture)

pytestmark = pytest.mark.skipif(SSHD is None, reason="sshd is not installed")
PUBLIC = "127.0.0.2"
WORDS = b"SSH-2.0-Test\x1b[31m\r\n"
STATUS = {"ok", "note", "warning", "fault"}


# --- tools ------------------------------------------------------------------------------------------

class Service:
    """Says words to whoever comes, or nothing, and keeps the connection until the other side goes."""

    def __init__(self, words=b"", host="127.0.0.1", port=0, closes=False):
        self.words, self.closes = words, closes
        self.listener = socket.create_server((host, port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    def answer(self, client):
        with client, contextlib.suppress(OSError):
            client.sendall(self.words)
            while not self.closes and client.recv(1024):
                pass

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def service():
    made = []

    def make(*words, **more):
        made.append(Service(*words, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def start_sshd(keys, tmp_path):  # noqa: F811
    made = []

    def start(*settings):
        made.append(Sshd(keys, tmp_path, settings=[f"ListenAddress {PUBLIC}", *settings]))
        return made[-1]

    yield start
    for one in made:
        one.stop()


class Doctor:
    def __init__(self, keys, folder):  # noqa: F811
        self.keys, self.known = keys, folder / "known_hosts"

    def know(self, port, key="host", host=PUBLIC):
        self.known.write_text(f"[{host}]:{port} {public(self.keys[key])}\n")

    def command(self, port, *flags, key="ed25519", host=PUBLIC):
        return [SALLY, "--doctor", "-F", "none", "-o", f"UserKnownHostsFile={self.known}", "-o", "GlobalKnownHostsFile=none",
                "-o", "IdentityAgent=none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
                *(["-i", str(self.keys[key])] if key else []), "-p", str(port), *flags, f"{ME.pw_name}@{host}"]

    def run(self, port, *flags, **more):
        """What was found, by id; the whole document stands under None."""
        prefix = more.pop("prefix", [])
        done = subprocess.run([*prefix, *self.command(port, "--json", *flags, **more)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LIMIT_S, check=False)
        print(done.stdout)  # for whoever reads of a failure
        assert done.stderr == ""
        whole = json.loads(done.stdout)
        found = whole["findings"]
        assert all(one["status"] in STATUS and one["text"].isprintable() for one in found)
        assert whole["faults"] == sum(one["status"] == "fault" for one in found)
        assert whole["well"] == (whole["faults"] == 0)
        assert done.returncode == (0 if whole["well"] else 1), done.stdout
        return {None: whole, **{one["id"]: one for one in found}}

    @staticmethod
    def faults(found):
        return [one["id"] for one in found[None]["findings"] if one["status"] == "fault"]


@pytest.fixture
def doctor(keys, tmp_path):  # noqa: F811
    return Doctor(keys, tmp_path)


# --- the connection ---------------------------------------------------------------------------------

def test_a_good_connection_is_described(doctor, start_sshd):
    server = start_sshd()
    doctor.know(server.port)
    found = doctor.run(server.port)
    assert doctor.faults(found) == []
    assert "OpenSSH" in found["banner.seen"]["text"]
    assert "curve25519" in found["algorithms.classic"]["text"]
    assert f"{doctor.known}:1" in found["hostkey.known"]["text"]
    assert "publickey with" in found["login.done"]["text"] and "SHA256:" in found["login.done"]["text"]
    assert "ClientAliveInterval" in found["keepalive.relay"]["cure"]
    for name in ("name.found", "route.open", "relay.plain", "keepalive.on", "forward.none"):
        assert name in found
    assert "algorithms.unstrict" not in found


def test_keepalives_of_this_side_are_told(doctor, start_sshd):
    server = start_sshd()
    doctor.know(server.port)
    assert "after 7 s" in doctor.run(server.port, "-o", "ServerAliveInterval=7")["keepalive.on"]["text"]
    assert doctor.run(server.port, "-o", "ServerAliveInterval=0")["keepalive.off"]["status"] == "warning"


def test_a_name_that_does_not_resolve(doctor):
    found = doctor.run(22, host="relay.invalid")
    assert doctor.faults(found) == ["name.unknown"]
    assert "relay.invalid" in found["name.unknown"]["text"] and found["name.unknown"]["cure"]


def test_a_closed_port(doctor):
    assert doctor.faults(doctor.run(free_port())) == ["route.refused"]


def test_a_port_that_swallows_everything(doctor):
    """A backlog that is full drops what comes, as a firewall does."""
    with socket.socket() as listener:
        listener.bind((PUBLIC, 0))
        listener.listen(0)
        address = listener.getsockname()
        fill = [socket.socket() for _ in range(8)]
        for one in fill:
            one.setblocking(False)
            one.connect_ex(address)
        start = time.monotonic()
        found = doctor.run(address[1], "-o", "ConnectTimeout=2")
        assert doctor.faults(found) == ["route.silent"]
        assert time.monotonic() - start < 20
        for one in fill:
            one.close()


@pytest.mark.parametrize("words, closes, name", [
    (b"", False, "banner.silent"), (b"", True, "banner.none"), (b"HTTP/1.0 400 Bad\r\n" * 2000, True, "banner.none"),
    (b"Not allowed at this time\r\n", True, "banner.shunned")])
def test_what_is_no_ssh_server(doctor, service, words, closes, name):
    port = service(words, host=PUBLIC, closes=closes).port
    found = doctor.run(port, "-o", "ConnectTimeout=2")
    assert doctor.faults(found) == [name]
    assert "route.open" in found


def test_nothing_in_common(doctor, start_sshd):
    server = start_sshd("Ciphers aes192-ctr")
    doctor.know(server.port)
    assert doctor.faults(doctor.run(server.port)) == ["algorithms.none"]


def test_a_changed_host_key_names_file_line_and_command(doctor, start_sshd):
    server = start_sshd()
    doctor.know(server.port, "host_other")
    found = doctor.run(server.port)
    assert doctor.faults(found) == ["hostkey.changed"]
    one = found["hostkey.changed"]
    assert f"{doctor.known}:1" in one["text"]
    assert f"ssh-keygen -f '{doctor.known}' -R '[{PUBLIC}]:{server.port}'" in one["cure"]
    command = one["cure"].split("If so: ")[1].split(", and")[0]
    subprocess.run(command, shell=True, check=True, capture_output=True)
    assert str(server.port) not in doctor.known.read_text()


def test_a_changed_host_key_that_is_let_pass_forwards_nothing(doctor, start_sshd):
    server = start_sshd()
    doctor.know(server.port, "host_other")
    found = doctor.run(server.port, "-o", "StrictHostKeyChecking=no", "-R", "0:localhost:22")
    assert doctor.faults(found) == ["hostkey.changed", "forward.unproven"]


def test_an_unknown_host_key(doctor, start_sshd):
    server = start_sshd()
    found = doctor.run(server.port)
    assert doctor.faults(found) == ["hostkey.unknown"]
    assert f"ssh-keyscan -p {server.port} {PUBLIC}" in found["hostkey.unknown"]["cure"]
    found = doctor.run(server.port, "-o", "StrictHostKeyChecking=accept-new")
    assert "hostkey.new" in found and doctor.faults(found) == []


def test_a_revoked_host_key(doctor, start_sshd, keys):  # noqa: F811
    server = start_sshd()
    doctor.known.write_text(f"@revoked * {public(keys['host'])}\n")
    assert doctor.faults(doctor.run(server.port)) == ["hostkey.revoked"]


def test_no_login(doctor, start_sshd, keys):  # noqa: F811
    server = start_sshd()
    doctor.know(server.port)
    found = doctor.run(server.port, key="stranger")
    assert doctor.faults(found) == ["login.refused"]
    assert str(keys["stranger"]) in found["login.refused"]["text"]
    assert "Permission denied (publickey" in found["login.refused"]["text"]


def test_no_key(doctor, start_sshd):
    server = start_sshd()
    doctor.know(server.port)
    found = doctor.run(server.port, "-o", "IdentityFile=/nonexistent", key=None)
    assert doctor.faults(found) == ["login.no-key"]


# --- where a port is bound --------------------------------------------------------------------------

@pytest.mark.parametrize("setting, asked, name, inside", [
    ("no", "*:", "reach.loopback", True), ("no", "", "reach.local", True),
    ("clientspecified", "*:", "reach.open", False), ("clientspecified", "", "reach.local", True),
    ("clientspecified", "localhost:", "reach.local", True), ("clientspecified", "0.0.0.0:", "reach.open", False),
    ("yes", "*:", "reach.open", False), ("yes", "", "reach.wide", True)])
def test_the_trap_of_gateway_ports(doctor, start_sshd, service, setting, asked, name, inside):
    server, target = start_sshd(f"GatewayPorts {setting}"), service(WORDS)
    doctor.know(server.port)
    found = doctor.run(server.port, "-R", f"{asked}0:127.0.0.1:{target.port}")
    assert name in found, found
    assert ("inside.open" in found) == inside
    assert "SSH-2.0-Test\\x1b[31m" in found["target.speaks"]["text"]
    assert "SSH-2.0-Test\\x1b[31m" in found["trip.whole"]["text"]
    assert doctor.faults(found) == ([name] if name == "reach.loopback" else [])
    if name == "reach.loopback":
        assert "GatewayPorts clientspecified" in found[name]["cure"]


def test_a_relay_that_is_here_cannot_be_judged_from_outside(doctor, start_sshd, service):
    server, target = start_sshd(), service(WORDS)
    doctor.know(server.port, host="127.0.0.1")
    found = doctor.run(server.port, "-R", f"*:0:127.0.0.1:{target.port}", host="127.0.0.1")
    assert "reach.unseen" in found and "inside.open" in found and "trip.whole" in found


def test_no_way_to_try_from_inside(doctor, start_sshd, service):
    server, target = start_sshd("AllowTcpForwarding remote"), service(WORDS)
    doctor.know(server.port)
    found = doctor.run(server.port, "-R", f"0:127.0.0.1:{target.port}")
    assert doctor.faults(found) == []
    assert "inside.unseen" in found and "trip.whole" not in found


# --- refused ----------------------------------------------------------------------------------------

def test_forwarding_is_off(doctor, start_sshd, service):
    server, target = start_sshd("AllowTcpForwarding no"), service(WORDS)
    doctor.know(server.port)
    found = doctor.run(server.port, "-R", f"0:127.0.0.1:{target.port}")
    assert doctor.faults(found) == ["forward.disabled"]
    assert "AllowTcpForwarding" in found["forward.disabled"]["cure"]
    assert "target.speaks" in found


def test_a_port_that_is_not_permitted(doctor, start_sshd, service):
    server, target = start_sshd("PermitListen 127.0.0.1:4711"), service(WORDS)
    doctor.know(server.port)
    found = doctor.run(server.port, "-R", f"4711:127.0.0.1:{target.port}")
    assert doctor.faults(found) == ["forward.denied"]
    assert '"localhost:4711"' in found["forward.denied"]["cure"]


@pytest.mark.parametrize("host", [PUBLIC, "127.0.0.1"])
def test_a_taken_port(doctor, start_sshd, service, host):
    server, target = start_sshd("GatewayPorts clientspecified"), service(WORDS)
    holder = service(b"I was first\n", host=host)
    doctor.know(server.port)
    found = doctor.run(server.port, "-R", f"{host}:{holder.port}:127.0.0.1:{target.port}")
    assert doctor.faults(found) == ["forward.taken"]
    assert "I was first" in found["forward.taken"]["text"]


def test_a_refusal_without_any_reason(doctor, start_sshd, service):
    server, target = start_sshd("GatewayPorts clientspecified"), service(WORDS)
    doctor.know(server.port)
    found = doctor.run(server.port, "-R", f"192.0.2.1:{free_port()}:127.0.0.1:{target.port}", "-o", "ConnectTimeout=2")
    assert doctor.faults(found) == ["forward.unexplained"]


# --- targets ----------------------------------------------------------------------------------------

@pytest.fixture
def open_sshd(doctor, start_sshd):
    server = start_sshd("GatewayPorts clientspecified")
    doctor.know(server.port)
    return server


def test_a_closed_target(doctor, open_sshd):
    port = free_port()
    found = doctor.run(open_sshd.port, "-R", f"*:0:127.0.0.1:{port}")
    assert doctor.faults(found) == ["target.refused"]
    assert f"127.0.0.1:{port}" in found["target.refused"]["text"]
    assert "reach.open" in found and "trip.broken" not in found


def test_a_target_with_no_address(doctor, open_sshd):
    assert doctor.faults(doctor.run(open_sshd.port, "-R", "*:0:target.invalid:1")) == ["target.unknown"]


def test_a_silent_target(doctor, open_sshd, service):
    found = doctor.run(open_sshd.port, "-R", f"*:0:127.0.0.1:{service().port}")
    assert doctor.faults(found) == []
    assert "target.open" in found and "trip.open" in found


def test_a_target_that_hangs_up(doctor, open_sshd, service):
    found = doctor.run(open_sshd.port, "-R", f"*:0:127.0.0.1:{service(closes=True).port}")
    assert found["target.closes"]["status"] == "warning" and "trip.open" in found


def test_a_target_that_serves_one_only(doctor, open_sshd):
    """It greets the first who comes and nobody after that."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listener:
        def serve():
            with contextlib.suppress(OSError):
                client, _ = listener.accept()
                client.sendall(WORDS)
                client.recv(1)
        threading.Thread(target=serve, daemon=True).start()
        found = doctor.run(open_sshd.port, "-R", f"*:0:127.0.0.1:{listener.getsockname()[1]}")
        assert doctor.faults(found) == ["trip.broken"]


def test_several_forwards_each_get_their_findings(doctor, open_sshd, service):
    one, closed = service(WORDS).port, free_port()
    whole = doctor.run(open_sshd.port, "-R", f"*:0:127.0.0.1:{one}", "-R", f"*:0:127.0.0.1:{closed}")[None]
    about = {(f["id"], f["forward"]) for f in whole["findings"] if "forward" in f}
    assert ("trip.whole", f"-R :0:127.0.0.1:{one}") in about
    assert ("target.refused", f"-R :0:127.0.0.1:{closed}") in about


def test_a_target_that_visitors_name(doctor, open_sshd):
    found = doctor.run(open_sshd.port, "-R", "*:0")
    assert doctor.faults(found) == []
    assert "SOCKS" in found["target.untried"]["text"] and "reach.open" in found


def test_a_unix_socket_on_the_relay(doctor, open_sshd, service, tmp_path):
    words = "-R", f"{tmp_path}/sock:127.0.0.1:{service(WORDS).port}"
    found = doctor.run(open_sshd.port, *words)
    assert doctor.faults(found) == []
    assert f"the socket {tmp_path}/sock" in found["forward.granted"]["text"]
    assert "target.speaks" in found and not any(name and name.startswith(("reach", "inside", "trip")) for name in found)
    # sshd never takes its socket away.
    again = doctor.run(open_sshd.port, *words)
    assert doctor.faults(again) == ["forward.unexplained"]
    assert "StreamLocalBindUnlink" in again["forward.unexplained"]["cure"]


# --- an address of its own, and a firewall ----------------------------------------------------------

RELAY_ADDRESS, OTHER_ADDRESS, HERE = "10.9.7.1", "10.9.7.3", "10.9.7.2"


@pytest.fixture
def two_hosts():
    """Ways to run a program on the relay's host and on ours, each with a network of its own."""
    if not IS_ROOT or subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no network namespaces here")
    holders = [subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep 600"], stdout=subprocess.PIPE) for _ in range(2)]
    for one in holders:
        one.stdout.readline()
    relay, here = (["nsenter", "-t", str(one.pid), "-n"] for one in holders)
    for prefix, words in ((relay, f"link add v0 type veth peer name v1 netns {holders[1].pid}"), (relay, "link set lo up"),
                          (here, "link set lo up"), (relay, f"addr add {RELAY_ADDRESS}/24 dev v0"),
                          (relay, f"addr add {OTHER_ADDRESS}/24 dev v0"), (here, f"addr add {HERE}/24 dev v1"),
                          (relay, "link set v0 up"), (here, "link set v1 up"),
                          # Answers of the other address are lost, as behind a firewall.
                          (relay, f"rule add from {OTHER_ADDRESS} blackhole")):
        subprocess.run([*prefix, "ip", *words.split()], check=True)
    yield relay, here
    for one in holders:
        one.kill()
        one.wait()


@pytest.mark.parametrize("setting, bind, name", [
    ("no", "*", "reach.loopback"), ("no", RELAY_ADDRESS, "reach.loopback"), ("clientspecified", "*", "reach.open"),
    ("clientspecified", RELAY_ADDRESS, "reach.open"), ("clientspecified", OTHER_ADDRESS, "reach.filtered")])
def test_an_address_and_a_firewall(doctor, keys, tmp_path, two_hosts, setting, bind, name):  # noqa: F811
    relay, here = two_hosts
    server = Sshd(keys, tmp_path, settings=[f"ListenAddress {RELAY_ADDRESS}", f"GatewayPorts {setting}"], prefix=relay)
    try:
        doctor.known.write_text(f"[{RELAY_ADDRESS}]:{server.port} {public(keys['host'])}\n")
        # The target is our own end of the connection's network: nobody listens there, which is another finding.
        found = doctor.run(server.port, "-R", f"{bind}:0:{HERE}:9", host=RELAY_ADDRESS, prefix=here)
    finally:
        server.stop()
    assert doctor.faults(found) == (["target.refused"] if name == "reach.open" else ["target.refused", name])
    assert name in found


# --- the other way round ----------------------------------------------------------------------------

def test_a_local_forward(doctor, open_sshd, service):
    target = service(WORDS)
    found = doctor.run(open_sshd.port, "-L", f"{free_port()}:127.0.0.1:{target.port}")
    assert doctor.faults(found) == []
    assert "local.free" in found and "from the relay" in found["target.speaks"]["text"]


def test_a_local_port_that_is_taken_and_a_target_that_is_closed(doctor, open_sshd, service):
    found = doctor.run(open_sshd.port, "-L", f"127.0.0.1:{service().port}:127.0.0.1:{free_port()}")
    assert doctor.faults(found) == ["local.taken", "target.refused"]


def test_a_way_that_the_relay_does_not_open(doctor, start_sshd, service):
    server = start_sshd("AllowTcpForwarding remote")
    doctor.know(server.port)
    assert doctor.faults(doctor.run(server.port, "-W", f"127.0.0.1:{service(WORDS).port}")) == ["target.denied"]


# --- a relay of ours --------------------------------------------------------------------------------

@pytest.fixture
def our_doctor(doctor, key_files):
    doctor.known.write_text("* " + public_line(key_files["relay"]))
    doctor.keys = key_files
    return doctor


def test_a_relay_of_ours_says_why(our_doctor, start_relay, service):
    relay, target, holder = start_relay(), service(WORDS), service()
    found = our_doctor.run(relay.port, "-R", f"{holder.port}:127.0.0.1:{target.port}", key="agent", host="127.0.0.1")
    assert our_doctor.faults(found) == ["forward.taken"]
    assert f"port {holder.port} on 127.0.0.1 is taken" in found["forward.taken"]["text"]
    assert "relay.sallyd" in found


def test_a_relay_of_ours_says_who_holds_a_port(our_doctor, start_relay, service, ssh):
    relay, target = start_relay(), service(WORDS)
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}", key="agent_ecdsa")
    port = client.wait_for(r"Allocated port (\d+)").group(1)
    our_doctor.known.write_text("* " + public_line(our_doctor.keys["relay"]))
    found = our_doctor.run(relay.port, "-R", f"{port}:127.0.0.1:{target.port}", key="agent", host="127.0.0.1")
    assert our_doctor.faults(found) == ["forward.taken"]


def test_a_relay_of_ours_that_narrows_says_so_even_from_here(our_doctor, start_relay, service):
    relay, target = start_relay(), service(WORDS)
    found = our_doctor.run(relay.port, "-R", f"*:0:127.0.0.1:{target.port}", key="agent", host="127.0.0.1")
    assert our_doctor.faults(found) == ["reach.loopback"]
    assert "sallyd_config" in found["reach.loopback"]["cure"]


def test_a_rule_of_a_relay_of_ours(our_doctor, start_relay, service):
    relay = start_relay("PermitListen=4711")
    found = our_doctor.run(relay.port, "-R", f"4712:127.0.0.1:{service(WORDS).port}", key="agent", host="127.0.0.1")
    assert our_doctor.faults(found) == ["forward.denied"]


# --- words ------------------------------------------------------------------------------------------

def test_lines_for_people(doctor, open_sshd, service):
    done = subprocess.run(doctor.command(open_sshd.port, "-R", f"*:0:127.0.0.1:{service(WORDS).port}"),
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0 and done.stderr == b""
    assert b"\x1b" not in done.stdout
    assert done.stdout.splitlines()[-1] == b"All is well."
    assert b"ok      trip.whole: -R :0:127.0.0.1:" in done.stdout


@pytest.mark.parametrize("flags, words", [
    (["-R", "1:2:3:4:5"], "Bad remote forwarding specification"), (["-p", "x"], "Bad port 'x'"), (["--docter"], "unknown option"),
    (["-o", "Nonsense=1"], "Bad configuration option")])
def test_wrong_words(flags, words):
    done = subprocess.run([SALLY, "--doctor", "-F", "none", *flags, "host"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 255 and done.stdout == "" and words in done.stderr


def test_findings_that_nobody_can_read(doctor):
    with open("/dev/full", "w") as full:
        done = subprocess.run(doctor.command(free_port(), "--json"), stdin=subprocess.DEVNULL, stdout=full,
                              stderr=subprocess.PIPE, timeout=LIMIT_S, check=False)
    assert done.returncode == 255 and b"could not be written" in done.stderr
