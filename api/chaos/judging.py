"""What is left after a fault, judged by what was promised: nothing acknowledged is lost, doubled or moved, there is no
gap, the tree is that of the leaves, and the state equals a rebuild."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from api.chaos.trial import CLIENT, file_in
from ledger.application import TrialLedger
from ledger.record import Record
from ledger.submission import command_id
from ledger.world import World
from projections.base import digest


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found. `stored`: the keys that are on record; `wrong` says what was promised and is not so; `lost`
    counts what was acknowledged and is not there."""

    acknowledged: int
    stored: frozenset[str]
    lost: int
    wrong: tuple[str, ...]

    @property
    def kept(self) -> bool:
        return not self.wrong

    @classmethod
    def lost_all(cls, acknowledged: Collection[str], why: str) -> "Judgement":
        """Nothing can be opened any more."""
        return cls(len(acknowledged), frozenset(), len(acknowledged), (why,))


def judge(directory: Path, acknowledged: Mapping[str, int], sent: Collection[str]) -> Judgement:
    """Open the trial's file as after any crash, and compare it with what its callers know."""
    return judge_opened(TrialLedger.open(file_in(directory)), acknowledged, sent)


def judge_opened(ledger: TrialLedger, acknowledged: Mapping[str, int], sent: Collection[str]) -> Judgement:
    """Compare a ledger that was just opened with what its callers know: each key that was answered with its position,
    and all that were sent. It is closed then."""
    try:
        records = list(ledger.store.records())
        wrong = [*_gaps(records)]
        ledger.store.verify()
        by_command: dict[str, list[int]] = {}
        for record in records:
            by_command.setdefault(record.command_id, []).append(record.position)
        found = {key: by_command.get(command_id(CLIENT, key), []) for key in {*sent, *acknowledged}}
        lost = [key for key in acknowledged if not found[key]]
        wrong += [f"{key}: acknowledged, and not there" for key in lost[:3]]
        moved = (key for key, at in acknowledged.items() if found[key] and found[key] != [at])
        wrong += [f"{key}: not where it was said to be, or doubled" for key in moved]
        wrong += [f"{key}: doubled" for key, positions in found.items() if len(positions) > 1]
        if digest(_rebuilt(records)) != digest(ledger.world):
            wrong.append("the state differs from a rebuild")
        stored = frozenset(key for key, positions in found.items() if positions)
        return Judgement(len(acknowledged), stored, len(lost), tuple(wrong))
    finally:
        ledger.close()


def _gaps(records: list[Record]) -> list[str]:
    wrong, versions = [], dict[str, int]()
    for position, record in enumerate(records):
        versions[record.stream] = versions.get(record.stream, 0) + 1
        if (record.position, record.stream_version) != (position, versions[record.stream]):
            wrong.append(f"a gap at position {position}")
    return wrong


def _rebuilt(records: list[Record]) -> World:
    world = World()
    for record in records:
        world = world.apply(record)
    return world
