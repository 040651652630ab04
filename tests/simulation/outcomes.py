"""Decisions, declarations, holds and marks, each held against the design and the quorum (domain B.1, G.4-3, G.4-5)."""

from ledger.cohort import events as c
from ledger.decisions.dose_decision import ReportPaperDecision
from ledger.decisions.setup import ApproveProtocolVersion
from ledger.patient import events as e
from ledger.patient import infusions as i
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record
from ledger.trial import dosing as d
from tests.simulation.found import claim
from tests.simulation.permissions import Moment
from tests.simulation.phase_two import check_entered
from tests.simulation.reading import as_b1, candidates_at, must_wait, step
from tests.simulation.seen import Seen

EXPOSING = ("escalate", "expand", "reopen", "de_escalate")


FOR_REVIEW = {
    "death",
    "late-sterility",
    "infusion-reaction",
    "related-toxicity",
    "acute-gvhd",
    "primary-graft-failure",
    "severe-sos",
}
"""The causes of A.3-19."""


def check_outcome(seen: Seen, record: Record, moment: Moment, *, on_paper: bool) -> None:
    """`Found`, where a record is a decision, or the consequence of one, that nothing bears."""
    check_entered(seen, record, moment.protocol, on_paper=on_paper or isinstance(moment.command, ReportPaperDecision))
    match record.event:
        case d.DoseDecisionTaken(on_paper=False) as taken if not on_paper:
            _check_quorum(seen, moment, taken.decision)
            _check_taken(seen, moment, taken)
        case c.CohortOpened(decision=decision):
            if decision is None:
                claim(
                    on_paper or record.level == moment.protocol.start,
                    "a level other than the start opened without a decision",
                )
            else:
                claim(seen.taken[decision].to_level == record.level, "a level opened that was not decided on")
        case c.CohortExpanded(decision=decision) | c.CohortReopened(decision=decision):
            claim(seen.taken[decision].to_level == record.level, "a level was filled that was not decided on")
        case c.CohortCleared():
            _check_cleared(seen, record)
        case c.DltWindowReplanned() as replanned:
            _check_replanned(seen, record, moment, replanned)
        case d.HoldLifted(hold=hold):
            claim(record.actor.role == "safety_committee", f"hold {hold} was lifted by another than the committee")
            held = seen.holds[hold]
            if not on_paper and held.automatic and held.cause in FOR_REVIEW:
                said = [review for review in seen.reviews if hold in review.about_holds]
                last = max(said, key=lambda review: (review.held_at, review.review), default=None)
                claim(last is not None and last.recommendation == "resume", f"hold {hold} was lifted without a review")
        case _:
            pass


def _check_quorum(seen: Seen, moment: Moment, number: int) -> None:
    """Distinct people, each seat filled, nobody against; to hold or stop, one other than the proposer is enough. Where
    the protocol asks for no unanimity: more than half of the seats, and one of each role."""
    votes, outcome, quorum = seen.votes[number], seen.proposed[number].outcome, moment.protocol.quorum
    agreeing = {member: vote for member, vote in votes.items() if vote.vote == "agree"}
    claim(not quorum.unanimous_to_escalate or agreeing == votes, f"decision {number} was taken against a vote")
    claim(all(vote.dossier_hash == seen.proposed[number].inputs_hash for vote in votes.values()), "another dossier")
    if outcome in ("hold", "stop"):
        claim(any(member != seen.proposers[number] for member in agreeing), "one person alone decided")
        return
    roles = [vote.role for vote in agreeing.values()]
    most = 2 * len(roles) > max(len(votes), sum(quorum.seats().values()))
    claim(quorum.unanimous_to_escalate or most, f"decision {number} was taken by {len(roles)} of {len(votes)}")
    for role, seats in quorum.seats().items():
        needed = seats if quorum.unanimous_to_escalate else 1
        claim(roles.count(role) >= needed, f"decision {number} was taken with the roles {roles}")


def _check_taken(seen: Seen, moment: Moment, taken: d.DoseDecisionTaken) -> None:
    """The outcome is the design's, or one to its right with an override."""
    outcome, level, overridden = taken.outcome, taken.to_level, seen.proposed[taken.decision].override is not None
    if outcome in EXPOSING:
        claim(not seen.stopped and not seen.holds_in_force(None), f"{outcome} was decided in a trial that is held")
    if outcome in ("hold", "stop"):
        return
    assert level is not None
    if outcome == "reopen":
        claim(seen.cohort(level).exceeded and seen.cohort(level).dlts <= 1, "reopened, but not after a DLT taken back")
        return
    claim(not seen.cohort(level).exceeded, f"{outcome} at level {level}, which is exceeded")
    if as_b1(moment.protocol.design):
        _check_with_b1(seen, moment, outcome, level, overridden)


def _check_with_b1(seen: Seen, moment: Moment, outcome: str, level: int, overridden: bool) -> None:
    said = step(seen, moment.protocol)
    waits = must_wait(seen, moment.protocol, said)
    text = f"{outcome} {level} was decided; B.1 says {said}{', once nothing is open' if waits else ''}"
    match outcome:
        case "escalate":
            claim(not waits, text)
            claim(said == ("escalate", level) or (overridden and said[0] == "escalate" and level <= said[1]), text)  # type: ignore[operator]
        case "declare_mtd" | "declare_mtd_not_reached":
            claim(not waits and said == ("mtd" if outcome == "declare_mtd" else "top", level), text)
        case "de_escalate":
            claim(overridden or (not waits and said in (("open", level), ("treat3", level))), text)
        case "expand":
            claim(overridden or said == ("treat6", level), text)
        case _:
            pass


def _check_replanned(seen: Seen, record: Record, moment: Moment, replanned: c.DltWindowReplanned) -> None:
    """A window moves with the infusions; an amendment never shortens it."""
    window = seen.cohort(record.level or 0).members[replanned.patient].window
    assert window is not None
    claim(replanned.days_after_last_infusion_count >= window.days, "a window was given fewer days")
    amended = isinstance(moment.command, ApproveProtocolVersion)
    claim(not amended or replanned.planned_to_on >= window.to_on, "an amendment shortened an open window")


def _check_cleared(seen: Seen, record: Record) -> None:
    assert isinstance(record.event, c.CohortCleared)
    assert record.level is not None
    cohort = seen.cohort(record.level)
    n, t = cohort.count(True), cohort.dlts
    claim((n, t) == (record.event.evaluable_count, record.event.dlt_count), f"cleared on other counts than {n}, {t}")
    claim((n >= 3 and t == 0) or (n >= 6 and t <= 1), f"cleared with {t} DLTs in {n}")
    claim(cohort.count(None) == 0, "cleared while patients are observed")
    claim(candidates_at(seen, cohort) == 0, "cleared while a candidate DLT is open")
    claim(not cohort.exceeded, "cleared although exceeded")


def check_facts(seen: Seen, appended: tuple[Record, ...], protocol: ProtocolDocument) -> None:
    """What was given without permission is flagged and held in the same append; a death is; an overdose is flagged."""
    for record in appended:
        if record.conflicts_with is not None or record.corrects is not None:
            continue
        match record.event:
            case i.InfusionStarted() as begun:
                _check_begun(seen, record, begun, appended)
            case i.InfusionCompleted(percent_of_plan=percent) if _above(percent, protocol.overdose_percent):
                claim("Overdose" in _deviations(appended), "an overdose was not flagged")
            case _:
                pass


def _check_begun(seen: Seen, record: Record, begun: i.InfusionStarted, appended: tuple[Record, ...]) -> None:
    patient = seen.patients[record.patient or ""]
    allowed = patient.authorised.get(begun.ordinal)
    covered = (
        allowed is not None
        and begun.started_at <= allowed.valid_until
        and (allowed.product, allowed.level) == (begun.product, begun.level)
    )
    if not covered:
        claim("NotAuthorised" in _deviations(appended), "a dose without permission was not flagged")
        held = any(isinstance(each.event, d.HoldApplied) for each in appended)
        claim(held, "a dose without permission set no hold")


def _deviations(appended: tuple[Record, ...]) -> set[str]:
    return {each.event.kind for each in appended if isinstance(each.event, e.ProtocolDeviationRecorded)}


def _above(percent: str, limit: int) -> bool:
    numerator, _, denominator = percent.partition("/")
    return int(numerator) > limit * int(denominator or 1)
