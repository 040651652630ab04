"""`make interop`: a log that is served over HTTP is read and checked by golang.org/x/mod/sumdb, which we did not write.

Nothing is installed: where Go or the package is missing, this says what it needs (Debian: golang-go and
golang-golang-x-mod-dev), and ends with 3.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from api.witness import create_witness
from ledger.evidence.cosigning import Heads, Witness
from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import COSIGNATURE, Policy
from tests.api.place import TRIAL, Place
from tests.api.serving import serving
from tests.api.story import begin

CLIENT = Path(__file__).with_name("client") / "main.go"
GO_PATH = Path(os.environ.get("INTEROP_GOPATH", "/usr/share/gocode"))
PACKAGE = GO_PATH / "src" / "golang.org" / "x" / "mod" / "sumdb"
NEEDS = "golang-go and golang-golang-x-mod-dev (Debian), or INTEROP_GOPATH with golang.org/x/mod in it"
EVENTS = 600
HEADED_EVERY = 100
COULD_NOT_RUN = 3


def grown(place: Place, log_key: str, witness: SigningKey, witness_url: str) -> None:
    """A trial of so many events, some of its heads signed, and the newest cosigned."""
    lines = [f"log {log_key}", f"witness w {witness.verifier.spelled()} {witness_url}", "quorum w"]
    sponsor, inspector = place.by("medical_monitor"), place.by("inspector")
    sponsor.post("/evidence/witness-policies", {"lines": lines, "policy_sha256": "a" * 64})
    position = number = 0
    while position < EVENTS:
        number += 1
        opened = sponsor.post("/sites", {"site": f"SITE-{number}", "utc_offset": "+03:00"})
        position = opened.json()["positions"][-1]
        if number % HEADED_EVERY == 0 or position >= EVENTS:
            inspector.get(f"/evidence/receipts/{position}", wait=5)


def key_of(place: Place) -> str:
    """The key that the log names as its own."""
    found = place.by("inspector").get("/events", type="trial.log-key-enrolled.v1").json()["items"]
    key: str = found[0]["leaf"]["data"]["verifier_key"]
    return key


def main() -> int:
    """Grow a log, serve it, and let the client check it; its exit code."""
    if shutil.which("go") is None or not PACKAGE.is_dir():
        print(f"make interop needs {NEEDS}; it installs nothing by itself", file=sys.stderr)
        return COULD_NOT_RUN
    print(subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout.strip())
    with TemporaryDirectory() as name:
        directory, witness = Path(name), SigningKey.generate("witness.example", COSIGNATURE)
        place = Place(directory / "trials", evidence=True)
        begin(place)
        key = key_of(place)
        watched = Policy.parse(f"log {key}\nquorum none\n".encode())
        watching = Witness(Heads(directory / "witness"), witness, watched)
        with serving(create_witness(watching)) as witness_url, serving(place.app) as url:
            grown(place, key, witness, witness_url)
            command = ["go", "run", str(CLIENT), f"{url}/v1/trials/{TRIAL}/evidence", key, witness.verifier.spelled()]
            environment = {
                **os.environ,
                "GO111MODULE": "off",
                "GOPATH": str(GO_PATH),
                "GOFLAGS": "",
                "TOKEN": place.tokens["inspector"],
            }
            done = subprocess.run(command, env=environment, check=False)
        place.stop()
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
