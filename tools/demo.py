#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The main job on one machine, for real: started by ./demo, which builds first.

A relay (sallyd) listens where everybody can reach it. The inner host is a network namespace of its own
with an sshd that listens on the namespace's loopback only, so nobody outside can dial it; without the
right to make namespaces it is a port on this machine's loopback, and that is said. An agent (sally) on
the inner host dials the relay and opens a port there. A visitor (plain ssh) connects to that port and
runs a command on the inner host.

Nothing stays behind: the namespace lives as long as the process that holds it, every process started here
hears of the demo's end from the kernel, and the folder is removed at the end.
"""
import contextlib
import ipaddress
import json
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TEST_NETWORKS = ipaddress.ip_address("198.18.0.0")  # and 2^17 more; RFC 2544: routed nowhere
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
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier demo do not count
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


def dies_with_us(*command):
    """The kernel tells it when the demo is killed and cannot say so itself."""
    return ("setpriv", "--pdeathsig", "TERM", *(str(c) for c in command))


class Inner:
    """The inner host: a namespace where permitted, else this machine's loopback."""

    def __init__(self):
        # A small network of its own for each demo that runs at the same time.
        network = TEST_NETWORKS + 4 * (os.getpid() % 2**15)
        self.relay_side, self.address = str(network + 1), str(network + 2)
        self.veth = f"sally{os.getpid()}"
        self.holder = None
        self.is_apart = False
        self.relay_address = "127.0.0.1"
        self.reason = "only root may make a namespace"

    def make(self):
        if os.geteuid() != 0:
            return
        try:
            self.hold()
            must("veth", "ip", "link", "add", self.veth + "r", "type", "veth", "peer", "name", self.veth + "i",
                 "netns", self.holder.pid)
            must("veth", "ip", "addr", "add", self.relay_side + "/30", "dev", self.veth + "r")
            must("veth", "ip", "link", "set", self.veth + "r", "up")
            must("veth", *self.command("ip", "addr", "add", self.address + "/30", "dev", self.veth + "i"))
            must("veth", *self.command("ip", "link", "set", self.veth + "i", "up"))
            must("loopback", *self.command("ip", "link", "set", "lo", "up"))
            self.relay_address = self.relay_side
        except (Failed, FileNotFoundError) as e:
            self.remove()
            self.reason = str(e)

    def hold(self):
        """A process that is alone in a network namespace; both end when our side of the pipe closes."""
        ours = os.readlink("/proc/self/ns/net")
        self.holder = subprocess.Popen(("unshare", "--net", "cat"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True, start_new_session=True)
        while self.holder.poll() is None:
            with contextlib.suppress(OSError):  # it may have ended just now
                if os.readlink(f"/proc/{self.holder.pid}/ns/net") != ours:
                    self.is_apart = True
                    return
            time.sleep(0.01)
        raise Failed("namespace: " + self.holder.stdout.read().strip())

    def command(self, *words):
        return ("nsenter", "--net", "--target", str(self.holder.pid), "--", *words) if self.is_apart else words

    def remove(self):
        if self.is_apart:
            run("ip", "link", "del", self.veth + "r")
            self.is_apart = False
        if self.holder is not None and self.holder.poll() is None:
            self.holder.stdin.close()
            self.holder.wait()


class Demo:
    def __init__(self, build):
        self.build = Path(build).resolve()
        self.dir = None
        self.started = []
        self.over = threading.Event()
        self.visitors = threading.Thread(target=self.traffic, daemon=True)
        self.inner = Inner()
        self.width = [0] * 4  # of the picture's columns; they never shrink, so that it keeps still

    def begin(self):
        self.dir = Path(tempfile.mkdtemp(prefix="sally-demo-", dir="/tmp"))
        self.inner.make()
        self.relay_port = free_port(self.inner.relay_address, 2200)
        self.port = free_port("127.0.0.1", WANTED_PORT)
        self.inner_port = 22 if self.inner.is_apart else free_port("127.0.0.1")
        self.socket = self.dir / "sallyd.sock"

    # --- the four roles ------------------------------------------------------------------------------

    def start(self, name, *command):
        with open(self.dir / f"{name}.log", "wb") as log:
            p = subprocess.Popen(dies_with_us(*command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True)
        self.started.append(p)
        return p

    def log_of(self, name):
        lines = (self.dir / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "it said nothing"

    def wait(self, what, name, process, is_so, limit_s=WAIT_S):
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if is_so():
                return
            if process.poll() is not None:
                raise Failed(f"{what}: {name} ended with code {process.returncode}: {self.log_of(name)}")
            time.sleep(0.05)
        raise Failed(f"{what}: nothing after {limit_s} s: {self.log_of(name)}")

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
        (self.dir / "ssh_config").write_text(
            f"IdentityFile {self.dir}/visitor\nIdentitiesOnly yes\nUserKnownHostsFile {self.dir}/known\n"
            "StrictHostKeyChecking yes\n")

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
            f"ListenAddress 127.0.0.1\nPort {self.inner_port}\nHostKey {self.dir}/inner\nPidFile none\n"
            f"AuthorizedKeysFile {self.dir}/inner_keys\nStrictModes no\nPasswordAuthentication no\n"
            f"PermitRootLogin prohibit-password\nPrintMotd no\nUsePAM {'yes' if self.is_locked() else 'no'}\n")
        sshd = self.start("sshd", *self.inner.command("/usr/sbin/sshd", "-D", "-e", "-f", self.dir / "sshd_config"))
        self.wait("target", "sshd", sshd, lambda: "Server listening" in self.log_of("sshd"))

    def check_nobody_can_dial(self):
        if not self.inner.is_apart:
            return f"not shown: the inner host is this machine's loopback ({self.inner.reason})"
        banner, reason = answers(self.inner.address, 22)
        if banner is not None:
            raise Failed(f"the inner host answers from outside: {banner}")
        return f"{self.inner.address} port 22 from outside: {reason}"

    def start_agent(self):
        words = [self.build / "sally", "-F", "none", "-N", "-T", "-i", self.dir / "agent", "-p", self.relay_port,
                 "-o", f"UserKnownHostsFile={self.dir}/known", "-o", "StrictHostKeyChecking=yes",
                 "-o", "ExitOnForwardFailure=yes", "-R", f"{self.port}:localhost:{self.inner_port}",
                 f"{USER}@{self.inner.relay_address}"]
        agent = self.start("sally", *self.inner.command(*words))
        self.wait("agent", "sally", agent, self.has_forward)

    def visit(self, *options):
        return ["ssh", "-F", str(self.dir / "ssh_config"), "-p", str(self.port), *options, f"{USER}@127.0.0.1"]

    def visit_and_run(self, command):
        return [*self.visit("-T", "-o", "BatchMode=yes"), command]

    def first_visit(self):
        done = run(*self.visit_and_run("echo inside; hostname -I"), timeout=30)
        if done.returncode != 0 or not done.stdout.startswith("inside"):
            raise Failed(f"the visitor did not get through: {done.stdout.strip()}")
        if self.inner.is_apart and self.inner.address not in done.stdout.split():
            raise Failed(f"the visitor is not on the inner host: {done.stdout.strip()}")
        return ", ".join(done.stdout.split()[1:]) or "only loopback"

    def is_locked(self):
        """OpenSSH lets nobody in whose password is locked, unless PAM is asked instead."""
        return run("getent", "shadow", USER).stdout.partition(":")[2].startswith("!")

    # --- the picture ---------------------------------------------------------------------------------

    def ask(self):
        """What the relay knows of its agents."""
        done = run(self.build / "sallyctl", "-s", self.socket, "--json", "ls")
        if done.returncode != 0:
            raise Failed(f"sallyctl: {done.stdout.strip()}")
        return json.loads(done.stdout)["agents"]

    def has_forward(self):
        return any(agent["forwards"] for agent in self.ask())

    def picture(self):
        agents = self.ask()
        if not agents or not agents[0]["forwards"]:
            raise Failed("the relay has no agent with a forward any more: " + self.log_of("sally"))
        agent, door = agents[0], agents[0]["forwards"][0]
        columns = [
            ("visitor", "ssh -p %d" % door["port"], "%d now" % door["visitors_now"],
             "%d so far" % door["visitors_ever"]),
            ("relay", "sallyd", "port %d" % door["port"], ", ".join(b["address"] for b in door["bound"])),
            ("agent", "sally", agent["peer"].rsplit(":", 1)[0], "%.1f ms away" % agent["rtt_ms"]),
            ("target", "sshd", "localhost:%d" % self.inner_port,
             "in a namespace" if self.inner.is_apart else "same loopback"),
        ]
        self.width = width = [max(w, *map(len, c)) for w, c in zip(self.width, columns)]
        links = [" ─TCP─▶ ", " ◀═SSH═ ", " ─TCP─▶ "]
        lines = []
        for row in range(4):
            cells = [columns[i][row].center(width[i]) for i in range(4)]
            joints = links if row == 1 else [" " * len(s) for s in links]
            lines.append("".join(c + j for c, j in zip(cells, joints + [""])))
        lines.append("")
        lines.append(f"to the target {size(door['bytes_in'])}, back {size(door['bytes_out'])}; "
                     "the SSH connection was dialled from inside")
        lines.append("visitors from " + (", ".join(v["from"] for v in door["visitors"]) or "nowhere just now"))
        return lines

    def traffic(self):
        """Visitors that come, work for a few seconds and go, until the end."""
        work = "for i in $(seq 30); do head -c 60000 /dev/urandom || exit; sleep 0.1; done"
        here = []
        while not self.over.is_set():
            here.append(subprocess.Popen(dies_with_us(*self.visit_and_run(work)), stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))
            self.over.wait(2)
            here = [p for p in here if p.poll() is None]
        for p in here:
            p.kill()
            p.wait()

    def show(self):
        self.visitors.start()
        print("\nCtrl-C ends it. Be a visitor yourself, from another terminal:\n")
        print(f"    {shlex.join(self.visit())}\n")
        live = sys.stdout.isatty()
        drawn = 0
        while True:
            lines = self.picture()
            if live:
                columns = shutil.get_terminal_size().columns
                lines = [line[:columns - 1] + "\x1b[K" for line in lines]  # a line that wraps could not be redrawn
            print((f"\x1b[{drawn}A" if live and drawn else "") + "\n".join(lines), flush=True)
            drawn = len(lines)
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
        if self.visitors.is_alive():
            self.visitors.join()
        for p in reversed(self.started):
            with contextlib.suppress(OSError, Failed):  # sessions whose connection is gone end by themselves
                children = Path(f"/proc/{p.pid}/task/{p.pid}/children")
                self.wait("end", "sshd", p, lambda: not children.read_text(), 1)
            p.terminate()
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        self.inner.remove()
        if self.dir is not None:
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

    ways_to_end = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    sys.stdout.reconfigure(line_buffering=True)
    demo = Demo(sys.argv[1])
    is_proven = False
    try:
        for number in ways_to_end:
            signal.signal(number, stop)
        demo.begin()
        demo.prove()
        is_proven = True
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
        return 0 if is_proven else 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on, as in ./demo | head
        return 1
    finally:
        for number in ways_to_end:
            signal.signal(number, signal.SIG_IGN)  # cleaning up is not cut short
        demo.end()
    return 0


sys.exit(main())
