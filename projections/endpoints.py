"""The trial's secondary endpoints, as counts: response, lymphocytes, and the main outcomes of the transplant (P2).

Summarised are all who received NK cells and have been grafted, by the outcomes in force. Nothing is compared and
nothing is tested. The record names no time frame: the short term ends with the protocol document's day.

    response, MRD     the last one assessed up to that day
    acute GVHD        the worst grade up to that day, by the more cautious of table and investigator; *no* is counted
                      once the patient has been seen, or has died, on that day or later, or has died before it
    engraftment       *no* is counted at a primary graft failure or a death without engraftment
    non-relapse death a death with no relapse on record up to its day, whose cause is not a relapse
    survival          from day 0 to the death, or to the last day known alive
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Final, Literal, TypeVar

from ledger.decisions.outcome_effects import gravest_gvhd
from ledger.patient import outcomes as o
from ledger.patient.events import DeathRecorded
from ledger.patient.gvhd import ChronicGvhd
from ledger.patient.occasions import Assessed
from ledger.patient.state import Patient
from ledger.protocol.calendar import visit_days
from ledger.protocol.document import ProtocolDocument
from ledger.types import Exact, exact
from ledger.world import World
from projections.base import View
from projections.estimates import Share, SurvivalStep, middle, product_limit, share
from projections.follow_up import last_seen_on
from projections.outcomes import mrd_threshold

A = TypeVar("A", bound=Assessed)

WORST_LAST: Final = ("none", "mild", "moderate", "severe", "very-severe")


class Counted(View):
    """How many patients have it."""

    what: str
    patients: int


class EngraftmentSummary(View):
    """Engraftment of one kind of cells."""

    of: Literal["neutrophils", "platelets"]
    engrafted: Share
    days: tuple[int, ...]
    """The day of each patient, from day 0, in order."""
    median_day: Exact | None


class SubsetSummary(View):
    """A lymphocyte subset at a planned visit: of each patient the count nearest to the visit's day, in its window."""

    day: int
    subset: str
    patients: int
    lowest_cells_per_ul: Exact
    median_cells_per_ul: Exact
    highest_cells_per_ul: Exact


class Endpoints(View):
    """The descriptive summary."""

    patients: int
    """Who received NK cells and has been grafted."""
    short_term_through_day: int
    response: tuple[Counted, ...]
    mrd: tuple[Counted, ...]
    engraftment: tuple[EngraftmentSummary, ...]
    graft_failure: tuple[Counted, ...]
    acute_gvhd_2_to_4: Share
    acute_gvhd_3_to_4: Share
    chronic_gvhd: tuple[Counted, ...]
    """By the worst severity."""
    sos: tuple[Counted, ...]
    second_malignancies: int
    relapsed: int
    died: int
    non_relapse_deaths: int
    survival: tuple[SurvivalStep, ...]
    lymphocytes: tuple[SubsetSummary, ...]


def endpoints(world: World, protocol: ProtocolDocument) -> Endpoints:
    """The summary under a protocol version."""
    treated = sorted(world.participants.items())
    patients = [patient for _, patient in treated if patient.dosed and patient.transplant is not None]
    through = protocol.follow_up.short_term_through_day
    return Endpoints(
        patients=len(patients),
        short_term_through_day=through,
        response=_counted(_response(patient, through) for patient in patients),
        mrd=_counted(_mrd(patient, protocol, through) for patient in patients),
        engraftment=(_engraftment(patients, "neutrophils"), _engraftment(patients, "platelets")),
        graft_failure=_counted(each.failure for patient in patients for each in patient.follow_up.each(o.GraftFailure)),
        acute_gvhd_2_to_4=share(_gvhd(patient, 2, through) for patient in patients),
        acute_gvhd_3_to_4=share(_gvhd(patient, 3, through) for patient in patients),
        chronic_gvhd=_counted(
            _worst(each.severity for each in patient.follow_up.each(ChronicGvhd)) for patient in patients
        ),
        sos=_counted(_worst(each.severity for each in patient.follow_up.each(o.Sos)) for patient in patients),
        second_malignancies=sum(any(patient.follow_up.each(o.SecondMalignancy)) for patient in patients),
        relapsed=sum(patient.follow_up.relapsed_on is not None for patient in patients),
        died=sum(patient.death is not None for patient in patients),
        non_relapse_deaths=sum(_non_relapse_death(patient) for patient in patients),
        survival=product_limit(_observed(patient) for patient in patients),
        lymphocytes=tuple(_lymphocytes(patients, protocol)),
    )


def _counted(said: Iterable[str]) -> tuple[Counted, ...]:
    return tuple(Counted(what=what, patients=count) for what, count in sorted(Counter(said).items()))


def _day_zero(patient: Patient) -> date:
    assert patient.transplant is not None, patient.number
    return patient.transplant.at.date()


def _last(patient: Patient, kind: type[A], through: int) -> A | None:
    """The last of a kind that was assessed from day 0 up to a day."""
    found = (each for each in patient.follow_up.each(kind) if 0 <= (each.on - _day_zero(patient)).days <= through)
    return max(found, key=lambda each: each.on, default=None)


def _response(patient: Patient, through: int) -> str:
    last = _last(patient, o.DiseaseResponse, through)
    return last.response if last is not None else "not assessed"


def _mrd(patient: Patient, protocol: ProtocolDocument, through: int) -> str:
    last, threshold = _last(patient, o.Mrd, through), mrd_threshold(patient, protocol)
    if last is None:
        return "not assessed"
    if last.percent_of_nucleated_cells is None:
        return "not detected"
    if threshold is None:
        return "detected"
    return "above the threshold" if last.is_above(threshold) else "detected, not above the threshold"


def _engraftment(patients: Iterable[Patient], of: Literal["neutrophils", "platelets"]) -> EngraftmentSummary:
    answers: list[bool | None] = []
    days: list[int] = []
    for patient in patients:
        engrafted_on = patient.follow_up.engrafted_on(of)
        failed = any(each.failure == "primary" for each in patient.follow_up.each(o.GraftFailure))
        answers.append(True if engrafted_on else (False if failed or patient.death else None))
        days += [(engrafted_on - _day_zero(patient)).days] if engrafted_on else []
    return EngraftmentSummary(
        of=of,
        engrafted=share(answers),
        days=tuple(sorted(days)),
        median_day=middle(map(Fraction, days)) if days else None,
    )


def _gvhd(patient: Patient, at_least: int, through: int) -> bool | None:
    if gravest_gvhd(patient, through) >= at_least:
        return True
    observed, died = _observed(patient)
    return False if died or observed >= through else None


def _worst(severities: Iterable[str]) -> str:
    return max(severities, key=WORST_LAST.index, default="not assessed")


def _death(patient: Patient) -> DeathRecorded | None:
    event = patient.death.event if patient.death else None
    return event if isinstance(event, DeathRecorded) else None


def _non_relapse_death(patient: Patient) -> bool:
    death, relapsed_on = _death(patient), patient.follow_up.relapsed_on
    if death is None or death.cause == "relapse":
        return False
    return relapsed_on is None or relapsed_on > death.died_on


def _observed(patient: Patient) -> tuple[int, bool]:
    """The day of the death, or of the last time known alive, from day 0; and whether it is a death."""
    death = _death(patient)
    on = death.died_on if death is not None else last_seen_on(patient)
    return max(0, (on - _day_zero(patient)).days), death is not None


def _lymphocytes(patients: list[Patient], protocol: ProtocolDocument) -> Iterator[SubsetSummary]:
    """By visit, then by subset."""
    for visit in protocol.follow_up.visits:
        found: dict[str, list[Fraction]] = {}
        for patient in patients:
            on, from_on, through_on = visit_days(visit, _day_zero(patient))
            for subset, cells in _nearest(patient, on, from_on, through_on).items():
                found.setdefault(subset, []).append(cells)
        for subset, counts in sorted(found.items()):
            yield SubsetSummary(
                day=visit.day,
                subset=subset,
                patients=len(counts),
                lowest_cells_per_ul=str(min(counts)),
                median_cells_per_ul=middle(counts),
                highest_cells_per_ul=str(max(counts)),
            )


def _nearest(patient: Patient, on: date, from_on: date, through_on: date) -> Mapping[str, Fraction]:
    """The count of each subset that was found nearest to a day, and of two as near the earlier one."""
    found = [each for each in patient.follow_up.each(o.LymphocyteSubset) if from_on <= each.on <= through_on]
    found.sort(key=lambda each: (abs((each.on - on).days), each.on), reverse=True)
    return {each.subset: exact(each.cells_per_ul) for each in found}
