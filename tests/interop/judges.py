# SPDX-License-Identifier: ISC
"""A relay and a real sshd with the same keys and settings, asked for their verdicts on who logs in with ssh. Keys in
hardware are made of software (sk_provider.c), which ssh itself loads."""
import os
import pwd

import pytest

from conftest import Process, free_port
from test_agent import Sshd

PROVIDER = os.environ["SK_PROVIDER"]
ME = pwd.getpwuid(os.getuid()).pw_name


def command_for(ssh, server, key, *words):
    """ssh with the key, and the certificate beside it."""
    command = ssh.command(server, "-v", "-N", "-o", f"SecurityKeyProvider={PROVIDER}", *words, key=key)
    return [*command[:-1], f"{ME}@127.0.0.1"]


def start(ssh, command, flags):
    """flags is what hardware says of its owner."""
    process = Process(command, env={**os.environ, "SK_FLAGS": str(flags), "SK_COUNTER": "7"})
    ssh.started.append(process)
    return process


def client(ssh, server, key, flags=1, *words):
    return start(ssh, command_for(ssh, server, key, *words), flags)


class Judges:
    def __init__(self, start_relay, started, ssh, key_files, folder):
        self.start_relay, self.started, self.ssh, self.key_files, self.folder = \
            start_relay, started, ssh, key_files, folder
        self.relay = self.sshd = None
        self.words = []  # for ssh

    def start(self, keys, *settings):
        """Settings are lines of sshd_config."""
        self.stop()
        self.relay = self.start_relay(*(s.replace(" ", "=", 1) for s in settings))
        self.sshd = Sshd({"authorized": self.folder / "sshd_keys", "host": self.key_files["relay"]}, self.folder,
                         settings=settings)
        self.started.append(self.sshd)
        return self.write_keys(keys)

    def stop(self):
        for one in (self.relay, self.sshd):
            if one:
                one.stop()

    def write_keys(self, text):
        """What stands in the files of keys of both."""
        (self.folder / "sshd_keys").write_text(text, encoding="ascii")
        self.relay.write_keys(text)
        return self

    @staticmethod
    def hear(process):
        """Whether it gets in, and whether it may open a port then."""
        said = process.wait_for(r"^Authenticated to|Permission denied|Too many authentication failures").group(0)
        may = said.startswith("Authenticated") and \
            process.wait_for(r"remote forward (success|failure)").group(1) == "success"
        process.stop()
        return said.startswith("Authenticated"), may

    def verdict(self, key, flags=1):
        """"no", "in", or "in and open"; of both the same."""
        # Both at once; a command line rewrites the known_hosts of those before it.
        commands = [command_for(self.ssh, server, key, *self.words, "-R", f"{free_port()}:127.0.0.1:1")
                    for server in (self.relay, self.sshd)]
        relay, sshd = map(self.hear, [start(self.ssh, command, flags) for command in commands])
        assert relay == sshd, f"relay {relay}, sshd {sshd}:\n{self.relay.said}\n--- sshd:\n{self.sshd.said}"
        return "in and open" if relay[1] else "in" if relay[0] else "no"

    def get_in(self, key, flags):
        return self.verdict(key, flags) != "no"


@pytest.fixture
def judges(start_relay, started, ssh, key_files, tmp_path):
    return Judges(start_relay, started, ssh, key_files, tmp_path)
