"""F3. Power cuts of the real writer, with what was not synced torn and out of order.

The controls write the same with a disk that does not sync the write-ahead log (as `synchronous=NORMAL` does not at a
commit), or nothing at all (`synchronous=OFF`): they have to lose what they acknowledged.
"""

from pathlib import Path
from random import Random
from typing import Final

from api.chaos.disk import disk
from api.chaos.judging import Judgement, judge
from api.chaos.outcome import Outcome, Task, summed
from api.chaos.power import Note, disk_after, notes, write_files
from api.chaos.running import run_subject, until_a_moment
from api.chaos.subject import ACKNOWLEDGED
from api.chaos.trial import file_in
from ledger.errors import LedgerError

REPORTS: Final = 120
CONTROLS: Final = {"NORMAL": "-wal", "OFF": "*"}


def cut_the_power(task: Task) -> Outcome:
    """Cut at random moments of one run, each time from the beginning."""
    recorded = _recorded(task.place("full"), {})
    judgements = [_cut(recorded, task, f"full-{number}") for number in range(task.times)]
    losses = {name: _losing_cuts(task, name) for name in CONTROLS}
    told = "; ".join(f"{name} loses in {count} of {task.times}" for name, count in losses.items())
    return summed(judgements, control=told, control_failed=all(losses.values()))


def _losing_cuts(task: Task, name: str) -> int:
    recorded = _recorded(task.place(name), {"deaf": CONTROLS[name]})
    return sum(not _cut(recorded, task, f"{name}-{number}").kept for number in range(task.times))


def _recorded(directory: Path, settings: dict[str, str]) -> tuple[Path, list[Note]]:
    """What the writer did to its files, in order."""
    journal = directory.with_suffix(".journal")
    run_subject(directory, REPORTS, disk(directory, journal=str(journal), **settings))
    return directory, list(notes(journal.read_bytes()))


def _cut(recorded: tuple[Path, list[Note]], task: Task, name: str) -> Judgement:
    """One cut, somewhere between the first acknowledgement and the end."""
    directory, done = recorded
    notebook = str(directory.resolve() / ACKNOWLEDGED)
    until, known = until_a_moment(done, notebook, task.chance)
    files = disk_after([note for note in until if note.path != notebook], Random(task.chance.random()))
    place = task.place(name)
    write_files({path: content for path, content in files.items() if ".ledger" in path}, directory, place)
    if not file_in(place).exists():
        return Judgement.lost_all(known, "there is no file any more")
    try:
        return judge(place, known, known)
    except LedgerError as found:
        return Judgement.lost_all(known, f"{type(found).__name__}: {found}")
