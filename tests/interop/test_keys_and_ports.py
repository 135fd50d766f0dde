# SPDX-License-Identifier: ISC
"""sallyctl keys and sallyctl why: what the lines of keys let each do, who has a port, and who could get it."""
import json
import re
import signal
import socket
import subprocess

import pytest

from conftest import free_port, need, public_line, visit, wait_until

pytestmark = need("ssh", "ssh-keygen")


def fingerprint(key):
    said = subprocess.run(["ssh-keygen", "-lf", key], check=True, capture_output=True, text=True).stdout
    return said.split()[1]


def keys(relay):
    return {k["name"]: k for k in json.loads(relay.ctl("--json", "keys").stdout)["keys"]}


def why(relay, place):
    run = relay.ctl("--json", "why", str(place))
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    return answer, {v["name"]: v for v in answer["verdicts"]}


def tunnel(ssh, relay, target, port, **more):
    client = ssh.start(relay, "-R", f"{port}:127.0.0.1:{target.port}", **more)
    if port != 0:
        return client, port
    return client, int(client.wait_for(r"Allocated port (\d+)").group(1))


# --- keys -------------------------------------------------------------------------------------------

def test_keys(start_relay, ssh, target, key_files):
    relay = start_relay()
    relay.write_keys("# whose\n"
                     'restrict,port-forwarding,permitlisten="8000-8099",permitlisten="gw:9000",from="127.0.0.0/8",'
                     'max-visitors="3",max-forwards="2",rate="1M",visitors-from="10.0.0.0/8",name="lab-7",takeover="standby",'
                     'expiry-time="20991231" ' + public_line(key_files["agent"])
                     + public_line(key_files["agent_ecdsa"]) + "no-port-forwarding " + public_line(key_files["agent_rsa"]))
    _, port = tunnel(ssh, relay, target, 0, key="agent_ecdsa")
    found = keys(relay)
    lab = found["lab-7"]
    assert (lab["fingerprint"], lab["type"], lab["file"], lab["line"]) == (
        fingerprint(key_files["agent"]), "ssh-ed25519", str(relay.keys_file), 2)
    assert lab["permitlisten"] == ["8000-8099", "gw:9000"] and lab["from"] == "127.0.0.0/8"
    assert (lab["max_visitors"], lab["max_forwards"], lab["rate"], lab["takeover"]) == (3, 2, 1 << 20, "standby")
    assert (lab["sessions"], lab["ports"], lab["reserved"]) == ([], [], [])
    free = found["agent_ecdsa"]
    assert (free["sessions"], free["ports"], free["reserved"], free["line"]) == ([1], [port], [port], 3)
    assert not found["agent_rsa"]["port_forwarding"]
    table = relay.ctl("keys").stdout.splitlines()
    assert len(table) == 4 and table[0].split() == ["KEY", "FINGERPRINT", "SESSIONS", "PORTS", "OPTIONS", "LINE"]
    assert ("may open 8000-8099, gw:9000; good until 2099-12-31 00:00; logs in from 127.0.0.0/8 only; visitors from "
            "10.0.0.0/8 only; 2 ports at most; 3 visitors at most; 1.0 MiB/s each way; takeover standby") in table[1]
    assert re.search(rf"#1 +{port} +\S+/authorized_keys:3$", table[2])
    assert "may open no port" in table[3]


def test_ports_that_wait_for_their_key(relay, ssh, target):
    client, port = tunnel(ssh, relay, target, 0)
    client.stop()
    wait_until(lambda: keys(relay)["agent"]["sessions"] == [])
    assert keys(relay)["agent"]["ports"] == [] and keys(relay)["agent"]["reserved"] == [port]
    assert re.search(rf"reserved: {port}\b", relay.ctl("keys").stdout)


def test_a_revoked_key(start_relay, tmp_path, key_files):
    banned = tmp_path / "revoked"
    banned.write_text(public_line(key_files["agent_rsa"]), encoding="ascii")
    banned.chmod(0o600)
    relay = start_relay(f"RevokedKeys={banned}")
    assert keys(relay)["agent_rsa"]["refused"].startswith(f"{banned}")
    assert keys(relay)["agent"]["refused"] == ""
    assert f"may not log in: {banned}" in relay.ctl("keys").stdout


def test_no_key_at_all(relay):
    relay.write_keys("")
    assert relay.ctl("keys").stdout == "no key is known\n"
    assert json.loads(relay.ctl("--json", "keys").stdout) == {"keys": []}


def test_bytes_that_are_no_text(relay, key_files):
    """Of a comment, and of the name of a file."""
    relay.keys_file.write_bytes(public_line(key_files["agent"]).encode().rstrip() + b" \xff\x1b[31m\n")
    key = json.loads(relay.ctl("--json", "keys").stdout)["keys"][0]
    assert "\x1b" not in key["comment"] and "\x1b" not in relay.ctl("keys").stdout


# --- why --------------------------------------------------------------------------------------------

def test_why_somebody_has_it(relay, ssh, target, key_files):
    client, port = tunnel(ssh, relay, target, 0)
    visit(port)
    answer, verdicts = why(relay, port)
    (held,) = answer["held"]
    assert (held["agent"], held["key"], held["fingerprint"]) == (1, "agent", fingerprint(key_files["agent"]))
    assert [b["port"] for b in held["bound"]] == [port, port] and answer["standby"] == answer["kept"] == []
    assert verdicts["agent"]["now"] == "refused while its holder answers"
    assert verdicts["agent_rsa"]["now"] == "refused: another key holds it" and verdicts["agent_rsa"]["may"]
    said = relay.ctl("why", str(port)).stdout
    assert re.search(rf"held by    agent SHA256:\S+, agent tunnel#1 from 127\.0\.0\.1:\d+, for \d+s, on 127\.0\.0\.1:{port} "
                     rf"\[::1\]:{port}, 0 visitors\n", said)
    client.popen.send_signal(signal.SIGKILL)
    wait_until(lambda: why(relay, port)[0]["kept"])
    answer, verdicts = why(relay, port)
    assert (verdicts["agent"]["now"], verdicts["agent_rsa"]["now"]) == ("opened", "refused: kept for another key")
    assert "whose connection was lost, for" in relay.ctl("why", str(port)).stdout


@pytest.mark.parametrize("takeover, outcome", [("replace", "taken over"), ("standby", "standby")])
def test_why_and_what_takeover_says(start_relay, ssh, target, takeover, outcome):
    relay = start_relay(f"Takeover={takeover}")
    _, port = tunnel(ssh, relay, target, free_port())
    assert why(relay, port)[1]["agent"]["now"] == outcome
    if takeover == "standby":
        tunnel(ssh, relay, target, port)
        assert [s["agent"] for s in why(relay, port)[0]["standby"]] == [2]
        assert "standby    agent SHA256:" in relay.ctl("why", str(port)).stdout


def test_why_not(tmp_path, start_relay, key_files):
    """Each setting that decides, by its name."""
    conf = tmp_path / "sallyd_config"
    conf.write_text("PermitListen localhost:8000-8100\nMatch Key second\n  PermitListen any\nMatch Key third\n"
                    "  AllowTcpForwarding no\n")
    relay = start_relay(flags=["-f", str(conf)])
    relay.write_keys('permitlisten="8050-9000",name="first" ' + public_line(key_files["agent"])
                     + 'name="second" ' + public_line(key_files["agent_ecdsa"])
                     + 'name="third" ' + public_line(key_files["agent_rsa"])
                     + 'restrict,name="fourth" ' + public_line(key_files["stranger"]))

    def verdicts(place):
        answer, found = why(relay, place)
        assert answer["match"]
        return {name: (v["may"], v["setting"]) for name, v in found.items()}

    third, fourth = (False, "AllowTcpForwarding"), (False, "restrict")
    assert verdicts(8060) == {"first": (True, "permitlisten"), "second": (True, ""), "third": third, "fourth": fourth}
    assert verdicts(8010) == {"first": (False, "permitlisten"), "second": (True, ""), "third": third, "fourth": fourth}
    assert verdicts(8500) == {"first": (False, "PermitListen"), "second": (True, ""), "third": third, "fourth": fourth}
    assert verdicts("*:8060")["first"] == (False, "PermitListen")  # localhost: alone is admitted there
    low = why(relay, 80)[0]
    assert low["low"] == (verdicts(80)["second"] == (False, "low port"))
    assert "Match blocks for a user or an address may say otherwise." in relay.ctl("why", "8060").stdout


def test_why_the_kernel_says_no(relay):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer, verdicts = why(relay, port)
        assert answer["kernel"] == "Address already in use" and verdicts["agent"]["now"] == "refused by the kernel"
        assert f"port       localhost:{port}\nnot free   no agent has it, and the kernel says: Address already in use\n" \
            in relay.ctl("why", str(port)).stdout
    assert "free       nobody has it" in relay.ctl("why", str(free_port())).stdout


@pytest.mark.parametrize("place", ["0", "65536", "", "x", "host:", ":", "1 2", "h" * 300 + ":80"])
def test_why_of_what_is_no_port(relay, place):
    run = relay.ctl("why", place)
    assert run.returncode == 1 and "why" in run.stderr and run.stdout == ""
    assert relay.ctl("why").returncode == 2
