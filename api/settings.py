"""All configuration: from arguments, or from the environment under `LEDGER_`; frozen, and unknown keys are refused."""

import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ledger.keyring import KeyInFile, Keyring, OuterKey

ENV_PREFIX = "LEDGER_"


class Settings(BaseSettings):
    """How a server runs. `LEDGER_PORT=8080` sets `port`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid", validate_default=True)

    directory: Path = Path("var")
    """Where the trials' files are."""
    accounts_path: Path | None = None
    """Who may call; `accounts.jsonl` in the directory unless it is said."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    max_body_bytes: Annotated[int, Field(ge=1024)] = 1 << 20
    story_from: AwareDatetime | None = None
    """Training ledgers run on a story clock that begins here; others never do."""
    page_limit: Annotated[int, Field(ge=1)] = 100
    page_limit_max: Annotated[int, Field(ge=1, le=10_000)] = 1000
    requests_per_second: Annotated[int, Field(ge=1)] = 5000
    """For each client, on average."""
    requests_at_once: Annotated[int, Field(ge=1)] = 10_000
    """For each client, in one burst."""
    at_least_seconds: Annotated[int, Field(ge=0, le=60)] = 5
    """How long a read waits for the position that it asks for."""

    evidence: bool = True
    """Whether the heads of the trials' logs are signed here."""
    keys_directory: Path | None = None
    """Where the keys of the logs are, apart from the ledgers if you can; `keys` in the directory unless it is said."""

    vault_key_file: Path | None = None
    """The outer key of the free texts, 32 bytes in Base 64; `vault.key` with the other keys, made when it is needed
    first, unless it is said."""
    vault_key: SecretStr | None = None
    """The outer key itself, where no file is to hold it."""

    @property
    def keys(self) -> Path | None:
        return self.keys_place if self.evidence else None

    @property
    def keys_place(self) -> Path:
        return self.keys_directory or self.directory / "keys"

    def keyring(self, beside: Path | None = None) -> Keyring:
        """The keys of the free texts; of a ledger's file elsewhere, those in `keys` beside it, unless it is said."""
        place = self.keys_directory or (self.directory if beside is None else beside.absolute().parent) / "keys"
        if self.vault_key is not None:
            return Keyring(place, OuterKey.parse(self.vault_key.get_secret_value()))
        return Keyring(place, None if self.vault_key_file is None else KeyInFile(self.vault_key_file))

    @property
    def accounts(self) -> Path:
        return self.accounts_path or self.directory / "accounts.jsonl"

    @model_validator(mode="after")
    def _knows_every_key(self) -> Self:
        """A misspelt variable would otherwise be passed over in silence."""
        known = {f"{ENV_PREFIX}{name.upper()}" for name in type(self).model_fields}
        unknown = sorted(key for key in os.environ if key.upper().startswith(ENV_PREFIX) and key.upper() not in known)
        if unknown:
            raise ValueError(f"no such setting: {', '.join(unknown)}")
        return self
