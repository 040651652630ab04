"""A protocol document on the command line, before there is any ledger: is it sound, and what does it say."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli_output import AsJson, facts, show
from ledger.decisions.standing import canonical_hash
from ledger.protocol.consistency import doubts
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.load import bundled, load_protocol, stored_bytes

PROTOCOL_HELP = "A protocol that comes with this program, such as nct07256210, or a file: YAML or JSON."


def protocol_of(given: str) -> ProtocolDocument:
    """The protocol in a file, or of a name that comes with the program."""
    path = Path(given)
    return load_protocol(path.read_text(encoding="utf-8") if path.suffix or path.is_file() else bundled(given))


def protocol(
    document: Annotated[str, typer.Argument(metavar="PROTOCOL", help=PROTOCOL_HELP)], as_json: AsJson = False
) -> None:
    """Read a protocol document whole and say what it holds; a fault is named by its place.

    With --json also the document as `POST /v1/trials/{t}/protocol-versions` takes it, and the hash that its approval
    has to name.
    """
    found = protocol_of(document)
    content: dict[str, Any] = found.model_dump(mode="json")
    said = {
        "title": found.title,
        "registry_id": found.registry_id,
        "levels": list(found.levels()),
        "start_level": found.start,
        "infusion_days": [found.day_of(ordinal) for ordinal in found.ordinals()],
        "enrolment_cap": found.enrolment_cap,
        "rules": len(found.rules),
        "interpretations": len(found.interpretations),
        "bytes": stored_bytes(found),
        "document_sha256": canonical_hash(content),
        "doubts": list(doubts(found)),
    }
    show({**said, "document": content}, as_json, lambda: facts(_readable(said)))


def _readable(said: dict[str, Any]) -> dict[str, Any]:
    return {name: ", ".join(map(str, each)) or None if isinstance(each, list) else each for name, each in said.items()}
