"""How trials begin: two sites, their people, and one of several protocols. Each is opened once and copied."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from ledger.decisions import setup
from ledger.decisions.docket import Command
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.load import load_protocol
from ledger.record import Actor
from ledger.types import Event
from tests.bench import (
    CHECKER,
    COMMITTEE,
    COMMITTEE_2,
    INVESTIGATOR,
    NURSE,
    PI,
    SITE,
    SPONSOR,
    Bench,
    appoint,
    nct07256210,
    opened_trial,
    person,
)

FAR_SITE: Final = "FAREAST"
"""A second site, ten hours ahead: its days begin before those of the others."""

PI_2 = person("petra", "principal_investigator", FAR_SITE)
INVESTIGATOR_2 = person("sofia", "investigator", FAR_SITE)
NURSE_2 = person("nora", "coordinator", FAR_SITE)
COMMITTEE_3 = person("quinn", "safety_committee", None)
MONITOR = person("anton", "monitor")
MONITOR_2 = person("alexei", "monitor", FAR_SITE)
DATA_MANAGER = person("denis", "data_manager", None)
STRANGER = person("mallory", "principal_investigator", "ELSEWHERE")

PEOPLE: Final = (
    PI,
    PI_2,
    SPONSOR,
    COMMITTEE,
    COMMITTEE_2,
    COMMITTEE_3,
    INVESTIGATOR,
    INVESTIGATOR_2,
    NURSE,
    NURSE_2,
    CHECKER,
    STRANGER,
)
QUORUM: Final = (PI, SPONSOR, COMMITTEE, COMMITTEE_2, COMMITTEE_3, PI_2)
DOCTORS: Final[dict[str, tuple[Actor, ...]]] = {SITE: (PI, INVESTIGATOR), FAR_SITE: (PI_2, INVESTIGATOR_2)}

KINDS: Final = ("as-registered", "roomy", "simple", "whole-cohorts", "never-down", "another-trial")
WEIGHTS: Final = (40, 30, 8, 8, 6, 8)


def protocol_of(kind: str) -> ProtocolDocument:
    """The bundled protocol, with more room, or with other switches; or the made-up one of one infusion for adults."""
    match kind:
        case "roomy":
            return varied(enrolment_cap=40)
        case "simple":
            return varied(enrolment_cap=40, design={"six_at_mtd": False})
        case "whole-cohorts":
            return varied(enrolment_cap=40, design={"act_on_second_dlt": False})
        case "never-down":
            return varied(enrolment_cap=40, design={"may_deescalate": False})
        case "another-trial":
            path = Path(__file__).parents[1] / "protocol" / "second_protocol.yaml"
            return load_protocol(path.read_text(encoding="utf-8"))
        case _:
            return nct07256210()


def varied(document: ProtocolDocument | None = None, **changes: Any) -> ProtocolDocument:
    """A protocol with some members changed; of a member that is itself a mapping, some of its own."""
    tree = (document or nct07256210()).model_dump(mode="json")
    for name, change in changes.items():
        tree[name] = {**tree[name], **change} if isinstance(change, dict) else change
    return ProtocolDocument.model_validate(tree)


@cache
def _opened(kind: str) -> Bench:
    return _open(kind, Bench())


def _open(kind: str, bench: Bench) -> Bench:
    opened_trial(protocol_of(kind), bench)
    bench.ask(setup.OpenSite(site=FAR_SITE, utc_offset="+10:00"), SPONSOR)
    appoint(bench, PI_2, COMMITTEE_3, MONITOR, MONITOR_2, DATA_MANAGER)
    appoint(bench, INVESTIGATOR_2, NURSE_2, by=PI_2)
    return bench


def opened(kind: str) -> Bench:
    """A bench of its own on which such a trial has just been opened."""
    known = _opened(kind)
    return Bench(known.world, list(known.records), dict(known.texts), known.now, known.asked)


def commands_that_open(kind: str) -> list[tuple[Command, Actor]]:
    """What has to be asked of an empty ledger, in order, to open such a trial."""
    recording = _Recording()
    _open(kind, recording)
    return recording.asked_for


class _Recording(Bench):
    """A bench that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: list[tuple[Command, Actor]] = []

    def ask(self, command: Command, by: Actor = PI, **asked: Any) -> tuple[Event, ...]:
        self.asked_for.append((command, by))
        return super().ask(command, by, **asked)
