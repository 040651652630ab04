"""Canonical JSON (RFC 8785) of a tree, and what has no place in one.

Member names are ASCII, `[a-z][a-z0-9_]*`; for such names the order of code units that RFC 8785 asks for is the order
of bytes, and `orjson` with sorted keys writes the very same bytes, many times faster. What the two would write
differently, or what JSON can say in two ways, is refused: floats, integers from 2^53 on, date-times, text that is not
in NFC, and any type but `dict`, `list`, `tuple`, `str`, `int`, `bool` and `None`.
"""

import re
import unicodedata
from functools import lru_cache
from types import NoneType
from typing import Any, Final

import orjson

from ledger.store.errors import Unstorable

LARGEST_INTEGER: Final = 2**53 - 1
PLAIN: Final = frozenset({str, int, bool, NoneType})

_MEMBER_NAME = re.compile(r"[a-z][a-z0-9_]*")
AS_CANONICAL: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def canonical(tree: Any) -> bytes:
    """The bytes that RFC 8785 gives for a tree; `Unstorable` for a tree that it may not hold."""
    refuse_what_has_no_one_spelling(tree)
    try:
        return orjson.dumps(tree, option=AS_CANONICAL)
    except orjson.JSONEncodeError:
        raise Unstorable("a text with a lone surrogate, or a tree that is too deep") from None


def refuse_what_has_no_one_spelling(tree: Any) -> None:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind is str:
            if not (node.isascii() or unicodedata.is_normalized("NFC", node)):
                raise Unstorable("a text that is not in NFC")
        elif kind is dict:
            if not all(map(_is_member_name, node)):
                raise Unstorable("a member name that is not [a-z][a-z0-9_]*")
            waiting.extend(node.values())
        elif kind is int:
            if not -LARGEST_INTEGER <= node <= LARGEST_INTEGER:
                raise Unstorable("an integer beyond 2^53 - 1")
        elif kind is list or kind is tuple:
            waiting.extend(node)
        elif kind is not bool and kind is not NoneType:
            raise Unstorable(f"a {kind.__name__}")


@lru_cache(maxsize=4096, typed=True)
def _is_member_name(name: object) -> bool:
    return type(name) is str and _MEMBER_NAME.fullmatch(name) is not None
