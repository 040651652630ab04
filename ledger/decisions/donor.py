"""A donor is found, consents, is examined and selected; blood groups are determined."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, Literal

from pydantic import Field

from ledger import refusals as no
from ledger.decisions.docket import (
    AlreadySo,
    Decisions,
    Docket,
    Entries,
    Follows,
    PatientCommand,
    Reports,
    decided,
    not_in_the_future,
    query,
    report,
)
from ledger.decisions.donor_standing import against_standing, last_sample_day, tests_hold
from ledger.decisions.permits import against_screening
from ledger.errors import LedgerError
from ledger.patient import donors as d
from ledger.patient.state import Patient
from ledger.protocol.eligibility import DonorType
from ledger.types import FIRST_YEAR, LAST_YEAR, Commitment, Day, Instant, Line, Name, Several


class RecordDonorCandidate(PatientCommand):
    """Record who may be the donor, or what has changed about one."""

    donor: Name
    type: DonorType
    relation: Line
    sex: Literal["female", "male"]
    birth_year: int = Field(ge=FIRST_YEAR, le=LAST_YEAR)
    cmv_serology: d.CmvSerology = "unknown"
    kir_ligand_mismatch: bool | None = None
    available_for_graft: bool
    available_for_nk_cells: bool
    notes: Commitment | None = None


class RecordDonorConsent(PatientCommand):
    """Record a donor's signed consent."""

    donor: Name
    form_version: Line
    capacity: Literal["donor", "representative"] = "donor"
    for_graft: bool = True
    for_nk_cells: bool = True
    signed_at: Instant
    obtained_by: Name


class DetermineDonorEligibility(PatientCommand):
    """Sign whether a donor may give, on the infectious tests of a day."""

    donor: Name
    eligible: bool
    infectious_tests_on: Day
    basis: Commitment | None = None


class SelectDonor(PatientCommand):
    """Sign who gives the graft and the NK cells, with the ranking of the candidates and its reasons.

    `reason` says why another donor than the one selected before.
    """

    donor: Name
    ranking: Several[d.RankedDonor] = Field(min_length=1)
    reason: Commitment | None = None


class RecordBloodGroup(PatientCommand):
    """Record the blood group of one sample. `donor` is null for the recipient."""

    whose: Literal["recipient", "donor"]
    donor: Name | None = None
    sample: Name
    sampled_on: Day
    abo: d.Abo
    rh: d.Rh


def record_donor_candidate(docket: Docket, command: RecordDonorCandidate) -> Follows:
    patient = docket.patient(command.patient)
    if command.birth_year > docket.today.year:
        raise no.OccurrenceInTheFuture("the donor is born later than today")
    return report(docket, patient.stream, d.DonorCandidateRecorded(**command.model_dump(exclude={"patient"})))


def record_donor_consent(docket: Docket, command: RecordDonorConsent) -> Follows:
    patient = docket.patient(command.patient)
    _known(patient, command.donor)
    return report(docket, patient.stream, d.DonorConsentGiven(**command.model_dump(exclude={"patient"})))


def _known(patient: Patient, donor: str) -> d.DonorCandidateRecorded:
    candidate = patient.donors.candidate(donor)
    if candidate is None:
        raise no.NoSuchDonor(f"patient {patient.number}: donor {donor}")
    return candidate


def determine_donor_eligibility(docket: Docket, command: DetermineDonorEligibility) -> Follows:
    """Eligible only on infectious tests that are recent enough (FACT: 30 days); not eligible at any time."""
    docket.signer("principal_investigator", "investigator")
    patient, rules = docket.patient(command.patient), docket.protocol().donor
    _known(patient, command.donor)
    event = d.DonorEligibilityDetermined(**command.model_dump(exclude={"patient"}))
    not_in_the_future(docket, event)

    def broken() -> Iterator[LedgerError]:
        yield from against_screening(patient)
        if command.eligible and not tests_hold(rules, command.infectious_tests_on, docket.judged_on):
            yield no.DonorTestsTooOld(f"donor {command.donor}")

    return decided(docket, patient.stream, event, broken())


def select_donor(docket: Docket, command: SelectDonor) -> Follows:
    """A candidate of a type of the protocol, who consented, is eligible and gives graft and NK cells (I4). The ranking
    (P13) names the candidates with what speaks for each; any of them may be selected."""
    docket.signer("principal_investigator", "investigator")
    patient = docket.patient(command.patient)
    candidate, selected = _known(patient, command.donor), patient.donors.selected
    ranked = [each.donor for each in command.ranking]
    if len(set(ranked)) < len(ranked) or command.donor not in ranked or not set(ranked) <= set(patient.donors.known):
        raise no.FindingsContradict("the ranking names candidates, each once, and the selected one among them")
    if selected is not None and selected.event.donor != command.donor and command.reason is None:
        raise no.ReasonMissing("reason")
    event = d.DonorSelected(
        donor=command.donor,
        type=candidate.type,
        kir_ligand_mismatch=candidate.kir_ligand_mismatch,
        ranking=command.ranking,
        reason=command.reason,
    )
    return decided(docket, patient.stream, event, _against_selection(docket, patient, command.donor))


def _against_selection(docket: Docket, patient: Patient, donor: str) -> Iterator[LedgerError]:
    protocol = docket.protocol()
    yield from against_screening(patient)
    yield from against_standing(patient, protocol, donor)
    determined = patient.donors.determination(donor)
    if determined and not tests_hold(protocol.donor, determined.event.infectious_tests_on, docket.judged_on):
        yield no.DonorTestsTooOld(f"donor {donor}")


def record_blood_group(docket: Docket, command: RecordBloodGroup) -> Follows:
    """One sample has one group. Where two samples of a person disagree, both stand and a query is raised."""
    patient = docket.patient(command.patient)
    if (command.whose == "donor") != (command.donor is not None):
        raise no.FindingsContradict("a donor is named exactly where the sample is a donor's")
    if command.donor is not None:
        _known(patient, command.donor)
    event = d.BloodGroupDetermined(**command.model_dump(exclude={"patient"}))
    follows = report(docket, patient.stream, event)
    if isinstance(follows, AlreadySo) or follows[0].conflicts_with is not None:
        return follows
    return (*follows, *_disagrees(docket, patient, event))


def _disagrees(docket: Docket, patient: Patient, event: d.BloodGroupDetermined) -> Entries:
    """The query that the first earlier sample with another group raises; a graft changes the recipient's group."""
    last = last_sample_day(patient, event.donor, docket.today)
    for told in patient.donors.blood_groups:
        other = told.event
        counted = other.donor == event.donor and max(other.sampled_on, event.sampled_on) <= last
        if counted and told.position != docket.asked.corrects and (other.abo, other.rh) != (event.abo, event.rh):
            return query(docket, patient.stream, told.position, event)
    return ()


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RecordDonorCandidate: record_donor_candidate,
        RecordDonorConsent: record_donor_consent,
        DetermineDonorEligibility: determine_donor_eligibility,
        SelectDonor: select_donor,
        RecordBloodGroup: record_blood_group,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "donor-candidate": RecordDonorCandidate,
        "donor-consent": RecordDonorConsent,
        "blood-group": RecordBloodGroup,
    }
)
