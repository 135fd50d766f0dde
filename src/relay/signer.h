/* SPDX-License-Identifier: ISC */
/*
 * The process that holds the host keys. It reads them while it still may, goes behind its fence, and
 * from then on signs the hashes of key exchanges, and the proof that it has a key (OpenSSH's PROTOCOL
 * 2.5, hostkeys-prove-00@openssh.com), whose text it makes itself. Nothing else: no file, no network,
 * no other process, and no text that somebody else chose.
 */
#ifndef RELAY_SIGNER_H
#define RELAY_SIGNER_H

enum { SIGNER_CLIENTS_MAX = 64 };

/* fd: frames of the supervisor. Returns an exit code when that one is gone. */
int signer_run(int fd);

#endif
