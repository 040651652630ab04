"""Lots for tests: a trial in memory that knows products, and the usual way of a lot, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from ledger.decisions import product_permits
from ledger.decisions import products as p
from ledger.decisions import products_release as r
from ledger.decisions.docket import Command
from ledger.decisions.infusion import PlanDose
from ledger.errors import Refused
from ledger.product.events import Bag
from ledger.product.state import Product
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.terms import Word
from ledger.record import Actor
from ledger.strands import Strands
from ledger.types import Event, exact
from tests.bench import PI, QA, SITE, Bench, appoint, nct07256210, opened_trial, person
from tests.patients import place, screen

LOT: Final = "NK-001"
CHAIN: Final = "COI-001"
LAB: Final = person("lena", "coordinator")

PASSING: Final[Mapping[str, tuple[str, str | None]]] = {
    "endotoxin_eu_per_ml": ("0.5", "eu_per_ml"),
    "feeder_cells_percent": ("0.01", "percent"),
    "cd3_cells_per_kg": ("1000000", "cells"),
    "cd56_cd3neg_percent": ("92.4", "percent"),
    "viability_percent": ("95", "percent"),
    "lysis_percent_at_20_to_1": ("60", "percent"),
    "sterility_gram_stain": ("no_organisms", None),
    "sterility_interim_culture": ("no_growth", None),
    "mycoplasma_pcr": ("negative", None),
    "hla_typing": ("identical_to_donor", None),
}
"""What each release test of NCT07256210 says of a good lot."""


@dataclass
class ProductBench(Bench):
    """A bench that asks everything twice, but for what is asked in another's stead."""

    def ask(self, command: Command, by: Actor = PI, **asked: Any) -> tuple[Event, ...]:
        self.twice = not asked
        return Bench.ask(self, command, by, **asked)

    @property
    def products(self) -> Strands[Product]:
        return self.world.products

    def lot(self, name: str = LOT) -> Product:
        return self.products[name]

    @property
    def day(self) -> date:
        return self.now.date()


def fork(bench: ProductBench) -> ProductBench:
    return replace(bench, records=list(bench.records), texts=dict(bench.texts))


def trial() -> ProductBench:
    """An open trial with patient 001 at level 1, weighed at 20 kg, and quality assurance delegated."""
    return fork(_usual_trial())


@cache
def _usual_trial() -> ProductBench:
    return trial_under(nct07256210())


def trial_under(protocol: ProtocolDocument) -> ProductBench:
    bench = ProductBench()
    opened_trial(protocol, bench)
    appoint(bench, LAB, by=PI)
    screen(bench, "001", donor="D-7")
    place(bench, "001", 1)
    bench.ask(PlanDose(patient="001", ordinal=1, weight_kg="20", weighed_on=bench.day))
    return bench


def collect(
    bench: ProductBench, lot: str = LOT, asked: Mapping[str, Any] = MappingProxyType({}), **said: object
) -> tuple[Event, ...]:
    """A collection from donor D-7 for patient 001, ten days ago."""
    content: dict[str, object] = {
        "chain_of_identity": CHAIN,
        "donor": "D-7",
        "donation_number": "=W0000 26 123456 00",
        "collected_at": bench.now - timedelta(days=10),
        "patient": "001",
        **said,
    }
    return bench.ask(p.ReceiveCollection.model_validate({"lot": lot, **content}), LAB, **asked)


def make(bench: ProductBench, lot: str = LOT, cells: int = 400_000_000, **bags: int) -> tuple[Event, ...]:
    """Manufactured, an hour ago: so many cells, in these bags."""
    command = p.RecordManufacture(
        lot=lot,
        outcome="manufactured",
        cells=cells,
        bags=tuple(Bag(bag=bag, cells=count) for bag, count in bags.items()),
        finished_at=bench.now - timedelta(hours=1),
    )
    return bench.ask(command, LAB)


def result(
    bench: ProductBench, test: Word, said: str, unit: str | None = None, by: Actor = LAB, **more: Any
) -> tuple[Event, ...]:
    """The result of one release test, today."""
    command = {"lot": LOT, "test": test, "result": said, "unit": unit, "tested_on": bench.day, **more}
    return bench.ask(r.RecordReleaseTest.model_validate(command), by)


def pass_tests(bench: ProductBench, without: str = "", by: Actor = LAB, lot: str = LOT) -> None:
    """Every release test passed, but for one that is not done."""
    for test, (said, unit) in PASSING.items():
        if test != without:
            result(bench, test, said, unit, by, lot=lot)


def dispose(bench: ProductBench, disposition: str, by: Actor = QA, lot: str = LOT, **asked: Any) -> tuple[Event, ...]:
    """Signed by quality assurance."""
    command = {"lot": lot, "disposition": disposition, "reason": bench.seal("batch record reviewed")}
    return bench.ask(r.SetDisposition.model_validate(command), by, **asked)


def hand_over(
    bench: ProductBench, from_party: str, to_party: str, bag: str | None = None, hours_ago: float = 0, **asked: Any
) -> tuple[Event, ...]:
    command = p.TransferCustody(
        lot=LOT,
        bag=bag,
        from_party=from_party,
        to_party=to_party,
        temperature_c="-152.4",
        transferred_at=bench.now - timedelta(hours=hours_ago),
    )
    return bench.ask(command, LAB, **asked)


def sterility(bench: ProductBench, said: str, **asked: Any) -> tuple[Event, ...]:
    command = p.ReportLateSterility.model_validate({"lot": LOT, "result": said, "reported_on": bench.day})
    return bench.ask(command, LAB, **asked)


def ready_lot(**bags: int) -> ProductBench:
    """A trial with a lot for patient 001: tested, conditionally released, and in the hands of the ward."""
    bench = trial()
    collect(bench)
    make(bench, LOT, 400_000_000, **bags)
    pass_tests(bench)
    dispose(bench, "conditional")
    hand_over(bench, "CELLFAB", f"{SITE}.ward")
    return bench


def why_not(
    bench: ProductBench,
    patient: str = "001",
    ordinal: int = 1,
    weight_kg: str = "20",
    cells: str = "100000000",
    chain: str = CHAIN,
    lot: str = LOT,
) -> list[type[Refused]]:
    """Why the lot is not infused."""
    broken = product_permits.against_product(
        bench.products.get(lot),
        bench.world.patients[patient],
        bench.docket().protocol(),
        ordinal,
        exact(weight_kg),
        exact(cells),
        chain,
        bench.now,
    )
    return [type(each) for each in broken]
