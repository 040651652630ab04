"""A patient's donors: the candidates with what stands against each, the ranking and the selection, the blood groups."""

from datetime import date, datetime, timedelta
from typing import Literal

from ledger.decisions.donor_standing import against_standing, donor_of, last_sample_day, tests_hold
from ledger.patient.donors import CmvSerology, RankedDonor
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.eligibility import DonorType
from ledger.types import Day
from ledger.world import World
from projections.base import View
from projections.broken import BrokenRule

BloodGroupState = Literal["missing", "not confirmed", "confirmed", "samples disagree"]


class CandidateView(View):
    """A candidate, as last recorded."""

    donor: str
    type: DonorType
    relation: str
    sex: Literal["female", "male"]
    birth_year: int
    cmv_serology: CmvSerology
    kir_ligand_mismatch: bool | None
    available_for_graft: bool
    available_for_nk_cells: bool
    consented: bool
    """A consent is on record, for the graft or for NK cells."""
    eligible: bool | None
    """As determined; null where nothing is."""
    infectious_tests_on: Day | None
    tests_hold_through: Day | None
    """The last day for which these tests are recent enough for a selection or a collection."""
    tests_hold: bool
    """Whether they are today."""
    broken: tuple[BrokenRule, ...]
    """What stands against this one giving graft and NK cells; none where nothing does."""


class BloodGroupView(View):
    """The blood group of the recipient or of a donor, by the samples that count."""

    whose: Literal["recipient", "donor"]
    donor: str | None
    groups: tuple[str, ...]
    """Each group that a sample gave, such as `A positive`; more than one where samples disagree."""
    samples: int
    state: BloodGroupState


class DonorsView(View):
    """Who may give, who was selected, and why."""

    patient: str
    candidates: tuple[CandidateView, ...]
    selected: str | None
    """The donor in force: of the graft, once it was infused."""
    type: DonorType | None
    kir_ligand_mismatch: bool | None
    selected_position: int | None
    """The position of the selection in force."""
    ranking: tuple[RankedDonor, ...]
    """As it was signed with the selection in force."""
    blood_groups: tuple[BloodGroupView, ...]


def donors(world: World, protocol: ProtocolDocument, number: str, now: datetime) -> DonorsView:
    """The donors of a patient who is on record, on the day at the patient's site."""
    patient = world.patients[number]
    selected, today = patient.donors.selected, world.patient_day(number, now)
    return DonorsView(
        patient=number,
        candidates=tuple(_candidate(patient, protocol, donor, today) for donor in patient.donors.known),
        selected=donor_of(patient),
        type=selected.event.type if selected else None,
        kir_ligand_mismatch=selected.event.kir_ligand_mismatch if selected else None,
        selected_position=selected.position if selected else None,
        ranking=selected.event.ranking if selected else (),
        blood_groups=tuple(_blood_group(patient, protocol, whose, today) for whose in (None, *patient.donors.known)),
    )


def _candidate(patient: Patient, protocol: ProtocolDocument, donor: str, today: date) -> CandidateView:
    said, determined = patient.donors.candidate(donor), patient.donors.determination(donor)
    assert said is not None, donor
    tests_on = determined.event.infectious_tests_on if determined else None
    return CandidateView(
        **said.model_dump(exclude={"notes"}),
        consented=bool(patient.donors.consents_of(donor)),
        eligible=determined.event.eligible if determined else None,
        infectious_tests_on=tests_on,
        tests_hold_through=tests_on + timedelta(days=protocol.donor.infectious_tests_valid_days) if tests_on else None,
        tests_hold=tests_on is not None and tests_hold(protocol.donor, tests_on, today),
        broken=tuple(map(BrokenRule.of, against_standing(patient, protocol, donor))),
    )


def _blood_group(patient: Patient, protocol: ProtocolDocument, whose: str | None, today: date) -> BloodGroupView:
    group = patient.donors.blood_group(whose, last_sample_day(patient, whose, today))
    state: BloodGroupState = "not confirmed" if group.samples else "missing"
    if group.disagree:
        state = "samples disagree"
    elif group.samples and group.confirmed(protocol.donor.blood_group_samples):
        state = "confirmed"
    return BloodGroupView(
        whose="recipient" if whose is None else "donor",
        donor=whose,
        groups=tuple(sorted(f"{abo} {rh}" for abo, rh in group.groups)),
        samples=group.samples,
        state=state,
    )
