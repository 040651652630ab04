"""What is compared with source documents, and who has to hear of what."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints

from ledger.protocol.terms import Distinct, Word
from ledger.types import Frozen, Several

NoticeKind = Literal["hold", "dlt", "dose_decision", "result", "stop", "late_sterility", "dose_order", "assignment"]
"""What concerns those who dose: a hold set or lifted; a DLT counted or uncounted; a dose decision; an MTD declared, not
reached or superseded; the trial's end; a positive late culture; a dose planned anew; a level taken away or changed."""

RecordKind = Annotated[str, StringConstraints(pattern=r"^patient\.[a-z][a-z0-9]*(?:-[a-z0-9]+)*$")]
"""The stored name of an event of a patient, without its version."""


class NoticeRule(Frozen):
    """Who acknowledges notices of a kind. A party is a place, not a person: a ward, a laboratory, a pharmacy."""

    kind: NoticeKind
    parties: Annotated[Distinct[Word], Field(min_length=1)]


def _every_kind_once(rules: tuple[NoticeRule, ...]) -> tuple[NoticeRule, ...]:
    if sorted(rule.kind for rule in rules) != sorted(get_args(NoticeKind)):
        raise ValueError("every kind of notice is named once")
    return rules


class Monitoring(Frozen):
    """How the trial is watched."""

    critical_data: Distinct[RecordKind]
    notices: Annotated[Several[NoticeRule], AfterValidator(_every_kind_once)]

    def parties(self, kind: NoticeKind) -> tuple[str, ...]:
        """Who has to acknowledge a notice of a kind."""
        return next(rule.parties for rule in self.notices if rule.kind == kind)
