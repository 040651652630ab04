"""The final sterility culture comes after release: a fact, which may take the permission back."""

import pytest

from ledger import refusals as no
from ledger.decisions import products as p
from ledger.decisions.products_standing import sterility_pending
from ledger.patient.events import ProtocolDeviationRecorded
from ledger.product.events import LateSterilityReported
from ledger.trial.dosing import HoldApplied
from tests.bench import nct07256210
from tests.patients import authorise, infuse
from tests.product.lots import collect, dispose, make, pass_tests, ready_lot, sterility, trial, trial_under, why_not


def test_a_positive_culture_bars_the_second_infusion_and_holds_the_level() -> None:
    bench = ready_lot()
    authorise(bench, "001", 1)
    infuse(bench, "001", 1)
    bench.pass_days(14)
    report, hold = sterility(bench, "positive")
    assert isinstance(report, LateSterilityReported)
    assert isinstance(hold, HoldApplied)
    assert (hold.scope, hold.level, hold.patient, hold.automatic, hold.cause) == (
        "level",
        1,
        "001",
        True,
        p.LATE_STERILITY,
    )
    assert why_not(bench, ordinal=2) == [no.SterilityPositive]
    assert bench.world.trial.held(1) == 1


def test_a_positive_culture_of_a_lot_without_a_placed_patient_holds_the_trial() -> None:
    bench = trial()
    collect(bench, patient=None)
    _, hold = sterility(bench, "positive")
    assert isinstance(hold, HoldApplied)
    assert (hold.scope, hold.level, hold.patient) == ("trial", None, None)


def test_it_holds_once_and_a_negative_culture_takes_nothing_back() -> None:
    bench = ready_lot()
    sterility(bench, "positive")
    bench.pass_days(14)
    assert len(sterility(bench, "positive")) == 1
    sterility(bench, "negative")
    assert why_not(bench) == [no.SterilityPositive]
    with bench.refuses(no.SterilityPositive):
        dispose(bench, "released")
    assert len(bench.world.trial.holds) == 1


def test_a_corrected_culture_is_what_the_correction_says() -> None:
    bench = ready_lot()
    bench.pass_days(14)
    sterility(bench, "positive")
    wrong = next(held.position for held in bench.lot().sterility)
    sterility(bench, "negative", corrects=wrong, reason=bench.seal("another patient's bottle"))
    assert not bench.lot().sterility_positive
    dispose(bench, "released")
    assert why_not(bench) == []
    assert bench.world.trial.held(1) == 1, "the committee lifts a hold, a correction does not"


@pytest.mark.parametrize(("days", "final"), [(13, False), (14, True)])
def test_a_negative_culture_is_final_after_the_days_of_the_protocol(days: int, final: bool) -> None:
    bench = ready_lot()
    bench.pass_days(days)
    deviations = [event for event in sterility(bench, "negative") if isinstance(event, ProtocolDeviationRecorded)]
    assert [event.kind for event in deviations] == ([] if final else [no.LateSterilityTooEarly.__name__])
    limits = bench.docket().protocol().release_limits
    assert sterility_pending(bench.lot(), limits) is not final


def test_a_culture_reported_before_manufacture_is_known_keeps_the_lot_waiting() -> None:
    bench = trial()
    collect(bench)
    sterility(bench, "negative")
    make(bench)
    pass_tests(bench)
    with bench.refuses(no.LateSterilityPending):
        dispose(bench, "released")


def test_a_protocol_without_this_review_hold_sets_none() -> None:
    protocol = nct07256210()
    holds = protocol.review_holds.model_copy(update={"positive_late_sterility": False})
    bench = trial_under(protocol.model_copy(update={"review_holds": holds}))
    collect(bench)
    assert [type(event) for event in sterility(bench, "positive")] == [LateSterilityReported]
