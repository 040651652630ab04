"""Every threshold of the protocol and every item of readiness: exactly at it, just below, just above, missing, and in
another unit (also A.3-4, A.3-10, A.3-13, A.3-23). One row a case: the rule, what is measured, where the case
lies, what is asked, and the answer.

`at`, `below` and `above` are the quantity against the threshold. A limit that goes by a birthday, a calendar day or an
instant lies `at` it from its first moment on.
"""

from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest

from ledger.designs.base import StopNoMtd
from tests.eligibility.cases import TRIAL, found
from tests.spec.boundaries import (
    SIGNED,
    Answer,
    Ask,
    advised,
    assessed_ago,
    calculated,
    check,
    consented,
    crs_begins,
    crs_of_grade,
    enrolling,
    given_on,
    in_remission,
    in_unit,
    on_paper,
    reacted,
    steroids,
    weighed,
)

Row = tuple[str, str, str, Ask, Answer]
ADULT = "2006-03"
MRD, CREATININE = "mrd_percent_of_nucleated_cells", "creatinine_umol_per_l"
CLEARANCE = "creatinine_clearance_ml_per_min_per_1_73_m2"
ESTIMATED = "estimated_creatinine_clearance_ml_per_min_per_1_73_m2"
NO_KIDNEY: dict[str, Any] = {"height_cm": None, "creatinine_umol_per_l": None}
ONE_METRE: dict[str, Any] = {"height_cm": "100", "creatinine_umol_per_l": None}
NO_SCORE: dict[str, Any] = {"lansky_percent": None}
NO_LUNG: dict[str, Any] = {"fvc_percent_of_predicted": None}
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def one(finding: str, value: Any) -> dict[str, Any]:
    """A finding by a name that has another one here."""
    return {finding: value}


DISEASE: list[Row] = [
    ("I2a", "MRD in AML, 0.01 %", "at", in_remission("AML", **one(MRD, "0.01")), "fails"),
    ("I2a", "MRD in AML, 0.01 %", "at", in_remission("AML", **one(MRD, "0.0100")), "fails"),
    ("I2a", "MRD in AML, 0.01 %", "below", in_remission("AML", **one(MRD, "0.009999")), "fails"),
    ("I2a", "MRD in AML, 0.01 %", "above", in_remission("AML", **one(MRD, "0.010001")), "passes"),
    ("I2a", "MRD in AML, 0.01 %", "missing", in_remission("AML", **one(MRD, None)), "open"),
    ("I2a", "MRD in AML, 0.01 %", "unit", in_unit(MRD, "100", "ppm"), "unreadable"),
    ("I2b", "MRD in T-ALL, 0.1 %", "at", in_remission("T-ALL", **one(MRD, "0.1")), "fails"),
    ("I2b", "MRD in T-ALL, 0.1 %", "below", in_remission("T-ALL", **one(MRD, "0.099999")), "fails"),
    ("I2b", "MRD in T-ALL, 0.1 %", "above", in_remission("T-ALL", **one(MRD, "0.100001")), "passes"),
    ("I2b", "MRD in T-ALL, 0.1 %", "missing", in_remission("T-ALL", **one(MRD, None)), "open"),
    ("I2b", "MRD in T-ALL, 0.1 %", "unit", in_unit(MRD, "0.001", "1"), "unreadable"),
    ("I2c", "MRD in MPAL, 0.01 %", "at", in_remission("MPAL", **one(MRD, "0.01")), "fails"),
    ("I2c", "MRD in MPAL, 0.01 %", "below", in_remission("MPAL", **one(MRD, "0.009999")), "fails"),
    ("I2c", "MRD in MPAL, 0.01 %", "above", in_remission("MPAL", **one(MRD, "0.010001")), "passes"),
    ("I2c", "MRD in MPAL, 0.01 %", "missing", in_remission("MPAL", **one(MRD, None)), "open"),
    ("I2c", "MRD in MPAL, 0.01 %", "unit", in_unit(MRD, "1", "per mille"), "unreadable"),
]

INDUCED: dict[str, Any] = {"complete_remission_after_induction": False}
SALVAGED: dict[str, Any] = {"complete_remission_after_salvage": False}
REGIMENS: list[Row] = [
    row
    for rule, disease in (("I2a", "AML"), ("I2b", "T-ALL"), ("I2c", "MPAL"))
    for row in (
        (rule, "2 inductions", "at", in_remission(disease, induction_regimens_count="2", **INDUCED), "passes"),
        (rule, "2 inductions", "below", in_remission(disease, induction_regimens_count="1", **INDUCED), "fails"),
        (rule, "2 inductions", "above", in_remission(disease, induction_regimens_count="3", **INDUCED), "passes"),
        (rule, "2 inductions", "missing", in_remission(disease, induction_regimens_count=None, **INDUCED), "open"),
        (rule, "2 inductions", "unit", in_unit("induction_regimens_count", "2", "months"), "unreadable"),
        (rule, "1 salvage", "at", in_remission(disease, salvage_regimens_count="1", **SALVAGED), "passes"),
        (rule, "1 salvage", "below", in_remission(disease, salvage_regimens_count="0", **SALVAGED), "fails"),
        (rule, "1 salvage", "above", in_remission(disease, salvage_regimens_count="2", **SALVAGED), "passes"),
        (rule, "1 salvage", "missing", in_remission(disease, salvage_regimens_count=None, **SALVAGED), "open"),
        (rule, "1 salvage", "unit", in_unit("salvage_regimens_count", "1", "cycles"), "unreadable"),
    )
]

PERFORMANCE: list[Row] = [
    ("I5", "Lansky 50 %", "at", on_paper(lansky_percent="50"), "passes"),
    ("I5", "Lansky 50 %", "below", on_paper(lansky_percent="49"), "fails"),
    ("I5", "Lansky 50 %", "above", on_paper(lansky_percent="51"), "passes"),
    ("I5", "Lansky 50 %", "missing", on_paper(lansky_percent=None), "open"),
    ("I5", "Lansky 50 %", "unit", in_unit("lansky_percent", "5", "points"), "unreadable"),
    ("I5", "Karnofsky 50 %", "at", on_paper(born=ADULT, **NO_SCORE, karnofsky_percent="50"), "passes"),
    ("I5", "Karnofsky 50 %", "below", on_paper(born=ADULT, **NO_SCORE, karnofsky_percent="49.9"), "fails"),
    ("I5", "Karnofsky 50 %", "above", on_paper(born=ADULT, **NO_SCORE, karnofsky_percent="51"), "passes"),
    ("I5", "Karnofsky 50 %", "missing", on_paper(born=ADULT, **NO_SCORE), "open"),
    ("I5", "Karnofsky 50 %", "unit", in_unit("karnofsky_percent", "0.5", "1"), "unreadable"),
    ("I5", "Lansky until the 16th birthday", "at", on_paper(born="2010-03", lansky_percent="90"), "open"),
    ("I5", "Lansky until the 16th birthday", "below", on_paper(born="2010-04", lansky_percent="90"), "passes"),
    ("I5", "Lansky until the 16th birthday", "above", on_paper(born="2010-02", lansky_percent="90"), "open"),
    ("I5", "Karnofsky from it on", "at", on_paper(born="2010-03", **NO_SCORE, karnofsky_percent="90"), "passes"),
    ("I5", "Karnofsky from it on", "below", on_paper(born="2010-04", **NO_SCORE, karnofsky_percent="90"), "open"),
    ("I5", "Karnofsky from it on", "above", on_paper(born="2010-02", **NO_SCORE, karnofsky_percent="90"), "passes"),
]

KIDNEY: list[Row] = [
    ("I6", "measured 50", "at", on_paper(**NO_KIDNEY, **one(CLEARANCE, "50")), "passes"),
    ("I6", "measured 50", "below", on_paper(**NO_KIDNEY, **one(CLEARANCE, "49.999")), "fails"),
    ("I6", "measured 50", "above", on_paper(**NO_KIDNEY, **one(CLEARANCE, "50.001")), "passes"),
    ("I6", "measured 50", "missing", on_paper(**NO_KIDNEY), "open"),
    ("I6", "measured 50", "unit", in_unit(CLEARANCE, "50", "ml/min"), "unreadable"),
    ("I6", "Schwartz, mg/dl", "at", on_paper(**ONE_METRE, creatinine_mg_per_dl="0.826"), "passes"),
    (
        "I6",
        "Schwartz, mg/dl",
        "below",
        on_paper(**ONE_METRE, creatinine_mg_per_dl="0.8261"),
        "fails",
    ),
    (
        "I6",
        "Schwartz, mg/dl",
        "above",
        on_paper(**ONE_METRE, creatinine_mg_per_dl="0.8259"),
        "passes",
    ),
    ("I6", "Schwartz, mg/dl", "missing", on_paper(**NO_KIDNEY, creatinine_mg_per_dl="0.5"), "open"),
    ("I6", "Schwartz, mg/dl", "unit", in_unit("creatinine_mg_per_dl", "8", "mg/l"), "unreadable"),
    ("I6", "Schwartz, umol/l", "at", on_paper(height_cm="100", creatinine_umol_per_l="73"), "passes"),
    ("I6", "Schwartz, umol/l", "below", on_paper(height_cm="100", creatinine_umol_per_l="73.01"), "fails"),
    ("I6", "Schwartz, umol/l", "above", on_paper(height_cm="100", creatinine_umol_per_l="72.99"), "passes"),
    ("I6", "Schwartz, umol/l", "missing", on_paper(height_cm="100", creatinine_umol_per_l=None), "open"),
    ("I6", "Schwartz, umol/l", "unit", in_unit(CREATININE, "0.073", "mmol/l"), "unreadable"),
    ("I6", "Schwartz, height", "at", on_paper(height_cm="100", creatinine_umol_per_l="73"), "passes"),
    ("I6", "Schwartz, height", "below", on_paper(height_cm="99.99", creatinine_umol_per_l="73"), "fails"),
    ("I6", "Schwartz, height", "above", on_paper(height_cm="100.01", creatinine_umol_per_l="73"), "passes"),
    ("I6", "Schwartz, height", "missing", on_paper(height_cm=None, creatinine_umol_per_l="73"), "open"),
    ("I6", "Schwartz, height", "unit", in_unit("height_cm", "1", "m"), "unreadable"),
    ("I6", "an adult's estimate 50", "at", on_paper(born=ADULT, **NO_KIDNEY, **one(ESTIMATED, "50")), "passes"),
    ("I6", "an adult's estimate 50", "below", on_paper(born=ADULT, **NO_KIDNEY, **one(ESTIMATED, "49.999")), "fails"),
    ("I6", "an adult's estimate 50", "above", on_paper(born=ADULT, **NO_KIDNEY, **one(ESTIMATED, "50.001")), "passes"),
    ("I6", "an adult's estimate 50", "missing", on_paper(born=ADULT, **NO_KIDNEY), "open"),
    ("I6", "an adult's estimate 50", "unit", in_unit(ESTIMATED, "50", "ml/min"), "unreadable"),
    ("I6", "Schwartz from the 1st birthday", "at", on_paper(born="2025-03"), "passes"),
    ("I6", "Schwartz from the 1st birthday", "below", on_paper(born="2025-04"), "open"),
    ("I6", "Schwartz from the 1st birthday", "above", on_paper(born="2025-02"), "passes"),
    ("I6", "below it, attested", "below", on_paper(born="2025-04", said={"attested": {"I6": True}}), "passes"),
    ("I6", "below it, attested", "below", on_paper(born="2025-04", said={"attested": {"I6": False}}), "fails"),
    ("I6", "below it, attested", "at", on_paper(born="2025-03", **NO_KIDNEY, said={"attested": {"I6": True}}), "open"),
    (
        "I6",
        "below it, attested",
        "above",
        on_paper(born="2025-02", **NO_KIDNEY, said={"attested": {"I6": True}}),
        "open",
    ),
    ("I6", "Schwartz until the 18th birthday", "at", on_paper(born="2008-03"), "open"),
    ("I6", "Schwartz until the 18th birthday", "below", on_paper(born="2008-04"), "passes"),
    ("I6", "Schwartz until the 18th birthday", "above", on_paper(born="2008-02"), "open"),
]

LIVER: list[Row] = [
    ("I7", "bilirubin 3 ULN", "at", on_paper(bilirubin_umol_per_l="60", gilbert=False), "passes"),
    ("I7", "bilirubin 3 ULN", "below", on_paper(bilirubin_umol_per_l="59.99", gilbert=False), "passes"),
    ("I7", "bilirubin 3 ULN", "above", on_paper(bilirubin_umol_per_l="60.01", gilbert=False), "fails"),
    ("I7", "bilirubin 3 ULN", "missing", on_paper(bilirubin_umol_per_l=None, gilbert=False), "open"),
    ("I7", "bilirubin 3 ULN", "missing", on_paper(bilirubin_uln_umol_per_l=None, gilbert=False), "open"),
    ("I7", "bilirubin 3 ULN", "unit", in_unit("bilirubin_umol_per_l", "3.5", "mg/dl"), "unreadable"),
    ("I7", "bilirubin, Gilbert's disease", "at", on_paper(bilirubin_umol_per_l="60", gilbert=True), "passes"),
    ("I7", "bilirubin, Gilbert's disease", "below", on_paper(bilirubin_umol_per_l="59.99", gilbert=True), "passes"),
    ("I7", "bilirubin, Gilbert's disease", "above", on_paper(bilirubin_umol_per_l="300", gilbert=True), "passes"),
    ("I7", "bilirubin, Gilbert's disease", "missing", on_paper(bilirubin_umol_per_l="60.01", gilbert=None), "open"),
    ("I7", "bilirubin, Gilbert's disease", "unit", in_unit("bilirubin_uln_umol_per_l", "1", "mg/dl"), "unreadable"),
    ("I7", "ALT 3 ULN", "at", on_paper(alt_u_per_l="120"), "passes"),
    ("I7", "ALT 3 ULN", "below", on_paper(alt_u_per_l="119.99"), "passes"),
    ("I7", "ALT 3 ULN", "above", on_paper(alt_u_per_l="120.01"), "fails"),
    ("I7", "ALT 3 ULN", "above", on_paper(alt_u_per_l="120.01", gilbert=True), "fails"),
    ("I7", "ALT 3 ULN", "missing", on_paper(alt_u_per_l=None), "open"),
    ("I7", "ALT 3 ULN", "missing", on_paper(alt_uln_u_per_l=None), "open"),
    ("I7", "ALT 3 ULN", "unit", in_unit("alt_u_per_l", "2", "ukat/l"), "unreadable"),
    ("I7", "AST 3 ULN", "at", on_paper(ast_u_per_l="120"), "passes"),
    ("I7", "AST 3 ULN", "below", on_paper(ast_u_per_l="119.99"), "passes"),
    ("I7", "AST 3 ULN", "above", on_paper(ast_u_per_l="120.01"), "fails"),
    ("I7", "AST 3 ULN", "above", on_paper(ast_u_per_l="120.01", gilbert=True), "fails"),
    ("I7", "AST 3 ULN", "missing", on_paper(ast_u_per_l=None), "open"),
    ("I7", "AST 3 ULN", "missing", on_paper(ast_uln_u_per_l=None), "open"),
    ("I7", "AST 3 ULN", "unit", in_unit("ast_uln_u_per_l", "0.6", "ukat/l"), "unreadable"),
]

HEART_AND_LUNG: list[Row] = [
    ("I8", "LVEF 40 %", "at", on_paper(lvef_percent="40"), "passes"),
    ("I8", "LVEF 40 %", "below", on_paper(lvef_percent="39.99"), "fails"),
    ("I8", "LVEF 40 %", "above", on_paper(lvef_percent="40.01"), "passes"),
    ("I8", "LVEF 40 %", "missing", on_paper(lvef_percent=None), "open"),
    ("I8", "LVEF 40 %", "unit", in_unit("lvef_percent", "0.4", "1"), "unreadable"),
    ("I9", "FVC 50 %", "at", on_paper(fvc_percent_of_predicted="50"), "passes"),
    ("I9", "FVC 50 %", "below", on_paper(fvc_percent_of_predicted="49.9"), "fails"),
    ("I9", "FVC 50 %", "above", on_paper(fvc_percent_of_predicted="50.1"), "passes"),
    ("I9", "FVC 50 %", "missing", on_paper(**NO_LUNG), "open"),
    ("I9", "FVC 50 %", "unit", in_unit("fvc_percent_of_predicted", "1.5", "l"), "unreadable"),
    ("I9", "SpO2 92 %", "at", on_paper(**NO_LUNG, spirometry_possible=False, spo2_percent_on_room_air="92"), "passes"),
    (
        "I9",
        "SpO2 92 %",
        "below",
        on_paper(**NO_LUNG, spirometry_possible=False, spo2_percent_on_room_air="91.9"),
        "fails",
    ),
    (
        "I9",
        "SpO2 92 %",
        "above",
        on_paper(**NO_LUNG, spirometry_possible=False, spo2_percent_on_room_air="92.1"),
        "passes",
    ),
    ("I9", "SpO2 92 %", "missing", on_paper(**NO_LUNG, spirometry_possible=False), "open"),
    ("I9", "SpO2 92 %", "missing", on_paper(**NO_LUNG, spo2_percent_on_room_air="99"), "open"),
    ("I9", "SpO2 92 %", "unit", in_unit("spo2_percent_on_room_air", "0.92", "1"), "unreadable"),
]

NO_SPIROMETRY: dict[str, Any] = {**NO_LUNG, "spirometry_possible": False, "spo2_percent_on_room_air": "99"}
WASHOUT_SIGNS = ("active_gvhd", "active_sos", "active_crs", "active_icans")


def therapy(last_on: str | None, on: str = "2026-03-01", **changes: bool | None) -> Ask:
    """A cellular therapy on a day, of a patient who is judged on another."""
    known: dict[str, Any] = {"earlier_cellular_therapy": None, "last_cellular_therapy_on": last_on, **changes}
    return on_paper(on=on, **known)


AGES_AND_MONTHS: list[Row] = [
    ("I9", "SpO2 until the 18th birthday", "at", on_paper(born="2008-03", **NO_SPIROMETRY), "open"),
    ("I9", "SpO2 until the 18th birthday", "below", on_paper(born="2008-04", **NO_SPIROMETRY), "passes"),
    ("I9", "SpO2 until the 18th birthday", "above", on_paper(born="2008-02", **NO_SPIROMETRY), "open"),
    ("X2", "4 months", "at", therapy("2025-11-01"), "passes"),
    ("X2", "4 months", "below", therapy("2025-11-02"), "fails"),
    ("X2", "4 months", "above", therapy("2025-10-31"), "passes"),
    ("X2", "4 months", "missing", therapy(None, earlier_cellular_therapy=True), "open"),
    ("X2", "4 months", "missing", therapy(None), "open"),
    ("X2", "4 months", "missing", therapy(None, earlier_cellular_therapy=False), "passes"),
    ("X2", "4 months, from the 14th", "below", therapy("2025-11-15", "2026-03-14"), "fails"),
    ("X2", "4 months, from the 14th", "at", therapy("2025-11-15", "2026-03-15"), "passes"),
    ("X2", "4 months, from the 14th", "above", therapy("2025-11-15", "2026-03-16"), "passes"),
    ("X2", "4 months, clamped to 28 February", "at", therapy("2026-02-28", "2026-06-30"), "passes"),
    ("X2", "4 months, clamped to 28 February", "below", therapy("2026-03-01", "2026-06-30"), "fails"),
    ("X2", "4 months, clamped to 28 February", "above", therapy("2026-02-27", "2026-06-30"), "passes"),
    ("X2", "4 months, clamped to 29 February", "at", therapy("2028-02-29", "2028-06-30"), "passes"),
    ("X2", "4 months, clamped to 29 February", "below", therapy("2028-03-01", "2028-06-30"), "fails"),
    ("X2", "4 months, clamped to 29 February", "above", therapy("2028-02-28", "2028-06-30"), "passes"),
    ("X2", "4 months before a 28 February", "at", therapy("2025-10-28", "2026-02-28"), "passes"),
    ("X2", "4 months before a 28 February", "below", therapy("2025-10-29", "2026-02-28"), "fails"),
    ("X2", "4 months before a 28 February", "below", therapy("2025-10-31", "2026-02-28"), "fails"),
    ("X2", "4 months before a 28 February", "above", therapy("2025-10-27", "2026-02-28"), "passes"),
    ("X2", "4 months over a year's end", "at", therapy("2025-09-30", "2026-01-30"), "passes"),
    ("X2", "4 months over a year's end", "below", therapy("2025-10-01", "2026-01-30"), "fails"),
    ("X2", "4 months over a year's end", "above", therapy("2025-09-29", "2026-01-30"), "passes"),
    ("R1", "1 month", "at", on_paper(born="2026-02", signed=SIGNED), "passes"),
    ("R1", "1 month", "below", on_paper(born="2026-02", on="2026-02-28", signed=SIGNED), "fails"),
    ("R1", "1 month", "above", on_paper(born="2026-01", signed=SIGNED), "passes"),
    ("R1", "1 year, no reading signed", "at", on_paper(born="2025-03"), "passes"),
    ("R1", "1 year, no reading signed", "below", on_paper(born="2025-03", on="2026-02-28"), "open"),
    ("R1", "1 year, no reading signed", "above", on_paper(born="2025-02"), "passes"),
    ("R1", "1 year, the reading signed", "below", on_paper(born="2025-03", on="2026-02-28", signed=SIGNED), "passes"),
    ("R1", "1 year, the reading signed", "at", on_paper(born="2025-03", signed=SIGNED), "passes"),
    ("R1", "1 year, the reading signed", "above", on_paper(born="2025-02", signed=SIGNED), "passes"),
    ("R1", "the 26th birthday", "at", on_paper(born="2000-03"), "fails"),
    ("R1", "the 26th birthday", "below", on_paper(born="2000-03", on="2026-02-28"), "passes"),
    ("R1", "the 26th birthday", "above", on_paper(born="2000-02"), "fails"),
]

INFECTED: list[Row] = [
    row
    for name in ("active_hbv", "active_hcv", "active_hiv")
    for row in (
        ("X3", name, "below", on_paper(**one(name, False)), "passes"),
        ("X3", name, "at", on_paper(**one(name, True)), "fails"),
        ("X3", name, "missing", on_paper(**one(name, None)), "open"),
    )
]
SIGNS: list[Row] = [
    row
    for name in WASHOUT_SIGNS
    for row in (
        ("X2", name, "below", therapy("2020-01-01", **one(name, False)), "passes"),
        ("X2", name, "at", therapy("2020-01-01", **one(name, True)), "fails"),
        ("X2", name, "missing", therapy("2020-01-01", **one(name, None)), "open"),
    )
]

TESTED: dict[str, Any] = {"pregnancy_test": "negative", "lactating": False}


def with_test(on: str, result: str = "negative") -> Ask:
    """A woman with a pregnancy test of a day, judged on 1 March 2026."""
    test = found("pregnancy_test", result, on)
    return on_paper(born=ADULT, sex="female", **{**TESTED, "pregnancy_test": test})


PREGNANCY: list[Row] = [
    ("X4", "tested from the 12th birthday", "at", on_paper(born="2014-03", sex="female"), "open"),
    ("X4", "tested from the 12th birthday", "below", on_paper(born="2014-04", sex="female"), "passes"),
    ("X4", "tested from the 12th birthday", "above", on_paper(born="2014-02", sex="female"), "open"),
    ("X4", "tested from menarche", "below", on_paper(sex="female", menarche=False), "passes"),
    ("X4", "tested from menarche", "at", on_paper(sex="female", menarche=True), "open"),
    ("X4", "tested from menarche", "above", on_paper(sex="female", menarche=True, **TESTED), "passes"),
    ("X4", "not applicable", "above", on_paper(born=ADULT), "passes"),
    ("X4", "a negative test, 7 days", "at", with_test("2026-02-22"), "passes"),
    ("X4", "a negative test, 7 days", "below", with_test("2026-02-23"), "passes"),
    ("X4", "a negative test, 7 days", "above", with_test("2026-02-21"), "open"),
    ("X4", "a negative test, 7 days", "missing", on_paper(born=ADULT, sex="female", lactating=False), "open"),
    ("X4", "a positive test", "at", with_test("2026-03-01", "positive"), "fails"),
    ("X4", "a positive test", "above", with_test("2025-06-01", "positive"), "fails"),
    ("X4", "lactating", "at", on_paper(born=ADULT, sex="female", **{**TESTED, "lactating": True}), "fails"),
    ("X4", "lactating", "below", on_paper(born=ADULT, sex="female", **TESTED), "passes"),
    ("X4", "lactating", "missing", on_paper(born=ADULT, sex="female", pregnancy_test="negative"), "open"),
]

CONSENT: list[Row] = [
    ("I1", "14 years: the patient too", "below", consented("2012-02", "representative"), "passes"),
    ("I1", "14 years: the patient too", "below", consented("2012-02", "patient"), "fails"),
    ("I1", "14 years: the patient too", "at", consented("2012-01", "representative"), "fails"),
    ("I1", "14 years: the patient too", "at", consented("2012-01", "patient"), "fails"),
    ("I1", "14 years: the patient too", "at", consented("2012-01", "patient", "representative"), "passes"),
    ("I1", "14 years: the patient too", "above", consented("2011-12", "patient", "representative"), "passes"),
    ("I1", "14 years: the patient too", "missing", consented("2012-01"), "fails"),
    ("I1", "18 years: the patient alone", "below", consented("2008-02", "patient"), "fails"),
    ("I1", "18 years: the patient alone", "below", consented("2008-02", "patient", "representative"), "passes"),
    ("I1", "18 years: the patient alone", "at", consented("2008-01", "patient"), "passes"),
    ("I1", "18 years: the patient alone", "at", consented("2008-01", "representative"), "fails"),
    ("I1", "18 years: the patient alone", "above", consented("2007-12", "patient"), "passes"),
    ("I1", "18 years: the patient alone", "missing", consented("2008-01"), "fails"),
]

ARBITER: list[Row] = [
    ("X5", "determined", "below", on_paper(said={"determinations": {"X5": False}}), "passes"),
    ("X5", "determined", "at", on_paper(said={"determinations": {"X5": True}}), "fails"),
    ("X5", "determined", "missing", on_paper(uncontrolled_infection=False), "open"),
    (
        "X5",
        "determined against what was found",
        "below",
        on_paper(uncontrolled_infection=True, said={"determinations": {"X5": False}}),
        "passes",
    ),
    (
        "X5",
        "determined against what was found",
        "at",
        on_paper(uncontrolled_infection=False, said={"determinations": {"X5": True}}),
        "fails",
    ),
]

DOSING: list[Row] = [
    ("P1", "15 enrolled", "below", enrolling(13), "passes"),
    ("P1", "15 enrolled", "at", enrolling(14), "passes"),
    ("P1", "15 enrolled", "above", enrolling(15), "fails"),
    ("P3", "the planned cells", "at", calculated("400000000/3"), "passes"),
    ("P3", "the planned cells", "at", calculated("133333333"), "passes"),
    ("P3", "the planned cells", "below", calculated("133333332"), "fails"),
    ("P3", "the planned cells", "above", calculated("133333334"), "fails"),
    ("P3", "the planned cells", "missing", calculated(None), "unreadable"),
    ("P3", "the planned cells", "unit", calculated("133.3e6"), "unreadable"),
    ("P5", "infusion 1 on day -12", "at", given_on(1, -12), "passes"),
    ("P5", "infusion 1 on day -12", "above", given_on(1, -11), "fails"),
    ("P5", "infusion 2 from day +3", "at", given_on(2, 3), "passes"),
    ("P5", "infusion 2 from day +3", "below", given_on(2, 2), "fails"),
    ("P5", "infusion 2 from day +3", "above", given_on(2, 4), "passes"),
    ("P5", "infusion 2 until day +7", "at", given_on(2, 7), "passes"),
    ("P5", "infusion 2 until day +7", "below", given_on(2, 6), "passes"),
    ("P5", "infusion 2 until day +7", "above", given_on(2, 8), "fails"),
    ("A.3-16", "a weight of 7 days", "at", weighed(7), "passes"),
    ("A.3-16", "a weight of 7 days", "below", weighed(6), "passes"),
    ("A.3-16", "a weight of 7 days", "above", weighed(8), "fails"),
    ("A.3-16", "a weight of 7 days", "missing", weighed(weight_kg=None), "unreadable"),
    ("A.3-16", "a weight of 7 days", "missing", weighed(None), "unreadable"),
    ("A.3-16", "a weight of 7 days", "unit", weighed(weight_g="20000"), "unreadable"),
    ("A.3-16", "a weight above 0 kg", "at", weighed(weight_kg="0"), "unreadable"),
    ("A.3-16", "a weight above 0 kg", "above", weighed(weight_kg="0.1"), "passes"),
    ("A.3-16", "a weight above 0 kg", "below", weighed(weight_kg="-1"), "unreadable"),
]

STEROIDS = "prednisone_equivalent_mg_per_kg_per_day_max_in_72_h"
COUNT = "nonhaematologic_reactions_count"
READINESS: list[Row] = [
    ("P6", "steroids 0.5 mg/kg/day", "at", check("steroids", **one(STEROIDS, "0.5")), "passes"),
    ("P6", "steroids 0.5 mg/kg/day", "below", check("steroids", **one(STEROIDS, "0.49999")), "passes"),
    ("P6", "steroids 0.5 mg/kg/day", "above", check("steroids", **one(STEROIDS, "0.50001")), "fails"),
    ("P6", "steroids 0.5 mg/kg/day", "missing", check("steroids", **one(STEROIDS, None)), "unreadable"),
    ("P6", "steroids 0.5 mg/kg/day", "unit", check("steroids", prednisone_mg_per_day="10"), "unreadable"),
    ("A.3-11", "10 mg of prednisone in 20 kg", "at", steroids(("prednisone", "10", 12)), "passes"),
    ("A.3-11", "10 mg of prednisone in 20 kg", "below", steroids(("prednisone", "9.99", 12)), "passes"),
    ("A.3-11", "10 mg of prednisone in 20 kg", "above", steroids(("prednisone", "10.01", 12)), "fails"),
    ("A.3-11", "10 mg of prednisone in 20 kg", "missing", steroids(), "passes"),
    ("A.3-11", "10 mg of prednisone in 20 kg", "unit", steroids(("a new steroid", "10", 12)), "open"),
    ("A.3-11", "72 hours before", "at", steroids(("prednisone", "11", 72)), "fails"),
    ("A.3-11", "72 hours before", "below", steroids(("prednisone", "11", 71.9)), "fails"),
    ("A.3-11", "72 hours before", "above", steroids(("prednisone", "11", 72.1)), "passes"),
    ("A.3-11", "rolling 24 hours", "at", steroids(("prednisone", "6", 48), ("prednisone", "6", 24)), "passes"),
    ("A.3-11", "rolling 24 hours", "below", steroids(("prednisone", "6", 47.9), ("prednisone", "6", 24)), "fails"),
    ("A.3-11", "rolling 24 hours", "above", steroids(("prednisone", "6", 48.1), ("prednisone", "6", 24)), "passes"),
    ("P6", "uncontrolled infection in 24 hours", "below", check("infection", uncontrolled_infection=False), "passes"),
    ("P6", "uncontrolled infection in 24 hours", "at", check("infection", uncontrolled_infection=True), "fails"),
    (
        "P6",
        "uncontrolled infection in 24 hours",
        "missing",
        check("infection", uncontrolled_infection=None),
        "unreadable",
    ),
    ("P6", "oxygen 5 L/min", "at", check("oxygen", oxygen_l_per_min="5"), "passes"),
    ("P6", "oxygen 5 L/min", "below", check("oxygen", oxygen_l_per_min="4.99"), "passes"),
    ("P6", "oxygen 5 L/min", "above", check("oxygen", oxygen_l_per_min="5.01"), "fails"),
    ("P6", "oxygen 5 L/min", "missing", check("oxygen", oxygen_l_per_min=None), "unreadable"),
    ("P6", "oxygen 5 L/min", "unit", check("oxygen", oxygen_ml_per_min="5000"), "unreadable"),
    ("A.3-14", "oxygen 5.5 L/min", "above", check("oxygen", oxygen_l_per_min="5.5"), "fails"),
    ("P6", "ventilator", "below", check("ventilator", ventilator=False), "passes"),
    ("P6", "ventilator", "at", check("ventilator", ventilator=True), "fails"),
    ("P6", "ventilator", "missing", check("ventilator", ventilator=None), "unreadable"),
    ("P6", "reaction of grade 3", "at", reacted(ctcae_grade=3), "fails"),
    ("P6", "reaction of grade 3", "below", reacted(ctcae_grade=2), "passes"),
    ("P6", "reaction of grade 3", "above", reacted(ctcae_grade=4), "fails"),
    ("P6", "reaction of grade 3", "missing", check("nonhaematologic-reaction", 2, **one(COUNT, None)), "unreadable"),
    ("P6", "reaction of grade 3, haematologic", "above", reacted(ctcae_grade=4, haematologic=True), "passes"),
    ("P6", "reaction of grade 3, infusion 1", "above", reacted(ordinal=1, ctcae_grade=4), "open"),
    ("P6", "stated reactions, none", "at", check("nonhaematologic-reaction", 2, **one(COUNT, 0)), "passes"),
    ("P6", "stated reactions, none", "above", check("nonhaematologic-reaction", 2, **one(COUNT, 1)), "fails"),
    ("P6", "stated reactions, none", "below", check("nonhaematologic-reaction", 2, **one(COUNT, -1)), "unreadable"),
    ("A.3-12", "since infusion 1", "at", reacted(hours_after_start=0, ctcae_grade=3), "fails"),
    ("A.3-12", "since infusion 1", "below", reacted(hours_after_start=-0.1, ctcae_grade=3), "passes"),
    ("A.3-12", "since infusion 1", "above", reacted(hours_after_start=0.1, ctcae_grade=3), "fails"),
    ("P6", "checks of 24 hours", "at", assessed_ago("assessed_at", DAY), "passes"),
    ("P6", "checks of 24 hours", "below", assessed_ago("assessed_at", DAY - MINUTE), "passes"),
    ("P6", "checks of 24 hours", "above", assessed_ago("assessed_at", DAY + MINUTE), "fails"),
    ("P6", "checks of 24 hours", "missing", assessed_ago("assessed_at", None), "fails"),
    ("P6", "oxygen of 2 hours", "at", assessed_ago("oxygen_assessed_at", 120 * MINUTE), "passes"),
    ("P6", "oxygen of 2 hours", "below", assessed_ago("oxygen_assessed_at", 119 * MINUTE), "passes"),
    ("P6", "oxygen of 2 hours", "above", assessed_ago("oxygen_assessed_at", 121 * MINUTE), "fails"),
    ("P6", "oxygen of 2 hours", "missing", assessed_ago("oxygen_assessed_at", None), "fails"),
]

TOXICITY: list[Row] = [
    ("P7", "CRS of grade 3", "at", crs_of_grade(3), "fails"),
    ("P7", "CRS of grade 3", "below", crs_of_grade(2), "passes"),
    ("P7", "CRS of grade 3", "above", crs_of_grade(4), "fails"),
    ("A.3-6", "the end of the window", "below", crs_begins(-MINUTE), "fails"),
    ("A.3-6", "the end of the window", "at", crs_begins(0 * MINUTE), "passes"),
    ("A.3-6", "the end of the window", "above", crs_begins(MINUTE), "passes"),
    ("P8", "2 DLTs at level 0", "below", advised("1TT 0NT", StopNoMtd()), "fails"),
    ("P8", "2 DLTs at level 0", "at", advised("1TT 0TT", StopNoMtd()), "passes"),
    ("P8", "2 DLTs at level 0", "at", advised("1TT 0NNT 0T", StopNoMtd()), "passes"),
]

ROWS: list[Row] = [
    *DISEASE,
    *REGIMENS,
    *PERFORMANCE,
    *KIDNEY,
    *LIVER,
    *HEART_AND_LUNG,
    *AGES_AND_MONTHS,
    *INFECTED,
    *SIGNS,
    *PREGNANCY,
    *CONSENT,
    *ARBITER,
    *DOSING,
    *READINESS,
    *TOXICITY,
]
NAMES = [f"{rule} {measured}: {where}" for rule, measured, where, _, _ in ROWS]


@pytest.mark.parametrize(("rule", "measured", "where", "ask", "answer"), ROWS, ids=NAMES)
def test_at_just_below_just_above_missing_and_in_another_unit(
    rule: str, measured: str, where: str, ask: Ask, answer: Answer
) -> None:
    assert ask(rule) == answer, (measured, where)


def test_a_quantity_with_a_unit_has_every_case_and_a_limit_in_time_its_three() -> None:
    """What is only there or not has two, and is asked for where it is missing."""
    cases: dict[tuple[str, str], set[str]] = defaultdict(set)
    for rule, measured, where, _, _ in ROWS:
        cases[rule, measured].add(where)
    whole, sides = {"at", "below", "above", "missing", "unit"}, {"at", "below", "above"}
    measured_in_units = {each for each, there in cases.items() if "unit" in there}
    assert len(measured_in_units) >= 25
    assert {each for each in measured_in_units if cases[each] != whole} == set()
    assert {where for there in cases.values() for where in there} == whole
    assert len({each for each, there in cases.items() if sides <= there}) >= 45


def test_every_threshold_of_the_checklist_is_in_the_table() -> None:
    rules = {rule for rule, *_ in ROWS}
    thresholds = {each.criterion for each in TRIAL.eligibility.thresholds()} - {"I2", "I10"}
    assert thresholds | {"I1", "I2a", "I2b", "I2c", "R1", "P1", "P3", "P5", "P6", "P7", "P8"} <= rules
