"""What the committee does: rules on candidates, lifts holds, decides on doses."""

from collections.abc import Sequence

from ledger.decisions import dlt, holds
from ledger.decisions.behind import against_first_dose
from ledger.decisions.dose_decision import ProposeDoseDecision, SignDoseDecision, is_open
from ledger.decisions.dose_outcomes import advised_outcome, against_entering
from ledger.decisions.effects import standing_cause
from ledger.decisions.expansion import crossed_levels
from ledger.decisions.notices import AcknowledgeNotice, waits_for
from ledger.decisions.standing import advice, inputs_hash, level_received
from ledger.designs.base import Await
from ledger.patient.state import Patient
from ledger.record import Actor
from tests.bench import COMMITTEE, COMMITTEE_2, INVESTIGATOR, PI, SPONSOR
from tests.simulation.beginnings import QUORUM
from tests.simulation.reporting import review
from tests.simulation.walk import Walk


def sit(walk: Walk) -> bool:
    """The next thing that the committee can do; False where there is nothing."""
    return rule_next(walk) or rule_where_received(walk) or circulate(walk) or decide_next(walk) or lift_next(walk)


def rule_next(walk: Walk) -> bool:
    """One open candidate is ruled."""
    for number in walk.numbers():
        patient = walk.patient(number)
        if patient.open_candidates and patient.level is not None:
            subject = walk.pick(patient.open_candidates)
            return rule(walk, patient, subject, is_dlt=walk.maybe(0.6))
    return False


def rule(walk: Walk, patient: Patient, subject: str, *, is_dlt: bool) -> bool:
    """*Is a DLT* by one; *is not* by two people and the committee."""
    known = patient.rulings.get(subject)
    event = patient.adverse_events.get(int(subject.rpartition("/")[2])) if subject.startswith("adverse") else None
    grade = event.grade if event else None
    command = dlt.RuleOnDlt.model_validate(
        {
            "patient": patient.number,
            "subject": subject,
            "is_dlt": is_dlt,
            "revision": known.event.revision + 1 if known else 1,
            "toxicity": event.report.toxicity if event else None,
            "grade": max(grade or 0, 3) if is_dlt else grade,
            "rationale": walk.text("as discussed"),
        }
    )
    signers: Sequence[Actor] = (walk.pick((PI, INVESTIGATOR, SPONSOR, COMMITTEE)),)
    if not is_dlt:
        signers = (walk.pick((PI, INVESTIGATOR)), SPONSOR, walk.pick((COMMITTEE, COMMITTEE_2)))
    signed = [walk.done(command, by) for by in walk.chance.sample(signers, len(signers))]
    return all(signed)


def rule_where_received(walk: Walk) -> bool:
    """A DLT on a lower level's dose counts there, by the committee and one more; mostly the hold is lifted instead."""
    for number in walk.numbers():
        patient = walk.patient(number)
        level = level_received(patient, walk.protocol) if patient.has_dlt else None
        if patient.level is None or level is None or patient.open_candidates or not walk.maybe(0.1):
            continue
        known = walk.world.cohort(patient.level).members[number]
        if known.determination is None or known.determination.at_level is None:
            command = dlt.DetermineEvaluability(
                patient=number, evaluable=True, reason="dose received", revision=known.revision + 1, at_level=level
            )
            signed = [walk.done(command, by) for by in (walk.pick((PI, SPONSOR)), COMMITTEE)]
            return all(signed)
    return False


def circulate(walk: Walk) -> bool:
    """A decision that was taken reaches those who dose."""
    for decision in walk.world.trial.decisions.values():
        waiting = waits_for(walk.world, decision.taken) if decision.taken is not None else ()
        if decision.taken is not None and waiting:
            content = {"about": decision.taken, "by": "nina", "acknowledged_at": walk.bench.now}
            commands = [AcknowledgeNotice.model_validate({**content, "party": party}) for party in waiting]
            return all(walk.done(command, PI) for command in commands)
    return False


def decide_next(walk: Walk) -> bool:
    """What the design advises is decided, where it asks for a decision."""
    trial, given = walk.world.trial, advice(walk.world, walk.protocol)
    if trial.phase_one_over and not trial.stopped:
        return decide_on_phase_two(walk)
    outcome, level = advised_outcome(given, walk.world)
    if not trial.stopped and outcome == "stay" and level is not None and any(against_first_dose(walk.world, level)):
        return decide(walk, "stay", level)
    if trial.stopped or outcome == "stay" or isinstance(given, Await):
        return False
    opened = level is not None and walk.world.cohort(level).opened
    if trial.held(None) is not None or (outcome in ("escalate", "de_escalate") and opened):
        return False
    if outcome == "de_escalate" and level == walk.protocol.start:
        return False
    return decide(walk, outcome, level)


def decide_on_phase_two(walk: Walk) -> bool:
    """Phase II is entered as soon as it may be; crossed, its boundary stops the trial."""
    if crossed_levels(walk.world, walk.protocol):
        return decide(walk, "stop", None)
    rp2d = walk.world.trial.rp2d
    if any(against_entering(walk.world, walk.protocol, rp2d)):
        return False
    return decide(walk, "enter_phase_two", rp2d)


def decide(
    walk: Walk,
    outcome: str,
    level: int | None,
    *,
    override: str | None = None,
    signers: Sequence[Actor] = QUORUM,
    vote: str = "agree",
) -> bool:
    """Proposed by one and signed by the others, one after another, until it is taken."""
    number = propose(walk, outcome, level, override)
    if number is None:
        return False
    for by in signers:
        if is_open(walk.world, walk.world.trial.decisions[number]):
            sign(walk, number, by, vote if by is signers[-1] else "agree")
    return walk.world.trial.decisions[number].taken_at is not None


def propose(walk: Walk, outcome: str, level: int | None, override: str | None = None) -> int | None:
    """The number of the decision that waits for signatures; None where it was refused."""
    command = ProposeDoseDecision.model_validate(
        {
            "outcome": outcome,
            "to_level": level,
            "dossier_hash": inputs_hash(walk.world, walk.bench.docket().version()),
            "override": walk.text(override) if override else None,
        }
    )
    if not walk.done(command, walk.pick((SPONSOR, PI))):
        return None
    return max(
        number
        for number, decision in walk.world.trial.decisions.items()
        if (decision.outcome, decision.to_level, decision.inputs_hash) == (outcome, level, command.dossier_hash)
    )


def sign(walk: Walk, number: int, by: Actor, vote: str = "agree") -> bool:
    dossier = walk.world.trial.decisions[number].inputs_hash or "00" * 32
    meaning = "I have reviewed the dossier"
    return walk.done(SignDoseDecision(decision=number, vote=vote, meaning=meaning, dossier_hash=dossier), by)


def lift_next(walk: Walk) -> bool:
    """One hold whose cause no longer stands is lifted after review."""
    trial = walk.world.trial
    for number, hold in sorted(trial.holds.items()):
        if not hold.lifted and not standing_cause(walk.world, walk.protocol, hold):
            if hold.needs_review and not review(walk, (number,)):
                continue
            return walk.done(holds.LiftHold(hold=number, review=walk.text("reviewed")), COMMITTEE)
    return False
