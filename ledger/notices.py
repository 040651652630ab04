"""Notices: events of the log that those who dose have to hear of. They are read from the log, not recorded again."""

from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import Final

from ledger.cohort import events as c
from ledger.patient import events as e
from ledger.patient import infusions as i
from ledger.product import events as p
from ledger.protocol.monitoring import NoticeKind
from ledger.record import Record
from ledger.trial import dosing as t
from ledger.types import Event

NOTICES: Final[Mapping[type[Event], NoticeKind]] = MappingProxyType(
    {
        t.HoldApplied: "hold",
        t.HoldLifted: "hold",
        c.DltCounted: "dlt",
        c.DltUncounted: "dlt",
        t.DoseDecisionTaken: "dose_decision",
        t.MtdDeclared: "result",
        t.MtdNotReached: "result",
        t.MtdSuperseded: "result",
        t.TrialStoppedPrematurely: "stop",
        p.LateSterilityReported: "late_sterility",
        i.DosePlanned: "dose_order",
        e.AssignmentCancelled: "assignment",
        e.DoseLevelReassigned: "assignment",
    }
)
"""What may be a notice, and of which kind."""


def is_notice(record: Record, planned: Container[tuple[str, int]]) -> bool:
    """Whether a record is a notice; `planned`: the doses planned before it, by stream and ordinal. Of cultures only a
    positive one is, of planned doses only one that replaces another."""
    match record.event:
        case p.LateSterilityReported(result=result):
            return result == "positive"
        case i.DosePlanned(ordinal=ordinal):
            return (record.stream, ordinal) in planned
        case event:
            return type(event) in NOTICES
