"""The sentences of a protocol, each with what the ledger makes of it, and the readings chosen where it is unclear."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from ledger.protocol.terms import Distinct, InterpretationId, Reading, RuleId, Statement
from ledger.types import Frozen, Several

RecordLines = Annotated[str, StringConstraints(pattern=r"^L[1-9][0-9]{0,3}(-[1-9][0-9]{0,3})?$")]
"""A line, or some lines, of the record that the rule was taken from: `L59`, `L23-39`."""


class Rule(Frozen):
    """A rule in words, in the form that is checked, and where it is written."""

    id: RuleId
    text: Statement
    machine: Statement
    record: Several[RecordLines] = Field(min_length=1)


class Interpretation(Frozen):
    """What the record leaves open, and the reading in force.

    `cautious_order` names the possible readings, the most cautious first; it is empty where caution does not order
    them. A reading less cautious than the one recorded is an amendment (A.3-28).
    """

    id: InterpretationId
    text: Statement
    reading: Reading
    meaning: Statement
    cautious_order: Distinct[Reading] = ()

    @model_validator(mode="after")
    def _is_ordered(self) -> "Interpretation":
        if self.cautious_order and self.reading not in self.cautious_order:
            raise ValueError("the chosen reading is not in its order of caution")
        return self

    def is_less_cautious(self, reading: str) -> bool:
        """Whether a reading gives up caution. One that the order does not name is taken to do so."""
        if reading == self.reading:
            return False
        if reading not in self.cautious_order:
            return True
        return self.cautious_order.index(reading) > self.cautious_order.index(self.reading)
