"""The keys of the texts: made when they are needed, wrapped by an outer key, replaced, destroyed, and missed."""

import base64
from pathlib import Path

import pytest

from ledger import keyring
from ledger.errors import Corrupt
from ledger.keyring import OUTER, KeyInFile, Keyring, OuterKey, read_outer_key, write_outer_key
from ledger.store.errors import AlreadyOwned, AlreadyThere, VaultLocked

ORIGIN = "ledger.example/NCT07256210"
ONE, OTHER = "patient/001", "patient/002"


def ring(directory: Path) -> Keyring:
    return Keyring(directory)


def test_a_key_is_made_at_the_first_text_and_is_the_same_afterwards(tmp_path: Path) -> None:
    assert list(tmp_path.iterdir()) == []
    key = ring(tmp_path).current(ORIGIN, ONE)
    assert ring(tmp_path).current(ORIGIN, ONE) == key
    assert ring(tmp_path).key(ORIGIN, ONE, key.id) == key
    assert ring(tmp_path).current(ORIGIN, OTHER).secret != key.secret
    assert ring(tmp_path).current("ledger.example/other", ONE).secret != key.secret


def test_only_the_owner_reads_a_key_and_none_stands_in_clear(tmp_path: Path) -> None:
    key = ring(tmp_path).current(ORIGIN, ONE)
    outer = read_outer_key(tmp_path / "vault.key")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    for path in files:
        content = path.read_bytes()
        assert key.secret not in content
        assert base64.b64encode(key.secret) not in content
        assert path.name == "vault.key" or base64.b64encode(outer.secret) not in content
    assert outer.secret.hex() not in repr(outer)


def test_an_outer_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    write_outer_key(tmp_path / "vault.key")
    (tmp_path / "vault.key").chmod(0o644)
    with pytest.raises(VaultLocked, match="chmod 600"):
        ring(tmp_path).current(ORIGIN, ONE)


def test_an_outer_key_is_never_written_over_another(tmp_path: Path) -> None:
    write_outer_key(tmp_path / "vault.key")
    with pytest.raises(AlreadyThere):
        write_outer_key(tmp_path / "vault.key")


def test_where_keys_are_wrapped_already_a_missing_outer_key_is_missed_and_not_made_anew(tmp_path: Path) -> None:
    key = ring(tmp_path).current(ORIGIN, ONE)
    (tmp_path / "vault.key").unlink()
    with pytest.raises(VaultLocked, match=r"no vault\.key"):
        ring(tmp_path).key(ORIGIN, ONE, key.id)
    with pytest.raises(VaultLocked, match=r"no vault\.key"):
        ring(tmp_path).current(ORIGIN, OTHER)
    assert not (tmp_path / "vault.key").exists()


def test_another_outer_key_unwraps_nothing(tmp_path: Path) -> None:
    key = ring(tmp_path).current(ORIGIN, ONE)
    other = Keyring(tmp_path, OuterKey(bytes(32)))
    with pytest.raises(VaultLocked, match="wrapped by outer key"):
        other.key(ORIGIN, ONE, key.id)


def test_an_outer_key_in_a_file_elsewhere_is_read_and_never_made(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "outer"
    with pytest.raises(VaultLocked):
        Keyring(tmp_path / "keys", KeyInFile(elsewhere)).current(ORIGIN, ONE)
    made = write_outer_key(elsewhere)
    key = Keyring(tmp_path / "keys", KeyInFile(elsewhere)).current(ORIGIN, ONE)
    assert Keyring(tmp_path / "keys", made).key(ORIGIN, ONE, key.id) == key


@pytest.mark.parametrize("text", ["", "short", "not base 64!", base64.b64encode(bytes(31)).decode()])
def test_an_outer_key_is_32_bytes_in_base_64(text: str) -> None:
    with pytest.raises(VaultLocked, match="32 bytes"):
        OuterKey.parse(text)


def test_a_wrapped_key_is_bound_to_its_subject_and_trial(tmp_path: Path) -> None:
    key = ring(tmp_path).current(ORIGIN, ONE)
    (path,) = ring(tmp_path).files()
    path.rename(path.with_name(path.name.replace("001", "002", 1)))
    with pytest.raises(Corrupt):
        ring(tmp_path).key(ORIGIN, OTHER, key.id)


@pytest.mark.parametrize("content", ["", "one line\n", "id\nnot base 64!\n", "id\nAAAA\nmore\n"])
def test_a_key_file_that_was_altered_is_told_as_corruption(tmp_path: Path, content: str) -> None:
    key = ring(tmp_path).current(ORIGIN, ONE)
    (path,) = ring(tmp_path).files()
    path.write_text(content)
    with pytest.raises(Corrupt):
        ring(tmp_path).key(ORIGIN, ONE, key.id)


def test_a_destroyed_key_is_gone_and_the_next_is_another(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    key = keys.current(ORIGIN, ONE)
    (path,) = keys.files()
    wrapped = path.read_bytes()
    keys.destroy(ORIGIN, ONE, key.id)
    keys.destroy(ORIGIN, ONE, key.id)
    assert list(keys.files()) == []
    assert not any(wrapped in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for each in (keys, ring(tmp_path)):
        with pytest.raises(VaultLocked):
            each.key(ORIGIN, ONE, key.id)
    assert keys.current(ORIGIN, ONE).id != key.id


@pytest.mark.parametrize("is_first", [True, False])
def test_two_processes_may_destroy_the_same_key_at_the_same_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    """The other one removes the file before this one overwrites it, or right after."""
    keys = ring(tmp_path)
    key = keys.current(ORIGIN, ONE)
    overwrite = keyring._overwrite

    def beside_another(path: Path, content: bytes) -> None:
        if not is_first:
            overwrite(path, content)
        path.unlink()
        if is_first:
            overwrite(path, content)

    monkeypatch.setattr(keyring, "_overwrite", beside_another)
    keys.destroy(ORIGIN, ONE, key.id)
    assert list(keys.files()) == []


def test_nothing_is_kept_under_a_key_that_has_to_be_destroyed(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    key = keys.current(ORIGIN, ONE)
    keys.retire(ORIGIN, ONE, key.id)
    assert keys.current(ORIGIN, ONE).id != key.id


def test_a_new_outer_key_wraps_every_key_and_the_old_one_none(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    made = [keys.current(ORIGIN, subject) for subject in (ONE, OTHER, "trial")]
    new = OuterKey(bytes(range(32)))
    assert keys.wrap_anew(new) == 3
    assert [Keyring(tmp_path, new).key(ORIGIN, key.subject, key.id) for key in made] == made
    with pytest.raises(VaultLocked):
        ring(tmp_path).key(ORIGIN, ONE, made[0].id)


def test_a_rotation_that_was_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    keys, new = ring(tmp_path), OuterKey(bytes(range(32)))
    made = [keys.current(ORIGIN, subject) for subject in (ONE, OTHER)]
    first = min(keys.files())
    before = first.read_bytes()
    keys.wrap_anew(new)
    first.write_bytes(before)
    assert ring(tmp_path).wrap_anew(new) == 1
    assert ring(tmp_path).wrap_anew(new) == 0
    assert [Keyring(tmp_path, new).key(ORIGIN, key.subject, key.id) for key in made] == made


def test_the_outer_key_is_not_replaced_while_a_server_keeps_texts_under_it(tmp_path: Path) -> None:
    shared = ring(tmp_path).in_use(), ring(tmp_path).in_use()
    with shared[0], shared[1], pytest.raises(AlreadyOwned), ring(tmp_path).in_use(alone=True):
        pass
    with ring(tmp_path).in_use(alone=True), pytest.raises(AlreadyOwned), ring(tmp_path).in_use():
        pass


class KeyService:
    """A key service elsewhere, as a `KeyWrapper`: it gives no key out and keeps an account of what was asked."""

    def __init__(self) -> None:
        self.id = "service-key-7"
        self.asked: list[str] = []
        self._inside = OuterKey(bytes(range(1, 33)))

    def wrap(self, key: bytes, about: str) -> bytes:
        self.asked.append(about)
        return self._inside.wrap(key, about)

    def unwrap(self, wrapped: bytes, about: str, outer_id: str) -> bytes:
        assert outer_id == self.id
        self.asked.append(about)
        return self._inside.unwrap(wrapped, about, self._inside.id)


def test_a_key_service_stands_in_for_the_file(tmp_path: Path) -> None:
    service = KeyService()
    key = Keyring(tmp_path, service).current(ORIGIN, ONE)
    assert Keyring(tmp_path, service).key(ORIGIN, ONE, key.id) == key
    assert service.asked == [f"trial-ledger subject key 1 ledger.example%2FNCT07256210 patient-001.{key.id}"] * 2
    assert not (tmp_path / "vault.key").exists()


def test_an_outer_key_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with half a key in it would lock every text, and keep another key from being made."""

    def full(_: int) -> None:
        raise OSError(28, "no space left on device")

    with monkeypatch.context() as failing:
        failing.setattr("os.fsync", full)
        with pytest.raises(OSError, match="no space"):
            write_outer_key(tmp_path / OUTER)
    assert list(tmp_path.iterdir()) == []
    made = write_outer_key(tmp_path / OUTER)
    assert read_outer_key(tmp_path / OUTER) == made
    with pytest.raises(AlreadyThere):
        write_outer_key(tmp_path / OUTER)
