"""What the lot says of an infusion: refused before it, a deviation after it; and a lot's record corrected."""

from datetime import timedelta

import pytest

from ledger import refusals as no
from ledger.decisions import given
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.infusion import AuthoriseInfusion
from ledger.errors import LedgerError
from ledger.patient.infusions import InfusionStarted
from ledger.product.events import LateSterilityReported
from tests.bench import INVESTIGATOR
from tests.patients import authorise, infuse, ready
from tests.product.lots import LAB, LOT, ProductBench, dispose, ready_lot, result, sterility, trial
from tests.spec.story import deviations, has, named, replayed


def began(bench: ProductBench, hours_ago: float = 0, lot: str = LOT) -> given.RecordInfusionStart:
    at = bench.now - timedelta(hours=hours_ago)
    return given.RecordInfusionStart(patient="001", ordinal=1, product=lot, level=1, started_at=at)


def correction(bench: ProductBench, position: int, kind: str, lot: str = LOT, **changes: object) -> CorrectRecord:
    content = bench.records[position].event.model_dump(mode="json")
    return CorrectRecord(position=position, kind=kind, lot=lot, report={**content, **changes})


def test_a_lot_that_turns_out_unfit_is_not_authorised() -> None:
    bench = ready_lot()
    dispose(bench, "rejected")
    bench.ask(ready(bench, "001", 1), INVESTIGATOR)
    command = AuthoriseInfusion(
        patient="001",
        ordinal=1,
        product=LOT,
        cells_by_second_calculation=bench.world.patients["001"].doses[1].cells,
        chain_of_identity="COI-001",
        checkers=("boris", "nina"),
    )
    with bench.refuses(no.ProductRejected):
        bench.ask(command, INVESTIGATOR)
    other = command.model_copy(update={"product": "NK-404"})
    with bench.refuses(no.ProductUnknown):
        bench.ask(other, INVESTIGATOR)


def test_an_infusion_from_a_lot_that_nobody_knows_is_stored_and_flagged() -> None:
    bench = trial()
    events = bench.ask(began(bench, lot="NK-404"), INVESTIGATOR)
    assert has(InfusionStarted, events)
    assert deviations(events) == named(no.NotAuthorised, no.ProductUnknown)


def test_an_infusion_is_judged_by_what_had_happened_to_the_lot_when_it_began() -> None:
    bench = ready_lot()
    authorise(bench, "001", 1)
    bench.now += timedelta(hours=3)
    dispose(bench, "quarantined")
    sterility(bench, "positive")
    before, after = bench.copy(), bench.copy()
    assert deviations(before.ask(began(bench, hours_ago=2), INVESTIGATOR)) == set()
    found = deviations(after.ask(began(bench), INVESTIGATOR))
    assert named(no.ProductNotReleased, no.SterilityPositive) <= found


def test_a_release_test_outside_its_limit_is_flagged_at_the_infusion() -> None:
    bench = ready_lot()
    authorise(bench, "001", 1)
    result(bench, "viability_percent", "12", "percent")
    assert deviations(infuse(bench, "001", 1)) == named(no.ReleaseTestFailed)


def test_a_record_of_a_lot_is_corrected_with_a_reason_by_naming_the_lot() -> None:
    bench = ready_lot()
    bench.pass_days(14)
    sterility(bench, "positive")
    position = next(held.position for held in bench.lot().sterility)
    command = correction(bench, position, "late-sterility", result="negative")
    with bench.refuses(no.ReasonMissing):
        bench.ask(command, LAB)
    (event,) = bench.ask(command, LAB, reason=bench.seal("another patient's bottle"))
    assert isinstance(event, LateSterilityReported)
    assert not bench.lot().sterility_positive
    assert replayed(bench) == bench.world


@pytest.mark.parametrize(
    ("kind", "lot", "changes", "refusal"),
    [
        ("release-test", LOT, {"test": "cd56_cd3neg_percent"}, no.CorrectionOfAnotherKind),
        ("release-test", "NK-404", {}, no.NoSuchProduct),
        ("disposition", LOT, {}, no.NotCorrectable),
        ("consent", LOT, {}, no.UnreadableCommand),
    ],
)
def test_what_a_correction_of_a_lot_cannot_be(
    kind: str, lot: str, changes: dict[str, object], refusal: type[LedgerError]
) -> None:
    bench = ready_lot()
    held = bench.lot().result("viability_percent")
    assert held is not None
    judged = {"passed", "comparison", "limit"}
    content = {name: value for name, value in held.event.model_dump(mode="json").items() if name not in judged}
    command = CorrectRecord(position=held.position, kind=kind, lot=lot, report={**content, **changes})
    with bench.refuses(refusal):
        bench.ask(command, LAB, reason=bench.seal("misread"))


@pytest.mark.parametrize("about", [{}, {"patient": "001", "lot": LOT}])
def test_a_correction_is_about_a_patient_or_about_a_lot(about: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="of a patient, or of a lot"):
        CorrectRecord.model_validate({"position": 3, "kind": "death", "report": {}, **about})
