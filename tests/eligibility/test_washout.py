"""X2: calendar months since the last cellular therapy, and active signs. Met means excluded (A.3-4)."""

from datetime import date

import pytest

from tests.eligibility.cases import but, changed_trial, found, patient, verdicts


def excluded(last_on: str | None, on: str, **changes: bool | None) -> bool | None:
    given = but(**{"earlier_cellular_therapy": None, "last_cellular_therapy_on": last_on, **changes})
    on_the_day = {name: found(name, value, on) for name, value in given.items() if isinstance(value, str | bool)}
    return verdicts(patient(on_the_day), date.fromisoformat(on))["X2"].met


@pytest.mark.parametrize("sign", ["active_gvhd", "active_sos", "active_crs", "active_icans"])
def test_an_active_sign_excludes_however_long_ago_the_therapy_was(sign: str) -> None:
    assert excluded("1999-01-01", "2026-03-01", **{sign: True}) is True
    assert excluded("2026-02-01", "2026-03-01", **{sign: None}) is True


@pytest.mark.parametrize(
    ("earlier", "last_on", "met", "missing"),
    [
        (False, None, False, ()),
        (True, None, None, ("last_cellular_therapy_on",)),
        (None, None, None, ("earlier_cellular_therapy",)),
        (None, "2025-12-01", True, ()),
        (False, "2025-12-01", True, ()),
        (True, "2025-11-01", False, ()),
    ],
)
def test_a_therapy_that_there_was_has_a_day(
    earlier: bool | None, last_on: str | None, met: bool | None, missing: tuple[str, ...]
) -> None:
    given = but(earlier_cellular_therapy=earlier, last_cellular_therapy_on=last_on)
    verdict = verdicts(patient(given))["X2"]
    assert (verdict.met, verdict.missing) == (met, missing)


@pytest.mark.parametrize(("last_on", "met"), [("2025-03-01", False), ("2025-03-02", True)])
def test_the_months_are_the_protocols(last_on: str, met: bool) -> None:
    other = changed_trial(washout={"cellular_therapy_months": 12})
    assert verdicts(patient(but(last_cellular_therapy_on=last_on)), protocol=other)["X2"].met is met
