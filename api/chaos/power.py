"""A power cut, simulated from what a process wrote: everything that was synced is there; of the rest, per file,
nothing, all, a part, or torn pieces.

The journal of `disk.c` is the order in which writes, truncations, syncs and removals were done. A disk promises about a
file only what it had done before the file's last sync; whatever came later may have reached it or not, in any order, in
whole sectors. That a file was removed is promised once its directory was synced; renamings happen in their order, as a
file system's own journal has it.
"""

import random
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SECTOR_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was done to a file: w(rite), t(runcate), s(ync), u(nlink), r(ename), its content the new path."""

    kind: str
    path: str
    offset: int
    content: bytes


def notes(journal: bytes) -> Iterator[Note]:
    """The journal, note by note; a last one that is not whole is left out."""
    at = 0
    while at + 25 < len(journal) + 1:
        length = struct.unpack_from("<q", journal, at + 1)[0]
        if at + 25 + length > len(journal):
            return
        path = journal[at + 9 : at + 9 + length].decode()
        offset, count = struct.unpack_from("<qq", journal, at + 9 + length)
        kind, at = chr(journal[at]), at + 25 + length
        content = b""
        if kind in "wr":
            content, at = journal[at : at + count], at + count
            if len(content) < count:
                return
        yield Note(kind, path, offset, content)


@dataclass(slots=True)
class _File:
    """What a file held before all, and what was done to it."""

    before: bytes | None
    done: list[Note]


def nothing_before(path: str) -> bytes | None:  # noqa: ARG001 - one signature for every disk
    """Of a disk that was empty."""
    return None


def disk_after(
    done: Sequence[Note], chance: random.Random, before: Callable[[str], bytes | None] = nothing_before
) -> dict[str, bytes | None]:
    """The files of a disk whose power was cut after so much was done, as chance has it; none for one that is not there.
    `before`: what a file held when the journal began."""
    directories = {str(Path(note.path).parent) for note in done}
    files: dict[str, _File] = {}
    for note in done:
        if note.path in directories:
            for path, file in files.items():
                if str(Path(path).parent) == note.path and file.done and file.done[-1].kind == "u":
                    file.done.append(note)
        if note.kind == "s" and note.path not in files:
            continue
        file = files[note.path] if note.path in files else _File(before(note.path), [])
        if note.kind == "r":
            files[note.content.decode()], files[note.path] = file, _File(None, [])
        else:
            files[note.path] = file
            file.done.append(note)
    return {path: _file_after(file, chance) for path, file in files.items()}


def _file_after(file: _File, chance: random.Random) -> bytes | None:
    synced = max((at for at, note in enumerate(file.done) if note.kind == "s"), default=-1)
    content = None if file.before is None else bytearray(file.before)
    for note in (*file.done[: synced + 1], *_survivors(file.done[synced + 1 :], chance)):
        content = _after(content, note)
    return None if content is None else bytes(content)


def _survivors(pending: Sequence[Note], chance: random.Random) -> Sequence[Note]:
    """Of what nobody synced: nothing, all, the first part, any part, or any sectors of it."""
    match chance.randrange(5):
        case 0:
            return ()
        case 1:
            return pending
        case 2:
            return pending[: chance.randrange(len(pending) + 1)]
        case 3:
            return [note for note in pending if chance.random() < 0.5]
        case _:
            return [piece for note in pending for piece in _sectors(note) if chance.random() < 0.7]


def _sectors(note: Note) -> Iterator[Note]:
    if note.kind != "w":
        yield note
        return
    at, end = note.offset, note.offset + len(note.content)
    while at < end:
        stop = min(end, (at // SECTOR_BYTES + 1) * SECTOR_BYTES)
        yield Note("w", note.path, at, note.content[at - note.offset : stop - note.offset])
        at = stop


def _after(content: bytearray | None, note: Note) -> bytearray | None:
    match note.kind:
        case "u":
            return None
        case "w":
            content = content if content is not None else bytearray()
            content.extend(bytes(max(0, note.offset + len(note.content) - len(content))))
            content[note.offset : note.offset + len(note.content)] = note.content
        case "t" if content is not None:
            content.extend(bytes(max(0, note.offset - len(content))))
            del content[note.offset :]
    return content


def write_files(files: Mapping[str, bytes | None], of: Path, to: Path) -> None:
    """Put the files of one directory into another, in which those that are not there are removed."""
    for path, content in files.items():
        place = to / Path(path).relative_to(of.resolve())
        if content is None:
            place.unlink(missing_ok=True)
        else:
            place.write_bytes(content)
