"""Reading over HTTP against the same server's empty GET: the board, a patient, and a patient whom the caller has."""

import tempfile
from pathlib import Path

from benchmarks._common import Row, beside, keep, paired
from benchmarks.http import TRIAL, Server

REQUESTS = 256
BOARD = f"/v1/trials/{TRIAL}/escalation"
PATIENT = f"/v1/trials/{TRIAL}/patients/001"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        server = Server(Path(name))
        rows: list[Row] = []
        try:
            for what, path, etag in (
                ("the board of 500 patients", BOARD, ""),
                ("a patient", PATIENT, ""),
                ("a patient, unchanged (304)", PATIENT, server.etag(PATIENT)),
            ):
                one, other = paired(
                    lambda path=path, etag=etag: server.reads(path, REQUESTS, etag)["per_second"],  # type: ignore[misc]
                    lambda: server.reads("/empty", REQUESTS)["per_second"],
                    rounds=3,
                )
                rows.append(beside(f"GETs/s of {what}: the empty GET", one, other, "/s"))
        finally:
            server.stop()
    keep("reads", rows)


if __name__ == "__main__":
    main()
