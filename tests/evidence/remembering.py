"""A campaign of a hundred thousand tries meets the same bytes again and again. What depends on its arguments alone is
computed once: what a leaf is, whether a signature verifies, what a note and a token say. The code that runs is that of
`verify.py`, and all that depends on the whole bundle runs anew for every try."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import pytest

from ledger.evidence import verify
from ledger.evidence.verify import Checkpoint, VerifierKey

REMEMBERED = 20_000


@contextmanager
def remembering() -> Iterator[None]:
    """The pure functions of the verifier with a memory, until the block ends."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("read_leaf", "leaf_hash", "token_time", "seconds"):
            patched.setattr(verify, name, kept(getattr(verify, name)))
        patched.setattr(Checkpoint, "parse", kept(Checkpoint.parse))
        patched.setattr(VerifierKey, "verifies", kept(VerifierKey.verifies))
        yield


def kept(function: Any) -> Any:
    return lru_cache(REMEMBERED)(function)
