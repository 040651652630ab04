"""Whatever is asked, in whatever state, the ledger records it, knows it already, or refuses it by name."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from api.demo.findings import recorded
from ledger.decisions.carry_out import DECISIONS
from ledger.decisions.corrections import REPORTS, CorrectRecord
from ledger.decisions.docket import Command
from ledger.decisions.review import manifest
from ledger.decisions.standing import canonical_hash, inputs_hash
from ledger.errors import LedgerError
from tests import patients as p
from tests.bench import (
    CHECKER,
    COMMITTEE,
    DRUG_SAFETY,
    INVESTIGATOR,
    NURSE,
    PI,
    QA,
    SPONSOR,
    Bench,
    nct07256210,
    person,
)
from tests.outcomes import GRADED, NOTHING_FOUND
from tests.spec.story import replayed, told, trial
from tests.spec.test_safety_reports import findings
from tests.spec.test_ward_sheets import WELL

ASKED_OF_EACH_STATE = 3000
STATES = ("1A", "1TP", "1NNN 2PA", "1NNN 2TPT", "1TT 0A", "1NNN 2NTT 1NNN")
STRANGER = person("stranger", "auditor", "NOWHERE")
PEOPLE = (PI, SPONSOR, COMMITTEE, INVESTIGATOR, NURSE, CHECKER, QA, DRUG_SAFETY, STRANGER)
FOUND = recorded("lvef_percent", "55", date(2026, 1, 5))
START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

GVHD = {**NOTHING_FOUND, **GRADED[4]}
RELAPSED = {"kind": "relapse", "relapse": "haematological", "happened_on": "2026-01-05"}
FAILED = {"kind": "graft-failure", "failure": "primary", "happened_on": "2026-01-05"}

INSTANTS = tuple(
    START + timedelta(days=days, hours=hours) for days in (-3000, -1, 0, 3, 17, 40, 90) for hours in (0, 15)
)
DAYS = tuple(date.fromisoformat(day) for day in ("1900-01-01", "2025-05-09", "2026-01-05", "2026-02-20", "2199-12-31"))
KEY = "test.example/trial+73f5de94+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
POOLS: dict[str, tuple[object, ...]] = {
    "verifier_key": (KEY, "another.example/trial+73f5de94+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"),
    "signed_by_old_key": (None, "A" * 86 + "=="),
    "lines": ((), ("quorum none",), (f"log {KEY}", "quorum none")),
    "authorities": ((), ({"name": "national", "url": "https://tsa.example", "roots_sha256": "ab" * 32},)),
    "authority": ("national",),
    "cosigners": ((), ({"name": "site", "cosigned_at": START},)),
    "against": ("steady-clock", "witness", "sundial"),
    "off_by_milliseconds": (-3_600_000, 0, 2_000),
    "size": (0, 1, 10**9),
    "signed_size": (0, 120),
    "found_size": (0, 98),
    "root": ("ab" * 32,),
    "signed_root": ("ab" * 32,),
    "found_root": ("cd" * 32,),
    "donor": ("D-001", "D-002", "D-404", None),
    "type": ("haploidentical", "matched_related"),
    "birth_year": (1900, 1984, 2099),
    "cmv_serology": ("positive", "unknown"),
    "ranking": ((), *(({"donor": donor, "reasons": ["CMV"]},) for donor in ("D-001", "D-404"))),
    "whose": ("recipient", "donor"),
    "sample": ("001-1", "D-001-1", "B-9"),
    "abo": ("A", "O"),
    "rh": ("positive", "negative"),
    "agent": ("fludarabine", "treosulfan", "busulfan", "tocilizumab", "abatacept", "Dexamethasone", "-"),
    "protocol_day": (-14, -4, -1, 0, 28, 3650),
    "dose": (None, "40", "14", "8", "0", "10"),
    "graft": (None, "g-csf-mobilised-cd3-depleted-pbsc", "other"),
    "capacities": ((), ("representative",), ("patient", "representative")),
    "lot": ("NK-001", "NK-001", "NK-002", "NK-404", None),
    "bag": (None, "NK-001.A"),
    "bags": ((), ("NK-001.A",), ({"bag": "NK-001.A", "cells": 1},), 2 * ({"bag": "A", "cells": 1},)),
    "product": ("NK-001", "NK-002", "NK-404"),
    "chain_of_identity": ("COI-001", "COI-404"),
    "test": ("cd3_cells_per_kg", "viability_percent", "hla_typing", "no_such_test"),
    "result": ("negative", "positive", "99.5", "0"),
    "unit": (None, "percent", "cells", "cells_per_kg", "mg/m2", "mg/kg", "g/m2"),
    "disposition": ("released", "conditional", "quarantined", "rejected"),
    "highest_c": ("-98", "4.5"),
    "temperature_c": ("-152.4",),
    "lasted_minutes": (0, 12),
    "patient": (None, "001", "002", "003", "004", "404", "O 1", "a/b"),
    "number": ("001", "005", "X-9"),
    "person": ("maria", "sofia"),
    "role": ("principal_investigator", "investigator", "safety_committee", "inspector"),
    "site": ("NDGOI", "NOWHERE", None),
    "at_level": (None, None, 0, 1, 9),
    "level": (0, 1, 2, 3, 4, 99),
    "to_level": (None, 0, 1, 2, 3, 99),
    "ordinal": (1, 2, 3, 9),
    "outcome": ("escalate", "expand", "reopen", "stay", "de_escalate", "hold", "stop", "fatal", "manufactured", None),
    "subject": ("adverse-event/1", "adverse-event/7", "omission/1", "omission/2", "omission/9", "death"),
    "revision": (1, 2, 9),
    "version": (1, 2, 9, "IB-3"),
    "decision": (0, 1, 2, 99),
    "hold": (-1, 0, 1, 2, 99),
    "quarantine": (0, 1, 99),
    "adverse_event": (1, 2, 9999),
    "assessment": (0, 30, 60, 10**9),
    "grade": (None, 0, 2, 3, 5),
    "cause": ("other", "hold", "reaction-or-its-treatment", "relapse", "withdrawal", "safety-concern", "residue",
              "declined", "reaction"),
    "early_end": (None, "death", "withdrawal", "lost-to-follow-up"),
    "resolution": ("cd" * 32, "corrected", "stands", "withdrawn"),
    "party": ("ward", "pharmacy", "kitchen"),
    "by": ("nina", "boris"),
    "about": (None, 0, 20, 40, 60, 80, 10**9),
    "query": (1, 2, 9999),
    "positions": ((40,), (20, 40, 60), (), (10**9,)),
    "reason": ("not_infused", "completed", "window_assessments_missing", "ab" * 32),
    "scope": ("trial", "level", "treatment", "all-participation"),
    "vote": ("agree", "disagree", "perhaps"),
    "toxicity": (None, "CRS", "ICANS"),
    "capacity": ("patient", "representative", "donor"),
    "weight_kg": ("20", "0", "0.0000000000000000000000000000000000001", "99999999999999999999", "20.5"),
    "cells": (None, 0, 1, 133_333_333, 2**53 - 1),
    "cells_by_first_calculation": ("0", "133333333", "400000000/3", "-1"),
    "volume_ml_by_first_calculation": ("0", "133.3", "1333.3"),
    "volume_ml_by_second_calculation": (None, "0", "133.3"),
    "viable_cells_per_ml": ("0", "1000000", "0.001"),
    "available_volume_ml": (None, "0", "40"),
    "premedication": ((), ("paracetamol",)),
    "readings": (
        (),
        ({"taken_at": "2026-01-05T10:00:00Z", "spo2_percent": "98"},),
        ({"taken_at": "2026-01-05T10:00:00Z", "spo2_percent": "101"}, {"taken_at": "2026-01-05T10:00:00Z"}),
    ),
    "cells_by_second_calculation": ("0", "133333333", "400000000/3", "-1"),
    "checkers": ((), ("boris",), ("boris", "nina"), ("a", "a")),
    "item": ("A.3-1", "A.3-26", "A.3-99"),
    "reading": ("one-month-flagged-below-one-year", "from-one-month", "from-one-year", "x"),
    "relation": (None, "definite", "possible", "unlikely", "unrelated"),
    "birth_year_month": ("1900-01", "2016-03", "2025-12", "2099-12"),
    "sex": ("female", "male"),
    "criterion": ("I1", "I5", "X5", "Z9"),
    "document": ({}, {"title": 1}, nct07256210().model_dump(mode="json")),
    "utc_offset": ("+03:00", "-14:00"),
    "criteria": ((), ("I1",), ("life-threatening",)),
    "assessments": ((), *(({"criterion": name, "met": True, "inputs": None},) for name in ("I5", "Z9"))),
    "findings": ((), (FOUND,), p.crs(3), p.crs(1), findings(capd_score=9), GVHD),
    "sheet": (
        WELL,
        {**WELL, "temperature_celsius": "39", "vasopressors": ["noradrenaline"]},
        {**WELL, "neurology": None, "capd_score": 12},
        {},
        {**WELL, "temperature_celsius": "98"},
    ),
    "acts_as": ("corticosteroid", "anticytokine", "vasopressor", "sedative", "antipyretic", "other"),
    "dose_unit": (None, "mg", "mg/kg", "ug/kg/min"),
    "route": ("IV", "PO"),
    "purpose": ("prophylaxis", "treatment-of-crs", "premedication", "other"),
    "to_at": (None, None, START),
    "oxygen_l_per_min": ("0", "5.5", "1000000"),
    "assessments_done_count": (0, 19, 10**6),
    "ctcae_grade": (None, 0, 5),
    "relative_to_infusion": (None, 1, 9),
    "nonhaematologic_reactions_count": (None, 0, 3),
    "kind": (*REPORTS, "ruling", *("urgent", "complete", "on-site", "telephone") * 8),
    "visit": (None, 28, 60, 29),
    "performed": ((), ("mrd",), ("mrd", "mrd")),
    "means": ("telephone", "registry", "smoke"),
    "investigator_grade": (None, 0, 3, 4),
    "outcomes": ((), (RELAPSED,), ({**RELAPSED, "relapse": "none"},), (RELAPSED, FAILED)),
    "position": (0, 20, 40, 60, 80, 10**9),
    "category": (None, "infusion-reaction", "sinusoidal-obstruction"),
    "suspect_product": (None, "NK-001", "NK-404"),
    "reference_safety_information": (None, "IB-3", "IB-4"),
    "sponsor_causality": (None, "probable", "unlikely"),
    "recommendation": ("resume", "stay-held"),
    "about_holds": ((), (1,), (99,)),
    "attendees": ((), ({"person": "olga", "role": "safety_committee", "conflict_of_interest": False},)),
    "to": ("authority", "clinic and pharmacy"),
    "pregnant": ("patient", "partner"),
    "report": ({}, {"died_on": "2026-01-05", "cause": "other"}, {"ordinal": 1, "cause": "other"}, {"site": None}),
}  # fmt: skip


TEXTS = (
    "rationale",
    "account",
    "notes",
    "narrative",
    "basis",
    "review",
    "override",
    "differs_because",
    "text",
    "answer",
    "why",
    "comment",
    "circumstances",
    "resolution",
    "conflicts",
    "information",
)
QUANTITIES = ("_per_kg", "_percent", "_ml", "_72_h")


KINDS: tuple[type[Command], ...] = (*DECISIONS, CorrectRecord)


def guess(chance: random.Random, kind: type[Command], bench: Bench) -> Command | None:
    """Some command of a kind; none where the values drawn do not even make one."""
    content = {name: _value(chance, name, str(field.annotation), bench) for name, field in kind.model_fields.items()}
    try:
        return kind.model_validate(content)
    except ValidationError:
        return None


def _value(chance: random.Random, name: str, annotation: str, bench: Bench) -> Any:
    if name in POOLS:
        return chance.choice(POOLS[name])
    if name == "dossier_hash":
        return chance.choice((inputs_hash(bench.world, bench.docket().version()), "0" * 64))
    if name == "manifest_hash":
        return chance.choice(
            (*(canonical_hash(manifest(known, bench)) for known in bench.world.patients.values()), "0" * 64)
        )
    if name.endswith("_at"):
        return chance.choice((*INSTANTS, bench.now))
    if name.endswith("_on"):
        return chance.choice((*DAYS, bench.now.date()))
    if "TrainingRecord" in annotation:
        return {"reference": "GCP-1", "completed_on": chance.choice((*DAYS, bench.now.date()))}
    if "bool" in annotation:
        return chance.random() < 0.5
    if name.endswith("sha256") or name in TEXTS:
        return "ab" * 32
    return chance.choice(("0", "70.5")) if name.endswith(QUANTITIES) else "text"


@pytest.mark.parametrize("outcomes", STATES)
def test_nothing_that_is_asked_breaks_the_ledger(outcomes: str) -> None:
    chance, bench = random.Random(f"any input {outcomes}"), told(outcomes)
    bench.twice = False
    carried_out = nameless = 0
    for _ in range(ASKED_OF_EACH_STATE):
        command, by = guess(chance, chance.choice(KINDS), bench), chance.choice(PEOPLE)
        if command is None:
            continue
        surroundings = {"on_paper": True} if chance.random() < 0.2 else {}
        if chance.random() < 0.2:
            surroundings["occurred_at"] = chance.choice(INSTANTS)  # type: ignore[assignment]
        try:
            bench.ask(command, by, reason=bench.seal("why"), **surroundings)
        except LedgerError as refusal:
            nameless += not refusal.rule
        else:
            carried_out += 1
        bench.now += timedelta(minutes=chance.randrange(600))
    assert nameless == 0
    assert carried_out > ASKED_OF_EACH_STATE / 20
    assert replayed(bench) == bench.world


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_command_can_be_guessed(kind: type[Command]) -> None:
    chance, bench = random.Random(f"guess {kind.__name__}"), trial()
    assert any(guess(chance, kind, bench) is not None for _ in range(400))
