"""The keys of the free texts, apart from the ledgers: one for each subject, wrapped by one outer key.

    vault.key                                   the outer key: 32 bytes in Base 64, which only the owner reads
    texts/<origin>/<subject>.<key id>.key       a subject's key, wrapped: the outer key's id, and the bytes in Base 64

A ledger's file and its backups hold no key of either kind. Destroying a subject's file makes every copy of that
subject's texts unreadable, in old backups too, unless a copy of this directory is kept with them.

The outer key may be somewhere else: in another file, in the environment, or behind a key service. Whatever wraps and
unwraps is a `KeyWrapper`.
"""

import base64
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp
from typing import Final, Protocol
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import Corrupt
from ledger.store.errors import AlreadyOwned, AlreadyThere, VaultLocked
from ledger.store.sqlite import make_file, sync_directory
from ledger.store.vault import KEY_BYTES, NONCE_BYTES, SubjectKey

DIRECTORY: Final = "keys"
OUTER: Final = "vault.key"
TEXTS: Final = "texts"
LOCK: Final = "vault.lock"
KEY_SUFFIX: Final = ".key"
ID_BYTES: Final = 8


class KeyWrapper(Protocol):
    """The outer key, wherever it is. `about` is bound to what is wrapped: the same has to be said to unwrap it."""

    @property
    def id(self) -> str:
        """Which key wraps now; `VaultLocked` where none is there."""
        ...

    def wrap(self, key: bytes, about: str) -> bytes:
        """The key, wrapped; `VaultLocked`."""
        ...

    def unwrap(self, wrapped: bytes, about: str, outer_id: str) -> bytes:
        """The key again; `VaultLocked` where it was wrapped by another, `Corrupt` where it is not what was wrapped."""
        ...


@dataclass(frozen=True, slots=True)
class OuterKey:
    """An outer key in memory. Its id is the beginning of its hash, which tells nothing of it."""

    secret: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "OuterKey":
        """From Base 64; `VaultLocked` for anything but 32 bytes."""
        try:
            secret = base64.b64decode(text.strip(), validate=True)
        except ValueError:
            secret = b""
        if len(secret) != KEY_BYTES:
            raise VaultLocked("the outer key is not 32 bytes in Base 64")
        return cls(secret)

    @property
    def id(self) -> str:
        return sha256(b"trial-ledger outer key\x00" + self.secret).hexdigest()[: 2 * ID_BYTES]

    def wrap(self, key: bytes, about: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self.secret).encrypt(nonce, key, about.encode())

    def unwrap(self, wrapped: bytes, about: str, outer_id: str) -> bytes:
        if outer_id != self.id:
            raise VaultLocked(f"wrapped by outer key {outer_id}, here is {self.id}")
        try:
            return AESGCM(self.secret).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError):
            raise Corrupt(f"{about}: the key is not the one that was wrapped") from None


class KeyInFile:
    """The outer key of a file, read when it is needed first. `made_when_missing`: where nothing was wrapped yet."""

    def __init__(self, path: Path, made_when_missing: Callable[[], bool] = lambda: False) -> None:
        self._path = path
        self._may_be_made = made_when_missing
        self._key: OuterKey | None = None

    @property
    def id(self) -> str:
        return self._read(for_wrapping=True).id

    def wrap(self, key: bytes, about: str) -> bytes:
        return self._read(for_wrapping=True).wrap(key, about)

    def unwrap(self, wrapped: bytes, about: str, outer_id: str) -> bytes:
        return self._read(for_wrapping=False).unwrap(wrapped, about, outer_id)

    def _read(self, *, for_wrapping: bool) -> OuterKey:
        if self._key is None:
            if for_wrapping and not self._path.exists() and self._may_be_made():
                write_outer_key(self._path)
            self._key = read_outer_key(self._path)
        return self._key


def read_outer_key(path: Path) -> OuterKey:
    """The outer key of a file; `VaultLocked` where there is none, or others may read it."""
    if not path.is_file():
        raise VaultLocked(f"there is no {path.name}")
    if path.stat().st_mode & 0o077:
        raise VaultLocked(f"{path.name} can be read by others: chmod 600")
    return OuterKey.parse(path.read_text(encoding="ascii", errors="replace"))


def write_outer_key(path: Path) -> OuterKey:
    """A new outer key in a new file that only the owner reads, whole or not at all; `AlreadyThere` where one stands."""
    key = OuterKey(secrets.token_bytes(KEY_BYTES))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, made = mkstemp(prefix=f"{path.name}.", suffix=".partial", dir=path.parent)
    try:
        _write(handle, base64.b64encode(key.secret) + b"\n")
        os.link(made, path)
    except FileExistsError:
        raise AlreadyThere(path.name) from None
    finally:
        os.unlink(made)
    sync_directory(path)
    return key


class Keyring:
    """The subjects' keys of one directory."""

    def __init__(self, directory: Path, wrapper: KeyWrapper | None = None) -> None:
        self.directory = directory
        self._wrapper = wrapper or KeyInFile(directory / OUTER, lambda: not any(self.files()))
        self._known: dict[tuple[str, str, str], SubjectKey] = {}
        self._current: dict[tuple[str, str], SubjectKey] = {}
        self._retired: set[tuple[str, str, str]] = set()

    @classmethod
    def beside(cls, ledger: Path) -> "Keyring":
        """The keyring of the embedded default: in `keys`, in the ledger's own directory."""
        return cls(ledger.absolute().parent / DIRECTORY)

    def current(self, origin: str, subject: str) -> SubjectKey:
        """The key under which a text about a subject is kept now, made at its first text; `VaultLocked`."""
        found = self._current.get((origin, subject))
        if found is None:
            ids = map(_id_of, sorted(self._place(origin).glob(f"{_spelled(subject)}.*{KEY_SUFFIX}")))
            usable = next((each for each in ids if (origin, subject, each) not in self._retired), None)
            found = self._made(origin, subject) if usable is None else self._read(origin, subject, usable)
            self._current[origin, subject] = found
        return found

    def key(self, origin: str, subject: str, key_id: str) -> SubjectKey:
        """A key by its id; `VaultLocked` where it is not here, or no longer."""
        found = self._known.get((origin, subject, key_id))
        return self._read(origin, subject, key_id) if found is None else found

    def renew(self, origin: str, subject: str) -> None:
        """What is kept about a subject from now on has a key of its own, whatever becomes of those before."""
        self._current[origin, subject] = self._made(origin, subject)

    def retire(self, origin: str, subject: str, key_id: str) -> None:
        """Keep nothing under a key any more, since it has to be destroyed."""
        self._retired.add((origin, subject, key_id))
        known = self._current.get((origin, subject))
        if known is not None and known.id == key_id:
            del self._current[origin, subject]

    def destroy(self, origin: str, subject: str, key_id: str) -> None:
        """Overwrite a subject's key and remove its file, durably; nothing where it is gone already."""
        self.retire(origin, subject, key_id)
        self._known.pop((origin, subject, key_id), None)
        path = self._path(origin, subject, key_id)
        with suppress(FileNotFoundError):  # whoever else finishes the same erasure may be first, at any of these steps
            _overwrite(path, secrets.token_bytes(path.stat().st_size))
            path.unlink()
            sync_directory(path)

    def files(self) -> Iterator[Path]:
        """Every file with a subject's key."""
        return (self.directory / TEXTS).glob(f"*/*{KEY_SUFFIX}")

    def wrap_anew(self, new: KeyWrapper) -> int:
        """Wrap every subject's key by another outer key; how many were not yet. Begun anew it goes on where it was."""
        paths = [path for path in sorted(self.files()) if _lines(path)[0] != new.id]
        for path in paths:
            outer_id, wrapped = _lines(path)
            about = _about(path.parent.name, path.name.removesuffix(KEY_SUFFIX))
            secret = self._wrapper.unwrap(wrapped, about, outer_id)
            _replace(path, _content(new.id, new.wrap(secret, about)))
        return len(paths)

    @contextmanager
    def in_use(self, *, alone: bool = False) -> Iterator[None]:
        """While a ledger is written under these keys; `alone`: while nobody does. `AlreadyOwned` otherwise."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.directory / LOCK).open("a") as file:
            try:
                fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyOwned(f"the keys in {self.directory.name}") from None
            yield

    def _made(self, origin: str, subject: str) -> SubjectKey:
        key = SubjectKey(subject, secrets.token_hex(ID_BYTES), secrets.token_bytes(KEY_BYTES))
        path = self._path(origin, subject, key.id)
        try:
            outer_id = self._wrapper.id
            wrapped = self._wrapper.wrap(key.secret, _about(path.parent.name, f"{_spelled(subject)}.{key.id}"))
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _replace(path, _content(outer_id, wrapped))
        except OSError as error:
            raise VaultLocked(f"the key of {subject} cannot be kept: {type(error).__name__}") from error
        self._known[origin, subject, key.id] = key
        return key

    def _read(self, origin: str, subject: str, key_id: str) -> SubjectKey:
        path = self._path(origin, subject, key_id)
        try:
            outer_id, wrapped = _lines(path)
        except FileNotFoundError:
            raise VaultLocked(f"the key of {subject} is not here") from None
        about = _about(path.parent.name, f"{_spelled(subject)}.{key_id}")
        key = SubjectKey(subject, key_id, self._wrapper.unwrap(wrapped, about, outer_id))
        self._known[origin, subject, key_id] = key
        return key

    def _place(self, origin: str) -> Path:
        return self.directory / TEXTS / quote(origin, safe="")

    def _path(self, origin: str, subject: str, key_id: str) -> Path:
        return self._place(origin) / f"{_spelled(subject)}.{key_id}{KEY_SUFFIX}"


def _spelled(subject: str) -> str:
    """`patient/001` -> `patient-001`: neither kind of name has another slash, and both are of letters that files may
    have."""
    return subject.replace("/", "-")


def _id_of(path: Path) -> str:
    return path.name.removesuffix(KEY_SUFFIX).rpartition(".")[2]


def _about(origin: str, name: str) -> str:
    """What a wrapped key is bound to: the trial, the subject, its own id."""
    return f"trial-ledger subject key 1 {origin} {name}"


def _content(outer_id: str, wrapped: bytes) -> bytes:
    return f"{outer_id}\n".encode() + base64.b64encode(wrapped) + b"\n"


def _lines(path: Path) -> tuple[str, bytes]:
    """The outer key's id and the wrapped key; `Corrupt` for another content."""
    lines: Sequence[str] = path.read_text(encoding="ascii", errors="replace").splitlines()
    try:
        outer_id, wrapped = lines
        return outer_id, base64.b64decode(wrapped, validate=True)
    except ValueError:
        raise Corrupt(f"{path.name} does not hold a wrapped key") from None


def _replace(path: Path, content: bytes) -> None:
    """The content under a name, all of it or as it was; what stood there before is overwritten."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    make_file(partial)
    _write(partial, content)
    partial.replace(path)
    sync_directory(path)


def _write(to: Path | int, content: bytes) -> None:
    """Into a file that is emptied first; or into one that is open, from its beginning."""
    with open(to, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _overwrite(path: Path, content: bytes) -> None:
    """In place, so that the bytes that were there are gone (as far as the disk itself keeps no older ones)."""
    _write(os.open(path, os.O_WRONLY), content)
