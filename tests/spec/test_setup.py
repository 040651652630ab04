"""A trial begins: registered, its protocol approved by two people after the ethics committee, its sites opened."""

from datetime import timedelta

import pytest

from ledger import refusals as no
from ledger.decisions import dose_decision, enrolment, screening, setup
from ledger.decisions.docket import Command
from ledger.trial import events as e
from tests.bench import (
    COMMITTEE,
    INVESTIGATOR,
    NURSE,
    PI,
    SITE,
    SPONSOR,
    TRAINED,
    Bench,
    nct07256210,
    person,
)
from tests.patients import screen
from tests.spec.story import amend, changed_protocol, has, only, source, trial

REGISTRATION = setup.RegisterTrial(
    trial_id="NCT07256210", title="A trial", sponsor="A sponsor", origin="test.example/trial", training=True
)


def registered() -> Bench:
    bench = Bench(twice=True)
    bench.ask(REGISTRATION, SPONSOR)
    bench.ask(setup.OpenSite(site=SITE, utc_offset="+03:00"), SPONSOR)
    delegation = setup.DelegateRole(
        person=PI.id, role="principal_investigator", site=SITE, from_on=bench.now.date(), to_on=None, training=TRAINED
    )
    bench.ask(delegation, SPONSOR)
    return bench


def proposal(bench: Bench, version: int = 1, **changes: object) -> setup.ProposeProtocolVersion:
    document = changed_protocol(**changes).model_dump(mode="json")
    return setup.ProposeProtocolVersion(version=version, effective_on=bench.now.date(), document=document)


def approval(bench: Bench, version: int = 1) -> setup.ApproveProtocolVersion:
    digest = bench.world.trial.versions[version].sha256
    return setup.ApproveProtocolVersion(version=version, document_sha256=digest)


def ethics(bench: Bench, version: int = 1) -> setup.RecordEthicsApproval:
    return setup.RecordEthicsApproval(version=version, body="Local ethics committee", approved_on=bench.now.date())


def test_whoever_registers_the_trial_acts_for_the_sponsor() -> None:
    bench = Bench(twice=True)
    events = bench.ask(REGISTRATION, SPONSOR)
    granted = only(e.RoleDelegated, events)
    assert (granted.person, granted.role, granted.site) == (SPONSOR.id, "medical_monitor", None)


def test_a_trial_is_registered_once() -> None:
    bench = registered()
    with bench.refuses(no.AlreadyRegistered):
        bench.ask(REGISTRATION.model_copy(update={"title": "Another trial"}), SPONSOR)


@pytest.mark.parametrize(
    "command",
    [
        setup.OpenSite(site=SITE, utc_offset="+03:00"),
        screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="male"),
        setup.CloseEnrolment(cause="accrual"),
    ],
)
def test_nothing_is_asked_of_a_trial_that_is_not_registered(command: Command) -> None:
    bench = Bench()
    with bench.refuses(no.NotRegistered):
        bench.ask(command, SPONSOR)


def test_a_protocol_version_holds_from_its_second_signature_on() -> None:
    bench = registered()
    bench.ask(proposal(bench), SPONSOR)
    assert bench.world.protocol() is None
    bench.ask(ethics(bench), SPONSOR)
    bench.ask(approval(bench), PI)
    assert bench.world.protocol() == nct07256210()


def test_without_a_protocol_in_force_nobody_is_screened_and_no_level_opens() -> None:
    bench = registered()
    with bench.refuses(no.NoProtocolInForce):
        bench.ask(screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="male"))
    with bench.refuses(no.NoProtocolInForce):
        bench.ask(enrolment.OpenCohort(level=1))


def test_the_author_of_a_version_does_not_approve_it() -> None:
    bench = registered()
    bench.ask(proposal(bench), SPONSOR)
    bench.ask(ethics(bench), SPONSOR)
    with bench.refuses(no.NeedsSecondPerson):
        bench.ask(approval(bench), SPONSOR)


def test_a_version_is_approved_only_after_its_ethics_approval() -> None:
    bench = registered()
    bench.ask(proposal(bench), SPONSOR)
    with bench.refuses(no.EthicsApprovalMissing):
        bench.ask(approval(bench), PI)


def test_a_version_is_approved_as_it_was_proposed() -> None:
    bench = registered()
    bench.ask(proposal(bench), SPONSOR)
    bench.ask(ethics(bench), SPONSOR)
    with bench.refuses(no.DossierMoved):
        bench.ask(setup.ApproveProtocolVersion(version=1, document_sha256="0" * 64), PI)


def test_versions_are_numbered_one_after_another() -> None:
    bench = registered()
    with bench.refuses(no.VersionOutOfOrder):
        bench.ask(proposal(bench, version=2), SPONSOR)
    with bench.refuses(no.VersionNotProposed):
        bench.ask(setup.RecordEthicsApproval(version=1, body="A committee", approved_on=bench.now.date()), SPONSOR)
    with bench.refuses(no.VersionNotProposed):
        bench.ask(setup.ApproveProtocolVersion(version=1, document_sha256="0" * 64), PI)


def test_an_ethics_approval_is_not_of_tomorrow() -> None:
    bench = registered()
    bench.ask(proposal(bench), SPONSOR)
    tomorrow = bench.now.date() + timedelta(days=2)
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(setup.RecordEthicsApproval(version=1, body="A committee", approved_on=tomorrow), SPONSOR)


def test_a_document_that_contradicts_itself_is_not_proposed() -> None:
    bench = registered()
    good = proposal(bench)
    bad = good.model_copy(update={"document": {**good.document, "enrolment_cap": 0}})
    with bench.refuses(no.UnreadableCommand):
        bench.ask(bad, SPONSOR)


def test_nobody_without_the_role_proposes_or_approves() -> None:
    bench = registered()
    with bench.refuses(no.NotDelegated):
        bench.ask(proposal(bench), INVESTIGATOR)
    bench.ask(proposal(bench), SPONSOR)
    bench.ask(ethics(bench), SPONSOR)
    with bench.refuses(no.NotDelegated):
        bench.ask(approval(bench), person("ivan", "principal_investigator"))


def test_the_start_level_opens_once_and_every_other_by_a_decision() -> None:
    bench = trial()
    assert bench.world.cohort(1).opened
    with bench.refuses(no.NotTheStartLevel):
        bench.ask(enrolment.OpenCohort(level=2))
    with bench.refuses(no.NotTheStartLevel):
        bench.ask(enrolment.OpenCohort(level=0))
    with bench.refuses(no.NotInProtocol):
        bench.ask(enrolment.OpenCohort(level=4))


def test_a_level_that_a_decision_opened_is_not_opened_again() -> None:
    bench = trial()
    bench.ask(dose_decision.ReportPaperDecision(outcome="de_escalate", to_level=0, taken_at=bench.now), SPONSOR)
    ladder = nct07256210().ladder.model_dump(mode="json")
    amend(bench, changed_protocol(ladder={**ladder, "start_level": 0, "reserve_levels": []}))
    with bench.refuses(no.CohortOpenAlready):
        bench.ask(enrolment.OpenCohort(level=0))


def test_a_site_has_to_be_open() -> None:
    bench = trial()
    with bench.refuses(no.SiteNotOpen):
        bench.ask(screening.ScreenPatient(number="001", site="ELSEWHERE", birth_year_month="2016-03", sex="male"))
    with bench.refuses(no.SiteNotOpen):
        bench.ask(setup.RegisterSource(system="edc", site="ELSEWHERE", zone="Europe/Moscow"), SPONSOR)
    with bench.refuses(no.NotDelegated):
        bench.ask(setup.OpenSite(site="ELSEWHERE", utc_offset="+05:00"), NURSE)


def test_a_reading_holds_once_two_people_signed_it() -> None:
    bench = trial()
    signed = setup.SignInterpretation(
        item="A.3-1", reading="one-month-flagged-below-one-year", basis=bench.seal("letter of the sponsor")
    )
    assert has(e.ProtocolInterpretationProposed, bench.ask(signed, PI))
    with bench.refuses(no.NeedsSecondPerson):
        bench.ask(signed, PI)
    assert has(e.ProtocolInterpretationRecorded, bench.ask(signed, SPONSOR))


def test_a_reading_that_the_protocol_does_not_list_is_not_signed() -> None:
    bench = trial()
    with bench.refuses(no.NotInProtocol):
        bench.ask(setup.SignInterpretation(item="A.3-99", reading="any", basis=bench.seal("why")), PI)


@pytest.mark.parametrize(("item", "reading"), [("A.3-1", "from-one-month"), ("A.3-26", "probable-counts")])
def test_a_reading_less_cautious_than_the_protocols_is_an_amendment(item: str, reading: str) -> None:
    bench = trial()
    with bench.refuses(no.EthicsApprovalMissing):
        bench.ask(setup.SignInterpretation(item=item, reading=reading, basis=bench.seal("why")), PI)


def test_a_more_cautious_reading_needs_no_amendment() -> None:
    bench = trial()
    signed = setup.SignInterpretation(item="A.3-1", reading="from-one-year", basis=bench.seal("why"))
    bench.ask(signed, PI)
    bench.ask(signed, SPONSOR)
    assert bench.world.trial.interpretations["A.3-1"] == "from-one-year"


def test_enrolment_is_closed_once_by_those_who_may() -> None:
    bench = trial()
    with bench.refuses(no.NotDelegated):
        bench.ask(setup.CloseEnrolment(cause="accrual"), COMMITTEE)
    bench.ask(setup.CloseEnrolment(cause="accrual"), SPONSOR)
    with bench.refuses(no.EnrolmentIsClosed):
        bench.ask(setup.CloseEnrolment(cause="another cause"), SPONSOR)
    screen(bench, "001")
    with bench.refuses(no.EnrolmentIsClosed):
        bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()))


def test_a_machine_is_heard_for_its_site_only() -> None:
    bench = trial()
    screened = screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="male")
    edc = source("edc", "1")
    with bench.refuses(no.SourceUnknown):
        bench.ask(screened, source=edc)
    bench.ask(setup.RegisterSource(system="edc", site=SITE, zone="Europe/Moscow"), SPONSOR)
    bench.ask(screened, source=edc)
    with bench.refuses(no.SourceUnknown):
        bench.ask(screened.model_copy(update={"number": "002"}), COMMITTEE, source=edc)


def test_an_entry_of_a_machines_audit_trail_stands_for_one_report() -> None:
    bench = trial()
    bench.ask(setup.RegisterSource(system="edc", site=SITE, zone="Europe/Moscow"), SPONSOR)
    screened = screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="male")
    bench.ask(screened, source=source("edc", "1"))
    with bench.refuses(no.AuditIdReused):
        bench.ask(screened.model_copy(update={"number": "002"}), source=source("edc", "1"))
    bench.ask(screened.model_copy(update={"number": "002"}), source=source("edc", "2"))
