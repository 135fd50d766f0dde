# SPDX-License-Identifier: ISC
"""sally -G says what ssh -G says: for files and command lines of tests/data/conf/cases.txt, for every keyword of
ssh_config(5) with the words of values.txt, and for files put together from these at random."""
import os
import pathlib
import pwd
import random
import re
import shlex
import shutil
import subprocess

import pytest

SALLY = os.environ["SALLY"]
SSH = shutil.which("ssh")
ME = pwd.getpwuid(os.getuid())
HOME = ME.pw_dir.rstrip("/")
DATA = pathlib.Path(__file__).parent.parent / "data" / "conf"
pytestmark = pytest.mark.skipif(SSH is None, reason="ssh is not installed")

# --- what differs, and why --------------------------------------------------------------------------

# Ours alone.
OURS = {"reconnect", "targetconnecttimeout", "forwardhook", "forwardinfo", "proxyprotocol", "forwardrate", "tunneladdress", "tunnelmtu", "tunnelroutes",
        "tunnelup"}
# Without effect on a program that only forwards. Their words are checked as ssh checks them; sally -G shows what
# has an effect.
WITHOUT_EFFECT = set("""
    addkeystoagent canonicaldomains canonicalizefallbacklocal canonicalizemaxdots canonicalizepermittedcnames
    canonicalizehostname compression enableescapecommandline enablesshkeysign escapechar fingerprinthash forwardagent
    forwardx11 forwardx11timeout forwardx11trusted gssapiauthentication gssapidelegatecredentials
    gssapikexalgorithms gssapikeyexchange gssapirenewalforcesrekey gssapitrustdns hostbasedacceptedalgorithms
    hostbasedauthentication ipqos kbdinteractivedevices localcommand logverbose obscurekeystroketiming
    permitlocalcommand pkcs11provider requesttty securitykeyprovider sendenv setenv syslogfacility
    versionaddendum visualhostkey xauthlocation
    controlpersist channeltimeout requiredrsasize warnweakcrypto remotecommand bindinterface tag
    ignoreunknown refuseconnection""".split())
# What these ask for would be missed and is not served: refused by name where it takes effect.
REFUSED = {"canonicalizehostname", "channeltimeout", "bindinterface", "permitlocalcommand",
           "remotecommand", "requiredrsasize"}
# Of a list that says which algorithms may be used, those that are not spoken here are left out.
ALGORITHMS = {"ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms",
              "casignaturealgorithms"}
# Never tried here: nobody should log in with them any more.
OLD_IDENTITIES = {"~/.ssh/id_xmss", "~/.ssh/id_dsa"}


def settings(command, **env):
    run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=60,
                         env={"HOME": HOME, "PATH": os.environ["PATH"], "USER": ME.pw_name, "COLOUR": "blue", **env})
    lines = {}
    for line in run.stdout.splitlines():
        keyword, _, value = line.partition(" ")
        lines.setdefault(keyword.lower(), []).append(value)
    said = [line for line in run.stderr.splitlines() if not line.startswith("Pseudo-terminal")]
    return run.returncode, lines, said


def version():
    said = subprocess.run([SSH, "-V"], capture_output=True, text=True, check=True).stderr
    return tuple(int(n) for n in re.search(r"OpenSSH_(\d+)\.(\d+)", said).groups())


def spoken():
    _, lines, _ = settings([SALLY, "-G", "-F", "none", "host"])
    return {keyword: lines[keyword][0].split(",") for keyword in ALGORITHMS}


SPOKEN = spoken() if SSH else {}


def difference(keyword, theirs, ours, text):
    """What a keyword's lines differ in, beyond what is known and said above. None: nothing."""
    said = re.findall(rf"(?im)^\W*{keyword}[\s=]+(.*)", text)
    has_blocks = re.search(r"(?im)^\W*(host|match)\b", text) is not None
    if keyword in ALGORITHMS and theirs:
        theirs = [",".join(n for n in theirs[0].split(",") if n in SPOKEN[keyword])]
        # The default order is of our choice, as is that of a pattern's names.
        if not said or has_blocks or any(re.match(r'"?[-+^]|.*\*', one) for one in said):
            theirs, ours = [sorted(theirs[0].split(","))], [sorted(ours[0].split(","))]
    elif keyword == "identityfile":
        theirs = [v for v in theirs if v not in OLD_IDENTITIES]
    elif keyword == "updatehostkeys" and re.search(r"(?im)^\W*(controlpersist|requesttty)", text):
        return None  # ssh does not ask when it may be in the background, or shall have no terminal
    elif keyword == "connecttimeout":  # 0 and none are the same
        theirs = ["none" if v == "0" else v for v in theirs]
    elif keyword == "serveraliveinterval" and theirs == ["300"]:
        return None  # Debian's default in BatchMode
    elif keyword == "serveraliveinterval" and (not said or has_blocks):
        theirs = ["15" if v == "0" and ours == ["15"] else v for v in theirs]  # ssh never asks by default, and hangs for hours
    elif keyword == "streamlocalbindmask" and (len(said) > 1 or has_blocks):
        return None  # ssh takes the last one instead of the first, and of blocks that do not hold
    elif keyword in ("remoteforward", "localforward", "dynamicforward"):
        # An empty bind address and * are the same; ssh keeps them apart in the picture only.
        theirs = [v.replace("[*]:", "[]:") for v in theirs]
        ours = [v.replace("[*]:", "[]:") for v in ours]
        if keyword == "dynamicforward":  # ssh shows what leads to a path a second time, as dynamic
            theirs = [v for v in theirs if v in ours]
    return None if ours == theirs else f"{keyword}: ssh {theirs}, sally {ours}"


def compare_settings(theirs, ours, text):
    for none in ("revokedhostkeys", "knownhostscommand"):  # said or not, "none" is the same; releases differ in saying it
        for lines in (theirs, ours):
            if lines.get(none) == ["none"]:
                del lines[none]
    found = [f"sally knows {k}, remove it from the list" for k in ours if k in WITHOUT_EFFECT]
    for keyword in sorted((set(theirs) | set(ours)) - WITHOUT_EFFECT - OURS):
        found.append(difference(keyword, theirs.get(keyword, []), ours.get(keyword, []), text))
    return [one for one in found if one]


# The names of functions that ssh lets out, and sentences that only say again that the one before was an error.
FUNCTION = re.compile(r"^(?:vdollar_percent_expand|percent_expand|percent_dollar_expand|parse_\w+): ")
ECHO = re.compile(r'percent_\w*expand: failed|unsupported option ""|invalid environment variable expansion|^Unsupported KEX'
                  r"|invalid format")


def compare_words(theirs, ours):
    """Whatever sentence of ssh one looks for is in ours, with the place that it names; ours may say more."""
    missing = []
    for line in theirs:
        place, text = re.fullmatch(r"(.*?: line \d+: |.*? line \d+: |)(.*)", FUNCTION.sub("", line)).groups()
        # "Bad Match condition" is a line of its own there, and the head of the sentence here.
        text = text.rstrip(".").split(": terminating")[0]  # how many there are, with those that only we refuse
        if not ECHO.search(line) and not any(one.startswith(place) and text in one for one in ours):
            missing.append(line)
    return [f"ssh said {theirs}, sally {ours}"] if missing or not ours else []


def both(words, text="", own_words=False):
    """All that differs between ssh -G and sally -G with these words. own_words: a mistake may be called another."""
    theirs_code, theirs, theirs_said = settings([SSH, "-G", *words])
    ours_code, ours, ours_said = settings([SALLY, "-G", *words])
    options = [words[i + 1] for i, word in enumerate(words) if word == "-o"]
    text = "\n".join([text, *options, *("Ciphers x" for w in words if w == "-c"), *("MACs x" for w in words if w == "-m")])
    refusals = [re.match(r".*: (\w+) .* is not supported$", line) for line in ours_said]
    if theirs_code == 0 and any(m and m.group(1).lower() in REFUSED for m in refusals):
        return []
    if theirs_code != ours_code:
        return [f"ssh ended with {theirs_code} {theirs_said}, sally with {ours_code} {ours_said}"]
    if theirs_code != 0:
        return [] if own_words and ours_said else compare_words(theirs_said, ours_said)
    return compare_settings(theirs, ours, text)


# --- the cases of the file --------------------------------------------------------------------------

class Case:
    def __init__(self, block):
        self.name, self.words, self.since, self.own_words, self.files = "", "", None, False, {"config": []}
        into = "config"
        for line in block:
            if not self.name:
                self.name = line[3:].strip()
            elif line.startswith("-- "):
                self.words = line[3:]
            elif line.startswith("since ") and into == "config":
                self.since = tuple(int(n) for n in line[6:].split("."))
            elif line == "own words":
                self.own_words = True
            elif line.startswith(">> "):
                into = line[3:]
                self.files[into] = []
            else:
                self.files[into].append(line)

    def fill(self, text, folder):
        return text.replace("{dir}", str(folder)).replace("{user}", ME.pw_name).replace("{home}", HOME)

    def write(self, folder):
        for name, lines in self.files.items():
            (folder / name).write_text(self.fill("".join(line + "\n" for line in lines), folder))

    def command(self, folder):
        words = shlex.split(self.fill(self.words, folder))
        has_file = "-F" in words
        flags = {"-p", "-o", "-l", "-b", "-c", "-m", "-R", "-L", "-D", "-W", "-i", "-F", "-P"}
        names = [w for i, w in enumerate(words) if not w.startswith("-") and (i == 0 or words[i - 1] not in flags)]
        return [*([] if has_file else ["-F", str(folder / "config")]), *words, *([] if names else ["host"])]


def cases():
    blocks = []
    for line in (DATA / "cases.txt").read_text().split("\n"):
        if line.startswith("== "):
            blocks.append([line])
        elif blocks and not line.startswith("# --- "):
            blocks[-1].append(line)
    return [Case(block) for block in blocks]


CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_same_as_ssh(tmp_path, case):
    if case.since and version() < case.since:
        pytest.skip(f"this ssh is older than {case.since}")
    case.write(tmp_path)
    text = "\n".join("\n".join(lines) for lines in case.files.values())
    assert both(case.command(tmp_path), text, case.own_words) == []


# --- every keyword ----------------------------------------------------------------------------------

def values():
    found = {}
    for line in (DATA / "values.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            keyword, _, words = line.partition(": ")
            found[keyword] = words.replace("{home}", HOME).split(" | ")
    return found


VALUES = values()


def is_known_to_ssh(keyword):
    _, _, said = settings([SSH, "-G", "-F", "none", "-o", f"{keyword}=x", "host"])
    return not any("Bad configuration option" in line for line in said)


@pytest.mark.parametrize("keyword", VALUES)
def test_words_of_a_keyword(tmp_path, keyword):
    if not is_known_to_ssh(keyword):
        pytest.skip("this ssh does not know it")
    config, found = tmp_path / "config", []
    for i, words in enumerate(VALUES[keyword]):
        other = VALUES[keyword][(i + 1) % len(VALUES[keyword])]
        option = f"{keyword}={words}"
        found += [f"-o {option!r}: {one}" for one in both(["-F", "none", "-o", option, "host"])]
        for text in (f"{keyword} {words}\n{keyword} {other}\n", f"Host other\n{keyword}={words}\nHost *\n{keyword}\t{other} \n"):
            config.write_text(text)
            found += [f"{text!r}: {one}" for one in both(["-F", str(config), "host"], text)]
    assert found == []


def test_every_keyword_is_tried():
    tried = {keyword.lower() for keyword in VALUES}
    _, lines, _ = settings([SSH, "-G", "-F", "none", "-o", "BindAddress=x", "host"])
    distributions = {keyword for keyword in lines if keyword.startswith("gssapi")}
    assert set(lines) - {"host"} - distributions - tried == set()
    for keyword in lines:
        _, _, said = settings([SALLY, "-G", "-F", "none", "-o", f"{keyword}=x", "host"])
        assert not any("Bad configuration option" in line for line in said), keyword


# --- at random --------------------------------------------------------------------------------------

BLOCKS = ["Host host", "Host other", "Host h* !host", "Host *", "Match all", "Match host host", "Match user a",
          "Match host other", f"Match localuser {ME.pw_name}", "Match !originalhost host", "Match final",
          'Match exec "true"', 'Match host other exec "false"', "Match canonical host *"]


@pytest.fixture(scope="module")
def good_words():
    """Of every keyword the words that this ssh takes, but for what we refuse."""
    found = {}
    for keyword, values in VALUES.items():
        if keyword.lower() not in REFUSED and is_known_to_ssh(keyword):
            takes = [w for w in values if settings([SSH, "-G", "-F", "none", "-o", f"{keyword}={w}", "host"])[0] == 0]
            found.update({keyword: takes} if takes else {})
    return found


def made(number, words):
    """A file of blocks and keywords, the same one in every run."""
    rng = random.Random(number)
    lines = []
    for _ in range(rng.randint(5, 40)):
        if rng.random() < 0.2:
            lines.append(rng.choice(BLOCKS))
        keyword = rng.choice(sorted(words))
        lines.append(rng.choice(["", "  ", "\t"]) + keyword + rng.choice([" ", "=", " = "]) + rng.choice(words[keyword]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("number", range(100))
def test_files_at_random(tmp_path, number, good_words):
    config, text = tmp_path / "config", made(number, good_words)
    config.write_text(text)
    assert both(["-F", str(config), "host"], text) == []


# --- names of algorithms ----------------------------------------------------------------------------

@pytest.mark.parametrize("kind, keyword", [
    ("cipher", "Ciphers"), ("mac", "MACs"), ("kex", "KexAlgorithms"), ("kex-gss", "KexAlgorithms"),
    ("key-sig", "HostKeyAlgorithms"), ("key-sig", "PubkeyAcceptedAlgorithms"),
])
def test_no_name_of_ssh_is_a_mistake(kind, keyword):
    names = subprocess.run([SSH, "-Q", kind], capture_output=True, text=True, check=False).stdout.split()
    if kind == "kex-gss" and not names:
        pytest.skip("this ssh has no GSS key exchange")
    assert names
    code, _, said = settings([SALLY, "-G", "-F", "none", "-o", f"{keyword}=+{','.join(names)}", "host"])
    assert code == 0, said
    code, _, said = settings([SALLY, "-G", "-F", "none", "-o", f"{keyword}={','.join(names)}", "host"])
    assert code == 0 or (kind == "kex-gss" and "nothing of it is supported" in said[0]), said
