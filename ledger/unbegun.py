"""A trial that there is not yet: what is asked of it is decided on nothing, and a file is made only for what stands."""

from datetime import datetime

from ledger.decisions.carry_out import CarriedOut, carry_out
from ledger.decisions.docket import Docket
from ledger.record import Record
from ledger.refusals import NoSuchRecord
from ledger.submission import Submission
from ledger.world import World


class NoArchive:
    """Before the first event there is nothing to look up."""

    def record(self, position: int) -> Record:
        raise NoSuchRecord(f"position {position}")

    def text(self, commitment: str) -> str | None:  # noqa: ARG002 - the archive's signature
        return None

    def is_kept(self, commitment: str) -> bool:  # noqa: ARG002 - the archive's signature
        return False

    def texts_about(self, subjects: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG002 - the archive's signature
        return ()


def decided_on_nothing(submission: Submission, now: datetime) -> CarriedOut:
    """What follows from a command where there is no event yet; raises its refusal."""
    return carry_out(Docket(World(), submission.asked, now, NoArchive()), submission.command)
