# SPDX-License-Identifier: ISC
"""Keys in hardware log in to the relay. The hardware is a library that ssh itself loads (sk_provider.c), so what is
signed and how it is packed is ssh's; and the real sshd is asked for its verdict on each case as well."""
import subprocess

import pytest

from conftest import need, public_line, visit
from judges import PROVIDER, client, judges  # noqa: F401 pylint: disable=unused-import

pytestmark = need("ssh", "sshd", "ssh-keygen")
KINDS = ("ed25519-sk", "ecdsa-sk")


@pytest.fixture(scope="module")
def hardware(tmp_path_factory):
    """Keys by kind."""
    folder = tmp_path_factory.mktemp("hardware")
    made = {}
    for kind in KINDS:
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", kind, "-w", PROVIDER, "-f", folder / kind],
                       check=True, capture_output=True)
        made[kind] = folder / kind
    return made


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
    assert [judges.get_in(key, flags) for flags in (0, 4, 1, 5)] == [False, False, True, True]
    judges.relay.wait_for(r"user presence \(authenticator touch\) requirement not met")
    judges.start("no-touch-required " + line)
    assert [judges.get_in(key, flags) for flags in (0, 4, 1)] == [True, True, True]
    judges.start("no-touch-required " + line, "PubkeyAuthOptions touch-required")
    assert [judges.get_in(key, flags) for flags in (0, 1)] == [False, True]


@pytest.mark.parametrize("kind", KINDS)
def test_verification(judges, hardware, kind):
    key, line = hardware[kind], public_line(hardware[kind])
    judges.start("verify-required " + line)
    assert [judges.get_in(key, flags) for flags in (1, 4, 5)] == [False, False, True]
    judges.relay.wait_for(r"user verification requirement not met")
    judges.start("no-touch-required " + line, "PubkeyAuthOptions verify-required")
    assert [judges.get_in(key, flags) for flags in (0, 1, 4)] == [False, False, True]


def test_other_keys_are_not_asked(judges, key_files):
    """PubkeyAuthOptions are about hardware: other keys cannot say, and get in."""
    judges.start("verify-required " + public_line(key_files["agent"]), "PubkeyAuthOptions touch-required")
    assert judges.get_in(key_files["agent"], 0)


def test_algorithms_can_be_left_out(judges, hardware):
    judges.start("".join(public_line(hardware[k]) for k in KINDS),
                 "PubkeyAcceptedAlgorithms sk-ssh-ed25519@openssh.com")
    assert [judges.get_in(hardware[kind], 1) for kind in KINDS] == [True, False]
