"""What the processes of these tests are asked to do: reports about one patient, each under a key of its own."""

from functools import cache

from ledger.decisions import enrolment, safety, screening
from ledger.record import Asked
from ledger.submission import Submission, command_id
from tests.bench import INVESTIGATOR, PI, SITE, START, Bench, opened_trial
from tests.patients import screen


def report(term: str, key: str | None = None) -> Submission:
    command = safety.ReportAdverseEvent(patient="001", term=term, serious=False, onset_at=START)
    return Submission(command, Asked(INVESTIGATOR, command_id("ivan", key or term)), request_hash=term)


def reserve(number: str) -> Submission:
    asked = Asked(PI, command_id("maria", f"reserve-{number}"))
    return Submission(enrolment.ReserveSlot(patient=number, level=1), asked, number)


@cache
def a_trial() -> Bench:
    """With one patient in screening."""
    bench = opened_trial()
    bench.ask(screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="female"))
    return bench


@cache
def one_slot_left() -> Bench:
    """Four patients may have a slot of level 1, and two of its three are reserved."""
    bench = opened_trial()
    for number in ("001", "002", "003", "004"):
        screen(bench, number)
    for number in ("001", "002"):
        bench.ask(enrolment.ReserveSlot(patient=number, level=1))
    return bench
