# SPDX-License-Identifier: ISC
"""Certificates of users, made by ssh-keygen and shown by ssh: the relay's verdict on each is that of a real sshd with
the same files and settings."""
import os
import re
import shutil
import subprocess

import pytest

from conftest import LIMIT_S, is_free, make_key, need, public_line, visit, wait_until
from judges import ME, PROVIDER, client, judges  # noqa: F401 pylint: disable=unused-import

pytestmark = need("ssh", "sshd", "ssh-keygen")
OPEN, IN, NO = "in and open", "in", "no"
NOW = "-5m:+1h"


class Office:
    """Makes keys with certificates: each has a key of its own, so that nobody takes one for another."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0
        self.authority = make_key(folder / "authority")
        self.other = make_key(folder / "other", "-t", "rsa", "-b", "2048")
        self.base = {}

    def key(self, kind):
        """A copy of the one key of its kind, for another certificate."""
        if kind not in self.base:
            words = ["-w", PROVIDER] if kind[1].endswith("-sk") else []
            subprocess.run(["ssh-keygen", "-q", *kind, *words, "-N", "", "-C", "user", "-f",
                            self.folder / f"base{len(self.base)}"], check=True, capture_output=True)
            self.base[kind] = self.folder / f"base{len(self.base)}"
        self.count += 1
        path = self.folder / f"key{self.count}"
        shutil.copy(self.base[kind], path)
        shutil.copy(f"{self.base[kind]}.pub", f"{path}.pub")
        return path

    def make(self, *words, names=ME, kind=("-t", "ed25519"), by=None, valid=NOW, algorithm=(), serial=0, name=None):
        path = self.key(kind)
        names = ("-n", names) if names else ()
        subprocess.run(["ssh-keygen", "-q", "-s", by or self.authority, "-I", name or path.name, "-V", valid,
                        "-z", str(serial), *names, *algorithm, *words, f"{path}.pub"],
                       check=True, capture_output=True)
        return path


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return Office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def both(judges):  # noqa: F811 pylint: disable=redefined-outer-name
    """ssh shows certificates only: a key that is refused is refused slowly."""
    judges.words = ["-o", "PubkeyAcceptedAlgorithms=*-cert-v01@openssh.com"]
    return judges


@pytest.fixture
def trusting(both, office):
    """Both trust the authority, and nobody else."""
    return both.start("", f"TrustedUserCAKeys {office.authority}.pub")


@pytest.mark.parametrize("kind", [("-t", "ed25519"), ("-t", "ecdsa", "-b", "256"), ("-t", "ecdsa", "-b", "384"),
                                  ("-t", "ecdsa", "-b", "521"), ("-t", "rsa", "-b", "2048"), ("-t", "ed25519-sk"),
                                  ("-t", "ecdsa-sk")], ids=lambda kind: "".join(kind[1:]))
def test_every_kind(start_relay, office, ssh, target, kind):
    relay = start_relay(f"TrustedUserCAKeys={office.authority}.pub")
    key = office.make(kind=kind, serial=42, name="who it is")
    process = client(ssh, relay, key, 1, "-R", f"0:127.0.0.1:{target.port}")
    visit(int(process.wait_for(r"Allocated port (\d+)").group(1)))
    assert process.wait_for("Server accepts key: .*-CERT")
    relay.wait_for(r'logged in with key "who it is"')
    relay.wait_for(r'Accepted certificate ID "who it is" \(serial 42\) signed by CA SHA256:')


def test_time_names_and_kind(trusting, office):
    assert trusting.verdict(office.make()) == OPEN
    assert trusting.verdict(office.make(valid="20200101:20200102")) == NO
    trusting.relay.wait_for("Certificate invalid: expired")
    assert trusting.verdict(office.make(valid="20990101:20990102")) == NO
    trusting.relay.wait_for("Certificate invalid: not yet valid")
    assert trusting.verdict(office.make(valid="always:forever")) == OPEN
    assert trusting.verdict(office.make(names="somebody")) == NO
    trusting.relay.wait_for("Certificate invalid: name is not a listed principal")
    assert trusting.verdict(office.make(names=f"somebody,{ME}")) == OPEN
    assert trusting.verdict(office.make(names="*")) == NO  # no pattern, as for a host
    assert trusting.verdict(office.make(names=ME.upper())) == NO
    assert trusting.verdict(office.make(names=None)) == NO
    trusting.relay.wait_for("Certificate lacks principal list")
    assert trusting.verdict(office.make("-h")) == NO  # ssh does not even show it
    assert trusting.verdict(office.make(by=office.other)) == NO
    trusting.relay.wait_for("nobody here trusts the certificate's authority, RSA SHA256:")


def test_options_of_certificates(trusting, office):
    for words, verdict in (
            (("-O", "clear"), IN),
            (("-O", "no-port-forwarding"), IN),
            (("-O", "clear", "-O", "permit-port-forwarding"), OPEN),
            (("-O", "force-command=/bin/false"), OPEN),
            (("-O", "clear", "-O", "force-command=/bin/false"), IN),
            (("-O", "source-address=127.0.0.0/8,192.0.2.1"), OPEN),
            (("-O", "source-address=192.0.2.0/24"), NO),
            (("-O", "verify-required"), OPEN),  # of hardware only
            (("-O", "extension:anything@example.com=x"), OPEN),
            (("-O", "critical:anything@example.com=x"), NO)):
        assert trusting.verdict(office.make(*words)) == verdict, words
    trusting.relay.wait_for('Certificate critical option "anything@example.com" is not supported')
    trusting.relay.wait_for(r"\(source-address\)")


def test_hardware_by_certificate(both, office):
    """Not to be touched it must be by its certificate, and by the line of its authority if there is one."""
    kind = ("-t", "ed25519-sk")
    both.start("", f"TrustedUserCAKeys {office.authority}.pub")
    assert both.verdict(office.make(kind=kind), 0) == NO
    assert both.verdict(office.make("-O", "no-touch-required", kind=kind), 0) == OPEN
    assert both.verdict(office.make("-O", "verify-required", kind=kind), 1) == NO
    assert both.verdict(office.make("-O", "verify-required", kind=kind), 5) == OPEN
    both.start("cert-authority " + public_line(office.authority))
    assert both.verdict(office.make("-O", "no-touch-required", kind=kind), 0) == NO
    both.write_keys("cert-authority,no-touch-required " + public_line(office.authority))
    assert both.verdict(office.make("-O", "no-touch-required", kind=kind), 0) == OPEN
    assert both.verdict(office.make(kind=kind), 0) == NO


def test_algorithms_of_authorities(both, office, tmp_path):
    two = tmp_path / "two.pub"
    two.write_text("# two of them\n\n" + public_line(office.authority) + public_line(office.other))
    both.start("", f"TrustedUserCAKeys {two}", "CASignatureAlgorithms rsa-sha2-512")
    assert both.verdict(office.make()) == NO
    both.relay.wait_for("signed by an algorithm that is not accepted")
    assert both.verdict(office.make(by=office.other, algorithm=("-t", "rsa-sha2-256"))) == NO
    assert both.verdict(office.make(by=office.other, algorithm=("-t", "rsa-sha2-512"))) == OPEN
    both.start("", f"TrustedUserCAKeys {two}")
    assert both.verdict(office.make()) == OPEN
    assert both.verdict(office.make(by=office.other, algorithm=("-t", "rsa-sha2-256"))) == OPEN
    assert both.verdict(office.make(by=office.other, algorithm=("-t", "ssh-rsa"))) == NO
    # An authority in hardware.
    hardware = office.key(("-t", "ed25519-sk"))
    two.write_text(public_line(hardware))
    path = office.key(("-t", "ed25519"))
    subprocess.run(["ssh-keygen", "-q", "-s", hardware, "-w", PROVIDER, "-I", "x", "-n", ME, f"{path}.pub"], check=True,
                   capture_output=True)
    assert both.verdict(path) == OPEN


def test_who_can_be_an_authority(both, office, tmp_path):
    """Not an authority too weak for a key of ours, nor one that is a certificate, nor one with options."""
    weak = make_key(tmp_path / "weak", "-t", "rsa", "-b", "1024")
    cert = office.make()
    for text in ("cert-authority " + public_line(office.authority), (cert.parent / f"{cert.name}-cert.pub").read_text()):
        (tmp_path / "authorities").write_text(text)
        both.start("", f"TrustedUserCAKeys {tmp_path}/authorities", "RequiredRSASize 2048")
        assert both.verdict(office.make()) == NO
    relay = both.start_relay(f"TrustedUserCAKeys={weak}.pub")
    process = client(both.ssh, relay, office.make(by=weak))
    process.wait_for("Permission denied")


# --- lines with cert-authority ----------------------------------------------------------------------

def test_lines_of_authorities(both, office):
    both.start("")
    for options, words, names, verdict in (
            ("", (), ME, OPEN),
            ("", (), "somebody", NO),
            ("principals=\"a,b\"", (), "b", OPEN),
            ("principals=\"a,b\"", (), ME, NO),
            ("principals=\"a,b\"", (), None, NO),
            ("principals=\"a,,b\"", (), "b", NO),
            ("restrict", (), ME, IN),
            ("restrict,port-forwarding", (), ME, OPEN),
            ("no-port-forwarding", (), ME, IN),
            ("port-forwarding", ("-O", "clear"), ME, IN),
            ("permitlisten=\"1\"", (), ME, IN),
            ("permitlisten=\"localhost:*\"", (), ME, OPEN),
            ("from=\"127.0.0.1\"", ("-O", "source-address=127.0.0.1"), ME, OPEN),
            ("from=\"192.0.2.1\"", ("-O", "source-address=127.0.0.1"), ME, NO),
            ("from=\"127.0.0.1\"", ("-O", "source-address=192.0.2.1"), ME, NO),
            ("expiry-time=\"20200101\"", (), ME, NO),
            ("expiry-time=\"20990101\"", (), ME, OPEN),
            ("command=\"a\"", ("-O", "force-command=a"), ME, OPEN),
            ("command=\"a\"", ("-O", "force-command=b"), ME, NO),
            ("command=\"a\"", (), ME, OPEN)):
        line = ",".join(filter(None, ("cert-authority", options)))
        both.write_keys(f"{line} {public_line(office.authority)}")
        assert both.verdict(office.make(*words, names=names)) == verdict, (options, words, names)
    both.relay.wait_for("Certificate does not contain an authorized principal")
    both.relay.wait_for("forced command options do not match")


def test_more_lines_than_one(both, office):
    key = office.make()
    authority, plain = public_line(office.authority), public_line(office.base[("-t", "ed25519")])
    both.start("")
    for keys, verdict in (
            (authority, NO),  # as a key it is nobody's authority
            (f'cert-authority,principals="x" {authority}cert-authority {authority}', OPEN),
            (f'cert-authority {authority}cert-authority,restrict {authority}', OPEN),
            (f"cert-authority {public_line(office.other)}", NO),
            (f"cert-authority {plain}", NO),
            (plain, NO)):
        both.write_keys(keys)
        assert both.verdict(key) == verdict, keys
    both.words = []  # the key by itself as well
    assert both.verdict(key) == OPEN
    both.write_keys(f'principals="{ME}" {plain}')
    assert both.verdict(key) == NO
    both.relay.wait_for("principals= admits nobody without cert-authority")


# --- AuthorizedPrincipalsFile -----------------------------------------------------------------------

def test_principals_file(both, office, tmp_path):
    folder = tmp_path / "principals"
    folder.mkdir()
    both.start("", f"TrustedUserCAKeys {office.authority}.pub", f"AuthorizedPrincipalsFile {folder}/%u")
    assert both.verdict(office.make()) == NO  # without the file the name is not enough
    for text, names, words, verdict in (
            ("web\n", "web", (), OPEN),
            ("web\n", ME, (), NO),
            ("# web\n", "web", (), NO),
            ("  other\n\tweb  # and why\n", "web", (), OPEN),
            ("web", "db,web", (), OPEN),
            ("web", None, (), NO),
            ("we\n", "web", (), NO),
            ("restrict web\n", "web", (), IN),
            ("restrict,port-forwarding web\n", "web", (), OPEN),
            ("restrict web\nweb\n", "web", (), IN),  # the first one counts
            ("from=\"192.0.2.1\" web\nweb\n", "web", (), NO),
            ("from=\"127.0.0.1\" web\n", "web", (), OPEN),
            ("nonsense web\nweb\n", "web", (), OPEN),
            ("cert-authority web\n", "web", (), NO),
            ("principals=\"web\" web\n", "web", (), NO),
            ("permitlisten=\"1\" web\n", "web", (), IN),
            ("expiry-time=\"20200101\" web\n", "web", (), NO),
            ("web\n", "web", ("-O", "clear"), IN)):
        (folder / ME).write_text(text)
        assert both.verdict(office.make(*words, names=names)) == verdict, (text, names)
    both.relay.wait_for('the option "nonsense" is not known')


# --- revoked ----------------------------------------------------------------------------------------

def test_revoked(both, office, tmp_path):
    revoked = tmp_path / "revoked"
    revoked.write_text("")
    both.start("", f"TrustedUserCAKeys {office.authority}.pub", f"RevokedKeys {revoked}")
    key, authority = office.make(serial=7, name="seven"), f"{office.authority}.pub"
    assert both.verdict(key) == OPEN
    revoked.write_text(public_line(key))
    assert both.verdict(key) == NO
    both.relay.wait_for("line 1 revokes the key")
    revoked.write_text(public_line(office.authority))
    assert both.verdict(key) == NO
    both.relay.wait_for("line 1 revokes the certificate's authority")
    for spec, words, verdict in (
            ("serial: 7", ("-s", authority), NO),
            ("serial: 8", ("-s", authority), OPEN),
            ("serial: 1-100", ("-s", authority), NO),
            ("serial: 7", ("-s", f"{office.other}.pub"), OPEN),
            ("id: seven", ("-s", authority), NO),
            ("id: seven", ("-s", "none"), NO),
            ("id: eight", ("-s", authority), OPEN),
            (f"key: {public_line(key).strip()}", (), NO),
            (f"sha1: {public_line(key).strip()}", (), NO),
            (f"sha256: {public_line(office.authority).strip()}", (), NO)):
        subprocess.run(["ssh-keygen", "-q", "-k", "-f", revoked, *words, "-"], input=spec + "\n", text=True, check=True,
                       capture_output=True)
        assert both.verdict(key) == verdict, spec
    revoked.write_bytes(revoked.read_bytes()[:-3])
    assert both.verdict(key) == NO


def test_a_tunnel_whose_certificate_is_revoked(start_relay, office, ssh, target, tmp_path):
    revoked = tmp_path / "revoked"
    revoked.write_text("")
    relay = start_relay(f"TrustedUserCAKeys={office.authority}.pub", f"RevokedKeys={revoked}")
    process = client(ssh, relay, office.make(serial=9), 1, "-R", f"0:127.0.0.1:{target.port}")
    port = int(process.wait_for(r"Allocated port (\d+)").group(1))
    assert relay.ctl("reload").returncode == 0
    visit(port)
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", revoked, "-s", f"{office.authority}.pub", "-"], input="serial: 9\n",
                   text=True, check=True, capture_output=True)
    assert relay.ctl("reload").returncode == 0
    relay.wait_for("the key is not admitted any more: .*revokes the certificate's serial number 9")
    process.wait_for("your key is not admitted any more")


# --- the relay by itself ----------------------------------------------------------------------------

def test_what_it_is_called(start_relay, office, ssh):
    """name= on the line of an authority is for all it vouches for; the key id is one's own."""
    relay = start_relay()
    relay.write_keys("cert-authority,name=\"lab\" " + public_line(office.authority))
    client(ssh, relay, office.make(name="me")).wait_for("^Authenticated to")
    relay.wait_for('logged in with key "lab"')
    relay.wait_for('Accepted certificate ID "me"')


def test_dry_run(office, tmp_path):
    authorities = tmp_path / "authorities"

    def check(text):
        authorities.unlink(missing_ok=True)
        if text is not None:
            authorities.write_text(text)
        done = subprocess.run([os.environ["SALLYD"], "-t", "-f", "/dev/null", "-o", f"TrustedUserCAKeys={authorities}",
                               "-o", "AuthorizedKeysFile=none", "-h", tmp_path / "host"], capture_output=True, text=True,
                              timeout=LIMIT_S, check=False)
        return done.returncode, done.stderr

    make_key(tmp_path / "host")
    assert check(public_line(office.authority)) == (0, "")
    code, said = check(None)
    assert code == 1 and re.search("authorities: No such file or directory", said)
    code, said = check("restrict " + public_line(office.authority))
    assert code == 1 and "line 1: an authority has no options here, so it is not trusted" in said
    code, said = check("nonsense\n")
    assert code == 1 and "line 1: " in said


def test_ports_kept_for_a_key_that_is_revoked(start_relay, ssh, key_files, target, tmp_path):
    """An agent is cut off and its ports are kept for it: not when its key is revoked meanwhile."""
    revoked = tmp_path / "revoked"
    revoked.write_text("")
    relay = start_relay("ForwardLease=600", f"RevokedKeys={revoked}")
    ports = {}
    for name in ("agent", "agent_ecdsa"):
        process = client(ssh, relay, key_files[name], 1, "-R", f"0:127.0.0.1:{target.port}",
                         "-R", f"0:localhost:{target.port}")  # ssh drops what is the same
        ports[name] = [int(process.wait_for(r"Allocated port (\d+)", nth).group(1)) for nth in range(2)]
        process.popen.kill()
        for port in ports[name]:
            relay.wait_for(f"port {port} is kept for its key for 600 s")
    assert relay.ctl("reload").returncode == 0
    assert not any(is_free("127.0.0.1", port) for both in ports.values() for port in both)
    revoked.write_text(public_line(key_files["agent"]))
    assert relay.ctl("reload").returncode == 0
    for port in ports["agent"]:
        relay.wait_for(f"port {port} is free: the key it was kept for is not admitted any more: .*line 1 revokes the key")
        wait_until(lambda port=port: is_free("127.0.0.1", port))
    assert not any(is_free("127.0.0.1", port) for port in ports["agent_ecdsa"])
    # The other one comes back to its own, and is judged as ever.
    process = client(ssh, relay, key_files["agent_ecdsa"], 1, "-R", f"{ports['agent_ecdsa'][0]}:127.0.0.1:{target.port}")
    process.wait_for("remote forward success")
    visit(ports["agent_ecdsa"][0])
    revoked.write_text(public_line(key_files["agent_ecdsa"]))
    assert relay.ctl("reload").returncode == 0
    process.wait_for("your key is not admitted any more")
    for port in ports["agent_ecdsa"]:
        wait_until(lambda port=port: is_free("127.0.0.1", port))
