"""A text that is no sound protocol is refused, with the place and the reason, and without what was written there."""

import json
from copy import deepcopy
from typing import Any

import pytest

from ledger.errors import Malformed
from ledger.protocol.load import NoSuchBundledProtocol, UnreadableProtocol, bundled, load_protocol

TEXT = bundled("nct07256210")
TREE: dict[str, Any] = json.loads(load_protocol(TEXT).model_dump_json())
LOST = "superscript"
ABSENT = object()


def changed(path: str, new: Any) -> str:
    """The bundled document as JSON with one thing changed, added at the end (`+`), or absent."""
    *way, last = (int(step) if step.lstrip("-").isdigit() else step for step in path.split("."))
    tree: Any = deepcopy(TREE)
    at = tree
    for step in way:
        at = at[step]
    if new is ABSENT:
        del at[last]
    elif last == "+":
        at.append(new)
    else:
        at[last] = new
    return json.dumps(tree)


def refusal(text: str) -> str:
    with pytest.raises(UnreadableProtocol) as refused:
        load_protocol(text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "document: not a mapping"),
        ("- 1", "document: not a mapping"),
        ("{", "line 1: not JSON"),
        ('{"a": 1} x', "line 1: not JSON"),
        ('"open', "line 1: not YAML"),
        ("a: b\nc: : d", "line 2: not YAML"),
        ("a\n---\nb", "line 2: not YAML"),
        ("\x00", "not YAML"),
        ("a: &here 1\nb: *here", "line 1: not YAML"),
        ("b: *here", "line 1: not YAML"),
        ("? [1]\n: 2", "document: the name of a member is a text"),
        ("1: 2", "document: the name of a member is a text"),
        ("a:\n  b: 1\n  b: 2", "a.b: named twice"),
        ('{"a": {"b": 1, "b": 1}}', "a.b: named twice"),
        ('{"A?": 1, "A?": 1}', "?: named twice"),
        ("a: [1, {b: 0.5}]", "a.1.b: a number with a fraction"),
        ("a: 1e6", "a: a number with a fraction"),
        ("a: 1.", "a: a number with a fraction"),
        ("a: -.5E+3", "a: a number with a fraction"),
        ("a: .inf", "a: a number with a fraction"),
        ("a: .NaN", "a: a number with a fraction"),
        ('{"a": [1.0]}', "a.0: a number with a fraction"),
        ('{"a": 1E6}', "a: a number with a fraction"),
        ('{"a": NaN}', "a: a number with a fraction"),
        ("a: " + 19 * "9", "a: a whole number of too many digits"),
        ('{"a": ' + 5000 * "9" + "}", "a: a whole number of too many digits"),
        ("a: !!float '1'", "a: a tag"),
        ("a: !!binary aGk=", "a: a tag"),
        ("a: !!set {b}", "a: a tag"),
        ("a: !!python/object/apply:os.getcwd []", "a: a tag"),
        ("a: !mine {}", "a: a tag"),
        (30 * '{"a":' + "1" + 30 * "}", "a.a.a: nested too deep"),
        ('{"a":' + 50_000 * "[", "nested too deep"),
        (2_000 * "[", "nested too deep"),
        (131_073 * "#", "document: too long"),
        ('{"title": "\\ud800"}', "title: "),
    ],
)
def test_a_text_that_is_no_plain_tree_is_refused(text: str, reason: str) -> None:
    assert refusal(text).startswith(reason)


@pytest.mark.parametrize(
    ("path", "new", "reason"),
    [
        ("title", ABSENT, "title: Field required"),
        ("title", 5, "title: "),
        ("title", "a\nb", "title: not spelled"),
        ("surprise", 1, "surprise: "),
        ("phases", ["III"], "phases.0: "),
        ("phases", ["I", "I"], "phases: something is listed twice"),
        ("phases", ["I"], "phase_2: stated exactly when"),
        ("phase_2", None, "phase_2: stated exactly when"),
        ("planned_start_on", "2025-02-30", "planned_start_on: "),
        ("planned_completion_on", "2025-05-09", "planned_completion_on: not after"),
        ("enrolment_cap", "15", "enrolment_cap: "),
        ("enrolment_cap", True, "enrolment_cap: "),
        ("enrolment_cap", 0, "enrolment_cap: "),
        ("ladder.levels", [], "ladder.levels: "),
        ("ladder.levels.2.level", 7, "ladder: the levels are numbered one by one"),
        ("ladder.levels.2.total_cells_per_kg", "10000000", "ladder: every level has a higher dose"),
        ("ladder.start_level", 4, "ladder: the start level is not on"),
        ("ladder.reserve_levels", [1], "ladder: a reserve level is a level of the ladder below"),
        ("ladder.reserve_levels", [9], "ladder: a reserve level is a level of the ladder below"),
        ("infusions", [], "infusions: "),
        ("infusions.1.share", "1/2", "infusions: the shares do not make one whole"),
        ("infusions.1.share", "2/6", "infusions.1.share: a fraction is written in lowest terms"),
        ("infusions.1.share", "0.333", "infusions.1.share: an exact quantity is"),
        ("infusions.1.share", "-1/3", "infusions.1.share: a share is more than 0"),
        ("infusions.1.ordinal", 3, "infusions: the infusions are numbered"),
        ("infusions.1.planned_day", -11, "infusions: the windows of two infusions overlap"),
        ("infusions.1.window_after_days", -1, "infusions.1.window_after_days: "),
        ("design.kind", "3+3+3", "design.kind: "),
        ("design.six_at_mtd", ABSENT, "design.six_at_mtd: Field required"),
        ("design.may_deescalate", 1, "design.may_deescalate: "),
        ("overdose_percent", 99, "overdose_percent: "),
        ("dlt.toxicities", [], "dlt.toxicities: "),
        ("dlt.minimum_grade", 6, "dlt.minimum_grade: "),
        ("dlt.scale", "CTCAE", "dlt.scale: "),
        ("dlt_window.days_after_last_infusion", 0, "dlt_window.days_after_last_infusion: "),
        ("dlt_window.days_after_last_infusion", 10, "sentinel.observation_days: longer than the DLT window"),
        ("dlt_window.daily_assessment_days", 29, "dlt_window.daily_assessment_days: longer"),
        ("evaluability.minimum_percent_of_plan", 101, "evaluability.minimum_percent_of_plan: "),
        ("evaluability.not_evaluable_reasons.0", "Not so", "evaluability.not_evaluable_reasons.0: not spelled"),
        ("stopping.level", 9, "stopping.level: not a level of the ladder"),
        ("quorum.medical_monitor", 0, "quorum.medical_monitor: "),
        ("phase_2.boundary.kind", "pocock", "phase_2.boundary: the kind is one of 'rate', 'table'"),
        ("phase_2.boundary.dlt_rate", "4/3", "phase_2.boundary.rate.dlt_rate: a rate is more than 0"),
        ("phase_2.boundary", {"kind": "table", "steps": []}, "phase_2.boundary.table.steps: "),
        ("eligibility.age.min_months", 312, "eligibility.age: the lowest age is not below"),
        ("eligibility.age.flag_interpretation", None, "eligibility.age: a flag names an age and"),
        ("eligibility.age.flag_interpretation", "A.3-99", "eligibility.age.flag_interpretation: not an interpretation"),
        ("eligibility.age.rule", "R2", "eligibility.age.rule: not a rule"),
        ("eligibility.criteria.1.id", "I1", "eligibility: a criterion is listed twice"),
        ("eligibility.criteria.9.id", "I99", "eligibility: a threshold names a criterion that is not listed"),
        ("eligibility.criteria.10.id", "I99", "eligibility.criteria.10: no rule states this criterion"),
        ("eligibility.criteria.4.assessed_by", "determination", "eligibility: a threshold does not decide"),
        ("eligibility.criteria.4.assessed_by", "guessed", "eligibility.criteria.4.assessed_by: "),
        ("eligibility.heart.criterion", "I12", "eligibility: a threshold names a criterion that is not listed"),
        ("eligibility.heart.lvef_percent_min", "-40", "eligibility.heart.lvef_percent_min: a quantity of this kind"),
        ("eligibility.disease.diseases.1.disease", "AML", "eligibility.disease: a disease is listed twice"),
        ("eligibility.disease.diseases.1.rule", "I2z", "eligibility.disease.diseases.1.rule: not a rule"),
        ("eligibility.infections.0.criterion", "X9", "eligibility: a threshold names a criterion that is not listed"),
        ("eligibility.pregnancy.criterion", "X5", "eligibility: a threshold does not decide"),
        ("consent.criterion", "I3", "consent.criterion: not an inclusion criterion that is computed"),
        ("consent.bands.1.from_age_years", 15, "consent.bands: the bands must follow each other"),
        ("consent.bands.1.from_age_years", 13, "consent.bands: the bands must follow each other"),
        ("consent.bands.0.from_age_years", 1, "consent.bands: the bands must follow each other"),
        ("consent.bands.2.below_age_years", 26, "consent.bands: the bands must follow each other"),
        ("consent.bands.0.required", [], "consent.bands.0.required: "),
        ("schedule.4.choice", "other", "schedule: a choice has one agent only"),
        ("schedule.0.unit", "mg", "schedule.0.unit: "),
        ("schedule.0.days", [], "schedule.0.days: "),
        ("donor.types", ["matched_related"], "schedule.9.only_if_donor: not a donor type"),
        ("readiness.oxygen_valid_hours", 25, "readiness.oxygen_valid_hours: longer"),
        ("readiness.nonhaematologic_ordinals", [3], "readiness.nonhaematologic_ordinals: not an infusion"),
        ("readiness.steroid_equivalents.0.agent", "cortisone", "readiness: the steroid table names prednisone"),
        ("readiness.steroid_equivalents.3.dose_mg", "0", "readiness: an equivalent dose is more than 0"),
        ("release_limits.findings.0.test", "viability_percent", "release_limits: a release test is listed twice"),
        ("rules.0.id", "P2", "rules: a rule is listed twice"),
        ("rules.0.record", ["59"], "rules.0.record.0: not spelled"),
        ("interpretations.0.reading", "from-birth", "interpretations.0: the chosen reading is not in its order"),
        ("interpretations.1.id", "A.3-1", "interpretations: an interpretation is listed twice"),
    ],
)
def test_a_document_that_breaks_the_schema_is_refused(path: str, new: Any, reason: str) -> None:
    assert refusal(changed(path, new)).startswith(reason)


def test_steps_of_a_boundary_rise() -> None:
    steps = [{"dlt_count": 2, "through_treated_count": 4}, {"dlt_count": 3, "through_treated_count": 4}]
    told = refusal(changed("phase_2.boundary", {"kind": "table", "steps": steps}))
    assert told.startswith("phase_2.boundary.table.steps: the steps rise")


@pytest.mark.parametrize(
    ("dose", "reason"),
    [
        ("106", LOST),
        (106, LOST),
        ("10106", LOST),
        ("20106", LOST),
        (105, LOST),
        ("1010", LOST),
        ("0", LOST),
        ("10x106", "without a power of ten"),
        ("10\u0445106", "without a power of ten"),
        ("10\u00d710\u2076", "without a power of ten"),
        ("10*10^6", "without a power of ten"),
        ("1e7", "without a power of ten"),
        ("10000000.0", "without a power of ten"),
    ],
)
def test_a_dose_whose_power_of_ten_is_lost_or_not_written_out_is_refused(dose: str | int, reason: str) -> None:
    """A.3-3."""
    told = refusal(changed("ladder.levels.0.total_cells_per_kg", dose))
    assert told.startswith("ladder.levels.0.total_cells_per_kg: ")
    assert reason in told


def test_a_dose_may_be_a_fraction() -> None:
    assert load_protocol(changed("ladder.levels.0.total_cells_per_kg", "10000000/3")).level_total(0) * 3 == 10_000_000


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("title", 5),
        ("sponsor", {"Jane Roe": "Jane Roe"}),
        ("Jane Roe", 1),
        ("dlt.scale", "Jane Roe"),
        ("registry_id", "Jane Roe"),
        ("phase_2.boundary.kind", "Jane Roe"),
        ("infusions.0.share", "Jane Roe"),
        ("ladder.levels.0.total_cells_per_kg", "Jane Roe"),
        ("planned_start_on", "Jane Roe"),
        ("schedule.0.days.0", "Jane Roe"),
    ],
)
def test_what_was_written_is_not_repeated(path: str, new: Any) -> None:
    assert "Jane" not in refusal(changed(path, new))


def test_many_faults_are_named_up_to_ten() -> None:
    told = refusal("{}")
    assert told.count("Field required") == 10
    assert told.endswith(" more")


def test_a_document_that_would_not_stay_below_32_kib_is_refused() -> None:
    rules = [{"id": f"Z{n}", "text": "x" * 600, "machine": "x", "record": ["L1"]} for n in range(20)]
    assert refusal(changed("rules", [*TREE["rules"], *rules])) == "document: its canonical JSON is not below 32 KiB"


def test_quoted_words_and_numbers_are_texts() -> None:
    assert load_protocol(TEXT.replace("cell_product: ", "cell_product: '1.5 ' # ")).cell_product == "1.5 "
    assert refusal(TEXT.replace("six_at_mtd: true", "six_at_mtd: 'true'")).startswith("design.six_at_mtd: ")
    assert refusal(TEXT.replace("six_at_mtd: true", "six_at_mtd: yes")).startswith("design.six_at_mtd: ")
    assert refusal(TEXT.replace("enrolment_cap: 15", "enrolment_cap: 0x0f")).startswith("enrolment_cap: ")


def test_a_refusal_is_malformed_and_names_its_rule() -> None:
    assert issubclass(UnreadableProtocol, Malformed)
    assert UnreadableProtocol.rule == "protocol-document"


@pytest.mark.parametrize("name", ["", "nct0", "../document", "document"])
def test_a_protocol_that_does_not_come_with_the_package_is_unknown(name: str) -> None:
    with pytest.raises(NoSuchBundledProtocol):
        bundled(name)
