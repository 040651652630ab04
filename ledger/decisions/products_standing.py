"""Where a lot stands among the trial's patients: who is to receive it, who did, and what is left."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from ledger.patient.state import Patient
from ledger.product.state import Product
from ledger.product.trace import Given
from ledger.protocol.treatment import ReleaseLimits
from ledger.record import patient_stream
from ledger.world import World


def recipient_of(world: World, product: Product) -> Patient | None:
    """The patient for whom a lot is made, where the ledger knows one."""
    return world.patients.get(product.recipient) if product.recipient else None


def stream_of_recipient(world: World, product: Product) -> str:
    """Where a lot's deviations are noted: on the recipient, where the ledger knows one."""
    recipient = recipient_of(world, product)
    return patient_stream(recipient.number) if recipient else product.stream


def given_to(patients: Iterable[Patient]) -> Iterator[Given]:
    """Every infusion as reported, with the product that the latest report of it names."""
    for patient in patients:
        for ordinal, infusion in sorted(patient.infusions.items()):
            if (done := infusion.completed) is not None:
                yield Given(patient.number, ordinal, done.product, done.cells, done.ended_at)
            elif (begun := infusion.started) is not None:
                yield Given(patient.number, ordinal, begun.product, None, begun.started_at)


def infused(patients: Iterable[Patient], lot: str) -> int:
    """How many cells of a lot were given."""
    return sum(given.cells or 0 for given in given_to(patients) if given.lot == lot)


def patients_of_lot(world: World, lot: str) -> tuple[str, ...]:
    """Whom a lot concerns, by number: those whom its collections name and those who received of it."""
    product = world.products.get(lot)
    named = {held.event.patient for held in product.collections} if product else set()
    received = {given.patient for given in given_to(world.participants.values()) if given.lot == lot}
    return tuple(sorted(received | {number for number in named if number is not None}))


def recipients_of(world: World, product: Product) -> tuple[Patient, ...]:
    """The patients whom a lot concerns: the one it is made for and those who received of it."""
    numbers = {given.patient for given in given_to(world.participants.values()) if given.lot == product.lot}
    if (recipient := recipient_of(world, product)) is not None:
        numbers.add(recipient.number)
    return tuple(world.patients[number] for number in sorted(numbers))


def weight_of(patient: Patient | None) -> str | None:
    """The latest actual weight on record, of a planned or a given dose, in kg."""
    if patient is None:
        return None
    weighed = [(dose.weighed_on, dose.weight_kg) for dose in patient.doses.values()]
    weighed += [(i.given_on, i.completed.weight_kg) for i in patient.infusions.values() if i.completed and i.given_on]
    return max(weighed, key=lambda each: each[0])[1] if weighed else None


def culture_final_on(product: Product, limits: ReleaseLimits) -> date | None:
    """The first day on which a negative culture counts as final, so many days after manufacture; null: no such day."""
    days = max((late.due_after_days for late in limits.late_findings), default=None)
    if days is None or product.manufacture is None:
        return None
    return product.manufacture.finished_at.date() + timedelta(days=days)


def sterility_pending(product: Product, limits: ReleaseLimits) -> bool:
    """Whether the protocol waits for the final culture of a lot."""
    final_on = culture_final_on(product, limits)
    if final_on is None:
        return bool(limits.late_findings)
    return not product.sterility_negative(final_on)
