"""The dossier of a dose decision, and its hash."""

import json
from datetime import timedelta
from hashlib import sha256

from ledger.decisions import safety, standing
from projections.dlt_register import dlt_register
from projections.dossier import Dossier, decision_dossier, dossier_on
from tests.bench import INVESTIGATOR, Bench
from tests.patients import decide, reaction, screen, treat
from tests.projections.trials import level_2_exceeded, six_treated, three_treated


def dossier(bench: Bench) -> Dossier:
    return decision_dossier(bench.world, bench.docket().version())


def test_the_hash_is_the_one_that_a_proposer_names() -> None:
    bench = six_treated()
    shown = dossier(bench)
    assert shown.inputs_hash == standing.inputs_hash(bench.world, bench.docket().version())
    decide(bench, "escalate", 2)
    assert bench.world.trial.decisions[2].inputs_hash == shown.inputs_hash
    assert bench.world.trial.decisions[2].data_cut_off == shown.size


def test_the_hash_can_be_computed_from_the_inputs_as_they_are_shown() -> None:
    shown = dossier(level_2_exceeded())
    inputs = json.loads(shown.model_dump_json())["inputs"]
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert sha256(text.encode()).hexdigest() == shown.inputs_hash


def test_nothing_in_it_moves_with_a_clock() -> None:
    bench = three_treated()
    before = dossier_on(bench.world, bench.now.date())
    bench.pass_days(30)
    assert dossier_on(bench.world, bench.now.date()) == before
    assert dossier_on(bench.world, bench.now.date() - timedelta(days=3650)) is None


def test_the_listings_show_every_patient_with_a_level() -> None:
    shown = dossier(level_2_exceeded())
    assert [(each.patient, each.level, each.letter) for each in shown.patients] == [
        ("001", 1, "N"),
        ("002", 1, "T"),
        ("003", 1, "N"),
        ("004", 1, "N"),
        ("005", 1, "N"),
        ("006", 1, "N"),
        ("007", 2, "T"),
        ("008", 2, "T"),
    ]
    first = shown.patients[0]
    assert first.window is not None
    assert (first.reason, first.window.complete) == ("completed", True)
    assert [dose.planned_cells_per_kg for dose in first.doses] == ["20000000/3", "10000000/3"]
    assert [dose.omitted for dose in first.doses] == [None, None]
    assert first.doses[0].received_cells_per_kg == "133333333/20"


def test_the_toxicities_and_the_adverse_events_of_grade_three_are_listed() -> None:
    bench = three_treated()
    for term, grade in (("Sepsis", 4), ("Mucositis", 2)):
        report = safety.ReportAdverseEvent(
            patient="001", term=term, ctcae_grade=grade, serious=False, onset_at=bench.now
        )
        bench.ask(report, INVESTIGATOR)
    shown = dossier(bench)
    assert [(each.patient, each.term) for each in shown.adverse_events] == [
        ("001", "Sepsis"),
        ("002", "Cytokine release syndrome"),
    ]
    assert [each.patient for each in shown.toxicities] == ["002"]


def test_what_happens_to_a_child_without_a_level_is_not_in_it() -> None:
    bench = three_treated()
    screen(bench, "004")
    reaction(bench, "004")
    assert {each.patient for each in dlt_register(bench.world).entries} == {"002", "004"}
    shown = dossier(bench)
    assert [each.patient for each in shown.toxicities] == [each.patient for each in shown.adverse_events] == ["002"]


def test_a_new_candidate_makes_it_another_dossier() -> None:
    bench = three_treated()
    decide(bench, "expand", 1)
    treat(bench, "004", 1)
    before = dossier(bench).inputs_hash
    reaction(bench, "004")
    assert dossier(bench).inputs_hash != before
