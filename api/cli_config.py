"""`trial-ledger config show`: every setting, what it is, and who said so."""

import os
from typing import Any, Final

import typer
from pydantic import SecretStr
from rich.box import SIMPLE_HEAD
from rich.table import Table

from api.cli_output import AsJson, show
from api.cli_serve import Directory, Docs, Host, Port, StoryFrom, TlsCert, TlsKey, given
from api.settings import FILE_SUFFIX, Settings, is_secret, variable_of

MASK: Final = "********"
config: Final = typer.Typer(no_args_is_help=True, help="How a server would run here.")


@config.command("show")
def config_show(
    directory: Directory = None,
    host: Host = None,
    port: Port = None,
    story_from: StoryFrom = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    docs: Docs = None,
    as_json: AsJson = False,
) -> None:
    """Every setting with its value and where that comes from, as `serve` would have it with the same options. Secrets
    are masked."""
    arguments = given(directory, host, port, story_from, tls_cert, tls_key, docs)
    settings = Settings(**arguments)
    rows = [
        {"setting": name, "value": shown(getattr(settings, name)), "origin": _origin(name, arguments)}
        for name in type(settings).model_fields
    ]
    show({"settings": rows}, as_json, lambda: _table(rows))


def shown(value: Any) -> Any:
    """A setting as it may be shown."""
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _origin(name: str, arguments: dict[str, Any]) -> str:
    """In the order in which they hold: argument, file, environment, default."""
    if name in arguments:
        return "argument"
    variable, secret = variable_of(name), is_secret(Settings.model_fields[name])
    if secret and variable + FILE_SUFFIX in os.environ:
        return f"file, {os.environ[variable + FILE_SUFFIX]}"
    there = next((key for key in os.environ if key.upper() == variable), None)
    return "default" if there is None else f"environment, {there}"


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("setting", "value", "origin"):
        table.add_column(name)
    for row in rows:
        table.add_row(row["setting"], "" if row["value"] is None else str(row["value"]), row["origin"])
    return table
