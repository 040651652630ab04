"""The tree is that of RFC 9162, however it is grown, and its tiles are those of C2SP tlog-tiles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.evidence.merkle import (
    EMPTY_ROOT,
    Tile,
    Tree,
    leaf_hash,
    node_hash,
    root_from_peaks,
    root_of,
    tile_count,
)
from tests.evidence.rfc9162 import mth
from tests.examples import examples

LEAVES = [number.to_bytes(4) for number in range(5_000)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


def tiles_by_definition(size: int) -> set[Tile]:
    """Tile n of level L: the roots of 256 neighbouring runs of 256^L leaves, for as many as are complete."""
    tiles = set()
    level, width = 0, 1
    while size // width >= 256:
        nodes = [mth(LEAVES[start : start + width]) for start in range(0, size - width + 1, width)]
        for index in range(len(nodes) // 256):
            tiles.add(Tile(level, index, b"".join(nodes[256 * index : 256 * (index + 1)])))
        level, width = level + 1, width * 256
    return tiles


def test_the_tree_of_no_leaves_has_the_hash_of_nothing() -> None:
    assert root_of([]) == EMPTY_ROOT == Tree().root == root_from_peaks([])
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_published_vectors() -> None:
    """The roots of the first eight leaves of the test data of Certificate Transparency's reference code."""
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    hashes = [leaf_hash(bytes.fromhex(leaf)) for leaf in leaves]
    assert [root_of(hashes[:size]).hex() for size in range(1, 9)] == roots


def test_a_leaf_and_a_node_of_the_same_bytes_differ() -> None:
    assert leaf_hash(HASHES[0] + HASHES[1]) != node_hash(HASHES[0], HASHES[1])


@pytest.mark.parametrize("size", range(301))
def test_the_root_is_the_one_of_the_definition(size: int) -> None:
    assert root_of(HASHES[:size]) == mth(LEAVES[:size])


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(301, 5_000))
def test_the_root_of_a_larger_tree_is_the_one_of_the_definition(size: int) -> None:
    assert root_of(HASHES[:size]) == mth(LEAVES[:size])


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.integers(0, 700), max_size=7))
def test_a_tree_grown_in_batches_is_the_tree_of_all_leaves(batches: list[int]) -> None:
    tree, tiles = Tree(), list[Tile]()
    for batch in batches:
        tree, completed = tree.append(HASHES[tree.size : tree.size + batch])
        tiles += completed
    assert (tree, tuple(tiles)) == Tree().append(HASHES[: sum(batches)])


def test_every_root_on_the_way_is_that_of_its_prefix() -> None:
    tree = Tree()
    for size in range(1, 601):
        tree, _ = tree.append([HASHES[size - 1]])
        assert tree.size == size
        assert len(tree.peaks) == size.bit_count()
        if size % 37 == 0:
            assert tree.root == mth(LEAVES[:size])


def test_appending_leaves_the_tree_as_it_was() -> None:
    tree, _ = Tree().append(HASHES[:300])
    before = (tree.size, tree.root, tree.unfinished)
    tree.append(HASHES[300:600])
    assert (tree.size, tree.root, tree.unfinished) == before


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 1_000, 5_000])
def test_the_tiles_are_those_of_the_definition(size: int) -> None:
    _, tiles = Tree().append(HASHES[:size])
    assert set(tiles) == tiles_by_definition(size)
    assert len(tiles) == tile_count(size)


def test_a_tile_of_the_second_level_comes_with_the_65_536th_leaf() -> None:
    hashes = [leaf_hash(number.to_bytes(4)) for number in range(65_536)]
    tree, tiles = Tree().append(hashes[:-1])
    assert {tile.level for tile in tiles} == {0}
    tree, last = tree.append(hashes[-1:])
    assert [(tile.level, tile.index) for tile in last] == [(0, 255), (1, 0)]
    assert last[1].hashes == b"".join(root_of(hashes[at : at + 256]) for at in range(0, 65_536, 256))
    assert tree.root == root_of(last[1].hashes[at : at + 32] for at in range(0, 8_192, 32))


@pytest.mark.parametrize(("size", "count"), [(0, 0), (255, 0), (256, 1), (65_535, 255), (65_536, 257), (2**24, 65_793)])
def test_how_many_tiles_a_tree_has(size: int, count: int) -> None:
    assert tile_count(size) == count
