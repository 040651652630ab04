"""A patient enters screening, consents at the age of the day, and is found eligible by criteria that nobody waives."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger import refusals as no
from ledger.decisions import enrolment, infusion, safety, screening, setup
from ledger.errors import LedgerError
from ledger.patient import events as e
from ledger.patient.review import QueryRaised
from tests import patients as p
from tests.bench import INVESTIGATOR, PI, SITE, SPONSOR, Bench
from tests.spec.story import has, patient, told, trial, trial_from


def consent(bench: Bench, number: str, capacity: e.Capacity, at: datetime | None = None) -> screening.RecordConsent:
    return screening.RecordConsent(
        patient=number,
        form_version="2.0",
        capacity=capacity,
        signed_at=at or bench.now,
        obtained_by="maria",
        copy_given=True,
    )


def determine(bench: Bench, number: str, criterion: str = "X5", *, met: bool = False) -> screening.SignDetermination:
    rationale = bench.seal("no sign of infection")
    return screening.SignDetermination(patient=number, criterion=criterion, met=met, rationale=rationale)


def entered(bench: Bench, number: str = "001", born: str = "2016-03") -> None:
    bench.ask(screening.ScreenPatient(number=number, site=SITE, birth_year_month=born, sex="female"))


def assessed(bench: Bench, born: str = "2016-03", *capacities: e.Capacity, **but: str | bool | None) -> None:
    """In screening, with consent and every criterion as it should be; findings may be others, or left out."""
    entered(bench, born=born)
    for capacity in capacities:
        bench.ask(consent(bench, "001", capacity))
    p.examine(bench, "001", **but)
    p.find_donor(bench, "001")
    p.attest(bench, "001")
    bench.ask(determine(bench, "001"))


CONFIRM = screening.ConfirmEligibility(patient="001")


def test_another_patient_under_a_number_in_use_contradicts_the_record_and_changes_nothing() -> None:
    bench = trial()
    entered(bench)
    events = bench.ask(screening.ScreenPatient(number="001", site=SITE, birth_year_month="2010-01", sex="male"))
    assert has(QueryRaised, events)
    screened = patient(bench, "001").screened
    assert screened is not None
    assert screened.birth_year_month == "2016-03"


def test_an_unknown_patient_is_named_as_such() -> None:
    bench = trial()
    with bench.refuses(no.NoSuchPatient):
        bench.ask(consent(bench, "404", "patient"))


@pytest.mark.parametrize(("born", "crossed_on"), [("2012-02", "2026-02-01"), ("2008-02", "2026-02-01")])
def test_at_14_and_at_18_consent_is_due_again_from_the_first_of_the_birth_month(born: str, crossed_on: str) -> None:
    """A.3-2."""
    bench = trial()
    p.screen(bench, "001", born, sex="male")
    bench.now = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
    bench.ask(enrolment.ReserveSlot(patient="001", level=1))
    bench.now = datetime.combine(p.a_day(crossed_on), bench.now.timetz())
    with bench.refuses(no.ConsentNotValid):
        bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()))
    bench.ask(consent(bench, "001", "patient"))
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()))


def test_what_a_representative_signed_still_counts_at_14() -> None:
    bench = trial()
    p.screen(bench, "001", "2012-02", sex="male")
    bench.pass_days(40)
    bench.ask(consent(bench, "001", "patient"))
    assert {given.capacity for given in patient(bench, "001").consents.values()} == {"representative", "patient"}
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()))


def test_overdue_consent_refuses_what_is_new_and_never_a_safety_report() -> None:
    """A.3-2, G.4-11."""
    bench = told("1A")
    bench.ask(screening.WithdrawConsent(patient="001", scope="all-participation"))
    with bench.refuses(no.ConsentNotValid):
        bench.ask(infusion.PlanDose(patient="001", ordinal=1, weight_kg="20", weighed_on=bench.now.date()))
    event = p.reaction(bench, "001")
    assert event in patient(bench, "001").adverse_events


def test_consent_signed_tomorrow_is_not_recorded_today() -> None:
    bench = trial()
    entered(bench)
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(consent(bench, "001", "patient", bench.now + timedelta(days=1)))


def test_an_assent_is_recorded() -> None:
    bench = trial()
    entered(bench)
    given = bench.ask(screening.RecordAssent(patient="001", form_version="1.0", signed_at=bench.now))
    assert has(e.AssentGiven, given)


def test_withdrawn_consent_ends_every_permission() -> None:
    """X1."""
    bench = trial()
    p.screen(bench, "001")
    bench.ask(screening.WithdrawConsent(patient="001", scope="treatment"))
    with bench.refuses(no.ConsentNotValid):
        bench.ask(enrolment.ReserveSlot(patient="001", level=1))


@pytest.mark.parametrize("left_out", ["I3", "X6", "X7"])
def test_every_criterion_is_assessed_before_eligibility_is_signed(left_out: str) -> None:
    bench = trial()
    entered(bench)
    bench.ask(consent(bench, "001", "representative"))
    p.find_donor(bench, "001")
    p.examine(bench, "001")
    p.attest(bench, "001", left_out)
    bench.ask(determine(bench, "001"))
    with bench.refuses(no.CriteriaOpen):
        bench.ask(CONFIRM)
    p.attest(bench, "001")
    bench.ask(CONFIRM)


@pytest.mark.parametrize(("criterion", "met"), [("I10", False), ("X7", True)])
def test_an_inclusion_not_met_or_an_exclusion_met_is_not_eligible(criterion: str, met: bool) -> None:
    bench = trial()
    assessed(bench, "2016-03", "representative")
    p.attest(bench, "001", **{criterion: met})
    with bench.refuses(no.CriteriaOpen):
        bench.ask(CONFIRM)


def test_the_arbiters_criterion_waits_for_his_determination() -> None:
    """X5."""
    bench = trial()
    entered(bench)
    bench.ask(consent(bench, "001", "representative"))
    p.find_donor(bench, "001")
    p.examine(bench, "001")
    p.attest(bench, "001")
    with bench.refuses(no.CriteriaOpen):
        bench.ask(CONFIRM)
    with bench.refuses(no.NotInProtocol):
        p.attest(bench, "001", X5=False)
    with bench.refuses(no.NotDelegated):
        bench.ask(determine(bench, "001"), INVESTIGATOR)
    bench.ask(determine(bench, "001"), PI)
    bench.ask(CONFIRM, INVESTIGATOR)


def test_no_criterion_is_waived_by_a_determination() -> None:
    bench = trial()
    assessed(bench, "2016-03", "representative")
    p.find(bench, "001", lansky_percent="49")
    with bench.refuses(no.NotInProtocol):
        bench.ask(determine(bench, "001", "I5", met=True), PI)
    with bench.refuses(no.CriteriaOpen):
        bench.ask(CONFIRM)


def test_a_criterion_that_the_protocol_does_not_have_is_not_assessed() -> None:
    bench = trial()
    entered(bench)
    with bench.refuses(no.NotInProtocol):
        p.attest(bench, "001", I99=True)


@pytest.mark.parametrize(("born", "today"), [("2025-12", "2025-12-31"), ("2000-01", "2026-01-01")])
def test_below_one_month_and_from_the_26th_birthday_on_nobody_is_eligible(born: str, today: str) -> None:
    bench = trial_from(datetime.fromisoformat(f"{today}T08:00:00+00:00"))
    assessed(bench, born, "patient", "representative")
    with bench.refuses(no.CriteriaOpen):
        bench.ask(CONFIRM)


def test_the_day_before_the_26th_birthday_is_still_eligible() -> None:
    bench = trial()
    assessed(bench, "2000-02", "patient")
    bench.ask(CONFIRM)


def test_below_one_year_the_flag_waits_for_the_protocols_reading_signed_by_two() -> None:
    """R1, A.3-1."""
    bench = trial()
    assessed(bench, "2025-06", "representative")
    with bench.refuses(no.AgeFlagStands):
        bench.ask(CONFIRM)
    signed = setup.SignInterpretation(
        item="A.3-1", reading="one-month-flagged-below-one-year", basis=bench.seal("letter of the sponsor")
    )
    bench.ask(signed, PI)
    with bench.refuses(no.AgeFlagStands):
        bench.ask(CONFIRM)
    bench.ask(signed, SPONSOR)
    bench.ask(CONFIRM)


def test_a_more_cautious_reading_keeps_the_flag() -> None:
    bench = trial()
    assessed(bench, "2025-06", "representative")
    signed = setup.SignInterpretation(item="A.3-1", reading="from-one-year", basis=bench.seal("letter"))
    bench.ask(signed, PI)
    bench.ask(signed, SPONSOR)
    with bench.refuses(no.AgeFlagStands):
        bench.ask(CONFIRM)


def test_findings_are_recorded_as_measured_and_at_every_time_anew() -> None:
    bench = trial()
    entered(bench)
    p.find(bench, "001", lvef_percent="61.50")
    (lvef,) = patient(bench, "001").findings.values()
    assert (lvef.word, lvef.finding.shown, lvef.found_on) == ("lvef_percent", "61.50", bench.now.date())
    earlier = bench.now - timedelta(days=1)
    again = bench.ask(screening.RecordScreeningFindings(patient="001", findings=(lvef,)), occurred_at=earlier)
    assert has(e.ScreeningFindingRecorded, again)


def test_an_empty_report_is_none() -> None:
    bench = trial()
    entered(bench)
    with bench.refuses(no.UnreadableCommand):
        bench.ask(screening.RecordScreeningFindings(patient="001", findings=()))


def test_a_report_says_one_thing_about_one_thing() -> None:
    bench = trial()
    entered(bench)
    verdicts = tuple(e.CriterionAssessed(criterion="I3", met=met, inputs=None) for met in (True, False))
    with bench.refuses(no.FindingsContradict):
        bench.ask(screening.AssessCriteria(patient="001", assessments=verdicts))


def test_a_verdict_may_be_changed_and_changed_back() -> None:
    bench = trial()
    assessed(bench, "2016-03", "representative")
    p.attest(bench, "001", I10=False)
    p.attest(bench, "001", I10=True)
    assert patient(bench, "001").attested["I10"][1]
    bench.ask(CONFIRM)


def test_who_fails_screening_gives_the_slot_back_and_takes_no_further_part() -> None:
    bench = trial()
    p.screen(bench, "001")
    bench.ask(enrolment.ReserveSlot(patient="001", level=1))
    bench.ask(screening.FailScreening(patient="001", criteria=("I6",)))
    assert "001" not in bench.world.cohort(1).reservations
    with bench.refuses(no.PatientNotScreened):
        bench.ask(enrolment.ReserveSlot(patient="001", level=1))


@pytest.mark.parametrize(
    ("criteria", "refusal"),
    [(("Z9",), no.NotInProtocol), (("I8", "I99"), no.NotInProtocol), ((), no.UnreadableCommand)],
)
def test_screening_fails_by_criteria_of_the_protocol_or_by_its_age_rule(
    criteria: tuple[str, ...], refusal: type[LedgerError]
) -> None:
    bench = trial()
    p.screen(bench, "001")
    with bench.refuses(refusal):
        bench.ask(screening.FailScreening(patient="001", criteria=criteria))
    bench.ask(screening.FailScreening(patient="001", criteria=("R1", "X4")))
    assert patient(bench, "001").failed_by == ("R1", "X4")


def test_who_is_enrolled_does_not_fail_screening() -> None:
    bench = told("1A")
    with bench.refuses(no.AlreadyEnrolled):
        bench.ask(screening.FailScreening(patient="001", criteria=("I6",)))


def test_who_left_the_study_or_died_takes_no_further_part() -> None:
    bench = trial()
    p.screen(bench, "001")
    p.screen(bench, "002")
    bench.ask(safety.RecordOffStudy(patient="001", cause="withdrawal", off_on=bench.now.date()))
    bench.ask(safety.RecordDeath(patient="002", died_on=bench.now.date(), cause="relapse"))
    for number in ("001", "002"):
        with bench.refuses(no.OffStudy):
            bench.ask(enrolment.ReserveSlot(patient=number, level=1))
