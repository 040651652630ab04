"""The eligibility matrix: a verdict on the age rule and on every criterion of the protocol.

Who answers is the protocol's choice:

    computed        the rules of this package. Where none is made for the criterion: what another rule of the ledger
                    established, else what a person attested. Where a rule reaches nobody of that age (the kidneys of
                    an infant) what a person attested stands in; no other missing finding is made up for so.
    attested        what a person attested
    determination   what the arbiter signed; nothing else, also where it can be computed

A verdict that a person gives keeps what is computed beside it, so that a contradiction is seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

from ledger.eligibility.age import age
from ledger.eligibility.disease import disease
from ledger.eligibility.facts import Case, PatientFacts, Said
from ledger.eligibility.heart import heart
from ledger.eligibility.infections import infections
from ledger.eligibility.life_expectancy import life_expectancy
from ledger.eligibility.liver import liver
from ledger.eligibility.lung import lung
from ledger.eligibility.performance import performance
from ledger.eligibility.pregnancy import pregnancy
from ledger.eligibility.renal import renal
from ledger.eligibility.verdict import ATTESTATION, DETERMINATION, Answer, Basis, Input, Kind, Verdict, all_of
from ledger.eligibility.washout import washout
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.eligibility import Criterion, Eligibility

ASKED: Final[Mapping[Basis, str]] = MappingProxyType(
    {"attested": ATTESTATION, "established": ATTESTATION, "determination": DETERMINATION}
)
NOTHING_SIGNED: Final[Mapping[str, str]] = MappingProxyType({})


def matrix(
    protocol: ProtocolDocument,
    facts: PatientFacts,
    on: date,
    *,
    readings: Mapping[str, str] = NOTHING_SIGNED,
) -> tuple[Verdict, ...]:
    """The verdict on the age rule, then those on all criteria in the protocol's order, on a day.

    `readings` are the signed readings of the protocol's interpretations.
    """
    case, eligibility = Case.of(facts, on), protocol.eligibility
    answers = _answers(eligibility, case)
    rules = _rules(eligibility, case)
    limits = _computed(eligibility.age.rule, "inclusion", eligibility.age.rule, age(protocol, case, readings))
    checklist = (_on(each, rules.get(each.id, each.id), answers.get(each.id), facts) for each in eligibility.criteria)
    return (limits, *checklist)


def open_criteria(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """The criteria that do not let the patient take part: not met as they should be, or not told."""
    return tuple(each.criterion for each in verdicts if each.passes is not True)


def _answers(eligibility: Eligibility, case: Case) -> Mapping[str, Answer]:
    """What is computed, by criterion. A criterion that several thresholds decide passes if it passes each."""
    answers: dict[str, Answer] = {}
    for criterion, answer in (*_of_disease_and_organs(eligibility, case), *_of_the_rest(eligibility, case)):
        answers[criterion] = all_of((answers[criterion], answer)) if criterion in answers else answer
    return answers


def _of_disease_and_organs(eligibility: Eligibility, case: Case) -> Iterator[tuple[str, Answer]]:
    if eligibility.disease is not None:
        yield eligibility.disease.criterion, disease(eligibility.disease, case)
    if eligibility.renal is not None:
        yield eligibility.renal.criterion, renal(eligibility.renal, case)
    if eligibility.liver is not None:
        yield eligibility.liver.criterion, liver(eligibility.liver, case)
    if eligibility.heart is not None:
        yield eligibility.heart.criterion, heart(eligibility.heart, case)
    if eligibility.lung is not None:
        yield eligibility.lung.criterion, lung(eligibility.lung, case)


def _of_the_rest(eligibility: Eligibility, case: Case) -> Iterator[tuple[str, Answer]]:
    if eligibility.performance is not None:
        yield eligibility.performance.criterion, performance(eligibility.performance, case)
    if eligibility.life_expectancy is not None:
        yield eligibility.life_expectancy.criterion, life_expectancy(eligibility.life_expectancy, case)
    if eligibility.washout is not None:
        yield eligibility.washout.criterion, washout(eligibility.washout, case)
    for rule in eligibility.infections:
        yield rule.criterion, infections(rule, case)
    if eligibility.pregnancy is not None:
        yield eligibility.pregnancy.criterion, pregnancy(eligibility.pregnancy, case)


def _rules(eligibility: Eligibility, case: Case) -> Mapping[str, str]:
    """The rule that a criterion is judged by, where it is a part of the criterion: that of the patient's disease."""
    states = eligibility.disease
    threshold = states.of(case.choice("disease") or "") if states is not None else None
    if states is None or threshold is None or threshold.rule is None:
        return {}
    return {states.criterion: threshold.rule}


def _on(criterion: Criterion, rule: str, answer: Answer | None, facts: PatientFacts) -> Verdict:
    attested = _said(facts.attested, criterion.id)
    match criterion.assessed_by:
        case "determination":
            determined = _said(facts.determinations, criterion.id)
            return _by_somebody(criterion, rule, answer, "determination", determined)
        case "attested":
            return _by_somebody(criterion, rule, answer, "attested", attested)
        case "computed":
            established = _said(facts.established, criterion.id)
            if answer is None:
                basis: Basis = "established" if established is not None else "attested"
                return _by_somebody(criterion, rule, answer, basis, established or attested)
            if ATTESTATION in answer.missing and attested is not None:
                return _by_somebody(criterion, rule, answer, "attested", attested)
            return _computed(criterion.id, criterion.kind, rule, answer)


def _said(several: Sequence[Said], criterion: str) -> Said | None:
    return next((each for each in several if each.criterion == criterion), None)


def _met(kind: Kind, passes: bool | None) -> bool | None:
    return None if passes is None else passes == (kind == "inclusion")


def _computed(criterion: str, kind: Kind, rule: str, answer: Answer) -> Verdict:
    met = _met(kind, answer.passes)
    return Verdict(
        criterion=criterion,
        kind=kind,
        met=met,
        because=answer.because,
        inputs=answer.inputs,
        rule=rule,
        basis="computed",
        computed=met,
        missing=answer.missing,
    )


def _by_somebody(criterion: Criterion, rule: str, answer: Answer | None, basis: Basis, said: Said | None) -> Verdict:
    """The verdict of a person or of another rule; what is computed stands beside it."""
    found = answer.inputs if answer is not None else ()
    computed = _met(criterion.kind, answer.passes) if answer is not None else None
    met = said.met if said is not None else None
    signed = () if said is None else (Input(finding=basis, position=said.position, value=_word(said.met), unit=None),)
    because = f"{basis}: {_word(said.met)}" if said is not None else f"no {ASKED[basis]} is on record"
    if answer is not None and computed is not None and computed != met:
        because = f"{because}; computed: {_word(computed)}, {answer.because}"
    return Verdict(
        criterion=criterion.id,
        kind=criterion.kind,
        met=met,
        because=because,
        inputs=(*signed, *found),
        rule=rule,
        basis=basis,
        computed=computed,
        missing=() if said is not None else (ASKED[basis],),
    )


def _word(met: bool) -> str:
    return "met" if met else "not met"
