"""Chapters 2 to 4: level 1 has one DLT in its first three patients, is filled to six, and is cleared."""

from datetime import timedelta

from api.demo.deciding import decide
from api.demo.people import EDC
from api.demo.reactions import assess, correct_assessment, crs_findings, omit_second, report, rule_dlt
from api.demo.stage import FIRST_DAY, Child, Stage
from api.demo.ward import FIRST_ONLY, close_window, enter, given, graft, infuse, place

SENTINEL_ENDS_DAY = 19
"""14 days after the second infusion, the next patient of the level may be dosed."""

FIRST = Child("001", "2016-03", "female", "21.5", 1, FIRST_DAY + timedelta(days=2))
SECOND = Child("002", "2012-11", "male", "38", 1, FIRST.day(SENTINEL_ENDS_DAY))
THIRD = Child("003", "2018-06", "female", "17.2", 1, SECOND.day(-11))
FOURTH = Child("004", "2009-01", "male", "52", 1, THIRD.day(35))
FIFTH = Child("005", "2014-08", "female", "26.4", 1, FOURTH.day(SENTINEL_ENDS_DAY))
SIXTH = Child("006", "2006-05", "male", "61", 1, FIFTH.day(SENTINEL_ENDS_DAY))


def first_three(stage: Stage) -> None:
    """One child alone, then two; the second has a DLT."""
    stage.screen.chapter(2, "Level 1: one child alone, then two more")
    _enter_and_place(stage, FIRST)
    infuse(stage, FIRST, 1)
    stage.tell("the sentinel: first infusion, 2/3 of 10 × 10⁶ cells/kg", FIRST)
    graft(stage, FIRST)
    stage.tell("graft", FIRST)
    infuse(stage, FIRST, 2)
    stage.tell(f"second infusion; the next child waits until {FIRST.day(19):%-d %b}", FIRST)
    for child in (SECOND, THIRD):
        _enter_and_place(stage, child)
    infuse(stage, SECOND, 1)
    stage.tell("first infusion", SECOND)
    infuse(stage, THIRD, 1)
    stage.tell("first infusion", THIRD)
    _reaction_of_the_second(stage)
    stage.show_board()


def _enter_and_place(stage: Stage, child: Child) -> None:
    stage.on(child.day(-14) if stage.today < child.day(-14) else stage.today)
    enter(stage, child)
    place(stage, child)


def _reaction_of_the_second(stage: Stage) -> None:
    """Entered as grade 2; the vasopressor was left out. The correction raises the candidate by itself."""
    stage.on(SECOND.day(-9), hour=16)
    onset = stage.at(hours_ago=6)
    report(stage, SECOND, "CRS", onset, serious=False)
    assessed_at = stage.at(hours_ago=5)
    position = assess(stage, SECOND, "CRS", crs_findings(2), assessed_at)
    stage.tell("fever and low pressure; entered as CRS grade 2", SECOND)
    stage.on(SECOND.day(-8))
    reason = "Transcription: the norepinephrine of that hour was left out."
    correct_assessment(stage, SECOND, position, crs_findings(3), assessed_at, reason)
    stage.tell(
        "corrected, with the reason: one vasopressor, grade 3. A candidate DLT by rule, which counts until it is ruled",
        SECOND,
    )
    rule_dlt(stage, SECOND, "CRS", 3, "Grade 3 CRS with norepinephrine, probably related to the cells.")
    omit_second(stage, SECOND)
    stage.tell("the PI rules: a DLT. No second infusion; the graft goes on", SECOND)


def expand(stage: Stage) -> None:
    """The windows close, and the committee fills the level to six."""
    stage.screen.chapter(3, "1 DLT in 3: the committee fills level 1 to six")
    graft(stage, SECOND)
    graft(stage, THIRD)
    close_window(stage, FIRST)
    infuse(stage, THIRD, 2)
    close_window(stage, SECOND, FIRST_ONLY)
    close_window(stage, THIRD)
    stage.tell("the last window closes, every assessment was done", THIRD)
    decide(stage, 1, "expand", 1)
    stage.show_board()


def next_three(stage: Stage) -> None:
    """One at a time, since the level has had a DLT. One report is sent twice and counts once."""
    stage.screen.chapter(4, "Three more, one at a time after a DLT")
    _enter_and_place(stage, FOURTH)
    _course(stage, FOURTH)
    _enter_and_place(stage, FIFTH)
    _send_twice(stage)
    graft(stage, FIFTH)
    close_window(stage, FOURTH)
    infuse(stage, FIFTH, 2)
    stage.tell("second infusion", FIFTH)
    _enter_and_place(stage, SIXTH)
    infuse(stage, SIXTH, 1)
    close_window(stage, FIFTH)
    graft(stage, SIXTH)
    infuse(stage, SIXTH, 2)
    stage.tell("second infusion, the last at level 1", SIXTH)
    close_window(stage, SIXTH)
    stage.tell("the sixth window closes. 1 DLT in 6: cleared by rule", SIXTH)
    decide(stage, 2, "escalate", 2)
    stage.show_board()


def _course(stage: Stage, child: Child) -> None:
    infuse(stage, child, 1)
    graft(stage, child)
    infuse(stage, child, 2)
    stage.tell("both infusions and the graft", child)


def _send_twice(stage: Stage) -> None:
    """The answer to a report is lost on its way; the EDC system sends the same request under the same key."""
    first = infuse(stage, FIFTH, 1)
    again = stage.by(EDC).post(f"patients/{FIFTH.number}/infusions/1/completion", given(stage, FIFTH, 1), key=first.key)
    assert again.body == first.body, (first, again)
    where = f"sent again under {first.key}: the same answer, position {first.positions[0]}"
    stage.tell(f"first infusion. The answer is lost; {where}", FIFTH)
