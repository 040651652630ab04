"""The dose-transition tree: what each outcome of the coming cohort would lead to.

Undecided are, at every level, the patients whose windows run and the candidate DLTs not ruled yet, and at the level
that the design fills now, the patients who may still join. Each branch settles all of them: so many have a DLT, the
others none, and all are evaluable. On the counts that follow the design is asked again. Where it has ended the trial
and nobody is observed any more, the tree has no branch.

A candidate is ruled within its branch: a DLT, or none. Counts do not say whose the candidates are: they are taken to be
pending patients first, since no window closes while a candidate is open, and others where they are more. A patient who
turns out not evaluable is replaced: the same tree again, with one more to join. Where the second DLT exceeds a level at
once, a branch with two or more is reached before its last patients join.

The tree foresees, it permits nothing: each further step needs its signed decision.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import groupby, product
from typing import Any

from ledger.designs.base import Advice, Await, Design, Outcomes, Tally
from ledger.designs.reading import advice_line


@dataclass(frozen=True, slots=True)
class Undecided:
    """At one level, who may still turn out to have a DLT."""

    level: int
    pending: int
    """Patients whose windows run, or have not begun."""
    ruled_next: int
    """Candidate DLTs beyond the pending patients."""
    joining: int
    """Patients who may still join the level."""

    @property
    def patients(self) -> int:
        return self.pending + self.ruled_next + self.joining

    def settled(self, tally: Tally, dlts: int) -> Tally:
        """The level's tally once so many of them had a DLT, and the others none."""
        dlt = tally.dlt + dlts
        evaluable = max(tally.evaluable + self.pending + self.joining, dlt)
        treated = None if tally.treated is None else tally.treated + self.joining
        return replace(tally, evaluable=evaluable, dlt=dlt, pending=0, candidates=0, treated=treated)


@dataclass(frozen=True, slots=True)
class Outcome:
    """So many DLTs among the undecided of one level."""

    level: int
    dlts: int
    among: int


@dataclass(frozen=True, slots=True)
class Branch:
    """One outcome of the coming cohort, and what it leads to."""

    outcome: tuple[Outcome, ...]
    """One for every level where something is undecided, upwards."""
    after: "Tree"


@dataclass(frozen=True, slots=True)
class Tree:
    """What the design says on some outcomes, and on what may follow from them, as deep as asked for."""

    outcomes: Outcomes
    advice: Advice
    explanation: tuple[str, ...]
    undecided: tuple[Undecided, ...]
    branches: tuple[Branch, ...]


def transition_tree(design: Design, outcomes: Outcomes, depth: int = 1) -> Tree:
    """The tree of the coming cohort; with `depth` 2 also that of the cohort after it; with 0 only what holds now."""
    if depth < 0:
        raise ValueError("a depth is not negative")
    open_now = tuple(_undecided(design, outcomes))
    return Tree(
        outcomes=outcomes,
        advice=design.advise(outcomes),
        explanation=design.explain(outcomes),
        undecided=open_now,
        branches=tuple(_branches(design, outcomes, open_now, depth)) if depth and open_now else (),
    )


def _undecided(design: Design, outcomes: Outcomes) -> Iterator[Undecided]:
    for level in outcomes.ladder:
        tally, slots = outcomes.at(level), design.slots_now(outcomes, level)
        found = Undecided(
            level=level,
            pending=tally.pending,
            ruled_next=max(0, tally.candidates - tally.pending),
            joining=max(0, slots - tally.evaluable - tally.pending),
        )
        if found.patients:
            yield found


def _branches(design: Design, outcomes: Outcomes, undecided: tuple[Undecided, ...], depth: int) -> Iterator[Branch]:
    for counts in product(*(range(each.patients + 1) for each in undecided)):
        settled = {
            each.level: each.settled(outcomes.at(each.level), dlts)
            for each, dlts in zip(undecided, counts, strict=True)
        }
        after = replace(outcomes, levels={**outcomes.levels, **settled})
        yield Branch(
            outcome=tuple(
                Outcome(each.level, dlts, each.patients) for each, dlts in zip(undecided, counts, strict=True)
            ),
            after=transition_tree(design, after, depth - 1),
        )


def tree_text(tree: Tree) -> str:
    """The tree in plain lines, branches indented; outcomes in a row that lead to the same share a line."""
    return "\n".join([f"now: {advice_line(tree.advice)}", *_lines(tree, "  ")])


def _lines(tree: Tree, indent: str) -> Iterator[str]:
    leading_to = [(branch, _ending(branch, indent)) for branch in tree.branches]
    for _, group in groupby(leading_to, key=lambda each: (each[0].outcome[:-1], each[1])):
        same = list(group)
        first, (line, *below) = same[0]
        yield f"{indent}{_in_words(first, same[-1][0])} -> {line}"
        yield from below


def _ending(branch: Branch, indent: str) -> list[str]:
    return [advice_line(branch.after.advice), *_lines(branch.after, indent + "  ")]


def _in_words(first: Branch, last: Branch) -> str:
    *others, topmost = first.outcome
    most = last.outcome[-1].dlts
    dlts = str(most) if most == topmost.dlts else f"{topmost.dlts} to {most}"
    levels = [f"{each.dlts} of {each.among} at level {each.level}" for each in others]
    return ", ".join([*levels, f"{dlts} of {topmost.among} at level {topmost.level}"])


def tree_json(tree: Tree) -> dict[str, Any]:
    """The tree as JSON holds it."""
    return {
        "advice": advice_json(tree.advice),
        "explanation": list(tree.explanation),
        "levels": {str(level): _tally_json(tree.outcomes.at(level)) for level in tree.outcomes.in_use()},
        "undecided": [_fields(each) | {"patients": each.patients} for each in tree.undecided],
        "branches": [
            {"dlts": [_fields(each) for each in branch.outcome], "after": tree_json(branch.after)}
            for branch in tree.branches
        ],
    }


def advice_json(advice: Advice) -> dict[str, Any]:
    """An advice with its code, its fields and its line."""
    known = _fields(advice) if not isinstance(advice, Await) else _fields(advice) | {"then": advice_json(advice.then)}
    return {"code": advice.code, "line": advice_line(advice), **known}


def _tally_json(tally: Tally) -> dict[str, Any]:
    return {
        "evaluable": tally.evaluable,
        "dlt": tally.dlt,
        "pending": tally.pending,
        "candidates": tally.candidates,
        "exceeded": tally.exceeded,
    }


def _fields(of: Any) -> dict[str, Any]:
    return {field.name: getattr(of, field.name) for field in fields(of)}
