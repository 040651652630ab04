"""What becomes of patients after the graft: outcomes, visits, attempts to reach them."""

from datetime import timedelta
from typing import Any, Final

from ledger.decisions import follow_up, outcomes
from ledger.decisions.corrections import CorrectRecord
from ledger.patient.gvhd import AcuteGvhd
from ledger.patient.occasions import Assessed
from ledger.patient.outcomes import OutcomeRecorded
from tests.outcomes import GRADED, NOTHING_FOUND
from tests.simulation.walk import Walk

UNCERTAIN: Final[dict[str, Any]] = {"bilirubin_mg_per_dl": None}


def stage_gvhd(walk: Walk, number: str) -> bool:
    """Findings of acute GVHD, now or some days ago; now and then graded otherwise by the investigator."""
    found = {**NOTHING_FOUND, **walk.pick((*GRADED.values(), UNCERTAIN))}
    on = walk.today(number) - timedelta(days=walk.pick((0, 0, 1, 30)))
    content: dict[str, Any] = {"patient": number, "assessed_on": on, "findings": found}
    if walk.maybe(0.3):
        content |= {"investigator_grade": walk.chance.randrange(5), "differs_because": walk.text("seen")}
    return walk.done(outcomes.StageAcuteGvhd.model_validate(content), walk.doctor(number))


def report_outcome(walk: Walk, number: str) -> bool:
    """Something that happened once, or was assessed."""
    on = walk.today(number) - timedelta(days=walk.pick((0, 0, 1, 30)))
    said: dict[str, Any] = walk.pick(
        (
            {"kind": "engraftment", "of": "neutrophils", "happened_on": on},
            {"kind": "graft-failure", "failure": walk.pick(("primary", "secondary")), "happened_on": on},
            {"kind": "relapse", "relapse": "molecular", "happened_on": on},
            {"kind": "sos", "severity": walk.pick(("mild", "severe")), "criteria": "other", "assessed_on": on},
            {"kind": "lymphocyte-subset", "subset": "NK", "cells_per_ul": "150.5", "assessed_on": on},
        )
    )
    command = outcomes.RecordOutcomes.model_validate({"patient": number, "outcomes": (said,)})
    return walk.done(command, walk.doctor(number))


def visit(walk: Walk, number: str) -> bool:
    """A visit of the protocol, on its days or not; or one that was missed."""
    planned = [each.day for each in walk.protocol.follow_up.visits]
    if planned and walk.maybe(0.2):
        command = follow_up.ReportMissedVisit(patient=number, visit=walk.pick(planned), cause="other")
        return walk.done(command, walk.doctor(number))
    day = walk.pick((None, *planned))
    content = {"patient": number, "visit": day, "visited_on": walk.today(number), "kind": "telephone"}
    return walk.done(follow_up.RecordVisit.model_validate(content), walk.doctor(number))


def contact(walk: Walk, number: str) -> bool:
    at, reached = walk.here(number), walk.maybe(0.5)
    command = follow_up.RecordContactAttempt(patient=number, attempted_at=at, means="letter", reached=reached)
    return walk.done(command, walk.doctor(number))


def correct_outcome(walk: Walk, number: str) -> bool:
    """An outcome was of another day, or its findings were others."""
    own = [r for r in walk.bench.records if r.patient == number and isinstance(r.event, OutcomeRecorded)]
    if not own:
        return False
    record = walk.pick(own)
    assert isinstance(record.event, OutcomeRecorded)
    outcome = record.event.outcome
    if isinstance(outcome, AcuteGvhd):
        found = {**NOTHING_FOUND, **walk.pick(tuple(GRADED.values()))}
        kind, report = "acute-gvhd", {"assessed_on": outcome.on, "findings": found}
    else:
        day = "assessed_on" if isinstance(outcome, Assessed) else "happened_on"
        moved = {**outcome.model_dump(mode="json"), day: outcome.on - timedelta(days=walk.pick((0, 1, 30)))}
        kind, report = "outcomes", {"outcomes": [moved]}
    command = CorrectRecord(position=record.position, kind=kind, report=report, patient=number)
    return walk.done(command, walk.doctor(number), reason=walk.text("read from the chart again"))
