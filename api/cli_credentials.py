"""By what accounts prove themselves: passwords, second factors, links to an identity provider, secrets of machines.

A secret is made here and printed once, or read from a file or standard input; never from the command line, which others
can see. A running server follows: it notes each change, ends sessions, and tells the owner at the next log-in.
"""

import secrets
import sys
from collections.abc import Callable
from datetime import timedelta
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from api.auth import Account, Link, link_account, new_token, read_accounts, retire, token_hash
from api.cli_output import REFUSED, AsJson, err, facts, show
from api.identity import people
from api.identity.credentials import Credentials, change_credentials
from api.identity.identity import words_about
from api.identity.machines import MACHINE, SECRET_PREFIX
from api.identity.passwords import Hashing, weakness
from api.settings import Settings
from ledger.application import system_clock

ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is easily mistaken on paper."""

Id = Annotated[str, typer.Argument(help="The account, such as maria.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="FILE", help="Read the password from a file, or - for standard input."),
]


def password(id: Id, file: PasswordFile = None, as_json: AsJson = False) -> None:
    """Set a password for one log-in, in which its owner replaces it; printed once, unless it was read from a file.

    Where no second factor tells the owner from whoever set it, the account signs nothing until a second person vouches.
    """
    account = account_of(id)
    said = {"id": id, **set_password(account, file, new_account=False)}
    show(said, as_json, lambda: facts(said))


def otp(id: Id, as_json: AsJson = False) -> None:
    """Take the second factor away, as when a telephone is lost; its owner enrols another one at the next log-in.

    The account signs nothing until a second person vouches.
    """
    _change(id, as_json, "second factor taken", lambda one: people.second_factor_removed(one, system_clock(), _by()))


def unlock(id: Id, as_json: AsJson = False) -> None:
    """Let somebody log in again whom failures locked out."""
    _change(id, as_json, "unlocked", lambda one: people.unlocked(one, system_clock(), _by()))


def retire_account(id: Id, as_json: AsJson = False) -> None:
    """End an account for ever. It stays on the list, and its id is never given again."""
    ended = retire(Settings().accounts, id, system_clock().date())
    show({"id": id, "retired": ended}, as_json, lambda: facts({"id": id, "retired": ended}))
    if not ended:
        err.print(f"There is no account {id} in force.")
        raise typer.Exit(REFUSED)


def link(
    id: Id,
    issuer: Annotated[str, typer.Argument(help="The identity provider, as its tokens name it.")],
    subject: Annotated[str, typer.Argument(help="Who the person is there: the `sub` of its tokens.")],
    as_json: AsJson = False,
) -> None:
    """Say who somebody is at the identity provider. Nobody is admitted by a token alone."""
    account_of(id)
    try:
        link_account(Settings().accounts, id, Link(issuer=issuer, subject=subject))
    except ValidationError:
        raise typer.BadParameter("issuer and subject are short lines of text") from None
    said = {"id": id, "issuer": issuer, "subject": subject}
    show(said, as_json, lambda: facts(said))


def secret(
    id: Id,
    overlap_days: Annotated[
        int, typer.Option(min=0, max=90, help="How long the secret before is taken too; 0 ends it and its tokens.")
    ] = 7,
    as_json: AsJson = False,
) -> None:
    """Make a secret for an EDC system and print it, once. Only its hash is kept."""
    if account_of(id).role != MACHINE:
        raise typer.BadParameter(f"{id} is no {MACHINE}")
    made, overlap = new_token(SECRET_PREFIX), timedelta(days=overlap_days)
    path, now, by = Settings().credentials, system_clock(), _by()
    change_credentials(path, id, lambda one: people.secret_given(one, token_hash(made), now, by, overlap))
    said = {"id": id, "client_id": id, "client_secret": made, "overlap_days": overlap_days}
    show(said, as_json, lambda: facts(said))


def account_of(id: str) -> Account:
    """The account that logs in under an id, if it is not retired."""
    for each in read_accounts(Settings().accounts):
        if each.id == each.client == id and each.retired_on is None:
            return each
    err.print(f"There is no account {id} in force.")
    raise typer.Exit(REFUSED)


def set_password(account: Account, file: Path | None, new_account: bool) -> dict[str, Any]:
    """Set a password for one log-in; what may be shown of it."""
    settings = Settings()
    chosen = (
        "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4)) if file is None else _read(file)
    )
    weak = weakness(chosen, words_about(account), second_factor=False)
    if weak is not None:
        raise typer.BadParameter(f"the password is {weak}")
    hashed = Hashing(settings.argon2_memory_kib, settings.argon2_passes).hash(chosen)
    now, by = system_clock(), _by()
    change_credentials(
        settings.credentials, account.id, lambda one: people.password_set(one, hashed, now, by, new_account)
    )
    return {"password_for_one_log_in": chosen} if file is None else {"password": "set, for one log-in"}


def _change(id: str, as_json: bool, did: str, change: Callable[[Credentials], Credentials]) -> None:
    account_of(id)
    change_credentials(Settings().credentials, id, change)
    show({"id": id, "done": did}, as_json, lambda: facts({"id": id, "done": did}))


def _read(file: Path) -> str:
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    return text.removesuffix("\n").removesuffix("\r")


def _by() -> str:
    """Who runs the command line, as the machine knows him."""
    return f"{getuser()} at the command line"
