"""Every proof verifies, no changed one does, and both are those of the RFC's own definition."""

import random
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.evidence.merkle import leaf_hash
from ledger.evidence.proofs import Prover
from ledger.evidence.verify import Bad, check_consistency, prefix_roots, root_by_inclusion
from tests.evidence import rfc9162
from tests.evidence.grown import Grown
from tests.examples import examples

LEAVES = [number.to_bytes(4) for number in range(100_000)]
SIZES = [*range(1, 65), *(pytest.param(size, marks=pytest.mark.slow) for size in range(65, 301))]


@cache
def grown(size: int) -> Grown:
    return Grown(LEAVES[:size])


def mutations(proof: Sequence[bytes], chance: random.Random) -> list[tuple[bytes, ...]]:
    """A proof with one bit changed, one hash left out, one twice, two swapped, one too many."""
    found = [(*proof, bytes(32))]
    if proof:
        at, bit = chance.randrange(len(proof)), chance.randrange(256)
        changed = bytearray(proof[at])
        changed[bit // 8] ^= 1 << bit % 8
        found.append((*proof[:at], bytes(changed), *proof[at + 1 :]))
        found.append((*proof[:at], *proof[at + 1 :]))
        found.append((*proof[:at], proof[at], *proof[at:]))
    if len(proof) > 1:
        found.append((proof[1], proof[0], *proof[2:]))
    return found


def holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except (Bad, AssertionError):
        return False
    return True


def includes(index: int, size: int, proof: Sequence[bytes], root: bytes, leaf: bytes) -> bool:
    def check() -> None:
        assert root_by_inclusion(leaf_hash(leaf), index, size, proof) == root

    return holds(check)


def continues(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    return holds(lambda: check_consistency(old, old_root, size, root, proof))


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_of_a_tree_is_proven_and_by_its_own_proof_only(size: int) -> None:
    prover, root, chance = Prover(grown(300)), grown(size).tree.root, random.Random(size)
    for index in range(size):
        proof = prover.inclusion(index, size)
        assert includes(index, size, proof, root, LEAVES[index])
        assert not includes(index, size, proof, root, LEAVES[size])
        assert not any(includes(index, size, each, root, LEAVES[index]) for each in mutations(proof, chance))
        other = chance.randrange(size)
        assert other == index or not includes(other, size, proof, root, LEAVES[index])


@pytest.mark.parametrize("size", SIZES)
def test_every_older_tree_is_proven_a_prefix_and_no_other_tree_is(size: int) -> None:
    prover, chance = Prover(grown(300)), random.Random(size)
    roots = prefix_roots([leaf_hash(leaf) for leaf in LEAVES[:size]], range(size + 1))
    for old in range(size + 1):
        proof = prover.consistency(old, size)
        assert continues(old, roots[old], size, roots[size], proof)
        assert not any(continues(old, roots[old], size, roots[size], each) for each in mutations(proof, chance))
        if old:
            assert not continues(old, roots[old - 1], size, roots[size], proof)
        if 0 < old < size:
            assert not continues(old, roots[old], size, roots[size - 1], proof)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 31, 32, 33, 100, 255, 256, 257, 300])
def test_the_proofs_are_those_of_the_definition(size: int) -> None:
    prover, leaves = Prover(grown(size)), LEAVES[:size]
    assert [list(prover.inclusion(index, size)) for index in range(size)] == [
        rfc9162.path(index, leaves) for index in range(size)
    ]
    assert [list(prover.consistency(old, size)) for old in range(1, size)] == [
        rfc9162.proof(old, leaves) for old in range(1, size)
    ]


@settings(max_examples=examples(25), deadline=None)
@given(st.data())
def test_large_trees_too(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    prover = Prover(grown(len(LEAVES)))
    roots = prefix_roots([leaf_hash(leaf) for leaf in LEAVES[:size]], (old, size))
    inclusion, consistency = prover.inclusion(index, size), prover.consistency(old, size)
    assert includes(index, size, inclusion, roots[size], LEAVES[index])
    assert continues(old, roots[old], size, roots[size], consistency)
    chance = random.Random(size)
    assert not any(includes(index, size, each, roots[size], LEAVES[index]) for each in mutations(inclusion, chance))
    for each in mutations(consistency, chance):
        assert not continues(old, roots[old], size, roots[size], each)


@settings(max_examples=examples(5), deadline=None)
@given(st.integers(300, 3_000), st.data())
def test_larger_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    leaves, prover = LEAVES[:size], Prover(grown(len(LEAVES)))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size - 1))
    assert list(prover.inclusion(index, size)) == rfc9162.path(index, leaves)
    assert list(prover.consistency(old, size)) == rfc9162.proof(old, leaves)
    assert prover.root(0, size) == rfc9162.mth(leaves)
