# SPDX-License-Identifier: ISC
"""An SSH server of AsyncSSH that forwards both ways: forward_server.py HOSTKEY AUTHORIZED_KEYS"""
import asyncio
import sys

import asyncssh


class Server(asyncssh.SSHServer):
    def server_requested(self, listen_host, listen_port):
        return True

    def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
        return True


async def main():
    server = await asyncssh.create_server(Server, "127.0.0.1", 0, server_host_keys=[sys.argv[1]],
                                          authorized_client_keys=sys.argv[2])
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
