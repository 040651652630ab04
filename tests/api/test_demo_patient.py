"""The second story of the demo: a patient from screening to two years, whose days read like the day table."""

import re
from collections.abc import Iterator

import httpx2
import pytest

from api.demo.day_table import rows
from tests.api.playing import Played, playing


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """The story of a patient."""
    with playing(tmp_path_factory.mktemp("patient"), "--story", "patient") as demo:
        yield demo


FIRST_CONDITIONING = "fludarabine 40 mg/m², thiotepa 5 mg/kg"
SECOND_CONDITIONING = "fludarabine 40 mg/m², treosulfan 14 g/m²"
DAY_TABLE = [
    ("−14", f"{FIRST_CONDITIONING}, cyclophosphamide 500 mg/m²", "as planned"),
    ("−13", FIRST_CONDITIONING, "as planned"),
    ("−12", "infusion 1", "276.7 × 10⁶ NK cells"),
    ("−4", SECOND_CONDITIONING, "as planned"),
    ("−3", SECOND_CONDITIONING, "as planned"),
    ("−2", "treosulfan 14 g/m²", "as planned"),
    ("−1", "tocilizumab 8 mg/kg, abatacept 10 mg/kg", "as planned"),
    ("0", "graft", "as planned"),
    ("+5", "infusion 2", "133.3 × 10⁶ NK cells"),
    ("+7", "abatacept 10 mg/kg", "as planned"),
    ("+14", "abatacept 10 mg/kg", "as planned"),
    ("+28", "abatacept 10 mg/kg", "as planned"),
]
"""Domain A.2, for a haploidentical donor and one backbone; 2/3 and 1/3 of 10 × 10⁶/kg at 41.5 and 40 kg."""


@pytest.mark.slow
def test_the_days_of_a_patient_read_like_the_day_table(patient: Played) -> None:
    headers = {"Authorization": f"Bearer {patient.variables['IRINA']}"}
    timeline = httpx2.get(f"{patient.variables['TRIAL']}/patients/001/timeline", headers=headers, timeout=60).json()
    assert [(day, planned, given) for day, _, planned, given in rows(timeline)] == DAY_TABLE
    told = patient.text.partition("7  Her days")[2].partition("8  What it comes to")[0]
    assert [line.split()[0] for line in told.splitlines() if re.match(r" +[−+]?\d+ +\d+ [A-Z]", line)] == [
        day for day, _, _ in DAY_TABLE
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "promised",
    [
        "eligible by 19 of 19 verdicts",
        "first of 2 ranked: KIR-ligand mismatch",
        "day 0 moves to 18 June, with 24 dates; day −14 is 4 June now",
        "infusion 1: 41.5 kg, 276.7 × 10⁶ cells, 95.4 mL, calculated by nina and by ivan",
        "its answer: CRS 1, ICANS 0",
        "the lot's last culture is negative",
        "19 whole ward sheets for 19 assessments due, no DLT",
        "to be reported by 13 Aug",
        "3 of 3 clocks met",
        "fourteen on 1 April, own consent due",
        "off study: two years completed",
        "made at once; 2 of 2 infusions, each on its day; 100.0 % of plan",
        "no deviations, no open queries, no reports due, no visits overdue",
    ],
)
def test_the_story_of_a_patient_shows_what_it_promises(patient: Played, promised: str) -> None:
    assert promised in " ".join(patient.text.split())


@pytest.mark.slow
def test_every_visit_of_two_years_was_made(patient: Played) -> None:
    headers = {"Authorization": f"Bearer {patient.variables['ANTON']}"}
    (row,) = httpx2.get(f"{patient.variables['TRIAL']}/follow-up", headers=headers, timeout=60).json()["items"]
    assert (row["state"], row["ended_by"], row["overdue"], row["incomplete"]) == ("ended", "completed", [], [])


@pytest.mark.slow
def test_the_requests_that_the_story_suggests_work(patient: Played) -> None:
    assert [each.send(patient.variables) for each in patient.suggested()] == [200, 200, 200]
