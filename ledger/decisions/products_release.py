"""Release: what a lot is tested for, and what quality assurance signs (domain E.1)."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.docket import Decisions, Docket, Follows, ProductCommand, Reports, decided, report
from ledger.decisions.products_standing import (
    recipient_of,
    sterility_pending,
    weight_of,
)
from ledger.decisions.products_sums import planned_sum
from ledger.errors import Refused
from ledger.patient.state import Patient
from ledger.product import events as e
from ledger.product.state import Product
from ledger.product.testing import (
    CELLS_PER_KG,
    Limit,
    bound_of,
    cells_in_lot,
    comparison_of,
    is_late,
    limit_of,
    passes,
    units_of,
)
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.terms import Word
from ledger.protocol.treatment import MeasuredLimit, ReleaseTest
from ledger.types import Amount, Commitment, Day, exact


class RecordReleaseTest(ProductCommand):
    """Report the result of one release test; whether it passes is computed.

    `weight_kg` is the recipient's, for a limit per kg; without it the latest actual weight on record is taken.
    """

    test: Word
    result: Amount | Word
    unit: Word | None = None
    weight_kg: Amount | None = None
    tested_on: Day


class SetDisposition(ProductCommand):
    """Sign what may be done with a lot."""

    disposition: e.Disposition
    reason: Commitment


def record_release_test(docket: Docket, command: RecordReleaseTest) -> Follows:
    """A fact, judged by the limits in force. Said again without a change, it keeps the judgement that it has."""
    product, protocol = docket.product(command.lot), docket.protocol()
    patient, limit = recipient_of(docket.world, product), limit_of(protocol.release_limits, command.test)
    _readable(command, limit, protocol)
    summed = isinstance(limit, MeasuredLimit) and limit.summed_over_infusions
    weight_kg = command.weight_kg or (weight_of(patient) if summed else None)
    if summed and command.unit == CELLS_PER_KG and weight_kg is None:
        raise no.FindingsContradict("weight_kg is asked for with a result per kg")
    event = e.ReleaseTestRecorded(
        **command.model_dump(exclude={"lot", "weight_kg"}),
        weight_kg=weight_kg,
        comparison=comparison_of(limit),
        limit=bound_of(limit),
        passed=None,
    )
    judged = event.model_copy(update={"passed": verdict(event, product, patient, protocol, weight_kg)})
    return report(docket, product.stream, _as_judged_before(docket, product, command) or judged)


def _readable(command: RecordReleaseTest, limit: Limit | None, protocol: ProtocolDocument) -> None:
    """Refuse what cannot be compared with the limit: another unit, a word for a number, a number for a word."""
    measured = command.result[0].isdigit()
    if is_late(protocol.release_limits, command.test):
        raise no.FindingsContradict(f"{command.test} is reported as late sterility")
    if measured != (command.unit is not None) or (limit is not None and measured != isinstance(limit, MeasuredLimit)):
        raise no.FindingsContradict(f"{command.test}: a measured result has a unit, a finding has none")
    if isinstance(limit, MeasuredLimit) and command.unit not in units_of(limit):
        raise no.WrongUnit(f"{command.test}: {' or '.join(units_of(limit))}")
    if command.unit == "percent" and exact(command.result) > 100:
        raise no.FindingsContradict(f"{command.test}: more than 100 percent")
    if command.weight_kg is not None and exact(command.weight_kg) <= 0:
        raise no.FindingsContradict("the weight is not positive")


def _as_judged_before(docket: Docket, product: Product, command: RecordReleaseTest) -> e.ReleaseTestRecorded | None:
    """The same result where it is on record with a judgement: what has changed since does not make it another one."""
    if docket.asked.corrects is not None:
        return None
    for held in reversed(product.results):
        known = held.event
        if (known.test, known.tested_on) == (command.test, command.tested_on):
            same = (known.result, known.unit) == (command.result, command.unit)
            same = same and command.weight_kg in (None, known.weight_kg)
            return known if same and known.passed is not None else None
    return None


def verdict(
    result: e.ReleaseTestRecorded,
    product: Product,
    patient: Patient | None,
    protocol: ProtocolDocument,
    weight_kg: str | None,
) -> bool | None:
    """Whether a result is within the protocol's limit for the planned infusions; nothing where that is not known."""
    counted, total = cells_in_lot(result), None
    if counted is not None and weight_kg is not None:
        total = planned_sum(counted, product, patient, protocol, exact(weight_kg))
    return passes(limit_of(protocol.release_limits, result.test), result, total)


def verdict_now(test: str, product: Product, patient: Patient | None, protocol: ProtocolDocument) -> bool | None:
    """Whether the result in force of a test is within the limits in force, at the recipient's latest weight."""
    held = product.result(test)
    if held is None:
        return None
    return verdict(held.event, product, patient, protocol, weight_of(patient) or held.event.weight_kg)


def required_tests(protocol: ProtocolDocument) -> tuple[str, ...]:
    """What a lot is tested for before any release."""
    tests: list[ReleaseTest] = [*protocol.release_limits.measured, *protocol.release_limits.findings]
    return tuple(each.test for each in tests)


def against_tests(product: Product, patient: Patient | None, protocol: ProtocolDocument) -> Iterator[Refused]:
    """Why the tests do not release a lot."""
    for test in required_tests(protocol):
        passed = verdict_now(test, product, patient, protocol)
        if passed is None:
            yield no.ReleaseTestMissing(f"lot {product.lot}: {test}")
        elif not passed:
            yield no.ReleaseTestFailed(f"lot {product.lot}: {test}")


def set_disposition(docket: Docket, command: SetDisposition) -> Follows:
    """Signed by quality assurance of cell processing. Rejected and quarantined at any time; a release needs its rules.

    A release signed after an excursion is the judgement on it, so that it is said anew.
    """
    docket.signer("cell_processing_qa")
    product = docket.product(command.lot)
    event = e.ProductDispositionSet(disposition=command.disposition, reason=command.reason)
    broken = tuple(against_release(docket, product, command.disposition))
    return decided(docket, product.stream, event, broken, stands=not broken and not product.open_excursions)


def against_release(docket: Docket, product: Product, disposition: e.Disposition) -> Iterator[Refused]:
    """Why a lot is not released, or not conditionally. What is rejected goes back to quarantine first."""
    if disposition in ("quarantined", "rejected"):
        return
    protocol, patient = docket.protocol(), recipient_of(docket.world, product)
    if not product.manufactured:
        yield no.NotManufactured(f"lot {product.lot}")
    if product.disposition is not None and product.disposition.event.disposition == "rejected":
        yield no.ProductRejected(f"lot {product.lot}")
    if product.destroyed(None):
        yield no.ProductIsDestroyed(f"lot {product.lot}")
    if product.chain is None or product.identity_disputed:
        yield no.ChainOfIdentityBroken(f"lot {product.lot}")
    yield from against_tests(product, patient, protocol)
    yield from _against_sterility(product, disposition, protocol)
    tested_by = {held.by for test in required_tests(protocol) if (held := product.result(test)) is not None}
    if tested_by == {docket.asked.by.id}:
        yield no.OnlyAssessor(f"lot {product.lot}")


def _against_sterility(product: Product, disposition: e.Disposition, protocol: ProtocolDocument) -> Iterator[Refused]:
    pending = sterility_pending(product, protocol.release_limits)
    if product.sterility_positive:
        yield no.SterilityPositive(f"lot {product.lot}")
    elif disposition == "released" and pending:
        yield no.LateSterilityPending(f"lot {product.lot}")
    elif disposition == "conditional" and not pending:
        yield no.LateSterilityKnown(f"lot {product.lot}")


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RecordReleaseTest: record_release_test,
        SetDisposition: set_disposition,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "release-test": RecordReleaseTest,
    }
)
