# SPDX-License-Identifier: ISC
"""Every message number in every phase, on the wire, against a running relay and running agents. What the
victim has to do with each stands in tests/support/legalmatrix.h; tests/sim does the same in memory."""
import os
import subprocess

import pytest
from conftest import public_line, visit

PHASES = ("ident", "kex", "kex-strict", "kex-lax", "service", "auth", "open", "rekey")
# Under a sanitizer an agent, one a message, takes ten times as long to start: every so many numbers then.
STEP = int(os.environ.get("LEGAL_STEP", "1"))


def attack(*words):
    run = subprocess.run([os.environ["HOSTILE_PEER"], *map(str, words)], capture_output=True, text=True, check=False,
                         timeout=500)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(range(int(words[2]), 256, int(words[3])))} tried, 0 wrong" in run.stdout


def test_r2_every_message_in_every_phase_to_a_relay(relay, key_files, ssh, target):
    for number, phase in enumerate(PHASES):
        attack("relay", phase, number % STEP, STEP, key_files["agent"], relay.port)
    # Nobody else has noticed.
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    visit(int(client.wait_for(r"Allocated port (\d+)").group(1)))


@pytest.mark.parametrize("phase", PHASES)
def test_r2_every_message_in_every_phase_to_an_agent(key_files, tmp_path, phase):
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text("* " + public_line(key_files["relay"]))
    attack("agent", phase, PHASES.index(phase) % STEP, STEP, key_files["relay"], os.environ["SALLY"], "-F", "none",
           "-NT", "-p", "@PORT", "-o", "Reconnect=no", "-o", f"UserKnownHostsFile={known_hosts}",
           "-o", "IdentitiesOnly=yes", "-i", str(key_files["agent"]), "-R", "0:127.0.0.1:9", "127.0.0.1")
