"""A whole trial from a seed: walked with all that goes wrong, then brought to its end by people who cooperate."""

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ledger.application import BY_ITSELF
from ledger.decisions.evidence import RecordQuorum
from ledger.trial.evidence import Cosigner
from tests.bench import Bench
from tests.simulation import (
    after_graft,
    around_the_graft,
    beginnings,
    cells,
    governance,
    mishaps,
    nonsense,
    reporting,
    reviewing,
    second_thoughts,
    ward,
)
from tests.simulation import safety as toxicities
from tests.simulation.committee import sit
from tests.simulation.ending import bring_into_phase_two, bring_to_an_end
from tests.simulation.found import Found
from tests.simulation.usual import arrive, go_on
from tests.simulation.walk import LOOK_BACK_EVERY, Walk
from tests.simulation.watch import Watch

Mishap = Callable[[Walk, str], bool]

MISHAPS: Final[tuple[tuple[int, Mishap], ...]] = (
    (3, mishaps.dose_without_permission),
    (1, mishaps.over_enrol),
    (1, mishaps.end_without_a_start),
    (2, mishaps.omit_any),
    (2, mishaps.authorise_carelessly),
    (1, mishaps.die),
    (1, mishaps.leave_the_study),
    (1, mishaps.withdraw),
    (1, mishaps.fail_screening),
    (1, mishaps.assent),
    (1, mishaps.measure),
    (1, mishaps.doubt_eligibility),
    (4, around_the_graft.condition),
    (1, around_the_graft.choose),
    (1, around_the_graft.reschedule),
    (1, around_the_graft.other_donor),
    (1, around_the_graft.sample),
    (1, around_the_graft.dissent),
    (1, around_the_graft.new_form),
    (4, mishaps.late_dlt),
    (2, mishaps.rule_without_a_candidate),
    (2, mishaps.end_window_early),
    (4, mishaps.contradict),
    (2, mishaps.say_again),
    (2, mishaps.rivals),
    (1, mishaps.hurried),
    (6, second_thoughts.correct),
    (3, second_thoughts.correct_a_grade),
    (4, second_thoughts.rule_again),
    (3, second_thoughts.determine_again),
    (2, second_thoughts.cancel),
    (2, second_thoughts.reassign),
    (1, second_thoughts.release),
    (2, governance.hold),
    (3, governance.lift),
    (3, governance.decide_anything),
    (2, governance.vote_down),
    (3, governance.sign_in_part),
    (2, governance.sign_what_waits),
    (2, governance.acknowledge),
    (2, governance.reopen),
    (2, governance.amend),
    (1, governance.interpret),
    (1, governance.delegate),
    (1, governance.open_another_site),
    (1, governance.close_enrolment),
    (2, governance.report_by_machine),
    (1, governance.unknown_patient),
    (2, governance.decide_on_paper),
    (2, governance.permit_on_paper),
    (2, cells.make_one),
    (4, cells.something_happens),
    (1, cells.made_in_bags),
    (2, cells.dispose),
    (6, ward.look),
    (3, ward.medicate),
    (1, ward.stop),
    (4, toxicities.other_reaction),
    (3, toxicities.another_assessment),
    (3, toxicities.attribute),
    (2, toxicities.confirm_grade),
    (2, toxicities.update),
    (2, reviewing.ask_about),
    (3, reviewing.settle),
    (1, reviewing.verify),
    (1, reviewing.endorse),
    (3, reporting.classify),
    (1, reporting.approve_a_list),
    (2, reporting.receive),
    (2, reporting.send),
    (1, reporting.pregnancy),
    (1, reporting.review_anything),
    (3, after_graft.stage_gvhd),
    (2, after_graft.report_outcome),
    (2, after_graft.visit),
    (1, after_graft.contact),
    (2, after_graft.correct_outcome),
)


PHASE_TWO_STEPS: Final = (0, 60, 120)
"""Phase II is walked with all that goes wrong, too."""

AFTERMATH_STEPS: Final = 60
"""After its end a trial goes on being recorded: late DLTs, corrections, rulings."""


@dataclass(frozen=True)
class Outcome:
    """How a walk went: what was recorded and refused, how the trial ended, or what was found."""

    seed: int
    kind: str
    commands: int
    records: int
    events: Counter[str]
    deviations: Counter[str]
    refused: Counter[str]
    end: str
    found: str | None = None


def simulate(seed: int) -> Outcome:
    """Walk one trial from its first patient to its end. What is found stands in the outcome, with the last steps."""
    walk, end, found = Walk.drawn(seed), "", None
    try:
        if walk.maybe(0.04):
            open_slowly(walk)
        wander(walk, walk.temper.steps)
        if walk.temper.phase_two and bring_into_phase_two(walk) == "II":
            wander(walk, walk.pick(PHASE_TWO_STEPS))
        end = bring_to_an_end(walk)
        if walk.maybe(0.4):
            wander(walk, AFTERMATH_STEPS)
            end = bring_to_an_end(walk)
        walk.watch.look_back(walk.bench.records, walk.world, walk.chance)
    except Exception as wrong:
        end, found = "found", told(walk, wrong)
    counted = (walk.asked, len(walk.bench.records), walk.watch.events, walk.watch.deviations, walk.refused)
    return Outcome(seed, walk.temper.kind, *counted, end=end, found=found)


def told(walk: Walk, wrong: Exception) -> str:
    """What was found, the last steps before it, and how to walk there again."""
    ours = isinstance(wrong, Found) and wrong.__cause__ is None
    parts = (
        str(walk.temper),
        *(" ".join(part if isinstance(part, str) else repr(part) for part in step) for step in walk.shown),
        "" if ours else "".join(traceback.format_exception(wrong)),
        f"seed {walk.seed}: {wrong}",
        f"again: python -m tests.simulation --from {walk.seed} --seeds 1",
    )
    return "\n".join(parts)


def open_slowly(walk: Walk) -> None:
    """The trial is opened once more from nothing, with nonsense before every step."""
    walk.bench, walk.watch = Bench(now=walk.bench.now), Watch()
    for command, by in beginnings.commands_that_open(walk.temper.kind):
        for _ in range(4):
            nonsense.anything(walk)
        walk.ask(command, by)
    if walk.world.protocol() is None or not walk.world.cohort(walk.protocol.start).opened:
        walk.bench, walk.watch = beginnings.opened(walk.temper.kind), Watch()
        walk.watch.begin(walk.bench.records)


def wander(walk: Walk, steps: int) -> None:
    """So many steps, each the usual one, a mishap or nonsense, as the trial's temper has it."""
    for count in range(steps):
        drawn = walk.chance.random()
        if drawn < walk.temper.nonsense:
            walk.pick((nonsense.senseless, nonsense.anything, nonsense.anything))(walk)
        elif drawn < walk.temper.nonsense + walk.temper.mishaps:
            mishap(walk)
        else:
            usual(walk)
        if count % LOOK_BACK_EVERY == LOOK_BACK_EVERY - 1:
            walk.watch.look_back(walk.bench.records, walk.world, walk.chance)


def watched(walk: Walk) -> None:
    """Where the trial asks for witnesses, they cosigned the log now and then."""
    evidence = walk.world.trial.evidence
    if evidence.quorum_before_exposure and evidence.quorum_size < walk.world.size and walk.maybe(0.3):
        seen = Cosigner(name="site", cosigned_at=walk.bench.now)
        walk.done(RecordQuorum(size=walk.world.size, root="ab" * 32, cosigners=(seen,)), BY_ITSELF)


def mishap(walk: Walk) -> None:
    numbers = walk.numbers()
    if numbers:
        weights, choices = zip(*MISHAPS, strict=True)
        walk.chance.choices(choices, weights)[0](walk, walk.pick(numbers))


def usual(walk: Walk) -> None:
    """One patient goes on, or the committee sits; where nothing can be done, time passes."""
    watched(walk)
    numbers = walk.chance.sample(walk.numbers(), len(walk.numbers()))
    if numbers and walk.maybe(0.12):
        toxicities.toxicity(walk, numbers[0])
        return
    if walk.maybe(0.35) and sit(walk):
        return
    if walk.maybe(0.85) and any(go_on(walk, number) for number in numbers):
        return
    if len(numbers) < walk.protocol.enrolment_cap + 4 and walk.maybe(0.3):
        arrive(walk)
        return
    walk.wait(days=walk.pick((0.2, 1, 1, 2, 4, 7)), hours=walk.chance.randrange(12))
