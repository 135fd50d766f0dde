# SPDX-License-Identifier: ISC
"""-R: what ssh takes, we take with the same meaning or say that it is not served; nothing else."""
import os
import random
import re
import shutil
import subprocess

import pytest

PROBE = os.environ["CONF_PROBE"]
SSH = shutil.which("ssh")
pytestmark = pytest.mark.skipif(SSH is None, reason="ssh is not installed")

LISTED = [
    "8080:localhost:80", ":8080:h:80", "*:8080:h:80", "[::1]:8080:[fe80::1]:80", "0:h:80", "8080",
    "[::]:1080", "/run/a.sock:/run/b.sock", "8080:/run/b.sock", "/run/a.sock:h:80",
    "0.0.0.0/8080/h/80", "a:b:c:d:e", "", ":", "8080:", "8080:h:", "80:h:22:", "a:80:h:22:", ":::",
    "http:h:ssh", "70000:h:1", "[a:80:h:1", r"a\:b:80:h:1", "80:h:0", "080:h:22", "+80:h:2", " 80:h:2 ",
    "80:[h:2", "[::1]x:80:h:2", "u@h:80:h:22", "80:h:22\\", "::", "[]:80:h:22", "[80]:[h]:[22]", "1:2:3:4",
    "1:2:3:4:", "1:2:3:4:5", "\t80:h:22", "80:h:-22", "h:80:[/x]:22", "[::1]:80", "80: h:22", "80:h: 22",
]
# What ssh takes and then fails with at every visitor.
EMPTY_TARGET = re.compile(r"remoteforward .* \[\]:\d+$")
# A lone backslash as last field: ssh loses it and reads the fields before it.
LONE_BACKSLASH = ":\\"


def made(count):
    """Specifications put together from pieces that matter, the same ones in every run."""
    rng = random.Random(4254)
    pieces = ["80", "0", "22", "65535", "65536", "ssh", "nosuch", "h", "*", "", "[::1]", "[h]", "[", "]",
              "::1", "127.0.0.1", "/s", "[/s:t]", "\\:", "\\", "[]", " ", "[*]", "localhost", "-1", "1e3"]
    specs = set()
    while len(specs) < count:
        fields = [rng.choice(pieces) for _ in range(rng.randint(1, 5))]
        if rng.random() < 0.6:  # mostly near a good one
            fields = [rng.choice(["h", "*", "", "[::1]"]), "80", rng.choice(["h", "[::2]"]), "22"]
            fields = fields[rng.randint(0, 1):]
            fields[rng.randrange(len(fields))] = rng.choice(pieces)
        specs.add(":".join(fields))
    return sorted(specs)


def ssh_line(spec):
    """The remoteforward line of ssh -G; None: refused."""
    run = subprocess.run([SSH, "-G", "-F", "none", "-R", spec, "host"], capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, check=False)
    lines = [line for line in run.stdout.splitlines() if line.startswith("remoteforward ")]
    return lines[0] if run.returncode == 0 and lines else None


def as_ours(line):
    """An ssh -G line in the words of forward_spec_print; None: a form that we do not serve."""
    match = re.fullmatch(r"remoteforward (?:\[(.*)\]:)?(\d+) \[(.*)\]:(\d+)", line)
    if match is None or "/" in line or (match[3] == "socks" and match[4] == "0"):
        return None
    bind, listen, host, port = match.groups()
    bracketed = [f"[{part}]" if part and ":" in part else part for part in (bind, host)]
    prefix = "" if bind is None else ("" if bind == "*" else bracketed[0]) + ":"
    return f"{prefix}{listen}:{bracketed[1]}:{port}"


def test_same_as_ssh():
    specs = LISTED + made(300)
    ours = subprocess.run([PROBE, "spec", *specs], capture_output=True, text=True, check=True)
    verdicts = ours.stdout.splitlines()
    assert len(verdicts) == len(specs)
    seen = {"good": 0, "unserved": 0, "bad": 0}
    wrong = []
    for spec, verdict in zip(specs, verdicts):
        line = ssh_line(spec)
        if line is None:
            seen["bad"] += 1
            good = verdict in ("bad", "unserved") if "/" in spec else verdict == "bad"
        elif EMPTY_TARGET.fullmatch(line) or spec.endswith(LONE_BACKSLASH):
            good = verdict == "bad"
        elif as_ours(line) is None:
            seen["unserved"] += 1
            good = verdict == "unserved"
        else:
            seen["good"] += 1
            good = verdict == as_ours(line)
        if not good:
            wrong.append((spec, line, verdict))
    assert wrong == []
    # All three sorts have to be among them, or this compares nothing.
    assert all(count >= 15 for count in seen.values()), seen
