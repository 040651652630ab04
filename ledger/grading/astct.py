"""The ASTCT consensus grading of CRS and ICANS: everything a caller needs, by one name.

The tables and their readings stand in `astct_crs.py` and `astct_icans.py`. A grade is computed from the findings of one
assessment and the patient's age on that day; the grade of an event is the highest of its assessments. The scale and the
table version are stored with every grade, since other scales use the same words for other criteria. A changed table, or
a changed reading of it, is a new table version.

Source: Lee et al. 2019, Biol Blood Marrow Transplant 25:625-638, doi:10.1016/j.bbmt.2018.12.758.
"""

from typing import Final

from ledger.grading.astct_crs import CrsFindings, OxygenDevice, grade_crs
from ledger.grading.astct_icans import Consciousness, IcansFindings, Seizure, grade_icans
from ledger.grading.astct_result import Domain, Doubt, GradeResult

__all__ = [
    "SCALE",
    "TABLE_VERSION",
    "Consciousness",
    "CrsFindings",
    "Domain",
    "Doubt",
    "GradeResult",
    "IcansFindings",
    "OxygenDevice",
    "Seizure",
    "grade_crs",
    "grade_icans",
]

SCALE: Final = "ASTCT"
TABLE_VERSION: Final = "ASTCT-2019.1"
