"""ICANS: every combination of findings against a reader of the table that knows neither bounds nor domains.

The reader imagines every score that the findings leave open, asks of each row from the bottom up whether anything in it
is there, and compares the lowest and the highest grade that it met.
"""

from itertools import product
from typing import Any

import pytest

from ledger.grading.astct import IcansFindings, grade_icans

pytestmark = pytest.mark.slow

Score = tuple[str, int]
NOT_COUNTED: Score = ("none", 0)
UNABLE: Score = ("unable", 0)

ICES: list[tuple[int | None, bool]] = [*((score, False) for score in (None, 10, 9, 7, 6, 3, 2, 0)), (None, True)]
CAPDS: list[tuple[int | None, bool]] = [*((score, False) for score in (None, 0, 1, 8, 9)), (None, True)]
CONSCIOUSNESS = ("alert", "awakens_spontaneously", "awakens_to_voice", "awakens_to_touch", "unarousable")
DIFFUSE = (
    "diffuse_cerebral_oedema",
    "decerebrate_or_decorticate_posturing",
    "sixth_nerve_palsy",
    "papilloedema",
    "cushings_triad",
)
CALM: dict[str, Any] = dict.fromkeys(DIFFUSE, False) | {
    "seizure": "none",
    "seizure_attributed_elsewhere": False,
    "deep_focal_weakness": False,
    "weakness_attributed_elsewhere": False,
    "focal_cerebral_oedema": False,
    "intracranial_pressure_attributed_elsewhere": False,
    "died_of_icans": False,
    "capd_baseline": 4,
}
SCORE_NAMES = (
    "ice_score",
    "unable_to_perform_ice",
    "capd_score",
    "unable_to_perform_capd",
    "encephalopathy_attributed_elsewhere",
)
STATE_NAMES = ("consciousness", "consciousness_attributed_elsewhere", "sedated", "developmental_delay")


def scores() -> list[dict[str, Any]]:
    every = [(*ice, *capd, attributed) for ice, capd, attributed in product(ICES, CAPDS, (False, True))]
    return [
        dict(zip(SCORE_NAMES, each, strict=True))
        for each in every
        if not each[4] or each[1] or each[3] or each[0] is not None or each[2] is not None
    ]


def states() -> list[dict[str, Any]]:
    every = product(CONSCIOUSNESS, (False, True), (False, True), (False, True))
    return [dict(zip(STATE_NAMES, each, strict=True)) for each in every if each[0] != "alert" or not each[1]]


def lesions() -> list[dict[str, Any]]:
    """Every combination of seizure, weakness and raised pressure, attributed elsewhere or not."""
    seizures: list[dict[str, Any]] = [{"seizure": "none"}]
    for kind in ("clinical_resolved_rapidly", "nonconvulsive_resolved_with_intervention", "prolonged_or_repetitive"):
        seizures += [{"seizure": kind, "seizure_attributed_elsewhere": elsewhere} for elsewhere in (False, True)]
    weaknesses = [
        {},
        *({"deep_focal_weakness": True, "weakness_attributed_elsewhere": is_so} for is_so in (False, True)),
    ]
    pressures: list[dict[str, Any]] = [{}]
    for signs in product((False, True), repeat=6):
        if any(signs):
            signed = dict(zip(("focal_cerebral_oedema", *DIFFUSE), signs, strict=True))
            pressures += [signed | {"intracranial_pressure_attributed_elsewhere": is_so} for is_so in (False, True)]
    return [CALM | seizure | weak | pressure for seizure, weak, pressure in product(seizures, weaknesses, pressures)]


def score_worlds(found: dict[str, Any], age_years: int) -> set[Score]:
    """Every score, or none that counts, that the patient may have had on the right instrument."""
    right = "capd" if age_years <= 11 or found["developmental_delay"] else "ice"
    score, unable = found[f"{right}_score"], found[f"unable_to_perform_{right}"]
    if score is None and not unable:
        missing: set[Score] = {("ice", ice) for ice in range(11)} if right == "ice" else {("capd", 0), ("capd", 9)}
        hopeless = found["unable_to_perform_ice"] or found["unable_to_perform_capd"]
        return missing | ({UNABLE} if hopeless or found["consciousness"] == "unarousable" else set())
    if found["encephalopathy_attributed_elsewhere"]:
        return {NOT_COUNTED}
    counted = UNABLE if unable and right == "capd" else (right, score or 0)
    return {counted, NOT_COUNTED} if found["sedated"] else {counted}


def in_row(grade: int, found: dict[str, Any], score: Score) -> bool:
    """Whether anything printed in a row of the table is there."""
    instrument, points = score
    awakening = "" if found["sedated"] or found["consciousness_attributed_elsewhere"] else found["consciousness"]
    seizure = "" if found["seizure_attributed_elsewhere"] else found["seizure"]
    weak = found["deep_focal_weakness"] and not found["weakness_attributed_elsewhere"]
    pressure = not found["intracranial_pressure_attributed_elsewhere"]
    if grade == 4:
        coma = instrument == "ice" and points == 0 and found["consciousness"] == "unarousable"
        diffuse = pressure and any(found[sign] for sign in DIFFUSE)
        return (
            score == UNABLE
            or coma
            or awakening == "unarousable"
            or seizure == "prolonged_or_repetitive"
            or weak
            or diffuse
        )
    if grade == 3:
        scored = (instrument == "ice" and points <= 2) or (instrument == "capd" and points >= 9)
        focal = pressure and found["focal_cerebral_oedema"]
        return scored or awakening == "awakens_to_touch" or "resolved" in seizure or focal
    if grade == 2:
        return (instrument == "ice" and 3 <= points <= 6) or awakening == "awakens_to_voice"
    scored = (instrument == "ice" and 7 <= points <= 9) or (instrument == "capd" and 1 <= points <= 8)
    return scored or awakening == "awakens_spontaneously"


def read_table(found: dict[str, Any], age_years: int) -> tuple[int, int]:
    if found["died_of_icans"]:
        return 5, 5
    met = {
        next((row for row in (4, 3, 2, 1) if in_row(row, found, score)), 0) for score in score_worlds(found, age_years)
    }
    return min(met), max(met)


def agrees(found: dict[str, Any], age_years: int) -> bool:
    result = grade_icans(IcansFindings(**found), age_years)
    low, high = read_table(found, age_years)
    return (result.at_least, result.at_most, result.grade) == (low, high, low if low == high else None)


SOME_LESIONS: list[dict[str, Any]] = [
    CALM,
    CALM | {"seizure": "clinical_resolved_rapidly"},
    CALM | {"papilloedema": True},
    CALM | {"deep_focal_weakness": True, "weakness_attributed_elsewhere": True},
    CALM | {"died_of_icans": True},
]


@pytest.mark.parametrize("age_years", [11, 12])
@pytest.mark.parametrize("lesion", SOME_LESIONS, ids=range(5))
def test_every_combination_of_scores_and_consciousness_agrees_with_the_table(
    lesion: dict[str, Any], age_years: int
) -> None:
    compared = 0
    for score, state in product(scores(), states()):
        assert agrees(lesion | score | state, age_years), (score, state)
        compared += 1
    assert compared == 107 * 36


SOME_SCORES = [(10, None), (5, 8), (0, 9), (None, None)]


@pytest.mark.parametrize("consciousness", CONSCIOUSNESS)
@pytest.mark.parametrize(("ice", "capd"), SOME_SCORES)
def test_every_combination_of_lesions_agrees_with_the_table(
    ice: int | None, capd: int | None, consciousness: str
) -> None:
    score = dict(zip(SCORE_NAMES, (ice, False, capd, False, False), strict=True))
    state = dict(zip(STATE_NAMES, (consciousness, False, False, False), strict=True))
    every = lesions()
    assert len(every) == 7 * 3 * 127
    for lesion in every:
        assert agrees(lesion | score | state, 12), lesion
