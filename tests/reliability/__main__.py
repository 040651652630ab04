"""The long form: `python -m tests.reliability --rounds 30 --seed 1`."""

import argparse
import random
import tempfile
from pathlib import Path

from tests.reliability.killing import Server, Writers, a_free_port, a_trial, retry_unanswered, round_of_killing, verify


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        token = a_trial(directory)
        port = a_free_port()
        server, writers = Server(directory, port), Writers(port, token)
        for number in range(1, asked.rounds + 1):
            round_of_killing(server, writers, number, chance)
            found = verify(directory, writers)
            print(
                f"round {number:>3}: acknowledged {found.acknowledged:>6}, stored {found.stored:>6}: all there, once",
                flush=True,
            )
        retry_unanswered(server, writers)
        found = verify(directory, writers)
        print(f"retried by key: acknowledged {found.acknowledged}, stored {found.stored}: each once")
        assert not writers.unexpected, writers.unexpected[:5]


if __name__ == "__main__":
    main()
