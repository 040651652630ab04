"""A signer holds the delegated role at signing time, and nobody gives a role to himself (domain G.4-9)."""

from datetime import date, timedelta

import pytest

from ledger import refusals as no
from ledger.decisions import dlt, screening, setup
from ledger.record import Actor
from ledger.types import Role
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, PI, SITE, SPONSOR, TRAINED, Bench, person
from tests.spec.story import trial

SUB = person("sofia", "investigator")


def grant(bench: Bench, to: Actor, by: Actor = PI, from_on: date | None = None, to_on: date | None = None) -> None:
    delegation = setup.DelegateRole(
        person=to.id,
        role=to.role,  # type: ignore[arg-type]
        site=to.site,
        from_on=from_on or bench.now.date(),
        to_on=to_on,
        training=TRAINED,
    )
    bench.ask(delegation, by)


def revoke(bench: Bench, who: Actor, by: Actor = PI) -> None:
    ended = setup.RevokeRole(person=who.id, role=who.role, site=who.site, ends_on=bench.now.date())  # type: ignore[arg-type]
    bench.ask(ended, by)


def ready_for_signature(bench: Bench) -> screening.ConfirmEligibility:
    """A patient whose eligibility an investigator may sign."""
    p.screen(bench, "001")
    bench.pass_days(1)
    p.find(bench, "001", lansky_percent="90")
    return screening.ConfirmEligibility(patient="001")


def test_a_signature_needs_the_role_on_the_day() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, SUB)
    grant(bench, SUB)
    bench.ask(command, SUB)


def test_a_role_begins_on_its_first_day_and_ends_after_its_last() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    tomorrow = bench.now.date() + timedelta(days=1)
    grant(bench, SUB, from_on=tomorrow, to_on=tomorrow)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, SUB)
    bench.pass_days(2)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, SUB)
    bench.pass_days(-1)
    bench.ask(command, SUB)


def test_a_revoked_role_ends_with_its_day() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    revoke(bench, INVESTIGATOR)
    bench.pass_days(1)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, INVESTIGATOR)


def test_a_role_that_was_given_again_can_be_revoked_again_on_the_same_day() -> None:
    bench = trial()
    grant(bench, SUB)
    revoke(bench, SUB)
    grant(bench, SUB)
    assert bench.world.trial.delegated(SUB.id, SUB.role, SITE, bench.now.date() + timedelta(days=1))
    revoke(bench, SUB)
    assert not bench.world.trial.delegated(SUB.id, SUB.role, SITE, bench.now.date() + timedelta(days=1))


def test_a_role_is_held_at_its_site_only() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, person("ivan", "investigator", "ELSEWHERE"))


def test_the_account_has_to_act_in_the_role_that_was_delegated() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, person("maria", "investigator"))


@pytest.mark.parametrize("by", [PI, SPONSOR])
def test_nobody_delegates_to_himself(by: Actor) -> None:
    bench = trial()
    role: Role = "investigator" if by is PI else "safety_committee"
    mine = setup.DelegateRole(
        person=by.id, role=role, site=by.site, from_on=bench.now.date(), to_on=None, training=TRAINED
    )
    with bench.refuses(no.MayNotDelegate):
        bench.ask(mine, by)


def test_the_principal_investigator_delegates_at_his_own_site_only_and_no_sponsors_role() -> None:
    bench = trial()
    with bench.refuses(no.MayNotDelegate):
        grant(bench, person("sofia", "investigator", "ELSEWHERE"), PI)
    with bench.refuses(no.MayNotDelegate):
        grant(bench, person("sofia", "investigator", None), PI)
    with bench.refuses(no.MayNotDelegate):
        grant(bench, person("sofia", "safety_committee", None), PI)


def test_an_investigator_delegates_nothing() -> None:
    bench = trial()
    with bench.refuses(no.NotDelegated):
        grant(bench, SUB, INVESTIGATOR)


def test_a_delegation_that_was_never_given_is_not_revoked() -> None:
    bench = trial()
    with bench.refuses(no.NothingToTake):
        revoke(bench, SUB)


def test_a_coordinator_signs_nothing_that_an_investigator_signs() -> None:
    bench = trial()
    command = ready_for_signature(bench)
    for who in (NURSE, COMMITTEE):
        with bench.refuses(no.NotDelegated):
            bench.ask(command, who)
    ruling = dlt.RuleOnDlt(
        patient="001", subject="death", is_dlt=True, revision=1, rationale=bench.seal("as discussed")
    )
    with bench.refuses(no.NotDelegated):
        bench.ask(ruling, NURSE)
