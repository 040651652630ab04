"""Who may call: accounts are added, listed and revoked in the file that a running server follows."""

from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.box import SIMPLE_HEAD
from rich.table import Table

from api.account_changes import announce
from api.auth import Account, add_account, read_accounts, remove_client
from api.cli_output import REFUSED, AsJson, err, facts, show
from api.cli_places import day_of
from api.roles import ROLES
from api.settings import Settings

accounts = typer.Typer(no_args_is_help=True, help="Who may call the server: accounts and their tokens.")


@accounts.command()
def add(
    name: Annotated[str, typer.Argument(help="The person or system that acts, such as maria or edc-ndgoi.")],
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(ROLES)}.")],
    site: Annotated[str | None, typer.Option(help="The site, unless the role is of the whole trial.")] = None,
    trial: Annotated[list[str] | None, typer.Option(help="Only this trial; may be repeated.")] = None,
    client: Annotated[str | None, typer.Option(help="A name for this token, where a person has several.")] = None,
    expires_on: Annotated[str | None, typer.Option(metavar="DAY", help="The last day, YYYY-MM-DD.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an account and print its token, once. Only its hash is kept: a lost token is revoked and made anew."""
    path, name_of_token = Settings().accounts, client or name
    if any(account.client == name_of_token for account in read_accounts(path)):
        raise typer.BadParameter(f"{name_of_token} has a token already: revoke it first, or give --client another name")
    asked: dict[str, Any] = {"id": name, "role": role, "site": site, "client": name_of_token}
    asked |= {"trials": tuple(trial) if trial else None, "expires_on": day_of(expires_on)}
    try:
        Account.model_validate({**asked, "token_sha256": "0" * 64})
    except ValidationError as faults:
        raise typer.BadParameter("; ".join(str(fault["msg"]) for fault in faults.errors())) from None
    at = "" if site is None else f" at {site}"
    announce(Settings(), name_of_token, f"added for {name} as {role}{at}")
    token = add_account(path, **asked)
    said = {"id": name, "client": name_of_token, "role": role, "site": site, "token": token}
    show(said, as_json, lambda: facts(said))


@accounts.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """Every account, without its token: nobody can read that anywhere."""
    found: list[dict[str, Any]] = [
        account.model_dump(mode="json", exclude={"token_sha256"}) for account in read_accounts(Settings().accounts)
    ]
    show({"accounts": found}, as_json, lambda: _table(found))


@accounts.command()
def revoke(
    client: Annotated[str, typer.Argument(help="The account's name, or the name that was given with --client.")],
    as_json: AsJson = False,
) -> None:
    """Take an account out: its next request is refused."""
    path = Settings().accounts
    if any(account.client == client for account in read_accounts(path)):
        announce(Settings(), client, "revoked")
    removed = remove_client(path, client)
    show({"client": client, "revoked": removed}, as_json, lambda: facts({"client": client, "revoked": removed}))
    if not removed:
        err.print(f"There is no account {client}.")
        raise typer.Exit(REFUSED)


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("client", "id", "role", "site", "trials", "until"):
        table.add_column(name)
    for each in found:
        trials = ", ".join(each["trials"]) if each["trials"] else "all"
        table.add_row(each["client"], each["id"], each["role"], each["site"] or "", trials, each["expires_on"] or "")
    return table
