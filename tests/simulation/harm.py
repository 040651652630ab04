"""What has to be held for review by what is on record, read by someone who knows A.3-19 and not the rules' code; and
that no due date of a safety clock is ever moved later, or lost."""

from datetime import date, datetime

from ledger.protocol.document import ProtocolDocument
from ledger.world import World
from projections.safety_clocks import safety_clocks
from tests.simulation.found import claim
from tests.simulation.seen import Seen
from tests.simulation.seen_patients import EventSeen, PatientSeen

Due = dict[tuple[str, int, str, int | None], date]
SEVERE = 3


def check_harm(seen: Seen, protocol: ProtocolDocument) -> None:
    """Every harm that is to be reviewed has held its level at least once, known in its severity."""
    for number, patient in seen.patients.items():
        first = min(patient.given_on.values(), default=None)
        for which, event in patient.events.items():
            due = None if first is None else _due(patient, which, event, protocol, first)
            known = [
                hold.grade or 0 for hold in seen.holds.values() if (hold.patient, hold.adverse_event) == (number, which)
            ]
            claim(due is None or max(known, default=-1) >= due, f"{number}: event {which} of grade {due} holds {known}")


def _due(patient: PatientSeen, which: int, event: EventSeen, protocol: ProtocolDocument, first: date) -> int | None:
    """The grade by which an event has to be held; None where it has not."""
    rules, grade = protocol.review_holds, event.severity
    if event.report.onset_at.date() < first:
        return None
    ungraded = event.serious and grade == 0
    least = rules.infusion_reaction_minimum_grade
    reaction = event.report.category in ("infusion-reaction", "anaphylaxis") and event.related
    if reaction and (grade >= least or ungraded):
        return max(grade, least)
    obstruction = event.report.category == "sinusoidal-obstruction" and rules.severe_sinusoidal_obstruction
    if obstruction and (grade >= SEVERE or ungraded):
        return max(grade, SEVERE)
    subject = f"adverse-event/{which}"
    if subject in patient.candidates or subject in patient.rulings or event.report.haematologic:
        return None
    least = rules.other_related_nonhaematologic_minimum_grade
    return grade if event.related and grade >= least else None


def due_dates(world: World, now: datetime) -> Due:
    """When everything is due."""
    return {
        (each.patient, each.adverse_event or 0, clock.kind, clock.receipt): clock.due_on
        for each in safety_clocks(world, now)
        if each.patient is not None
        for clock in each.clocks
    }


def check_due_dates(before: Due, after: Due) -> None:
    """Nothing is due later than it was, and nothing that was due is gone."""
    for what, due_on in before.items():
        claim(what in after, f"{what} was due on {due_on} and is gone")
        claim(after[what] <= due_on, f"{what} was due on {due_on}, now on {after[what]}")
