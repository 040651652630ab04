"""Where a patient's donor stands: who may be selected, who gives, and whose blood group is known (I4, domain E.1)."""

from collections.abc import Iterator
from datetime import date, timedelta

from ledger import refusals as no
from ledger.errors import Refused
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.eligibility import DonorRules, DonorType

Broken = Iterator[Refused]


def against_standing(patient: Patient, protocol: ProtocolDocument, donor: str) -> Broken:
    """Why someone is no donor for graft and NK cells: type, consent, eligibility, availability (I4)."""
    candidate, detail = patient.donors.candidate(donor), f"patient {patient.number}: donor {donor}"
    if candidate is None:
        yield no.DonorNotAvailable(detail)
        return
    if candidate.type not in protocol.donor.types:
        yield no.DonorTypeNotInProtocol(detail)
    consents = patient.donors.consents_of(donor)
    if not (any(each.for_graft for each in consents) and any(each.for_nk_cells for each in consents)):
        yield no.DonorConsentMissing(detail)
    determined = patient.donors.determination(donor)
    if determined is None or not determined.event.eligible:
        yield no.DonorNotEligible(detail)
    if not (candidate.available_for_graft and candidate.available_for_nk_cells):
        yield no.DonorNotAvailable(detail)


def tests_hold(rules: DonorRules, tests_on: date, on: date) -> bool:
    """Whether infectious tests of a day are from the protocol's days before another one."""
    return timedelta(0) <= on - tests_on <= timedelta(days=rules.infectious_tests_valid_days)


def donor_stands(patient: Patient, protocol: ProtocolDocument) -> bool:
    """Whether a donor is selected, and is still one for graft and NK cells."""
    selected = patient.donors.selected
    return selected is not None and next(against_standing(patient, protocol, selected.event.donor), None) is None


def donor_of(patient: Patient) -> str | None:
    """Whose cells the patient gets: of whom the graft was, or else the selected donor."""
    if patient.transplant and patient.transplant.event.donor:
        return patient.transplant.event.donor
    selected = patient.donors.selected
    return selected.event.donor if selected else None


def donor_type_of(patient: Patient) -> DonorType | None:
    """The type of that donor, where it was recorded."""
    donor = donor_of(patient)
    candidate = patient.donors.candidate(donor) if donor else None
    return candidate.type if candidate else None


def against_cells_of(patient: Patient, protocol: ProtocolDocument, donor: str | None) -> Broken:
    """Why cells of a donor are not the patient's: they are of the donor of the graft (domain G.4-4)."""
    wanted = donor_of(patient)
    if wanted is None:
        if protocol.donor.criterion is not None:
            yield no.DonorNotSelected(f"patient {patient.number}")
    elif donor != wanted:
        yield no.CellsOfAnotherDonor(f"patient {patient.number}")


def against_blood_groups(patient: Patient, protocol: ProtocolDocument, donor: str | None, on: date) -> Broken:
    """Recipient and donor each have a blood group, by as many independent samples as the protocol asks for.

    After the graft the recipient's group becomes the donor's: samples of the recipient taken later say nothing.
    """
    for whose in due_blood_groups(patient, protocol, donor, on):
        yield no.BloodGroupNotConfirmed(f"patient {patient.number}: {whose or 'recipient'}")


def due_blood_groups(patient: Patient, protocol: ProtocolDocument, donor: str | None, on: date) -> Iterator[str | None]:
    """Whose blood group is not confirmed by samples taken by a day: the recipient (null), the donor."""
    needed = protocol.donor.blood_group_samples
    for whose in (None, *((donor,) if donor else ())):
        if needed and not patient.donors.blood_group(whose, last_sample_day(patient, whose, on)).confirmed(needed):
            yield whose


def last_sample_day(patient: Patient, whose: str | None, on: date) -> date:
    """The last day on which a sample counts: of the recipient, the day of the graft at the latest."""
    return min(on, patient.transplant.at.date()) if whose is None and patient.transplant else on
