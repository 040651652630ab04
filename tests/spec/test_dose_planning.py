"""The cells of an infusion are planned from the actual weight, exactly; the patient is found ready (P3, P6, A.3-16)."""

from datetime import timedelta
from fractions import Fraction

import pytest

from ledger import refusals as no
from ledger.decisions import infusion, safety, screening
from ledger.patient.infusions import DosePlanned, ReadinessAssessed
from ledger.types import exact
from tests import patients as p
from tests.bench import INVESTIGATOR, Bench
from tests.spec.story import changed_protocol, only, patient, told, trial, trial_with


def plan(bench: Bench, number: str = "001", ordinal: int = 1, weight_kg: str = "20", days_ago: int = 0) -> DosePlanned:
    weighed_on = bench.now.date() - timedelta(days=days_ago)
    command = infusion.PlanDose(patient=number, ordinal=ordinal, weight_kg=weight_kg, weighed_on=weighed_on)
    return only(DosePlanned, bench.ask(command))


@pytest.mark.parametrize(
    ("outcomes", "number", "per_kg"),
    [
        ("1A", "001", [Fraction(20_000_000, 3), Fraction(10_000_000, 3)]),
        ("1NNN 2A", "004", [Fraction(40_000_000, 3), Fraction(20_000_000, 3)]),
        ("1NNN 2NNN 3A", "007", [Fraction(20_000_000), Fraction(10_000_000)]),
        ("1TT 0A", "003", [Fraction(10_000_000, 3), Fraction(5_000_000, 3)]),
    ],
)
def test_the_infusions_share_the_levels_total(outcomes: str, number: str, per_kg: list[Fraction]) -> None:
    bench = told(outcomes)
    for ordinal, expected in enumerate(per_kg, start=1):
        planned = plan(bench, number, ordinal, "8")
        assert exact(planned.cells_per_kg) == expected
        assert exact(planned.cells) == 8 * expected
        bench.pass_days(12)


def test_a_planned_dose_is_exact_and_never_rounded_up() -> None:
    planned = plan(told("1A"), weight_kg="8")
    assert planned.cells == "160000000/3"
    assert exact(planned.cells) > int(exact(planned.cells)) == 53_333_333


def test_the_second_infusion_goes_by_its_own_weight_and_never_tops_up_the_first() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1, percent=70)
    bench.pass_days(17)
    assert exact(plan(bench, ordinal=2, weight_kg="30").cells) == 30 * Fraction(10_000_000, 3)


def test_a_weight_is_not_of_tomorrow() -> None:
    bench = told("1A")
    with bench.refuses(no.OccurrenceInTheFuture):
        plan(bench, days_ago=-2)


def test_no_dose_is_planned_without_a_level_a_weight_or_an_infusion_of_the_protocol() -> None:
    bench = trial()
    p.screen(bench, "001")
    with bench.refuses(no.NotAssigned):
        plan(bench)
    bench = told("1A")
    with bench.refuses(no.FindingsContradict):
        plan(bench, weight_kg="0")
    with bench.refuses(no.NotInProtocol):
        plan(bench, ordinal=3)
    with bench.refuses(no.NoSuchPatient):
        plan(bench, "404")


def test_no_dose_is_planned_for_who_withdrew() -> None:
    bench = told("1A")
    bench.ask(screening.WithdrawConsent(patient="001", scope="treatment"))
    with bench.refuses(no.ConsentNotValid):
        plan(bench)


def test_a_dose_planned_twice_is_planned_once_and_may_be_planned_anew() -> None:
    bench = told("1A")
    plan(bench)
    plan(bench, weight_kg="21")
    plan(bench)
    assert patient(bench, "001").doses[1].weight_kg == "20"


def assess(bench: Bench, ordinal: int = 1, **found: object) -> dict[str, bool]:
    """Each check, and whether it is met."""
    assessed = only(ReadinessAssessed, bench.ask(p.ready(bench, "001", ordinal, **found), INVESTIGATOR))
    return {item.check: item.met for item in assessed.items}


def test_the_reaction_check_is_for_the_second_infusion_only() -> None:
    bench = told("1A")
    assert set(assess(bench, 1)) == {"steroids", "infection", "ventilator", "oxygen"}
    assert set(assess(bench, 2)) == {"steroids", "infection", "ventilator", "oxygen", "nonhaematologic-reaction"}
    with bench.refuses(no.FindingsContradict):
        assess(bench, 2, nonhaematologic_reactions_count=None)


def reaction_before_infusion_2(bench: Bench, **said: object) -> None:
    """Infusion 1, then an adverse event that is no CRS or ICANS."""
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(3)
    content = {"term": "Hepatitis", "serious": False, "ctcae_grade": 3, "onset_at": bench.now, "patient": "001", **said}
    bench.ask(safety.ReportAdverseEvent.model_validate(content), INVESTIGATOR)


def test_an_unrelated_reaction_does_not_count_once_two_people_say_so() -> None:
    """P6, A.3-12, A.3-26."""
    bench = told("1A")
    reaction_before_infusion_2(bench)
    unrelated = safety.AssessAttribution(
        patient="001", adverse_event=1, relation="unrelated", rationale=bench.seal("conditioning")
    )
    bench.ask(unrelated, INVESTIGATOR)
    assert not assess(bench, 2)["nonhaematologic-reaction"]
    bench.ask(unrelated)
    assert assess(bench, 2)["nonhaematologic-reaction"]


def test_readiness_is_not_seen_in_the_future() -> None:
    bench = told("1A")
    with bench.refuses(no.OccurrenceInTheFuture):
        assess(bench, assessed_at=bench.now + timedelta(hours=1))


def test_the_same_findings_said_again_later_are_the_same_assessment() -> None:
    bench = told("1A")
    command = p.ready(bench, "001", 1)
    bench.ask(command, INVESTIGATOR)
    bench.now += timedelta(minutes=10)
    assert bench.ask(command, INVESTIGATOR) == ()


def test_the_limits_are_the_protocols() -> None:
    readiness = changed_protocol().readiness.model_dump(mode="json")
    bench = trial_with(readiness={**readiness, "oxygen_l_per_min_max": "2"})
    p.screen(bench, "001")
    p.place(bench, "001", 1)
    assert not assess(bench, oxygen_l_per_min="3")["oxygen"]
