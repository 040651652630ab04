"""Free texts stand beside the log. The log holds their salted commitments: a text can go, and the tree stays."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

SALT_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SealedText:
    """A text with the salt that keeps its commitment from being guessed, and the commitment that a leaf holds."""

    commitment: str
    salt: bytes
    text: str


def commitment(salt: bytes, text: str) -> str:
    """SHA-256(0x02 || salt || text in UTF-8), in hex. The salt has 32 bytes; the prefix keeps a text from posing as
    a leaf or a node."""
    assert len(salt) == SALT_BYTES, len(salt)
    return sha256(b"\x02" + salt + text.encode()).hexdigest()


def seal(salt: bytes, text: str) -> SealedText:
    """The text with its salt and its commitment."""
    return SealedText(commitment(salt, text), salt, text)
