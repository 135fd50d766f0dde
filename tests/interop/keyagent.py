# SPDX-License-Identifier: ISC
"""A key agent for tests: one that has a security key, and ones that hang, lie and babble."""
import contextlib
import hashlib
import os
import socket
import struct
import threading

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LIST, LIST_ANSWER, SIGN, SIGN_ANSWER, FAILURE = 11, 12, 13, 14, 5


def string(data):
    return struct.pack(">I", len(data)) + data


def take(data):
    length = struct.unpack(">I", data[:4])[0]
    return data[4:4 + length], data[4 + length:]


class SecurityKey:
    """sk-ssh-ed25519@openssh.com, made of software (PROTOCOL.u2f of OpenSSH)."""

    NAME, APPLICATION = b"sk-ssh-ed25519@openssh.com", b"ssh:"

    def __init__(self):
        self.key = Ed25519PrivateKey.generate()
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.blob = string(self.NAME) + string(public) + string(self.APPLICATION)
        self.counter = 0

    def sign(self, data):
        self.counter += 1
        tail = b"\x01" + struct.pack(">I", self.counter)
        whole = hashlib.sha256(self.APPLICATION).digest() + tail + hashlib.sha256(data).digest()
        return string(self.NAME) + string(self.key.sign(whole)) + tail


class KeyAgent:
    """Listens at path; how(agent, request) gives the bytes to send back, None for silence."""

    def __init__(self, path, how):
        self.path, self.how, self.requests = str(path), how, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        with client, contextlib.suppress(OSError):
            while head := client.recv(4, socket.MSG_WAITALL):
                request = client.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL)
                self.requests.append(request)
                answer = self.how(self, request)
                if answer is not None:
                    client.sendall(answer)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with contextlib.suppress(OSError):
            os.unlink(self.path)


def with_security_key(key):
    def how(_, request):
        if request[0] == LIST:
            return string(bytes([LIST_ANSWER]) + struct.pack(">I", 1) + string(key.blob) + string(b"my \x1b token"))
        if request[0] == SIGN:
            blob, rest = take(request[1:])
            data, _ = take(rest)
            return string(bytes([SIGN_ANSWER]) + string(key.sign(data))) if blob == key.blob \
                else string(bytes([FAILURE]))
        return string(bytes([FAILURE]))
    return how
