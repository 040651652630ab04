"""No infusion is authorised unless every condition of domain G.4-4 holds at that moment."""

from datetime import timedelta
from fractions import Fraction

import pytest

from ledger import refusals as no
from ledger.decisions import dose_decision, enrolment, given, holds, infusion, screening
from ledger.errors import LedgerError
from ledger.patient.infusions import IdentityVerified, InfusionAuthorised
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, SPONSOR, Bench
from tests.spec.story import deviations, go_on, named, only, patient, says, told, treated, trial, with_dlt


def weighed(bench: Bench, number: str = "001", ordinal: int = 1, weight_kg: str = "20") -> None:
    plan = infusion.PlanDose(patient=number, ordinal=ordinal, weight_kg=weight_kg, weighed_on=bench.now.date())
    bench.ask(plan)


def prepared(bench: Bench, number: str = "001", ordinal: int = 1) -> infusion.AuthoriseInfusion:
    """Weighed and ready, now; the authorisation as it would be asked for."""
    weighed(bench, number, ordinal)
    bench.ask(p.ready(bench, number, ordinal), INVESTIGATOR)
    return infusion.AuthoriseInfusion(
        patient=number,
        ordinal=ordinal,
        product=f"NK-{number}",
        cells_by_second_calculation=patient(bench, number).doses[ordinal].cells,
        release_certificate=p.CERTIFICATE,
        released_by="qa",
        released_on=bench.now.date(),
        chain_of_identity=f"COI-{number}",
        chain_of_identity_on_product=f"COI-{number}",
        checkers=("boris", "nina"),
    )


def test_an_authorisation_names_product_level_and_cells_and_holds_for_a_day() -> None:
    bench = told("1A")
    events = bench.ask(prepared(bench), INVESTIGATOR)
    assert only(IdentityVerified, events).checkers == ("boris", "nina")
    authorised = only(InfusionAuthorised, events)
    assert (authorised.level, authorised.product, authorised.max_cells) == (1, "NK-001", "400000000/3")
    assert authorised.valid_until == bench.now + timedelta(hours=24)


def test_an_authorisation_asked_for_later_is_another_one_with_all_its_conditions() -> None:
    bench = told("1A")
    command = prepared(bench)
    bench.ask(command, INVESTIGATOR)
    bench.now += timedelta(hours=1)
    assert only(InfusionAuthorised, bench.ask(command, INVESTIGATOR)).valid_until == bench.now + timedelta(hours=24)


@pytest.mark.parametrize("who", [NURSE, SPONSOR, COMMITTEE])
def test_an_investigator_authorises(who: p.Actor) -> None:
    bench = told("1A")
    with bench.refuses(no.NotDelegated):
        bench.ask(prepared(bench), who)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"checkers": ("boris",)}, no.CheckersNotDistinct),
        ({"checkers": ("boris", "boris")}, no.CheckersNotDistinct),
        ({"chain_of_identity_on_product": "COI-002"}, no.IdentityDoesNotMatch),
        ({"cells_by_second_calculation": "133333334"}, no.DoseAbovePlan),
        ({"cells_by_second_calculation": "100000000"}, no.DoseAbovePlan),
        ({"ordinal": 3}, no.NotInProtocol),
        ({"patient": "404"}, no.NoSuchPatient),
    ],
)
def test_what_does_not_fit_is_not_authorised(changes: dict[str, object], refusal: type[LedgerError]) -> None:
    bench = told("1A")
    command = prepared(bench).model_copy(update=changes)
    with bench.refuses(refusal):
        bench.ask(command, INVESTIGATOR)


def test_the_second_calculation_may_be_rounded_down_and_is_not_rounded_up() -> None:
    bench = told("1A")
    command = prepared(bench)
    assert Fraction(command.cells_by_second_calculation) == Fraction(400_000_000, 3)
    bench.ask(command.model_copy(update={"cells_by_second_calculation": "133333333"}), INVESTIGATOR)


def test_the_product_is_released_by_the_day() -> None:
    bench = told("1A")
    command = prepared(bench).model_copy(update={"released_on": bench.now.date() + timedelta(days=1)})
    with bench.refuses(no.ProductNotReleased):
        bench.ask(command, INVESTIGATOR)


def test_consent_is_valid_on_the_day() -> None:
    bench = told("1A")
    command = prepared(bench)
    bench.ask(screening.WithdrawConsent(patient="001", scope="treatment"))
    with bench.refuses(no.ConsentNotValid):
        bench.ask(command, INVESTIGATOR)


@pytest.mark.parametrize(("scope", "level", "refusal"), [("trial", None, no.TrialHeld), ("level", 1, no.LevelHeld), ("level", 0, no.LevelHeld)])
def test_a_hold_reaches_both_infusions(scope: str, level: int | None, refusal: type[LedgerError]) -> None:
    bench = told("1A")
    first = prepared(bench)
    held = holds.ApplyHold.model_validate({"scope": scope, "level": level, "cause": "safety-concern"})
    before = bench.copy()
    before.ask(held)
    with before.refuses(refusal):
        before.ask(first, INVESTIGATOR)
    bench.ask(first, INVESTIGATOR)
    p.infuse(bench, "001", 1)
    bench.pass_days(17)
    second = prepared(bench, ordinal=2)
    bench.ask(held)
    with bench.refuses(refusal):
        bench.ask(second, INVESTIGATOR)


def test_a_hold_above_does_not_reach_down() -> None:
    bench = told("1A")
    bench.ask(holds.ApplyHold(scope="level", level=2, cause="safety-concern"))
    bench.ask(prepared(bench), INVESTIGATOR)


def test_a_patient_without_a_level_gets_no_cells() -> None:
    bench = told("1A")
    command = prepared(bench)
    bench.ask(enrolment.CancelAssignment(patient="001", cause="mistake"))
    with bench.refuses(no.NotAssigned):
        bench.ask(command, INVESTIGATOR)


def test_a_dose_is_planned_for_the_assigned_level() -> None:
    bench = told("1A")
    command = prepared(bench)
    with bench.refuses(no.DoseNotPlanned):
        bench.ask(command.model_copy(update={"ordinal": 2}), INVESTIGATOR) if False else _second(bench, command)


def _second(bench: Bench, command: infusion.AuthoriseInfusion) -> None:
    """Infusion 2 without a plan of its own, after infusion 1."""
    p.infuse(bench, "001", 1)
    raise NotImplementedError
