# SPDX-License-Identifier: ISC
"""Our reading of revocation lists against ssh-keygen's: it makes them, and both say what is on them."""
import os
import random
import subprocess

import pytest

from conftest import make_key, need, public_line

pytestmark = need("ssh-keygen")
SERIALS = 220


def keygen(*words, **more):
    return subprocess.run(["ssh-keygen", *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
                          **more)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Two authorities, and certificates of many serial numbers for one key; plain keys of every kind."""
    folder = tmp_path_factory.mktemp("krl")
    authorities = [make_key(folder / "ca0"), make_key(folder / "ca1", "-t", "ecdsa")]
    key = make_key(folder / "key")
    chance = random.Random(7)
    serials = sorted({0, 1, 2, (1 << 63) - 1, 1 << 63, (1 << 64) - 1} |
                     {chance.randrange(1, 500) for _ in range(SERIALS)})
    files = []
    for nth, authority in enumerate(authorities):
        for serial in serials:
            place = folder / f"s{nth}-{serial}"
            (place.with_suffix(".pub")).write_text(public_line(key))
            done = keygen("-q", "-s", authority, "-I", f"id {serial % 50}", "-n", "u", "-z", serial, f"{place}.pub")
            assert done.returncode == 0, done.stderr
            files.append(f"{place}-cert.pub")
    for nth, kind in enumerate((("-t", "ed25519"), ("-t", "ecdsa", "-b", "521"), ("-t", "rsa"), ("-t", "ecdsa"))):
        files.append(f"{make_key(folder / f'plain{nth}', *kind)}.pub")
    return folder, authorities, serials, files


def verdicts_of_ssh_keygen(krl, files):
    """One line a file, "FILE (COMMENT): ok"."""
    done = keygen("-Q", "-f", krl, *files)
    assert done.returncode in (0, 1), done.stderr
    return [line.rpartition(" ")[2] for line in done.stdout.splitlines()]


def our_verdicts(krl, files):
    done = subprocess.run([os.environ["REVOKED_PROBE"], krl, *files], capture_output=True, text=True, timeout=60,
                          check=True)
    return done.stdout.splitlines()


def compare(krl, files, some=True):
    theirs = verdicts_of_ssh_keygen(krl, files)
    assert our_verdicts(krl, files) == theirs
    assert len(theirs) == len(files)
    if some:
        assert len(set(theirs)) == 2, "a list that revokes all or none compares nothing"


def make_list(folder, lines, *words):
    done = keygen("-q", "-k", "-f", folder / "list.krl", *words, "-", input="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    return folder / "list.krl"


@pytest.mark.parametrize("seed", range(6))
def test_serial_numbers(crowd, tmp_path, seed):
    """Dense and sparse, near the ends and far apart: ssh-keygen writes lists, ranges and bitmaps."""
    folder, authorities, serials, files = crowd
    chance = random.Random(seed)
    lines = []
    for _ in range((3, 10, 40, 120, 200, 300)[seed]):
        first = chance.randrange(1, 500)
        lines.append(f"serial: {first}" if chance.random() < 0.7 else f"serial: {first}-{first + chance.randrange(1, 30)}")
    lines += ["serial: 9223372036854775807", "serial: 18446744073709551615"][:seed % 3]
    compare(make_list(tmp_path, lines, "-s", f"{authorities[seed % 2]}.pub"), files)


def test_key_ids(crowd, tmp_path):
    folder, authorities, serials, files = crowd
    for words in (("-s", f"{authorities[0]}.pub"), ("-s", "none")):
        compare(make_list(tmp_path, [f"id: id {n}" for n in range(0, 50, 3)], *words), files)


def test_keys_and_fingerprints(crowd, tmp_path):
    folder, authorities, serials, files = crowd
    for word in ("key", "sha1", "sha256"):
        for name in ("plain0", "plain1", "plain2"):
            compare(make_list(tmp_path, [f"{word}: {public_line(folder / name).strip()}"]), files)
        # The key of all certificates, or one who made half of them.
        compare(make_list(tmp_path, [f"{word}: {public_line(folder / 'key').strip()}"]), files)
        compare(make_list(tmp_path, [f"{word}: {public_line(authorities[1]).strip()}"]), files)


def test_lists_that_grew(crowd, tmp_path):
    """Several authorities in one list, revoked by their certificates, and brought up to date."""
    folder, authorities, serials, files = crowd
    chance = random.Random(11)
    krl = make_list(tmp_path, ["serial: 3"], "-s", f"{authorities[0]}.pub")
    for _ in range(4):
        done = keygen("-q", "-k", "-u", "-f", krl, *chance.sample(files, 25))
        assert done.returncode == 0, done.stderr
        compare(krl, files)


def test_a_damaged_list_revokes_what_ssh_keygen_cannot_read(crowd, tmp_path):
    """Wherever ssh-keygen refuses a list, we do; a byte that is changed in a key or number changes a verdict alike."""
    folder, authorities, serials, files = crowd
    few = files[:3] + files[-3:]
    good = make_list(tmp_path, ["serial: 1-20", "serial: 40", "id: id 7"], "-s", f"{authorities[0]}.pub").read_bytes()
    bad = tmp_path / "bad.krl"
    refused = 0
    for at in range(0, len(good), 3):
        bad.write_bytes(good[:at] + bytes([good[at] ^ 0x11]) + good[at + 1:])
        if bad.read_bytes()[:8] != good[:8]:
            continue  # then it is text for both
        done = keygen("-Q", "-f", bad, *few)
        if "REVOKED" not in done.stdout and ": ok" not in done.stdout:
            refused += 1
            assert our_verdicts(bad, few) == ["REVOKED"] * len(few), f"byte {at}"
        else:
            compare(bad, few, some=False)
    assert refused > 10
