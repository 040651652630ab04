"""What a protocol says about the time after the graft: the visits, what is assessed, and how response is called.

The visits, their windows and the response criteria are no part of every record; a document that has them from nowhere
says so beside them.
"""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ledger.protocol.terms import Days, Distinct
from ledger.types import Frozen, Name, Several

Assessment = Literal[
    "disease-response", "mrd", "engraftment", "chimerism", "lymphocyte-subset", "acute-gvhd", "chronic-gvhd"
]
"""What is looked for at a visit; each is also a kind of outcome."""

Response = Literal["CR", "CRh", "CRi", "MLFS", "PR", "NR", "PD"]
"""Complete remission, with partial haematological or incomplete recovery; morphologic leukaemia-free state; partial
remission; no response; progressive disease."""


class PlannedVisit(Frozen):
    """A visit: its protocol day, how many days before and after still keep it, and what is assessed."""

    day: Days
    window_days: Annotated[int, Field(ge=0, le=365)]
    assess: Distinct[Assessment]


class ResponseCriteria(Frozen):
    """By which published criteria the response of a disease is called, and the words that they have."""

    disease: Name
    criteria: Name
    responses: Distinct[Response] = Field(min_length=1)


def _one_after_the_other(visits: tuple[PlannedVisit, ...]) -> tuple[PlannedVisit, ...]:
    if any(one.day + one.window_days >= next_.day - next_.window_days for one, next_ in pairwise(visits)):
        raise ValueError("the visits follow each other, and their windows do not touch")
    return visits


def _each_disease_once(responses: tuple[ResponseCriteria, ...]) -> tuple[ResponseCriteria, ...]:
    if len({each.disease for each in responses}) < len(responses):
        raise ValueError("a disease has one set of criteria")
    return responses


class FollowUp(Frozen):
    """The visits after the graft in order, and the criteria of response.

    `short_term_through_day`: the last protocol day that counts for the short-term endpoints.
    """

    short_term_through_day: Days
    responses: Annotated[Several[ResponseCriteria], AfterValidator(_each_disease_once)]
    visits: Annotated[Several[PlannedVisit], AfterValidator(_one_after_the_other)]

    def visit(self, day: int) -> PlannedVisit | None:
        """The visit that is planned for a protocol day."""
        return next((visit for visit in self.visits if visit.day == day), None)

    def has_response(self, disease: str, criteria: str, response: str) -> bool:
        """Whether the criteria of a disease have this word."""
        named = (each for each in self.responses if (each.disease, each.criteria) == (disease, criteria))
        return any(response in each.responses for each in named)
