"""Which scheduled assessments were done: counted from the facts, day by day (domain B.2, DLT window).

A scheduled day is done when CRS and ICE/CAPD were both assessed on it: on whole ward sheets, or in an assessment of an
adverse event that a person entered. One sheet may serve for CRS and another for ICE/CAPD.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

from ledger.cohort.state import Window
from ledger.decisions.standing import scheduled_days
from ledger.grading.astct_icans import ICE_FROM_YEARS
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument

BOTH: Final = frozenset({"CRS", "ICANS"})
BaselineState = Literal["recorded", "due", "missing"]


def assessed_on(patient: Patient) -> dict[date, set[str]]:
    """What was assessed on which day at the site."""
    found: dict[date, set[str]] = {}
    for _, seen in patient.ward.by_time():
        day, sheet = seen.assessed_at.date(), seen.sheet
        whole = {"CRS": sheet.crs_is_whole, "ICANS": sheet.icans_is_whole(patient.age_on(day))}
        found.setdefault(day, set()).update(toxicity for toxicity, is_whole in whole.items() if is_whole)
    for event in patient.adverse_events.values():
        for assessed in event.assessments.values():
            if assessed.ward_sheet is None:
                found.setdefault(assessed.assessed_at.date(), set()).add(assessed.toxicity)
    return found


def done_days(patient: Patient, days: Iterable[date]) -> tuple[date, ...]:
    """Those of the scheduled days on which both were assessed."""
    found = assessed_on(patient)
    return tuple(day for day in days if found.get(day, set()) >= BOTH)


def missing_days(patient: Patient, window: Window, protocol: ProtocolDocument, through: date) -> tuple[date, ...]:
    """The scheduled days before a day on which not both were assessed."""
    days = tuple(day for day in scheduled_days(patient, window, protocol) if day < through)
    return tuple(sorted({*days} - {*done_days(patient, days)}))


def baseline_state(patient: Patient, baseline: int | None, today: date) -> BaselineState | None:
    """How the score before the first infusion stands of a child who is assessed by CAPD; nothing of another.

    It is practice (domain D) and no rule of the protocol: its absence is shown, and bars nothing.
    """
    at = patient.first_infusion_at
    delayed = any(seen.sheet.developmental_delay for seen in patient.ward.sheets.values())
    if not delayed and patient.age_on(at.date() if at is not None else today) >= ICE_FROM_YEARS:
        return None
    if baseline is not None:
        return "recorded"
    return "due" if at is None else "missing"
