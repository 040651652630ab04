"""What happens to the cells of every patient before the first infusion: collected, made, tested, released, brought."""

from typing import Final

from api.demo.people import COORDINATOR, EDC, QA, SITE
from api.demo.stage import Child, Stage

CELLS: Final = 12_000_000_000
RESULTS: Final = {
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
"""Every release test of the protocol, of a good lot: the result and its unit."""


def make_lot(stage: Stage, child: Child) -> None:
    """A lot for one child, in the hands of the ward. Its final sterility culture still runs: released conditionally."""
    lot = f"NK-{child.number}"
    path, quality = f"products/{lot}", stage.by(QA)
    collection = {
        "lot": lot,
        "chain_of_identity": f"COI-{child.number}",
        "donor": f"D-{child.number}",
        "donation_number": f"=G1517 26 600{child.number} 00",
        "collected_at": stage.at(days_ago=14),
        "patient": child.number,
    }
    quality.post("products", collection)
    made = {"outcome": "manufactured", "cells": CELLS, "finished_at": stage.at(hours_ago=20)}
    quality.post(f"{path}/manufacture", made)
    for test, (result, unit) in RESULTS.items():
        found = {"test": test, "result": result, "unit": unit, "tested_on": stage.today.isoformat()}
        weighed = {"weight_kg": child.weight_kg} if test == "cd3_cells_per_kg" else {}
        stage.by(EDC).post(f"{path}/release-tests", {**found, **weighed})
    signed = {"disposition": "conditional", "reason": "Batch record reviewed; the final culture still runs."}
    quality.decide(f"{path}/disposition", signed, on=path)
    brought = {"from_party": "CELLFAB", "to_party": f"{SITE}.ward", "temperature_c": "-152.4"}
    stage.by(COORDINATOR).post(f"{path}/custody", {**brought, "transferred_at": stage.at()})
