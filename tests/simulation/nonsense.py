"""Commands that make no sense, and commands drawn at random: answered or refused by the ledger, and nothing else."""

from datetime import UTC, date, datetime, timedelta
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import ValidationError

from ledger.decisions import dlt, dose_decision, enrolment, given, holds, infusion, notices, safety, screening, setup
from ledger.decisions.carry_out import DECISIONS
from ledger.decisions.corrections import REPORTS as CORRECTABLE
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.docket import Command
from ledger.errors import LedgerError
from ledger.grading.astct_crs import CrsFindings
from ledger.grading.astct_icans import IcansFindings
from ledger.types import Frozen
from tests.simulation.beginnings import PEOPLE
from tests.simulation.found import claim
from tests.simulation.safety import findings
from tests.simulation.walk import Walk

HASH: Final = "ab" * 32


def senseless(walk: Walk) -> bool:
    """Something that can never be so. It has to be refused."""
    at, text = walk.bench.now, walk.text("nonsense")
    number = walk.pick((*walk.numbers(), "999"))
    later = at + timedelta(days=3)
    commands: tuple[Command, ...] = (
        enrolment.ReserveSlot(patient=number, level=77),
        enrolment.AssignDoseLevel(patient=number, level=4 + walk.chance.randrange(90)),
        enrolment.OpenCohort(level=99),
        enrolment.ReassignDoseLevel(patient="NOBODY", level=1),
        screening.ConfirmEligibility(patient="NOBODY"),
        dlt.RuleOnDlt(patient=number, subject="adverse-event/999", is_dlt=True, revision=1, grade=4, rationale=text),
        dlt.RuleOnDlt(patient=number, subject="death", is_dlt=False, revision=77, rationale=text),
        dlt.DetermineEvaluability(patient=number, evaluable=True, reason="so it is", revision=55),
        dlt.CloseDltWindow(patient="999", assessments_done_count=1),
        safety.RecordDeath(patient="999", died_on=at.date(), cause="other"),
        safety.ReportAdverseEvent(patient=number, term="Fever", serious=False, onset_at=later),
        safety.UpdateAdverseEvent(patient=number, adverse_event=4321, serious=True),
        given.OmitInfusion(patient=number, ordinal=9, cause="other"),
        given.RecordInfusionStart(patient=number, ordinal=1, product="X", level=88, started_at=at),
        given.RecordInfusion(patient=number, ordinal=1, product="X", ended_at=at, weight_kg="0", cells=5),
        infusion.PlanDose(patient=number, ordinal=7, weight_kg="20", weighed_on=at.date()),
        holds.LiftHold(hold=4321, review=text),
        holds.ApplyHold(scope="level", level=None, cause="other"),
        holds.ApplyHold(scope="level", level=66, cause="other"),
        dose_decision.SignDoseDecision(decision=4321, vote="agree", meaning="yes", dossier_hash=HASH),
        dose_decision.ProposeDoseDecision(outcome="escalate", to_level=2, dossier_hash=HASH),
        dose_decision.ReportPaperDecision(outcome="escalate", to_level=66, taken_at=at),
        notices.AcknowledgeNotice(about=10**9, party="ward", by="nina", acknowledged_at=at),
        setup.ApproveProtocolVersion(version=4321, document_sha256=HASH),
        setup.ProposeProtocolVersion(version=4321, effective_on=at.date(), document={}),
        CorrectRecord(position=10**9, kind="death", report={}, patient=number),
        CorrectRecord(position=3, kind="death", report={"died_on": at.date(), "cause": "other"}, patient=number),
        CorrectRecord(position=3, kind="criteria", report={"assessments": []}, patient=number),
        CorrectRecord(position=3, kind="ruling", report={}, patient=number),
        CorrectRecord(position=3, kind="death", report={"died_on": "yesterday"}, patient=number),
    )
    command = walk.pick(commands)
    answer = walk.ask(command, walk.pick(PEOPLE[:6]), reason=text)
    claim(isinstance(answer, LedgerError), f"nonsense was taken: {command!r}")
    return True


def anything(walk: Walk) -> bool:
    """A command drawn at random, by anyone, at any time, now and then on paper."""
    kinds: tuple[type[Command], ...] = (*DECISIONS, CorrectRecord)
    kind = walk.pick(kinds)
    try:
        command = kind.model_validate({name: _drawn(walk, kind, name) for name in kind.model_fields})
    except ValidationError:
        return False
    asked: dict[str, Any] = {"on_paper": True} if walk.maybe(0.2) else {}
    if walk.maybe(0.2):
        asked["occurred_at"] = walk.bench.now - timedelta(days=walk.chance.randrange(-1, 400))
    if walk.maybe(0.5):
        asked["reason"] = walk.text("because")
    return walk.done(command, walk.pick(PEOPLE), **asked)


def _drawn(walk: Walk, kind: type[Frozen], name: str) -> Any:
    numbers = tuple(walk.numbers()) or ("001",)
    versions = walk.world.trial.versions
    by_name: dict[str, tuple[Any, ...]] = {
        "patient": (*numbers, "999", "no number"),
        "number": (f"{int(numbers[-1]) + 1:03d}", numbers[-1]),
        "level": (0, 1, 1, 2, 2, 3, 4, 99),
        "to_level": (None, 0, 1, 2, 3, 99),
        "revision": (-1, 0, 1, 1, 1, 2, 2, 3),
        "version": (0, 1, 2, len(versions) + 1),
        "ordinal": (1, 1, 2, 2, 3),
        "adverse_event": (1, 1, 2, 3, 4),
        "assessment": (0, walk.chance.randrange(walk.world.size + 1)),
        "position": (walk.chance.randrange(walk.world.size + 1),),
        "hold": tuple(range(8)),
        "decision": tuple(range(8)),
        "quarantine": (0, 1, 2),
        "subject": ("death", "omission/2", "adverse-event/1", "adverse-event/2", "adverse-event/3"),
        "birth_year_month": ("2016-03", "2099-12", "1900-01", "2031-05"),
        "weight_kg": ("0", "20", "3.5", "0.0000000001", "20.123456789012345678901234567", "1" + "0" * 38),
        "document": ({}, {"title": 3}),
        "document_sha256": (HASH, "no hash", versions[1].sha256 if versions else HASH),
        "vote": ("agree", "disagree", "perhaps"),
        "person": ("ivan", "nina", "maria", "new"),
        "site": ("NDGOI", "FAREAST", "NOWHERE", None),
        "kind": (*CORRECTABLE, "ruling"),
        "assessments": ((), ({"criterion": "I2", "met": False, "inputs": None},)),
        "criterion": ("I2", "X5", "Z9"),
        "utc_offset": ("+03:00", "-11:00", "+14:59"),
    }
    if name == "report":
        return _report(walk)
    if name in by_name and (name != "kind" or kind is CorrectRecord):
        return walk.pick(by_name[name])
    return _of_type(walk, kind.model_fields[name].annotation)


def _report(walk: Walk) -> dict[str, Any]:
    """A report drawn at random, as a correction brings it."""
    kind = walk.pick(tuple(CORRECTABLE.values()))
    return {name: _drawn(walk, kind, name) for name in kind.model_fields if name not in ("patient", "report")}


def _of_type(walk: Walk, annotation: Any) -> Any:
    """A value that may fit an annotation."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _of_type(walk, get_args(annotation)[0])
    if origin is Literal:
        return walk.pick(get_args(annotation))
    if origin in (Union, UnionType):
        return _of_type(walk, walk.pick(get_args(annotation)))
    if origin is tuple:
        return tuple(_of_type(walk, get_args(annotation)[0]) for _ in range(walk.chance.randrange(3)))
    if isinstance(annotation, type) and issubclass(annotation, Frozen):
        if annotation in (CrsFindings, IcansFindings):
            return findings(walk, "CRS" if annotation is CrsFindings else "ICANS")
        return {name: _drawn(walk, annotation, name) for name in annotation.model_fields}
    return _plain(walk, annotation)


def _plain(walk: Walk, annotation: Any) -> Any:
    now = walk.bench.now
    ancient = datetime(1, 1, 1, tzinfo=UTC)
    drawn: dict[Any, tuple[Any, ...]] = {
        NoneType: (None,),
        bool: (True, False),
        int: (0, 1, 2, 3, 2**53 - 1),
        str: (HASH, "something", walk.text("words"), "1", "20", "1/3", "7"),
        datetime: (now, now, now - timedelta(days=20), now + timedelta(days=400), ancient),
        date: (now.date(), now.date(), now.date() - timedelta(days=20), date(1, 1, 1), date(9999, 12, 31)),
    }
    return walk.pick(drawn.get(annotation, (None,)))
