"""How far a file was verified when it was last opened for writing: a memory beside the ledger, `<file>.verified`.

    trial-ledger verified v1
    <size>
    <root, 64 hexadecimal digits>

It saves time and proves nothing. Anyone may delete it, and whoever can write here could write it anew: the most that it
can bring about is that leaves before its size are not hashed again at that start. So it is used for long logs alone,
and only where the tiles of the file lead to its root (`verification.py` says what is looked at then and what is not).
Missing, damaged, or of another history, it is as good as none, and everything is verified.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

_FIRST_LINE: Final = "trial-ledger verified v1"
_SPELLED: Final = re.compile(rf"{_FIRST_LINE}\n([1-9][0-9]{{0,15}})\n([0-9a-f]{{64}})\n")
_LONGEST_BYTES: Final = 200


class Verified(NamedTuple):
    """The first so many events had this root."""

    size: int
    root: bytes


def memory_of(path: Path) -> Path:
    """Where the memory of a ledger's file is."""
    return Path(f"{path}.verified")


def remembered(path: Path) -> Verified | None:
    """What is remembered of a ledger's file; none where that is nothing, or cannot be read."""
    try:
        with memory_of(path).open("rb") as file:
            said = _SPELLED.fullmatch(file.read(_LONGEST_BYTES).decode("ascii", "replace"))
    except OSError:
        return None
    return Verified(int(said[1]), bytes.fromhex(said[2])) if said else None


def remember(path: Path, verified: Verified) -> None:
    """Replace the memory in one step. Where that cannot be, there is an older one or none, and more is verified."""
    memory, partial = memory_of(path), Path(f"{path}.verified.partial")
    with suppress(OSError):
        partial.write_text(f"{_FIRST_LINE}\n{verified.size}\n{verified.root.hex()}\n", encoding="ascii")
        os.replace(partial, memory)
