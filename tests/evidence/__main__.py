"""The whole tamper campaign, `make tamper`: every attack of `attacks.py` on a log of 200 events, and a table.

Each try is a bundle that the verifier reads from its first byte to its last; `--jobs` processes share them out.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from ledger.evidence.verify import INCOMPLETE, TAMPERED
from tests.evidence.attacks import CAMPAIGN, Attack
from tests.evidence.history import History, history
from tests.evidence.remembering import remembering

COLUMNS = ("tries", "exit 1", "exit 2", "positions", "named")
MOST_RULES = 4


@dataclass
class Tally:
    """What the verifier said of the tries of one kind."""

    counts: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    def take(self, attack: Attack, log: History) -> str | None:
        """Try an attack; what the verifier said, where it is not what it has to say."""
        report = log.verify(attack.files, *attack.held)
        first, named = report.first_bad, attack.answered_by(report)
        in_place = attack.first is not None and report.exit == attack.exit
        told = {TAMPERED: "exit 1", INCOMPLETE: "exit 2"}.get(report.exit, "another exit")
        self.counts.update(["tries", told, *["named"] * named, *["positions"] * in_place])
        self.rules.update([first.rule if first else "nothing"])
        return None if named else f"MISSED {attack.kind}: exit {report.exit}, {first}"

    def join(self, other: "Tally") -> None:
        self.counts.update(other.counts)
        self.rules.update(other.rules)

    def line(self, kind: str) -> str:
        rules = [f"{rule} {count}" for rule, count in self.rules.most_common(MOST_RULES)]
        more = len(self.rules) - MOST_RULES
        numbers = "".join(f"{self.counts[column]:>10}" for column in COLUMNS)
        return f"{kind:46}{numbers}  {', '.join(rules)}{f', {more} more' if more > 0 else ''}"


Told = tuple[dict[str, Tally], list[str]]


def share(log: History, campaign: int, job: int, jobs: int) -> Told:
    """Every `jobs`-th try of a campaign, from number `job` on."""
    tallies: dict[str, Tally] = {}
    missed: list[str] = []
    with remembering():
        for attack in islice(CAMPAIGN[campaign](log), job, None, jobs):
            wrong = tallies.setdefault(attack.kind, Tally()).take(attack, log)
            missed += [wrong] if wrong else []
    return tallies, missed


def joined(shares: Iterable[Told]) -> Told:
    tallies: dict[str, Tally] = {}
    missed: list[str] = []
    for some, wrong in shares:
        for kind, tally in some.items():
            tallies.setdefault(kind, Tally()).join(tally)
        missed += wrong
    return tallies, missed


def main() -> int:
    """Print a line for each kind of attack, and every attack that was not named; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.evidence", description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; as many as there are cores")
    jobs = parser.parse_args().jobs
    log, began = history(), time.monotonic()
    print(f"{len(log.leaves)} events, {sum(map(len, log.files.values()))} bytes in {len(log.files)} files; {jobs} jobs")
    print(f"{'attack':46}{''.join(f'{column:>10}' for column in COLUMNS)}  rule of the first finding", flush=True)
    tried, wrong = 0, 0
    with ProcessPoolExecutor(jobs) as pool:
        for campaign in range(len(CAMPAIGN)):
            shares = [pool.submit(share, log, campaign, job, jobs) for job in range(jobs)]
            tallies, missed = joined(each.result() for each in shares)
            for kind, tally in tallies.items():
                tried += tally.counts["tries"]
                print(tally.line(kind), flush=True)
            wrong += len(missed)
            print(*missed, sep="\n", end="\n" if missed else "", flush=True)
    print(f"{tried} attacks in {time.monotonic() - began:.0f} s; {f'{wrong} were not named' if wrong else 'all named'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
