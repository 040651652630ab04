"""What a computed ASTCT grade says, and how the domains of a scale make one grade.

Every domain gives a lowest and a highest grade that its findings allow; the two differ where a finding is doubtful. The
grade of the assessment is the worst domain. It is certain when the worst lowest grade is also the worst highest one: a
doubt that cannot move the grade is no doubt about the grade. Otherwise the grade is left to a person, between the two.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Self

from pydantic import model_validator

from ledger.types import Frozen, Grade, Several

Domain = Literal[
    "fever",
    "hypotension",
    "hypoxia",
    "ice",
    "capd",
    "consciousness",
    "seizure",
    "motor",
    "intracranial_pressure",
    "death",
]
"""A column of the CRS table, a domain of the ICANS table, or death due to the syndrome."""

Doubt = Literal[
    "temperature_not_measured",
    "fever_masked_by_prophylactic_tocilizumab",
    "fever_masked_by_other_treatment",
    "only_the_fever_is_attributed_elsewhere",
    "oxygen_flow_not_recorded",
    "high_flow_device_at_low_flow_in_an_infant",
    "no_score_recorded",
    "wrong_instrument",
    "score_taken_under_sedation",
]
"""Why a grade needs adjudication."""


class GradeResult(Frozen):
    """The grade of one assessment; 0 is "not CRS" or "not ICANS", none is "needs adjudication".

    `at_least` is the grade without the doubtful findings and `at_most` the grade with the worst reading of them; both
    equal a certain grade. `by_domain` names every domain that gives `at_least`, none for 0.
    """

    grade: Grade | None
    at_least: Grade
    at_most: Grade
    by_domain: Several[Domain]
    needs_adjudication: Several[Doubt]

    @model_validator(mode="after")
    def _is_certain_or_says_why_not(self) -> Self:
        certain = self.at_least == self.at_most
        if self.at_least > self.at_most or self.grade != (self.at_least if certain else None):
            raise ValueError("a grade is given exactly when its two bounds are equal, and then it equals them")
        if certain == bool(self.needs_adjudication):
            raise ValueError("a grade that needs adjudication says why, and a certain grade has no doubts")
        return self


class Contribution(NamedTuple):
    """What one domain gives: the lowest and the highest grade that its findings allow, and why the two differ."""

    domain: Domain
    at_least: int
    at_most: int
    doubts: tuple[Doubt, ...] = ()


def certainly(domain: Domain, grade: int) -> Contribution:
    """The contribution of a domain without a doubt."""
    return Contribution(domain, grade, grade)


def worst(contributions: Sequence[Contribution]) -> GradeResult:
    """The grade of the worst domain, with the doubts that could raise it."""
    at_least = max(each.at_least for each in contributions)
    at_most = max(each.at_most for each in contributions)
    return GradeResult(
        grade=at_least if at_least == at_most else None,
        at_least=at_least,
        at_most=at_most,
        by_domain=tuple(each.domain for each in contributions if each.at_least == at_least > 0),
        needs_adjudication=tuple(doubt for each in contributions if each.at_most > at_least for doubt in each.doubts),
    )
