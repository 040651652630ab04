"""The keys of the free texts: what is here, the outer key replaced; and a ledger of an earlier format made new."""

import secrets
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli_output import AsJson, facts, show
from api.cli_places import File, TrialName, ledger_file, reading
from api.settings import Settings
from ledger.decisions.privacy import subject_of_event
from ledger.keyring import OUTER, Keyring, read_outer_key, write_outer_key
from ledger.record import TRIAL, Record, patient_stream
from ledger.store.rows import KeptText
from ledger.store.sqlite import SqliteStore
from ledger.store.texts import SealedText
from ledger.store.upgrade import IN_CLEAR
from ledger.store.upgrade import upgrade as make_anew
from ledger.store.vault import NONCE_BYTES, locked
from ledger.texts import Texts
from projections.base import patient_of

vault: Final = typer.Typer(no_args_is_help=True, help="The keys that free texts are kept under.")


@vault.command("status")
def status(trial: TrialName = None, file: File = None, as_json: AsJson = False) -> None:
    """How many free texts a ledger keeps, how many can be read here, and how many were erased or redacted."""
    with reading(trial, file) as store:
        said = Texts(store, Settings().keyring(file)).counted()
    show(said, as_json, lambda: facts(said))


@vault.command("rotate")
def rotate(
    to: Annotated[
        Path | None,
        typer.Option(help="A new file for the new outer key, where the settings say where the outer key is."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replace the outer key, with the server stopped: it wraps every subject's key anew. No text is touched.

    Interrupted, it goes on where it was when it is run again.
    """
    settings = Settings()
    keyring, elsewhere = settings.keyring(), settings.vault_key is not None or settings.vault_key_file is not None
    if elsewhere and to is None:
        raise typer.BadParameter("say with --to where the new key is to stand; then let the settings name it")
    new_path = to or settings.keys_place / f"{OUTER}.new"
    with keyring.in_use(alone=True):
        new = read_outer_key(new_path) if new_path.exists() else write_outer_key(new_path)
        count = keyring.wrap_anew(new)
        if not elsewhere and to is None:
            new_path.replace(settings.keys_place / OUTER)
    said = {"outer_key": new.id, "wrapped_anew": count, "file": str(to or settings.keys_place / OUTER)}
    show(said, as_json, lambda: facts(said))


def upgrade(trial: TrialName = None, file: File = None, as_json: AsJson = False) -> None:
    """Make a ledger of the present format of one of format 1, with the server stopped: its free texts are encrypted.

    The old file, in which they stand in clear, is kept beside it under another name; destroy it once you have compared.
    Interrupted, it leaves the old ledger or the new one, and is run again.
    """
    path = ledger_file(trial, file)
    keyring = Settings().keyring(path if file is not None else None)
    kept = path.with_name(f"{path.name}.format-{IN_CLEAR}")
    count = make_anew(path, kept, _Locking(keyring))
    with SqliteStore.open(path, read_only=True) as store:
        said = {
            "file": str(path),
            "events": store.size,
            "root": store.root.hex(),
            "texts": count,
            "old_file": str(kept),
        }
    show(said, as_json, lambda: facts(said))


class _Locking:
    """Keeps the texts of an old ledger under the keys of whom the first event that commits to them is about."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def __call__(self, text: SealedText, record: Record) -> KeptText:
        patient = patient_of(record)
        subject = subject_of_event(record.event) or (TRIAL if patient is None else patient_stream(patient))
        key = self._keyring.current(record.origin, subject)
        return locked(text, key, record.origin, record.position, secrets.token_bytes(NONCE_BYTES))
