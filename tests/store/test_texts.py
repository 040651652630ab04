"""The commitment to a text says nothing about it, and binds to it."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.store.texts import commitment, seal

SALTS = st.binary(min_size=32, max_size=32)


@given(SALTS, st.text(st.characters(exclude_categories=["Cs"])))
def test_a_commitment_is_the_hash_of_2_salt_and_text(salt: bytes, text: str) -> None:
    assert commitment(salt, text) == sha256(b"\x02" + salt + text.encode("utf-8")).hexdigest()


def test_two_salts_make_equal_texts_differ() -> None:
    assert seal(bytes(32), "fever").commitment != seal(bytes(31) + b"\x01", "fever").commitment


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_salt_has_32_bytes(length: int) -> None:
    with pytest.raises(AssertionError):
        commitment(bytes(length), "fever")
