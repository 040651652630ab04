"""A time-stamp authority run with `openssl ts`, made anew for a test: its root, its certificate, and its answers."""

import subprocess
from pathlib import Path

CONFIG = """
[tsa]
default_tsa = here
[here]
dir = {directory}
serial = {directory}/serial
crypto_device = builtin
signer_cert = {directory}/tsa.pem
signer_key = {directory}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
EXTENSIONS = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n"


def openssl(*arguments: str | Path, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], input=given, capture_output=True, check=True).stdout


class Authority:
    """An authority of one's own, in a directory."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.directory = directory
        self.root = directory / "root.pem"
        config, key = directory / "tsa.cnf", directory / "tsa.key"
        config.write_text(CONFIG.format(directory=directory))
        (directory / "serial").write_text("01\n")
        (directory / "extensions").write_text(EXTENSIONS)
        ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl("req", "-x509", *ec, "-keyout", directory / "root.key", "-out", self.root,
                "-days", "3650", "-subj", "/CN=Test root", "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
        openssl("req", *ec, "-keyout", key, "-out", directory / "tsa.csr", "-subj", "/CN=Test TSA")
        openssl("x509", "-req", "-in", directory / "tsa.csr", "-CA", self.root, "-CAkey", directory / "root.key",
                "-CAcreateserial", "-out", directory / "tsa.pem", "-days", "3650",
                "-extfile", directory / "extensions")  # fmt: skip

    def stamp(self, request: bytes) -> bytes | None:
        query, reply = self.directory / "query.tsq", self.directory / "reply.tsr"
        query.write_bytes(request)
        openssl("ts", "-reply", "-config", self.directory / "tsa.cnf", "-queryfile", query, "-out", reply)
        return reply.read_bytes()

    def verifies(self, token: bytes, note: bytes) -> bool:
        """What `openssl ts -verify` says of a token over a note."""
        reply, data = self.directory / "checked.tsr", self.directory / "checked.note"
        reply.write_bytes(token)
        data.write_bytes(note)
        done = subprocess.run(
            ["openssl", "ts", "-verify", "-in", reply, "-data", data, "-CAfile", self.root], capture_output=True
        )
        return done.returncode == 0
