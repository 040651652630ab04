"""One record for each event of a lot of cells."""

from datetime import date
from typing import Final

from ledger.product.events import (
    Bag,
    CollectionReceived,
    CustodyTransferred,
    LateSterilityReported,
    ManufactureCompleted,
    ProductDestroyed,
    ProductDispositionSet,
    ProductThawed,
    ReleaseTestRecorded,
    TemperatureExcursion,
)
from ledger.record import Record
from tests.golden.envelope import EDC, FROM_EDC, QA, commitment, moscow, on_product

PRODUCT_SAMPLES: Final[tuple[Record, ...]] = (
    on_product(
        CollectionReceived(
            chain_of_identity="CoI-7c19",
            donor="D-0031",
            donation_number="=G1517 26 600001 00",
            collected_at=moscow(1, 9, 30),
            patient="001",
        ),
        stream_version=1,
        actor=QA,
    ),
    on_product(
        ManufactureCompleted(
            outcome="manufactured",
            lot="NK-0007",
            cells=430_000_000,
            bags=(Bag(bag="NK-0007.A", cells=210_000_000), Bag(bag="NK-0007.B", cells=210_000_000)),
            finished_at=moscow(1, 18),
        ),
        actor=QA,
    ),
    on_product(
        ReleaseTestRecorded(
            test="cd3_cells_per_kg",
            result="1200000",
            unit="cells",
            weight_kg="31.4",
            comparison="below",
            limit="200000",
            passed=True,
            tested_on=date(2026, 3, 1),
        ),
        actor=EDC,
        source=FROM_EDC,
    ),
    on_product(ProductDispositionSet(disposition="conditional", reason=commitment("4")), actor=QA),
    on_product(LateSterilityReported(result="positive", reported_on=date(2026, 3, 2)), corrects=39, actor=QA),
    on_product(
        CustodyTransferred(
            bag=None,
            from_party="CELLFAB",
            to_party="NDGOI.ward",
            temperature_c="-152.4",
            transferred_at=moscow(2, 7, 45),
        )
    ),
    on_product(ProductThawed(bag="NK-0007.A", thawed_at=moscow(2, 9, 50), viability_percent="91.0", cells=205_000_000)),
    on_product(TemperatureExcursion(highest_c="-98.0", lasted_minutes=12, started_at=moscow(2, 6, 30))),
    on_product(
        ProductDestroyed(
            bag="NK-0007.B", cells=None, cause="not-needed", witnessed_by="boris", destroyed_at=moscow(2, 16)
        ),
        conflicts_with=40,
    ),
)
