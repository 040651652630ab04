"""The record is asked about, verified and signed while the trial goes on."""

from typing import get_args

from ledger.decisions import queries, review
from ledger.decisions.standing import canonical_hash
from ledger.patient.review import Resolution
from ledger.record import Actor
from tests.bench import NURSE, SPONSOR
from tests.simulation.beginnings import DATA_MANAGER, MONITOR, MONITOR_2, PEOPLE
from tests.simulation.walk import Walk

REVIEWERS: tuple[Actor, ...] = (MONITOR, MONITOR_2, DATA_MANAGER, SPONSOR)


def ask_about(walk: Walk, number: str) -> bool:
    """A question about some record, the patient's or another's."""
    said = sorted(walk.patient(number).review.said)
    about = walk.pick((*said[-5:], walk.chance.randrange(walk.world.size + 1)))
    text = walk.text(walk.pick(("Is it so?", "Who wrote this?")))
    return walk.done(queries.RaiseQuery(patient=number, about=about, text=text), walk.pick(REVIEWERS))


def settle(walk: Walk, number: str) -> bool:
    """A query, if there is one, goes a step on, or somebody tries."""
    known = walk.patient(number).review.queries
    query = walk.pick((*known, len(known) + 1))
    if walk.maybe(0.5):
        walk.ask(
            queries.AnswerQuery(patient=number, query=query, answer=walk.text("It is so.")), walk.pick((NURSE, MONITOR))
        )
    if walk.maybe(0.3):
        walk.ask(queries.ReopenQuery(patient=number, query=query, why=walk.text("Once more.")), walk.pick(REVIEWERS))
    closing = queries.CloseQuery(patient=number, query=query, resolution=walk.pick(get_args(Resolution)))
    return walk.done(closing, walk.pick(REVIEWERS))


def verify(walk: Walk, number: str) -> bool:
    """Some records are compared with the source."""
    said = sorted(walk.patient(number).review.said)
    positions = (*walk.chance.sample(said, min(3, len(said))), *((0,) if walk.maybe(0.1) else ()))
    if not positions:
        return False
    return walk.done(
        review.VerifySource(patient=number, positions=positions, verified_on=walk.today(number)), walk.pick(REVIEWERS)
    )


def endorse(walk: Walk, number: str) -> bool:
    """The data are signed, as they are or as they were."""
    by = walk.pick((walk.doctor(number), walk.doctor(number), walk.pick(PEOPLE)))
    shown = canonical_hash(review.manifest(walk.patient(number), walk.bench))
    if walk.maybe(0.1):
        shown = "0" * 64
    return walk.done(review.EndorseData(patient=number, manifest_hash=shown, meaning="accurate and complete"), by)
