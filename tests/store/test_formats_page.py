"""The page that specifies the formats agrees with the code: its vectors are computed anew, its lists compared."""

import re
from hashlib import sha256
from pathlib import Path

from ledger.evidence.merkle import Tree, leaf_hash
from ledger.store import codec, schema
from ledger.store.texts import commitment, seal
from ledger.store.vault import SubjectKey, locked

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def vector(name: str) -> list[tuple[str, str]]:
    """The lines of a vector: a word and what belongs to it."""
    found = re.search(rf"```vector-{name}\n(.*?)\n```", PAGE, re.DOTALL)
    assert found
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in found[1].splitlines())]


def test_the_leaf_on_the_page_is_a_leaf_with_that_hash() -> None:
    given = dict(vector("leaf"))
    leaf = given["leaf"].encode()
    assert codec.encode(codec.decode(leaf)) == leaf
    assert leaf_hash(leaf).hex() == given["hash"]


def test_the_tree_on_the_page_has_those_peaks_and_that_root() -> None:
    (_, leaves), *rest = vector("tree")
    tree, _ = Tree().append(leaf_hash(leaf.encode()) for leaf in leaves)
    assert [("peak", peak.hex()) for peak in tree.peaks] + [("root", tree.root.hex())] == rest


def test_the_tile_on_the_page_is_that_of_256_leaves() -> None:
    tree, tiles = Tree().append(leaf_hash(number.to_bytes(4, "big")) for number in range(256))
    assert vector("tile") == [("sha256", sha256(tiles[0].hashes).hexdigest()), ("root", tree.root.hex())]


def test_the_commitment_on_the_page_is_to_that_text() -> None:
    given = dict(vector("commitment"))
    assert given["text"].encode().hex() == given["utf8"]
    assert commitment(bytes(range(32)), given["text"]) == given["commitment"]


def test_the_kept_text_on_the_page_is_that_text_under_that_key() -> None:
    given = dict(vector("text"))
    text = seal(bytes(range(32)), given["text"])
    key = SubjectKey("patient/001", "0123456789abcdef", bytes(range(0x20, 0x40)))
    kept = locked(text, key, "ledger.example.org/NCT07256210", 7, bytes(range(12)))
    assert (text.commitment, kept.sealed.hex()) == (given["commitment"], given["sealed"])


def test_the_page_lists_the_members_of_the_envelope_in_the_order_of_the_code() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.partition("### Instants")[0], re.MULTILINE)
    assert listed == list(codec.Envelope.__annotations__)


def test_the_page_lists_the_tables_with_their_columns() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", PAGE.partition("## File")[2], re.MULTILINE))
    assert list(listed) == list(schema.TABLES)
    for table, columns in schema.TABLES.items():
        names = re.findall(r"^\s+([a-z_0-9]+) (?:INTEGER|TEXT|BLOB)", columns, re.MULTILINE)
        assert [name for name in re.findall(r"`(\w+)`", listed[table]) if name in names] == names


def test_the_page_names_the_marks_of_the_file() -> None:
    assert f"0x{schema.APPLICATION_ID:X}" in PAGE
    assert f"`user_version` {schema.FORMAT_VERSION}" in PAGE
    assert f"{codec.LARGEST_LEAF_BYTES:,} bytes" in PAGE
