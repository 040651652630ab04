"""Phase II: the expansion at the recommended dose, under the same cap as phase I (domain F, A.3-20, A.3-22).

    who            further patients at the RP2D, as many as the enrolment cap leaves; none replaces another
    at every DLT   the level is held for review; until it is ruled on, a candidate DLT counts as one
    boundary       asked of everybody treated at the level, the patients of phase I included where the protocol says so;
                   where it is crossed the level is held, and stays held as long as the counts cross it
    stopping rule  at the protocol's stopping level, its count of DLTs in either phase has the same effect (P8)
    before the next child   asked with every candidate for a DLT, and without those who are still observed and had none

The 3+3 is told of phase I alone: two DLTs exceed a level there, and nothing that happens in phase II moves the MTD.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.cohort.state import Cohort, Member
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.world import World


@dataclass(frozen=True, slots=True)
class Treated:
    """Patients treated at a level in the phases that the boundary counts."""

    patients: int
    observed: int
    """Those whose window is over, or who had a DLT, or may have had one."""
    dlts: int
    candidates: int
    """Patients with an open candidate DLT and no counted one."""


def has_candidate(world: World, number: str) -> bool:
    """Whether a patient has a candidate DLT that nobody has ruled on."""
    return number in world.patients and bool(world.patients[number].open_candidates)


def enrolled_count(world: World) -> int:
    """Patients who count towards the cap (P1, A.3-20): enrolled, or dosed without having been."""
    return sum(p.enrolled is not None or p.dosed for p in world.participants.values())


def waits_for_a_dose(patient: Patient) -> bool:
    """Whether somebody who is enrolled may still be dosed for the first time (A.3-25)."""
    gone = patient.off_study or patient.death or patient.withdrawn or patient.screen_failed
    replaced = any(infusion.omitted for infusion in patient.infusions.values())
    return patient.enrolled is not None and not patient.dosed and not gone and not replaced


def expansion_slots(world: World, protocol: ProtocolDocument, level: int) -> int:
    """The total that phase II may take: who has a place in it, who is enrolled and waits, and what the cap leaves."""
    placed = world.cohort(level).members_of("II")
    waiting = sum(waits_for_a_dose(p) for number, p in world.participants.items() if number not in placed)
    left = 0 if world.trial.enrolment_closed else max(0, protocol.enrolment_cap - enrolled_count(world))
    return len(placed) + waiting + left


def treated(world: World, protocol: ProtocolDocument, cohort: Cohort) -> Treated:
    """What the boundary is told of a level."""
    both = protocol.phase_2 is None or protocol.phase_2.counts_phase_1_at_rp2d
    counted = [
        (member.dlt is not None, has_candidate(world, number), member)
        for number, member in cohort.counted.items()
        if (both or member.phase == "II") and (member.dlt is not None or _dosed(world, number))
    ]
    return Treated(
        patients=len(counted),
        observed=sum(dlt or candidate or _is_over(member) for dlt, candidate, member in counted),
        dlts=sum(dlt for dlt, _, _ in counted),
        candidates=sum(candidate and not dlt for dlt, candidate, _ in counted),
    )


def _dosed(world: World, number: str) -> bool:
    return number in world.patients and world.patients[number].dosed


def _is_over(member: Member) -> bool:
    """Whether observation is over: the window is closed, or the patient counts here by a dose received."""
    return member.assigned_level is not None or (member.window is not None and not member.window.running)


def boundary_crossed(world: World, protocol: ProtocolDocument, cohort: Cohort) -> bool:
    """Whether the counts at a level of phase II stop it: by the boundary, or by the protocol's stopping rule (P8)."""
    if protocol.phase_2 is None or cohort.expansion is None:
        return False
    told = treated(world, protocol, cohort)
    with_dlt = sum(member.dlt is not None for member in cohort.counted.values())
    return protocol.phase_2.boundary.crossed(told.dlts, told.patients) or _stops(protocol, cohort, with_dlt)


def may_be_crossed(world: World, protocol: ProtocolDocument, cohort: Cohort) -> bool:
    """The same before a further child is treated: candidates count, and who is still observed may not dilute."""
    if protocol.phase_2 is None:
        return False
    told = treated(world, protocol, cohort)
    dlts, boundary = told.dlts + told.candidates, protocol.phase_2.boundary
    with_dlt = sum(member.dlt is not None or has_candidate(world, n) for n, member in cohort.counted.items())
    at_any = any(boundary.crossed(dlts, patients) for patients in range(told.observed, told.patients + 1))
    return at_any or _stops(protocol, cohort, with_dlt)


def _stops(protocol: ProtocolDocument, cohort: Cohort, with_dlt: int) -> bool:
    return cohort.level == protocol.stopping.level and with_dlt >= protocol.stopping.dlt_count


def crossed_levels(world: World, protocol: ProtocolDocument) -> tuple[Cohort, ...]:
    """The levels at which phase II has to stop."""
    found = (cohort for _, cohort in sorted(world.cohorts.items(), key=lambda each: each[0]))
    return tuple(cohort for cohort in found if boundary_crossed(world, protocol, cohort))


def dlts_to_review(cohort: Cohort) -> Iterator[tuple[str, int]]:
    """Everyone whose DLT was ruled in phase II, of whichever phase, with the position of the ruling."""
    for number, member in sorted(cohort.counted.items(), key=lambda each: each[0]):
        late = cohort.expansion is not None and (member.dlt or 0) > cohort.expansion.position
        if member.dlt is not None and (member.phase == "II" or late):
            yield number, member.dlt


def phase_one_unsettled(world: World, level: int) -> tuple[str, ...]:
    """Patients of phase I whom phase II at a level has to wait for: a window that runs, a candidate that nobody has
    ruled on, or somebody up to that level of whom it is not decided whether the patient is evaluable."""
    return tuple(
        sorted(
            number
            for cohort in world.cohorts.values()
            for number, member in cohort.members_of("I").items()
            if has_candidate(world, number)
            or (member.window is not None and member.window.running)
            or (cohort.level <= level and member.evaluable is None)
        )
    )
