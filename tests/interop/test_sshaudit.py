# SPDX-License-Identifier: ISC
"""ssh-audit against both roles: it says nothing against what we speak but what docs/protocol.md gives a
reason for."""
import os
import pathlib
import re
import subprocess
import time

import pytest
from conftest import LIMIT_S, Process, free_port, need

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/protocol.md"
LINE = re.compile(r"^\((\w+)\) (\S+)(?: +-- \[(\w+)\] (.*))?$")
MORE = re.compile(r"^ +`- \[(\w+)\] (.*)$")

pytestmark = need("ssh-audit")


def reasons():
    section = DOCUMENT.read_text(encoding="utf-8").partition("### What ssh-audit says of it")[2].partition("\n## ")[0]
    found = set(re.findall(r"^\| (\w+) \| (\S+) \|", section, re.M)) - {("kind", "name")}
    assert len(found) > 10
    return found


def remarks(said):
    """(kind, name) -> what is said against it; all that was listed"""
    against, listed, last = {}, [], None
    for line in said.splitlines():
        first, more = LINE.match(line), MORE.match(line)
        if first:
            last = first.group(1, 2)
            listed.append(last)
            level, words = first.group(3, 4)
        elif more:
            level, words = more.groups()
        else:
            continue
        if level in ("warn", "fail"):
            against.setdefault(last, []).append(words)
    return against, listed


def judge(said):
    against, listed = remarks(said)
    assert {"kex", "key", "enc", "mac"} <= {kind for kind, _ in listed}, said
    assert ("enc", "aes128-gcm@openssh.com") in listed
    assert not {what: words for what, words in against.items() if what not in reasons()}


def test_the_relay(relay):
    run = subprocess.run(["ssh-audit", "-n", "-p", str(relay.port), "127.0.0.1"], capture_output=True, text=True,
                         check=False, timeout=LIMIT_S)
    judge(run.stdout)
    assert "(gen) compression: disabled" in run.stdout


def test_the_agent(started, key_files, tmp_path):
    """The agent comes again until the audit listens: nothing is said when it does."""
    port = free_port()
    audit = Process(["ssh-audit", "-n", "-c", "-p", str(port), "-t", str(LIMIT_S)])
    started.append(audit)
    command = [os.environ["SALLY"], "-F", "none", "-NT", "-o", "StrictHostKeyChecking=no", "-o", "IdentitiesOnly=yes",
               "-o", f"UserKnownHostsFile={tmp_path / 'known_hosts'}", "-i", str(key_files["agent"]),
               "-o", "Reconnect=no", "-R", "0:localhost:9", "-p", str(port), "127.0.0.1"]
    end = time.monotonic() + LIMIT_S
    while audit.popen.poll() is None and time.monotonic() < end:
        subprocess.run(command, capture_output=True, check=False, timeout=LIMIT_S)
    assert audit.wait_end() is not None
    judge(audit.said)


def test_a_remark_without_a_reason_is_seen():
    """What judges is judged: a line that nobody gave a reason for."""
    lines = "(kex) curve25519-sha256\n(key) ssh-ed25519\n(enc) aes128-gcm@openssh.com\n(mac) x -- [info] y\n"
    judge(lines)
    with pytest.raises(AssertionError):
        judge(lines + "(enc) 3des-cbc -- [info] y\n             `- [fail] using broken cipher\n")
