"""Losing the primary of the database under load: what was acknowledged and is lost, and for how long nothing is
acknowledged; with a standby that commits wait for (`remote_apply`), and with an asynchronous one, which has to lose.

Two servers, the real program before them and eight callers; the standby is 100 ms away. FAILOVERS=9 makes more of them.
"""

import os
import statistics
import tempfile
from pathlib import Path
from random import Random

from api.chaos.failover import DELAY_SECONDS, Failover, failovers
from benchmarks._common import Row, keep

FAILOVERS = int(os.environ.get("FAILOVERS", "5"))
ASYNCHRONOUS = 3
UNDER_LOAD_SECONDS = (2.0, 4.0)
"""Before each kill, at random."""


def waited_for() -> list[Failover]:
    """One after another under one server."""
    with tempfile.TemporaryDirectory() as directory:
        return failovers(Path(directory), [True] * FAILOVERS, Random(1), UNDER_LOAD_SECONDS)


def not_waited_for(number: int) -> Failover:
    """One, after which the trial has lost something and its server has stopped."""
    with tempfile.TemporaryDirectory() as directory:
        (only,) = failovers(Path(directory), [False], Random(number), UNDER_LOAD_SECONDS)
        return only


def line(number: int, how: str, one: Failover, acknowledged: int) -> str:
    outage = "the server stops" if one.outage_seconds is None else f"{one.outage_seconds:.2f} s"
    return f"{number:>3}  {how:<14}{acknowledged:>14,}{one.judgement.lost:>8,}  {outage:>16}"


def main() -> None:
    print(f"run  replication     acknowledged    lost            outage   ({DELAY_SECONDS * 1000:.0f} ms apart)")
    sync, known = waited_for(), 0
    for number, one in enumerate(sync, 1):
        print(line(number, "remote_apply", one, one.judgement.acknowledged - known))
        known = one.judgement.acknowledged
    control = [not_waited_for(number) for number in range(ASYNCHRONOUS)]
    for number, one in enumerate(control, 1):
        print(line(number, "asynchronous", one, one.judgement.acknowledged))
    lost, others = sync[-1].judgement.lost, sum(one.judgement.lost for one in control)
    of_others = sum(one.judgement.acknowledged for one in control)
    outages = [one.outage_seconds for one in sync if one.outage_seconds is not None]
    keep(
        "failover",
        [
            Row(
                f"acknowledged and lost in {FAILOVERS} failovers, remote_apply: asynchronous, in {ASYNCHRONOUS}",
                f"{lost:,} of {known:,}",
                f"{others:,} of {of_others:,}",
                round(lost / others, 2) if others else 0.0,
                "0 lost",
                lost == 0 < others and len(outages) == FAILOVERS,
            ),
            Row(
                "from the kill to the next acknowledgement: median, longest",
                f"{statistics.median(outages):.2f} s",
                f"{max(outages):.2f} s",
                round(statistics.median(outages) / max(outages), 2),
                "",
                kept=True,
            ),
        ],
    )


if __name__ == "__main__":
    main()
