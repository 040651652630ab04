"""Graft-versus-host disease as an outcome: acute with its findings and their MAGIC grade, chronic as attested."""

from typing import Literal

from ledger.grading.magic import ROMAN, MagicFindings, MagicGrade, Organ, OrganStage
from ledger.patient.occasions import Assessed
from ledger.types import Line, Several


class AcuteGvhd(Assessed):
    """The findings of a day, what the table makes of them, and the investigator's grade where one was given.

    A null computed grade lies between `at_least_grade` and `at_most_grade`: `undetermined` names the organs that were
    not assessed.
    """

    kind: Literal["acute-gvhd"] = "acute-gvhd"
    findings: MagicFindings
    stages: Several[OrganStage]
    scale: Line
    table_version: Line
    computed_grade: MagicGrade | None
    at_least_grade: MagicGrade
    at_most_grade: MagicGrade
    undetermined: Several[Organ]
    investigator_grade: MagicGrade | None

    @property
    def grade(self) -> int | None:
        """The grade in force: the investigator's, or else the computed one; none where it is not certain."""
        return self.computed_grade if self.investigator_grade is None else self.investigator_grade

    @property
    def shown(self) -> str:
        if self.grade is not None:
            return f"grade {ROMAN[self.grade]}"
        return f"grade {ROMAN[self.at_least_grade]} to {ROMAN[self.at_most_grade]}, not certain"

    @property
    def cautious_grade(self) -> int:
        """The worst that anybody says: a grade that is not certain is its highest; nobody lowers what is certain."""
        if self.investigator_grade is None:
            return self.at_most_grade
        return max(self.investigator_grade, self.at_least_grade)


class ChronicGvhd(Assessed):
    """The NIH 2014 global severity, as attested."""

    kind: Literal["chronic-gvhd"] = "chronic-gvhd"
    severity: Literal["none", "mild", "moderate", "severe"]
    scale: Literal["NIH-2014"] = "NIH-2014"

    @property
    def shown(self) -> str:
        return self.severity
