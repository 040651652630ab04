"""A DLT on a dose that is no more than a lower level's total (domain B.2, dose deviation)."""

from ledger import refusals as no
from ledger.decisions import holds
from ledger.decisions.dose_outcomes import against_outcome
from ledger.decisions.standing import advice
from tests.bench import COMMITTEE, INVESTIGATOR, Bench
from tests.patients import authorise, infuse, reaction, rule
from tests.spec import story


def dosed_at_level_2(percent: int) -> Bench:
    """Level 1 cleared by three; the sentinel of level 2 receives so many percent of the first infusion, and a DLT."""
    bench = story.told("1NNN 2A")
    number = next(iter(bench.world.cohort(2).members))
    authorise(bench, number, 1)
    infuse(bench, number, 1, percent=percent)
    rule(bench, number, reaction(bench, number))
    return bench


def holds_of(bench: Bench) -> list[tuple[str, int | None]]:
    return [(hold.cause, hold.level) for hold in bench.world.trial.holds.values() if not hold.lifted]


def test_it_counts_at_the_assigned_level_and_holds_the_lower_one_until_the_committee_has_ruled() -> None:
    bench = dosed_at_level_2(percent=50)
    assert bench.world.cohort(2).dlts == 1
    assert bench.world.cohort(1).dlts == 0
    assert holds_of(bench) == [("dlt-at-lower-dose", 1)]
    assert bench.world.trial.held(1) is not None


def test_nothing_is_settled_at_that_level_before_the_ruling() -> None:
    bench = dosed_at_level_2(percent=50)
    given = advice(bench.world, bench.docket().protocol())
    broken = [type(error) for error in against_outcome(bench.world, given, "declare_mtd", 1, override=False)]
    assert no.CandidateStands in broken
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("the dose was that of level 2 but for a spilt bag")), COMMITTEE)
    assert holds_of(bench) == []
    broken = [type(error) for error in against_outcome(bench.world, given, "declare_mtd", 1, override=False)]
    assert no.CandidateStands not in broken


def test_a_dose_above_every_lower_level_concerns_its_own_level_alone() -> None:
    assert holds_of(dosed_at_level_2(percent=100)) == []


def test_only_the_committee_rules_on_it() -> None:
    bench = dosed_at_level_2(percent=50)
    with bench.refuses(no.NotDelegated):
        bench.ask(holds.LiftHold(hold=1, review=bench.seal("fine")), INVESTIGATOR)
