"""The whole tamper campaign, `make tamper`: every attack of `attacks.py` on a log of 200 events, and a table."""

import sys
import time
from collections import Counter
from functools import cache

from ledger.evidence import verify
from tests.evidence.attacks import CAMPAIGN
from tests.evidence.history import history


def main() -> int:
    """Print a line for each kind of attack, and every attack that was not named; the exit code."""
    verify.read_leaf = cache(verify.read_leaf)  # what a leaf is depends on its bytes alone
    log, missed = history(), 0
    print(f"{'attack':46} {'tries':>7} {'exit 1':>7} {'exit 2':>7} {'named':>7}  seconds")
    for campaign in CAMPAIGN:
        counts: Counter[tuple[str, str]] = Counter()
        began = time.monotonic()
        for attack in campaign(log):
            report = log.verify(attack.files, *attack.held)
            named = attack.answered_by(report)
            counts.update([(attack.kind, "tries"), (attack.kind, f"exit {report.exit}"), (attack.kind, str(named))])
            if not named:
                missed += 1
                print(f"MISSED {attack.kind}: exit {report.exit}, {report.first_bad}")
        for kind in dict.fromkeys(kind for kind, _ in counts):
            row = [counts[kind, column] for column in ("tries", "exit 1", "exit 2", "True")]
            print(f"{kind:46} {row[0]:>7} {row[1]:>7} {row[2]:>7} {row[3]:>7}", flush=True)
        print(f"{'':46} {'':>31}  {time.monotonic() - began:.0f}", flush=True)
    print("every attack was named" if not missed else f"{missed} attacks were not named")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
