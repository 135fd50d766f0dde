# SPDX-License-Identifier: ISC
"""-R, -L and -D: what ssh takes, we take with the same meaning; nothing else."""
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
    "1080", "ssh", "h:1080", "*:1080", ":1080", "127.0.0.1:ssh", "[::1]:ssh", "h:0", "h:x", "/run/a", "[/run/a:b]",
]
# What ssh takes and then fails with at every visitor: no host is empty or has a slash in it.
NO_HOST = re.compile(r"\w+forward (\[[^]]*/[^]]*\]:|.* \[\]:\d+$|.* \[[^]]*/[^]]*\]:\d+$)")
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


def ssh_line(kind, spec):
    """The line of ssh -G for it; None: refused."""
    word = {"R": "remoteforward ", "L": "localforward ", "D": "dynamicforward "}[kind]
    run = subprocess.run([SSH, "-G", "-F", "none", f"-{kind}", spec, "host"], capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, check=False)
    lines = [line for line in run.stdout.splitlines() if line.startswith(word)]
    # -D port:/path is taken by ssh, and is a -L then.
    is_other = kind == "D" and "\nlocalforward " in run.stdout
    return lines[0] if run.returncode == 0 and lines and not is_other else None


def field(text):
    return f"[{text}]" if ":" in text else text


def as_ours(line):
    """A line of ssh -G in the words of forward_spec_print."""
    match = re.fullmatch(r"\w+forward (?:\[(.*?)\]:)?(\S+?)(?: (.*))?", line)
    bind, listen, target = match.groups()
    words = field(listen)
    if bind is not None:
        words = ("" if bind == "*" else field(bind)) + ":" + words
    if target is None or target == "[socks]:0":
        return words
    if target.startswith("["):
        host, port = re.fullmatch(r"\[(.*)\]:(\d+)", target).groups()
        return f"{words}:{field(host)}:{port}"
    return f"{words}:{field(target)}"


@pytest.mark.parametrize("kind", ["R", "L", "D"])
def test_same_as_ssh(kind):
    specs = LISTED + made(300)
    ours = subprocess.run([PROBE, "spec", kind, *specs], capture_output=True, text=True, check=True)
    verdicts = ours.stdout.splitlines()
    assert len(verdicts) == len(specs)
    seen = {"good": 0, "bad": 0}
    wrong = []
    for spec, verdict in zip(specs, verdicts):
        line = ssh_line(kind, spec)
        if line is None or NO_HOST.match(line) or spec.endswith(LONE_BACKSLASH):
            seen["bad"] += 1
            good = verdict == "bad"
        else:
            seen["good"] += 1
            good = verdict == as_ours(line)
        if not good:
            wrong.append((spec, line, verdict))
    assert wrong == []
    # Both sorts have to be among them, or this compares nothing.
    assert all(count >= 15 for count in seen.values()), seen


def test_stdio():
    """-W is not shown by ssh -G: it says whether it takes the words, and the manual what they mean."""
    words = ["h:80", "[::1]:80", "h:ssh", "h:0", "h:x", "h", "80", "h:80:1", "/run/a.sock", "", "[::1:80", "a:b:c:d:e"]
    ours = subprocess.run([PROBE, "spec", "W", *words], capture_output=True, text=True, check=True).stdout.splitlines()
    assert ours == ["h:80", "[::1]:80", "h:22", "bad", "bad", "bad", "bad", "bad", "/run/a.sock", "bad", "bad", "bad"]
    for word, verdict in zip(words, ours):
        run = subprocess.run([SSH, "-G", "-F", "none", "-W", word, "host"], capture_output=True, text=True,
                             stdin=subprocess.DEVNULL, check=False)
        if verdict != "bad":
            assert run.returncode == 0, (word, run.stderr)
