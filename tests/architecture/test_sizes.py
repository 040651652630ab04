"""A file fits in the head, a function on a screen."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_FILE_LINES = 300
LONGEST_FUNCTION_LINES = 50
VOCABULARIES = {Path("ledger/refusals.py")}
"""Lists of small entries of one kind, looked up by name and never read through."""

COPIED_ALONE = {Path("ledger/evidence/verify.py")}
"""A program that has to be one file, since it is carried to a machine that has nothing else of ours."""

FILES = sorted(path for room in ("ledger", "projections", "api") for path in (ROOT / room).rglob("*.py"))


def functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every function's name with its length in lines, from `def` to its end, docstring included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def test_the_rooms_are_found() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == {"ledger", "projections", "api"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_and_its_functions_are_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    length_lines = len(source.splitlines())
    assert length_lines <= LONGEST_FILE_LINES or path.relative_to(ROOT) in VOCABULARIES | COPIED_ALONE
    assert [found for found in functions(ast.parse(source)) if found[1] > LONGEST_FUNCTION_LINES] == []


def test_a_function_is_counted_from_def_to_its_end() -> None:
    source = '@decorated\nasync def outer() -> None:\n    """Said."""\n\n    def inner() -> None:\n        pass\n'
    assert list(functions(ast.parse(source))) == [("outer", 5), ("inner", 2)]
