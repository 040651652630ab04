"""Two people compare patient, product and chain of identity at the bedside, and each signs for herself (G.4-4)."""

import pytest

from ledger import refusals as no
from ledger.decisions.bedside import SignBedsideCheck
from ledger.decisions.meanings import meaning_of
from ledger.errors import LedgerError
from ledger.patient.infusion_record import BedsideCheckSigned
from ledger.record import Actor
from tests import patients as p
from tests.bench import CHECKER, COMMITTEE, INVESTIGATOR, NURSE, PI, QA, SPONSOR, Bench
from tests.spec.story import deviations, only, told


def check(**other: object) -> SignBedsideCheck:
    content = {"patient": "001", "ordinal": 1, "product": "NK-001", "chain_of_identity": "COI-001", **other}
    return SignBedsideCheck.model_validate(content)


def at_the_bedside() -> Bench:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    return bench


@pytest.mark.parametrize("who", [CHECKER, NURSE, INVESTIGATOR, PI])
def test_whoever_checks_signs_for_herself(who: Actor) -> None:
    signed = only(BedsideCheckSigned, at_the_bedside().ask(check(), who))
    assert (signed.checker, signed.product, signed.chain_of_identity) == (who.id, "NK-001", "COI-001")


def test_it_is_signed_and_its_meaning_is_in_words() -> None:
    assert meaning_of(check()) == "I compared patient, product and chain of identity at the bedside, and they match"


@pytest.mark.parametrize("who", [COMMITTEE, SPONSOR, QA])
def test_who_is_not_at_the_bedside_does_not(who: Actor) -> None:
    bench = at_the_bedside()
    with bench.refuses(no.NotDelegated):
        bench.ask(check(), who)


@pytest.mark.parametrize(
    ("read", "refusal"),
    [
        ({"chain_of_identity": "COI-002"}, no.IdentityDoesNotMatch),
        ({"product": "NK-009"}, no.ProductUnknown),
        ({"ordinal": 9}, no.NotInProtocol),
    ],
)
def test_nobody_signs_that_a_bag_matches_which_does_not(read: dict[str, object], refusal: type[LedgerError]) -> None:
    bench = at_the_bedside()
    with bench.refuses(refusal):
        bench.ask(check(**read), CHECKER)


def test_nor_the_bag_of_another_patient() -> None:
    bench = told("1AA")
    with bench.refuses(no.RecipientDiffers):
        bench.ask(check(product="NK-002", chain_of_identity="COI-002"), CHECKER)


def test_an_infusion_is_on_record_whoever_has_not_signed() -> None:
    bench = at_the_bedside()
    bench.ask(check(), CHECKER)
    assert not deviations(p.infuse(bench, "001", 1))
    assert only(BedsideCheckSigned, bench.ask(check(), NURSE)).checker == "nina"
