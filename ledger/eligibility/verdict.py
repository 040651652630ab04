"""What a rule answers, how answers combine, and the verdict on a criterion.

An answer says whether the patient *passes*, which is the same question for an inclusion and an exclusion criterion. It
may be unknown; then it names what is missing. Answers combine by Kleene's strong three-valued logic: one that fails
makes *all of* fail and one that passes makes *any of* pass, whatever is missing beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final, Literal, Self, TypeVar

from pydantic import model_validator

from ledger.protocol.terms import CriterionId, RuleId, Statement
from ledger.types import Frozen, Line, Position, Several

T = TypeVar("T")

ATTESTATION: Final = "attestation"
"""Among what is missing: a person may answer what no rule computes."""

DETERMINATION: Final = "determination"
"""Among what is missing: the signed determination that the protocol asks for."""


Kind = Literal["inclusion", "exclusion"]
Basis = Literal["computed", "established", "attested", "determination"]


class Input(Frozen):
    """Something a verdict rests on: the finding, the position that holds it, its value as recorded and its unit.

    What is not in the log by itself (an age, a rate derived from other inputs) has no position of its own.
    """

    finding: Line
    position: Position | None
    value: Line
    unit: Line | None


class Verdict(Frozen):
    """Whether a criterion is met, on what, and by whom; `met` is none where it cannot be told from what is there.

    An exclusion criterion that is met excludes. `basis` says who answered: a rule of this package (`computed`), another
    rule of the ledger (`established`), a person (`attested`), or the arbiter whom the protocol names
    (`determination`). `computed` is what this package computes, also where somebody else's answer stands. `because`
    identifies no patient.
    """

    criterion: CriterionId
    kind: Kind
    met: bool | None
    because: Statement
    inputs: Several[Input]
    rule: RuleId
    basis: Basis
    computed: bool | None
    missing: Several[Line]

    @model_validator(mode="after")
    def _answers_or_says_what_is_missing(self) -> Self:
        if (self.met is None) != bool(self.missing):
            raise ValueError("a verdict is given, or names what is missing")
        return self

    @property
    def passes(self) -> bool | None:
        """Whether the criterion lets the patient take part: an inclusion met, or an exclusion not met."""
        return None if self.met is None else self.met == (self.kind == "inclusion")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rule finds: whether the patient passes, why, on what, and what is missing to tell."""

    passes: bool | None
    because: str
    inputs: tuple[Input, ...] = ()
    missing: tuple[str, ...] = ()


def lacking(*names: str, because: str | None = None, inputs: tuple[Input, ...] = ()) -> Answer:
    """An answer that cannot be given without some findings."""
    return Answer(None, because or f"not recorded: {', '.join(names)}", inputs, names)


def all_of(answers: Sequence[Answer]) -> Answer:
    """Passes if each does; fails as soon as one fails."""
    return _decisive(answers, False)


def any_of(answers: Sequence[Answer]) -> Answer:
    """Passes as soon as one does; fails if each fails."""
    return _decisive(answers, True)


def _decisive(answers: Sequence[Answer], decisive: bool) -> Answer:
    """One answer of the decisive kind decides; else what is unknown; else all are of the other kind."""
    deciding = [each for each in answers if each.passes is decisive]
    unknown = [each for each in answers if each.passes is None]
    inputs = _once(each for answer in answers for each in answer.inputs)
    if deciding:
        return Answer(decisive, _sentence(deciding), inputs)
    if unknown:
        return Answer(None, _sentence(unknown), inputs, _once(each for answer in unknown for each in answer.missing))
    return Answer(not decisive, _sentence(answers), inputs)


def _sentence(answers: Sequence[Answer]) -> str:
    return "; ".join(_once(each.because for each in answers))


def _once(several: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(several))


def not_above(value: Fraction) -> str:
    """A computed value as a sentence shows it: exact, or cut down to two decimals, so that it never seems larger."""
    return _decimal(value, floor(value * 100))


def not_below(value: Fraction) -> str:
    """A computed value as a sentence shows it: exact, or raised to two decimals, so that it never seems smaller."""
    return _decimal(value, ceil(value * 100))


def _decimal(value: Fraction, hundredths: int) -> str:
    whole, rest = divmod(hundredths, 100)
    text = f"{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else str(whole)
    return text if Fraction(hundredths, 100) == value else f"about {text}"
