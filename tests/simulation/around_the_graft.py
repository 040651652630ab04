"""What happens around the graft, and to a consent: doses of the day table and others, another donor, another day."""

from datetime import timedelta
from typing import Any

from ledger.decisions import conditioning as c
from ledger.decisions import donor as d
from ledger.decisions import transplant
from ledger.decisions.consent import RecordDissent, RequireReconsent
from ledger.decisions.standing import day_zero_on
from tests import donors
from tests.bench import SPONSOR
from tests.simulation.walk import Walk


def condition(walk: Walk, number: str) -> bool:
    """A dose of the day table, mostly as it stands there, is reported of a day that has come."""
    zero, today = day_zero_on(walk.patient(number)), walk.today(number)
    come = [
        (dose, day)
        for dose in walk.protocol.schedule
        for day in dose.days
        if zero is not None and zero + timedelta(days=day) <= today
    ]
    if not come or zero is None:
        return False
    dose, day = walk.pick(come)
    kind = c.RecordProphylaxis if dose.treatment == "gvhd_prophylaxis" else c.RecordConditioning
    amount = dose.dose_per_day if walk.maybe(0.8) else walk.pick(("1", "999", "0"))
    given_on = zero + timedelta(days=day) if walk.maybe(0.8) else today
    content: dict[str, Any] = {"agent": dose.agent, "dose": amount, "unit": dose.unit, "given_on": given_on}
    return walk.done(kind.model_validate({"patient": number, "protocol_day": day, **content}), walk.doctor(number))


def choose(walk: Walk, number: str) -> bool:
    """A backbone is chosen, or another one."""
    agents = [dose.agent for dose in walk.protocol.schedule if dose.choice is not None]
    if not agents:
        return False
    command = c.ChooseBackbone(patient=number, agent=walk.pick(agents), reason=walk.text("by age"))
    return walk.done(command, walk.doctor(number))


def reschedule(walk: Walk, number: str) -> bool:
    """The graft is planned for another day."""
    zero = day_zero_on(walk.patient(number))
    if zero is None:
        return False
    to_on = zero + timedelta(days=walk.pick((-2, 0, 1, 7, 20)))
    command = transplant.RescheduleTransplant(patient=number, to_on=to_on, reason=walk.text("the donor has a cold"))
    return walk.done(command, walk.doctor(number))


def other_donor(walk: Walk, number: str) -> bool:
    """Another candidate, who is selected now and then; or the first one is available no more, or again."""
    first, by = f"D-{number}", walk.doctor(number)
    if walk.maybe(0.4):
        return walk.done(donors.candidate(number, first, available_for_nk_cells=walk.maybe(0.5)), by)
    other = f"E-{number}"
    walk.ask(donors.candidate(number, other, type="matched_related", relation="sister", sex="female"), by)
    walk.ask(donors.agreed(walk.bench, number, other), by)
    walk.ask(donors.determined(walk.bench, number, other), by)
    donor = walk.pick((first, other))
    chosen: d.SelectDonor = donors.selection(number, donor, reason=walk.text("thought of again"))
    return walk.done(chosen, by)


def sample(walk: Walk, number: str) -> bool:
    """A further blood sample, now and then with another group."""
    donor = walk.pick((None, f"D-{number}"))
    nth, group = walk.chance.randrange(1, 5), walk.pick(("A", "A", "O"))
    return walk.done(donors.sample(walk.bench, number, donor, nth, abo=group), walk.doctor(number))


def dissent(walk: Walk, number: str) -> bool:
    """A patient says no."""
    return walk.done(RecordDissent(patient=number, said_at=walk.here(number)), walk.doctor(number))


def new_form(walk: Walk, _: str) -> bool:
    """Everyone is to sign a new form."""
    due_on = walk.bench.now.date() + timedelta(days=walk.pick((-3, 0, 20)))
    form = {"form_version": walk.pick(("2.0", "3.0", "4.0")), "due_on": due_on}
    capacities = walk.pick((("patient",), ("representative",), ("patient", "representative")))
    return walk.done(RequireReconsent.model_validate({**form, "capacities": capacities}), SPONSOR)
