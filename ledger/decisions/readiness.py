"""Readiness for an infusion (P6): what people report, compared with what the record says.

Steroids are computed from the medication on record at the patient's weight (A.3-11), reactions from the adverse events
since infusion 1 (A.3-12). Of the reported number and the computed one the higher decides; both are kept, and where the
record says more than was reported, a query is raised. A steroid on record that cannot be converted fails the check
until somebody says that the reported number counts it. When the infusion is authorised, all of it is judged once more
on the facts then on record, newer ward sheets among them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.consent import against_collecting
from ledger.decisions.docket import (
    CLOCK_TOLERANCE,
    AlreadySo,
    Decisions,
    Docket,
    Entries,
    Follows,
    PatientCommand,
    Reports,
    judged_report,
)
from ledger.decisions.permits import in_plan
from ledger.errors import Refused
from ledger.grading.astct_crs import POSITIVE_PRESSURE
from ledger.grading.steroids import SteroidDose, SteroidExposure, steroid_exposure
from ledger.patient import infusions as i
from ledger.patient.review import QueryRaised
from ledger.patient.state import AdverseEvent, Patient
from ledger.patient.ward import ConcomitantMedicationGiven
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.treatment import Readiness
from ledger.record import Entry
from ledger.types import Amount, Count, Instant, Ordinal, exact

MG: Final = {"mg": Fraction(1), "g": Fraction(1000), "ug": Fraction(1, 1000)}
"""Units that are some mg whatever the patient weighs; `mg/kg` is the only other that a dose is counted in."""

ON_RECORD_ABOVE_REPORTED: Final = "readiness: the record says more than was reported"


class AssessReadiness(PatientCommand):
    """Record the protocol's checks before an infusion. The third is for later infusions only.

    `counts_steroids_not_converted`: the prednisone equivalent counts what is on record and cannot be converted.
    """

    ordinal: Ordinal
    assessed_at: Instant
    oxygen_assessed_at: Instant
    prednisone_equivalent_mg_per_kg_per_day_max_in_72_h: Amount
    counts_steroids_not_converted: bool = False
    uncontrolled_infection: bool
    ventilator: bool
    oxygen_l_per_min: Amount
    nonhaematologic_reactions_count: Count | None = None


def assess_readiness(docket: Docket, command: AssessReadiness) -> Follows:
    """P6: four checks, judged by the protocol's limits; exactly at a limit passes (A.3-11, A.3-14)."""
    patient, protocol = docket.patient(command.patient), in_plan(docket, command.ordinal)
    event = i.ReadinessAssessed(ordinal=command.ordinal, items=tuple(_items(command, patient, protocol)))
    follows = judged_report(
        docket, patient.stream, event, lambda said: against_collecting(patient, said.items[0].assessed_at)
    )
    return follows if isinstance(follows, AlreadySo) else (*follows, *_asked(docket, patient, event))


def _asked(docket: Docket, patient: Patient, event: i.ReadinessAssessed) -> Entries:
    """A query, where the record says more than was reported."""
    more = any(
        exact(item.prednisone_equivalent_on_record_mg_per_kg_per_day or "0")
        > exact(item.prednisone_equivalent_mg_per_kg_per_day or "0")
        or (item.reactions_on_record_count or 0) > (item.reactions_count or 0)
        for item in event.items
    )
    if not more:
        return ()
    number, about = len(patient.review.queries) + 1, docket.world.size
    raised = QueryRaised(query=number, about=about, kind=ON_RECORD_ABOVE_REPORTED, text=None)
    return (Entry(patient.stream, raised),)


def _items(command: AssessReadiness, patient: Patient, protocol: ProtocolDocument) -> Iterator[i.ReadinessItem]:
    limits, at, air_at = protocol.readiness, command.assessed_at, command.oxygen_assessed_at
    yield _steroids(command, patient, limits)
    infection = command.uncontrolled_infection
    yield i.ReadinessItem(check="infection", met=not infection, assessed_at=at, uncontrolled_infection=infection)
    if command.ordinal in limits.nonhaematologic_ordinals:
        stated = command.nonhaematologic_reactions_count
        if stated is None:
            raise no.FindingsContradict("nonhaematologic_reactions_count is asked for before this infusion")
        related, unrelated = reactions(patient, limits.nonhaematologic_grade_min)
        yield i.ReadinessItem(
            check="nonhaematologic-reaction",
            met=max(stated, related) == 0,
            assessed_at=at,
            reactions_count=stated,
            reactions_on_record_count=related,
            unrelated_reactions_count=unrelated,
        )
    on_air = command.ventilator
    yield i.ReadinessItem(check="ventilator", met=not on_air, assessed_at=air_at, ventilator=on_air)
    oxygen = command.oxygen_l_per_min
    yield i.ReadinessItem(
        check="oxygen",
        met=exact(oxygen) <= exact(limits.oxygen_l_per_min_max),
        assessed_at=air_at,
        oxygen_l_per_min=oxygen,
    )


def _steroids(command: AssessReadiness, patient: Patient, limits: Readiness) -> i.ReadinessItem:
    reported = command.prednisone_equivalent_mg_per_kg_per_day_max_in_72_h
    found, most = exposure(patient, limits, command.ordinal, command.assessed_at), _most(limits)
    unknown, counted = found.agents_unknown, command.counts_steroids_not_converted
    on_record = found.highest_through is not None or unknown
    return i.ReadinessItem(
        check="steroids",
        met=exact(reported) <= most and found.known_mg_per_kg_per_day <= most and (counted or not unknown),
        assessed_at=command.assessed_at,
        prednisone_equivalent_mg_per_kg_per_day=reported,
        prednisone_equivalent_on_record_mg_per_kg_per_day=found.rounded_up if on_record else None,
        steroids_not_converted=unknown,
        steroids_not_converted_counted=counted if unknown else None,
        steroid_table_version=found.table_version if on_record else None,
    )


def _most(limits: Readiness) -> Fraction:
    return exact(limits.steroid_prednisone_mg_per_kg_per_day_max)


def exposure(patient: Patient, limits: Readiness, ordinal: int, before: datetime) -> SteroidExposure:
    """The steroids on record in the protocol's hours before an instant, at the weight of the infusion."""
    weight_kg = _weight_kg(patient, ordinal)
    doses = [
        SteroidDose(given.agent, _mg(given, weight_kg), _counted_at(patient, given, before))
        for given in patient.ward.medication.values()
        if given.acts_as == "corticosteroid" or limits.prednisone_mg(given.agent, Fraction(1)) is not None
    ]
    return steroid_exposure(doses, before=before, weight_kg=weight_kg or Fraction(1), readiness=limits)


def _counted_at(patient: Patient, given: ConcomitantMedicationGiven, before: datetime) -> datetime:
    """When a dose counts: when it was given; what runs for hours, and is not converted, as long as it runs."""
    if not given.continuous or given.given_at > before:
        return given.given_at
    ended_at = patient.ward.ended_at(given)
    return before if ended_at is None else min(ended_at, before)


def _mg(given: ConcomitantMedicationGiven, weight_kg: Fraction | None) -> Fraction | None:
    """A dose in mg; nothing for one that cannot be told in mg per kg of this patient."""
    if given.dose is None or given.continuous or weight_kg is None:
        return None
    if given.dose_unit == "mg/kg":
        return exact(given.dose) * weight_kg
    factor = MG.get(given.dose_unit or "")
    return None if factor is None else exact(given.dose) * factor


def _weight_kg(patient: Patient, ordinal: int) -> Fraction | None:
    """The weight of the infusion's plan, or else the newest on record."""
    own = patient.doses.get(ordinal)
    newest = max(patient.doses.values(), key=lambda dose: dose.weighed_on, default=None)
    return exact((own or newest).weight_kg) if own or newest else None  # type: ignore[union-attr]


def reactions(patient: Patient, grade_min: int) -> tuple[int, int]:
    """Non-haematological reactions of the grade since infusion 1, resolved or not: those that are related or not yet
    attributed, and those found unrelated (A.3-12)."""
    first = patient.infusions.get(1)
    since = (first.started.started_at if first.started else None) if first else None
    counted = [event for event in patient.adverse_events.values() if _is_reaction(event, grade_min, since)]
    related = sum(event.related for event in counted)
    return related, len(counted) - related


def _is_reaction(event: AdverseEvent, grade_min: int, since: datetime | None) -> bool:
    high = max(event.ctcae_grade or 0, event.grade or 0) >= grade_min
    return high and not event.report.haematologic and (since is None or event.report.onset_at >= since)


def against_readiness(docket: Docket, patient: Patient, ordinal: int, protocol: ProtocolDocument) -> Iterator[Refused]:
    """Why a patient is not ready now: a check missing, too old or not met, or no longer met on what is on record."""
    noted = patient.readiness.get(ordinal)
    items: tuple[i.ReadinessItem, ...] = noted.event.items if noted else ()  # type: ignore[attr-defined]
    limits = protocol.readiness
    unasked = ordinal in limits.nonhaematologic_ordinals and not any(map(_of_reactions, items))
    if not items or unasked:
        yield no.ReadinessNotMet(f"infusion {ordinal}")
    for item in items:
        hours = limits.oxygen_valid_hours if item.check in ("oxygen", "ventilator") else limits.valid_hours
        if not item.met or not -CLOCK_TOLERANCE <= docket.judged_at - item.assessed_at <= timedelta(hours=hours):
            yield no.ReadinessNotMet(f"infusion {ordinal}: {item.check}")
        elif _broken_since(patient, item, limits, ordinal, docket.judged_at):
            yield no.ReadinessNotMet(f"infusion {ordinal}: {item.check}, by what is on record since")


def _of_reactions(item: i.ReadinessItem) -> bool:
    return item.check == "nonhaematologic-reaction"


def _broken_since(patient: Patient, item: i.ReadinessItem, limits: Readiness, ordinal: int, at: datetime) -> bool:
    """Whether the record now says otherwise than a check that was met."""
    match item.check:
        case "steroids":
            found = exposure(patient, limits, ordinal, at)
            counted = item.steroids_not_converted if item.steroids_not_converted_counted else ()
            return found.known_mg_per_kg_per_day > _most(limits) or bool({*found.agents_unknown} - {*counted})
        case "nonhaematologic-reaction":
            return reactions(patient, limits.nonhaematologic_grade_min)[0] > 0
        case "oxygen" | "ventilator":
            return any(_breathes_worse(patient, item, limits, at))
        case "infection":
            return False


def _breathes_worse(patient: Patient, item: i.ReadinessItem, limits: Readiness, at: datetime) -> Iterator[bool]:
    """Of the newest ward sheet after the check that says what the patient breathes with."""
    later = [e.sheet for _, e in patient.ward.by_time() if item.assessed_at < e.assessed_at <= at]
    said = [sheet for sheet in later if sheet.oxygen_device is not None]
    for sheet in said[-1:]:
        if item.check == "ventilator":
            yield sheet.oxygen_device in POSITIVE_PRESSURE
        else:
            yield exact(sheet.oxygen_l_per_min or "0") > exact(limits.oxygen_l_per_min_max)


DECISIONS: Final[Decisions] = MappingProxyType({AssessReadiness: assess_readiness})

REPORTS: Final[Reports] = MappingProxyType({"readiness": AssessReadiness})
