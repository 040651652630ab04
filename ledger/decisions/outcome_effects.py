"""What the rules make of outcomes: the ad hoc safety reviews of A.3-19. None of them counts as a DLT.

    cause                    outcome                                                    grade
    acute-gvhd               of the protocol's grade or above, found up to its day      the worst one
    primary-graft-failure    primary graft failure                                      none
    severe-sos               severe, or very severe                                     3, or 4

Each holds the patient's level and all above until the committee has reviewed it. What was held for is held for again
only in a higher grade. A grade that is not certain holds like the highest that it may be, and an investigator's grade
does not lower what the findings make certain. What adverse events hold for stands in `review_holds.py`; a severe SOS
that is reported both ways is held for once.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ledger.decisions.patient_effects import Effects, automatic_hold
from ledger.patient import outcomes as o
from ledger.patient.gvhd import AcuteGvhd
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.trial.dosing import HoldCause
from ledger.world import World

SEVERITIES: Final[Mapping[o.Severity, int]] = {"mild": 1, "moderate": 2, "severe": 3, "very-severe": 4}
SEVERE: Final = 3


def outcomes_hold_for_review(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """The first hold that is missing for an outcome of a patient who was dosed."""
    if patient.level is None or not patient.dosed:
        return
    for cause, grade in _causes(patient, protocol):
        if not _held(world, patient, cause, grade or 0):
            yield automatic_hold(world, "level", patient.level, cause, patient.number, grade=grade)
            return


def _held(world: World, patient: Patient, cause: HoldCause, grade: int) -> bool:
    """Whether a hold knows as much of the patient, lifted or not."""
    return any(
        (hold.patient, hold.cause) == (patient.number, cause) and (hold.grade or 0) >= grade
        for hold in world.trial.holds.values()
    )


def _causes(patient: Patient, protocol: ProtocolDocument) -> Iterator[tuple[HoldCause, int | None]]:
    """What there is to review, and in which grade."""
    rules, known = protocol.review_holds, patient.follow_up
    grade = gravest_gvhd(patient, rules.gvhd_and_death_through_day)
    if grade >= rules.acute_gvhd_minimum_grade:
        yield "acute-gvhd", grade
    if rules.primary_graft_failure and any(each.failure == "primary" for each in known.each(o.GraftFailure)):
        yield "primary-graft-failure", None
    severity = max((SEVERITIES[each.severity] for each in known.each(o.Sos)), default=0)
    if rules.severe_sinusoidal_obstruction and severity >= SEVERE:
        yield "severe-sos", severity


def gravest_gvhd(patient: Patient, through_day: int) -> int:
    """The worst cautious grade of acute GVHD found up to a protocol day; all of them before the graft is on record."""
    day_zero = patient.transplant.at.date() if patient.transplant else None
    return max(
        (
            each.cautious_grade
            for each in patient.follow_up.each(AcuteGvhd)
            if day_zero is None or (each.on - day_zero).days <= through_day
        ),
        default=0,
    )
