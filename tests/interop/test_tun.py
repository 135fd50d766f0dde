# SPDX-License-Identifier: ISC
"""Tunnels of networks (-w) between two namespaces, each with devices of its own, against the real sshd."""
import contextlib
import itertools
import json
import os
import shutil
import signal
import stat
import subprocess

import pytest

from conftest import (IS_ROOT, LIMIT_S, NOBODY, Process, bears_failures, kill_sessions, make_key, need, public_line,
                      wait_until)

SALLY, SALLYD = os.environ["SALLY"], os.environ["SALLYD"]
SSHD = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin")
PORT = 2222  # nobody else is in the namespace
AGENT, RELAY = "192.0.2.1", "192.0.2.2"


def has_tun():
    with contextlib.suppress(OSError):
        os.close(os.open("/dev/net/tun", os.O_RDWR))
        return True
    return False


pytestmark = [pytest.mark.skipif(not IS_ROOT, reason="devices and namespaces need root"),
              pytest.mark.skipif(not has_tun(), reason="/dev/net/tun is not to be had here"),
              need("ip", "ping")]


# --- two machines -----------------------------------------------------------------------------------

def run(*words, **more):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=LIMIT_S, check=True,
                          **more).stdout


class Machine:
    """A network namespace."""
    numbers = itertools.count()

    def __init__(self):
        self.name = f"sally-{os.getpid()}-{next(Machine.numbers)}"
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def prefix(self):
        return ["ip", "netns", "exec", self.name]

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def show(self, *words):
        """What ip says as JSON; nothing when the device is not there."""
        said = subprocess.run(["ip", "-n", self.name, "-j", *words], capture_output=True, text=True,
                              timeout=LIMIT_S, check=False).stdout
        return [one for one in json.loads(said or "[]") if one]

    def link(self, device):
        found = self.show("link", "show", "dev", device)
        return found[0] if found else None

    def addresses(self, device):
        """Those that were given, as "10.9.0.2/32"."""
        found = self.show("addr", "show", "dev", device)
        return [f"{a['local']}/{a['prefixlen']}" for a in found[0]["addr_info"] if a.get("scope") != "link"]

    def give(self, device, *addresses):
        """As the user of sshd has to."""
        wait_until(lambda: self.link(device))
        for address in addresses:
            self.ip("addr", "add", *address.split(), "dev", device, *(("nodad",) if ":" in address else ()))
        self.ip("link", "set", device, "up")

    def can_ping(self, address, *flags, count=1):
        return subprocess.run([*self.prefix(), "ping", "-q", "-c", str(count), "-W", "2", *flags, address],
                              capture_output=True, timeout=LIMIT_S, check=False).returncode == 0

    def close(self):
        run("ip", "netns", "del", self.name)


class Net:
    """Agent's and relay's machines, and a cable."""

    def __init__(self, folder, started):
        self.folder, self.started = folder, started
        self.agent, self.relay = Machine(), Machine()
        run("ip", "link", "add", "up0", "netns", self.agent.name, "type", "veth", "peer", "name", "up0", "netns",
            self.relay.name)
        for machine, address in ((self.agent, AGENT), (self.relay, RELAY)):
            machine.ip("addr", "add", f"{address}/24", "dev", "up0")
            machine.ip("link", "set", "up0", "up")
        self.key, self.host_key = make_key(folder / "key"), make_key(folder / "host")
        self.known = folder / "known_hosts"
        self.known.write_text(f"* {public_line(self.host_key)}", encoding="ascii")
        self.authorized = folder / "authorized_keys"
        self.authorize("")

    def authorize(self, options):
        self.authorized.write_text(f"{options} {public_line(self.key)}".lstrip(), encoding="ascii")
        self.authorized.chmod(0o600)

    def sshd(self, *settings):
        config = self.folder / "sshd_config"
        config.write_text("\n".join([
            *settings, f"Port {PORT}", f"ListenAddress {RELAY}", "PidFile none", "StrictModes no", "UsePAM no",
            "PasswordAuthentication no", "PermitRootLogin yes", f"AuthorizedKeysFile {self.authorized}",
            f"HostKey {self.host_key}", "PermitTunnel yes", "LogLevel DEBUG1", *bears_failures(), ""]))
        os.makedirs("/run/sshd", exist_ok=True)
        server = Process([*self.relay.prefix(), SSHD, "-D", "-e", "-f", str(config)])
        self.started.append(server)
        server.wait_for("Server listening")
        return server

    def sallyd(self, *settings):
        server = Process([*self.relay.prefix(), SALLYD, "-D", "-f", "/dev/null", "-p", str(PORT), "-h",
                          str(self.host_key), "-o", f"ListenAddress={RELAY}", "-o",
                          f"AuthorizedKeysFile={self.authorized}", "-o", "PortsFile=none", "-o", "ControlSocket=none",
                          "-o", "LogLevel=VERBOSE", *(w for one in settings for w in ("-o", one))])
        self.started.append(server)
        server.wait_for(r"ssh -p \d+ USER@")
        return server

    def ssh(self, *flags):
        process = Process([*self.agent.prefix(), *self.words("ssh", "-v", "-N", *flags)])
        self.started.append(process)
        return process

    def words(self, program, *flags):
        return [program, *flags, "-F", "none", "-o", f"UserKnownHostsFile={self.known}", "-o",
                "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes", "-o", "IdentityAgent=none", "-i",
                str(self.key), "-p", str(PORT), f"root@{RELAY}"]

    def sally(self, *flags, prefix=()):
        process = Process([*self.agent.prefix(), *prefix, *self.words(SALLY, "-v", "-N", *flags)])
        self.started.append(process)
        return process

    def sally_says(self, *flags, prefix=()):
        return subprocess.run([*self.agent.prefix(), *prefix, *self.words(SALLY, *flags)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S, check=False)

    def close(self):
        for process in reversed(self.started):
            process.stop()
            assert "Sanitizer" not in process.said, process.said
        self.started.clear()
        self.agent.close()
        self.relay.close()


@pytest.fixture
def net(tmp_path):
    one = Net(tmp_path, [])
    yield one
    one.close()


pytestmark.append(pytest.mark.skipif(SSHD is None, reason="sshd is not installed"))
POINT = ("-o", "TunnelAddress=10.9.0.2/32,peer=10.9.0.1")


# --- point to point ---------------------------------------------------------------------------------

def test_ping_both_ways_in_both_families(net):
    net.sshd()
    agent = net.sally("-w", "3:4", "-o", "TunnelAddress=10.9.0.2/32,peer=10.9.0.1 fd00:9::2/64")
    agent.wait_for("Tunnel up: tun3 here, tun4 at 192.0.2.2")
    net.relay.give("tun4", "10.9.0.1 peer 10.9.0.2", "fd00:9::1/64")
    assert net.agent.can_ping("10.9.0.1") and net.agent.can_ping("fd00:9::1")
    assert net.relay.can_ping("10.9.0.2") and net.relay.can_ping("fd00:9::2")
    agent.stop()
    assert net.agent.link("tun3") is None


def test_large_packets_arrive_whole(net):
    net.sshd()
    agent = net.sally("-w", "0:0", *POINT, "-o", "TunnelMTU=9000")
    agent.wait_for("Tunnel up")
    net.relay.give("tun0", "10.9.0.1 peer 10.9.0.2")
    net.relay.ip("link", "set", "tun0", "mtu", "9000")
    assert net.agent.link("tun0")["mtu"] == 9000
    for size in (1472, 1473, 8972):
        assert net.agent.can_ping("10.9.0.1", "-M", "do", "-s", str(size))


def test_what_openssh_would_choke_on_is_not_sent(net):
    """It ends its side for a packet of more than 16380 bytes; with us that costs the packet."""
    net.sshd()
    net.sally("-w", "0:0", *POINT).wait_for("Tunnel up")
    net.relay.give("tun0", "10.9.0.1 peer 10.9.0.2")
    for machine in (net.agent, net.relay):
        machine.ip("link", "set", "tun0", "mtu", "20000")
    assert net.agent.can_ping("10.9.0.1", "-M", "do", "-s", "16352")
    assert not net.agent.can_ping("10.9.0.1", "-M", "do", "-s", "16353")
    assert net.agent.can_ping("10.9.0.1")


def test_bulk_data_both_ways(net):
    """More than a window each way: what is charged and what is given back agree with OpenSSH's way to count."""
    net.sshd()
    net.sally("-w", "0:0", *POINT).wait_for("Tunnel up")
    net.relay.give("tun0", "10.9.0.1 peer 10.9.0.2")
    assert net.agent.can_ping("10.9.0.1")
    size = 12 << 20
    for sender, receiver, to in ((net.agent, net.relay, "10.9.0.1"), (net.relay, net.agent, "10.9.0.2")):
        sink = Process([*receiver.prefix(), "python3", "-c", SINK, to])
        net.started.append(sink)
        sink.wait_for("listening")
        run(*sender.prefix(), "python3", "-c", SOURCE, to, size)
        sink.wait_for(f"^{size}$")


SINK = """
import socket, sys
with socket.create_server((sys.argv[1], 7000)) as s:
    print('listening', flush=True)
    c, _ = s.accept()
    n = 0
    while part := c.recv(1 << 20):
        n += len(part)
    print(n, flush=True)
"""
SOURCE = """
import socket, sys
with socket.create_connection((sys.argv[1], 7000), timeout=60) as c:
    c.sendall(bytes(int(sys.argv[2])))
"""


def test_units_that_are_free(net):
    """Two tunnels over one connection, each with what is its own."""
    net.sshd()
    agent = net.sally("-w", "any", "-w", "any:any", "-o", "TunnelAddress=10.9.0.2/32,peer=10.9.0.1 2=10.9.1.2/32,peer=10.9.1.1")
    agent.wait_for("Tunnel up: tun0 here")
    agent.wait_for("Tunnel up: tun1 here, a device it chose")
    net.relay.give("tun0", "10.9.0.1 peer 10.9.0.2")
    net.relay.give("tun1", "10.9.1.1 peer 10.9.1.2")
    assert net.agent.can_ping("10.9.0.1") and net.agent.can_ping("10.9.1.1")


def test_routes_lead_through_it(net):
    net.sshd()
    net.sally("-w", "0:0", *POINT, "-o", "TunnelRoutes=10.77.0.0/16").wait_for("Tunnel up")
    net.relay.give("tun0", "10.9.0.1 peer 10.9.0.2")
    net.relay.ip("addr", "add", "10.77.1.1/32", "dev", "lo")
    assert net.agent.can_ping("10.77.1.1")


# --- ethernet ---------------------------------------------------------------------------------------

def test_ethernet_joins_bridges(net):
    """A machine behind the relay is asked for by ARP from the agent's, through a bridge."""
    net.sshd()
    net.sally("-o", "Tunnel=ethernet", "-w", "0:0", "-o", "TunnelAddress=10.8.0.2/24").wait_for(
        "Tunnel up: tap0 here, tap0 at")
    wait_until(lambda: net.relay.link("tap0"))
    inner = Machine()
    try:
        net.relay.ip("link", "add", "br0", "type", "bridge")
        net.relay.ip("link", "add", "in0", "type", "veth", "peer", "name", "eth0", "netns", inner.name)
        for device in ("tap0", "in0"):
            net.relay.ip("link", "set", device, "master", "br0")
        for device in ("tap0", "in0", "br0"):
            net.relay.ip("link", "set", device, "up")
        inner.give("eth0", "10.8.0.3/24")
        assert net.agent.can_ping("10.8.0.3", count=3)
        assert net.agent.show("neigh", "show", "10.8.0.3")[0]["dev"] == "tap0"
    finally:
        inner.close()


# --- rights and refusals ----------------------------------------------------------------------------

@pytest.fixture
def as_nobody(net, unprivileged):
    """How to run sally as somebody without rights, who may open the clone device as most systems let them."""
    prefix, folder = unprivileged
    for name in ("key", "known"):
        path = shutil.copy(getattr(net, name), folder)
        os.chown(path, NOBODY, NOBODY)
        setattr(net, name, path)
    node = folder / "tun"
    os.mknod(node, 0o600 | stat.S_IFCHR, os.stat("/dev/net/tun").st_rdev)
    node.chmod(0o666)
    return ["unshare", "--mount", "sh", "-c", f'mount --bind {node} /dev/net/tun && exec "$@"', "sh", *prefix]


def test_without_the_right_the_sentence_has_the_cure(net, as_nobody):
    net.sshd()
    said = net.sally_says("-N", "-o", "ExitOnForwardFailure=yes", "-w", "5", prefix=as_nobody)
    assert said.returncode == 255
    assert 'tun5: Operation not permitted: have it made beforehand by root: "ip tuntap add dev tun5 mode tun ' \
           'user nobody"' in said.stderr
    assert "Tunnel device open failed.\n" in said.stderr.replace("\r", "")
    assert "Could not request tunnel forwarding." in said.stderr


def test_a_device_made_beforehand_serves_who_owns_it(net, as_nobody):
    net.sshd()
    net.agent.ip("tuntap", "add", "dev", "tun5", "mode", "tun", "user", NOBODY)
    net.agent.give("tun5", "10.9.0.2 peer 10.9.0.1")
    agent = net.sally("-w", "5:5", prefix=as_nobody)
    agent.wait_for("tun5 was there")
    agent.wait_for("Tunnel up")
    net.relay.give("tun5", "10.9.0.1 peer 10.9.0.2")
    assert net.agent.can_ping("10.9.0.1")
    agent.stop()
    assert net.agent.addresses("tun5") == ["10.9.0.2/32"]


def test_a_device_that_stays_is_left_as_it_was(net):
    net.sshd()
    net.agent.ip("tuntap", "add", "dev", "tun7", "mode", "tun")
    net.agent.ip("addr", "add", "10.1.1.1/32", "dev", "tun7")
    agent = net.sally("-w", "7:7", *POINT, "-o", "TunnelMTU=1400", "-o", "TunnelRoutes=10.77.0.0/16")
    agent.wait_for("Tunnel up")
    assert net.agent.addresses("tun7") == ["10.1.1.1/32", "10.9.0.2/32"]
    assert net.agent.link("tun7")["mtu"] == 1400 and "UP" in net.agent.link("tun7")["flags"]
    agent.stop()
    assert net.agent.addresses("tun7") == ["10.1.1.1/32"]
    assert net.agent.link("tun7")["mtu"] == 1500 and "UP" not in net.agent.link("tun7")["flags"]


def test_a_refusal_is_told_and_asked_again(net):
    net.sshd("PermitTunnel no")
    agent = net.sally("-w", "0:0")
    agent.wait_for("Tunnel forwarding failed: open failed")
    agent.wait_for("Remote: Server has rejected tunnel device forwarding", nth=1)  # and was asked again
    agent.stop()
    said = net.sally_says("-N", "-o", "ExitOnForwardFailure=yes", "-w", "0:0")
    assert said.returncode == 255 and "Tunnel forwarding failed: open failed" in said.stderr


def test_a_unit_that_is_taken(net):
    net.sshd()
    holder = net.sally("-w", "0:0")
    holder.wait_for("Tunnel up")
    said = net.sally_says("-N", "-o", "ExitOnForwardFailure=yes", "-w", "0:1")
    assert said.returncode == 255 and "tun0: Device or resource busy: another program has it" in said.stderr


@pytest.mark.parametrize("flags, words", [
    (("-w", "one"), "Bad tun device 'one'"),
    (("-w", "0", "-o", "TunnelAddress=10.9.0.300"), "TunnelAddress 10.9.0.300: an address is wanted"),
    (("-w", "0", "-o", "TunnelAddress=3=10.9.0.3"), "there is no such tunnel"),
    (("-w", "0", "-o", "TunnelRoutes=10.8.0.1/16"), "TunnelRoutes 10.8.0.1/16: a network is wanted"),
    (("-w", "0", "-o", "TunnelMTU=20000"), "TunnelMTU 20000: 68 to 16380 is wanted"),
    (("-o", "TunnelDevice=x"), "Bad tun device."),
])
def test_bad_words(net, flags, words):
    said = net.sally_says("-N", *flags)
    assert said.returncode == 255 and words in said.stderr


# --- what goes wrong on the way ---------------------------------------------------------------------

def test_a_cut_only_pauses_the_ping(net):
    server = net.sshd()
    agent = net.sally("-w", "0:0", *POINT)
    agent.wait_for("Tunnel up")
    net.relay.give("tun0", "10.9.0.1 peer 10.9.0.2")
    assert net.agent.can_ping("10.9.0.1")
    before = net.agent.link("tun0")["ifindex"]
    pinger = Process([*net.agent.prefix(), "ping", "-O", "-i", "0.2", "10.9.0.1"])
    net.started.append(pinger)
    pinger.wait_for("bytes from")
    kill_sessions(server)
    agent.wait_for("Tunnel up", nth=1)
    count = len(pinger.find_all("bytes from"))
    wait_until(lambda: net.relay.link("tun0") is None or "10.9.0.1/32" not in net.relay.addresses("tun0"))
    net.relay.give("tun0", "10.9.0.1 peer 10.9.0.2")
    pinger.wait_for("bytes from", nth=count + 2)
    assert net.agent.link("tun0")["ifindex"] == before


def test_a_device_that_vanishes_is_made_anew(net):
    net.sshd()
    agent = net.sally("-w", "0:0", *POINT)
    agent.wait_for("Tunnel up")
    net.relay.give("tun0", "10.9.0.1 peer 10.9.0.2")
    before = net.agent.link("tun0")["ifindex"]
    net.agent.ip("link", "del", "tun0")
    agent.wait_for(r"tun0 is gone \(.*\); making it anew")
    wait_until(lambda: net.agent.link("tun0") and net.agent.addresses("tun0"))
    assert net.agent.link("tun0")["ifindex"] != before
    wait_until(lambda: net.agent.can_ping("10.9.0.1"))
    assert len(agent.find_all("Tunnel up")) == 1  # the relay's device, and what it was given, stayed


# --- examined ---------------------------------------------------------------------------------------

def findings(net, *flags):
    said = net.sally_says("--doctor", "--json", *flags)
    return {one["id"]: one["text"] for one in json.loads(said.stdout)["findings"]}, said.returncode


def test_the_doctor_finds_nobody_at_the_other_end(net):
    net.sshd()
    found, code = findings(net, "-w", "0:0", *POINT)
    assert code == 1 and {"device.ready", "tunnel.granted", "tunnel.mute"} <= found.keys()
    found, code = findings(net, "-w", "0:0")
    assert code == 0 and {"device.ready", "tunnel.granted", "tunnel.untried"} <= found.keys()


def test_the_doctor_goes_through(net):
    net.sshd()
    net.relay.ip("tuntap", "add", "dev", "tun0", "mode", "tun")
    net.relay.give("tun0", "10.9.0.1 peer 10.9.0.2")
    found, code = findings(net, "-w", "0:0", *POINT)
    assert code == 0 and {"device.ready", "tunnel.granted", "tunnel.carries"} <= found.keys()


def test_the_doctor_is_refused(net):
    net.sshd("PermitTunnel no")
    found, code = findings(net, "-w", "0:0")
    assert code == 1 and "The relay refused the tunnel: open failed" in found["tunnel.denied"]


# --- sallyd -----------------------------------------------------------------------------------------

def test_one_word_joins_two_machines(net):
    """-w any, and the relay's pool: no addresses and no scripts on either side."""
    net.sallyd("PermitTunnel=yes", "TunnelPool=10.9.0.0/24")
    agent = net.sally("-w", "any")
    agent.wait_for("Tunnel up: tun0 here, a device it chose at 192.0.2.2")
    own = agent.wait_for(r"tun0 has the address (10\.9\.0\.\d+)/32,peer=10\.9\.0\.1, which the relay").group(1)
    assert net.agent.can_ping("10.9.0.1") and net.relay.can_ping(own)
    agent.stop()
    wait_until(lambda: net.relay.link("tun0") is None)
    again = net.sally("-w", "any")
    again.wait_for(rf"tun0 has the address {own}/32")
    assert net.agent.can_ping("10.9.0.1")


def test_two_tunnels_of_a_key_have_two_addresses(net):
    net.sallyd("PermitTunnel=yes", "TunnelPool=10.9.0.0/30")
    agent = net.sally("-w", "any")
    agent.wait_for("tun0 has the address 10.9.0.2/32")
    other = net.sally("-w", "any")
    other.wait_for("Tunnel forwarding failed: all addresses of the relay's pool are taken")
    agent.stop()
    other.wait_for(r"tun\d has the address 10.9.0.2/32")


def test_an_address_of_ones_own_beats_the_pool(net):
    net.sallyd("PermitTunnel=yes", "TunnelPool=10.9.0.0/24")
    net.sally("-w", "any", "-o", "TunnelAddress=10.3.0.2/32,peer=10.3.0.1").wait_for("Tunnel up")
    assert net.agent.addresses("tun0") == ["10.3.0.2/32"]
    agent = net.sally("-w", "any", "-o", "TunnelAddress=none")
    agent.wait_for("Tunnel up: tun1")
    assert net.agent.addresses("tun1") == []


def test_offers_of_strange_addresses_are_not_taken(net):
    net.sallyd("PermitTunnel=yes", "TunnelPool=198.51.100.0/24")
    agent = net.sally("-w", "any")
    agent.wait_for("The relay offers an address for tun0 that is not taken.")
    assert net.agent.addresses("tun0") == []


def test_ssh_tunnels_to_sallyd(net):
    server = net.sallyd("PermitTunnel=point-to-point", "TunnelPool=10.9.0.0/24")
    agent = net.ssh("-w", "3:4")
    own = server.wait_for(r"tunnel up: tun4, the agent has (10\.9\.0\.\d+)/32,peer=10.9.0.1").group(1)
    net.agent.give("tun3", f"{own} peer 10.9.0.1")
    assert net.agent.can_ping("10.9.0.1", count=3)
    assert net.agent.can_ping("10.9.0.1", "-s", "1472", "-M", "do")
    sink = Process([*net.relay.prefix(), "python3", "-c", SINK, "10.9.0.1"])
    net.started.append(sink)
    sink.wait_for("listening")
    run(*net.agent.prefix(), "python3", "-c", SOURCE, "10.9.0.1", 12 << 20)
    sink.wait_for(f"^{12 << 20}$")
    assert agent.popen.poll() is None


def test_bulk_data_between_our_own(net):
    """Many windows: nothing of them is lost by either way to count."""
    net.sallyd("PermitTunnel=yes", "TunnelPool=10.9.0.0/30")
    net.sally("-w", "any").wait_for("tun0 has the address 10.9.0.2/32")
    for sender, receiver, to in ((net.agent, net.relay, "10.9.0.1"), (net.relay, net.agent, "10.9.0.2")):
        sink = Process([*receiver.prefix(), "python3", "-c", SINK, to])
        net.started.append(sink)
        sink.wait_for("listening")
        run(*sender.prefix(), "python3", "-c", SOURCE, to, 64 << 20)
        sink.wait_for(f"^{64 << 20}$")


def test_ethernet_to_sallyd(net):
    net.sallyd("PermitTunnel=ethernet")
    net.sally("-o", "Tunnel=ethernet", "-w", "0:0", "-o", "TunnelAddress=10.8.0.2/24").wait_for("Tunnel up: tap0")
    net.relay.give("tap0", "10.8.0.1/24")
    assert net.agent.can_ping("10.8.0.1")
    assert net.agent.show("neigh", "show", "10.8.0.1")[0]["dev"] == "tap0"


@pytest.mark.parametrize("settings, key, flags, words", [
    ((), "", ("-w", "0"), "this relay makes no tunnels (PermitTunnel)"),
    (("PermitTunnel=ethernet",), "", ("-w", "0"), "this relay makes ethernet tunnels only (PermitTunnel)"),
    (("PermitTunnel=point-to-point",), "", ("-o", "Tunnel=ethernet", "-w", "0"),
     "this relay makes point-to-point tunnels only (PermitTunnel)"),
    (("PermitTunnel=yes",), "restrict", ("-w", "0"), "your key may not have tunnels (restrict on its line)"),
    (("PermitTunnel=yes",), "restrict,port-forwarding", ("-w", "0"),
     "your key may not have tunnels (restrict on its line)"),
    (("PermitTunnel=yes",), 'tunnel="7"', ("-w", "0:3"),
     "your key may have unit 7 only, not 3 (tunnel= on its line)"),
])
def test_sallyd_refuses_in_plain_words(net, settings, key, flags, words):
    net.authorize(key)
    net.sallyd(*settings)
    said = net.sally_says("-N", "-o", "ExitOnForwardFailure=yes", *flags)
    assert said.returncode == 255 and f"Tunnel forwarding failed: {words}" in said.stderr


def test_the_unit_of_the_key_is_what_any_means(net):
    net.authorize('tunnel="7"')
    net.sallyd("PermitTunnel=yes")
    net.sally("-w", "0:any").wait_for("Tunnel up")
    assert net.relay.link("tun7")


def test_match_decides_for_some(net):
    config = net.folder / "sallyd_config"
    config.write_text("PermitTunnel yes\nMatch Address 192.0.2.0/24\nPermitTunnel no\n", encoding="ascii")
    server = Process([*net.relay.prefix(), SALLYD, "-D", "-f", str(config), "-p", str(PORT), "-h", str(net.host_key),
                      "-o", f"AuthorizedKeysFile={net.authorized}", "-o", "PortsFile=none", "-o",
                      "ControlSocket=none"])
    net.started.append(server)
    server.wait_for(r"ssh -p \d+ USER@")
    said = net.sally_says("-N", "-o", "ExitOnForwardFailure=yes", "-w", "0")
    assert said.returncode == 255 and "this relay makes no tunnels (PermitTunnel)" in said.stderr
    config.write_text("PermitTunnel no\nMatch Address 192.0.2.0/24\nPermitTunnel yes\n", encoding="ascii")
    server.popen.send_signal(signal.SIGHUP)
    agent = net.sally("-w", "0")
    agent.wait_for("Tunnel up")
    config.write_text("PermitTunnel no\n", encoding="ascii")
    server.popen.send_signal(signal.SIGHUP)
    server.wait_for(r"tunnel tun\d is closed: this relay makes no tunnels")
    agent.wait_for("The relay closed the tunnel of tun0")


def test_a_relay_that_is_begun_anew_only_pauses_the_ping(net):
    server = net.sallyd("PermitTunnel=yes", "TunnelPool=10.9.0.0/30")
    agent = net.sally("-w", "any")
    agent.wait_for("tun0 has the address 10.9.0.2/32")
    before = net.agent.link("tun0")["ifindex"]
    assert net.agent.can_ping("10.9.0.1")
    server.stop()
    server = net.sallyd("PermitTunnel=yes", "TunnelPool=10.9.0.0/30")
    agent.wait_for("Tunnel up", nth=1)
    wait_until(lambda: net.agent.can_ping("10.9.0.1"))
    assert net.agent.link("tun0")["ifindex"] == before and net.agent.addresses("tun0") == ["10.9.0.2/32"]


def test_a_device_of_the_relay_that_vanishes_is_made_anew(net):
    net.sallyd("PermitTunnel=yes", "TunnelPool=10.9.0.0/30")
    agent = net.sally("-w", "any:5")
    agent.wait_for("tun0 has the address")
    net.relay.ip("link", "del", "tun5")
    agent.wait_for("The relay closed the tunnel of tun0")
    agent.wait_for("Tunnel up", nth=1)
    wait_until(lambda: net.agent.can_ping("10.9.0.1"))


def test_the_doctor_goes_through_to_sallyd(net):
    net.sallyd("PermitTunnel=yes", "TunnelPool=10.9.0.0/30")
    found, code = findings(net, "-w", "any")
    assert code == 0 and {"device.ready", "tunnel.granted", "tunnel.carries"} <= found.keys()


@pytest.mark.parametrize("value, words", [
    ("PermitTunnel=maybe", "unsupported option"), ("TunnelPool=10.9.0.1/24", "Invalid TunnelPool '10.9.0.1/24'"),
    ("TunnelPool=fd00::/64", "Invalid TunnelPool"), ("TunnelPool=10.0.0.0/31", "Invalid TunnelPool"),
])
def test_bad_words_of_the_relay(value, words):
    said = subprocess.run([SALLYD, "-t", "-f", "/dev/null", "-o", value], capture_output=True, text=True,
                          timeout=LIMIT_S, check=False)
    assert said.returncode != 0 and words in said.stderr
