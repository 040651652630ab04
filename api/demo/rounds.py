"""The evening round: a ward sheet on every day on which the protocol asks for an assessment."""

from typing import Any, Final

from api.demo.people import CHECKER
from api.demo.stage import Child, Stage

DAYS: Final = (*range(-12, -4), *range(5, 13), 19, 26, 33)
"""Of an infusion on day −12 and one on day +5: daily to day 7 after each, then weekly to the end of the window."""

HOUR: Final = 18
WELL: Final[dict[str, Any]] = {
    "temperature_celsius": "36.8",
    "systolic_mmhg": 112,
    "oxygen_device": "none",
    "vasopressors": [],
    "neurology": "normal",
    "ice_score": 10,
}


def rounds(stage: Stage, child: Child, through_day: int) -> int:
    """A sheet of a child who is well for every due day that has none yet; how many of all there are by then."""
    made = [day for day in DAYS if day <= through_day]
    for day in made:
        if child.day(day) > stage.today or (child.day(day) == stage.today and stage.now.hour < HOUR):
            seen(stage, child, day)
    return len(made)


def seen(stage: Stage, child: Child, day: int, **otherwise: str) -> str:
    """One sheet; the grades of its answer in words."""
    stage.on(child.day(day), hour=HOUR)
    sheet = {"assessed_at": stage.at(), "sheet": {**WELL, **otherwise}}
    grades = stage.by(CHECKER).post(f"patients/{child.number}/ward-sheets", sheet).body["grades"]
    return ", ".join(f"{each['toxicity']} {each['grade']}" for each in grades)
