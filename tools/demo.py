#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The main job on one machine, for real: started by ./demo, which builds first.

A relay (sallyd) listens where everybody can reach it. The inner host is a network namespace of its own
with an sshd that listens on the namespace's loopback only, so nobody outside can dial it; without the
right to make namespaces it is a port on this machine's loopback, and that is said. An agent (sally) on
the inner host dials the relay and opens a port there. A visitor (plain ssh) connects to that port and
runs a command on the inner host.
"""
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

RELAY_SIDE, INNER_SIDE = "198.18.77.1", "198.18.77.2"  # RFC 2544: test networks, routed nowhere
WANTED_PORT = 2222
USER = pwd.getpwuid(os.getuid()).pw_name
WAIT_S = 15


class Failed(Exception):
    """One sentence that says which step did not work."""


def run(*command, **more):
    return subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, **more)


def must(what, *command):
    done = run(*command)
    if done.returncode != 0:
        raise Failed(f"{what}: {done.stdout.strip() or 'exit code %d' % done.returncode}")
    return done.stdout


def free_port(address, wanted=0):
    with socket.socket() as s:
        try:
            s.bind((address, wanted))
        except OSError:
            return free_port(address)
        return s.getsockname()[1]


def answers(address, port, timeout=2):
    """The first line somebody sends there, or the reason why nobody does."""
    try:
        with socket.create_connection((address, port), timeout) as s:
            s.settimeout(timeout)
            return s.recv(256).decode("ascii", "replace").strip(), None
    except OSError as e:
        return None, e.strerror or "timed out"


class Inner:
    """The inner host: a namespace where permitted, else this machine's loopback."""

    def __init__(self):
        self.name = f"sally-demo-{os.getpid()}"
        self.veth = f"sd{os.getpid() % 1000000}"
        self.is_apart = False
        self.relay_address = "127.0.0.1"
        self.reason = "only root may make one"
        if os.geteuid() != 0:
            return
        try:
            must("namespace", "ip", "netns", "add", self.name)
            self.is_apart = True
            must("veth", "ip", "link", "add", self.veth + "r", "type", "veth", "peer", "name", self.veth + "i",
                 "netns", self.name)
            must("veth", "ip", "addr", "add", RELAY_SIDE + "/30", "dev", self.veth + "r")
            must("veth", "ip", "link", "set", self.veth + "r", "up")
            must("veth", *self.command("ip", "addr", "add", INNER_SIDE + "/30", "dev", self.veth + "i"))
            must("veth", *self.command("ip", "link", "set", self.veth + "i", "up"))
            must("loopback", *self.command("ip", "link", "set", "lo", "up"))
            self.relay_address = RELAY_SIDE
        except (Failed, FileNotFoundError) as e:
            self.reason = str(e)
            self.remove()

    def command(self, *words):
        return ("ip", "netns", "exec", self.name, *words) if self.is_apart else words

    def remove(self):
        if self.is_apart:
            run("ip", "netns", "del", self.name)
            run("ip", "link", "del", self.veth + "r")
            self.is_apart = False


class Demo:
    def __init__(self, build):
        self.build = Path(build).resolve()
        self.dir = Path(tempfile.mkdtemp(prefix="sally-demo-"))
        self.dir.chmod(0o700)
        self.started = []
        self.over = threading.Event()
        self.inner = Inner()
        self.relay_port = free_port(self.inner.relay_address, 2200)
        self.port = free_port("127.0.0.1", WANTED_PORT)
        self.inner_port = 22 if self.inner.is_apart else free_port("127.0.0.1")
        self.socket = self.dir / "sallyd.sock"

    # --- the four roles ------------------------------------------------------------------------------

    def start(self, name, *command):
        with open(self.dir / f"{name}.log", "wb") as log:
            p = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True)
        self.started.append(p)
        return p

    def log_of(self, name):
        lines = (self.dir / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "it said nothing"

    def wait(self, what, name, process, is_so):
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            if is_so():
                return
            if process.poll() is not None:
                raise Failed(f"{what}: {name} ended with code {process.returncode}: {self.log_of(name)}")
            time.sleep(0.05)
        raise Failed(f"{what}: nothing after {WAIT_S} s: {self.log_of(name)}")

    def make_keys(self):
        for name in ("relay", "agent", "inner", "visitor"):
            must("keys", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"demo {name}", "-f", self.dir / name)
        for who, may in (("agent", "relay_keys"), ("visitor", "inner_keys")):
            shutil.copy(self.dir / f"{who}.pub", self.dir / may)
            (self.dir / may).chmod(0o600)

        def known(port, address, key):
            name = address if port == 22 else f"[{address}]:{port}"
            return f"{name} {' '.join((self.dir / (key + '.pub')).read_text().split()[:2])}\n"

        (self.dir / "known").write_text(known(self.relay_port, self.inner.relay_address, "relay")
                                        + known(self.port, "127.0.0.1", "inner"))

    def start_relay(self):
        (self.dir / "sallyd_config").write_text(
            f"ListenAddress {self.inner.relay_address}\nPort {self.relay_port}\nHostKey {self.dir}/relay\n"
            f"AuthorizedKeysFile {self.dir}/relay_keys\nControlSocket {self.socket}\nLogLevel VERBOSE\n")
        relay = self.start("sallyd", self.build / "sallyd", "-D", "-e", "-f", self.dir / "sallyd_config")
        self.wait("relay", "sallyd", relay, lambda: answers(self.inner.relay_address, self.relay_port)[0])

    def start_target(self):
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        (self.dir / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1\nPort {self.inner_port}\nHostKey {self.dir}/inner\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {self.dir}/inner_keys\nStrictModes no\nPasswordAuthentication no\n"
            "PermitRootLogin prohibit-password\nPrintMotd no\n")
        sshd = self.start("sshd", *self.inner.command("/usr/sbin/sshd", "-D", "-e", "-f", self.dir / "sshd_config"))
        self.wait("target", "sshd", sshd, lambda: "Server listening" in self.log_of("sshd"))

    def check_nobody_can_dial(self):
        if not self.inner.is_apart:
            return f"not shown: the inner host is this machine's loopback ({self.inner.reason})"
        banner, reason = answers(INNER_SIDE, 22)
        if banner is not None:
            raise Failed(f"the inner host answers from outside: {banner}")
        return f"{INNER_SIDE} port 22 from outside: {reason}"

    def start_agent(self):
        words = [self.build / "sally", "-F", "none", "-N", "-T", "-i", self.dir / "agent", "-p", self.relay_port,
                 "-o", f"UserKnownHostsFile={self.dir}/known", "-o", "StrictHostKeyChecking=yes",
                 "-o", "ExitOnForwardFailure=yes", "-R", f"{self.port}:localhost:{self.inner_port}",
                 f"{USER}@{self.inner.relay_address}"]
        agent = self.start("sally", *self.inner.command(*words))
        self.wait("agent", "sally", agent, lambda: answers("127.0.0.1", self.port)[0])

    def visit(self, command, **more):
        return ["ssh", "-F", "none", "-T", "-i", self.dir / "visitor", "-p", str(self.port), "-o", "BatchMode=yes",
                "-o", f"UserKnownHostsFile={self.dir}/known", "-o", "StrictHostKeyChecking=yes",
                f"{USER}@127.0.0.1", command]

    def first_visit(self):
        where = "cat /proc/net/fib_trie | grep -B1 'host LOCAL' | grep -o '[0-9.]*[0-9]' | sort -u | tr '\\n' ' '"
        done = run(*self.visit(f"echo inside; {where}"), timeout=30)
        if done.returncode != 0 or not done.stdout.startswith("inside"):
            raise Failed(f"the visitor did not get through: {done.stdout.strip()}")
        if self.inner.is_apart and INNER_SIDE not in done.stdout:
            raise Failed(f"the visitor is not on the inner host: {done.stdout.strip()}")
        return done.stdout.split("\n")[1].strip()

    # --- the picture ---------------------------------------------------------------------------------

    def ask(self):
        done = run(self.build / "sallyctl", "-s", self.socket, "--json", "ls")
        if done.returncode != 0:
            raise Failed(f"sallyctl: {done.stdout.strip()}")
        agents = json.loads(done.stdout)["agents"]
        if not agents or not agents[0]["forwards"]:
            raise Failed("the relay has no agent with a forward")
        return agents[0], agents[0]["forwards"][0]

    def picture(self):
        agent, door = self.ask()
        visitors = [v["from"] for v in door["visitors"]]
        bound = ", ".join(f"{b['address']}" for b in door["bound"])
        inner = "inner host (namespace)" if self.inner.is_apart else "inner host (loopback)"
        columns = [
            ("visitor", "ssh -p %d" % door["port"], "%d now, %d so far" % (door["visitors_now"], door["visitors_ever"]),
             visitors[0] if visitors else "-"),
            ("relay", "sallyd", "port %d" % door["port"], bound),
            ("agent", "sally", "from %s" % agent["peer"].rsplit(":", 1)[0], "%.1f ms away" % agent["rtt_ms"]),
            ("target", "sshd", "localhost:%d" % self.inner_port, inner),
        ]
        width = [max(len(x) for x in c) + 2 for c in columns]
        links = [" ──TCP──▶ ", " ◀══SSH══ ", " ──TCP──▶ "]
        lines = []
        for row in range(4):
            cells = [columns[i][row].center(width[i]) for i in range(4)]
            joints = links if row == 1 else [" " * len(s) for s in links]
            lines.append("".join(c + j for c, j in zip(cells, joints + [""])))
        lines.append("")
        lines.append(f"to the target {size(door['bytes_in'])}, to visitors {size(door['bytes_out'])}; "
                     f"the SSH connection was dialled from inside")
        return lines

    def traffic(self):
        """Visitors that come, work for a few seconds and go, until the end."""
        work = "for i in 1 2 3 4 5 6; do head -c 300000 /dev/urandom; sleep 0.5; done"
        while not self.over.is_set():
            p = subprocess.Popen([str(w) for w in self.visit(work)], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            self.started.append(p)
            self.over.wait(2)
            self.started = [q for q in self.started if q.poll() is None]

    def show(self):
        threading.Thread(target=self.traffic, daemon=True).start()
        live = sys.stdout.isatty()
        print()
        drawn = 0
        while True:
            lines = self.picture()
            if live and drawn:
                print(f"\x1b[{drawn}A", end="")
            for line in lines + ["", "Ctrl-C ends it. Try it yourself: "
                                     + " ".join(str(w) for w in self.visit("")).strip()]:
                print(line + ("\x1b[K" if live else ""))
            drawn = len(lines) + 2
            sys.stdout.flush()
            time.sleep(0.5 if live else 5)

    # --- from begin to end ---------------------------------------------------------------------------

    def prove(self):
        steps = [
            ("keys", self.make_keys, lambda _: "one each for relay, agent, target and visitor"),
            ("relay", self.start_relay, lambda _: f"sallyd listens on {self.inner.relay_address}:{self.relay_port}"),
            ("target", self.start_target, lambda _: f"sshd on localhost:{self.inner_port} of the inner host"),
            ("nobody can dial it", self.check_nobody_can_dial, str),
            ("agent", self.start_agent, lambda _: f"sally opened port {self.port} on the relay, from inside"),
            ("visitor", self.first_visit, lambda out: f"ssh -p {self.port} got through; addresses there: {out}"),
        ]
        for name, act, tell in steps:
            result = act()
            print(f"ok  {name:20} {tell(result)}")

    def end(self):
        self.over.set()
        for p in reversed(self.started):
            if p.poll() is None:
                p.send_signal(signal.SIGTERM)
        for p in self.started:
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        self.inner.remove()
        shutil.rmtree(self.dir, ignore_errors=True)


def size(n):
    for unit in ("B", "KB", "MB"):
        if n < 1000:
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.1f} GB"


def main():
    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    demo = Demo(sys.argv[1])
    try:
        demo.prove()
        if "--once" in sys.argv[2:]:
            print()
            print("\n".join(demo.picture()))
        else:
            demo.show()
    except Failed as e:
        print(f"failed: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    finally:
        demo.end()
    return 0


sys.exit(main())
