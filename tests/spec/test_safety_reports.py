"""Safety reporting is never refused (domain G.4-11): what is odd is flagged, an unknown patient's report waits."""

from datetime import timedelta

import pytest

from ledger import refusals as no
from ledger.decisions import holds, quarantine, safety, screening, transplant
from ledger.decisions.docket import PatientCommand
from ledger.grading.astct_icans import IcansFindings
from ledger.patient import safety as s
from ledger.patient.review import QueryRaised
from ledger.record import Actor
from ledger.trial import events as t
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, PI, SPONSOR, Bench
from tests.spec.story import candidates, has, only, patient, raised, told, trial


def event(bench: Bench, number: str = "001", **said: object) -> safety.ReportAdverseEvent:
    content = {"term": "Fever", "serious": False, "onset_at": bench.now, "patient": number, **said}
    return safety.ReportAdverseEvent.model_validate(content)


def findings(**found: object) -> IcansFindings:
    """An alert child of eight, but for what is found."""
    nothing = dict.fromkeys(IcansFindings.model_fields, False)
    scores = {"ice_score": None, "capd_score": 0, "capd_baseline": 0, "consciousness": "alert", "seizure": "none"}
    return IcansFindings.model_validate({**nothing, **scores, **found})


def assessed(bench: Bench, grade: int = 3, number: str = "001", by: Actor = INVESTIGATOR) -> int:
    """A CRS with one assessment of this grade; the assessment's position."""
    bench.ask(event(bench, number, term="Cytokine release syndrome", toxicity="CRS"), by)
    adverse_event = len(patient(bench, number).adverse_events)
    command = safety.AssessCrs(
        patient=number, adverse_event=adverse_event, assessed_at=bench.now, findings=p.crs(grade)
    )
    assessment = only(s.ToxicityAssessed, bench.ask(command, by))
    return next(record.position for record in bench.records if record.event is assessment)


@pytest.mark.parametrize("who", [NURSE, INVESTIGATOR, COMMITTEE, SPONSOR])
def test_anyone_reports_an_adverse_event_of_a_known_patient(who: Actor) -> None:
    """G.4-11."""
    bench = trial()
    p.screen(bench, "001")
    assert has(s.AdverseEventReported, bench.ask(event(bench), who))


def test_it_is_stored_of_a_patient_who_withdrew_left_died_or_failed_screening_in_a_stopped_trial() -> None:
    bench = told("1A")
    p.decide(bench, "stop", None, override=bench.seal("futile"), circulate=False)
    bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"))
    bench.ask(screening.WithdrawConsent(patient="001", scope="all-participation"))
    bench.ask(safety.RecordOffStudy(patient="001", cause="withdrawal", off_on=bench.now.date()))
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="unknown"))
    assert has(s.AdverseEventReported, bench.ask(event(bench)))
    assessed(bench)


def test_adverse_events_are_numbered_within_the_patient() -> None:
    bench = told("1A")
    bench.ask(event(bench))
    bench.ask(event(bench, term="Rash"))
    assert sorted(patient(bench, "001").adverse_events) == [1, 2]


def test_the_same_term_and_onset_is_the_same_event_and_contradicts_it_when_said_otherwise() -> None:
    bench = told("1A")
    bench.ask(event(bench))
    bench.pass_days(1)
    again = event(bench, onset_at=bench.now - timedelta(days=1))
    assert bench.ask(again) == ()
    other = bench.ask(again.model_copy(update={"serious": True}))
    assert has(QueryRaised, other)
    assert sorted(patient(bench, "001").adverse_events) == [1]
    assert not patient(bench, "001").adverse_events[1].serious


def test_the_same_contradiction_again_is_on_record_too() -> None:
    bench = told("1A")
    bench.ask(event(bench))
    contradicting = event(bench, serious=True)
    bench.ask(contradicting)
    bench.pass_days(1)
    assert bench.ask(contradicting) == ()
    assert len(patient(bench, "001").review.queries) == 1


def test_texts_are_the_same_under_two_salts() -> None:
    bench = told("1A")
    bench.ask(event(bench, narrative=bench.seal("38.4 in the evening")))
    assert bench.ask(event(bench, narrative=bench.seal("38.4 in the evening"))) == ()
    assert has(QueryRaised, bench.ask(event(bench, narrative=bench.seal("39.4 in the evening"))))


def test_an_event_of_tomorrow_is_not_of_today() -> None:
    bench = told("1A")
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(event(bench, onset_at=bench.now + timedelta(minutes=6)))
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(event(bench), occurred_at=bench.now + timedelta(minutes=6))


@pytest.mark.parametrize("number", ["404", "patient of bed 4", "001/2", "Ж-1"])
def test_an_unknown_patients_report_is_quarantined_under_whatever_number(number: str) -> None:
    bench = told("1A")
    quarantined = only(t.ReportQuarantined, bench.ask(event(bench, number, serious=True)))
    assert (quarantined.quarantine, quarantined.patient_as_reported) == (1, number)
    assert bench.ask(event(bench, number, serious=True)) == ()


def test_someone_resolves_a_quarantined_report_once() -> None:
    bench = told("1A")
    bench.ask(event(bench, "O01"))
    found = quarantine.ResolveQuarantine(quarantine=1, patient="001", resolution=bench.seal("letter O for zero"))
    with bench.refuses(no.NoSuchPatient):
        bench.ask(found.model_copy(update={"patient": "404"}))
    bench.ask(found)
    assert bench.world.trial.quarantine[1].resolved
    with bench.refuses(no.NothingToTake):
        bench.ask(found.model_copy(update={"quarantine": 2}))


def test_a_quarantined_report_is_the_patients_once_it_is_resolved_and_loses_nothing() -> None:
    bench = told("1P")
    reported = event(bench, "O01", term="CRS", toxicity="CRS", serious=True, ctcae_grade=4, narrative=bench.seal("x"))
    bench.ask(reported)
    quarantined_at = bench.records[-1].recorded_at
    bench.pass_days(2)
    resolved = quarantine.ResolveQuarantine(quarantine=1, patient="001", resolution=bench.seal("letter O for zero"))
    events = bench.ask(resolved)
    stored = only(s.AdverseEventReported, events)
    kept = {name: said for name, said in stored if name not in ("adverse_event", "received_at")}
    assert kept == {name: said for name, said in reported if name not in ("patient", "received_at")}
    assert stored.received_at == quarantined_at
    assert raised(events) == {"adverse-event/1": "serious-ungraded"}


def test_a_quarantined_report_that_belongs_to_nobody_is_resolved_too() -> None:
    bench = told("1P")
    bench.ask(event(bench, "404"))
    events = bench.ask(quarantine.ResolveQuarantine(quarantine=1, patient=None, resolution=bench.seal("another trial")))
    assert not has(s.AdverseEventReported, events)
    assert bench.world.trial.quarantine[1].resolved


def test_what_became_of_an_event_is_stored() -> None:
    bench = told("1A")
    bench.ask(event(bench))
    update = safety.UpdateAdverseEvent(patient="001", adverse_event=1, serious=True, outcome="recovering")
    bench.ask(update)
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=1, outcome="recovered"))
    known = patient(bench, "001").adverse_events[1]
    assert (known.serious, known.outcome) == (True, "recovered")
    bench.ask(update)
    assert patient(bench, "001").adverse_events[1].outcome == "recovering"


@pytest.mark.parametrize(
    "command",
    [
        safety.UpdateAdverseEvent(patient="001", adverse_event=9, serious=True),
        safety.AssessAttribution(patient="001", adverse_event=9, relation="possible"),
        safety.ConfirmGrade(patient="001", adverse_event=9, assessment=0, grade=3),
    ],
)
def test_an_event_that_nobody_reported_is_named_as_such(command: PatientCommand) -> None:
    bench = told("1A")
    with bench.refuses(no.NoSuchAdverseEvent):
        bench.ask(command)


@pytest.mark.parametrize("grade", [0, 1, 2, 3, 4, 5])
def test_the_grade_is_computed_from_the_findings(grade: int) -> None:
    bench = told("1A")
    assessed(bench, grade)
    assert patient(bench, "001").adverse_events[1].grade == grade


def test_icans_is_graded_at_the_age_of_the_day() -> None:
    bench = told("1A")
    bench.ask(event(bench, term="Neurotoxicity", toxicity="ICANS"))
    command = safety.AssessIcans(patient="001", adverse_event=1, assessed_at=bench.now, findings=findings(capd_score=9))
    graded = only(s.ToxicityAssessed, bench.ask(command))
    assert (graded.computed_grade, graded.age_at_assessment_years) == (3, 9)


def test_a_doubtful_grade_needs_adjudication_between_its_limits() -> None:
    bench = told("1A")
    bench.ask(event(bench, term="Neurotoxicity", toxicity="ICANS"))
    unscored = findings(capd_score=None, capd_baseline=None)
    bench.ask(safety.AssessIcans(patient="001", adverse_event=1, assessed_at=bench.now, findings=unscored))
    known = patient(bench, "001").adverse_events[1]
    assert known.needs_adjudication
    assert known.grades == (0, 3)


def test_the_grade_of_an_event_is_the_highest_it_ever_reached() -> None:
    bench = told("1A")
    assessed(bench, 3)
    bench.pass_days(1)
    bench.ask(safety.AssessCrs(patient="001", adverse_event=1, assessed_at=bench.now, findings=p.crs(1)))
    assert patient(bench, "001").adverse_events[1].grade == 3


def test_another_grade_than_the_computed_one_says_why_and_is_another_persons() -> None:
    bench = told("1A")
    position = assessed(bench, 3)
    lower = safety.ConfirmGrade(patient="001", adverse_event=1, assessment=position, grade=2)
    with bench.refuses(no.ReasonMissing):
        bench.ask(lower, PI)
    reasoned = lower.model_copy(update={"differs_because": bench.seal("the pump was off")})
    with bench.refuses(no.OnlyAssessor):
        bench.ask(reasoned, INVESTIGATOR)
    bench.ask(reasoned, PI)
    assert patient(bench, "001").adverse_events[1].grade == 2


def test_the_assessor_may_confirm_his_grade_or_raise_it() -> None:
    bench = told("1A")
    position = assessed(bench, 3)
    bench.ask(safety.ConfirmGrade(patient="001", adverse_event=1, assessment=position, grade=3), INVESTIGATOR)
    higher = safety.ConfirmGrade(
        patient="001", adverse_event=1, assessment=position, grade=4, differs_because=bench.seal("a second pressor")
    )
    bench.ask(higher, INVESTIGATOR)
    assert patient(bench, "001").adverse_events[1].grade == 4


def test_a_grade_is_confirmed_of_an_assessment_on_record() -> None:
    bench = told("1A")
    assessed(bench, 3)
    with bench.refuses(no.NoSuchRecord):
        bench.ask(safety.ConfirmGrade(patient="001", adverse_event=1, assessment=0, grade=3))
    with bench.refuses(no.NotDelegated):
        bench.ask(safety.ConfirmGrade(patient="001", adverse_event=1, assessment=0, grade=3), NURSE)


def test_an_event_is_related_until_two_people_with_reasons_say_otherwise() -> None:
    """A.3-26."""
    bench = told("1A")
    bench.ask(event(bench))
    unrelated = safety.AssessAttribution(patient="001", adverse_event=1, relation="unrelated")
    with bench.refuses(no.ReasonMissing):
        bench.ask(unrelated)
    reasoned = unrelated.model_copy(update={"rationale": bench.seal("catheter infection")})
    bench.ask(reasoned, PI)
    assert patient(bench, "001").adverse_events[1].related
    bench.ask(reasoned, INVESTIGATOR)
    assert not patient(bench, "001").adverse_events[1].related
    bench.ask(reasoned.model_copy(update={"relation": "possible"}), SPONSOR)
    assert patient(bench, "001").adverse_events[1].related


def test_a_toxicity_before_any_infusion_is_stored_and_no_candidate() -> None:
    bench = told("1A")
    assessed(bench, 4)
    assert candidates(bench, "001") == ()


def test_a_death_not_from_relapse_of_a_treated_patient_holds_the_trial_once() -> None:
    """A.3-19."""
    bench = told("1PP")
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="other"))
    held = [hold for hold in bench.world.trial.holds.values() if hold.cause == "death"]
    assert [(hold.scope, hold.patient, hold.automatic) for hold in held] == [("trial", "001", True)]
    p.review(bench, 1)
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("reviewed")), COMMITTEE)
    bench.ask(event(bench))
    assert all(hold.lifted for hold in bench.world.trial.holds.values())
    bench.ask(safety.RecordDeath(patient="002", died_on=bench.now.date(), cause="unknown"))
    assert [hold.patient for hold in bench.world.trial.holds.values() if not hold.lifted] == ["002"]


@pytest.mark.parametrize(("days_after_graft", "held"), [(100, True), (101, False)])
def test_a_death_holds_the_trial_up_to_day_100(days_after_graft: int, held: bool) -> None:
    """A.3-19."""
    bench = told("1P")
    bench.ask(transplant.RecordTransplant(patient="001", performed_at=bench.now))
    bench.pass_days(days_after_graft)
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="other"))
    assert any(hold.cause == "death" for hold in bench.world.trial.holds.values()) is held


def test_a_death_from_relapse_or_before_any_infusion_holds_nothing() -> None:
    bench = told("1PA")
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="relapse"))
    bench.ask(safety.RecordDeath(patient="002", died_on=bench.now.date(), cause="other"))
    assert not bench.world.trial.holds
