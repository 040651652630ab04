"""Bilirubin, ALT and AST, each as a multiple of its upper limit of normal (ULN). Gilbert's disease waives bilirubin
only, where the protocol says so. Source: domain I7.
"""

from ledger.eligibility.facts import Case
from ledger.eligibility.findings import VOCABULARY, MeasuredName
from ledger.eligibility.verdict import Answer, Input, all_of, any_of, lacking, not_below
from ledger.protocol.eligibility import Liver
from ledger.types import exact, exact_text


def liver(rule: Liver, case: Case) -> Answer:
    """Whether each of the three is small enough."""
    bilirubin = _at_most(case, "bilirubin_umol_per_l", "bilirubin_uln_umol_per_l", rule.bilirubin_uln_max)
    if rule.gilbert_exempt:
        bilirubin = any_of((bilirubin, _gilbert(case)))
    alt = _at_most(case, "alt_u_per_l", "alt_uln_u_per_l", rule.alt_uln_max)
    ast = _at_most(case, "ast_u_per_l", "ast_uln_u_per_l", rule.ast_uln_max)
    return all_of((bilirubin, alt, ast))


def _at_most(case: Case, name: MeasuredName, limit: MeasuredName, maximum: str) -> Answer:
    amount, normal = case.amount(name), case.amount(limit)
    if amount is None or normal is None:
        return lacking(*(each for each in (name, limit) if each not in case.found), inputs=case.inputs(name, limit))
    multiple = amount / normal
    passes = multiple <= exact(maximum)
    words = VOCABULARY[name].words
    derived = Input(finding=f"{words}_per_uln".lower(), position=None, value=exact_text(multiple), unit="ULN")
    because = f"{words} {not_below(multiple)} ULN is {'at most' if passes else 'above'} {maximum}"
    return Answer(passes, because, (*case.inputs(name, limit), derived))


def _gilbert(case: Case) -> Answer:
    gilbert = case.yes("gilbert")
    if gilbert is None:
        return lacking("gilbert")
    because = "Gilbert's disease waives bilirubin" if gilbert else "no Gilbert's disease"
    return Answer(gilbert, because, case.inputs("gilbert"))
