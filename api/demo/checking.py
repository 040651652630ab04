"""Chapter 9: a witness elsewhere cosigns, a bundle is exported, one file verifies it in a process of its own; and an
event altered by whoever owns the database is named."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from api.demo.afterwards import Differs, trial_ledger, turn_ruling
from api.demo.people import INSPECTOR, MONITOR_OF_SAFETY
from api.demo.server import HOST, PATIENCE_SECONDS, NoServer, command, free_port, own_environment
from api.demo.stage import Stage
from ledger.evidence import verify
from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import COSIGNATURE

WITNESS: Final = "witness.example"
PROGRAM: Final = "verify.py"


def check(stage: Stage, file: Path) -> None:
    """Everything that somebody outside needs, and what it says of a falsified copy."""
    with tempfile.TemporaryDirectory(prefix="trial-ledger-outside-") as outside:
        _check(stage, file, Path(outside))


def _check(stage: Stage, file: Path, place: Path) -> None:
    screen = stage.screen
    screen.chapter(9, "Anyone can check it, without us")
    key = _enrolled_key(stage)
    with _witness(place, key) as line:
        _watched_by(stage, [f"log {key}", line, "quorum witness"])
    policy, bundle = place / "policy", place / "log.zip"
    policy.write_text(f"log {key}\n{line.rpartition(' ')[0]}\nquorum witness\n", encoding="utf-8")
    _done(trial_ledger("export", "bundle", bundle, "--file", file))
    shutil.copy(verify.__file__, place / PROGRAM)
    screen.say(f"A witness on another server cosigned the log's head. {PROGRAM}, copied alone to an empty directory:")
    verified = _verify(place, bundle, policy)
    if verified.returncode:
        raise Differs(f"the bundle does not verify: {verified.stdout}")
    screen.say(verified.stdout.splitlines()[0], style="green")
    _falsified(stage, file, place, policy)


def _enrolled_key(stage: Stage) -> str:
    """The log's public key, as the log itself names it."""
    found = stage.by(INSPECTOR).get("events", type="trial.log-key-enrolled.v1").body["items"]
    key: str = found[0]["leaf"]["data"]["verifier_key"]
    return key


@contextmanager
def _witness(place: Path, log_key: str) -> Iterator[str]:
    """A witness in a process of its own, until the block ends: its line for a policy."""
    key, port = SigningKey.generate(WITNESS, COSIGNATURE), free_port()
    key.write(place / "witness.key")
    (place / "logs").write_text(f"log {log_key}\nquorum none\n", encoding="utf-8")
    options = ["--key", "witness.key", "--logs", "logs", "--heads", "heads", "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603 - our own program, with arguments of our own
        command("witness", "serve", *options), cwd=place, env=own_environment(), stderr=subprocess.DEVNULL
    )
    try:
        _await_heads(place / "heads", process)
        yield f"witness witness {key.verifier.spelled()} http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)


def _await_heads(heads: Path, process: "subprocess.Popen[bytes]") -> None:
    """Until the witness has its table; its port is asked by the ledger, again with every round."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not heads.exists():
        if time.monotonic() > until or process.poll() is not None:
            raise NoServer("the witness did not come up")
        time.sleep(0.05)


def _watched_by(stage: Stage, lines: list[str]) -> None:
    """The sponsor names the witness; receipts are asked for until its quorum is on record."""
    digest = sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    set_at = stage.by(MONITOR_OF_SAFETY).post("evidence/witness-policies", {"lines": lines, "policy_sha256": digest})
    until = time.monotonic() + PATIENCE_SECONDS
    inspector, position = stage.by(INSPECTOR), set_at.positions[0]
    while not inspector.get("events", type="trial.evidence-quorum-reached.v1").body["items"]:
        if time.monotonic() > until:
            raise NoServer("the witness does not answer")
        inspector.head_of(position)


def _falsified(stage: Stage, file: Path, place: Path, policy: Path) -> None:
    """The same falsification as before, exported as if nothing had happened."""
    copy, bundle = place / "falsified.ledger", place / "falsified.zip"
    _done(trial_ledger("backup", copy, "--file", file))
    position = turn_ruling(copy)
    _done(trial_ledger("export", "bundle", bundle, "--file", copy))
    found = _verify(place, bundle, policy, "--json")
    first = json.loads(found.stdout)["first_bad"]
    last = first["through"] or first["position"]
    if found.returncode != verify.TAMPERED or not first["position"] <= position <= last:
        raise Differs(f"the falsified bundle passed: {found.stdout}")
    stage.screen.say()
    stage.screen.say(f"The database's owner turns event {position} and exports the log. Exit code {found.returncode}:")
    stage.screen.say(f"tampered, in events {first['position']} to {last}: {first['detail']}", style="bold red")


def _verify(place: Path, bundle: Path, policy: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """The verifier alone: isolated from our code, beside nothing but the bundle and the policy."""
    asked = [sys.executable, "-I", PROGRAM, "bundle", bundle.name, "--policy", policy.name, *options]
    return subprocess.run(asked, cwd=place, capture_output=True, text=True, check=False)  # noqa: S603 - our own program


def _done(done: "subprocess.CompletedProcess[str]") -> None:
    if done.returncode:
        raise Differs(done.stderr.strip() or done.stdout.strip())
