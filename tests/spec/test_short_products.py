"""Who received no more than a lower level's dose: a DLT is held against that level until it is ruled there, and the
committee may say that the patient is evaluable there (domain B.2, dose deviation)."""

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import dlt, given, holds
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.dose_outcomes import against_outcome
from ledger.decisions.standing import advice, basis
from ledger.designs.base import Escalate, Treat
from ledger.errors import Refused
from ledger.record import Actor
from ledger.types import Event
from tests import patients as p
from tests.bench import COMMITTEE, COMMITTEE_2, INVESTIGATOR, PI, SPONSOR, Bench
from tests.patients import authorise, infuse, reaction, rule
from tests.spec import story
from tests.spec.story import deviations, has, member, named, only, replayed, says
from tests.spec.test_infusion_reports import end


def dosed_at_level_2(percent: int) -> Bench:
    """Level 1 cleared by three; the sentinel of level 2 receives so many percent of the first infusion, and a DLT."""
    bench = placed_at_level_2()
    authorise(bench, "004", 1)
    infuse(bench, "004", 1, percent=percent)
    rule(bench, "004", reaction(bench, "004"))
    return bench


def placed_at_level_2() -> Bench:
    return story.told("1NNN 2A")


def short(first: int = 50, second: int = 50, before: str = "1NNN 2A", number: str = "004") -> Bench:
    """Both infusions were given with so many percent of their plan, and the window is complete."""
    bench = story.told(before)
    for ordinal, percent in ((1, first), (2, second)):
        authorise(bench, number, ordinal, weight_kg="30")
        infuse(bench, number, ordinal, percent=percent, weight_kg="30")
        bench.pass_days(17)
    p.close_window(bench, number)
    return bench


def counts_at(
    bench: Bench, level: int, number: str = "004", *, signers: tuple[Actor, ...] = (PI, COMMITTEE), revision: int = 1
) -> tuple[Event, ...]:
    command = dlt.DetermineEvaluability(
        patient=number, evaluable=True, reason="short product", revision=revision, at_level=level
    )
    return tuple(event for by in signers for event in bench.ask(command, by))


def holds_of(bench: Bench) -> list[tuple[str, int | None]]:
    return [(hold.cause, hold.level) for hold in bench.world.trial.holds.values() if not hold.lifted]


def tally(bench: Bench, level: int) -> tuple[int, int, int]:
    cohort = bench.world.cohort(level)
    return cohort.evaluable, cohort.pending, cohort.dlts


def test_it_counts_at_the_assigned_level_and_holds_the_lower_one_until_the_committee_has_ruled() -> None:
    bench = dosed_at_level_2(percent=50)
    assert bench.world.cohort(2).dlts == 1
    assert bench.world.cohort(1).dlts == 0
    assert holds_of(bench) == [("dlt-at-lower-dose", 1)]
    assert bench.world.trial.held(1) is not None


def against_declaring(bench: Bench, level: int) -> list[type[Exception]]:
    given = advice(bench.world, bench.docket().protocol())
    broken = against_outcome(bench.world, bench.docket().protocol(), given, "declare_mtd", level, override=False)
    return [type(error) for error in broken]


def test_nothing_is_settled_at_that_level_before_the_ruling() -> None:
    bench = dosed_at_level_2(percent=50)
    assert no.CandidateStands in against_declaring(bench, 1)
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("the dose was that of level 2 but for a spilt bag")), COMMITTEE)
    assert holds_of(bench) == []
    assert no.CandidateStands not in against_declaring(bench, 1)


def test_a_dose_above_every_lower_level_concerns_its_own_level_alone() -> None:
    assert holds_of(dosed_at_level_2(percent=100)) == []


def test_only_the_committee_rules_on_it() -> None:
    bench = dosed_at_level_2(percent=50)
    with bench.refuses(no.NotDelegated):
        bench.ask(holds.LiftHold(hold=1, review=bench.seal("fine")), INVESTIGATOR)


def test_a_dlt_that_counts_at_the_level_received_counts_at_both() -> None:
    bench = dosed_at_level_2(percent=50)
    assert only(c.ReceivedDoseCounted, counts_at(bench, 1)).adjudication is not None
    assert tally(bench, 1) == (4, 0, 1)
    assert tally(bench, 2) == (1, 0, 1)
    assert no.CandidateStands not in against_declaring(bench, 1)
    assert says(bench) == Treat(1, 6)
    assert replayed(bench) == bench.world


def test_two_dlts_there_exceed_the_level_received() -> None:
    bench = story.told("1TNN 1NNN 2A")
    number = "007"
    authorise(bench, number, 1)
    infuse(bench, number, 1, percent=50)
    rule(bench, number, reaction(bench, number))
    counts_at(bench, 1, number)
    assert bench.world.cohort(1).exceeded
    assert ("level-exceeded", 1) in holds_of(bench)


def test_a_dlt_taken_back_is_taken_back_at_both_and_the_patient_counts_where_all_that_it_needs_is_there() -> None:
    bench = dosed_at_level_2(percent=70)
    counts_at(bench, 1)
    p.rule_not_a_dlt(bench, "004", 1, revision=2)
    assert tally(bench, 1) == (3, 0, 0), "the window runs"
    assert tally(bench, 2) == (0, 1, 0)
    bench.ask(given.OmitInfusion(patient="004", ordinal=2, cause="readiness-not-met"))
    p.close_window(bench, "004")
    assert tally(bench, 1) == (4, 0, 0)
    assert tally(bench, 2) == (0, 0, 0)


def test_a_short_product_is_evaluable_at_the_level_received_if_the_committee_says_so() -> None:
    bench = short()
    assert tally(bench, 2) == (0, 1, 0), "nothing says yet whether it counts"
    events = counts_at(bench, 1)
    assert only(c.EvaluabilityDetermined, events).at_level == 1
    assert only(c.ReceivedDoseCounted, events).assigned_level == 2
    assert tally(bench, 1) == (4, 0, 0)
    assert tally(bench, 2) == (0, 0, 0)
    assert member(bench, "004").evaluable is False
    assert says(bench) == Treat(2, 3)
    assert replayed(bench) == bench.world


def test_such_a_patient_is_replaced_at_the_assigned_level_and_as_its_sentinel() -> None:
    bench = short()
    counts_at(bench, 1)
    assert bench.world.cohort(2).free_slots(bench.now.date(), "I") == 3
    story.go_on(bench, "2A")
    assert member(bench, "005").sentinel


def test_two_signatures_and_the_committee_among_them() -> None:
    bench = short()
    assert not has(c.EvaluabilityDetermined, counts_at(bench, 1, signers=(PI, SPONSOR)))
    assert tally(bench, 1) == (3, 0, 0)
    assert has(c.ReceivedDoseCounted, counts_at(bench, 1, signers=(COMMITTEE,)))
    bench = short()
    assert not has(c.EvaluabilityDetermined, counts_at(bench, 1, signers=(COMMITTEE,)))
    assert has(c.EvaluabilityDetermined, counts_at(bench, 1, signers=(COMMITTEE_2,)))


@pytest.mark.parametrize(
    ("first", "second", "refusal"),
    [
        (39, 39, no.DoseBelowMinimum),
        (51, 51, no.LevelNotReceived),
        (24, 24, no.LevelNotReceived),
        (100, 100, no.LevelNotReceived),
    ],
)
def test_only_at_the_level_of_the_dose_that_was_received(first: int, second: int, refusal: type[Refused]) -> None:
    """Of level 2 in percent: 39 is not enough of level 1, 51 is above it, 24 is less than level 0, 100 is level 2."""
    bench = short(first, second)
    with bench.refuses(refusal):
        counts_at(bench, 1, revision=member(bench, "004").revision + 1)


def test_exactly_the_lower_levels_share_is_enough_and_exactly_its_total_is_its_dose() -> None:
    for percent in (40, 50):
        assert has(c.ReceivedDoseCounted, counts_at(short(percent, percent), 1))


def test_the_level_named_is_a_lower_one_of_the_ladder() -> None:
    bench = short()
    for level in (2, 3):
        with bench.refuses(no.FindingsContradict):
            counts_at(bench, level)
    with bench.refuses(no.NotInProtocol):
        counts_at(bench, 9)
    with bench.refuses(no.LevelNotReceived):
        counts_at(bench, 0)


def test_not_while_the_window_runs_or_an_assessment_is_missing_or_a_candidate_stands() -> None:
    bench = placed_at_level_2()
    authorise(bench, "004", 1)
    infuse(bench, "004", 1, percent=50)
    with bench.refuses(no.NotYetEvaluable):
        counts_at(bench, 1)
    reaction(bench, "004")
    with bench.refuses(no.CandidateStands):
        counts_at(bench, 1)
    rule_not_a_dlt_and_omit(bench)
    bench.pass_days(40)
    bench.ask(dlt.CloseDltWindow(patient="004", assessments_done_count=1))
    with bench.refuses(no.AssessmentsMissing):
        counts_at(bench, 1)


def rule_not_a_dlt_and_omit(bench: Bench) -> None:
    p.rule_not_a_dlt(bench, "004", 1)
    bench.ask(given.OmitInfusion(patient="004", ordinal=2, cause="hold"))


def test_a_later_revision_takes_it_back() -> None:
    bench = short()
    counts_at(bench, 1)
    command = dlt.DetermineEvaluability(patient="004", evaluable=False, reason="dose_below_minimum", revision=2)
    bench.ask(command, PI)
    assert has(c.ReceivedDoseUncounted, bench.ask(command, COMMITTEE))
    assert tally(bench, 1) == (3, 0, 0)


def test_a_late_candidate_is_one_at_both_levels() -> None:
    bench = short()
    counts_at(bench, 1)
    story.go_on(bench, "2NNN")
    assert says(bench) == Escalate(3)
    window = member(bench, "004").window
    assert window is not None
    late = reaction(bench, "004", onset_at=bench.now.replace(day=window.from_on.day, month=window.from_on.month))
    assert advice(bench.world, bench.docket().protocol()) != Escalate(3)
    rule(bench, "004", late)
    assert tally(bench, 1) == (4, 0, 1)
    assert tally(bench, 2) == (4, 0, 1)


def test_a_corrected_dose_that_is_no_longer_that_levels_counts_there_no_more() -> None:
    bench = short()
    counts_at(bench, 1)
    position = next(
        r.position
        for r in bench.records
        if r.event.NAME.startswith("patient.infusion-completed") and r.patient == "004"
    )
    report = end(bench, "004", cells=400_000_000, weight_kg="30").model_dump(mode="json", exclude={"patient"})
    report["ended_at"] = bench.records[position].occurred_at.isoformat()
    correction = CorrectRecord(position=position, kind="infusion", report=report, patient="004")
    assert has(c.ReceivedDoseUncounted, bench.ask(correction, reason=bench.seal("misread")))
    assert tally(bench, 1) == (3, 0, 0)
    assert member(bench, "004").evaluable is False, "nobody has determined it anew"


def test_a_decision_that_knew_the_patient_there_is_superseded_when_it_counts_there_no_more() -> None:
    bench = short()
    counts_at(bench, 1)
    rows = [(each.patient, each.level, each.evaluable) for each in basis(bench.world)]
    assert ("004", 1, True) in rows
    assert ("004", 2, False) in rows


def test_on_paper_it_is_stored_with_what_it_broke() -> None:
    bench = short(100, 100)
    command = dlt.DetermineEvaluability(patient="004", evaluable=True, reason="short product", revision=2, at_level=1)
    events = bench.ask(command, on_paper=True)
    assert deviations(events) == named(no.LevelNotReceived)
    assert tally(bench, 1) == (3, 0, 0), "the dose was that of level 2"
