"""A trial that has begun, for every test that wants one: it is begun once, and its files are copied."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from ledger.types import Role
from tests.api.place import Place
from tests.api.story import Story, begin


@dataclass(frozen=True)
class Begun:
    """The files of a server that was stopped, what was sent to it, and how often each caller has written."""

    directory: Path
    sent: frozenset[str]
    written: Mapping[Role, int]

    @classmethod
    def in_directory(cls, directory: Path) -> "Begun":
        place = Place(directory)
        story = begin(place)
        place.stop()
        return cls(directory, frozenset(story.sent), {role: next(by.numbers) for role, by in place.callers.items()})

    def place(self, directory: Path) -> Place:
        """A server that goes on from here, in a directory of its own."""
        shutil.copytree(self.directory, directory, dirs_exist_ok=True)
        place = Place(directory)
        for role, caller in place.callers.items():
            caller.numbers = count(self.written[role])
        return place

    def story(self, place: Place) -> Story:
        """As it stands in such a place."""
        story = Story(place)
        story.sent = set(self.sent)
        return story
