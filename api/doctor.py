"""Is this machine fit to keep a ledger? Each question is a function that answers with what it found.

Nothing is changed: what is tried is tried in a file of its own beside the ledgers, which is gone afterwards.
"""

import ctypes
import os
import resource
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, NamedTuple

from cryptography import x509

from api.auth import read_accounts
from api.settings import Settings
from ledger.application import system_clock
from ledger.errors import LedgerError
from ledger.store.connection import DurableDatastore

State = Literal["good", "attention", "wrong"]
MIB: Final = 1 << 20

WAL_RESET_BUG: Final = ((3, 7, 0), (3, 51, 2))
"""From the first to the last version of SQLite that can lose a write where two connections checkpoint at once."""
SYNCS: Final = 50
BLOCK: Final = b"\x5a" * 4096
SLOW_SYNCS_PER_SECOND: Final = 20
IMPLAUSIBLE_SYNCS_PER_SECOND: Final = 50_000
LITTLE_DISK: Final = 2048 * MIB
NO_DISK: Final = 128 * MIB
CLOCKS_APART: Final = timedelta(milliseconds=50)
CERTIFICATE_ENDS_SOON: Final = timedelta(days=30)
FILES_PER_TRIAL: Final = 8
"""Open files of a trial in use: the writer's and the readers', each with its log, and the lock."""
OTHER_FILES: Final = 200
NTP_ERROR: Final = 5
"""What `ntp_adjtime` answers while the clock is not synchronised."""


class Finding(NamedTuple):
    """What was asked, how it stands, and what was found."""

    about: str
    state: State
    says: str


def sqlite_version(found: tuple[int, ...] = sqlite3.sqlite_version_info) -> Finding:
    first, last = WAL_RESET_BUG
    named = ".".join(map(str, found))
    if first <= found <= last:
        says = f"{named} has the WAL-reset bug (fixed in 3.51.3). One connection alone writes and checkpoints here."
        return Finding("SQLite", "attention", f"{says} Let no other program write the files.")
    return Finding("SQLite", "good", named)


@contextmanager
def scratch(directory: Path) -> Iterator[Path]:
    """A file to try something with, beside the ledgers."""
    path = directory / f".doctor-{os.getpid()}"
    path.touch(mode=0o600)
    try:
        yield path
    finally:
        for rest in ("", "-wal", "-shm"):
            Path(f"{path}{rest}").unlink(missing_ok=True)


def durability(directory: Path) -> Finding:
    """WAL and synchronous=FULL are set as the store sets them, and read back."""
    with scratch(directory) as path:
        try:
            with closing(DurableDatastore(path, "rw")) as made, made.transaction(commit=True) as cursor:
                cursor.execute("CREATE TABLE tried (a)")
        except (LedgerError, OSError) as fault:
            return Finding("durability", "wrong", str(fault))
    return Finding("durability", "good", "WAL with synchronous=FULL, read back")


def syncing(directory: Path) -> Iterator[Finding]:
    """How often a second the disk confirms a write; and whether both clocks agree how long that took."""
    took: list[float] = []
    begun, wall = time.monotonic(), system_clock()
    with scratch(directory) as path, path.open("r+b") as file:
        for _ in range(SYNCS):
            before = time.perf_counter()
            file.write(BLOCK)
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - before)
    yield disk_rate(SYNCS / sum(took), max(took))
    yield clocks(system_clock() - wall, timedelta(seconds=time.monotonic() - begun))


def disk_rate(per_second: float, longest_seconds: float) -> Finding:
    says = f"{per_second:,.0f} confirmed writes a second, the slowest in {longest_seconds * 1000:.1f} ms"
    if per_second < SLOW_SYNCS_PER_SECOND:
        return Finding("disk", "attention", f"{says}: slow. Every answer waits for one.")
    if per_second > IMPLAUSIBLE_SYNCS_PER_SECOND:
        return Finding("disk", "attention", f"{says}: no disk is so fast. Is this memory, or a cache that forgets?")
    return Finding("disk", "good", says)


def clocks(wall: timedelta, steady: timedelta) -> Finding:
    if abs(wall - steady) > CLOCKS_APART:
        return Finding("clock", "wrong", f"was set meanwhile: {wall} by the wall clock, {steady} by the steady one")
    return Finding("clock", "good", "wall and steady clock agree")


def time_service() -> Finding:
    """Whether the kernel takes its clock for synchronised."""
    try:
        answer = ctypes.CDLL(None).ntp_adjtime(ctypes.create_string_buffer(512))
    except (AttributeError, OSError):
        return Finding("time service", "attention", "this system does not say whether its clock is synchronised")
    return time_state(answer)


def time_state(answer: int) -> Finding:
    """What `ntp_adjtime` answered: 0 to 4 while it is synchronised, below 0 where it may not be asked."""
    if answer == NTP_ERROR:
        return Finding("time service", "attention", "the clock is not synchronised; run a time service (chrony)")
    if answer < 0:
        return Finding("time service", "attention", "this system does not say whether its clock is synchronised")
    return Finding("time service", "good", "the clock is synchronised")


def free_disk(directory: Path, free_bytes: int | None = None) -> Finding:
    free = shutil.disk_usage(directory).free if free_bytes is None else free_bytes
    state: State = "wrong" if free < NO_DISK else "attention" if free < LITTLE_DISK else "good"
    return Finding("free disk", state, f"{free / MIB:,.0f} MiB")


def open_files(trials: int, limit: int | None = None) -> Finding:
    """Whether so many trials may be open at once, as far as the number of files goes."""
    found = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if limit is None else limit
    needed = trials * FILES_PER_TRIAL + OTHER_FILES
    if found < needed:
        return Finding("open files", "attention", f"{found} may be open; {trials} trials want {needed} (ulimit -n)")
    return Finding("open files", "good", f"{found} may be open, {needed} are enough")


def private(about: str, path: Path) -> Finding:
    """Whether others than its owner may read or write a file or directory."""
    if not path.exists():
        return Finding(about, "attention", f"{path} is not there yet")
    status = path.stat()
    mode = status.st_mode & 0o777
    if mode & 0o077:
        return Finding(about, "wrong", f"{path} is open to others (mode {mode:o}); chmod {mode & 0o700:o}")
    if status.st_uid != os.geteuid():
        return Finding(about, "attention", f"{path} belongs to another user than the one who asks")
    return Finding(about, "good", f"{path}, mode {mode:o}")


def keys(settings: Settings) -> Iterator[Finding]:
    """Where the keys are, and that they are the owner's alone."""
    directory = settings.keys
    if directory is None:
        yield Finding("keys", "attention", "no head is signed here (LEDGER_EVIDENCE=false)")
        return
    yield private("keys", directory)
    if directory.is_dir():
        found = (private("key", path) for path in sorted(directory.glob("*.key")))
        yield from (each for each in found if each.state != "good")
    if settings.keys_directory is None:
        says = f"{directory} lies with the ledgers: whoever restores one restores the other. LEDGER_KEYS_DIRECTORY"
        yield Finding("keys", "attention", says)


def accounts(settings: Settings) -> Iterator[Finding]:
    path = settings.accounts
    yield private("file of accounts", path)
    try:
        found = list(read_accounts(path))
    except LedgerError as fault:
        yield Finding("accounts", "wrong", f"cannot be read: {fault}; nobody is admitted")
        return
    today = system_clock().date()
    out = [each.client for each in found if not each.in_force(today)]
    yield Finding("accounts", "good", f"{len(found)}, of which {len(out)} are not in force any more")


def certificate(settings: Settings, now: datetime) -> Finding:
    """Until when the server's certificate holds."""
    if settings.tls_cert is None:
        return Finding("TLS", "attention", "plain HTTP: let a proxy on this machine speak TLS")
    try:
        found = x509.load_pem_x509_certificate(settings.tls_cert.read_bytes())
    except (OSError, ValueError) as fault:
        return Finding("TLS", "wrong", f"{settings.tls_cert}: {fault}")
    until = found.not_valid_after_utc.astimezone(UTC)
    says = f"certificate until {until:%Y-%m-%d}"
    if not found.not_valid_before_utc <= now < until:
        return Finding("TLS", "wrong", f"{says}: not in force")
    return Finding("TLS", "attention" if until - now < CERTIFICATE_ENDS_SOON else "good", says)
