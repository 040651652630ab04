"""Reading a protocol document from a text, and the protocols that come with this package."""

import json
from importlib.resources import files
from typing import Any, ClassVar, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ledger.errors import Malformed, Unknown
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.plain import Unreadable, place, read_json, read_yaml

LONGEST_TEXT_CHARACTERS: Final = 131_072
LARGEST_DOCUMENT_BYTES: Final = 32_768
MOST_FAULTS_NAMED: Final = 10


class UnreadableProtocol(Malformed):
    """The text is not a protocol document. The message names places and faults, not what was written there."""

    rule: ClassVar[str] = "protocol-document"


class NoSuchBundledProtocol(Unknown):
    """No protocol of this name comes with the package."""

    rule: ClassVar[str] = "protocol-document"


def load_protocol(text: str) -> ProtocolDocument:
    """The protocol document that a text holds; a text that starts with a brace is read as JSON, any other as YAML.

    Raises `UnreadableProtocol` for a text that is neither, that breaks the document's schema, or whose canonical
    JSON is not below 32 KiB.
    """
    if len(text) > LONGEST_TEXT_CHARACTERS:
        raise UnreadableProtocol("document: too long")
    try:
        tree = read_json(text) if text.lstrip().startswith("{") else read_yaml(text)
        document = ProtocolDocument.model_validate(tree)
    except Unreadable as fault:
        raise UnreadableProtocol(str(fault)) from None
    except ValidationError as faults:
        raise UnreadableProtocol(described(faults)) from None
    if stored_bytes(document) >= LARGEST_DOCUMENT_BYTES:
        raise UnreadableProtocol("document: its canonical JSON is not below 32 KiB")
    return document


def stored_bytes(document: ProtocolDocument) -> int:
    """How long the document is as canonical JSON, in bytes."""
    tree: Any = document.model_dump(mode="json")
    return len(json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


def described(faults: ValidationError) -> str:
    """The places and the faults, at most ten, without the values that are at fault."""
    named = [_named(fault) for fault in faults.errors(include_url=False, include_input=False)]
    left_out = [f"and {len(named) - MOST_FAULTS_NAMED} more"] if len(named) > MOST_FAULTS_NAMED else []
    return "; ".join([*named[:MOST_FAULTS_NAMED], *left_out])


def _named(fault: ErrorDetails) -> str:
    told_by_itself = fault["type"] == "value_error" and not fault["loc"]
    return _fault(fault) if told_by_itself else f"{place(fault['loc'])}: {_fault(fault)}"


def _fault(fault: ErrorDetails) -> str:
    match fault["type"]:
        case "value_error":
            return str(fault["ctx"]["error"])
        case "union_tag_invalid":
            return f"the kind is one of {fault['ctx']['expected_tags']}"
        case "string_pattern_mismatch":
            return "not spelled as such a text is"
        case "model_type":
            return "not a mapping"
        case _:
            return fault["msg"]


def bundled(name: str) -> str:
    """The text of a protocol that comes with the package, such as `nct07256210`."""
    for entry in files("ledger.protocol").iterdir():
        if entry.name == f"{name}.yaml":
            return entry.read_text(encoding="utf-8")
    raise NoSuchBundledProtocol("no bundled protocol of this name")
