"""What the ward's events amount to: the sheets and the medication in force, by the position that holds each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from immutables import Map

from ledger.patient.ward import ConcomitantMedicationGiven, ConcomitantMedicationStopped, WardSheetRecorded
from ledger.record import Record
from ledger.types import Event, changed


@dataclass(frozen=True, slots=True)
class Ward:
    """`replaced`: the position of a sheet that was corrected, and of the sheet that stands for it."""

    sheets: Map[int, WardSheetRecorded] = Map()
    replaced: Map[int, int] = Map()
    medication: Map[int, ConcomitantMedicationGiven] = Map()
    stopped: Map[int, ConcomitantMedicationStopped] = Map()

    def by_time(self) -> tuple[tuple[int, WardSheetRecorded], ...]:
        """The sheets in force with their positions, in the order in which the patient was seen."""
        return tuple(sorted(self.sheets.items(), key=lambda each: (each[1].assessed_at, each[0])))

    def replaced_by(self, position: int) -> frozenset[int]:
        """The positions of the sheets that the one at a position stands for."""
        found = {old for old, new in self.replaced.items() if new == position}
        return frozenset(found).union(*(self.replaced_by(old) for old in found))

    def ended_at(self, given: ConcomitantMedicationGiven) -> datetime | None:
        """When what was continuous ended, by the earliest that is said; none where it is still running."""
        ends = [
            stop.stopped_at
            for stop in self.stopped.values()
            if (stop.agent, stop.given_at) == (given.agent, given.given_at)
        ]
        return min([*ends, *([given.to_at] if given.to_at is not None else [])], default=None)

    def running(self, at: datetime) -> Iterator[tuple[int, ConcomitantMedicationGiven]]:
        """What runs continuously at an instant, its first and last included."""
        for position, given in sorted(self.medication.items()):
            ended_at = self.ended_at(given)
            if given.continuous and given.given_at <= at and (ended_at is None or at <= ended_at):
                yield position, given


def _sheet(ward: Ward, event: WardSheetRecorded, record: Record) -> Ward:
    sheets = _without(ward.sheets, record.corrects).set(record.position, event)
    replaced = ward.replaced if record.corrects is None else ward.replaced.set(record.corrects, record.position)
    return changed(ward, sheets=sheets, replaced=replaced)


def _given(ward: Ward, event: ConcomitantMedicationGiven, record: Record) -> Ward:
    return changed(ward, medication=_without(ward.medication, record.corrects).set(record.position, event))


def _stopped(ward: Ward, event: ConcomitantMedicationStopped, record: Record) -> Ward:
    return changed(ward, stopped=_without(ward.stopped, record.corrects).set(record.position, event))


def _without(facts: Map[int, Any], position: int | None) -> Map[int, Any]:
    return facts if position is None or position not in facts else facts.delete(position)


STEPS: Mapping[type[Event], Callable[[Ward, Any, Record], Ward]] = MappingProxyType(
    {
        WardSheetRecorded: _sheet,
        ConcomitantMedicationGiven: _given,
        ConcomitantMedicationStopped: _stopped,
    }
)
