"""Phase II: entered by a signed decision at the recommended dose, under the same cap (F, A.3-20, A.3-22)."""

from datetime import datetime, timedelta

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import dlt, dose_decision, enrolment, given, holds, setup
from ledger.decisions.dose_outcomes import advised_outcome
from ledger.decisions.standing import inputs_hash
from ledger.errors import Refused
from ledger.patient import events as e
from ledger.trial import dosing as t
from ledger.types import Event
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, PI, SPONSOR, Bench
from tests.spec.story import (
    amend,
    changed_protocol,
    close_windows,
    deviations,
    go_on,
    has,
    member,
    named,
    only,
    replayed,
    says,
    told,
)

CLEAN = "1NNN 2TT 1NNN"
"""Eight patients; the MTD is level 1 with no DLT in six, and the cap of 15 leaves seven."""


def proposal(bench: Bench, outcome: str, level: int | None) -> dose_decision.ProposeDoseDecision:
    dossier = inputs_hash(bench.world, bench.docket().version())
    content = {"outcome": outcome, "to_level": level, "dossier_hash": dossier}
    return dose_decision.ProposeDoseDecision.model_validate(content)


def declared(outcomes: str = CLEAN) -> Bench:
    """Phase I has its result, and every window is closed."""
    bench = told(outcomes)
    close_windows(bench)
    p.decide(bench, *advised_outcome(says(bench), bench.world))
    return bench


def phase(bench: Bench) -> str:
    return bench.world.trial.phase


def reserve(number: str, level: int = 1) -> enrolment.ReserveSlot:
    return enrolment.ReserveSlot(patient=number, level=level)


def test_phase_two_is_entered_by_a_decision_of_the_whole_quorum() -> None:
    bench = declared()
    assert phase(bench) == "I"
    number = only(t.DoseDecisionProposed, bench.ask(proposal(bench, "enter_phase_two", 1), SPONSOR)).decision
    for by in (PI, SPONSOR):
        assert not has(t.DoseDecisionTaken, p.sign(bench, number, by))
    events = p.sign(bench, number, COMMITTEE)
    assert only(t.PhaseEntered, events) == t.PhaseEntered(phase="II", level=1, decision=number)
    opened = c.ExpansionOpened(slots_count=7, sentinel_due=True, decision=number)
    assert only(c.ExpansionOpened, events) == opened
    assert phase(bench) == "II"
    assert replayed(bench) == bench.world


def test_there_is_no_phase_two_without_a_recommended_dose() -> None:
    bench = told(CLEAN)
    close_windows(bench)
    with bench.refuses(no.NoRecommendedDose):
        bench.ask(proposal(bench, "enter_phase_two", 1), SPONSOR)


def test_phase_two_is_at_the_recommended_dose_and_no_other() -> None:
    bench = declared()
    with bench.refuses(no.NotTheRecommendedDose):
        bench.ask(proposal(bench, "enter_phase_two", 2), SPONSOR)
    with bench.refuses(no.FindingsContradict):
        bench.ask(proposal(bench, "enter_phase_two", None), SPONSOR)


def test_phase_two_waits_for_every_window_of_phase_one() -> None:
    bench = told(CLEAN)
    p.decide(bench, "declare_mtd", 1)
    assert member(bench, "004").window is not None
    with bench.refuses(no.PhaseOneUnsettled):
        bench.ask(proposal(bench, "enter_phase_two", 1), SPONSOR)
    close_windows(bench)
    bench.ask(proposal(bench, "enter_phase_two", 1), SPONSOR)


def test_phase_two_waits_for_the_ruling_on_a_late_candidate() -> None:
    bench = declared()
    event = p.reaction(bench, "001", onset_at=bench.now - timedelta(days=230))
    assert bench.world.patients["001"].open_candidates
    with bench.refuses(no.PhaseOneUnsettled):
        bench.ask(proposal(bench, "enter_phase_two", 1), SPONSOR)
    p.rule_not_a_dlt(bench, "001", event)
    bench.ask(proposal(bench, "enter_phase_two", 1), SPONSOR)


@pytest.mark.parametrize(("level", "refusal"), [(None, no.TrialHeld), (1, no.LevelHeld), (0, no.LevelHeld)])
def test_phase_two_is_not_entered_under_a_hold_not_even_one_set_since(
    level: int | None, refusal: type[Refused]
) -> None:
    bench = declared()
    bench.ask(proposal(bench, "enter_phase_two", 1), SPONSOR)
    scope = "trial" if level is None else "level"
    hold = holds.ApplyHold.model_validate({"scope": scope, "level": level, "cause": "safety-concern"})
    bench.ask(hold, INVESTIGATOR)
    number = len(bench.world.trial.decisions)
    with bench.refuses(refusal):
        p.sign(bench, number, COMMITTEE)
    with bench.refuses(no.DecisionPending):
        bench.ask(proposal(bench, "enter_phase_two", 1), PI)
    p.sign(bench, number, COMMITTEE, vote="disagree")
    with bench.refuses(refusal):
        bench.ask(proposal(bench, "enter_phase_two", 1), PI)


def test_a_protocol_may_state_no_phase_two() -> None:
    bench = declared()
    amend(bench, changed_protocol(phases=["I"], phase_2=None))
    with bench.refuses(no.PhaseTwoNotStated):
        bench.ask(proposal(bench, "enter_phase_two", 1), SPONSOR)
    bench = told(f"{CLEAN} II")
    amend(bench, changed_protocol(phases=["I"], phase_2=None))
    p.screen(bench, "009")
    with bench.refuses(no.PhaseTwoNotStated):
        bench.ask(reserve("009"))


def test_there_is_no_phase_two_where_the_cap_leaves_nobody() -> None:
    bench = declared()
    amend(bench, changed_protocol(enrolment_cap=8))
    with bench.refuses(no.EnrolmentCapReached):
        bench.ask(proposal(bench, "enter_phase_two", 1), SPONSOR)
    bench = declared()
    bench.ask(setup.CloseEnrolment(cause="funding ends"), SPONSOR)
    with bench.refuses(no.EnrolmentCapReached):
        bench.ask(proposal(bench, "enter_phase_two", 1), SPONSOR)


def test_phase_two_is_entered_once_and_again_for_the_patients_that_an_amendment_adds() -> None:
    bench = told(f"{CLEAN} II")
    with bench.refuses(no.PhaseTwoEntered):
        bench.ask(proposal(bench, "enter_phase_two", 1), SPONSOR)
    amend(bench, changed_protocol(enrolment_cap=20))
    assert bench.world.cohort(1).free_slots(bench.now.date(), "II") == 7, "more children need a signed decision"
    p.decide(bench, "enter_phase_two", 1)
    assert bench.world.cohort(1).free_slots(bench.now.date(), "II") == 12


def test_the_decision_is_circulated_before_the_first_dose_of_phase_two() -> None:
    bench = declared()
    number = p.decide(bench, "enter_phase_two", 1, circulate=False)
    go_on(bench, "1A")
    with pytest.raises(no.DecisionNotCirculated):
        p.authorise(bench, "009", 1)
    p.acknowledge(bench, number)
    p.authorise(bench, "009", 1)


def test_between_the_result_and_phase_two_nobody_is_placed() -> None:
    bench = declared()
    p.screen(bench, "009")
    with bench.refuses(no.PhaseOneComplete):
        bench.ask(reserve("009"))


def test_phase_two_places_at_the_recommended_dose_up_to_the_cap() -> None:
    bench = told(f"{CLEAN} II")
    for number in range(9, 17):
        p.screen(bench, f"{number:03}")
    for level in (0, 2):
        with bench.refuses(no.NotTheRecommendedDose if level == 0 else no.LevelHeld):
            bench.ask(reserve("009", level))
    for number in range(9, 16):
        bench.ask(reserve(f"{number:03}"))
    with bench.refuses(no.NoFreeSlot):
        bench.ask(reserve("016"))


def test_the_fifteenth_enrolment_is_the_last() -> None:
    bench = told(f"{CLEAN} II 1AAAAAAA")
    assert sum(known.enrolled is not None for known in bench.world.patients.values()) == 15
    p.screen(bench, "016")
    planned = enrolment.EnrolPatient(patient="016", planned_transplant_on=bench.now.date())
    with bench.refuses(no.EnrolmentCapReached):
        bench.ask(planned)
    bench.ask(enrolment.CancelAssignment(patient="015", cause="product failed"))
    with bench.refuses(no.EnrolmentCapReached):
        bench.ask(reserve("016"))
    bench.ask(reserve("015"))


def test_a_patient_of_phase_two_is_recorded_as_one() -> None:
    bench = told(f"{CLEAN} II 1N")
    enrolled = bench.world.patients["009"].enrolled
    assert enrolled is not None
    assert (enrolled.phase, member(bench, "009").phase, member(bench, "001").phase) == ("II", "II", "I")


def test_who_was_enrolled_in_phase_one_and_waited_has_a_place_in_phase_two() -> None:
    bench = told(CLEAN)
    p.screen(bench, "009")
    planned = enrolment.EnrolPatient(patient="009", planned_transplant_on=bench.now.date() + timedelta(days=300))
    bench.ask(planned)
    close_windows(bench)
    p.decide(bench, "declare_mtd", 1)
    events = p.decide(bench, "enter_phase_two", 1)
    assert bench.world.cohort(1).free_slots(bench.now.date(), "II") == 7, events
    bench.ask(reserve("009"))
    bench.ask(planned)
    bench.ask(enrolment.AssignDoseLevel(patient="009", level=1))
    assert member(bench, "009").phase == "II"


def test_the_design_is_told_of_phase_one_alone() -> None:
    before, after = told(f"{CLEAN} II"), told(f"{CLEAN} II 1TTP")
    assert says(after) == says(before)
    assert (after.world.cohort(1).evaluable, after.world.cohort(1).dlts, after.world.cohort(1).pending) == (6, 0, 0)
    assert not after.world.cohort(1).exceeded
    assert (after.world.trial.mtd, after.world.trial.rp2d) == (1, 1)
    assert not any(decision.superseded for decision in after.world.trial.decisions.values())


def test_the_first_patient_of_phase_two_is_a_sentinel() -> None:
    bench = told(f"{CLEAN} II 1AA")
    assert member(bench, "009").sentinel
    p.dose_all(bench, "009")
    bench.pass_days(13)
    with pytest.raises(no.SentinelPeriodRunning):
        p.authorise(bench, "010", 1)
    bench.pass_days(1)
    p.authorise(bench, "010", 1)


def test_a_protocol_may_do_without_that_sentinel() -> None:
    stated = changed_protocol().phase_2
    assert stated is not None
    bench = declared()
    amend(bench, changed_protocol(phase_2=stated.model_copy(update={"first_is_sentinel": False}).model_dump()))
    p.decide(bench, "enter_phase_two", 1)
    go_on(bench, "1AA")
    assert not member(bench, "009").sentinel
    p.dose_all(bench, "009")
    p.authorise(bench, "010", 1)


def test_after_a_dlt_in_phase_one_at_the_level_patients_go_one_at_a_time() -> None:
    bench = told("1NNT 1NNN 2TT II 1NAA")
    p.authorise(bench, "010", 1)
    p.infuse(bench, "010", 1)
    with pytest.raises(no.SentinelPeriodRunning):
        p.authorise(bench, "011", 1)


def paper(at: datetime, outcome: t.Outcome, level: int) -> dose_decision.ReportPaperDecision:
    return dose_decision.ReportPaperDecision(outcome=outcome, to_level=level, taken_at=at)


def test_phase_two_that_was_entered_on_paper_counts_its_patients_from_then_on() -> None:
    bench = declared()
    taken_at = bench.now
    bench.pass_days(20)
    events = bench.ask(paper(taken_at, "enter_phase_two", 1), PI)
    assert not deviations(events)
    for number, at in (("009", taken_at - timedelta(days=1)), ("010", taken_at + timedelta(days=1))):
        p.screen(bench, number)
        start = given.RecordInfusionStart(patient=number, ordinal=1, product=f"NK-{number}", level=1, started_at=at)
        bench.ask(start, INVESTIGATOR, occurred_at=at)
    assert (member(bench, "009").phase, member(bench, "010").phase) == ("I", "II")


def test_a_paper_that_enters_phase_two_without_a_recommended_dose_opens_nothing() -> None:
    bench = told("1NNN")
    events = bench.ask(paper(bench.now, "enter_phase_two", 1), PI)
    assert deviations(events) == named(no.NoRecommendedDose)
    assert not has(t.PhaseEntered, events)
    assert phase(bench) == "I"


def test_another_result_on_paper_than_the_designs_ends_phase_two() -> None:
    bench = told("1NNN 2NNN 3NNN 3NNN")
    close_windows(bench)
    p.decide(bench, "declare_mtd_not_reached", 3)
    p.decide(bench, "enter_phase_two", 3)
    events = bench.ask(paper(bench.now, "declare_mtd_not_reached", 0), PI)
    assert only(t.Rp2dSelected, events).level == only(t.Rp2dWithdrawn, events).level == 0
    assert only(t.HoldApplied, events).cause == "mtd-superseded"
    assert (phase(bench), bench.world.trial.rp2d) == ("I", None)


def test_a_child_dosed_off_the_recommended_dose_in_phase_two_is_held_and_told_to_no_design() -> None:
    bench = told(f"{CLEAN} II")
    bench.pass_days(1)
    p.screen(bench, "009")
    start = given.RecordInfusionStart(patient="009", ordinal=1, product="NK-009", level=0, started_at=bench.now)
    events = bench.ask(start, INVESTIGATOR)
    assert only(c.SlotAssigned, events).phase == "II"
    assert only(t.HoldApplied, events).cause == "dose-without-permission"
    assert bench.world.trial.mtd == 1


def late(bench: Bench, number: str) -> tuple[Event, ...]:
    """A DLT that is reported and ruled long after its window."""
    window = member(bench, number).window
    assert window is not None
    onset = datetime.combine(window.from_on + timedelta(days=3), bench.now.timetz())
    return p.rule(bench, number, p.reaction(bench, number, onset_at=onset))


def test_a_late_dlt_of_phase_one_is_reviewed_and_the_second_ends_phase_two() -> None:
    bench = told(f"{CLEAN} II 1N")
    first = late(bench, "001")
    assert only(t.HoldApplied, first).cause == "phase-two-dlt"
    assert phase(bench) == "II"
    second = late(bench, "002")
    assert has(c.CohortExceeded, second)
    assert has(t.MtdSuperseded, second)
    assert has(t.Rp2dWithdrawn, second)
    assert phase(bench) == "I"
    p.screen(bench, "010")
    with bench.refuses(no.TrialHeld):
        bench.ask(reserve("010"))


def test_a_withdrawn_dlt_of_phase_one_ends_phase_two_too() -> None:
    bench = told(f"{CLEAN} II")
    p.rule_not_a_dlt(bench, "004", 1, revision=2)
    omission = {"patient": "004", "subject": "omission/2", "is_dlt": False, "revision": 2}
    for by in (INVESTIGATOR, SPONSOR, COMMITTEE):
        ruling = {**omission, "rationale": bench.seal("no reaction to the cells")}
        bench.ask(dlt.RuleOnDlt.model_validate(ruling), by)
    assert bench.world.cohort(2).dlts == 1
    p.decide(bench, "reopen", 2)
    assert phase(bench) == "I"
    assert bench.world.trial.rp2d is None


def test_who_is_enrolled_in_phase_two_stays_so() -> None:
    bench = told(f"{CLEAN} II 1N")
    events = [record.event for record in bench.records if isinstance(record.event, e.PatientEnrolled)]
    assert [event.phase for event in events] == ["I"] * 8 + ["II"]


def test_a_short_product_in_phase_two_counts_at_no_level_of_the_design() -> None:
    bench = told(f"{CLEAN} II 1A")
    for ordinal, days in ((1, 17), (2, 0)):
        p.authorise(bench, "009", ordinal)
        p.infuse(bench, "009", ordinal, percent=50)
        bench.pass_days(days)
    p.close_window(bench, "009")
    said = {"patient": "009", "evaluable": True, "at_level": 0, "reason": "dose received", "revision": 1}
    for by in (PI, COMMITTEE):
        bench.ask(dlt.DetermineEvaluability.model_validate(said), by)
    assert member(bench, "009").revision == 1
    assert not bench.world.cohort(0).counted
