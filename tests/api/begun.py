"""A trial that has come so far, for every test that wants one: it is played once, and its files are copied."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from pathlib import Path

from ledger.types import Role
from tests.api.place import TRIAL, Place
from tests.api.story import Story, begin, infused, placed, screened


def infused_once(story: Story) -> None:
    """001 had its first infusion on 18 February."""
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    placed(story, "001")
    infused(story)


@dataclass(frozen=True)
class Begun:
    """The files of a server that was stopped, its clock and the story's, what was sent to it, and how often each caller
    has written."""

    directory: Path
    clock: datetime
    today: date
    sent: frozenset[str]
    written: Mapping[Role, int]

    @classmethod
    def played(cls, directory: Path, *chapters: Callable[[Story], None]) -> "Begun":
        place = Place(directory)
        story = begin(place)
        for chapter in chapters:
            chapter(story)
        clock = place.app.state.service.opened(TRIAL).clock()
        place.stop()
        written = {role: next(caller.numbers) for role, caller in place.callers.items()}
        return cls(directory, clock, story.today, frozenset(story.sent), written)

    def place(self, directory: Path) -> Place:
        """A server that goes on from here, in a directory of its own."""
        shutil.copytree(self.directory, directory, dirs_exist_ok=True)
        place = Place(directory)
        place.app.state.service.opened(TRIAL).clock.set_forward(self.clock)
        for role, caller in place.callers.items():
            caller.numbers = count(self.written[role])
        return place

    def story(self, place: Place) -> Story:
        """As it stands in such a place."""
        story = Story(place)
        story.sent, story.today = set(self.sent), self.today
        return story
