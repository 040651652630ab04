"""The ward: sheets and medication as chance has them, entered late and out of order now and then."""

from datetime import timedelta
from typing import get_args

from ledger.decisions.ward import RecordMedication, RecordWardSheet, StopMedication
from ledger.grading.ward_sheet import NORMAL, Sign
from ledger.patient.ward import ActsAs, Purpose
from tests.bench import NURSE
from tests.simulation.walk import Walk

AGENTS = ("dexamethasone", "Prednisolone", "betamethasone", "tocilizumab", "noradrenaline", "vasopressin", "midazolam")


def look(walk: Walk, number: str) -> bool:
    """A ward sheet of now, or of some time ago."""
    back = timedelta(minutes=walk.chance.randrange(600), days=walk.pick((0, 0, 0, 1, 5, 20)))
    severe = walk.maybe(walk.temper.toxicity / 3)
    pressors: tuple[tuple[str, ...] | None, ...] = (("noradrenaline",), ("noradrenaline", "adrenaline"))
    seen = {
        "temperature_celsius": walk.pick(("36.8", "36.8", "38.4", None)),
        "systolic_mmhg": walk.pick((105, 105, 82, None)),
        "oxygen_device": walk.pick(("none", "none", "low_flow_nasal_cannula", None)),
        "vasopressors": walk.pick(pressors if severe else ((), None)),
        "neurology": walk.pick(("normal", "normal", None, _signs(walk))),
        "capd_score": walk.pick((0, 0, 3, 12 if severe else 1, None)),
        "ice_score": walk.pick((10, 8, None)),
        "developmental_delay": walk.maybe(0.05),
        "attributed_elsewhere": tuple(sign for sign in get_args(Sign) if walk.maybe(0.05)),
    }
    at = walk.here(number) - back
    command = RecordWardSheet.model_validate({"patient": number, "assessed_at": at, "sheet": seen})
    return walk.done(command, NURSE)


def _signs(walk: Walk) -> dict[str, object]:
    consciousness = walk.pick(("alert", "awakens_spontaneously", "awakens_to_voice"))
    return {**dict(NORMAL), "consciousness": consciousness, "sedated": walk.maybe(0.2)}


def medicate(walk: Walk, number: str) -> bool:
    """A medicine, once or from then on."""
    continuous = walk.maybe(0.3)
    dosed = walk.maybe(0.8)
    content = {
        "agent": walk.pick(AGENTS),
        "acts_as": walk.pick(get_args(ActsAs)),
        "dose": walk.pick(("0.5", "4", "20")) if dosed else None,
        "dose_unit": walk.pick(("mg", "mg/kg", "ug/kg/min")) if dosed else None,
        "route": "IV",
        "purpose": walk.pick(get_args(Purpose)),
        "given_at": walk.here(number) - timedelta(hours=walk.chance.randrange(100)),
        "continuous": continuous,
    }
    return walk.done(RecordMedication.model_validate({"patient": number, **content}), NURSE)


def stop(walk: Walk, number: str) -> bool:
    """What runs is stopped now."""
    running = [given for _, given in walk.patient(number).ward.running(walk.bench.now)]
    if not running:
        return False
    given = walk.pick(running)
    command = StopMedication(patient=number, agent=given.agent, given_at=given.given_at, stopped_at=walk.here(number))
    return walk.done(command, NURSE)
