# SPDX-License-Identifier: ISC
# pylint: disable=protected-access
"""An SSH server of AsyncSSH for people: passwords and keyboard-interactive, which Debian's sshd does only through PAM.

Words: password=SECRET, kbdint=ANSWER:ANSWER..., again=yes (a second round), timeout=SECONDS, host=KEYFILE,
hostkeys=none|short|other|own (which tells of a second host key and proves it so, "own" well)."""
import asyncio
import sys

import asyncssh
from asyncssh.packet import String

words = dict(word.split("=", 1) for word in sys.argv[1:])
ODD = "Token\x1b[31m (one\x07 time): "


def say(text):
    print(text, flush=True)


new_key, other_key = (asyncssh.generate_private_key("ecdsa-sha2-nistp256") for _ in range(2))


def prove(connection, _packet):
    """What a relay answers that is asked to prove that a host key is its own."""
    name = b"hostkeys-prove-00@openssh.com"
    said = String(name) + String(connection._session_id) + String(new_key.public_data)
    answers = {"none": False, "short": b"\0\0\0\1", "own": String(new_key.sign(said, b"ecdsa-sha2-nistp256")),
               "other": String(other_key.sign(said, b"ecdsa-sha2-nistp256"))}
    say("asked to prove")
    connection._report_global_response(answers[words["hostkeys"]])


asyncssh.connection.SSHServerConnection._process_hostkeys_prove_00_at_openssh_dot_com_global_request = prove


class Server(asyncssh.SSHServer):
    def __init__(self):
        self.rounds = 0
        self.connection = None

    def connection_made(self, conn):
        self.connection = conn

    def auth_completed(self):
        if "hostkeys" in words:
            self.connection.send_packet(80, String("hostkeys-00@openssh.com"), b"\0", String(new_key.public_data))

    def begin_auth(self, username):
        return True

    def password_auth_supported(self):
        return "password" in words

    def validate_password(self, username, password):
        say(f"password {username} {password!r}")
        return password == words["password"]

    def kbdint_auth_supported(self):
        return "kbdint" in words

    def get_kbdint_challenge(self, username, lang, submethods):
        self.rounds = 0
        return "A name\x1b]0;x\x07", "First line\nSecond line", "", [("Login name: ", True), (ODD, False)]

    def validate_kbdint_response(self, username, responses):
        say(f"kbdint {username} {list(responses)!r}")
        if list(responses) == [] or list(responses) == words["kbdint"].split(":"):
            self.rounds += 1
            if words.get("again") and self.rounds == 1:
                return "", "Just so that you know", "", []
            return True
        return False

    def server_requested(self, listen_host, listen_port):
        return True


async def main():
    server = await asyncssh.create_server(Server, "127.0.0.1", 0, server_host_keys=[words["host"]],
                                          login_timeout=float(words.get("timeout", "120")))
    say(f"listening on {server.sockets[0].getsockname()[1]}")
    await asyncio.Event().wait()


asyncio.run(main())
