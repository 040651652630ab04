"""The long form: `python -m tests.reliability --rounds 30 --seed 1`."""

import argparse
import random
import tempfile
from pathlib import Path

from tests.reliability.killing import (
    TRIAL,
    Server,
    Writers,
    a_free_port,
    a_trial,
    retry_unanswered,
    round_of_killing,
    verify,
)
from tests.reliability.signed import bundle_verifies, one_history


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        token = a_trial(directory)
        port, between = a_free_port(), 0
        file = directory / f"{TRIAL}.ledger"
        server, writers = Server(directory, port), Writers(port, token)
        for number in range(1, asked.rounds + 1):
            round_of_killing(server, writers, number, chance)
            found = verify(directory, writers)
            signed = one_history(file, directory / "keys", writers.receipts)
            between += signed.signed_and_not_kept
            print(
                f"round {number:>3}: acknowledged {found.acknowledged:>6}, stored {found.stored:>6}: all there, once;"
                f" {signed.kept:>4} heads and {signed.receipts:>5} receipts of one history",
                flush=True,
            )
        retry_unanswered(server, writers)
        found = verify(directory, writers)
        print(f"retried by key: acknowledged {found.acknowledged}, stored {found.stored}: each once")
        assert not writers.unexpected, writers.unexpected[:5]
        assert bundle_verifies(file, directory / "bundle.zip")
        print(f"the bundle verifies; {between} times a head was signed and the server killed before it was kept")


if __name__ == "__main__":
    main()
