"""A donor who may be selected, step by step: for every test that is about something else."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ledger.decisions import donor as d
from ledger.decisions.docket import Command
from ledger.patient.donors import RankedDonor
from ledger.record import Actor
from tests.bench import INVESTIGATOR, NURSE, Bench

TESTED_DAYS_AGO = 20


def candidate(number: str, donor: str, **said: Any) -> d.RecordDonorCandidate:
    """The father of a patient, as he was recorded, but for what is said."""
    content: dict[str, Any] = {
        "type": "haploidentical",
        "relation": "father",
        "sex": "male",
        "birth_year": 1984,
        "cmv_serology": "positive",
        "kir_ligand_mismatch": True,
        "available_for_graft": True,
        "available_for_nk_cells": True,
        **said,
    }
    return d.RecordDonorCandidate.model_validate({"patient": number, "donor": donor, **content})


def agreed(bench: Bench, number: str, donor: str, **said: Any) -> d.RecordDonorConsent:
    content = {"form_version": "donor 1.0", "signed_at": bench.now, "obtained_by": "maria", **said}
    return d.RecordDonorConsent.model_validate({"patient": number, "donor": donor, **content})


def determined(bench: Bench, number: str, donor: str, **said: Any) -> d.DetermineDonorEligibility:
    """On infectious tests of twenty days ago, or fewer where the protocol wants them newer."""
    days = min(TESTED_DAYS_AGO, bench.docket().protocol().donor.infectious_tests_valid_days)
    tests_on = bench.world.patient_day(number, bench.now) - timedelta(days=days)
    content = {"eligible": True, "infectious_tests_on": tests_on, **said}
    return d.DetermineDonorEligibility.model_validate({"patient": number, "donor": donor, **content})


def selection(number: str, donor: str, *others: str, **said: Any) -> d.SelectDonor:
    """The donor ranked first, then the others."""
    ranking = tuple(RankedDonor(donor=each, reasons=("KIR-ligand mismatch",)) for each in (donor, *others))
    return d.SelectDonor.model_validate({"patient": number, "donor": donor, "ranking": ranking, **said})


def sample(bench: Bench, number: str, donor: str | None, nth: int, **said: Any) -> d.RecordBloodGroup:
    """The nth blood sample of the recipient (no donor) or of a donor, of today."""
    whose = "recipient" if donor is None else "donor"
    content = {"sample": f"{donor or number}-{nth}", "sampled_on": bench.world.patient_day(number, bench.now)}
    group = {"abo": "A", "rh": "positive"}
    named = {"patient": number, "whose": whose, "donor": donor}
    return d.RecordBloodGroup.model_validate({**named, **content, **group, **said})


def steps(bench: Bench, number: str, donor: str | None = None, **said: Any) -> Iterator[tuple[Command, Actor]]:
    """What to ask so that patient 001 has the donor D-001 selected, with both blood groups known; none, where the
    protocol does not ask for a donor."""
    rules, donor = bench.docket().protocol().donor, donor or f"D-{number}"
    if rules.criterion is not None:
        yield candidate(number, donor, **said), NURSE
        yield agreed(bench, number, donor), NURSE
        yield determined(bench, number, donor), INVESTIGATOR
        yield selection(number, donor), INVESTIGATOR
        for nth in range(1, rules.blood_group_samples + 1):
            yield sample(bench, number, None, nth), NURSE
            yield sample(bench, number, donor, nth), NURSE
