"""Two database servers, the one the primary and the other its standby, with a line between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from api.chaos.cluster import SERVICE, Cluster, Node
from api.chaos.line import Line
from api.chaos.trial import TRIAL
from ledger.store.postgres.database import make_trial

NAME: Final = "standby"


class Pair:
    """A primary with the trial's schema, and a standby: waited for (`remote_apply`) or not."""

    def __init__(self, *, waits: bool = True) -> None:
        self.waits = waits
        self.primary: Node = Cluster()
        self.standby: Node = Node()
        self._lines = {node: _line_to(node) for node in (self.primary, self.standby)}
        make_trial(self.primary.owner_url, TRIAL, SERVICE)
        self.follow()

    @property
    def url(self) -> str:
        """Whichever of the two is the primary, for the role that serves."""
        return url_of(*(node.directory for node in self._lines))

    @property
    def line(self) -> Line:
        """On which the standby hears of the primary."""
        return self._lines[self.primary]

    def follow(self) -> None:
        """Make the standby anew, out of whatever it was."""
        self.line.mend()
        self.standby.follow(self.primary, NAME, self.line.directory)
        if self.waits:
            self.primary.script("use-standby.sh", self.primary.url("postgres"), NAME)

    def lose_the_primary(self) -> None:
        """Its machine goes, with what was on the line."""
        self.line.cut()
        self.line.delay_seconds = 0.0
        self.primary.kill()

    def promote(self) -> None:
        """The standby becomes the primary, whatever became of the other."""
        self.standby.script("promote.sh", self.standby.url("postgres"), "alone")
        self.primary, self.standby = self.standby, self.primary

    def remove(self) -> None:
        for node, line in self._lines.items():
            line.close()
            node.remove()


def url_of(*directories: Path) -> str:
    """Whichever of the servers behind these sockets is the primary, for the role that serves."""
    hosts = ",".join(quote(str(directory)) for directory in directories)
    return f"postgresql://{SERVICE}@/ledger?host={hosts}&target_session_attrs=read-write"


def _line_to(node: Node) -> Line:
    directory = node.directory / "line"
    directory.mkdir()
    return Line(node.directory, directory)


@contextmanager
def a_pair(*, waits: bool = True) -> Iterator[Pair]:
    """A pair, and nothing of it afterwards."""
    pair = Pair(waits=waits)
    try:
        yield pair
    finally:
        pair.remove()
