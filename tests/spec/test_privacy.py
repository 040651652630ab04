"""The free texts about a patient are erased, or one of them redacted: one person asks, another confirms."""

import pytest

from ledger.decisions import privacy
from ledger.decisions.quarantine import ResolveQuarantine
from ledger.decisions.safety import ReportAdverseEvent
from ledger.decisions.whose_text import subject_of
from ledger.record import Actor
from ledger.refusals import (
    NoSuchPatient,
    NoSuchRecord,
    NoSuchRequest,
    NoSuchText,
    NotDelegated,
    NothingToErase,
    OnePersonAlone,
)
from ledger.trial.privacy import ErasureRequested, RedactionRequested, TextErased, TextRedacted
from tests.bench import DRUG_SAFETY, INVESTIGATOR, NURSE, PI, SPONSOR, START, Bench
from tests.spec.story import told


def narrated(bench: Bench, patient: str = "001", said: str = "The mother called") -> str:
    """A fever of a patient with a narrative; its commitment."""
    narrative = bench.seal(said)
    bench.ask(
        ReportAdverseEvent(patient=patient, term="Fever", serious=False, onset_at=START, narrative=narrative), NURSE
    )
    return narrative


def asked(bench: Bench) -> privacy.RequestErasure:
    return privacy.RequestErasure(
        patient="001", legal_basis="gdpr-17-request", explanation=bench.seal("The letter is on file")
    )


CONFIRMED = privacy.ConfirmErasure(patient="001", erasure=1)


def test_two_people_erase_the_texts_about_a_patient() -> None:
    bench = told("1A")
    narrative = narrated(bench)
    kept = bench.texts_about(("patient/001",))
    (request,) = bench.ask(asked(bench), SPONSOR)
    (erased,) = bench.ask(CONFIRMED, PI)
    assert isinstance(request, ErasureRequested)
    assert isinstance(erased, TextErased)
    assert narrative in kept
    assert (erased.subjects, erased.texts_count) == (("patient/001",), len(kept))
    assert erased.commitments_sha256 == privacy.commitments_hash(kept)
    assert bench.records[-1].stream == "trial"


@pytest.mark.parametrize("person", [SPONSOR, PI])
def test_who_asked_does_not_confirm(person: Actor) -> None:
    bench = told("1A")
    narrated(bench)
    bench.ask(asked(bench), person)
    with bench.refuses(OnePersonAlone):
        bench.ask(CONFIRMED, person)


@pytest.mark.parametrize("person", [INVESTIGATOR, NURSE, DRUG_SAFETY])
def test_others_neither_ask_for_an_erasure_nor_confirm_one(person: Actor) -> None:
    bench = told("1A")
    narrated(bench)
    with bench.refuses(NotDelegated):
        bench.ask(asked(bench), person)
    bench.ask(asked(bench), SPONSOR)
    with bench.refuses(NotDelegated):
        bench.ask(CONFIRMED, person)


def test_an_erasure_that_waits_is_not_asked_for_again() -> None:
    bench = told("1A")
    narrated(bench)
    bench.ask(asked(bench), SPONSOR)
    assert bench.ask(asked(bench), PI) == ()


def test_a_second_erasure_changes_nothing() -> None:
    bench = told("1A")
    narrated(bench)
    bench.ask(asked(bench), SPONSOR)
    for commitment in bench.texts_about(("patient/001",)):
        del bench.texts[commitment]
    bench.ask(CONFIRMED, PI)
    for command, person in ((CONFIRMED, SPONSOR), (CONFIRMED, PI), (asked(bench), SPONSOR)):
        assert bench.ask(command, person) == ()


def test_what_is_told_after_an_erasure_can_be_erased_too() -> None:
    bench = told("1A")
    narrated(bench)
    bench.ask(asked(bench), SPONSOR)
    for commitment in bench.texts_about(("patient/001",)):
        del bench.texts[commitment]
    bench.ask(CONFIRMED, PI)
    later = bench.seal("Called again")
    report = ReportAdverseEvent(patient="001", term="Rash", serious=False, onset_at=START, narrative=later)
    bench.ask(report, NURSE)
    bench.ask(asked(bench), SPONSOR)
    (erased,) = bench.ask(privacy.ConfirmErasure(patient="001", erasure=2), PI)
    assert isinstance(erased, TextErased)
    assert erased.texts_count == 1


def test_a_patient_without_texts_has_nothing_to_erase() -> None:
    bench = told("1A")
    bench.texts.clear()
    with bench.refuses(NothingToErase):
        bench.ask(privacy.RequestErasure(patient="001", legal_basis="152-fz-21-request", explanation="0" * 64), SPONSOR)


def test_nobody_erases_a_patient_whom_the_ledger_does_not_know() -> None:
    bench = told("1A")
    with bench.refuses(NoSuchPatient):
        bench.ask(asked(bench).model_copy(update={"patient": "077"}), SPONSOR)


def test_an_erasure_is_confirmed_as_it_was_asked_for() -> None:
    bench = told("1AA")
    narrated(bench)
    with bench.refuses(NoSuchRequest):
        bench.ask(CONFIRMED, PI)
    bench.ask(asked(bench), SPONSOR)
    with bench.refuses(NoSuchRequest):
        bench.ask(privacy.ConfirmErasure(patient="002", erasure=1), PI)


def test_a_quarantined_report_that_was_found_to_be_on_the_patient_goes_with_the_patient() -> None:
    bench = told("1A")
    narrated(bench, "999", "It was the boy in room 4")
    bench.ask(ResolveQuarantine(quarantine=1, patient="001", resolution=bench.seal("A slip")), DRUG_SAFETY)
    bench.ask(asked(bench), SPONSOR)
    (erased,) = bench.ask(CONFIRMED, PI)
    assert isinstance(erased, TextErased)
    assert erased.subjects == ("patient/001", "quarantine/1")


def test_a_text_is_about_the_patient_of_its_command_and_why_somebody_was_erased_is_the_trials() -> None:
    bench = told("1A")
    report = ReportAdverseEvent(patient="001", term="Fever", serious=False, onset_at=START)
    assert subject_of(report, (), bench.world) == "patient/001"
    assert subject_of(asked(bench), (), bench.world) == "trial"
    narrated(bench, "999")
    unknown = report.model_copy(update={"patient": "999"})
    assert subject_of(unknown, bench.records[-1:], bench.world) == "quarantine/1"


def test_two_people_redact_one_text() -> None:
    bench = told("1A")
    narrative = narrated(bench)
    at = bench.world.size - 1
    request = privacy.RequestRedaction(about=at, member="narrative", cause="names-a-person")
    (asked_for,) = bench.ask(request, NURSE)
    assert asked_for == RedactionRequested(redaction=1, about=at, commitment=narrative, cause="names-a-person")
    with bench.refuses(NotDelegated):
        bench.ask(privacy.ConfirmRedaction(redaction=1), INVESTIGATOR)
    (redacted,) = bench.ask(privacy.ConfirmRedaction(redaction=1), PI)
    assert isinstance(redacted, TextRedacted)
    assert redacted.commitment == narrative
    assert bench.ask(request, SPONSOR) == ()


def test_who_asked_for_a_redaction_does_not_confirm_it() -> None:
    bench = told("1A")
    narrated(bench)
    bench.ask(privacy.RequestRedaction(about=bench.world.size - 1, member="narrative", cause="contact-details"), PI)
    with bench.refuses(OnePersonAlone):
        bench.ask(privacy.ConfirmRedaction(redaction=1), PI)
    bench.ask(privacy.ConfirmRedaction(redaction=1), SPONSOR)


def test_the_reason_of_an_event_can_be_redacted() -> None:
    bench = told("1A")
    bench.ask(asked(bench), SPONSOR, reason=bench.seal("As Mrs Ivanova asked"))
    request = privacy.RequestRedaction(about=bench.world.size - 1, member="reason", cause="names-a-person")
    (event,) = bench.ask(request, PI)
    assert isinstance(event, RedactionRequested)
    assert event.commitment == bench.records[-2].reason


@pytest.mark.parametrize("member", ["term", "reason", "nonsense"])
def test_only_a_text_of_the_event_is_redacted(member: str) -> None:
    bench = told("1A")
    narrated(bench)
    with bench.refuses(NoSuchText):
        bench.ask(privacy.RequestRedaction(about=bench.world.size - 1, member=member, cause="contact-details"), PI)


def test_a_redaction_is_of_an_event_on_record_and_confirmed_as_it_was_asked_for() -> None:
    bench = told("1A")
    with bench.refuses(NoSuchRecord):
        bench.ask(privacy.RequestRedaction(about=9_999, member="narrative", cause="contact-details"), PI)
    with bench.refuses(NoSuchRequest):
        bench.ask(privacy.ConfirmRedaction(redaction=1), SPONSOR)


def test_a_text_that_is_gone_contradicts_no_repetition() -> None:
    bench = told("1A")
    narrative = narrated(bench)
    del bench.texts[narrative]
    again = ReportAdverseEvent(
        patient="001", term="Fever", serious=False, onset_at=START, narrative=bench.seal("The mother called")
    )
    assert bench.ask(again, NURSE) == ()
