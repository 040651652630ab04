"""The keys that sign: Ed25519 seeds in files of their own, in the text form of signed notes.

    PRIVATE+KEY+<name>+<key ID, 8 hexadecimal digits>+<Base 64 of type || seed>

A key is never in a ledger, never in a bundle, and leaves its file only to sign.
"""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkstemp

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.evidence.verify import (
    COSIGNATURE,
    Bad,
    Signature,
    VerifierKey,
    cosigned_message,
    has_small_order,
    is_key_name,
    unbase64,
)

_PREFIX = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its name and type: of a log (0x01), or of a witness (0x04)."""

    name: str
    kind: int
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str, kind: int) -> "SigningKey":
        """A new key, by chance."""
        if not is_key_name(name):
            raise Bad("key.name", "a key's name is not empty and has neither spaces nor a plus")
        return cls(name, kind, os.urandom(32))

    @classmethod
    def parse(cls, text: str) -> "SigningKey":
        """`Bad` for another spelling, or a key that is not the one it says."""
        name, _, rest = text.strip().removeprefix(_PREFIX).partition("+")
        identifier, _, encoded = rest.partition("+")
        material = unbase64(encoded, "key.format")
        if not text.startswith(_PREFIX) or len(material) != 33:
            raise Bad("key.format", "not a private key")
        key = cls(name, material[0], material[1:])
        if key.verifier.id.hex() != identifier:
            raise Bad("key.format", "the key ID is not that of the key")
        return key

    @classmethod
    def read(cls, path: Path) -> "SigningKey":
        """The key of a file; `Bad` where others may read the file."""
        if path.stat().st_mode & 0o077:
            raise Bad("key.file", f"{path.name} can be read by others: chmod 600")
        return cls.parse(path.read_text(encoding="utf-8"))

    def write(self, path: Path) -> None:
        """Into a new file that only the owner reads, whole or not at all; `FileExistsError` where one stands."""
        handle, made = mkstemp(prefix=f"{path.name}.", suffix=".partial", dir=path.parent)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(self.spelled() + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(made, path)
        finally:
            os.unlink(made)

    def spelled(self) -> str:
        encoded = base64.b64encode(bytes([self.kind]) + self.seed).decode()
        return f"{_PREFIX}{self.name}+{self.verifier.id.hex()}+{encoded}"

    @property
    def verifier(self) -> VerifierKey:
        """The public key that belongs to it."""
        public = self._private().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        assert not has_small_order(public), "a fresh key is of large order"
        return VerifierKey(self.name, self.kind, public)

    def sign(self, text: str, at_seconds: int = 0) -> Signature:
        """The signature line of a checkpoint's text; a witness's with its time."""
        message, stated = text.encode(), b""
        if self.kind == COSIGNATURE:
            message, stated = cosigned_message(text, at_seconds), at_seconds.to_bytes(8, "big")
        return Signature(self.name, self.verifier.id, stated + self._private().sign(message))

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)
