# SPDX-License-Identifier: ISC
"""Keys in hardware log in to the relay. The hardware is a library that ssh itself loads (sk_provider.c), so what is
signed and how it is packed is ssh's; and the real sshd is asked for its verdict on each case as well."""
import os
import pwd
import subprocess

import pytest

from conftest import Process, need, public_line, visit
from test_agent import Sshd

pytestmark = need("ssh", "sshd", "ssh-keygen")
PROVIDER = os.environ["SK_PROVIDER"]
ME = pwd.getpwuid(os.getuid()).pw_name
KINDS = ("ed25519-sk", "ecdsa-sk")


@pytest.fixture(scope="module")
def hardware(tmp_path_factory):
    """Keys by kind, and one that was made for another application."""
    folder = tmp_path_factory.mktemp("hardware")
    made = {}
    for kind in KINDS:
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", kind, "-w", PROVIDER, "-f", folder / kind],
                       check=True, capture_output=True)
        made[kind] = folder / kind
    return made


def client(ssh, server, key, flags=1, *words):
    """ssh with the key; flags is what the hardware says of its owner."""
    command = ssh.command(server, "-v", "-N", "-o", f"SecurityKeyProvider={PROVIDER}", *words, key=key)
    command[-1] = f"{ME}@127.0.0.1"
    process = Process(command, env={**os.environ, "SK_FLAGS": str(flags), "SK_COUNTER": "7"})
    ssh.started.append(process)
    return process


def gets_in(process):
    said = process.wait_for(r"^Authenticated to|Permission denied|Too many authentication failures").group(0)
    process.stop()
    return said.startswith("Authenticated")


class Judges:
    """A relay and a real sshd with the same keys and settings."""

    def __init__(self, start_relay, started, ssh, key_files, folder):
        self.start_relay, self.started, self.ssh, self.key_files, self.folder = \
            start_relay, started, ssh, key_files, folder

    def start(self, keys, *settings):
        self.relay = self.start_relay(*(s.replace(" ", "=", 1) for s in settings))
        self.relay.write_keys(keys)
        authorized = self.folder / "sshd_keys"
        authorized.write_text(keys, encoding="ascii")
        self.sshd = Sshd({"authorized": authorized, "host": self.key_files["relay"]}, self.folder, settings=settings)
        self.started.append(self.sshd)
        return self

    def verdict(self, key, flags):
        relay, sshd = (gets_in(client(self.ssh, server, key, flags)) for server in (self.relay, self.sshd))
        assert relay == sshd, f"relay {relay}, sshd {sshd}:\n{self.relay.said}"
        return relay


@pytest.fixture
def judges(start_relay, started, ssh, key_files, tmp_path):
    return Judges(start_relay, started, ssh, key_files, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_tunnel(start_relay, ssh, hardware, target, kind):
    relay = start_relay()
    relay.write_keys(public_line(hardware[kind]))
    process = client(ssh, relay, hardware[kind], 1, "-R", f"0:127.0.0.1:{target.port}")
    visit(int(process.wait_for(r"Allocated port (\d+)").group(1)))
    relay.wait_for(rf'logged in with key "{kind}"')


@pytest.mark.parametrize("kind", KINDS)
def test_touch(judges, hardware, kind):
    """0: nobody touched it; 4: its owner was verified and did not touch it, which is not what was asked for."""
    key, line = hardware[kind], public_line(hardware[kind])
    judges.start(line)
    assert [judges.verdict(key, flags) for flags in (0, 4, 1, 5)] == [False, False, True, True]
    judges.relay.wait_for(r"user presence \(authenticator touch\) requirement not met")
    judges.start("no-touch-required " + line)
    assert [judges.verdict(key, flags) for flags in (0, 4, 1)] == [True, True, True]
    judges.start("no-touch-required " + line, "PubkeyAuthOptions touch-required")
    assert [judges.verdict(key, flags) for flags in (0, 1)] == [False, True]


@pytest.mark.parametrize("kind", KINDS)
def test_verification(judges, hardware, kind):
    key, line = hardware[kind], public_line(hardware[kind])
    judges.start("verify-required " + line)
    assert [judges.verdict(key, flags) for flags in (1, 4, 5)] == [False, False, True]
    judges.relay.wait_for(r"user verification requirement not met")
    judges.start("no-touch-required " + line, "PubkeyAuthOptions verify-required")
    assert [judges.verdict(key, flags) for flags in (0, 1, 4)] == [False, False, True]


def test_other_keys_are_not_asked(judges, key_files):
    """PubkeyAuthOptions are about hardware: other keys cannot say, and get in."""
    judges.start("verify-required " + public_line(key_files["agent"]), "PubkeyAuthOptions touch-required")
    assert judges.verdict(key_files["agent"], 0)


def test_algorithms_can_be_left_out(judges, hardware):
    judges.start("".join(public_line(hardware[k]) for k in KINDS),
                 "PubkeyAcceptedAlgorithms sk-ssh-ed25519@openssh.com")
    assert [judges.verdict(hardware[kind], 1) for kind in KINDS] == [True, False]
