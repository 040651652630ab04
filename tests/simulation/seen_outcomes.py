"""Which outcomes have held the level, as a plain reader of the log would have it (domain A.3-19)."""

from ledger.patient import outcomes as o
from ledger.patient.gvhd import AcuteGvhd
from ledger.protocol.document import ProtocolDocument
from tests.simulation.found import claim
from tests.simulation.seen import Seen
from tests.simulation.seen_patients import PatientSeen


def check_outcomes(seen: Seen, protocol: ProtocolDocument) -> None:
    """Of whoever was dosed, grave GVHD up to the protocol's day, a primary graft failure and a severe SOS have held."""
    rules = protocol.review_holds
    for number, patient in seen.patients.items():
        if not patient.given_on:
            continue
        held = {(hold.cause, hold.grade or 0) for hold in seen.holds.values() if hold.patient == number}
        grade = max(_grades(patient, rules.gvhd_and_death_through_day), default=0)
        if grade >= rules.acute_gvhd_minimum_grade:
            as_grave = {("acute-gvhd", each) for each in range(grade, 5)}
            claim(bool(held & as_grave), f"{number} has GVHD of grade {grade}, held for {held}")
        said = patient.outcomes.values()
        if rules.primary_graft_failure and any(isinstance(x, o.GraftFailure) and x.failure == "primary" for x in said):
            claim(("primary-graft-failure", 0) in held, f"the graft of {number} failed, held for {held}")
        grave = any(isinstance(x, o.Sos) and x.severity in ("severe", "very-severe") for x in said)
        if rules.severe_sinusoidal_obstruction and grave:
            claim(any(cause == "severe-sos" for cause, _ in held), f"{number} has a severe SOS, held for {held}")


def _grades(patient: PatientSeen, through_day: int) -> list[int]:
    graft = patient.graft.date() if patient.graft else None
    found = [each for each in patient.outcomes.values() if isinstance(each, AcuteGvhd)]
    return [
        each.at_most_grade if each.investigator_grade is None else max(each.investigator_grade, each.at_least_grade)
        for each in found
        if graft is None or (each.assessed_on - graft).days <= through_day
    ]
