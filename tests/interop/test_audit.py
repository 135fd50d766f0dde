# SPDX-License-Identifier: ISC
"""The audit log: one line for what happened, whoever it was, that nobody else can write; and the filter
for fail2ban that reads it."""
import configparser
import json
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

from conftest import free_port, need, turned_away, visit, wait_until

pytestmark = need("ssh", "ssh-keygen")
FILTER = pathlib.Path(__file__).parents[2] / "contrib/fail2ban/filter.d/sallyd.conf"


def parse(line):
    """As a program that knows logfmt would."""
    fields, rest = [], line
    while rest:
        m = re.match(r'([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"=\\]+))(?: |$)', rest)
        assert m, f"no logfmt from here: {rest!r}"
        fields.append((m.group(1), m.group(3) if m.group(2) is None else re.sub(r"\\(.)", r"\1", m.group(2))))
        rest = rest[m.end():]
    assert len(dict(fields)) == len(fields)
    return dict(fields)


def records(path, how=parse):
    """The lines that are whole."""
    text = path.read_text(encoding="ascii")
    return [how(line) for line in text[:text.rfind("\n") + 1].splitlines()]


def wait_for(path, count=1, how=parse, **fields):
    """The record with these fields, as soon as there are so many of them."""
    def found():
        return [r for r in records(path, how) if all(str(r.get(k)) == str(v) for k, v in fields.items())]
    wait_until(lambda: len(found()) >= count)
    assert len(found()) == count
    return found()[-1]


@pytest.fixture
def audited(tmp_path, start_relay):
    log = tmp_path / "audit.log"
    return log, lambda *options, **more: start_relay(f"AuditLog={log}", *options, **more)


def test_the_life_of_a_tunnel(audited, ssh, target):
    log, start = audited
    relay = start()
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = int(client.wait_for(r"Allocated port (\d+)").group(1))
    own = visit(port, b"x" * 1000)
    left = wait_for(log, event="visitor")
    assert (left["address"], int(left["port"])) == own
    assert (int(left["forward"]), left["key"], left["user"], left["end"]) == (port, "agent", "tunnel", "done")
    assert (int(left["bytes_in"]), int(left["bytes_out"])) == (1000, 1032)
    assert 0 <= float(left["seconds"]) < 60 and "reason" not in left
    login = wait_for(log, event="login")
    assert (login["address"], login["file"], login["line"]) == ("127.0.0.1", str(relay.keys_file), "1")
    assert login["fingerprint"].startswith("SHA256:") and login["agent"] == left["agent"]
    opened = wait_for(log, event="forward")
    assert (int(opened["forward"]), opened["requested"], opened["state"]) == (port, "localhost", "open")
    assert f"127.0.0.1:{port}" in opened["bound"]
    client.stop()
    assert int(wait_for(log, event="logout")["bytes_in"]) > 1000
    assert wait_for(log, event="forward-closed")["visitors"] == "1"
    assert [r["event"] for r in records(log)] == ["login", "forward", "visitor", "forward-closed", "logout"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", r["time"]) for r in records(log))
    assert log.stat().st_mode & 0o777 == 0o600


def test_what_is_refused(audited, ssh, key_files, target):
    log, start = audited
    relay = start("PermitListen=localhost:1")
    assert ssh.run(relay, "-N", key="stranger").returncode == 255
    refused = wait_for(log, event="login-refused")
    assert refused["address"] == "127.0.0.1" and refused["user"] == "tunnel" and refused["tries"] == "1"
    assert "the key is on no line of the relay's keys" in refused["reason"]
    # Who comes in with the second key has not failed; nor has a port scan.
    second = ssh.start(relay, "-i", str(key_files["stranger"]), "-R", "2222:localhost:22")
    socket.create_connection(("127.0.0.1", relay.port)).close()
    assert "PermitListen" in wait_for(log, event="forward-refused", forward=2222)["reason"]
    second.stop()
    wait_for(log, event="logout")
    wait_for(log, event="login-refused")  # still one


def test_a_visitor_that_is_refused(audited, ssh, target, key_files):
    log, start = audited
    relay = start()
    relay.write_keys('visitors-from="192.0.2.0/24",name="lab-7" ' + pathlib.Path(f"{key_files['agent']}.pub").read_text())
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    own = turned_away(int(client.wait_for(r"Allocated port (\d+)").group(1)))
    refused = wait_for(log, event="visitor-refused")
    assert (refused["address"], int(refused["port"]), refused["key"]) == (*own, "lab-7")
    assert "visitors-from" in refused["reason"]


def test_a_target_that_is_not_there(audited, ssh):
    """The words of the agent reach the line as one value."""
    log, start = audited
    client = ssh.start(start(), "-R", f"0:127.0.0.1:{free_port()}")
    turned_away(int(client.wait_for(r"Allocated port (\d+)").group(1)))
    left = wait_for(log, event="visitor")
    assert left["end"] == "refused-by-agent" and left["reason"]


def test_json_and_the_standard_error(start_relay, ssh, target):
    relay = start_relay("AuditLog=stderr", "AuditFormat=json")
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    visit(int(client.wait_for(r"Allocated port (\d+)").group(1)))
    left = json.loads(relay.wait_for(r'^(\{"time":.*"event":"visitor",.*\})$').group(1))
    assert list(left)[:4] == ["time", "event", "address", "port"]
    assert (left["bytes_in"], left["key"]) == (5, "agent") and isinstance(left["seconds"], float)


def test_rotation(audited, ssh):
    log, start = audited
    relay = start()
    ssh.run(relay, "-N", key="stranger")
    wait_for(log, event="login-refused")
    log.rename(log.with_suffix(".1"))
    ssh.run(relay, "-N", key="stranger")  # before the signal it goes where it went
    wait_for(log.with_suffix(".1"), count=2, event="login-refused")
    relay.popen.send_signal(signal.SIGHUP)
    relay.wait_for("audit.log: opened again")
    ssh.run(relay, "-N", key="stranger")
    wait_for(log, event="login-refused")
    assert len(records(log.with_suffix(".1"))) == 2


@pytest.mark.parametrize("option, sentence", [
    ("AuditLog=/nonexistent/audit", "AuditLog /nonexistent/audit: No such file or directory"),
    ("AuditLog=/dev/null", "AuditLog /dev/null: not a regular file"),
    ("AuditFormat=xml", r'unsupported option "xml"')])
def test_what_cannot_be(option, sentence, key_files, tmp_path):
    run = subprocess.run([os.environ["SALLYD"], "-D", "-f", "/dev/null", "-p", "0", "-h", str(key_files["relay"]), "-o",
                          "AuthorizedKeysFile=none", "-o", f"ControlSocket={tmp_path / 'sock'}", "-o", option],
                         capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode in (1, 255) and re.search(sentence, run.stderr)


def test_the_standard_error_of_the_background(key_files, tmp_path):
    run = subprocess.run([os.environ["SALLYD"], "-f", "/dev/null", "-p", "0", "-h", str(key_files["relay"]), "-o",
                          "AuthorizedKeysFile=none", "-o", f"ControlSocket={tmp_path / 'sock'}", "-o", "AuditLog=stderr"],
                         capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1 and "in the background nobody reads it" in run.stderr


# --- text of peers ----------------------------------------------------------------------------------

HOSTILE = 'x" event=login-refused address=192.0.2.66 port=1\n' \
          'time=0 event=login-refused address=192.0.2.66 port=1 \x1b(2J'


@pytest.mark.parametrize("form, how", [("logfmt", parse), ("json", json.loads)])
def test_nobody_forges_a_line(audited, ssh, form, how):
    """An address to listen on with everything in it that ends something, and a user of no name."""
    log, start = audited
    relay = start(f"AuditFormat={form}", "GatewayPorts=clientspecified")
    client = ssh.start(relay, "-R", f"{HOSTILE}:0:localhost:22")
    client.stop()
    wait_for(log, how=how, event="logout")
    said = ssh.run(relay, "-N", "-l", 'a+b', key="stranger").stderr
    assert "Permission denied (publickey)" in said
    assert "user" not in wait_for(log, how=how, event="login-refused")  # no name, and not repeated
    refused = wait_for(log, how=how, event="forward-refused")
    assert refused["requested"] == HOSTILE.replace("\n", "\\n").replace("\x1b", "\\x1b")
    assert refused["address"] == "127.0.0.1" and "no host name" in refused["reason"]
    assert [r["event"] for r in records(log, how)] == ["login", "forward-refused", "logout", "login-refused"]
    assert banned(log.read_text(encoding="ascii")) == ["127.0.0.1"]


# --- fail2ban ---------------------------------------------------------------------------------------

def banned(text):
    """Whom fail2ban would take for failing, by its own rules: the date is cut out first, <ADDR> is an
    address, a line that does not match is nobody's."""
    conf = configparser.ConfigParser(interpolation=None)
    conf.read(FILTER, encoding="ascii")
    definition = conf["Definition"]
    address = r"\[?(?:::f{4,6}:)?(?P<host>(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F:]{2,})\]?"
    date = re.compile(definition["datepattern"].replace("%%", "%").replace("%Y", r"\d{4}").replace("%m", r"\d\d")
                      .replace("%d", r"\d\d").replace("%H", r"\d\d").replace("%M", r"\d\d").replace("%S", r"\d\d")
                      .replace("%f", r"[0-9]{1,6}").replace("%z", "(?:Z|[+-]\\d\\d:?\\d\\d)"))
    rules = [re.compile(rule.replace("<_prefix>", definition["_prefix"]).replace("<ADDR>", address))
             for rule in definition["failregex"].strip().splitlines()]
    found = []
    for line in text.splitlines():
        hits = set()
        for seen in (line, date.sub("", line, count=1)):
            hits |= {m.group("host") for m in (rule.search(seen) for rule in rules) if m}
        assert len(hits) <= 1 and date.search(line)
        found += hits
    return found


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_fail2ban_finds_who_fails(audited, ssh, target, form):
    log, start = audited
    relay = start(f"AuditFormat={form}", "ListenAddress=127.0.0.1", "ListenAddress=::1")
    how = json.loads if form == "json" else parse
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    visit(int(client.wait_for(r"Allocated port (\d+)").group(1)))
    client.stop()
    wait_for(log, how=how, event="logout")
    assert banned(log.read_text(encoding="ascii")) == []
    ssh.run(relay, "-N", key="stranger")
    wait_for(log, how=how, event="login-refused")
    text = log.read_text(encoding="ascii")
    assert banned(text) == ["127.0.0.1"]
    # The same lines by way of syslog, in its old and its new form of time.
    line = text.splitlines()[-1]
    assert banned(f"Nov 22 09:30:00 relay sallyd[77]: {line}\n") == ["127.0.0.1"]
    assert banned(f"2026-11-22T09:30:00.123456+00:00 relay sallyd[77]: {line}\n") == ["127.0.0.1"]
    assert banned(f"relay sallyd[77]: {line}\n") == ["127.0.0.1"]
    # A word of that form inside of another line is nobody's.
    assert banned(f'time=2026-11-22T09:30:00.1Z event=logout address=::1 port=1 reason="x {line}"\n') == []
