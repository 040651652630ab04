"""A signer holds the delegated role at signing time, and nobody gives a role to himself (domain G.4-9)."""

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from ledger import refusals as no
from ledger.decisions import (
    authority,
    corrections,
    dlt,
    enrolment,
    evidence,
    infusion,
    notices,
    queries,
    safety,
    screening,
    setup,
)
from ledger.decisions.carry_out import DECISIONS
from ledger.patient.events import ProtocolDeviationRecorded
from ledger.patient.safety import AdverseEventReported
from ledger.record import Actor, Source
from ledger.trial.events import ReportQuarantined, TrainingRecord, TrialDeviationRecorded
from ledger.types import Role
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, PI, SITE, SPONSOR, START, TRAINED, Bench, appoint, person
from tests.spec.story import trial

SUB = person("sofia", "investigator")


def grant(
    bench: Bench,
    to: Actor,
    by: Actor = PI,
    from_on: date | None = None,
    to_on: date | None = None,
    training: TrainingRecord = TRAINED,
) -> None:
    delegation = setup.DelegateRole(
        person=to.id,
        role=to.role,  # type: ignore[arg-type]
        site=to.site,
        from_on=from_on or bench.now.date(),
        to_on=to_on,
        training=training,
    )
    bench.ask(delegation, by)


def revoke(bench: Bench, who: Actor, by: Actor = PI, ends_on: date | None = None) -> None:
    ends = ends_on or bench.now.date()
    bench.ask(setup.RevokeRole(person=who.id, role=who.role, site=who.site, ends_on=ends), by)  # type: ignore[arg-type]


def ready_for_signature(bench: Bench) -> screening.ConfirmEligibility:
    """A patient whose eligibility an investigator may sign."""
    p.screen(bench, "001")
    bench.pass_days(1)
    p.find(bench, "001", lansky_percent="90")
    return screening.ConfirmEligibility(patient="001")


def test_a_signature_needs_the_role_on_the_day() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, SUB)
    grant(bench, SUB)
    bench.ask(command, SUB)


def test_a_role_begins_on_its_first_day_and_ends_after_its_last() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    tomorrow = bench.now.date() + timedelta(days=1)
    grant(bench, SUB, from_on=tomorrow, to_on=tomorrow)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, SUB)
    bench.pass_days(2)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, SUB)
    bench.pass_days(-1)
    bench.ask(command, SUB)


def test_a_revoked_role_ends_with_its_day() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    revoke(bench, INVESTIGATOR)
    bench.pass_days(1)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, INVESTIGATOR)


def test_a_role_that_was_given_again_can_be_revoked_again_on_the_same_day() -> None:
    bench = trial()
    grant(bench, SUB)
    revoke(bench, SUB)
    grant(bench, SUB)
    assert bench.world.trial.delegated(SUB.id, SUB.role, SITE, bench.now.date() + timedelta(days=1))
    revoke(bench, SUB)
    assert not bench.world.trial.delegated(SUB.id, SUB.role, SITE, bench.now.date() + timedelta(days=1))


def test_a_role_is_held_at_its_site_only() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, person("ivan", "investigator", "ELSEWHERE"))


def test_the_account_has_to_act_in_the_role_that_was_delegated() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, person("maria", "investigator"))


@pytest.mark.parametrize("by", [PI, SPONSOR])
def test_nobody_delegates_to_himself(by: Actor) -> None:
    bench = trial()
    role: Role = "investigator" if by is PI else "safety_committee"
    mine = setup.DelegateRole(
        person=by.id, role=role, site=by.site, from_on=bench.now.date(), to_on=None, training=TRAINED
    )
    with bench.refuses(no.MayNotDelegate):
        bench.ask(mine, by)


def test_the_principal_investigator_delegates_at_his_own_site_only_and_no_sponsors_role() -> None:
    bench = trial()
    with bench.refuses(no.MayNotDelegate):
        grant(bench, person("sofia", "investigator", "ELSEWHERE"), PI)
    with bench.refuses(no.MayNotDelegate):
        grant(bench, person("sofia", "investigator", None), PI)
    with bench.refuses(no.MayNotDelegate):
        grant(bench, person("sofia", "safety_committee", None), PI)


def test_an_investigator_delegates_nothing() -> None:
    bench = trial()
    with bench.refuses(no.NotDelegated):
        grant(bench, SUB, INVESTIGATOR)


def test_a_delegation_that_was_never_given_is_not_revoked() -> None:
    bench = trial()
    with bench.refuses(no.NothingToTake):
        revoke(bench, SUB)


def test_a_coordinator_signs_nothing_that_an_investigator_signs() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    for who in (NURSE, COMMITTEE):
        with bench.refuses(no.NotDelegated):
            bench.ask(command, who)
    ruling = dlt.RuleOnDlt(
        patient="001", subject="death", is_dlt=True, revision=1, rationale=bench.seal("as discussed")
    )
    with bench.refuses(no.NotDelegated):
        bench.ask(ruling, NURSE)


def held(bench: Bench, who: Actor, days: int = 0) -> bool:
    return bench.world.trial.delegated(who.id, who.role, who.site, bench.now.date() + timedelta(days=days))


def test_a_role_is_given_to_who_is_trained_for_it_by_its_first_day() -> None:
    """11.10(i): the training is on file, and completed."""
    bench, today = trial(), START.date()
    late = TrainingRecord(reference="GCP-2026-001", completed_on=today + timedelta(days=1))
    with bench.refuses(no.NotTrainedYet):
        grant(bench, SUB, training=late)
    grant(bench, SUB, training=late, from_on=today + timedelta(days=1))
    (given,) = bench.world.trial.delegations[SUB.id, SUB.role, SUB.site]
    assert (given.training, given.given_by) == (late, PI.id)
    with pytest.raises(ValidationError):
        setup.DelegateRole.model_validate(
            {"person": "x", "role": "investigator", "site": SITE, "from_on": today, "to_on": None}
        )


def test_a_time_that_is_given_ahead_takes_nothing_from_the_time_that_runs() -> None:
    bench = trial()
    grant(bench, SUB, to_on=bench.now.date() + timedelta(days=5))
    grant(bench, SUB, from_on=bench.now.date() + timedelta(days=10))
    assert [held(bench, SUB, days) for days in (0, 5, 6, 9, 10)] == [True, True, False, False, True]
    revoke(bench, SUB, ends_on=bench.now.date() + timedelta(days=2))
    assert [held(bench, SUB, days) for days in (2, 3, 10)] == [True, False, False]


def test_an_end_lengthens_no_role() -> None:
    bench = trial()
    grant(bench, SUB, to_on=bench.now.date() + timedelta(days=2))
    with bench.refuses(no.NothingToTake):
        revoke(bench, SUB, ends_on=bench.now.date() + timedelta(days=30))
    assert not held(bench, SUB, 3)


def reserve(patient: str) -> enrolment.ReserveSlot:
    return enrolment.ReserveSlot(patient=patient, level=1)


def test_what_somebody_asks_for_needs_the_role_on_the_day() -> None:
    """11.10(g): also what nobody signs. Each role, by a command that was open to its account before."""
    bench = trial()
    p.screen(bench, "001")
    bench.pass_days(1)
    question = queries.RaiseQuery(patient="001", about=bench.world.size - 1, text=bench.seal("Is it?"))
    for command, by in (
        (reserve("001"), person("nadia", "coordinator")),
        (setup.CloseEnrolment(cause="accrual"), person("viktor", "medical_monitor", None)),
        (question, person("anton", "monitor")),
        (evidence.SetAnchorPolicy(authorities=()), person("petra", "principal_investigator")),
    ):
        with bench.refuses(no.NotDelegated):
            bench.ask(command, by)
        appoint(bench, by, by=PI if by.role == "coordinator" else SPONSOR)
        assert bench.ask(command, by)


def test_a_permission_is_refused_on_paper_too() -> None:
    """Who decided may have had the role; who enters it has to have it."""
    bench = trial()
    p.screen(bench, "001")
    revoke(bench, NURSE, ends_on=bench.now.date() - timedelta(days=1))
    with bench.refuses(no.NotDelegated):
        bench.ask(reserve("001"), NURSE, on_paper=True, occurred_at=bench.now)


def fever(patient: str = "001", term: str = "Fever") -> safety.ReportAdverseEvent:
    return safety.ReportAdverseEvent(patient=patient, term=term, serious=True, onset_at=START)


def test_a_report_is_never_refused_and_shows_that_nobody_had_given_the_role() -> None:
    bench = trial()
    p.screen(bench, "001")
    revoke(bench, NURSE, ends_on=bench.now.date() - timedelta(days=1))
    told = bench.ask(fever(), NURSE)
    assert [(e.rule, e.kind) for e in told if isinstance(e, ProtocolDeviationRecorded)] == [("G.4-9", "NotDelegated")]
    assert isinstance(told[0], AdverseEventReported)
    assert bench.ask(fever(), NURSE) == ()


def test_a_report_on_a_patient_whom_nobody_knows_shows_it_on_the_trial() -> None:
    bench = trial()
    told = bench.ask(fever("099"), person("nadia", "coordinator"))
    assert [type(event) for event in told] == [ReportQuarantined, TrialDeviationRecorded]


def test_a_correction_by_somebody_without_the_role_stands_and_shows_it() -> None:
    bench = trial()
    p.screen(bench, "001")
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="relapse"))
    report = {"died_on": bench.now.date(), "cause": "other"}
    correction = corrections.CorrectRecord(position=bench.world.size - 1, patient="001", kind="death", report=report)
    told = bench.ask(correction, person("nadia", "coordinator"), reason=bench.seal("The letter says so."))
    assert "NotDelegated" in [event.kind for event in told if isinstance(event, ProtocolDeviationRecorded)]


def test_a_machine_needs_no_delegation_but_its_registration() -> None:
    bench = trial()
    p.screen(bench, "001")
    machine = person("edc-ndgoi", "edc_system")
    with bench.refuses(no.SourceUnknown):
        bench.ask(fever(), machine, source=Source("edc-ndgoi"))
    bench.ask(setup.RegisterSource(system="edc-ndgoi", site=SITE, zone="Europe/Moscow"), SPONSOR)
    told = bench.ask(fever(), machine, source=Source("edc-ndgoi"))
    assert not [event for event in told if isinstance(event, ProtocolDeviationRecorded)]


def test_every_command_is_a_fact_or_needs_authority_or_comes_before_anybody_has_any() -> None:
    assert authority.FACTS.isdisjoint(authority.BEFORE_ANY_ROLE)
    asked_for = set(DECISIONS) - authority.FACTS - authority.BEFORE_ANY_ROLE
    assert {enrolment.AssignDoseLevel, infusion.PlanDose, queries.CloseQuery, setup.DelegateRole} <= asked_for
    assert {safety.ReportAdverseEvent, safety.RecordDeath, notices.AcknowledgeNotice} <= authority.FACTS
