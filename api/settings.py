"""All configuration: from arguments, or from the environment under `LEDGER_`; frozen, and unknown keys are refused.

A secret is best kept in a file: `LEDGER_TLS_KEY_PASSWORD_FILE=/run/secrets/password` instead of
`LEDGER_TLS_KEY_PASSWORD`. So with every secret.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AwareDatetime, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from api.identity.places import is_safe, is_url
from api.traces import can_be_sent
from ledger.keyring import KeyInFile, Keyring, OuterKey
from ledger.shelf import IDLE_MINUTES, OPEN_TRIALS
from ledger.store.verification import VERIFIED_WHOLE_UP_TO

ENV_PREFIX = "LEDGER_"
FILE_SUFFIX = "_FILE"

Readers = Literal["people", "overseers"]
"""Whose reads are noted: everybody's but machines', or those of inspectors and monitors alone."""


class SecretFiles(PydanticBaseSettingsSource):
    """Secrets from the files that the environment names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(variable_of(field_name) + FILE_SUFFIX) if is_secret(field) else None
        value = None if path is None else Path(path).read_text(encoding="utf-8").rstrip("\n")
        return value, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """How a server runs. `LEDGER_PORT=8080` sets `port`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid", validate_default=True)

    directory: Path = Path("var")
    """Where the trials' files are; with a database, what is not in it: accounts and keys."""
    database_url: SecretStr | None = None
    """A PostgreSQL database whose schemas are the trials, for a role that may only read and add rows."""
    database_seconds: Annotated[int, Field(ge=1, le=60)] = 5
    """How long is waited for a connection to the database and for a trial's lock; twice as long for its answer to a
    COMMIT."""
    accounts_path: Path | None = None
    """Who may call; `accounts.jsonl` in the directory unless it is said."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    tls_cert: Path | None = None
    """The server's certificate with its chain (PEM). Without it the server speaks plain HTTP, for a proxy before it."""
    tls_key: Path | None = None
    """The key of the certificate (PEM)."""
    tls_key_password: SecretStr | None = None
    trusted_proxies: str = ""
    """Addresses or networks, by comma, whose X-Forwarded-For and X-Forwarded-Proto are believed; nobody's else."""
    hsts_seconds: Annotated[int, Field(ge=0)] = 31_536_000
    """How long browsers keep to HTTPS, told to whoever came over HTTPS; 0: it is not told."""
    interactive_docs: bool = False
    """Whether `/docs` lets one try the API out. It loads its page from elsewhere (cdn.jsdelivr.net)."""
    metrics_token: SecretStr | None = None
    """Without it everyone who reaches `/metrics` reads it; with it, who sends it as a bearer token."""
    traces_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """Where a span for each request is sent, by OTLP over HTTP (`http://collector:4318/v1/traces`). None: nowhere."""
    log_requests: bool = True
    """A line in the log for each request: method, route, status, time. Never what was sent."""

    max_body_bytes: Annotated[int, Field(ge=1024)] = 1 << 20
    max_header_bytes: Annotated[int, Field(ge=1024)] = 1 << 15
    """The request line and all headers together."""
    header_seconds: Annotated[int, Field(ge=1)] = 10
    """How long a request line and its headers may take to come."""
    body_seconds: Annotated[int, Field(ge=1)] = 30
    """How long a body may take to come."""
    request_seconds: Annotated[int, Field(ge=1)] = 120
    """How long an answer may take to begin."""
    requests_in_flight: Annotated[int, Field(ge=1)] = 2000
    """How many requests are worked on at once; more are asked to come again."""
    streams_at_once: Annotated[int, Field(ge=1)] = 500
    """How many may follow the logs live at once."""
    story_from: AwareDatetime | None = None
    """Training ledgers run on a story clock that begins here; others never do."""
    page_limit: Annotated[int, Field(ge=1)] = 100
    page_limit_max: Annotated[int, Field(ge=1, le=10_000)] = 1000
    requests_per_second: Annotated[int, Field(ge=1)] = 5000
    """For each client, on average."""
    requests_at_once: Annotated[int, Field(ge=1)] = 10_000
    """For each client, in one burst."""
    address_per_second: Annotated[int, Field(ge=1)] = 5000
    """For each address that requests come from, before it is known who asks."""
    address_at_once: Annotated[int, Field(ge=1)] = 10_000
    strangers_per_second: Annotated[int, Field(ge=1)] = 5
    """For each address, requests whose token is unknown or not in force."""
    strangers_at_once: Annotated[int, Field(ge=1)] = 1000
    at_least_seconds: Annotated[int, Field(ge=0, le=60)] = 5
    """How long a read waits for the position that it asks for."""
    open_trials: Annotated[int, Field(ge=1)] = OPEN_TRIALS
    """How many trials stay open; what is in use is open beside them."""
    idle_minutes: Annotated[int, Field(ge=1)] = IDLE_MINUTES
    """A trial that nobody used for so long is closed."""

    verified_whole_up_to: Annotated[int, Field(ge=0)] = VERIFIED_WHOLE_UP_TO
    """Logs of at most so many events are verified from their first one at every start; longer ones from where they were
    verified last, and as a whole by `trial-ledger rebuild`, which belongs into every night."""
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
    machine_token_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15
    """How long the token lasts that an EDC system gets for its secret."""
    oidc_issuer: str | None = None
    """The identity provider whose tokens are taken, as its tokens name it. None: no provider."""
    oidc_audience: str | None = None
    """What this server is called in those tokens; needed with an issuer."""
    oidc_keys: str | None = None
    """The URL or the file of its keys (JWKS); without one, what the issuer's own discovery names."""
    oidc_algorithm: Literal["RS256", "ES256", "EdDSA"] = "RS256"
    oidc_token_type: Annotated[str, Field(min_length=1)] = "at+jwt"  # noqa: S105 - a type
    """The `typ` of its access tokens (RFC 9068); `JWT` for providers that do not follow it."""
    oidc_site_claim: str = "site"
    """The claim that has to name the account's site, and is absent for those without one; empty: none is looked at."""
    oidc_fresh_seconds: Annotated[int, Field(ge=30, le=3600)] = 300
    """How recently the provider has to have seen the person herself where she signs."""
    oidc_signing_acr: str | None = None
    """The `acr` that a token has to carry where its holder signs."""
    alert_command: str | None = None
    """Run at a lock-out, with a line of JSON on its standard input."""

    evidence: bool = True
    """Whether the heads of the trials' logs are signed here."""
    keys_directory: Path | None = None
    """Where the keys of the logs are, apart from the ledgers if you can; `keys` in the directory unless it is said."""

    installation_origin: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,199}$")] = "installation.local"
    """The name of the installation's own log, which no other log has; it stays as it was when the log began."""
    reads_noted: Readers = "people"
    """Whose reads of clinical records are noted there."""

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
    def credentials(self) -> Path:
        return self.credentials_path or self.directory / "credentials.jsonl"

    @property
    def accounts(self) -> Path:
        return self.accounts_path or self.directory / "accounts.jsonl"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, SecretFiles(settings_cls), env_settings

    @model_validator(mode="after")
    def _names_a_whole_provider(self) -> Self:
        if self.oidc_issuer is None:
            return self
        if not self.oidc_audience:
            raise ValueError("oidc_issuer needs an oidc_audience")
        place = self.oidc_keys or self.oidc_issuer
        if is_url(place) and not is_safe(place):
            raise ValueError("the keys of an identity provider come over TLS")
        return self

    @model_validator(mode="after")
    def _can_send_traces(self) -> Self:
        if self.traces_url is not None and not can_be_sent():
            raise ValueError("traces_url needs what sends them: pip install trial-ledger[traces]")
        return self

    @model_validator(mode="after")
    def _knows_every_key(self) -> Self:
        """A misspelt variable would otherwise be passed over in silence."""
        fields = type(self).model_fields
        known = {variable_of(name) for name in fields}
        known |= {variable_of(name) + FILE_SUFFIX for name, field in fields.items() if is_secret(field)}
        unknown = sorted(key for key in os.environ if key.upper().startswith(ENV_PREFIX) and key.upper() not in known)
        if unknown:
            raise ValueError(f"no such setting: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _has_key_and_certificate(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        return self


def variable_of(setting: str) -> str:
    """The variable that sets a setting."""
    return f"{ENV_PREFIX}{setting.upper()}"


def is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))
