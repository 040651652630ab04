"""What is no DLT and yet stops dosing until it is reviewed (A.3-19), as far as adverse events say so.

    cause              adverse event, from the first infusion on                                 grade, in this trial
    infusion-reaction  a related infusion reaction or anaphylaxis                                >= 3
    severe-sos         sinusoidal obstruction, related or not                                    severe (CTCAE: >= 3)
    related-toxicity   any other related non-haematological event that is no candidate DLT       >= 4

Each holds the patient's level and all above, and counts as no DLT. An event is related until two people have signed
that it is not (A.3-26). CRS and ICANS that are candidate DLTs, or were ruled on, have their own way; the others, such
as those after the window, are like any event. What is serious and not graded has the grade that holds, where the kind
of the event is named here; else only its grade, or that it was fatal or life-threatening, says how severe it is.

Neither a lower grade nor another attribution lifts a hold: a person does, after a safety review. A higher grade than
the hold knew is held, and reviewed, once more.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from ledger.decisions.patient_effects import Effects, automatic_hold
from ledger.patient.state import AdverseEvent, Patient
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.safety import Category, ReviewHolds
from ledger.trial.dosing import HoldCause
from ledger.world import World

SEVERE: Final = 3
"""Severe, in the words of CTCAE."""

REACTIONS: Final[frozenset[Category]] = frozenset({"infusion-reaction", "anaphylaxis"})


def harm_holds_for_review(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """The first hold that is missing for an adverse event of a patient who was dosed."""
    dosed = [infusion.given_on for infusion in patient.infusions.values() if infusion.given_on]
    if not dosed or patient.level is None:
        return
    for event in patient.adverse_events.values():
        found = _cause(patient, event, protocol.review_holds, min(dosed))
        if found is not None and not _held(world, patient, event.number, found[1]):
            cause, grade = found
            of = {"adverse_event": event.number, "grade": grade}
            yield automatic_hold(world, "level", patient.level, cause, patient.number, **of)
            return


def _held(world: World, patient: Patient, number: int, grade: int) -> bool:
    """Whether a hold knows the event in this severity, lifted or not."""
    return any(
        (hold.patient, hold.adverse_event) == (patient.number, number) and (hold.grade or 0) >= grade
        for hold in world.trial.holds.values()
    )


def _cause(patient: Patient, event: AdverseEvent, rules: ReviewHolds, first_on: date) -> tuple[HoldCause, int] | None:
    """Why an event holds, and the grade that it is held by."""
    if event.report.onset_at.date() < first_on:
        return None
    for cause, minimum in _named(event, rules):
        grade = minimum if event.severity == 0 and event.serious else event.severity
        if grade >= minimum:
            return cause, grade
    ruled_elsewhere = event.subject in patient.candidates or event.subject in patient.rulings
    general = event.related and not event.report.haematologic and not ruled_elsewhere
    if general and event.severity >= rules.other_related_nonhaematologic_minimum_grade:
        return "related-toxicity", event.severity
    return None


def _named(event: AdverseEvent, rules: ReviewHolds) -> Iterator[tuple[HoldCause, int]]:
    """The holds that are for this kind of event, each with its lowest grade."""
    if event.report.category in REACTIONS and event.related:
        yield "infusion-reaction", rules.infusion_reaction_minimum_grade
    if event.report.category == "sinusoidal-obstruction" and rules.severe_sinusoidal_obstruction:
        yield "severe-sos", SEVERE
