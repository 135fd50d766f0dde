# SPDX-License-Identifier: ISC
"""An SSH server of AsyncSSH for people: passwords and keyboard-interactive, which Debian's sshd does only through PAM.

Words: password=SECRET, kbdint=ANSWER:ANSWER..., again=yes (a second round), timeout=SECONDS, host=KEYFILE."""
import asyncio
import sys

import asyncssh

words = dict(word.split("=", 1) for word in sys.argv[1:])
ODD = "Token\x1b[31m (one\x07 time): "


def say(text):
    print(text, flush=True)


class Server(asyncssh.SSHServer):
    def __init__(self):
        self.rounds = 0

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
