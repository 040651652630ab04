"""What others check a log with: bundles are exported and verified; keys and policies for it; attacks on copies, to see
what the verifier says."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from api.account_changes import operator
from api.audit_package import write_audit_package
from api.cli_ledger import counted
from api.cli_output import COULD_NOT_RUN, REFUSED, AsJson, facts, progress, show
from api.cli_places import File, TrialName, ledger_file, named, reading
from api.settings import Settings
from api.trials import trials_of
from ledger.application import TrialLedger
from ledger.decisions.evidence import RecordRecovery
from ledger.evidence import verify as verifier
from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import COSIGNATURE, ED25519, Bad, Policy, Trust
from ledger.history import folded
from ledger.installation_log import FILE
from ledger.keyroom import KeyRoom
from ledger.record import INSTALLATION, Asked
from ledger.store.bundle import write_bundle
from ledger.store.errors import NothingSigned
from ledger.store.leaf_schema import leaf_schemas
from ledger.store.reading import Reading
from ledger.store.sqlite import SqliteStore
from ledger.submission import Submission
from ledger.texts import Texts
from ledger.trial.evidence import LogKeyEnrolled, WitnessPolicySet

export: Final = typer.Typer(no_args_is_help=True, help="Copies of a log that others can check.")
keys: Final = typer.Typer(no_args_is_help=True, help="Keys that sign heads.")

ANYTHING: Final = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


class Kind(StrEnum):
    """What a key signs."""

    log = "log"
    witness = "witness"


def verify(context: typer.Context) -> None:
    """Verify a bundle, a receipt, or two heads: the same program as the single file verify.py, with its exit codes."""
    sys.exit(verifier.main(context.args))


@export.command("bundle")
def export_bundle(
    to: Annotated[Path, typer.Argument(help="A zip that does not exist yet.")],
    trial: TrialName = None,
    file: File = None,
    texts: Annotated[bool, typer.Option(help="Put the free texts in, with the salts that open them.")] = True,
    as_json: AsJson = False,
) -> None:
    """Everything that somebody needs to check the log offline, up to its newest signed head. The same bytes every
    time."""
    with reading(trial, file) as store:
        head = store.signed_head()
        if head is None:
            raise NothingSigned("no head of this log is signed yet")
        opened = Texts(store, Settings().keyring(file)).openings(head.size) if texts else b""
        write_bundle(store, to, {**dict(leaf_schemas()), **({"openings.jsonl": opened} if texts else {})})
        said = {"file": str(to), "events": head.size, "not_in_it_yet": store.size - head.size}
        said |= _not_readable(store, head.size, opened) if texts else {}
    show(said, as_json, lambda: facts(said))


def _not_readable(store: Reading, size: int, opened: bytes) -> dict[str, int]:
    """How many texts are kept and cannot be read here; nothing where that is none."""
    count = len(store.texts_until(size)) - opened.count(b"\n")
    return {"texts_not_readable_here": count} if count else {}


@export.command("audit")
def export_audit(
    to: Annotated[Path, typer.Option("--to", help="A zip that does not exist yet.")],
    trial: TrialName = None,
    file: File = None,
    texts: Annotated[bool, typer.Option(help="Open the free texts.")] = True,
    as_json: AsJson = False,
) -> None:
    """The audit package of an inspector: the bundle, and beside it the audit trail, the events as text and the read
    models at the newest signed head, with a README that says how to verify without us."""
    with reading(trial, file) as store:
        head = store.signed_head()
        if head is None:
            raise NothingSigned("no head of this log is signed yet")
        with progress("folding") as told:
            world = folded(store, counted(store.records(0, head.size), head.size, told), head.size)
        opened = Texts(store, Settings().keyring(file))
        write_audit_package(store, head, world, to, texts=opened if texts else None)
        said = {"file": str(to), "events": head.size, "not_in_it_yet": store.size - head.size}
        said |= _not_readable(store, head.size, opened.openings(head.size)) if texts else {}
    show(said, as_json, lambda: facts(said))


@export.command("policy")
def export_policy(trial: TrialName = None, file: File = None) -> None:
    """The policy that a log names: its key, its witnesses, its quorum (a tlog-policy file). Compare it with what you
    were told by another way before you believe it."""
    with reading(trial, file) as store:
        sys.stdout.write(policy_of(store).decode())


def policy_of(reading: Reading) -> bytes:
    """The policy that a log names last; of one without witnesses, its key and no quorum."""
    policies = reading.page(-1, 1_000, type=WitnessPolicySet.NAME)
    if policies and isinstance(event := policies[-1].event, WitnessPolicySet):
        return "".join(f"{line}\n" for line in event.lines).encode()
    enrolled = reading.page(-1, 1_000, type=LogKeyEnrolled.NAME)
    lines = [f"log {event.verifier_key}\n" for each in enrolled if isinstance(event := each.event, LogKeyEnrolled)]
    if not lines:
        raise NothingSigned("the log has no key")
    return "".join([*lines, "quorum none\n"]).encode()


@keys.command("new")
def new_key(
    name: Annotated[str, typer.Argument(help="The log's origin, or a name of the witness such as its address.")],
    to: Annotated[Path, typer.Argument(help="A file that does not exist yet; only its owner can read it.")],
    kind: Annotated[Kind, typer.Option(help="What it signs.")] = Kind.witness,
    as_json: AsJson = False,
) -> None:
    """Make a key, and print its public part, which others put into their policies."""
    try:
        key = SigningKey.generate(name, ED25519 if kind is Kind.log else COSIGNATURE)
    except Bad as bad:
        raise typer.BadParameter(str(bad)) from None
    key.write(to)
    said = {"file": str(to), "verifier_key": key.verifier.spelled()}
    show(said, as_json, lambda: facts(said))


@keys.command("rotate")
def rotate_key(trial: TrialName = None, as_json: AsJson = False) -> None:
    """Replace the key of a log, with the server stopped: the key in use signs the new one into the log, and is kept."""
    with _opened(trial) as (name, ledger, room):
        if room.key(name) is None:
            raise typer.BadParameter(f"the key of {name} is not here")
        said = {"trial": name, "verifier_key": room.rotate(name, ledger).verifier.spelled()}
    show(said, as_json, lambda: facts(said))


def recover(
    trial: TrialName = None,
    because: Annotated[
        str | None, typer.Option(help="Of the installation's own log: why it was restored, which puts that on record.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a restored log be signed again, with the server stopped, once its recovery is on record in the log. It tells
    what was signed last and what was found: the record of the recovery has to name both."""
    with _opened(trial) as (name, ledger, room):
        notary = room.notary(name, ledger)
        signed, found = notary.last_signed() if notary is not None else None, ledger.store.head()
        if because is not None and signed is not None and notary and not notary.compare_with_what_was_signed():
            _record_recovery(ledger, signed, because)
        goes_on = notary is not None and (notary.compare_with_what_was_signed() or notary.recover())
    said = {
        "trial": name,
        "signed_size": signed[0] if signed else None,
        "signed_root": signed[1].hex() if signed else None,
        "found_size": found.size,
        "found_root": found.root.hex(),
        "goes_on": goes_on,
    }
    show(said, as_json, lambda: facts(said))
    if not goes_on:
        raise typer.Exit(REFUSED)


def _record_recovery(ledger: TrialLedger, signed: tuple[int, bytes], because: str) -> None:
    """By whoever is logged in at the operating system: nobody signs for an installation."""
    head, said = ledger.store.head(), TrialLedger.seal(because)
    if ledger.world.installation.opened is None:
        raise typer.BadParameter("the recovery of a trial's log is signed there: POST .../evidence/recoveries")
    command = RecordRecovery(
        signed_size=signed[0],
        signed_root=signed[1].hex(),
        found_size=head.size,
        found_root=head.root.hex(),
        found_on=ledger.clock().date(),
        circumstances=said.commitment,
    )
    ledger.submit(Submission(command, Asked(operator(), secrets.token_hex(16)), texts=(said,)))


@contextmanager
def _opened(trial: str | None) -> Iterator[tuple[str, TrialLedger, KeyRoom]]:
    """A trial that the settings have, opened for writing, with the room of its key."""
    settings = Settings()
    if settings.keys is None:
        raise typer.BadParameter("the settings say that no head is signed here (LEDGER_EVIDENCE)")
    if trial == INSTALLATION:
        with closing(TrialLedger.open(settings.directory / FILE, keyring=settings.keyring())) as ledger:
            yield trial, ledger, KeyRoom(settings.keys)
        return
    with closing(trials_of(settings)) as trials:
        name = named(trial, trials.names())
        with closing(TrialLedger(trials.open(name), keyring=settings.keyring())) as ledger:
            yield name, ledger, KeyRoom(settings.keys)


def attack(
    trial: TrialName = None,
    file: File = None,
    policy: Annotated[Path | None, typer.Option(help="Whose keys are believed, if not what the log names.")] = None,
    as_json: AsJson = False,
) -> None:
    """Do to copies of a ledger what somebody with every right to its file could do, and show what the verifier says."""
    from api.attacks import attempts

    path = ledger_file(trial, file)
    with SqliteStore.open(path, read_only=True) as store:
        head = store.signed_head()
        if head is None:
            raise NothingSigned("no head of this log is signed yet")
        held, believed = store.cosigned_note(head), policy.read_bytes() if policy else policy_of(store)
    found = list(attempts(path, Trust(Policy.parse(believed), held=(held,))))
    rows = [
        {"attack": each.what, "position": each.position, "exit": each.report.exit, "found": each.found}
        for each in found
    ]
    show({"attacks": rows}, as_json, lambda: _table(rows))
    if any(each.report.exit != verifier.TAMPERED for each in found):
        raise typer.Exit(COULD_NOT_RUN if not found else REFUSED)


def _table(rows: list[dict[str, object]]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("attack", "event", "exit", "the verifier"):
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(row[name]) for name in ("attack", "position", "exit", "found")))
    return table
