"""Many trials from many seeds: `python -m tests.simulation --seeds 1000 --from 0`. What is found is shown whole."""

import argparse
import os
import sys
import time
from collections import Counter
from multiprocessing import Pool

from ledger import refusals
from ledger.catalogue import EVENTS
from ledger.errors import LedgerError
from tests.simulation.simulator import Outcome, simulate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many trials")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    parser.add_argument("--keep-going", action="store_true", help="do not end with the first that finds something")
    given = parser.parse_args()
    outcomes: list[Outcome] = []
    began, failed = time.perf_counter(), 0
    with Pool(given.jobs) as pool:
        for outcome in pool.imap_unordered(simulate, range(given.first, given.first + given.seeds), chunksize=4):
            outcomes.append(outcome)
            if outcome.found is not None:
                failed += 1
                print(f"\n{outcome.found}", flush=True)
                if not given.keep_going:
                    pool.terminate()
                    break
            progress(outcomes, given.seeds, began)
    report(outcomes, time.perf_counter() - began)
    return 1 if failed else 0


def progress(outcomes: list[Outcome], seeds: int, began: float) -> None:
    if len(outcomes) % 20 == 0 and sys.stderr.isatty():
        seconds = time.perf_counter() - began
        print(f"\r{len(outcomes)} of {seeds} trials, {seconds:.0f} s", end="", file=sys.stderr, flush=True)


def report(outcomes: list[Outcome], seconds: float) -> None:
    """What occurred, how often, and what never did."""
    events: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    deviations: Counter[str] = Counter()
    for outcome in outcomes:
        events += outcome.events
        refused += outcome.refused
        deviations += outcome.deviations
    commands, records = sum(o.commands for o in outcomes), sum(o.records for o in outcomes)
    print(f"\n{len(outcomes)} trials, {commands} commands, {records} events, {seconds:.0f} s")
    table("ends", Counter(f"{outcome.kind}: {outcome.end}" for outcome in outcomes))
    table("events", events)
    table("refusals", refused)
    table("deviations", deviations)
    print(f"\nevents that never occurred: {', '.join(sorted(set(EVENTS) - set(events))) or 'none'}")
    print(f"refusals that never occurred: {', '.join(sorted(_leaves() - set(refused) - set(deviations))) or 'none'}")
    print(f"found: {sorted(outcome.seed for outcome in outcomes if outcome.found)}")


def table(title: str, counts: Counter[str]) -> None:
    print(f"\n{title}")
    for name, count in counts.most_common():
        print(f"{count:>9}  {name}")


def _leaves() -> set[str]:
    """Every refusal of `ledger/refusals.py` by name."""
    named = vars(refusals).values()
    return {
        each.__name__
        for each in named
        if isinstance(each, type) and issubclass(each, LedgerError) and each.__module__ == refusals.__name__
    }


if __name__ == "__main__":
    sys.exit(main())
