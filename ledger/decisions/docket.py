"""What lies before a decision, and the few ways in which one answers.

A decision is a pure function of the docket and a command. It answers with entries (an event for a stream each),
or that the fact is on record already, or it refuses. Permissions are refused; what has happened never is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from ledger import refusals as no
from ledger.cohort.state import Cohort
from ledger.errors import LedgerError
from ledger.patient.events import ProtocolDeviationRecorded
from ledger.patient.review import QueryRaised
from ledger.patient.state import Patient
from ledger.product.state import Product
from ledger.protocol.document import ProtocolDocument
from ledger.record import TRIAL, Asked, Entry, Head, Record, patient_stream
from ledger.trial.events import TrialDeviationRecorded
from ledger.trial.state import Version
from ledger.types import Event, Frozen, Line, Name, Role
from ledger.world import Archive, World, same_fact

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
Said = TypeVar("Said", bound=Event)
Importance = Literal["important", "other"]


class Command(Frozen):
    """Something that may be asked."""


class PatientCommand(Command):
    """Something that may be asked about one patient."""

    patient: Line


class ProductCommand(Command):
    """Something that may be asked about one lot."""

    lot: Name


@dataclass(frozen=True, slots=True)
class AlreadySo:
    """The fact stands on record, at this position."""

    position: int


Entries = tuple[Entry, ...]
Follows = Entries | AlreadySo


@dataclass(frozen=True, slots=True)
class Docket:
    """The state at the head of the log, who asks, and when."""

    world: World
    asked: Asked
    now: datetime
    archive: Archive
    after: Head | None = None
    """The newest signed head, which the events will name."""

    @property
    def occurred_at(self) -> datetime:
        return self.asked.occurred_at or self.now

    @property
    def today(self) -> date:
        """The day at the site of whoever asks."""
        return self.world.site_day(self.asked.by.site, self.now)

    @property
    def judged_at(self) -> datetime:
        """The instant by whose state of things a permission is judged: now, or of what was decided on paper, then."""
        return self.occurred_at if self.asked.on_paper else self.now

    @property
    def judged_on(self) -> date:
        """The day of that instant at the site of whoever asks."""
        return self.world.site_day(self.asked.by.site, self.judged_at)

    def patient(self, number: str) -> Patient:
        """A patient of the ledger; `NoSuchPatient` for another."""
        known = self.world.patients.get(number)
        if known is None or known.screened is None:
            raise no.NoSuchPatient(f"patient {number}")
        return known

    def product(self, lot: str) -> Product:
        """A lot of which a collection is on record; `NoSuchProduct` for another."""
        known = self.world.products.get(lot)
        if known is None or not known.collections:
            raise no.NoSuchProduct(f"lot {lot}")
        return known

    def version(self) -> Version:
        """The protocol version by which is judged; `NoProtocolInForce` where none holds, not even today."""
        version = self.world.trial.protocol_on(self.judged_on) or self.world.trial.protocol_on(self.today)
        if version is None:
            raise no.NoProtocolInForce("no approved protocol version holds")
        return version

    def protocol(self) -> ProtocolDocument:
        return self.version().document

    def cohort(self, level: int) -> Cohort:
        """The cohort of a level of the ladder; `NotInProtocol` for another."""
        if level not in self.protocol().levels():
            raise no.NotInProtocol(f"level {level}")
        return self.world.cohort(level)

    def occurred_day(self, patient: str) -> date:
        """The day at the patient's site on which what is asked happens."""
        return self.world.patient_day(patient, self.occurred_at)

    def signer(self, *roles: Role) -> None:
        """`NotDelegated` unless who asks holds one of the roles today, by delegation and by account."""
        by = self.asked.by
        if by.role not in roles or not self.world.trial.delegated(by.id, by.role, by.site, self.today):
            raise no.NotDelegated(f"{by.id} as {by.role}")


def permit(docket: Docket, stream: str, broken: Iterable[LedgerError]) -> Entries:
    """Refuse by the first broken rule; of what was decided on paper, note every broken rule as a deviation."""
    if docket.asked.on_paper:
        return tuple(deviation(stream, error) for error in broken)
    refuse(broken)
    return ()


def refuse(broken: Iterable[LedgerError]) -> None:
    """Refuse by the first broken rule, of what no paper excuses."""
    for error in broken:
        raise error


def deviation(stream: str, error: LedgerError, importance: Importance = "important") -> Entry:
    """The deviation that a broken rule makes of a fact: on the patient, or else on the trial."""
    kind = type(error).__name__
    if not stream.startswith(patient_stream("")):
        return Entry(TRIAL, TrialDeviationRecorded(rule=error.rule, kind=kind))
    return Entry(stream, ProtocolDeviationRecorded(rule=error.rule, kind=kind, importance=importance))


def deviations(stream: str, broken: Iterable[LedgerError], importance: Importance = "important") -> Entries:
    """A deviation for each broken rule of a fact."""
    return tuple(deviation(stream, error, importance) for error in broken)


def report(docket: Docket, stream: str, event: Event) -> Follows:
    """Record what happened: new, on record already, or in contradiction to the record, which then raises a query."""
    not_in_the_future(docket, event)
    at = getattr(event, event.WHEN) if event.WHEN else docket.occurred_at
    if docket.asked.corrects is not None:
        return (Entry(stream, event, reported=True, corrects=docket.asked.corrects),)
    on_record = docket.world.on_record(stream, event, at)
    if on_record is None:
        return (Entry(stream, event, reported=True),)
    if _said_before(docket, docket.archive.record(on_record), event):
        return AlreadySo(on_record)
    if event.KEY is None:
        return (Entry(stream, event, reported=True),)
    return contradiction(docket, stream, event, on_record)


def judged_report(
    docket: Docket,
    stream: str,
    event: Said,
    against: Callable[[Said], Iterable[LedgerError]],
    importance: Importance = "important",
) -> Follows:
    """Record what happened, with a deviation for each rule that it broke and that what it corrects had not broken."""
    follows = report(docket, stream, event)
    if isinstance(follows, AlreadySo) or follows[0].conflicts_with is not None:
        return follows
    known: set[type[LedgerError]] = set()
    if docket.asked.corrects is not None:
        before = docket.archive.record(docket.asked.corrects).event
        known = {type(error) for error in against(before)} if isinstance(before, type(event)) else set()
    broken = (error for error in against(event) if type(error) not in known)
    return (*follows, *deviations(stream, broken, importance))


def _said_before(docket: Docket, record: Record, event: Event) -> bool:
    """Whether a record says the same; of what may be said anew, a time that is stated makes another fact of it."""
    stated = docket.asked.occurred_at if event.KEY is None and event.WHEN is None else None
    return stated in (None, record.occurred_at) and same_fact(record.event, event, docket.archive)


def contradiction(docket: Docket, stream: str, event: Event, on_record: int) -> Follows:
    """A report that contradicts the record: stored beside it with a query, once; the record stands (domain G.4-12)."""
    stored = docket.world.contradiction_on_record(stream, event)
    if stored is not None and same_fact(docket.archive.record(stored).event, event, docket.archive):
        return AlreadySo(stored)
    return (Entry(stream, event, reported=True, conflicts_with=on_record), *query(docket, stream, on_record, event))


def query(docket: Docket, stream: str, about: int, event: Event) -> Entries:
    """The question that a report in contradiction to the record at a position raises, where a patient is concerned."""
    known = docket.world.patients.get(stream.removeprefix("patient/"))
    return () if known is None else queries(known, about, f"contradicts: {event.NAME}")


def queries(patient: Patient, about: int, *kinds: str) -> Entries:
    """Questions about a record of a patient, one for each kind."""
    return tuple(
        Entry(patient.stream, QueryRaised(query=len(patient.review.queries) + n, about=about, kind=kind, text=None))
        for n, kind in enumerate(kinds, 1)
    )


def asks(docket: Docket, patient: Patient, kind: str) -> Entries:
    """The question that a report itself raises, of what it says; the report is the first entry of the decision."""
    raised = QueryRaised(query=len(patient.review.queries) + 1, about=docket.world.size, kind=kind, text=None)
    return (Entry(patient.stream, raised),)


def not_in_the_future(docket: Docket, event: Event) -> None:
    """`OccurrenceInTheFuture` where a report names an instant later than now and the clocks' tolerance."""
    latest = docket.now + CLOCK_TOLERANCE
    times = tuple(_times(event))
    if any(at > latest for at in (docket.occurred_at, *times) if isinstance(at, datetime)):
        raise no.OccurrenceInTheFuture("the report names a later instant than now")
    days = [day for day in times if not isinstance(day, datetime)]
    if any(day > (latest + timedelta(hours=14)).date() for day in days):
        raise no.OccurrenceInTheFuture("the report names a later day than today")


def _times(said: object) -> Iterator[date]:
    """Every instant and every day that an event names, those of its parts included."""
    if isinstance(said, date):
        yield said
        return
    parts = vars(said).values() if isinstance(said, Frozen) else said if isinstance(said, tuple) else ()
    for part in parts:
        if isinstance(part, date | Frozen | tuple):
            yield from _times(part)


def decided(
    docket: Docket, stream: str, event: Event, broken: Iterable[LedgerError], *, stands: bool = True
) -> Follows:
    """Record a permission: refused by the first broken rule, unless exactly this is on record and still `stands`."""
    on_record = docket.world.on_record(stream, event, docket.now) if stands else None
    if on_record is not None and same_fact(docket.archive.record(on_record).event, event, docket.archive):
        return AlreadySo(on_record)
    return (*permit(docket, stream, broken), Entry(stream, event, reported=docket.asked.on_paper))


def decided_here(
    docket: Docket, stream: str, event: Event, broken: Iterable[LedgerError], *, stands: bool = True
) -> Follows:
    """Record a permission of which no paper excuses a broken rule: what the ledger itself rests on."""
    return decided(replace(docket, asked=replace(docket.asked, on_paper=False)), stream, event, broken, stands=stands)


Decisions = Mapping[type[Command], Callable[[Docket, Any], Follows]]
"""Who answers which command; each file of decisions lists its own, `carry_out.py` all of them."""

Reports = Mapping[str, type[Command]]
"""What can be corrected, by the name that a correction gives it."""
