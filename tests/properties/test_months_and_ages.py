"""Calendar months, completed years, and whose signatures an age needs."""

import calendar
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.patient.events import PatientScreened
from ledger.patient.state import Patient
from ledger.protocol.eligibility import Consent
from ledger.types import add_months, whole_years
from tests.bench import nct07256210

DAYS = st.dates(date(1900, 1, 1), date(2150, 12, 31))
MONTHS = st.integers(-600, 600)
CONSENT: Consent = nct07256210().consent


def month_number(day: date) -> int:
    return day.year * 12 + day.month


@given(DAYS, MONTHS)
def test_so_many_months_later_it_is_that_month_and_the_same_day_number_or_its_last(day: date, months: int) -> None:
    later = add_months(day, months)
    last = calendar.monthrange(later.year, later.month)[1]
    assert month_number(later) == month_number(day) + months
    assert later.day == min(day.day, last)


@given(DAYS, DAYS, MONTHS)
def test_a_later_day_is_never_earlier_after_as_many_months(one: date, other: date, months: int) -> None:
    early, late = sorted((one, other))
    assert add_months(early, months) <= add_months(late, months)


@given(DAYS, st.integers(0, 600))
def test_back_and_forth_is_the_same_day_unless_a_month_was_too_short(day: date, months: int) -> None:
    again = add_months(add_months(day, months), -months)
    assert again == day or (again < day and again.day >= calendar.monthrange(2023, 2)[1])


@given(DAYS, st.integers(0, 100))
def test_whole_years_count_birthdays(born: date, years: int) -> None:
    birthday = add_months(born, 12 * years)
    reached = whole_years(born, birthday)
    assert reached == years or (born.day == 29 and born.month == 2 and reached == years - 1)
    assert whole_years(born, birthday - timedelta(days=1)) == years - 1


@given(DAYS, DAYS)
def test_an_age_is_never_negative_and_never_falls(one: date, other: date) -> None:
    born = PatientScreened(number="001", site="NDGOI", birth_year_month="1975-06", sex="female")
    patient = Patient("001", screened=born)
    early, late = sorted((one, other))
    assert 0 <= patient.age_on(early) <= patient.age_on(late)


@given(st.integers(0, 150))
def test_below_14_the_representative_signs_to_17_both_and_then_the_patient(years: int) -> None:
    expected = {"representative"} if years < 14 else {"patient", "representative"} if years < 18 else {"patient"}
    assert CONSENT.required(years) == expected


@given(st.integers(0, 149))
def test_who_has_to_sign_changes_at_a_majority_age_only(years: int) -> None:
    changes = CONSENT.required(years) != CONSENT.required(years + 1)
    assert changes == (years + 1 in CONSENT.majority_ages_years)
