"""`python -m tests.golden.write` adds the golden bytes of events that have none yet, and overwrites nothing."""

from pathlib import Path
from typing import Final

from ledger.store.codec import encode
from tests.golden.samples import SAMPLES

GOLDEN: Final = Path(__file__).parent


def path_of(name: str) -> Path:
    return GOLDEN / f"{name}.json"


def main() -> None:
    for name, record in SAMPLES.items():
        if not path_of(name).exists():
            path_of(name).write_bytes(encode(record))
            print("added", path_of(name).name)


if __name__ == "__main__":
    main()
