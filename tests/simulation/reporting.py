"""The reporting of safety: what the sponsor makes of events, when it learnt of them, what it sent, and reviews."""

from datetime import timedelta
from typing import Any

from ledger.decisions import reporting, safety_reviews
from ledger.record import Actor
from tests.bench import COMMITTEE, COMMITTEE_2, SPONSOR
from tests.simulation.beginnings import COMMITTEE_3, NURSE_2
from tests.simulation.walk import Walk

CRITERIA = ("death", "life-threatening", "hospitalisation", "important-medical-event")


def _some_event(walk: Walk, number: str) -> int | None:
    events = list(walk.patient(number).adverse_events)
    return walk.pick(events) if events else None


def _earlier(walk: Walk) -> timedelta:
    return timedelta(days=walk.pick((0, 0, 1, 3, 12)), minutes=walk.chance.randrange(600))


def classify(walk: Walk, number: str) -> bool:
    """The sponsor classifies an event; now and then lower than others did, or under a wrong revision."""
    event = _some_event(walk, number)
    if event is None:
        return False
    last = walk.patient(number).reporting.case(event).classification
    criteria = walk.chance.sample(CRITERIA, walk.pick((0, 1, 1, 2)))
    listed = walk.maybe(0.5)
    content = {
        "patient": number,
        "adverse_event": event,
        "revision": max(1, (last.event.revision if last else 0) + walk.pick((1, 1, 1, 1, 0))),
        "serious": bool(criteria),
        "criteria": criteria,
        "expected": walk.maybe(0.5) if listed else None,
        "reference_safety_information": walk.pick(("IB-1", "IB-2")) if listed else None,
        "sponsor_causality": walk.pick((None, "probable", "possible", "unlikely")),
        "received_at": walk.bench.now - _earlier(walk),
        "rationale": walk.text("as reviewed"),
    }
    return walk.done(reporting.ClassifySae.model_validate(content), SPONSOR)


def approve_a_list(walk: Walk, _: str) -> bool:
    """A version of the list of what is expected."""
    day = walk.bench.now.date() - timedelta(days=walk.pick((0, 60)))
    command = safety_reviews.ApproveReferenceSafetyInformation(
        version=walk.pick(("IB-1", "IB-2")), effective_on=day, document_sha256="ab" * 32
    )
    return walk.done(command, SPONSOR)


def receive(walk: Walk, number: str) -> bool:
    """The sponsor got further information, or had got some earlier than was thought."""
    event = _some_event(walk, number)
    if event is None:
        return False
    receipts = sorted(walk.patient(number).reporting.case(event).receipts)
    about = walk.pick((None, *receipts))
    command = reporting.RecordReceipt(
        patient=number, adverse_event=event, about=about, received_at=walk.bench.now - _earlier(walk)
    )
    return walk.done(command, walk.doctor(number))


def send(walk: Walk, number: str) -> bool:
    """A report was sent."""
    event = _some_event(walk, number)
    if event is None:
        return False
    content: dict[str, Any] = {
        "patient": number,
        "adverse_event": event,
        "kind": walk.pick(("urgent", "complete", "further")),
        "to": walk.pick(("authority", "authority", "ethics-committee")),
        "recipient": "Roszdravnadzor",
        "submitted_at": walk.bench.now,
    }
    return walk.done(reporting.RecordExpeditedReport.model_validate(content), SPONSOR)


def pregnancy(walk: Walk, number: str) -> bool:
    """A pregnancy is reported, of a patient or of nobody known."""
    who = walk.pick((number, number, "931"))
    command = reporting.ReportPregnancy(
        patient=who, pregnant=walk.pick(("patient", "partner")), known_on=walk.bench.now.date()
    )
    return walk.done(command, NURSE_2)


def review(walk: Walk, holds: tuple[int, ...], recommendation: str = "resume", by: Actor = COMMITTEE) -> bool:
    """The committee reviews holds."""
    members = [{"person": who.id, "role": who.role} for who in (COMMITTEE, COMMITTEE_2, COMMITTEE_3)]
    content = {
        "held_at": walk.bench.now,
        "attendees": [{**member, "conflict_of_interest": False} for member in members],
        "minutes_sha256": "cd" * 32,
        "about_holds": holds,
        "recommendation": recommendation,
    }
    return walk.done(safety_reviews.RecordSafetyReview.model_validate(content), by)


def review_anything(walk: Walk, _: str) -> bool:
    """A review of any hold, with any recommendation."""
    number = walk.chance.randint(1, len(walk.world.trial.holds) + 1)
    return review(walk, (number,), walk.pick(("resume", "stay-held", "stop")))
