"""What happens to the trial as a whole: holds, votes, overrides, amendments, delegations, machines, paper."""

from datetime import timedelta
from typing import Any, Final, get_args

from ledger.decisions import dlt, dose_decision, enrolment, holds, notices, quarantine, safety, screening, setup
from ledger.decisions.docket import Command
from ledger.decisions.dose_decision import is_open
from ledger.decisions.dose_outcomes import advised_outcome
from ledger.decisions.standing import advice
from ledger.record import Source
from ledger.trial.dosing import Outcome
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, PI, SITE, SPONSOR, TRAINED
from tests.simulation.beginnings import FAR_SITE, INVESTIGATOR_2, PEOPLE, QUORUM, varied
from tests.simulation.committee import decide, lift_next, propose, sign
from tests.simulation.dosing import authorisation
from tests.simulation.walk import Walk


def hold(walk: Walk, _: str) -> bool:
    level = walk.pick((None, *walk.protocol.levels()))
    content = {"scope": "trial" if level is None else "level", "level": level}
    cause = walk.pick(("safety-concern", "logistics", "other"))
    return walk.done(holds.ApplyHold.model_validate({**content, "cause": cause}), walk.pick((PI, NURSE, COMMITTEE)))


def lift(walk: Walk, _: str) -> bool:
    """Any hold at all, by someone."""
    number = walk.chance.randint(1, len(walk.world.trial.holds) + 1)
    review = walk.text("reviewed")
    return walk.done(holds.LiftHold(hold=number, review=review), walk.pick((COMMITTEE, COMMITTEE, PI)))


def any_outcome(walk: Walk) -> tuple[str, int | None]:
    outcome = walk.pick([each for each in get_args(Outcome) if each != "stop"] + (["stop"] if walk.maybe(0.1) else []))
    return outcome, None if outcome == "stop" or walk.maybe(0.1) else walk.pick(walk.protocol.levels())


def decide_anything(walk: Walk, _: str) -> bool:
    """An outcome as somebody would like it, with or without an override."""
    outcome, level = any_outcome(walk)
    return decide(walk, outcome, level, override=walk.pick((None, "we would rather be careful")))


def vote_down(walk: Walk, _: str) -> bool:
    """What the design advises is proposed, and one member disagrees; later he is asked again."""
    outcome, level = advised_outcome(advice(walk.world, walk.protocol), walk.world)
    signers = walk.chance.sample(QUORUM, 2)
    if decide(walk, outcome, level, signers=signers, vote="disagree"):
        return True
    number = len(walk.world.trial.decisions)
    return number > 0 and sign(walk, number, walk.pick(signers), walk.pick(("agree", "disagree")))


def sign_in_part(walk: Walk, _: str) -> bool:
    """A proposal waits for the last signatures while the trial goes on."""
    outcome, level = advised_outcome(advice(walk.world, walk.protocol), walk.world)
    number = propose(walk, outcome, level)
    return number is not None and sign(walk, number, walk.pick(QUORUM))


def sign_what_waits(walk: Walk, _: str) -> bool:
    """Whatever waits is signed by everyone, stale or not."""
    waiting = [number for number, decision in walk.world.trial.decisions.items() if is_open(walk.world, decision)]
    signed = [sign(walk, max(waiting), by) for by in QUORUM if waiting]
    return all(signed)


def acknowledge(walk: Walk, _: str) -> bool:
    """A notice of any kind, or none, by somebody of a party, or of no party."""
    about = walk.pick((walk.chance.randrange(walk.world.size), *walk.world.notices))
    party = walk.pick(("ward", "cell_laboratory", "pharmacy", "clinic", "kitchen"))
    at = walk.bench.now - timedelta(hours=walk.chance.randrange(40))
    command = notices.AcknowledgeNotice(about=about, party=party, by=walk.pick(("nina", "boris")), acknowledged_at=at)
    return walk.done(command, PI)


def reopen(walk: Walk, _: str) -> bool:
    """An exceeded level is looked at again, after a DLT was taken back or not."""
    exceeded = [cohort.level for cohort in walk.world.cohorts.values() if cohort.exceeded]
    return bool(exceeded) and decide(walk, "reopen", walk.pick(exceeded))


OTHER_PHASE_TWO: Final = (
    {"hold_at_every_dlt": False},
    {"first_is_sentinel": False},
    {"counts_phase_1_at_rp2d": False},
    {"boundary": {"kind": "table", "steps": [{"dlt_count": 2, "through_treated_count": 4}]}},
    {"boundary": {"kind": "rate", "dlt_rate": "1/6", "from_treated_count": 6}},
)


def amend(walk: Walk, _: str) -> bool:
    """A new protocol version, from today or from a later day; sometimes it is never approved."""
    days = walk.protocol.dlt_window.days_after_last_infusion
    changes: dict[str, Any] = walk.pick(
        (
            {"dlt_window": {"days_after_last_infusion": days + 14}},
            {"dlt_window": {"days_after_last_infusion": max(21, days - 7)}},
            {"enrolment_cap": walk.protocol.enrolment_cap + 6},
            {"sentinel": {"observation_days": 7}},
            {"reservation_days": 7},
            {"overdose_percent": 120},
            {"quorum": {"unanimous_to_escalate": not walk.protocol.quorum.unanimous_to_escalate}},
            *(({"phase_2": walk.pick(OTHER_PHASE_TWO)},) if walk.protocol.phase_2 is not None else ()),
        )
    )
    number = len(walk.world.trial.versions) + 1
    day = walk.bench.now.date() + timedelta(days=walk.pick((0, 0, 1, 10, 40)))
    document = varied(walk.protocol, **changes).model_dump(mode="json")
    author, second = walk.pick(((SPONSOR, PI), (PI, SPONSOR)))
    proposed = setup.ProposeProtocolVersion(version=number, effective_on=day, document=document)
    if not walk.done(proposed, author):
        return False
    digest = walk.world.trial.versions[number].sha256
    approval = setup.ApproveProtocolVersion(version=number, document_sha256=digest)
    if walk.maybe(0.2):
        walk.ask(approval, walk.pick((author, second)))
    approved_on = walk.bench.now.date()
    walk.ask(
        setup.RecordEthicsApproval(version=number, body="Local ethics committee", approved_on=approved_on), SPONSOR
    )
    return walk.maybe(0.2) or walk.done(approval, walk.pick((second, second, author)))


def interpret(walk: Walk, _: str) -> bool:
    """A reading of an ambiguous line, signed by one and then by another."""
    item = walk.pick([each.id for each in walk.protocol.interpretations] + ["A.3-99"] + ["A.3-1"] * 9)
    known = walk.protocol.interpretation(item)
    reading = known.reading if known is not None and walk.maybe(0.8) else "otherwise"
    command = setup.SignInterpretation(item=item, reading=reading, basis=walk.text("the clinic's practice"))
    first, second = walk.chance.sample((PI, SPONSOR), 2)
    walk.ask(command, first)
    return walk.done(command, walk.pick((first, second, second)))


def delegate(walk: Walk, _: str) -> bool:
    """A role ends, is given, or given again."""
    who, by = walk.pick(((INVESTIGATOR, PI), (INVESTIGATOR_2, SPONSOR), (NURSE, PI), (PI, PI)))
    day = walk.bench.now.date()
    content: dict[str, Any] = {"person": who.id, "role": who.role, "site": who.site}
    walk.ask(setup.RevokeRole.model_validate({**content, "ends_on": day + timedelta(days=walk.pick((0, 3)))}), by)
    if walk.maybe(0.3):
        walk.wait(days=1)
    command = setup.DelegateRole.model_validate({**content, "from_on": day, "to_on": None, "training": TRAINED})
    return walk.done(command, by)


def open_another_site(walk: Walk, _: str) -> bool:
    return walk.done(
        setup.OpenSite(site=walk.pick((SITE, "NORTH")), utc_offset=walk.pick(("+03:00", "+04:00"))), SPONSOR
    )


def close_enrolment(walk: Walk, _: str) -> bool:
    if not walk.maybe(0.05):
        return False
    return walk.done(setup.CloseEnrolment(cause="funding ends"), walk.pick((SPONSOR, PI, NURSE)))


def report_by_machine(walk: Walk, number: str) -> bool:
    """A machine reports, registered or not; it may repeat itself, or use an entry of its audit trail twice."""
    if walk.maybe(0.4):
        site = walk.pick((SITE, FAR_SITE))
        walk.ask(setup.RegisterSource(system="edc", site=site, zone="Europe/Moscow"), SPONSOR)
    source = Source(
        "edc", walk.pick((None, f"audit-{walk.chance.randrange(6)}")), "nina", "coordinator", walk.bench.now
    )
    command = safety.ReportAdverseEvent(patient=number, term="Fever", serious=False, onset_at=walk.here(number))
    by = walk.pick((NURSE, walk.doctor(number)))
    return walk.done(command, by, source=source)


def unknown_patient(walk: Walk, _: str) -> bool:
    """A safety report of someone the ledger does not know; later it is found whose it is, or nobody's."""
    at = walk.bench.now - timedelta(hours=walk.chance.randrange(30))
    number = f"{walk.chance.randrange(900, 904)}"
    serious = walk.maybe(0.5)
    walk.ask(safety.ReportAdverseEvent(patient=number, term="Fever", serious=serious, onset_at=at), INVESTIGATOR)
    which = walk.chance.randint(1, len(walk.world.trial.quarantine) + 1)
    whose = walk.pick((None, "899", *walk.numbers()))
    resolution = walk.text("asked the ward")
    resolved = quarantine.ResolveQuarantine(quarantine=which, patient=whose, resolution=resolution)
    return walk.maybe(0.4) or walk.done(resolved, SPONSOR)


def decide_on_paper(walk: Walk, _: str) -> bool:
    """A decision that was taken while the ledger was down."""
    outcome, level = advised_outcome(advice(walk.world, walk.protocol), walk.world)
    if walk.maybe(0.2):
        outcome, level = any_outcome(walk)  # type: ignore[assignment]
    taken_at = walk.bench.now - timedelta(days=walk.chance.randrange(5))
    command = dose_decision.ReportPaperDecision(outcome=outcome, to_level=level, taken_at=taken_at)
    return walk.done(command, PI, reason=walk.text("the network was down"))


def permit_on_paper(walk: Walk, number: str) -> bool:
    """A permission that was given on paper is entered afterwards."""
    day = walk.today(number)
    level = walk.pick(walk.protocol.levels())
    member = walk.world.cohort(level).members.get(number)
    commands: tuple[Command, ...] = (
        screening.ConfirmEligibility(patient=number),
        enrolment.EnrolPatient(patient=number, planned_transplant_on=day + timedelta(days=12)),
        enrolment.ReserveSlot(patient=number, level=level),
        enrolment.AssignDoseLevel(patient=number, level=level),
        authorisation(walk, number, 1),
        dlt.CloseDltWindow(patient=number, assessments_done_count=4),
        dlt.DetermineEvaluability(
            patient=number,
            evaluable=walk.maybe(0.5),
            reason="not_infused",
            revision=member.revision + 1 if member else 1,
            at_level=walk.pick((None, None, *walk.protocol.levels())),
        ),
    )
    at = walk.bench.now - timedelta(hours=walk.chance.randrange(100))
    reason = {"reason": walk.text("decided on paper")} if walk.maybe(0.9) else {}
    return walk.done(walk.pick(commands), walk.doctor(number), on_paper=True, occurred_at=at, **reason)


def review_holds(walk: Walk, _: str) -> bool:
    return lift_next(walk)


def anyone(walk: Walk) -> Any:
    return walk.pick(PEOPLE)
