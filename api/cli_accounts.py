"""Who may call: accounts are added, listed and revoked in the file that a running server follows."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.box import SIMPLE_HEAD
from rich.table import Table

from api.account_changes import announce
from api.auth import Account, give_token, read_accounts, remove_client, save_account
from api.cli_credentials import PasswordFile, link, otp, password, retire_account, secret, set_password, unlock
from api.cli_output import REFUSED, AsJson, err, facts, show
from api.cli_places import day_of
from api.identity.credentials import Credentials, read_credentials
from api.roles import ROLES
from api.settings import Settings

accounts = typer.Typer(
    no_args_is_help=True, help="Who may call the server: accounts, and by what they prove themselves."
)

for command in (password, otp, unlock, link, secret):
    accounts.command()(command)
accounts.command("retire")(retire_account)


@accounts.command()
def add(
    name: Annotated[str, typer.Argument(help="The person or system that acts, such as maria or edc-ndgoi.")],
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(ROLES)}.")],
    site: Annotated[str | None, typer.Option(help="The site, unless the role is of the whole trial.")] = None,
    trial: Annotated[list[str] | None, typer.Option(help="Only this trial; may be repeated.")] = None,
    client: Annotated[str | None, typer.Option(help="A name for this token, where a person has several.")] = None,
    expires_on: Annotated[str | None, typer.Option(metavar="DAY", help="The last day, YYYY-MM-DD.")] = None,
    printed_name: Annotated[str | None, typer.Option(help="As it stands with a signature.")] = None,
    with_password: Annotated[
        bool, typer.Option("--password", help="A password for the first log-in, and no token.")
    ] = False,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Make an account and print its token, once. Only its hash is kept: a lost token is revoked and made anew.

    With --password the account has no token; a person logs in with the password that is printed, and replaces it.
    """
    path, name_of_token = Settings().accounts, client or name
    known = list(read_accounts(path))
    if any(account.client == name_of_token and account.token_sha256 is not None for account in known):
        raise typer.BadParameter(f"{name_of_token} has a token already: revoke it first, or give --client another name")
    given = {"role": role, "site": site, "trials": trial or None, "expires_on": day_of(expires_on)}
    try:
        account = Account.model_validate({"id": name, "client": name_of_token, "printed_name": printed_name, **given})
    except ValidationError as faults:
        raise typer.BadParameter("; ".join(str(fault["msg"]) for fault in faults.errors())) from None
    at = "" if site is None else f" at {site}"
    announce(Settings(), name_of_token, f"added for {name} as {role}{at}")
    said: dict[str, Any] = {"id": name, "client": name_of_token, "role": role, "site": site}
    if with_password or password_file is not None:
        said |= _person(path, account, password_file, is_new=all(each.id != name for each in known))
    else:
        said |= {"token": give_token(path, account)}
    show(said, as_json, lambda: facts(said))


def _person(path: Path, account: Account, file: Path | None, is_new: bool) -> dict[str, Any]:
    if account.client != account.id:
        raise typer.BadParameter("who logs in does so by the id, without --client")
    save_account(path, account)
    return set_password(account, file, new_account=is_new)


@accounts.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """Every account, and by what it proves itself, for whoever checks them now and then (21 CFR 11.300(b))."""
    settings = Settings()
    known = read_credentials(settings.credentials)
    found = [_listed(account, known.get(account.id)) for account in read_accounts(settings.accounts)]
    show({"accounts": found}, as_json, lambda: _table(found))


def _listed(account: Account, credentials: Credentials | None) -> dict[str, Any]:
    """What may be shown: by what an account proves itself, and never the thing itself."""
    one = credentials or Credentials(id=account.id)
    proves = {
        "token": account.token_sha256 is not None,
        "password": one.password is not None,
        "second factor": one.otp_secret is not None,
        "provider": bool(account.links),
        "secret": bool(one.secrets),
    }
    marks = {"locked out": one.locked_at, "signs nothing": one.signing_suspended, "retired": account.retired_on}
    return {
        **account.model_dump(mode="json", exclude={"token_sha256"}),
        "proves_itself_by": [name for name, has in proves.items() if has],
        "marks": [name for name, has in marks.items() if has],
    }


@accounts.command()
def revoke(
    client: Annotated[str, typer.Argument(help="The account's name, or the name that was given with --client.")],
    as_json: AsJson = False,
) -> None:
    """Take a token out: the next request with it is refused. The account stays."""
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
    for name in ("client", "id", "role", "site", "trials", "until", "proves itself by", ""):
        table.add_column(name)
    for each in found:
        trials = ", ".join(each["trials"]) if each["trials"] else "all"
        who = (each["client"], each["id"], each["role"], each["site"] or "", trials, each["expires_on"] or "")
        table.add_row(*who, ", ".join(each["proves_itself_by"]), ", ".join(each["marks"]))
    return table
