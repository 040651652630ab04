"""Every refusal is one that some code raises and some test provokes; those of the rules, in the specification."""

import ast
import inspect
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from ledger import errors, refusals

ROOT = Path(__file__).parents[2]
BRANCHES = (errors.Malformed, errors.Refused, errors.Contradicted, errors.Unknown, errors.Overtaken)
LEAVES = [leaf for _, leaf in inspect.getmembers(refusals, inspect.isclass) if leaf.__module__ == refusals.__name__]


def names_in(paths: Iterable[Path]) -> frozenset[str]:
    """Every name and every attribute that is used in some files, those of imports included."""
    found: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                    found.add(name)
                case _:
                    pass
    return frozenset(found)


@cache
def used_by_the_rules() -> frozenset[str]:
    return names_in((ROOT / "ledger" / "decisions").rglob("*.py"))


@cache
def used_anywhere() -> frozenset[str]:
    rooms = (path for room in ("ledger", "projections", "api") for path in (ROOT / room).rglob("*.py"))
    return names_in(path for path in rooms if path.name != "refusals.py")


@cache
def specified() -> frozenset[str]:
    return names_in((ROOT / "tests" / "spec").glob("test_*.py"))


@cache
def provoked() -> frozenset[str]:
    return names_in((ROOT / "tests").rglob("test_*.py"))


def test_the_refusals_are_found() -> None:
    assert len(LEAVES) > 70


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_a_refusal_stands_in_the_tree_with_its_rule_and_its_title(leaf: type[errors.LedgerError]) -> None:
    assert [branch for branch in BRANCHES if issubclass(leaf, branch)] == list(leaf.__bases__)
    assert leaf.rule
    assert inspect.getdoc(leaf)


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_some_code_refuses_by_it(leaf: type[errors.LedgerError]) -> None:
    assert leaf.__name__ in used_anywhere()


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_a_test_provokes_it(leaf: type[errors.LedgerError]) -> None:
    by_the_rules = leaf.__name__ in used_by_the_rules()
    assert leaf.__name__ in (specified() if by_the_rules else provoked())
