"""A lot of cells: collected, made, tested, released, handed on, thawed, destroyed."""

from typing import Final

from api.roles import needs
from api.table import Write
from ledger.decisions import products, products_release

_LOT = {"lot": "NK-001-A"}
WRITES: Final[tuple[Write, ...]] = (
    Write(
        "/products",
        products.ReceiveCollection,
        needs("product", "W"),
        {
            "lot": "NK-001-A",
            "chain_of_identity": "COI-001",
            "donor": "D-0031",
            "donation_number": "=G1517 26 600001 00",
            "collected_at": "2026-02-03T09:30:00+03:00",
            "patient": "001",
        },
    ),
    Write(
        "/products/{lot}/manufacture",
        products.RecordManufacture,
        needs("product", "W"),
        {
            "outcome": "manufactured",
            "cells": 300000000,
            "bags": [{"bag": "NK-001-A.1", "cells": 150000000}, {"bag": "NK-001-A.2", "cells": 150000000}],
            "finished_at": "2026-02-16T18:00:00+03:00",
        },
        at=_LOT,
    ),
    Write(
        "/products/{lot}/release-tests",
        products_release.RecordReleaseTest,
        needs("product", "W"),
        {"test": "viability_percent", "result": "92.5", "unit": "percent", "tested_on": "2026-02-17"},
        at=_LOT,
    ),
    Write(
        "/products/{lot}/disposition",
        products_release.SetDisposition,
        needs("product", "S"),
        {"disposition": "conditional", "reason": "Batch record reviewed; the final culture still runs."},
        at=_LOT,
        rests_on="product",
    ),
    Write(
        "/products/{lot}/late-sterility",
        products.ReportLateSterility,
        needs("product", "W"),
        {"result": "negative", "reported_on": "2026-03-04"},
        at=_LOT,
    ),
    Write(
        "/products/{lot}/custody",
        products.TransferCustody,
        needs("product", "W", "custody"),
        {
            "from_party": "CELLFAB",
            "to_party": "NDGOI.ward",
            "temperature_c": "-152.4",
            "transferred_at": "2026-02-18T07:30:00+03:00",
        },
        at=_LOT,
    ),
    Write(
        "/products/{lot}/thaws",
        products.RecordThaw,
        needs("product", "W", "custody"),
        {
            "bag": "NK-001-A.1",
            "thawed_at": "2026-02-18T09:10:00+03:00",
            "viability_percent": "91.5",
            "cells": 145000000,
        },
        at=_LOT,
    ),
    Write(
        "/products/{lot}/excursions",
        products.RecordExcursion,
        needs("product", "W", "custody"),
        {"highest_c": "-98.0", "lasted_minutes": 12, "started_at": "2026-02-17T22:10:00+03:00"},
        at=_LOT,
    ),
    Write(
        "/products/{lot}/destructions",
        products.RecordDestruction,
        needs("product", "W", "custody"),
        {
            "bag": "NK-001-A.2",
            "cause": "not-needed",
            "witnessed_by": "boris",
            "destroyed_at": "2026-03-04T12:00:00+03:00",
        },
        at=_LOT,
    ),
)
