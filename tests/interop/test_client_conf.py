# SPDX-License-Identifier: ISC
"""ssh_config: for the keywords that work here, our dump is what ssh -G says."""
import os
import pwd
import shutil
import subprocess

import pytest

PROBE = os.environ["CONF_PROBE"]
SSH = shutil.which("ssh")
ME = pwd.getpwuid(os.getuid())
pytestmark = pytest.mark.skipif(SSH is None, reason="ssh is not installed")

# Lists of algorithms differ by what is spoken here; the interval differs on purpose (15 s, ssh has 0).
OWN_DEFAULTS = {"ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms", "casignaturealgorithms",
                "serveraliveinterval", "identityfile"}
SAME_WORD = {"DEBUG": "DEBUG1", "SILENT": "QUIET"}


def settings(command, home, **env):
    run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
                         env={"HOME": str(home), "PATH": os.environ["PATH"], "USER": ME.pw_name, **env})
    lines = {}
    for line in run.stdout.splitlines():
        keyword, _, value = line.partition(" ")
        lines.setdefault(keyword, []).append(value)
    return run.returncode, lines, run.stderr


def normal(values, home):
    """~ stands for two things: ssh takes it from the password file, not from HOME."""
    out = []
    for value in values:
        words = [SAME_WORD.get(word, word) for word in value.split(" ")]
        words = [str(home) + word[1:] if word.startswith("~") else word for word in words]
        words = [str(home) + word[len(ME.pw_dir):] if word.startswith(ME.pw_dir + "/.ssh") else word for word in words]
        out.append(" ".join(words).replace("[*]:", "[]:"))
    return out


def paths_of(lines):
    """The first words of local forwards with a path as target or port."""
    return [v.split(" ")[0] for v in lines.get("localforward", ()) if "/" in v]


def compare(tmp_path, text, options=(), host="host", set_here=()):
    """set_here: keywords with defaults of our own that this text sets."""
    config = tmp_path / "config"
    config.write_text(text)
    words = ["-F", str(config)]
    for option in options:
        words += ["-o", option]
    theirs_rc, theirs, theirs_said = settings([SSH, "-G", *words, host], tmp_path, COLOUR="blue")
    ours_rc, ours, ours_said = settings([PROBE, "client", *words, host], tmp_path, COLOUR="blue")
    assert theirs_rc == 0, theirs_said
    assert ours_rc == 0, ours_said
    shared = (set(theirs) & set(ours)) - (OWN_DEFAULTS - set(set_here)) - {"dynamicforward"}
    assert len(shared) >= 20
    for keyword in sorted(shared):
        assert normal(ours[keyword], tmp_path) == normal(theirs[keyword], tmp_path), keyword
    # ssh shows what listens on a path as dynamic as well.
    dynamic = [v for v in theirs.get("dynamicforward", ()) if v not in paths_of(theirs)]
    assert normal(ours.get("dynamicforward", ()), tmp_path) == normal(dynamic, tmp_path)
    for keyword in ("remoteforward", "localforward", "bindaddress", "hostkeyalias", "identityagent", "certificatefile",
                    "preferredauthentications", "pubkeyauthentication", "kbdinteractiveauthentication",
                    "numberofpasswordprompts", "passwordauthentication"):
        assert (keyword in ours) == (keyword in theirs), keyword


GOOD = {
    "empty": "",
    "comments": "# Port 1\n   # Port 2\n\n\t\nPort 3 # four\n",
    "first wins": "Port 5\nPort 6\nUser a\nUser b\n",
    "equals": "Port=5\nUser =a\nHostname= b.example\nBindAddress = 192.0.2.1\n",
    "tabs and cr": "\tPort\t5 \r\n  User\ta\r\n",
    "form feed at the end": "Port 5 \f\n",
    "no newline at the end": "Port 5",
    "case of keywords": "pORT 5\nUSER a\n",
    "quotes": 'User "a b"\nHostname "c.example"\n',
    "single quotes": "User 'a b'\n",
    "quotes inside": 'User a"b c"d\n',
    "escapes": 'User a\\ b\\"c\\\\d\\e\n',
    "escape in quotes": 'User "a\\"b\\ c"\n',
    "hash in a word": "User a#b\n",
    "quoted keyword": '"Port" 5\n',
    "host block": "Host host\nPort 5\nHost other\nPort 6\nUser u\n",
    "host patterns": "Host h?st\nPort 5\nHost *\nPort 6\nUser u\n",
    "host negation": "Host !host *\nPort 5\nHost * !other\nPort 6\n",
    "host negation behind": "Host * !h*\nPort 5\n",
    "host many": "Host a b host\nPort 5\n",
    "host case": "Host HOST\nPort 5\n",
    "host none": "Host other\nPort 5\n",
    "match all": "Host other\nPort 5\nMatch all\nPort 6\n",
    "match host": "Match host h*,x\nPort 5\nMatch host !host,*\nPort 6\nUser u\n",
    "match host case": "Match host HOST\nPort 5\n",
    "match new hostname": "Hostname new.example\nMatch host host\nPort 5\nMatch host new.example\nPort 6\n",
    "match originalhost": "Hostname new.example\nMatch originalhost host\nPort 5\n",
    "match negated": "Match !host other\nPort 5\nMatch !host host\nUser u\n",
    "match user": "User u\nMatch user u\nPort 5\n",
    "match local user is the default": "Match user {user}\nPort 5\nMatch localuser {user}\nBindAddress 192.0.2.1\n",
    "match localuser": "Match localuser nobody\nPort 5\nMatch localuser {user}*\nPort 6\n",
    "match both": "Match host host user x\nPort 5\nMatch host host localuser {user}\nPort 6\n",
    "match exec not reached": 'Match host other exec "exit 0"\nPort 5\n',
    "match canonical": "Match canonical host *\nPort 5\nMatch !canonical host *\nPort 6\n",
    "include": "Host host\nInclude {home}/a {home}/b*\nPort 9\n",
    "include is in its block": "Host other\nInclude {home}/a\nHost *\nPort 9\n",
    "include ends its blocks": "Include {home}/c\nPort 9\n",
    "include of nothing": "Include {home}/none/*\nPort 9\n",
    "ignore unknown": "IgnoreUnknown foo*,BAR\nFooBar x\nbar y\nPort 5\n",
    "forwards": "RemoteForward 80 h:1\nRemoteForward *:81 h:2\nRemoteForward [::1]:82 [::2]:3\nRemoteForward 80 h:1\n",
    "forward with empty bind": "RemoteForward :81 h:2\nRemoteForward 0 h:2\n",
    "forward of a variable": "RemoteForward 81 ${COLOUR}:2\n",
    "forward in blocks": "Host other\nRemoteForward 1 h:1\nRemoteForward /a /b\nLocalForward 1 h:2\nHost host\nRemoteForward 2 h:2\n",
    "local forwards": "LocalForward 80 h:1\nLocalForward *:81 h:2\nLocalForward [::1]:82 [::2]:3\nLocalForward 80 h:1\n"
                      "LocalForward /a /b\nLocalForward 83 /b\nLocalForward /c h:4\n",
    "dynamic forwards": "DynamicForward 80\nDynamicForward *:81\nDynamicForward [::1]:82\nDynamicForward 80\n",
    "remote forwards of other kinds": "RemoteForward 80\nRemoteForward b:81\nRemoteForward /a /b\nRemoteForward 82 /b\n"
                                      "RemoteForward /c h:4\n",
    "gateway ports": "GatewayPorts yes\nStreamLocalBindUnlink yes\nStreamLocalBindMask 022\n",
    "remote opens": "PermitRemoteOpen h:1 [::1]:80 *:* *:22\nPermitRemoteOpen none\n",
    "no remote opens": "PermitRemoteOpen none\n",
    "all remote opens": "PermitRemoteOpen any\n",
    "tokens in paths": "LocalForward /a/%p-%r-%h-%n-%% /b/%u\nRemoteForward /c/%p /d/%i\n",
    "forwards cleared": "ClearAllForwardings yes\nRemoteForward 80 h:1\nLocalForward 1 h:2\nDynamicForward 3\n",
    "flags": "BatchMode yes\nTCPKeepAlive no\nIdentitiesOnly true\nExitOnForwardFailure YES\nHashKnownHosts yes\n"
             "StdinNull yes\nForkAfterAuthentication yes\nSessionType none\n",
    "strict yes": "StrictHostKeyChecking yes\n",
    "strict no": "StrictHostKeyChecking no\n",
    "strict off": "StrictHostKeyChecking off\n",
    "strict accept-new": "StrictHostKeyChecking accept-new\n",
    "families": "AddressFamily inet6\nAddressFamily inet\n",
    "times": "ServerAliveInterval 1m30s\nServerAliveCountMax 7\nConnectTimeout 1h\n",
    "attempts": "ConnectionAttempts 4\nConnectTimeout none\n",
    "rekey": "RekeyLimit 1G 1h\n",
    "rekey default": "RekeyLimit default none\n",
    "rekey one": "RekeyLimit 512k\n",
    "log levels": "LogLevel debug3\n",
    "log level debug": "LogLevel DEBUG\n",
    "identities": "IdentityFile ~/.ssh/x\nIdentityFile /y\nIdentityFile /y\n",
    "no identity": "IdentityFile none\n",
    "login": "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPubkeyAuthentication unbound\n"
             "PreferredAuthentications password,publickey\nNumberOfPasswordPrompts 1\nIdentityAgent none\n"
             "CertificateFile /c1\nCertificateFile /c2\n",
    "login defaults": "PubkeyAuthentication yes\nIdentityAgent $COLOUR\n",
    "login aliases": "ChallengeResponseAuthentication no\nDSAAuthentication no\nIdentityAgent SSH_AUTH_SOCK\n",
    "login bound": "PubkeyAuthentication host-bound\nSkeyAuthentication no\nKbdInteractiveAuthentication yes\n",
    "known hosts": "UserKnownHostsFile /a /b\nGlobalKnownHostsFile /c\nUserKnownHostsFile /d\n",
    "no known hosts": "UserKnownHostsFile none\n",
    "update no": "UpdateHostKeys no\n",
    "update ask": "UpdateHostkeys ask\nUserKnownHostsFile /a\n",
    "update yes": "UpdateHostKeys yes\nUserKnownHostsFile /a\n",
    "known hosts of a variable": "UserKnownHostsFile /x/${COLOUR} /y/%h-%p-%r-%n%%\n",
    "alias": "HostKeyAlias Some.Name\n",
    "hostname token": "Hostname x-%h.Example\n",
    "percent in hostname": "Hostname %%%h\n",
    "common comforts": "ControlMaster auto\nControlPath ~/.ssh/%C\nControlPersist 10m\nForwardX11 yes\nForwardAgent yes\n"
                       "AddKeysToAgent yes\nCompression yes\nSendEnv LANG LC_*\nVisualHostKey yes\nCheckHostIP no\n",
    "no-ops": "ProxyJump none\nProxyCommand ssh x\nTunnel no\nPermitLocalCommand no\nKnownHostsCommand none\n",
    "gone keywords": "Protocol 2\nUseRoaming no\nCipher blowfish\nRSAAuthentication yes\n",
    "ciphers": "Ciphers aes256-ctr,aes128-gcm@openssh.com\n",
    "macs": "MACs hmac-sha2-512-etm@openssh.com\n",
    "kex": "KexAlgorithms ecdh-sha2-nistp256,curve25519-sha256\n",
    "keys": "HostKeyAlgorithms ssh-ed25519,rsa-sha2-256\nPubkeyAcceptedKeyTypes ssh-ed25519\n",
    "service name as port": "Port http\n",
}
SETS = {
    "times": ["serveraliveinterval"], "identities": ["identityfile"], "no identity": ["identityfile"],
    "ciphers": ["ciphers"], "macs": ["macs"], "kex": ["kexalgorithms"],
    "keys": ["hostkeyalgorithms", "pubkeyacceptedalgorithms"],
}


@pytest.mark.parametrize("name", GOOD)
def test_same_settings(tmp_path, name):
    (tmp_path / "a").write_text("BindAddress 192.0.2.1\n")
    (tmp_path / "b1").write_text("Port 7\n")
    (tmp_path / "b2").write_text("Port 8\nUser u2\n")
    (tmp_path / "c").write_text("Host other\nUser x\n")
    compare(tmp_path, GOOD[name].replace("{home}", str(tmp_path)).replace("{user}", ME.pw_name), set_here=SETS.get(name, ()))


@pytest.mark.parametrize("options, host", [
    (["Port=5", "Port 6"], "host"),
    (["User=a"], "HOST"),
    (["Hostname = X.example", "RemoteForward=80 h:1", "RemoteForward 81 h:1"], "host"),
    (["ProxyCommand=none", "UserKnownHostsFile=/a /b"], "host"),
    (["IdentityFile=/a", "LogLevel=QUIET"], "::1"),
])
def test_options_come_first(tmp_path, options, host):
    compare(tmp_path, "Port 9\nUser z\nRemoteForward 99 z:9\nIdentityFile /z\n", options, host,
            set_here=["identityfile"])


def refusals(tmp_path, text, options=()):
    config = tmp_path / "config"
    config.write_text(text)
    words = ["-F", str(config)]
    for option in options:
        words += ["-o", option]
    said = []
    for command in ([SSH, "-G"], [PROBE, "client"]):
        rc, _, err = settings([*command, *words, "host"], tmp_path)
        assert rc == 255, (command, err)
        said.append([line.replace(str(config), "FILE") for line in err.splitlines()
                     if "Pseudo-terminal" not in line])
    return said


@pytest.mark.parametrize("text", [
    "Foo bar\n", "Port 5\nFoo bar\nBAZ x\n", "Port\n", "Foo\n", "Port 1 2\n", 'User "a\n', "Port=\n",
    "StrictHostKeyChecking maybe\n", "BatchMode maybe\n", "LogLevel loud\n", "RekeyLimit 1\n", "Host\n",
    "Host other\nFoo bar\n", "Host other\nPort 1 2\n", "UserKnownHostsFile none /a\n", "SessionType x\n",
    'UserKnownHostsFile ""\n', "IdentityAgent $-x\n", "IdentityAgent $\n", "PubkeyAuthentication maybe\n",
    "PasswordAuthentication maybe\n",
])
def test_same_words_for_mistakes(tmp_path, text):
    theirs, ours = refusals(tmp_path, text)
    assert ours == theirs


@pytest.mark.parametrize("text, start", [
    ("Port a\n", "FILE line 1: Bad port 'a'."),
    ("ServerAliveInterval 1x\n", "FILE line 1: invalid time value"),
    ("ServerAliveCountMax x\n", "FILE line 1: "),
    ("Ciphers foo,aes128-ctr\n", "FILE line 1: Bad SSH2 cipher spec 'foo,aes128-ctr'"),
    ("Ciphers aes*\n", "FILE line 1: Bad SSH2 cipher spec 'aes*'"),
    ("MACs foo\n", "FILE line 1: Bad SSH2 MAC spec 'foo'"),
    ("KexAlgorithms foo\n", "FILE line 1: Bad SSH2 KexAlgorithms 'foo'"),
    ("HostKeyAlgorithms foo\n", "FILE line 1: Bad key types 'foo'"),
    ("HostKeyAlgorithms zz*\n", "FILE line 1: Bad key types 'zz*'"),
    ("RemoteForward 80\nRemoteForward 80 a:b:c\n", "FILE line 2: Bad "),
    ("Match foo x\n", "FILE line 1: Bad Match condition"),
    ("Match host\n", "FILE line 1: "),
    ("Match all host x\n", "FILE line 1: "),
    ("Include {home}/bad\n", "{home}/bad: line 1: Bad configuration option: foo"),
    ("ConnectionAttempts 0\n", "Invalid number of ConnectionAttempts"),
])
def test_mistakes_of_both(tmp_path, text, start):
    """Both refuse; ours may say more behind the words people know."""
    (tmp_path / "bad").write_text("Foo x\n")
    text, start = (part.replace("{home}", str(tmp_path)) for part in (text, start))
    theirs, ours = refusals(tmp_path, text)
    assert theirs
    assert any(line.startswith(start) for line in ours), ours


@pytest.mark.parametrize("options", [["foo=bar"], ["Port"], ["Port="], ["Port 1 2"], ["BatchMode=maybe"],
                                     ["Host=a"], ["LogLevel=loud"], ["User=\"a"]])
def test_same_words_on_the_command_line(tmp_path, options):
    theirs, ours = refusals(tmp_path, "", options)
    assert ours == theirs


@pytest.mark.parametrize("kind, keyword", [
    ("cipher", "Ciphers"), ("mac", "MACs"), ("kex", "KexAlgorithms"), ("kex-gss", "KexAlgorithms"),
    ("key-sig", "HostKeyAlgorithms"), ("key-sig", "PubkeyAcceptedAlgorithms"),
])
def test_no_name_of_ssh_is_a_mistake(tmp_path, kind, keyword):
    names = subprocess.run([SSH, "-Q", kind], capture_output=True, text=True, check=False).stdout.split()
    if kind == "kex-gss" and not names:
        pytest.skip("this ssh has no GSS key exchange")
    assert names
    rc, _, err = settings([PROBE, "client", "-o", f"{keyword}=+{','.join(names)}", "host"], tmp_path)
    assert rc == 0, err
    rc, _, err = settings([PROBE, "client", "-o", f"{keyword}={','.join(names)}", "host"], tmp_path)
    assert rc == 0 or (kind == "kex-gss" and "nothing of it is supported" in err), err


def test_every_keyword_of_ssh_is_known(tmp_path):
    _, lines, _ = settings([SSH, "-G", "-F", "none", "host"], tmp_path)
    assert len(lines) > 60
    for keyword in lines:
        if keyword == "host":
            continue
        _, _, err = settings([PROBE, "client", "-o", f"{keyword}=x", "host"], tmp_path)
        assert "Bad configuration option" not in err, keyword
