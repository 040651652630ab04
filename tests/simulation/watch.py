"""Whoever watches a walk: reads every append as it comes, and says at once what may not be."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from ledger.decisions.docket import Command, Docket
from ledger.patient.events import ProtocolDeviationRecorded
from ledger.record import Record
from ledger.trial.events import TrialDeviationRecorded
from ledger.world import World
from tests.simulation.found import claim
from tests.simulation.harm import Due, check_due_dates, due_dates
from tests.simulation.history import check_bytes, check_order, check_rebuilt
from tests.simulation.invariants import check_fixpoint, check_log, check_state
from tests.simulation.outcomes import check_facts, check_outcome
from tests.simulation.permissions import Moment, check_permission
from tests.simulation.seen import Seen
from tests.simulation.signatures import check_authority, check_signature

EVERYONE_EVERY: Final = 10


@dataclass
class Watch:
    """The log as it is read from outside, and how often each event occurred."""

    seen: Seen = field(default_factory=Seen)
    events: Counter[str] = field(default_factory=Counter)
    deviations: Counter[str] = field(default_factory=Counter)
    appends: int = 0
    due: Due = field(default_factory=dict)

    def begin(self, records: list[Record]) -> None:
        """The records of a trial that was opened before the walk began."""
        for record in records:
            self.seen.take(record)

    def follow(self, docket: Docket, command: Command, after: World, appended: tuple[Record, ...]) -> None:
        """One append, as the docket's command made it."""
        check_log(docket.world, appended)
        check_bytes(list(appended))
        version = self.seen.version_on(docket.today)
        if version:
            check_facts(self.seen, appended, self.seen.versions[version][1])
        self._take(docket, command, appended)
        everywhere = self._version_everywhere(docket)
        if everywhere is not None:
            check_state(self.seen, after, self.seen.versions[everywhere][1], self._touched(appended))
            check_fixpoint(docket, after)

    def _touched(self, appended: tuple[Record, ...]) -> set[str] | None:
        """The patients whom an append of one patient's facts names; None: everyone, as now and then in any case."""
        self.appends += 1
        if appended[0].patient is None or self.appends % EVERYONE_EVERY == 0:
            return None
        return {getattr(record.event, "patient", None) or record.patient or "" for record in appended}

    def _version_everywhere(self, docket: Docket) -> int | None:
        """The version in force; None in the hours in which one holds at some sites already and not yet at others."""
        sites = (None, docket.asked.by.site, *docket.world.trial.sites)
        holding = {self.seen.version_on(docket.world.site_day(site, docket.now)) for site in sites}
        return max(holding) if len(holding) == 1 and 0 not in holding else None

    def _take(self, docket: Docket, command: Command, appended: tuple[Record, ...]) -> None:
        today = self.seen.version_on(docket.today)
        if today:
            moment = Moment(command, docket.now, docket.today, today, self.seen.versions[today][1])
            check_authority(self.seen, docket.asked.by, moment, appended)
        for record in appended:
            self.events[record.event.NAME] += 1
            if isinstance(record.event, ProtocolDeviationRecorded | TrialDeviationRecorded):
                self.deviations[record.event.kind] += 1
            version = self.seen.version_on(docket.today)
            claim(record.protocol_version == version, f"version {version} is in force, not {record.protocol_version}")
            if version:
                moment = Moment(command, docket.now, docket.today, version, self.seen.versions[version][1])
                if not docket.asked.on_paper:
                    check_permission(self.seen, record, moment)
                check_outcome(self.seen, record, moment, on_paper=docket.asked.on_paper)
                check_signature(self.seen, record, moment, on_paper=docket.asked.on_paper)
            self.seen.take(record)

    def look_back(self, records: list[Record], world: World, chance: random.Random) -> None:
        """What only the whole log shows."""
        if world.recorded_at is not None:
            due, self.due = self.due, due_dates(world, world.recorded_at)
            check_due_dates(due, self.due)
        check_rebuilt(records, world, chance)
        if (protocol := world.protocol()) is not None:
            check_order(records, world, protocol, chance)
