"""What can happen around a patient's transplant: conditioning, prophylaxis, the graft, and its day moved."""

from typing import ClassVar, Literal

from ledger.protocol.calendar import Moved
from ledger.protocol.terms import ProtocolDay, Word
from ledger.protocol.treatment import DoseUnit
from ledger.types import Amount, Commitment, Day, Event, Instant, Line, Name, Several

GraftKind = Literal["g-csf-mobilised-cd3-depleted-pbsc", "other"]


class ConditioningGiven(Event):
    """An agent of the conditioning was given: all of it that belongs to one protocol day (P9, P10).

    `choice` is the choice of the day table of which the agent is one, such as the backbone.
    """

    NAME: ClassVar[str] = "patient.conditioning-given.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("agent", "protocol_day")

    agent: Word
    protocol_day: ProtocolDay
    dose: Amount
    unit: DoseUnit
    given_on: Day
    choice: Word | None


class BackboneChosen(Event):
    """Which agent of a choice of the day table is given, and why (P10, A.3-18)."""

    NAME: ClassVar[str] = "patient.backbone-chosen.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("choice",)

    choice: Word
    agent: Word
    reason: Commitment


class ProphylaxisGiven(Event):
    """An agent against graft-versus-host disease was given on a protocol day (P12)."""

    NAME: ClassVar[str] = "patient.prophylaxis-given.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("agent", "protocol_day")

    agent: Word
    protocol_day: ProtocolDay
    dose: Amount
    unit: DoseUnit
    given_on: Day


class TransplantRescheduled(Event):
    """Day 0 is planned for another date. `moved`: what is on another date with it."""

    NAME: ClassVar[str] = "patient.transplant-rescheduled.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ()

    from_on: Day
    to_on: Day
    reason: Commitment
    moved: Several[Moved]


class TransplantPerformed(Event):
    """The graft was infused: this day is day 0 (P11). `donor` and the cells are null where they are not known."""

    NAME: ClassVar[str] = "patient.transplant-performed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ()
    WHEN: ClassVar[str | None] = "performed_at"

    performed_at: Instant
    donor: Name | None
    graft: GraftKind | None
    product_code: Line | None
    cd34_cells_per_kg: Amount | None
    cd3_cells_per_kg: Amount | None


TRANSPLANT_EVENTS: tuple[type[Event], ...] = (
    ConditioningGiven,
    BackboneChosen,
    ProphylaxisGiven,
    TransplantRescheduled,
    TransplantPerformed,
)
