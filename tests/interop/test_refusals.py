# SPDX-License-Identifier: ISC
"""Who is refused over and over harms nobody: not the log, not who watches, not the others."""
import json
import socket

from conftest import LIMIT_S, public_line, turned_away, visit, wait_until

LINES = 10  # of visitors that were hung up on, for an agent in a minute


def refused(relay):
    return len(relay.find_all("was hung up on: "))


def test_refused_visitors_do_not_fill_the_log(relay, key_files, ssh, target):
    """Anybody can come as often as they like: the log has the first ones, and how many more there were."""
    relay.write_keys('visitors-from="127.0.0.1" ' + public_line(key_files["agent"]))
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = int(client.wait_for(r"Allocated port (\d+)").group(1))
    for _ in range(100):
        turned_away(port, source="127.0.0.3")
    visit(port)
    assert refused(relay) == LINES
    client.stop()
    relay.wait_for(r"agent tunnel#1 .*: 90 more visitors were hung up on")
    relay.wait_for("agent tunnel#1 .* ended after")
    assert refused(relay) == LINES
    # Another agent has a log of its own.
    again = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = int(again.wait_for(r"Allocated port (\d+)").group(1))
    turned_away(port, source="127.0.0.3")
    relay.wait_for(r"agent tunnel#2 .*: visitor 127\.0\.0\.3:\d+ of port \d+ was hung up on", 0)


def test_nothing_is_told_after_a_gap(relay, key_files, ssh, target):
    """Who watched too slowly and then reads on hears of nothing that came behind what it missed: a record
    that is not there would pass for a thing that did not happen."""
    client = ssh.start(relay, "-R", f"0:127.0.0.1:{target.port}")
    port = int(client.wait_for(r"Allocated port (\d+)").group(1))
    slow = socket.socket(socket.AF_UNIX)
    slow.settimeout(LIMIT_S)
    slow.connect(str(relay.socket))
    slow.sendall(b'{"cmd":"watch"}\n')
    first = b""
    while b"\n" not in first:  # it is listened to
        first += slow.recv(1)

    def all_left(count):
        counts = json.loads(relay.ctl("--json", "status").stdout)["counts"]
        return counts["visitors_ever"] == count and counts["visitors"] == 0

    def come(times, source):
        for _ in range(times):
            socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S, source_address=(source, 0)).close()

    come(3000, "127.0.0.1")
    wait_until(lambda: all_left(3000))
    # What was being written is out, and all that waited behind it is under way: there would be room. Not a
    # byte more is read than that takes, or the gap is told before anybody comes.
    got = b""
    while len(got) < 180 * 1024:
        got += slow.recv(1024)
    come(50, "127.0.0.9")
    wait_until(lambda: all_left(3050))
    while chunk := slow.recv(64 * 1024):
        got += chunk
    lines = [json.loads(line) for line in got.splitlines()]
    assert list(lines[-1]) == ["missed"] and lines[-1]["missed"] >= 50
    told = [line["address"] for line in lines[:-1] if line["event"] == "visitor"]
    assert len(told) > 100 and set(told) == {"127.0.0.1"}
