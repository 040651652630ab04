"""F4. The power of a database's machine is cut under load.

Its server and the writer share one journal of all that was done to the disk, the acknowledgements among it; each cut is
made of that, and the server starts on what is left and recovers. The control's disk answers syncs and does none, as
`fsync=off` does none; the ledger itself refuses a server with that setting. It has to lose what was acknowledged, or
not to start at all.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Final

import psycopg

from api.chaos.cluster import SERVICE, Cluster
from api.chaos.disk import disk
from api.chaos.judging import Judgement, judge_opened
from api.chaos.outcome import Outcome, Task, summed
from api.chaos.power import Note, disk_after, notes, write_files
from api.chaos.running import run_subject, until_a_moment
from api.chaos.subject import ACKNOWLEDGED, in_database
from api.chaos.trial import TRIAL, begin
from ledger.errors import LedgerError
from ledger.store.postgres.database import make_trial

REPORTS: Final = 200
CHECKPOINT_EVERY_SECONDS: Final = 0.1
CONTROLS: Final = 6
"""At least; one that loses nothing, by chance, is followed by another."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A database server with the trial in it, stopped, and a copy of its data as they were then."""

    cluster: Cluster
    base: Path

    @property
    def directory(self) -> Path:
        return self.cluster.directory

    def restore(self) -> None:
        """The data as they were before any load."""
        shutil.rmtree(self.cluster.data)
        _copy(self.base, self.cluster.data)

    def recorded(self, **settings: str) -> list[Note]:
        """What a load did to the disk, in order."""
        self.restore()
        journal = self.directory / "journal"
        journal.write_bytes(b"")
        journal.chmod(0o666)
        (self.directory / ACKNOWLEDGED).unlink(missing_ok=True)
        watched = disk(self.directory, journal=str(journal), **settings)
        self.cluster.environment = watched
        self.cluster.start()
        with self._checkpoints():
            run_subject(self.directory, REPORTS, watched, self.cluster.service_url)
        self.cluster.kill()
        self.cluster.environment = {}
        return list(notes(journal.read_bytes()))

    @contextmanager
    def _checkpoints(self) -> Iterator[None]:
        """The server writes its pages, and begins its log anew, again and again meanwhile."""
        over = Event()

        def work() -> None:
            with psycopg.connect(self.cluster.url("postgres"), autocommit=True) as admin:
                while not over.wait(CHECKPOINT_EVERY_SECONDS):
                    admin.execute("CHECKPOINT")

        working = Thread(target=work)
        working.start()
        try:
            yield
        finally:
            over.set()
            working.join()

    def before(self, path: str) -> bytes | None:
        """What a file of the data held then."""
        held = self.base / Path(path).relative_to(self.cluster.data.resolve())
        return held.read_bytes() if held.is_file() else None

    def cut(self, done: list[Note], task: Task) -> Judgement:
        """One cut, somewhere between the first acknowledgement and the end."""
        notebook, data = str(self.directory.resolve() / ACKNOWLEDGED), str(self.cluster.data.resolve())
        until, known = until_a_moment(done, notebook, task.chance)
        of_data = [note for note in until if note.path.startswith(data)]
        self.restore()
        write_files(
            disk_after(of_data, Random(task.chance.random()), self.before), self.cluster.data, self.cluster.data
        )
        self.cluster.own()
        try:
            self.cluster.start()
        except RuntimeError as found:
            return Judgement.lost_all(known, str(found))
        try:
            with in_database(self.directory, self.cluster.service_url) as ledger:
                return judge_opened(ledger, known, known)
        except (LedgerError, psycopg.Error) as found:
            return Judgement.lost_all(known, f"{type(found).__name__}: {found}")
        finally:
            self.cluster.stop()


def cut_the_databases_power(task: Task) -> Outcome:
    """Cut at random moments of one load, each time from the beginning."""
    with a_machine() as machine:
        done = machine.recorded()
        judgements = [machine.cut(done, task) for _ in range(task.times)]
        unsynced = machine.recorded(deaf="*")
        cuts = max(CONTROLS, task.times // 2)
        lost = sum(not machine.cut(unsynced, task).kept for _ in range(cuts))
    return summed(judgements, control=f"without syncs it loses in {lost} of {cuts}", control_failed=lost > 0)


@contextmanager
def a_machine() -> Iterator[Machine]:
    """A machine, and nothing of it afterwards."""
    cluster = Cluster()
    try:
        make_trial(cluster.owner_url, TRIAL, SERVICE)
        with in_database(cluster.directory, cluster.service_url) as ledger:
            begin(ledger)
        cluster.stop("fast")
        _copy(cluster.data, base := cluster.directory / "base")
        yield Machine(cluster, base)
    finally:
        cluster.remove()


def _copy(of: Path, to: Path) -> None:
    """With owners and rights."""
    subprocess.run(["cp", "-a", str(of), str(to)], check=True)
