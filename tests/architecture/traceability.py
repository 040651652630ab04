"""Which line is kept where, and which test says so: read from the documents, the code and the tests.

The lines are the rules and interpretations of the bundled protocol, the rules of `docs/rules.md`, and the clauses of
`docs/regulations.yaml`. Whatever keeps a line, or tests it, names it; nothing else is listed by hand:

    a refusal     by its `rule`
    other code    in the docstring of a file, a class, a function or a constant: `(A.3-16)`, `(domain P10)`
    a test        in its docstring or that of its file; in a column `rule` of its cases; or by provoking a refusal

Of clauses, `docs/regulations.yaml` may say it as well (`clauses.py`).
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from ledger.catalogue import EVENTS
from ledger.patient.events import CriterionAssessed, InvestigatorDeterminationSigned
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.load import bundled, load_protocol
from tests.architecture.clauses import clauses

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("ledger", "projections", "api")
DOCUMENT: Final = "nct07256210"
LIKE_A_LINE: Final = re.compile(r"(?<![\w.-])(?<!E6\()(?:A\.3-\d{1,2}|[PIXR]\d{1,2}[a-z]?)(?![\w-]|\.\d)")
"""What reads as a line of the protocol. `E6(R3)` is a guideline."""
ROW: Final = re.compile(r"\| ([^|,]+?)(?:, [^|]+)? \| ([^|]+) \| [^|]+ \|")
"""A row of `docs/rules.md`; `G.4-1, criteria` goes on about rule `G.4-1`."""


class Line(NamedTuple):
    """What has to be kept: its id, where it is written, its words, and what is made of it."""

    id: str
    written: str
    text: str
    made_of_it: str = ""
    procedure: str = ""
    """What the user has to supply."""


class Place(NamedTuple):
    """What keeps a line: how, in which file, under which name; without a name, the file as a whole."""

    how: str
    path: str
    name: str


class Sentence(NamedTuple):
    """A docstring and what it describes."""

    path: str
    name: str
    text: str


@cache
def protocol_document() -> ProtocolDocument:
    return load_protocol(bundled(DOCUMENT))


def protocol_lines() -> tuple[Line, ...]:
    """The rules of the protocol document with the record's lines, then its interpretations."""
    return (*_rules(protocol_document()), *_interpretations(protocol_document()))


def _rules(document: ProtocolDocument) -> Iterator[Line]:
    for rule in document.rules:
        yield Line(rule.id, ", ".join(rule.record), rule.text, rule.machine)


def _interpretations(document: ProtocolDocument) -> Iterator[Line]:
    for each in document.interpretations:
        yield Line(each.id, f"read as `{each.reading}`", each.text, each.meaning)


def domain_lines() -> tuple[Line, ...]:
    """The rules of the ledger itself."""
    rows = (ROW.fullmatch(row) for row in (ROOT / "docs" / "rules.md").read_text(encoding="utf-8").splitlines())
    found: dict[str, Line] = {}
    for row in rows:
        if row is not None and row[1] != "rule":
            found.setdefault(row[1], Line(row[1], "", row[2]))
    return tuple(found.values())


def regulation_lines() -> tuple[Line, ...]:
    """The clauses of regulations and guidelines."""
    return tuple(Line(each.id, each.source, each.text, procedure=each.procedure) for each in clauses().values())


TABLES: Final = {
    "The protocol's lines and how they are read": protocol_lines,
    "The ledger's own rules": domain_lines,
    "Clauses of regulations": regulation_lines,
}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def sentences(path: Path) -> Iterator[Sentence]:
    """Every docstring of a file: its own, those of classes and functions, and those below constants."""
    name = str(path.relative_to(ROOT))
    yield from (Sentence(name, *each) for each in _described(parsed(path), ""))


def _described(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, name: str
) -> Iterator[tuple[str, str]]:
    if text := ast.get_docstring(node):
        yield name, text
    before: ast.stmt | None = None
    for each in node.body:
        match each:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _described(each, f"{name}.{each.name}" if name else each.name)
            case ast.Expr(value=ast.Constant(value=str(text))) if before is not None and (named := _target(before)):
                yield named, text
            case _:
                pass
        before = each


def _target(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return ""


def naming(line: str) -> re.Pattern[str] | None:
    """How a text names a line; none for an id that is a word, which only a refusal names."""
    if re.fullmatch(r"[A-Z]", line):
        return re.compile(rf"(?<=domain ){line}(?![\w.-])")
    if not re.search(r"\d", line):
        return None
    return re.compile(rf"(?<![\w.-])(?<!E6\(){re.escape(line)}(?![\w-]|\.\d)")


def code_files() -> tuple[Path, ...]:
    return tuple(sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")))


def files_of_tests() -> tuple[Path, ...]:
    return tuple(sorted(path for path in (ROOT / "tests").rglob("test_*.py") if path.parent.name != "architecture"))


@cache
def code_sentences() -> tuple[Sentence, ...]:
    return tuple(each for path in code_files() for each in sentences(path))


@cache
def refusal_rules() -> Mapping[str, tuple[str, str]]:
    """Every refusal that some code can give: the name of its class, its rule and its file."""
    found = {}
    for path in code_files():
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef) and (rule := _rule(node)):
                found[node.name] = (rule, str(path.relative_to(ROOT)))
    return dict(sorted(found.items()))


def _rule(node: ast.ClassDef) -> str | None:
    for each in node.body:
        match each:
            case (
                ast.Assign(value=ast.Constant(value=str(rule))) | ast.AnnAssign(value=ast.Constant(value=str(rule)))
            ) if _target(each) == "rule":
                return rule
            case _:
                pass
    return None


def places(line: str) -> tuple[Place, ...]:
    """What keeps a line."""
    found = [Place("enforced", path, name) for name, (rule, path) in refusal_rules().items() if rule == line]
    pattern, events = naming(line), {event.__name__: event.NAME for event in EVENTS.values()}
    for each in code_sentences() if pattern else ():
        if pattern and pattern.search(each.text) and Place("enforced", each.path, each.name) not in found:
            found.append(_place(each, events))
    return (*found, *_answered(line), *_said_of_a_clause(line, events))


def _said_of_a_clause(line: str, events: Mapping[str, str]) -> Iterator[Place]:
    for path, name in clauses()[line].kept if line in clauses() else ():
        in_a_room = path.partition("/")[0] in ROOMS
        yield _place(Sentence(path, name, ""), events) if in_a_room else Place("described", path, name)


def _answered(line: str) -> Iterator[Place]:
    """Of a criterion that a person answers: the event that records the answer."""
    criterion = protocol_document().eligibility.criterion(line)
    if criterion is not None and criterion.assessed_by == "attested":
        yield Place("recorded", "ledger/patient/events.py", CriterionAssessed.NAME)
    if criterion is not None and criterion.assessed_by == "determination":
        yield Place("recorded", "ledger/patient/events.py", InvestigatorDeterminationSigned.NAME)


def _place(sentence: Sentence, events: Mapping[str, str]) -> Place:
    if sentence.name in refusal_rules():
        return Place("enforced", sentence.path, sentence.name)
    if sentence.name in events:
        return Place("recorded", sentence.path, events[sentence.name])
    room = sentence.path.partition("/")[0]
    how = "stated" if sentence.path.startswith("ledger/protocol/") else "computed" if room == "ledger" else "shown"
    return Place(how, sentence.path, sentence.name)


class Tested(NamedTuple):
    """A test, what it says, and the lines that its cases and its provoked refusals stand for."""

    path: str
    name: str
    says: str
    lines: frozenset[str]


@cache
def every_test() -> tuple[Tested, ...]:
    """Every test; a file whose docstring names a line is one entry without a name."""
    return tuple(each for path in files_of_tests() for each in _tests_in(path))


def _tests_in(path: Path) -> Iterator[Tested]:
    tree, name = parsed(path), str(path.relative_to(ROOT))
    values = {_target(each): each.value for each in tree.body if isinstance(each, ast.Assign | ast.AnnAssign)}
    values.pop("", None)
    yield Tested(name, "", ast.get_docstring(tree) or "", frozenset())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            lines = {*_provoked(node, values), *_of_its_cases(node, values)}
            yield Tested(name, node.name, ast.get_docstring(node) or "", frozenset(lines))


def _names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name
            case _:
                pass


def _provoked(test: ast.AST, values: Mapping[str, ast.expr | None]) -> Iterator[str]:
    """The rules of the refusals that a test names, itself or in a table of its file that it uses."""
    named = set(_names(ast.walk(test)))
    for table in named & set(values):
        named |= set(_names(ast.walk(values[table] or ast.Pass())))
    yield from (rule for name, (rule, _) in refusal_rules().items() if name in named)


def _of_its_cases(test: ast.FunctionDef | ast.AsyncFunctionDef, values: Mapping[str, ast.expr | None]) -> Iterator[str]:
    """Where a column of the cases is `rule`: what stands there."""
    for decorator in test.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="parametrize"), args=[columns, cases, *_]):
                if "rule" in set(_texts(columns)):
                    yield from _texts_of_table(cases, values)
            case _:
                pass


def _texts_of_table(cases: ast.AST, values: Mapping[str, ast.expr | None]) -> Iterator[str]:
    """What stands in a table of cases and in the tables of the same file that it is made of."""
    yield from _texts(cases)
    for name in _names(ast.walk(cases)):
        if (table := values.get(name)) is not None:
            yield from _texts_of_table(table, {each: there for each, there in values.items() if each != name})


def _texts(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def checks(line: str) -> tuple[Tested, ...]:
    """The tests of a line."""
    pattern, said = naming(line), set(clauses()[line].tests) if line in clauses() else set()
    found = [each for each in every_test() if line in each.lines or (pattern and pattern.search(each.says))]
    there = {(each.path, each.name) for each in found}
    return (*found, *(Tested(*each, "", frozenset({line})) for each in sorted(said - there)))


def unknown_names() -> tuple[tuple[str, str], ...]:
    """What reads as a line of the protocol in a docstring, and is none: the file and the name."""
    known = {line.id for line in protocol_lines()} | {
        line.id[:-1] for line in protocol_lines() if line.id[-1].islower()
    }
    said = [*code_sentences(), *(Sentence(each.path, each.name, each.says) for each in every_test())]
    return tuple((each.path, name) for each in said for name in LIKE_A_LINE.findall(each.text) if name not in known)
