"""No line of the protocol, no rule of the ledger and no clause without a place in the code and a test."""

import pytest

from ledger.protocol.load import UnreadableProtocol
from ledger.refusals import NotDelegated, ReadinessNotMet
from tests.architecture.traceability import TABLES, checks, naming, places, refusal_rules, unknown_names

LINES = [line.id for lines in TABLES.values() for line in lines()]


def test_the_lines_are_found() -> None:
    assert {"P1", "I2c", "X7", "R1", "A.3-28", "B.1", "G.4-12", "11.10(h)"} <= set(LINES)
    assert len(set(LINES)) == len(LINES)


@pytest.mark.parametrize("line", LINES)
def test_a_line_has_a_place_and_a_test(line: str) -> None:
    assert places(line)
    assert checks(line)


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
