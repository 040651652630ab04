"""Encrypting free texts: commands with a text and a reason, against the same commands without any.

Both sides decide, append and acknowledge durably through the whole ledger; one side has two encryptions and two rows
a command more. Beside it, one encryption alone.
"""

import asyncio
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks._common import Row, at_most, keep, paired, ready_trial, seconds, submission, write_trial
from ledger.application import TrialLedger
from ledger.store.texts import seal
from ledger.store.vault import SubjectKey, locked, unlocked
from ledger.submission import Submission

CALLERS = 64
COMMANDS = 2048
TEXT = "The mother called at 14:00; the fever had begun in the night, and she had given paracetamol. " * 3


def with_texts(asked: Submission) -> Submission:
    narrative, reason = TrialLedger.seal(TEXT), TrialLedger.seal(TEXT)
    command = asked.command.model_copy(update={"narrative": narrative.commitment})
    return replace(
        asked, command=command, asked=replace(asked.asked, reason=reason.commitment), texts=(narrative, reason)
    )


def commands(directory: Path, *, texts: bool) -> float:
    """Microseconds a command, 64 callers."""
    ledger = write_trial(ready_trial(), directory / f"{os.urandom(4).hex()}.ledger")
    for number in range(COMMANDS, COMMANDS + 500):
        if texts:
            ledger.submit(with_texts(submission(number)))

    async def caller(first: int) -> None:
        for number in range(first, COMMANDS, CALLERS):
            asked = submission(number)
            await ledger.submit_async(with_texts(asked) if texts else asked)

    async def all_callers() -> None:
        await asyncio.gather(*(caller(first) for first in range(CALLERS)))

    took = seconds(lambda: asyncio.run(all_callers()))
    ledger.close()
    return took / COMMANDS * 1e6


def encryption() -> tuple[float, float]:
    """Microseconds to encrypt a text, and to open it and compare it with its commitment."""
    key, text = SubjectKey("patient/001", "0" * 16, bytes(32)), seal(bytes(32), TEXT)
    kept = locked(text, key, "bench.example/trial", 1, bytes(12))
    rounds = range(20_000)
    locking = seconds(lambda: [locked(text, key, "bench.example/trial", 1, bytes(12)) for _ in rounds])
    opening = seconds(lambda: [unlocked(kept, key, "bench.example/trial") for _ in rounds])
    return locking / len(rounds) * 1e6, opening / len(rounds) * 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        one, other = paired(lambda: commands(directory, texts=True), lambda: commands(directory, texts=False), rounds=3)
        locking, _ = encryption()
        rows: list[Row] = [
            at_most("a command with two free texts, encrypted: without any", one, other, 2, "us"),
            at_most("encrypting a text of 280 bytes: the command that brings it", locking, one, 0.1, "us"),
        ]
    keep("vault", rows)


if __name__ == "__main__":
    main()
