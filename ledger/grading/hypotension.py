"""Hypotension by age: the systolic pressure below which a patient is hypotensive.

    1 to 11 months      70 mmHg
    1 to 10 years       70 + 2 x age in completed years
    11 years and above  90 mmHg

The limits are strict: at the limit is not hypotensive. A patient's own baseline may justify another limit; that is a
finding of the person who assesses. Below one month nothing is given: the trial takes nobody so young.

Sources: from 1 year, Mahadeo et al. 2019, doi:10.1038/s41571-018-0075-2, table 2; infants, Pediatric Advanced Life
Support.
"""


def hypotension_limit_mmhg(age_years: int, age_months: int) -> int:
    """The limit at an age of completed years and the completed months beyond them, from 0 to 11.

    `ValueError` for an age below one month and for months outside 0 to 11.
    """
    if age_years < 0 or not 0 <= age_months <= 11 or (age_years, age_months) == (0, 0):
        raise ValueError("an age is completed years and 0 to 11 months, at least one month in all")
    return min(70 + 2 * age_years, 90)  # which is 70 in the first year, and 90 from the tenth
