"""The grades of the Common Terminology Criteria for Adverse Events (CTCAE), version 5.0.

    grade  severity          in general
    1      mild              no or mild symptoms; observation only; no intervention
    2      moderate          minimal, local or non-invasive intervention; limits instrumental activities of daily living
    3      severe            not immediately life-threatening; hospitalisation; disabling; limits self-care
    4      life-threatening  urgent intervention
    5      death             related to the adverse event

Every term has criteria of its own, which a person applies: CTCAE grades are recorded, never computed here. Its terms
for CRS and neurotoxicity differ from the ASTCT scale.

Source: NCI, CTCAE version 5.0, 2017-11-27, "Grades".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

SCALE: Final = "CTCAE"
TABLE_VERSION: Final = "CTCAE-5.0"

CtcaeGrade = Literal[1, 2, 3, 4, 5]
Severity = Literal["mild", "moderate", "severe", "life-threatening", "death"]

SEVERITY: Final[Mapping[CtcaeGrade, Severity]] = MappingProxyType(
    {1: "mild", 2: "moderate", 3: "severe", 4: "life-threatening", 5: "death"}
)
