"""Who may call: accounts are added, listed and revoked in the file that a running server follows."""

from datetime import date
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.box import SIMPLE_HEAD
from rich.table import Table

from api.auth import add_account, read_accounts, remove_client
from api.cli_output import REFUSED, AsJson, err, facts, show
from api.roles import ROLES
from api.settings import Settings
from ledger.types import Name, Role, parse_day

accounts = typer.Typer(no_args_is_help=True, help="Who may call the server: accounts and their tokens.")


@accounts.command()
def add(
    name: Annotated[str, typer.Argument(help="The person or system that acts, such as maria or edc-ndgoi.")],
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(ROLES)}.")],
    site: Annotated[str | None, typer.Option(help="The site, unless the role is of the whole trial.")] = None,
    trial: Annotated[list[str] | None, typer.Option(help="Only this trial; may be repeated.")] = None,
    client: Annotated[str | None, typer.Option(help="A name for this token, where a person has several.")] = None,
    expires_on: Annotated[str | None, typer.Option(metavar="DAY", help="The last day, YYYY-MM-DD.")] = None,
    printed_name: Annotated[str | None, typer.Option(help="As it stands with a signature.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an account and print its token, once. Only its hash is kept: a lost token is revoked and made anew."""
    path, name_of_token = Settings().accounts, client or name
    if any(account.client == name_of_token for account in read_accounts(path)):
        raise typer.BadParameter(f"{name_of_token} has a token already: revoke it first, or give --client another name")
    try:
        token = add_account(
            path,
            id=TypeAdapter(Name).validate_python(name),
            role=TypeAdapter[Role](Role).validate_python(role),
            site=site,
            trials=tuple(trial) if trial else None,
            client=client,
            expires_on=_day(expires_on),
            printed_name=printed_name,
        )
    except ValidationError as faults:
        raise typer.BadParameter("; ".join(str(fault["msg"]) for fault in faults.errors())) from None
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
    removed = remove_client(Settings().accounts, client)
    show({"client": client, "revoked": removed}, as_json, lambda: facts({"client": client, "revoked": removed}))
    if not removed:
        err.print(f"There is no account {client}.")
        raise typer.Exit(REFUSED)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else parse_day(text)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("client", "id", "role", "site", "trials", "until"):
        table.add_column(name)
    for each in found:
        trials = ", ".join(each["trials"]) if each["trials"] else "all"
        table.add_row(each["client"], each["id"], each["role"], each["site"] or "", trials, each["expires_on"] or "")
    return table
