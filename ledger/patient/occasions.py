"""The two kinds of outcomes: what is assessed on a day, and what happens once."""

from datetime import date

from ledger.types import Day, Frozen


class Assessed(Frozen):
    """What was found on a day; another day is another fact."""

    assessed_on: Day

    @property
    def on(self) -> date:
        return self.assessed_on

    @property
    def part(self) -> str:
        """What of the kind it is about; nothing where there is one thing only."""
        return ""


class Happened(Frozen):
    """What happens once: another day for it contradicts the record."""

    happened_on: Day

    @property
    def on(self) -> date:
        return self.happened_on

    @property
    def shown(self) -> str:
        return self.happened_on.isoformat()
