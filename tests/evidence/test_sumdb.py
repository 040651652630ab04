"""Roots and proofs are those of golang.org/x/mod/sumdb/tlog 0.7.0 (Debian's golang-golang-x-mod-dev 0.7.0-1).

`tests/interop/vectors` wrote them into `sumdb.json`; `make interop` has the same package read a served log.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.evidence.merkle import leaf_hash, root_of
from ledger.evidence.proofs import Prover
from ledger.evidence.verify import check_consistency, root_by_inclusion
from tests.evidence.grown import Grown

TREES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("sumdb.json").read_text(encoding="utf-8"))


def entries(size: int) -> list[bytes]:
    return [str(number).encode() for number in range(size)]


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: str(tree["size"]))
def test_go_makes_the_same_trees_and_proofs(tree: dict[str, Any]) -> None:
    size, leaves = tree["size"], entries(tree["size"])
    hashes, prover, root = list(map(leaf_hash, leaves)), Prover(Grown(leaves)), bytes.fromhex(tree["root"])
    assert root_of(hashes) == root
    assert len(tree["inclusion"]) >= 1
    for made in tree["inclusion"]:
        path = [bytes.fromhex(each) for each in made["hashes"]]
        assert list(prover.inclusion(made["at"], size)) == path
        assert root_by_inclusion(hashes[made["at"]], made["at"], size, path) == root
    for made in tree["consistency"]:
        path = [bytes.fromhex(each) for each in made["hashes"]]
        assert list(prover.consistency(made["at"], size)) == path
        check_consistency(made["at"], root_of(hashes[: made["at"]]), size, root, path)
