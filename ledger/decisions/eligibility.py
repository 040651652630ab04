"""What is on record of a patient as the rules of eligibility read it, and the hash of the verdicts that they give.

Of several findings under one word the one found last counts, and of those of one day the one recorded last; what was
found after the day in question is not there yet. A corrected finding is replaced.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from ledger.decisions.donor_standing import donor_stands
from ledger.decisions.standing import canonical_hash
from ledger.eligibility.facts import Found, PatientFacts, Said
from ledger.eligibility.matrix import matrix
from ledger.eligibility.verdict import ATTESTATION, Verdict
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.world import World


def verdicts(
    world: World, patient: Patient, protocol: ProtocolDocument, on: date, *, consented: bool
) -> tuple[Verdict, ...]:
    """The eligibility matrix of a screened patient on a day; `consented`: whether consent is valid on it."""
    facts = patient_facts(patient, protocol, on, consented=consented)
    return matrix(protocol, facts, on, readings=world.trial.interpretations)


def patient_facts(patient: Patient, protocol: ProtocolDocument, on: date, *, consented: bool) -> PatientFacts:
    """A screened patient as the matrix asks for one. Consent and donor are established from the record."""
    assert patient.screened is not None, patient.number
    assert patient.entered is not None, patient.number
    return PatientFacts(
        birth_year_month=patient.screened.birth_year_month,
        sex=patient.screened.sex,
        screened_position=patient.entered.position,
        findings=_newest(patient, on),
        attested=_said(patient.attested),
        determinations=_said(patient.determinations),
        established=tuple(_established(patient, protocol, consented=consented)),
    )


def _established(patient: Patient, protocol: ProtocolDocument, *, consented: bool) -> Iterator[Said]:
    """What other rules find in the record: valid consent, and a selected donor who is one still."""
    if protocol.consent.criterion is not None:
        yield Said(criterion=protocol.consent.criterion, met=consented, position=None)
    if protocol.donor.criterion is not None:
        position = patient.donors.selected.position if patient.donors.selected else None
        yield Said(criterion=protocol.donor.criterion, met=donor_stands(patient, protocol), position=position)


def _newest(patient: Patient, on: date) -> tuple[Found, ...]:
    """The newest finding under each word, of those found by a day."""
    newest: dict[str, Found] = {}
    known = sorted(patient.findings.items(), key=lambda entry: (entry[1].found_on, entry[0]))
    for position, event in known:
        if event.found_on <= on:
            newest[event.word] = Found(finding=event.finding, position=position, found_on=event.found_on)
    return tuple(newest.values())


def _said(verdicts: Mapping[str, tuple[int, bool]]) -> tuple[Said, ...]:
    said = sorted(verdicts.items())
    return tuple(Said(criterion=criterion, met=met, position=position) for criterion, (position, met) in said)


def may_be_attested(verdict: Verdict) -> bool:
    """Whether a person answers the criterion: as the protocol says, or because no rule reaches this patient."""
    return verdict.basis == "attested" or ATTESTATION in verdict.missing


def checklist_hash(given: tuple[Verdict, ...]) -> str:
    """The hash of a signed checklist: every verdict, by whom, and the inputs that it rests on. Sentences are not in it:
    they say the same in words."""
    return canonical_hash([each.model_dump(mode="json", exclude={"because"}) for each in given])
