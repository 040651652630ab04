"""A free text as it is kept: encrypted under the key of whom it is about. Pure: keys and nonces are arguments.

    kept     AES-256-GCM(key, nonce, salt || text, bound to: origin, subject, key id, commitment)

GCM does not commit to a key: some bytes open under two keys, to two texts. So an opened text is always compared with
its commitment, which stands in a leaf of the tree. The salt is in the ciphertext: with the key goes everything by which
a guess at the text could be confirmed.
"""

from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import Corrupt
from ledger.store.rows import KeptText
from ledger.store.texts import SALT_BYTES, SealedText, commitment

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """The key of whom some texts are about. `subject`: `patient/` and the number, `quarantine/` and the number of a
    report on an unknown patient, or `trial`."""

    subject: str
    id: str
    secret: bytes = field(repr=False)


def locked(text: SealedText, key: SubjectKey, origin: str, position: int, nonce: bytes) -> KeptText:
    """The text as it is kept. A nonce has 12 bytes, drawn anew for every text, and is never used again."""
    assert text.commitment == commitment(text.salt, text.text), "the commitment is to another text"
    assert len(nonce) == NONCE_BYTES, len(nonce)
    sealed = AESGCM(key.secret).encrypt(
        nonce, text.salt + text.text.encode(), _bound_to(origin, key.subject, key.id, text.commitment)
    )
    return KeptText(text.commitment, key.subject, key.id, nonce, sealed, position)


def unlocked(kept: KeptText, key: SubjectKey, origin: str) -> SealedText:
    """The text behind a row; `Corrupt` names the position where the row was altered, or is another text's."""
    try:
        plain = AESGCM(key.secret).decrypt(
            kept.nonce, kept.sealed, _bound_to(origin, kept.subject, kept.key_id, kept.commitment)
        )
        salt, text = plain[:SALT_BYTES], plain[SALT_BYTES:].decode()
    except (InvalidTag, ValueError):
        raise Corrupt(f"position {kept.position}: a text is not as it was kept") from None
    if len(salt) != SALT_BYTES or commitment(salt, text) != kept.commitment:
        raise Corrupt(f"position {kept.position}: a text is not the one that was committed to")
    return SealedText(kept.commitment, salt, text)


def _bound_to(origin: str, subject: str, key_id: str, commitment: str) -> bytes:
    """What a ciphertext belongs to; a row that is moved to another trial, subject or commitment does not open."""
    return "\n".join(("trial-ledger text 1", origin, subject, key_id, commitment)).encode()
