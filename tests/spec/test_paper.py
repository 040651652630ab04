"""History and downtime: entered later, judged by when it happened, flagged, never impossible to enter (domain B.2)."""

from datetime import datetime, timedelta

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import dlt, dose_decision, enrolment, given, holds, infusion, screening, setup
from ledger.designs.base import Escalate
from ledger.patient import events as e
from ledger.patient.infusions import InfusionAuthorised
from ledger.trial import dosing as t
from ledger.trial.events import TrialDeviationRecorded
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, PI, SPONSOR, Bench
from tests.spec.story import (
    amend,
    changed_protocol,
    deviations,
    has,
    member,
    named,
    only,
    patient,
    replayed,
    says,
    told,
    trial,
    window,
)


def decided_on_paper(
    outcome: t.Outcome, level: int | None, bench: Bench, days_ago: int = 0
) -> dose_decision.ReportPaperDecision:
    taken_at = bench.now - timedelta(days=days_ago)
    return dose_decision.ReportPaperDecision(outcome=outcome, to_level=level, taken_at=taken_at)


def test_what_is_entered_from_paper_says_why() -> None:
    bench = trial()
    p.screen(bench, "001")
    command = enrolment.ReserveSlot(patient="001", level=1)
    with bench.refuses(no.ReasonMissing):
        bench.ask(command, on_paper=True, reason=None)
    bench.ask(command, on_paper=True)


def test_a_fact_of_long_ago_is_stored_with_both_its_times() -> None:
    bench = told("1A")
    long_ago = bench.now - timedelta(days=200)
    start = given.RecordInfusionStart(patient="001", ordinal=1, product="NK-1", level=1, started_at=long_ago)
    bench.ask(start)
    stored = next(record for record in bench.records if record.event.NAME == "patient.infusion-started.v1")
    assert stored.occurred_at == long_ago
    assert stored.recorded_at >= bench.now
    assert window(bench, "001").from_on == long_ago.date()


def test_what_no_rule_permitted_on_paper_is_stored_and_each_broken_rule_is_a_deviation() -> None:
    bench = trial()
    bench.ask(screening.ScreenPatient(number="001", site="NDGOI", birth_year_month="2016-03", sex="male"))
    enrolled = bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()), on_paper=True)
    assert deviations(enrolled) == named(no.ConsentNotValid, no.NotEligible, no.CriteriaOpen)
    assigned = bench.ask(enrolment.AssignDoseLevel(patient="001", level=2), on_paper=True)
    assert named(no.CohortNotOpen, no.LevelNotAdvised, no.NoReservation) < deviations(assigned)
    assert patient(bench, "001").level == 2


def test_what_broke_a_rule_of_a_cohort_is_a_deviation_of_the_trial() -> None:
    bench = trial()
    p.screen(bench, "001")
    events = bench.ask(enrolment.ReserveSlot(patient="001", level=3), on_paper=True)
    assert has(TrialDeviationRecorded, events)
    assert "001" in bench.world.cohort(3).reservations


def test_no_paper_excuses_what_the_ledger_itself_rests_on() -> None:
    bench = trial()
    document = changed_protocol(follow_up_years=3).model_dump(mode="json")
    version = setup.ProposeProtocolVersion(version=1, effective_on=bench.now.date(), document=document)
    with bench.refuses(no.VersionOutOfOrder):
        bench.ask(version, SPONSOR, on_paper=True)
    bench.ask(version.model_copy(update={"version": 2}), SPONSOR)
    digest = bench.world.trial.versions[2].sha256
    with bench.refuses(no.NeedsSecondPerson):
        bench.ask(setup.ApproveProtocolVersion(version=2, document_sha256=digest), SPONSOR, on_paper=True)
    with bench.refuses(no.EthicsApprovalMissing):
        bench.ask(setup.ApproveProtocolVersion(version=2, document_sha256=digest), PI, on_paper=True)
    with bench.refuses(no.NotTheStartLevel):
        bench.ask(enrolment.OpenCohort(level=2), PI, on_paper=True)


def test_a_permission_on_paper_is_judged_by_the_day_of_the_paper() -> None:
    bench = trial()
    for number in ("001", "002"):
        p.screen(bench, number, "2012-02")
    then = bench.now
    bench.pass_days(60)
    late = {"on_paper": True, "occurred_at": then}
    assert deviations(bench.ask(enrolment.ReserveSlot(patient="001", level=1), PI, **late)) == set()
    enrolled = enrolment.EnrolPatient(patient="001", planned_transplant_on=then.date() + timedelta(days=12))
    assert deviations(bench.ask(enrolled, PI, **late)) == set()
    assert deviations(bench.ask(enrolment.AssignDoseLevel(patient="001", level=1), PI, **late)) == set()
    today = bench.ask(enrolment.EnrolPatient(patient="002", planned_transplant_on=then.date()), on_paper=True)
    assert no.ConsentNotValid.__name__ in deviations(today), "by today the patient is 14"
    with bench.refuses(no.AlreadyEnrolled):
        bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=then.date()), on_paper=True)


def test_it_is_judged_by_the_protocol_of_that_day() -> None:
    bench = trial()
    p.screen(bench, "001")
    then = bench.now
    bench.pass_days(10)
    amend(bench, changed_protocol(follow_up_years=3))
    command = enrolment.EnrolPatient(patient="001", planned_transplant_on=then.date())
    with bench.refuses(no.NotEligible):
        bench.ask(command)
    assert deviations(bench.ask(command, on_paper=True, occurred_at=then)) == set()


def test_a_paper_from_before_any_protocol_is_judged_by_todays() -> None:
    bench = told("1A")
    command = given.OmitInfusion(patient="001", ordinal=1, cause="hold")
    before = bench.now - timedelta(days=300)
    bench.ask(command, on_paper=True, occurred_at=before)
    p.screen(bench, "002")
    events = bench.ask(enrolment.ReserveSlot(patient="002", level=1), on_paper=True, occurred_at=before)
    assert has(c.SlotReserved, events)


def test_who_enters_signs_today() -> None:
    bench = told("1P")
    ruling = dlt.RuleOnDlt(
        patient="001", subject="adverse-event/1", is_dlt=True, revision=1, grade=3, rationale=bench.seal("minutes")
    )
    with bench.refuses(no.NotDelegated):
        bench.ask(ruling, NURSE, on_paper=True, occurred_at=bench.now - timedelta(days=5))
    long_before_his_delegation = bench.now - timedelta(days=400)
    p.reaction(bench, "001")
    bench.ask(ruling, INVESTIGATOR, on_paper=True, occurred_at=long_before_his_delegation)


def test_a_ruling_on_paper_is_entered_by_one_with_what_it_broke() -> None:
    bench = told("1P")
    event = p.reaction(bench, "001")
    ruling = dlt.RuleOnDlt(
        patient="001", subject=f"adverse-event/{event}", is_dlt=False, revision=1, rationale=bench.seal("minutes")
    )
    events = bench.ask(ruling, on_paper=True)
    assert deviations(events) == set()
    assert patient(bench, "001").open_candidates == ()
    below = ruling.model_copy(update={"is_dlt": True, "revision": 2, "grade": 2})
    assert deviations(bench.ask(below, on_paper=True)) == named(no.BelowDltGrade)
    assert bench.world.cohort(1).dlts == 1


def test_a_ruling_on_paper_is_entered_after_the_infusion_that_it_rests_on() -> None:
    bench = told("1A")
    given_at = bench.now
    bench.pass_days(3)
    event = p.reaction(bench, "001", onset_at=given_at + timedelta(days=1))
    ruling = dlt.RuleOnDlt(
        patient="001", subject=f"adverse-event/{event}", is_dlt=True, revision=1, grade=3, rationale=bench.seal("x")
    )
    with bench.refuses(no.OutsideDltWindow):
        bench.ask(ruling, on_paper=True)
    start = given.RecordInfusionStart(patient="001", ordinal=1, product="NK-1", level=1, started_at=given_at)
    bench.ask(start)
    assert has(c.DltCounted, bench.ask(ruling, on_paper=True))


def test_an_authorisation_on_paper_covers_the_dose_of_that_day() -> None:
    bench = told("1A")
    then = bench.now
    p.prepare_lot(bench, "001")
    bench.pass_days(5)
    plan = infusion.PlanDose(patient="001", ordinal=1, weight_kg="20", weighed_on=then.date())
    bench.ask(plan, on_paper=True, occurred_at=then)
    bench.ask(p.an_order(bench, "001", 1), NURSE, on_paper=True, occurred_at=then)
    bench.ask(p.ready(bench, "001", 1, assessed_at=then, oxygen_assessed_at=then), INVESTIGATOR)
    command = infusion.AuthoriseInfusion(
        patient="001",
        ordinal=1,
        product="NK-001",
        cells_by_second_calculation=patient(bench, "001").doses[1].cells,
        volume_ml_by_second_calculation=patient(bench, "001").around.orders[1].volume_ml,
        chain_of_identity="COI-001",
        checkers=("boris", "nina"),
    )
    events = bench.ask(command, INVESTIGATOR, on_paper=True, occurred_at=then)
    assert deviations(events) == set()
    assert has(InfusionAuthorised, events)
    start = given.RecordInfusionStart(
        patient="001", ordinal=1, product="NK-001", level=1, started_at=then + timedelta(hours=2)
    )
    assert deviations(bench.ask(start)) == set()


def test_a_decision_on_paper_is_stored_and_carried_out_as_it_was_taken() -> None:
    bench = told("1NNN")
    events = bench.ask(decided_on_paper("escalate", 2, bench, days_ago=3), SPONSOR)
    taken = only(t.DoseDecisionTaken, events)
    assert taken.on_paper
    assert only(c.CohortOpened, events).decision == taken.decision
    assert bench.world.trial.decisions[taken.decision].taken_at == bench.now - timedelta(days=3)
    assert not has(TrialDeviationRecorded, events)


def test_it_still_reaches_the_ward_before_the_next_dose() -> None:
    bench = told("1NNN")
    bench.ask(decided_on_paper("escalate", 2, bench), SPONSOR)
    p.screen(bench, "004")
    p.place(bench, "004", 2)
    with pytest.raises(no.DecisionNotCirculated):
        p.authorise(bench, "004", 1)


@pytest.mark.parametrize(("outcome", "level"), [("escalate", 3), ("expand", 1), ("declare_mtd", 1), ("stay", 1)])
def test_what_the_design_did_not_permit_is_a_deviation(outcome: t.Outcome, level: int) -> None:
    bench = told("1NNN")
    events = bench.ask(decided_on_paper(outcome, level, bench), SPONSOR)
    assert deviations(events) & named(no.OutcomeNotPermitted, no.OverrideMissing)
    assert replayed(bench) == bench.world


def test_an_mtd_declared_on_paper_that_the_record_does_not_bear_is_superseded_at_once() -> None:
    bench = told("1NNN")
    events = bench.ask(decided_on_paper("declare_mtd", 3, bench), SPONSOR)
    assert only(t.MtdDeclared, events).level == 3
    assert only(t.MtdSuperseded, events).level == 3
    assert bench.world.trial.mtd is None
    assert bench.world.trial.held(None) is not None


def test_a_paper_decision_is_entered_once_and_by_those_who_propose() -> None:
    bench = told("1NNN")
    command = decided_on_paper("escalate", 2, bench, days_ago=3)
    for who in (NURSE, INVESTIGATOR, COMMITTEE):
        with bench.refuses(no.NotDelegated):
            bench.ask(command, who)
    bench.ask(command, SPONSOR)
    bench.pass_days(1)
    assert bench.ask(command, PI) == ()
    other = command.model_copy(update={"outcome": "stay", "to_level": 1})
    assert bench.ask(other, PI) != ()


def test_a_paper_decision_names_a_level_that_there_is_and_a_past_instant() -> None:
    bench = told("1NNN")
    with bench.refuses(no.NotInProtocol):
        bench.ask(decided_on_paper("escalate", 9, bench), SPONSOR)
    with bench.refuses(no.FindingsContradict):
        bench.ask(decided_on_paper("escalate", None, bench), SPONSOR)
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(decided_on_paper("escalate", 2, bench, days_ago=-1), SPONSOR)


def test_a_whole_cohort_is_entered_from_paper_and_the_trial_goes_on_from_there() -> None:
    bench = trial()
    bench.pass_days(200)
    for place, number in enumerate(("001", "002", "003")):
        then = bench.now - timedelta(days=190 - 40 * place)
        enter_from_paper(bench, number, then)
    assert says(bench) == Escalate(2)
    assert bench.world.cohort(1).cleared == (3, 0)
    assert has(e.DoseLevelAssigned, [record.event for record in bench.records])


def enter_from_paper(bench: Bench, number: str, then: datetime) -> None:
    """One patient treated at level 1 long ago, with all that was kept on paper."""
    bench.ask(screening.ScreenPatient(number=number, site="NDGOI", birth_year_month="2016-03", sex="male"))
    late = {"on_paper": True, "occurred_at": then}
    bench.ask(
        enrolment.EnrolPatient(patient=number, planned_transplant_on=then.date() + timedelta(days=12)), PI, **late
    )
    bench.ask(enrolment.AssignDoseLevel(patient=number, level=1), PI, **late)
    for ordinal, days in ((1, 0), (2, 17)):
        at = then + timedelta(days=days)
        start = given.RecordInfusionStart(patient=number, ordinal=ordinal, product="NK", level=1, started_at=at)
        cells = 133_333_333 // ordinal
        end = given.RecordInfusion(
            patient=number, ordinal=ordinal, product="NK", ended_at=at, weight_kg="20", cells=cells
        )
        bench.ask(start)
        bench.ask(end)
    for hold in [n for n, held in bench.world.trial.holds.items() if not held.lifted]:
        bench.ask(holds.LiftHold(hold=hold, review=bench.seal("known from paper")), COMMITTEE)
    closed = dlt.CloseDltWindow(patient=number, assessments_done_count=19)
    bench.ask(closed, PI, on_paper=True, occurred_at=then + timedelta(days=46))
    assert member(bench, number).evaluable is True
