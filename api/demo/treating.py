"""A whole patient, chapters 3 and 4: conditioning, both infusions, the graft, and the window of the DLTs."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Final

from api.demo.admission import PATH, PATIENT
from api.demo.people import COORDINATOR, EDC, INVESTIGATOR, QA
from api.demo.rounds import rounds, seen
from api.demo.stage import Stage
from api.demo.visits import ENGRAFTED, make_visit, open_visits
from api.demo.ward import close_window, graft, infuse

LIGHTER: Final = replace(PATIENT, weight_kg="40")
"""As she is weighed before the second infusion."""

FEVER_DAY: Final = -10
SECOND_BACKBONE_DAYS: Final = (-4, -3, -2)
BACKBONE: Final = "treosulfan"
WHY_BACKBONE: Final = "Milder to liver and lungs than the others, and no irradiation at her age."
DOSES: Final[Mapping[str, tuple[str, str]]] = {
    "fludarabine": ("40", "mg/m2"),
    "thiotepa": ("5", "mg/kg"),
    "cyclophosphamide": ("500", "mg/m2"),
    BACKBONE: ("14", "g/m2"),
    "tocilizumab": ("8", "mg/kg"),
    "abatacept": ("10", "mg/kg"),
}
MILLION: Final = 10**6


def first_infusion(stage: Stage) -> None:
    """Conditioning 1, the cells, and a mild reaction that the ward's sheet grades."""
    stage.screen.chapter(3, "Conditioning, and the first cells")
    _give(stage, "conditioning", -14, "fludarabine", "thiotepa", "cyclophosphamide")
    _give(stage, "conditioning", -13, "fludarabine", "thiotepa")
    stage.tell("first conditioning, three agents in two days", PATIENT)
    infuse(stage, PATIENT, 1)
    lot = stage.by(QA).get(f"products/NK-{PATIENT.number}").body["lot"]
    stage.tell(f"lot {lot}: released while its last culture runs", PATIENT)
    _tell_infusion(stage, 1)
    _mild_reaction(stage)


def _mild_reaction(stage: Stage) -> None:
    rounds(stage, PATIENT, FEVER_DAY - 1)
    grades = seen(stage, PATIENT, FEVER_DAY, temperature_celsius="38.7")
    stage.tell(f"ward sheet, 38.7 °C; its answer: {grades}", PATIENT)
    rounds(stage, PATIENT, FEVER_DAY + 1)
    over = {"ended_at": stage.at(hours_ago=2), "outcome": "recovered", "action": "paracetamol"}
    stage.by(EDC).post(f"{PATH}/adverse-events/1/updates", over)
    related = {"relation": "probable", "rationale": "Fever two days after the cells, cultures negative."}
    stage.by(INVESTIGATOR).post(f"{PATH}/adverse-events/1/attributions", related)
    stage.tell("the fever is gone: related to the cells, no DLT", PATIENT)
    rounds(stage, PATIENT, -5)


def transplant(stage: Stage) -> None:
    """Conditioning 2 with one backbone, prophylaxis, the graft, the second infusion, and the end of the window."""
    stage.screen.chapter(4, "The graft, and the second cells")
    stage.by(INVESTIGATOR).post(f"{PATH}/conditioning/backbone", {"agent": BACKBONE, "reason": WHY_BACKBONE})
    for day in SECOND_BACKBONE_DAYS:
        _give(stage, "conditioning", day, *(() if day == SECOND_BACKBONE_DAYS[-1] else ("fludarabine",)), BACKBONE)
    stage.tell(f"second conditioning; {BACKBONE}, and the reason why", PATIENT)
    _give(stage, "prophylaxis", -1, "tocilizumab", "abatacept")
    graft(stage, PATIENT)
    stage.tell("the graft, of the same donor: this is day 0", PATIENT)
    _late_culture(stage)
    infuse(stage, LIGHTER, 2)
    _tell_infusion(stage, 2)
    _to_the_end_of_the_window(stage)


def _late_culture(stage: Stage) -> None:
    lot = f"products/NK-{PATIENT.number}"
    stage.on(PATIENT.day(2))
    stage.by(QA).post(f"{lot}/late-sterility", {"result": "negative", "reported_on": stage.today.isoformat()})
    released = {"disposition": "released", "reason": "The final culture is negative."}
    stage.by(QA).decide(f"{lot}/disposition", released, on=lot)
    stage.tell("the lot's last culture is negative: released", PATIENT)


def _to_the_end_of_the_window(stage: Stage) -> None:
    for day in (7, 14, 28):
        rounds(stage, PATIENT, day - 1)
        _give(stage, "prophylaxis", day, "abatacept")
    stage.tell("the fourth abatacept: the donor is haploidentical", PATIENT)
    make_visit(stage, open_visits(stage)[0])
    engrafted = f"neutrophils since day +{ENGRAFTED['neutrophils']}, platelets since +{ENGRAFTED['platelets']}"
    stage.tell(engrafted, PATIENT)


def close(stage: Stage) -> None:
    """The window closes on the sheets themselves."""
    sheets = rounds(stage, PATIENT, 33)
    close_window(stage, PATIENT, sheets)
    stage.tell(f"the DLT window closes: {sheets} whole ward sheets for {sheets} assessments due, no DLT", PATIENT)


def _give(stage: Stage, kind: str, day: int, *agents: str) -> None:
    """What the ward gave on a protocol day, as planned."""
    stage.on(PATIENT.day(day), hour=9)
    for agent in agents:
        dose, unit = DOSES[agent]
        given = {"agent": agent, "protocol_day": day, "dose": dose, "unit": unit, "given_on": stage.today.isoformat()}
        stage.by(COORDINATOR).post(f"{PATH}/{kind}", given)


def _tell_infusion(stage: Stage, ordinal: int) -> None:
    """The dose order: cells, volume, and who calculated each of its two calculations."""
    record = stage.by(INVESTIGATOR).get(f"{PATH}/infusions/{ordinal}").body
    plan, order, allowed = record["plan"], record["order"], record["authorisation"]
    dose = (
        f"{plan['weight_kg']} kg, {float(Fraction(plan['cells']) / MILLION):.1f} × 10⁶ cells, {order['volume_ml']} mL"
    )
    by = f"calculated by {order['calculated_by']} and by {allowed['second_calculation_by']}"
    stage.tell(f"infusion {ordinal}: {dose}, {by}; checked by two, given", PATIENT)
