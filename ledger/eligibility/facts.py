"""What is on record about a patient, and how a rule asks for it on a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from ledger.eligibility.findings import (
    VOCABULARY,
    ChosenFinding,
    ChosenName,
    DatedFinding,
    DatedName,
    Finding,
    FindingName,
    MeasuredFinding,
    MeasuredName,
    YesNoFinding,
    YesNoName,
)
from ledger.eligibility.verdict import Input
from ledger.protocol.terms import CriterionId
from ledger.types import Day, Frozen, Position, Several, whole_years

BirthMonth = Annotated[str, StringConstraints(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$")]


class Found(Frozen):
    """A finding, the position that holds it and the day on which it was found."""

    finding: Finding
    position: Position | None
    found_on: Day


class Said(Frozen):
    """Whether a criterion is met, as somebody or something other than this package says."""

    criterion: CriterionId
    met: bool
    position: Position | None


class PatientFacts(Frozen):
    """A patient as screening knows them: the newest finding under each word, and what was said about criteria.

    `attested` are verdicts that a person signed, `determinations` those of the arbiter whom the protocol names, and
    `established` those that other rules of the ledger find in the record (consent by age, I1; the chosen donor, I4).
    `screened_position` holds birth month and sex.
    """

    birth_year_month: BirthMonth
    sex: Literal["female", "male"]
    screened_position: Position | None = None
    findings: Several[Found] = Field(default=())
    attested: Several[Said] = Field(default=())
    determinations: Several[Said] = Field(default=())
    established: Several[Said] = Field(default=())

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        said = (self.attested, self.determinations, self.established)
        lists: tuple[list[str], ...] = (
            [each.finding.finding for each in self.findings],
            *([each.criterion for each in several] for several in said),
        )
        if any(len(set(names)) < len(names) for names in lists):
            raise ValueError("a finding or a criterion is listed twice")
        return self

    @property
    def born_on(self) -> date:
        """The first of the birth month (domain G.4-10)."""
        year, month = self.birth_year_month.split("-")
        return date(int(year), int(month), 1)


@dataclass(frozen=True, slots=True)
class Case:
    """A patient's facts on a day; what was found later is not there yet."""

    facts: PatientFacts
    on: date
    found: Mapping[str, Found]

    @classmethod
    def of(cls, facts: PatientFacts, on: date) -> Self:
        """The facts as they stand on a day."""
        return cls(facts, on, {each.finding.finding: each for each in facts.findings if each.found_on <= on})

    def amount(self, name: MeasuredName) -> Fraction | None:
        """The exact value of a measured finding."""
        each = self.found.get(name)
        return each.finding.amount if each is not None and isinstance(each.finding, MeasuredFinding) else None

    def yes(self, name: YesNoName) -> bool | None:
        """The answer to a question."""
        each = self.found.get(name)
        return each.finding.answer if each is not None and isinstance(each.finding, YesNoFinding) else None

    def day(self, name: DatedName) -> date | None:
        """The day of something dated."""
        each = self.found.get(name)
        return each.finding.on if each is not None and isinstance(each.finding, DatedFinding) else None

    def choice(self, name: ChosenName) -> str | None:
        """What was chosen from a list."""
        each = self.found.get(name)
        return each.finding.choice if each is not None and isinstance(each.finding, ChosenFinding) else None

    def found_on(self, name: FindingName) -> date | None:
        """The day on which something was found."""
        each = self.found.get(name)
        return each.found_on if each is not None else None

    def age_on(self, day: date) -> int:
        """Completed years on a day; 0 on a day before the birth."""
        return max(0, whole_years(self.facts.born_on, day))

    def age_at(self, name: FindingName) -> int:
        """Completed years on the day of a finding; on the day of the question where it was not found."""
        return self.age_on(self.found_on(name) or self.on)

    def inputs(self, *names: FindingName) -> tuple[Input, ...]:
        """The findings under some words, those that are there, as inputs of a verdict."""
        return tuple(_input(name, self.found[name]) for name in names if name in self.found)

    def age_input(self, age_years: int) -> Input:
        """An age as an input of a verdict."""
        position = self.facts.screened_position
        return Input(finding="age_years", position=position, value=str(age_years), unit="years")

    def sex_input(self) -> Input:
        """The sex as an input of a verdict."""
        return Input(finding="sex", position=self.facts.screened_position, value=self.facts.sex, unit=None)


def _input(name: FindingName, found: Found) -> Input:
    return Input(finding=name, position=found.position, value=found.finding.shown, unit=VOCABULARY[name].unit)
