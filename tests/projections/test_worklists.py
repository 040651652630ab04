"""What waits for somebody, at a moment."""

from datetime import date, timedelta

from ledger.decisions import dlt, dose_decision, enrolment, holds, quarantine, reporting, safety, screening, transplant
from ledger.decisions.standing import inputs_hash
from projections.worklists import Worklists, worklists
from tests.bench import COMMITTEE, INVESTIGATOR, PI, SPONSOR, Bench, opened_trial
from tests.patients import (
    acknowledge,
    authorise,
    close_window,
    decide,
    dose_all,
    infuse,
    place,
    reaction,
    rule,
    screen,
    sign,
    treat,
)
from tests.projections.trials import position, six_treated, three_treated


def waits(bench: Bench) -> Worklists:
    return worklists(bench.world, bench.now)


def test_where_everything_is_done_nothing_waits() -> None:
    bench = three_treated()
    (due,) = waits(bench).reports_due
    assert (due.patient, due.kind, due.standing) == ("002", "expedited", "overdue")
    sent = {"kind": "complete", "to": "authority", "recipient": "Roszdravnadzor", "submitted_at": bench.now}
    bench.ask(reporting.RecordExpeditedReport.model_validate({"patient": "002", "adverse_event": 1, **sent}))
    shown = waits(bench)
    assert all(
        list(part) == [] for name, part in shown if name not in ("source_verification", "notices", "bedside_checks")
    )


def test_open_windows_come_by_their_end_and_say_when_they_have_elapsed() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    bench.pass_days(14)
    treat(bench, "002", 1)
    windows = waits(bench).open_windows
    assert [(w.patient, w.state) for w in windows] == [("001", "elapsed"), ("002", "running")]
    assert windows[1].days_left == 28
    assert windows[0].assessments_due == 19
    close_window(bench, "001")
    assert [w.patient for w in waits(bench).open_windows] == ["002"]


def test_a_candidate_waits_for_its_ruling_with_the_signatures_it_has() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    event = reaction(bench, "001")
    (due,) = waits(bench).adjudications
    assert (due.patient, due.level, due.subject, due.signatures) == ("001", 1, "adverse-event/1", ())
    rule(bench, "001", event, is_dlt=False, by=INVESTIGATOR)
    assert waits(bench).adjudications[0].signatures == ("ivan",)
    rule(bench, "001", event)
    assert waits(bench).adjudications == ()


def test_a_closed_window_without_a_verdict_waits_for_two_signatures() -> None:
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    authorise(bench, "001", 1)
    infuse(bench, "001", 1)
    bench.ask(safety.RecordOffStudy(patient="001", cause="withdrawal", off_on=bench.now.date()), INVESTIGATOR)
    assert waits(bench).evaluability == ()
    bench.ask(dlt.CloseDltWindow(patient="001", assessments_done_count=0, early_end="withdrawal"))
    (due,) = waits(bench).evaluability
    assert (due.patient, due.level, due.closed_on, due.signatures) == ("001", 1, bench.now.date(), ())
    verdict = dlt.DetermineEvaluability(patient="001", evaluable=False, reason="consent_withdrawn", revision=1)
    bench.ask(verdict, PI)
    assert waits(bench).evaluability[0].signatures == ("maria",)
    bench.ask(verdict, SPONSOR)
    assert waits(bench).evaluability == ()


def test_a_decision_waits_for_signatures_and_then_to_be_circulated() -> None:
    bench = six_treated()
    dossier = inputs_hash(bench.world, bench.docket().version())
    bench.ask(dose_decision.ProposeDoseDecision(outcome="escalate", to_level=2, dossier_hash=dossier), SPONSOR)
    (unsigned,) = waits(bench).unsigned_decisions
    assert {seat.role for seat in unsigned.missing} == {
        "principal_investigator",
        "medical_monitor",
        "safety_committee",
    }
    for by in (PI, SPONSOR, COMMITTEE):
        sign(bench, 2, by)
    assert (waits(bench).unsigned_decisions, [d.number for d in waits(bench).decisions_to_circulate]) == ((), [2])
    assert waits(bench).decisions_to_circulate[0].waits_for == ("ward", "cell_laboratory", "pharmacy")
    acknowledge(bench, 2)
    assert waits(bench).decisions_to_circulate == ()


def test_holds_wait_for_review_until_they_are_lifted() -> None:
    bench = three_treated()
    bench.ask(holds.ApplyHold(scope="trial", cause="logistics"), PI)
    assert [(hold.hold, hold.cause) for hold in waits(bench).holds_to_review] == [(1, "logistics")]
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("solved")), COMMITTEE)
    assert waits(bench).holds_to_review == ()


def test_a_report_on_an_unknown_patient_waits_in_quarantine() -> None:
    bench = three_treated()
    report = safety.ReportAdverseEvent(patient="099", term="Fever", serious=True, onset_at=bench.now)
    bench.ask(report, INVESTIGATOR)
    (found,) = waits(bench).quarantined
    assert (found.quarantine, found.patient_as_reported, found.serious) == (1, "099", True)
    bench.ask(quarantine.ResolveQuarantine(quarantine=1, patient=None, resolution=bench.seal("another trial's")))
    assert waits(bench).quarantined == ()


def test_a_reservation_is_announced_before_it_lapses_and_after() -> None:
    bench = opened_trial()
    screen(bench, "001")
    bench.ask(enrolment.ReserveSlot(patient="001", level=1))
    assert waits(bench).reservations == ()
    bench.pass_days(11)
    assert [each.days_left for each in waits(bench).reservations] == [3]
    bench.pass_days(5)
    assert [each.days_left for each in waits(bench).reservations] == [-2]


def test_consent_is_due_at_the_fourteenth_birthday_and_announced_before_it() -> None:
    """Born in March 2012: fourteen on 2026-03-01, the first of the month."""
    bench = opened_trial()
    screen(bench, "001", born="2012-03")
    announced = [(each.due_on, each.overdue) for each in waits(bench).consents]
    assert announced == [(date(2026, 3, 1), False)]
    bench.pass_days((date(2026, 2, 28) - bench.now.date()).days)
    assert [each.overdue for each in waits(bench).consents] == [False]
    bench.pass_days(1)
    assert [(each.due_on, each.overdue) for each in waits(bench).consents] == [(date(2026, 3, 1), True)]
    for capacity in ("patient", "representative"):
        consent = screening.RecordConsent(
            patient="001",
            form_version="2.0",
            capacity=capacity,
            signed_at=bench.now,
            obtained_by="maria",
            copy_given=True,
        )
        bench.ask(consent)
    assert waits(bench).consents == ()


def test_a_birthday_far_ahead_is_not_announced() -> None:
    bench = opened_trial()
    screen(bench, "001", born="2012-04")
    assert waits(bench).consents == ()
    bench.pass_days(30)
    assert [each.due_on for each in waits(bench).consents] == [date(2026, 4, 1)]


def test_consent_of_who_has_left_is_not_asked_for() -> None:
    bench = opened_trial()
    bench.ask(screening.ScreenPatient(number="001", site="NDGOI", birth_year_month="2016-03", sex="male"))
    assert [(each.due_on, each.overdue) for each in waits(bench).consents] == [(None, True)]
    bench.ask(screening.FailScreening(patient="001", criteria=("I1",)))
    assert waits(bench).consents == ()


def test_a_query_is_shown_with_where_it_was_raised() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    for days in (5, 4):
        graft = transplant.RecordTransplant(patient="001", donor="D-001", performed_at=bench.now - timedelta(days=days))
        bench.ask(graft, INVESTIGATOR)
    bench.pass_days(3)
    (found,) = waits(bench).queries
    at = position(bench, "patient.query-raised")
    assert (found.patient, found.query, found.position, found.age_days) == ("001", 1, at, 3)
    assert (found.about, found.by_rule) == (position(bench, "patient.transplant-performed"), True)


def test_an_expanded_level_in_use_waits_for_its_windows_only() -> None:
    bench = three_treated()
    decide(bench, "expand", 1)
    treat(bench, "004", 1)
    shown = waits(bench)
    assert [w.patient for w in shown.open_windows] == ["004"]
    assert (shown.adjudications, shown.evaluability, shown.holds_to_review) == ((), (), ())


def test_a_baseline_waits_until_the_window_is_closed() -> None:
    bench = opened_trial()
    screen(bench, "001")
    assert waits(bench).baselines == ()
    place(bench, "001", 1)
    assert [(each.patient, each.state) for each in waits(bench).baselines] == [("001", "due")]
    dose_all(bench, "001")
    assert [each.state for each in waits(bench).baselines] == ["missing"]
    close_window(bench, "001")
    assert waits(bench).baselines == ()


def test_a_window_shows_its_assessments_on_record_and_the_days_that_are_missing() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    (window,) = waits(bench).open_windows
    assert (window.assessments_on_record, len(window.missing_on), window.missing_on[0]) == (0, 8, window.from_on)


def test_a_check_at_the_bedside_waits_for_the_signature_of_each_checker() -> None:
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    authorise(bench, "001", 1)
    assert waits(bench).bedside_checks == (), "the infusion is not given yet"
    infuse(bench, "001", 1)
    (due,) = waits(bench).bedside_checks
    assert (due.patient, due.ordinal, due.product) == ("001", 1, "NK-001")
    assert due.unsigned_checkers == ("boris", "nina")
