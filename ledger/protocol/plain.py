"""Reading JSON, and a small part of YAML, into plain trees: mappings, sequences, texts, whole numbers, booleans, null.

One spelling for each: no floats (a quantity is a quoted text), no member named twice, and in YAML no tags, anchors or
aliases, no second document, no spelling of a boolean but `true` and `false`, no number but decimal digits. A fault is
told by its place; what stands there is not repeated.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import yaml

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | bool | None"
Path: TypeAlias = tuple[str | int, ...]

DEEPEST: Final = 20
MOST_DIGITS: Final = 18
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOATING = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?|[-+]?\.(inf|nan)", re.IGNORECASE
)
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_MEMBER = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TEXT, _SEQUENCE, _MAPPING = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))


class Unreadable(ValueError):
    """A text that is no plain tree; the message names the place."""


@dataclass(frozen=True)
class _Members:
    """The members of a mapping as they stand in the text, repeats included."""

    pairs: list[tuple[Any, Any]]


@dataclass(frozen=True)
class _Odd:
    """Something that no plain tree has, and what it is."""

    reason: str


_A_FLOAT = _Odd("a number with a fraction or an exponent; quote a quantity")


def place(path: Path) -> str:
    """A path as text, such as `infusions.1.share`. A member that no document could have is shown as `?`."""
    steps = (str(step) if isinstance(step, int) or _MEMBER.fullmatch(step) else "?" for step in path)
    return ".".join(steps) or "document"


def read_json(text: str) -> Plain:
    """The plain tree of a JSON text; `Unreadable` for any other text."""
    try:
        tree = json.loads(
            text,
            object_pairs_hook=_Members,
            parse_int=_whole_number,
            parse_float=lambda _: _A_FLOAT,
            parse_constant=lambda _: _A_FLOAT,
        )
    except json.JSONDecodeError as fault:
        raise Unreadable(f"line {fault.lineno}: not JSON") from None
    except RecursionError:
        raise Unreadable("nested too deep") from None
    return _settled(tree, ())


def read_yaml(text: str) -> Plain:
    """The plain tree of a YAML text of the small kind; `Unreadable` for any other text."""
    try:
        tree = _of_node(yaml.compose(text, _Loader))
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise Unreadable(f"line {line}: not YAML of the kind read here") from None
    except yaml.YAMLError:
        raise Unreadable("not YAML of the kind read here") from None
    except RecursionError:
        raise Unreadable("nested too deep") from None
    return _settled(tree, ())


class _Loader(yaml.SafeLoader):
    """Composes nodes and decides nothing about them; refuses anchors and aliases."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (the library's own class attribute, emptied)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave its types out
        if getattr(event, "anchor", None) is not None:
            raise yaml.composer.ComposerError(None, None, "anchors and aliases are not read", event.start_mark)
        return super().compose_node(parent, index)


def _of_node(node: yaml.Node | None) -> Any:
    match node:
        case yaml.ScalarNode(tag=tag, style=style, value=text) if tag == _TEXT:
            return _scalar(text) if style is None else text
        case yaml.SequenceNode(tag=tag, value=members) if tag == _SEQUENCE:
            return [_of_node(member) for member in members]
        case yaml.MappingNode(tag=tag, value=members) if tag == _MAPPING:
            return _Members([(_of_node(name), _of_node(member)) for name, member in members])
        case None:
            return None
        case _:
            return _Odd("a tag")


def _scalar(text: str) -> Any:
    """An unquoted scalar: a word, a whole number, or else a text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _whole_number(text)
    return _A_FLOAT if _FLOATING.fullmatch(text) else text


def _whole_number(text: str) -> int | _Odd:
    return int(text) if len(text) <= MOST_DIGITS else _Odd("a whole number of too many digits; quote a quantity")


def _settled(tree: Any, path: Path) -> Plain:
    if len(path) > DEEPEST:
        raise Unreadable(f"{place(path[:3])}: nested too deep")
    match tree:
        case _Odd(reason=reason):
            raise Unreadable(f"{place(path)}: {reason}")
        case _Members(pairs=pairs):
            return _mapping(pairs, path)
        case list():
            return [_settled(member, (*path, index)) for index, member in enumerate(tree)]
        case str() | int() | None:
            return tree
        case _:
            raise AssertionError(type(tree))


def _mapping(pairs: list[tuple[Any, Any]], path: Path) -> Plain:
    members: dict[str, Plain] = {}
    for name, member in pairs:
        if not isinstance(name, str):
            raise Unreadable(f"{place(path)}: the name of a member is a text")
        if name in members:
            raise Unreadable(f"{place((*path, name))}: named twice")
        members[name] = _settled(member, (*path, name))
    return members
