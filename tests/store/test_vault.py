"""A text is kept so that its key opens it, and nothing else does; what was altered is named by its position."""

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Corrupt
from ledger.store.rows import KeptText
from ledger.store.texts import SealedText, seal
from ledger.store.vault import SubjectKey, locked, unlocked

ORIGIN = "ledger.example/NCT07256210"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
KEYS = st.binary(min_size=32, max_size=32).map(lambda secret: SubjectKey("patient/001", "0123456789abcdef", secret))
NONCES = st.binary(min_size=12, max_size=12)
KEY = SubjectKey("patient/001", "0123456789abcdef", bytes(range(32)))
SAID = seal(sha256(b"salt").digest(), "Her mother, Anna Ivanova, called at 14:00")


def kept(text: SealedText = SAID, key: SubjectKey = KEY) -> KeptText:
    return locked(text, key, ORIGIN, 7, bytes(12))


@given(st.binary(min_size=32, max_size=32), TEXTS, KEYS, NONCES)
def test_what_is_locked_is_unlocked_by_its_key(salt: bytes, text: str, key: SubjectKey, nonce: bytes) -> None:
    said = seal(salt, text)
    row = locked(said, key, ORIGIN, 7, nonce)
    assert unlocked(row, key, ORIGIN) == said
    assert len(row.sealed) == 32 + len(text.encode()) + 16


@given(st.integers(0, 8 * len(kept().sealed) - 1))
def test_a_flipped_bit_is_named_by_its_position(bit: int) -> None:
    flipped = bytearray(kept().sealed)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Corrupt, match="position 7: a text is not as it was kept"):
        unlocked(replace(kept(), sealed=bytes(flipped)), KEY, ORIGIN)


@pytest.mark.parametrize(
    "moved",
    [
        replace(kept(), commitment="0" * 64),
        replace(kept(), subject="patient/002"),
        replace(kept(), key_id="f" * 16),
        replace(kept(), nonce=b"\x01" * 12),
        replace(kept(), sealed=b""),
    ],
    ids=["commitment", "subject", "key", "nonce", "nothing"],
)
def test_a_row_is_bound_to_what_it_says(moved: KeptText) -> None:
    with pytest.raises(Corrupt, match="position 7"):
        unlocked(moved, KEY, ORIGIN)


def test_a_row_is_bound_to_its_trial() -> None:
    with pytest.raises(Corrupt, match="position 7"):
        unlocked(kept(), KEY, "ledger.example/another")


def test_what_opens_to_another_text_than_was_committed_to_is_not_given_out() -> None:
    """Whoever has the key can encrypt another text in its place; the leaf still commits to the first."""
    bound_to = "\n".join(("trial-ledger text 1", ORIGIN, KEY.subject, KEY.id, SAID.commitment)).encode()
    sealed = AESGCM(KEY.secret).encrypt(bytes(12), SAID.salt + b"Her mother called at 15:00", bound_to)
    with pytest.raises(Corrupt, match="position 7: a text is not the one that was committed to"):
        unlocked(replace(kept(), sealed=sealed), KEY, ORIGIN)


def test_a_text_is_kept_under_its_own_commitment_only() -> None:
    with pytest.raises(AssertionError):
        locked(replace(SAID, text="another"), KEY, ORIGIN, 7, bytes(12))


def test_a_key_does_not_show_itself() -> None:
    assert KEY.secret.hex() not in repr(KEY)
    assert "secret" not in repr(KEY)
