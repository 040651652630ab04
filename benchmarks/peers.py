"""UmaDB, an event store made for speed, beside ours: 64 callers, each event durable before it is answered.

UmaDB's server comes from its wheel and runs in a process of its own; its clients are threads of this one. It takes the
bytes of the same events with two tags each, under the condition that nothing was appended to the patient's stream since
the head was asked for. It decides nothing, keeps no state, and hashes nothing. It, too, writes together what arrives
during one commit.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from umadb import AppendCondition, Client, Event, IntegrityError, Query, QueryItem

from api.cli_serve import look_for_cycles_seldom
from benchmarks._common import (
    CALLERS,
    COMMANDS,
    beside,
    commands,
    in_threads,
    keep,
    paired,
    ready_trial,
    records_of,
)
from benchmarks.http import await_port, free_port
from ledger.record import Record
from ledger.store.codec import encode


class Server:
    """UmaDB's server on a file of its own."""

    def __init__(self, path: Path) -> None:
        self.port = free_port()
        place = ["--listen", f"127.0.0.1:{self.port}", "--db-path", str(path)]
        self.process = subprocess.Popen([Path(sys.executable).with_name("umadb"), *place], stdout=subprocess.DEVNULL)
        await_port(self.port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def event_of(record: Record) -> Event:
    return Event(record.event.NAME, encode(record), tags=[record.stream, record.actor.id])


def appended(client: Client, event: Event, of_the_stream: Query) -> bool:
    """Whether it was, at the head that was seen before."""
    try:
        client.append([event], AppendCondition(of_the_stream, after=client.head()))
    except IntegrityError:
        return False
    return True


def umadbs(directory: Path, records: list[Record]) -> float:
    """Events a second: 64 threads with a connection each, one event at a time."""
    server = Server(directory / f"uma-{len(list(directory.iterdir()))}.db")
    events = [(event_of(record), Query([QueryItem(tags=[record.stream])])) for record in records]

    def caller(first: int) -> None:
        with Client(server.url) as client:
            for event, of_the_stream in events[first::CALLERS]:
                while not appended(client, event, of_the_stream):  # somebody else was first: asked again
                    pass

    took = in_threads(caller)
    with Client(server.url) as client:
        assert (client.head() or 0) == len(records), client.head()
    server.stop()
    return len(records) / took


def main() -> None:
    look_for_cycles_seldom()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        records = records_of(ready_trial(), COMMANDS).records[-COMMANDS:]
        one, other = paired(lambda: commands(directory), lambda: umadbs(directory, records), rounds=3)
    keep("peers", [beside("commands/s, 64 callers, SQLite: UmaDB, which only appends", one, other, "/s")])


if __name__ == "__main__":
    main()
