"""What can happen around a patient's donor: candidates, their consent and eligibility, the selection, blood groups.

A donor is a pseudonymous number, the same that a collection of cells names.
"""

from typing import ClassVar, Literal

from pydantic import Field

from ledger.protocol.eligibility import DonorType
from ledger.types import FIRST_YEAR, LAST_YEAR, Commitment, Day, Event, Frozen, Instant, Line, Name, Several

CmvSerology = Literal["positive", "negative", "unknown"]
Abo = Literal["A", "B", "AB", "O"]
Rh = Literal["positive", "negative"]


class DonorCandidateRecorded(Event):
    """Someone may be the donor. Said anew where something about the donor has changed, such as the availability."""

    NAME: ClassVar[str] = "patient.donor-candidate-recorded.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("donor",)

    donor: Name
    type: DonorType
    relation: Line
    sex: Literal["female", "male"]
    birth_year: int = Field(ge=FIRST_YEAR, le=LAST_YEAR)
    cmv_serology: CmvSerology
    kir_ligand_mismatch: bool | None
    available_for_graft: bool
    available_for_nk_cells: bool
    notes: Commitment | None


class DonorConsentGiven(Event):
    """A donor, or the representative of one who is a minor, agreed in writing to give."""

    NAME: ClassVar[str] = "patient.donor-consent-given.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("donor", "form_version", "capacity", "signed_at")
    WHEN: ClassVar[str | None] = "signed_at"

    donor: Name
    form_version: Line
    capacity: Literal["donor", "representative"]
    for_graft: bool
    for_nk_cells: bool
    signed_at: Instant
    obtained_by: Name


class DonorEligibilityDetermined(Event):
    """An investigator signed whether a donor may give, on the infectious tests of a day."""

    NAME: ClassVar[str] = "patient.donor-eligibility-determined.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("donor",)

    donor: Name
    eligible: bool
    infectious_tests_on: Day
    basis: Commitment | None


class RankedDonor(Frozen):
    """A candidate at its place in the ranking, and what speaks for it or against it."""

    donor: Name
    reasons: Several[Line] = Field(min_length=1)


class DonorSelected(Event):
    """An investigator signed who gives graft and NK cells (I4). The ranking has its reasons (P13)."""

    NAME: ClassVar[str] = "patient.donor-selected.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ()

    donor: Name
    type: DonorType
    kir_ligand_mismatch: bool | None
    ranking: Several[RankedDonor] = Field(min_length=1)
    reason: Commitment | None


class BloodGroupDetermined(Event):
    """The blood group of one sample, of the recipient or of a donor (donor-2)."""

    NAME: ClassVar[str] = "patient.blood-group-determined.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("whose", "donor", "sample")

    whose: Literal["recipient", "donor"]
    donor: Name | None
    sample: Name
    sampled_on: Day
    abo: Abo
    rh: Rh


DONOR_EVENTS: tuple[type[Event], ...] = (
    DonorCandidateRecorded,
    DonorConsentGiven,
    DonorEligibilityDetermined,
    DonorSelected,
    BloodGroupDetermined,
)
