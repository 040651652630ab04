"""JSON as it is taken from outside: one spelling, nothing that a decoder could read in two ways.

Refused: bytes that are not UTF-8, a byte order mark, a number with a fraction or an exponent, `NaN` and its kind, an
integer of more digits than any quantity has, a member named twice, a lone surrogate, a NUL, and a nesting that is too
deep. The reason is told; what stands there is not repeated.
"""

import json
from typing import Any, Final, NoReturn

from ledger.types import LONGEST_QUANTITY

DEEPEST: Final = 64


class Unreadable(ValueError):
    """Bytes that are not such a JSON text; the message says why."""


def decode(body: bytes) -> Any:
    """The tree of a JSON text; `Unreadable` for any other bytes."""
    try:
        tree = _DECODER.decode(body.decode())
    except Unreadable:
        raise
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    except RecursionError:
        raise Unreadable("nested too deep") from None
    except ValueError:
        raise Unreadable("not a JSON text") from None
    if body.count(b"{") + body.count(b"[") > DEEPEST:
        _refuse_what_is_too_deep(tree)
    if b"\\u" in body or b"\x00" in body:
        _refuse_odd_characters(tree)
    return tree


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable("a member is named twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_QUANTITY:
        raise Unreadable("an integer of too many digits")
    return int(digits)


def _no_float(_: str) -> NoReturn:
    raise Unreadable("a number with a fraction or an exponent; write a quantity as a decimal string")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_no_float, parse_constant=_no_float
)


def _refuse_what_is_too_deep(tree: Any) -> None:
    level, depth = [tree], 0
    while level:
        if depth > DEEPEST:
            raise Unreadable("nested too deep")
        level = [child for node in level for child in _children(node)]
        depth += 1


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _refuse_odd_characters(tree: Any) -> None:
    text = json.dumps(tree, ensure_ascii=False)
    if "\\u0000" in text:
        raise Unreadable("a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unreadable("a lone surrogate") from None
