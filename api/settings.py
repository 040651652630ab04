"""All configuration: from arguments, or from the environment under `LEDGER_`; frozen, and unknown keys are refused."""

import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

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

    credentials_path: Path | None = None
    """By what people and machines prove themselves; `credentials.jsonl` in the directory unless it is said."""
    session_hours: Annotated[int, Field(ge=1, le=24)] = 12
    """How long a log-in lasts at most."""
    session_idle_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 30
    """After how long without a request it ends."""
    lock_out_after: Annotated[int, Field(ge=3, le=100)] = 5
    """How many failures in a row lock an account out, until an administrator unlocks it."""
    failures_of_an_origin: Annotated[int, Field(ge=1)] = 20
    """How many failed log-ins of one address cost no waiting; one is forgotten every half minute."""
    second_factor_required: bool = False
    """Whether people without a second factor have to enrol one before anything else."""
    argon2_memory_kib: Annotated[int, Field(ge=8)] = 64 * 1024
    """What a password's hash costs, as RFC 9106 recommends. Lower it for tests only."""
    argon2_passes: Annotated[int, Field(ge=1)] = 3
    signing_run_minutes: Annotated[int, Field(ge=0, le=60)] = 0
    """How long signatures in one session need the password alone, after one that was proved in full; 0: none does."""
    alert_command: str | None = None
    """Run at a lock-out, with a line of JSON on its standard input."""

    evidence: bool = True
    """Whether the heads of the trials' logs are signed here."""
    keys_directory: Path | None = None
    """Where the keys of the logs are, apart from the ledgers if you can; `keys` in the directory unless it is said."""

    @property
    def keys(self) -> Path | None:
        return (self.keys_directory or self.directory / "keys") if self.evidence else None

    @property
    def credentials(self) -> Path:
        return self.credentials_path or self.directory / "credentials.jsonl"

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
