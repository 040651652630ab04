"""A patient as represented under the patient's own version, and the list of patients. Nothing in it moves with the
clock or with another stream."""

from collections.abc import Iterator
from typing import Literal

from ledger.patient import state as p
from ledger.patient.events import DeathRecorded, PatientOffStudy
from ledger.types import Day, Exact, Instant
from ledger.world import World
from projections.base import View

Status = Literal["screening", "screen_failed", "enrolled", "assigned", "dosed", "off_study", "dead"]


class InfusionView(View):
    """One infusion: planned, authorised, given or omitted."""

    ordinal: int
    planned_cells: Exact | None
    planned_cells_per_kg: Exact | None
    authorised_until: Instant | None
    started_at: Instant | None
    ended_at: Instant | None
    product: str | None
    cells: int | None
    cells_per_kg: Exact | None
    percent_of_plan: Exact | None
    omitted: str | None
    """Why it is not given."""


class CriterionView(View):
    """What a person said of an eligibility criterion, and the position that holds it."""

    criterion: str
    met: bool
    position: int


class PatientLine(View):
    """A patient in a list."""

    number: str
    version: int
    """The version of the stream: the entity tag is `"patient/<number>@<version>"`."""
    status: Status
    site: str | None
    level: int | None
    has_dlt: bool
    open_candidates: tuple[str, ...]


class PatientView(PatientLine):
    """A patient as the log stands."""

    birth_year_month: str | None
    sex: str | None
    consents: tuple[int, ...]
    """The positions of the consents in force."""
    withdrawn: str | None
    criteria: tuple[CriterionView, ...]
    """Those that people answered; what is computed stands in the eligibility matrix."""
    eligible_under: int | None
    """The protocol version under which eligibility was confirmed."""
    phase: Literal["I", "II"] | None
    planned_transplant_on: Day | None
    transplanted_at: Instant | None
    sentinel: bool
    infusions: tuple[InfusionView, ...]
    adverse_events: tuple[int, ...]
    """Their numbers."""
    died_on: Day | None
    off_study_on: Day | None
    off_study_cause: str | None
    deviations: int
    open_queries: int


def patients(world: World, after: str = "") -> Iterator[PatientLine]:
    """All patients, by number; those after one, where it is said."""
    numbers = sorted(number for number in world.patients if number > after)
    return (PatientLine.model_validate(_line(world.patients[number])) for number in numbers)


def patient(world: World, number: str) -> PatientView | None:
    """One patient; none where the ledger has never heard of the number."""
    known = world.patients.get(number)
    if known is None:
        return None
    screened, enrolled = known.screened, known.enrolled
    return PatientView.model_validate(
        {
            **_line(known),
            "birth_year_month": screened.birth_year_month if screened else None,
            "sex": screened.sex if screened else None,
            "consents": tuple(sorted(known.consents)),
            "withdrawn": known.withdrawn,
            "criteria": _criteria(known),
            "eligible_under": known.eligible_under,
            "phase": enrolled.phase if enrolled else None,
            "planned_transplant_on": enrolled.planned_transplant_on if enrolled else None,
            "transplanted_at": known.transplant.at if known.transplant else None,
            "sentinel": known.sentinel,
            "infusions": tuple(_infusion(known, ordinal) for ordinal in sorted({*known.doses, *known.infusions})),
            "adverse_events": tuple(sorted(known.adverse_events)),
            **_end(known),
            "deviations": known.deviations,
            "open_queries": len(known.review.open_queries),
        }
    )


def _line(known: p.Patient) -> dict[str, object]:
    return {
        "number": known.number,
        "version": known.version,
        "status": status_of(known),
        "site": known.screened.site if known.screened else None,
        "level": known.level,
        "has_dlt": known.has_dlt,
        "open_candidates": known.open_candidates,
    }


def status_of(known: p.Patient) -> Status:
    """How far the patient has come, the way out first."""
    if known.death:
        return "dead"
    if known.off_study:
        return "off_study"
    if known.dosed:
        return "dosed"
    if known.level is not None:
        return "assigned"
    if known.enrolled:
        return "enrolled"
    return "screen_failed" if known.screen_failed else "screening"


def _criteria(known: p.Patient) -> tuple[CriterionView, ...]:
    return tuple(
        CriterionView(criterion=criterion, met=met, position=position)
        for criterion, (position, met) in sorted((*known.attested.items(), *known.determinations.items()))
    )


def _end(known: p.Patient) -> dict[str, object]:
    death = known.death.event if known.death else None
    off = known.off_study.event if known.off_study else None
    return {
        "died_on": death.died_on if isinstance(death, DeathRecorded) else None,
        "off_study_on": off.off_on if isinstance(off, PatientOffStudy) else None,
        "off_study_cause": off.cause if isinstance(off, PatientOffStudy) else None,
    }


def _infusion(known: p.Patient, ordinal: int) -> InfusionView:
    dose, authorised = known.doses.get(ordinal), known.authorised.get(ordinal)
    infusion = known.infusions.get(ordinal) or p.Infusion(ordinal)
    started, done = infusion.started, infusion.completed
    return InfusionView(
        ordinal=ordinal,
        planned_cells=dose.cells if dose else None,
        planned_cells_per_kg=dose.cells_per_kg if dose else None,
        authorised_until=authorised.valid_until if authorised else None,
        started_at=started.started_at if started else None,
        ended_at=done.ended_at if done else None,
        product=done.product if done else (started.product if started else None),
        cells=done.cells if done else None,
        cells_per_kg=done.cells_per_kg if done else None,
        percent_of_plan=done.percent_of_plan if done else None,
        omitted=infusion.omitted.cause if infusion.omitted else None,
    )
