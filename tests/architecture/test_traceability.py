"""No line of the protocol, no rule of the ledger and no clause without a place in the code and a test."""

import pytest

from ledger.protocol.load import UnreadableProtocol
from ledger.refusals import NotDelegated, ReadinessNotMet
from tests.architecture.clauses import Named, clauses
from tests.architecture.traceability import TABLES, checks, naming, places, refusal_rules, unknown_names

PROCEDURES = {clause.id for clause in clauses().values() if clause.procedure}
LINES = [line.id for lines in TABLES.values() for line in lines()]


def test_the_lines_are_found() -> None:
    assert {"P1", "I2c", "X7", "R1", "A.3-28", "B.1", "G.4-12", "11.10(h)", "11.10(a)", "11.70", "GDPR-17"} <= set(
        LINES
    )
    assert len(set(LINES)) == len(LINES)


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_a_line_has_a_place_and_a_test(line: str) -> None:
    """A clause may be kept by the user's procedure alone; what is kept here is tested here."""
    assert places(line) or line in PROCEDURES
    assert bool(checks(line)) is bool(places(line))


def test_what_is_said_of_a_clause_is_there() -> None:
    named = [(clause.id, each) for clause in clauses().values() for each in (*clause.kept, *clause.tests)]
    assert len(named) > 100
    assert [(clause, each) for clause, each in named if not each.is_there] == []
    assert all(each.name.startswith("test_") for clause in clauses().values() for each in clause.tests)


@pytest.mark.parametrize(
    ("named", "there"),
    [
        (Named("docs/rules.md", ""), True),
        (Named("docs/decisions", ""), True),
        (Named("docs/no-rules.md", ""), False),
        (Named("tests/architecture/clauses.py", "Named"), True),
        (Named("tests/architecture/clauses.py", "ROOT"), True),
        (Named("tests/architecture/clauses.py", "Nam"), False),
        (Named("tests/architecture/clauses.py", "is_there"), False),
    ],
)
def test_a_name_is_there_by_the_whole_of_it(named: Named, there: bool) -> None:
    assert named.is_there is there


@pytest.mark.slow
def test_what_reads_as_a_line_of_the_protocol_is_one() -> None:
    assert unknown_names() == ()


def test_a_refusal_names_a_rule_that_is_told() -> None:
    """Those of the store and of the service name a state that they are in, and no rule."""
    of_rules = ("ledger/refusals.py", "ledger/protocol/")
    rules = {name: rule for name, (rule, path) in refusal_rules().items() if path.startswith(of_rules)}
    assert {NotDelegated.__name__, UnreadableProtocol.__name__} <= set(rules)
    assert {name for name, rule in rules.items() if rule not in LINES} == set()


@pytest.mark.parametrize(
    ("line", "text", "named"),
    [
        ("P1", "the cap (P1, A.3-20)", True),
        ("P1", "P10, P1a, XP1, P1-2 or P1.1", False),
        ("A.3-2", "A.3-20 and A.3-28", False),
        ("A.3-2", "domain A.3-2.", True),
        ("R3", "ICH E6(R3)", False),
        ("D", "domain D", True),
        ("D", "D, or vitamin D", False),
        ("G.4-1", "domain G.4-1, G.4-10", True),
        ("G.4-1", "G.4-10", False),
        ("product-1", "product-1", True),
    ],
)
def test_a_text_names_a_line_by_the_whole_of_its_id(line: str, text: str, named: bool) -> None:
    pattern = naming(line)
    assert pattern is not None
    assert bool(pattern.search(text)) is named


def test_an_id_that_is_a_word_is_named_by_refusals_alone() -> None:
    assert naming("command") is None
    assert {place.how for place in places("command")} == {"enforced"}


def test_a_test_that_provokes_a_refusal_tests_its_rule() -> None:
    assert ReadinessNotMet.rule == "P6"
    found = {(test.path, test.name) for test in checks("P6")}
    assert ("tests/spec/test_authorisation.py", "test_readiness_is_on_record_and_met") in found
