"""Chapters 5 and 6: two early DLTs exceed level 2, and level 1 is declared the MTD."""

from datetime import date

from api.demo.deciding import decide
from api.demo.level_one import SIXTH
from api.demo.people import COORDINATOR
from api.demo.reactions import assess, crs_findings, icans_findings, omit_second, report, rule_dlt
from api.demo.stage import Child, Stage
from api.demo.ward import assign, enter, graft, infuse, place, reserve

SEVENTH = Child("007", "2011-09", "female", "40", 2, SIXTH.day(36))
EIGHTH = Child("008", "2008-02", "male", "57", 2, SEVENTH.day(3))
NINTH = Child("009", "2017-04", "female", "19", 2, EIGHTH.day(-9))

UNAWARE: date = SEVENTH.day(-6)
"""Four days after the first DLT of level 2 began, and two before anyone told the ledger."""


def exceeded(stage: Stage) -> None:
    """The first DLT is told late, the second comes early; the ledger holds the level by itself."""
    stage.screen.chapter(5, "Level 2: two DLTs in two children")
    stage.on(SEVENTH.day(-14) if stage.today < SEVENTH.day(-14) else stage.today)
    enter(stage, SEVENTH)
    place(stage, SEVENTH)
    infuse(stage, SEVENTH, 1)
    stage.tell("the sentinel: first infusion, 2/3 of 20 × 10⁶ cells/kg", SEVENTH)
    _late_report(stage)
    graft(stage, SEVENTH)
    for child in (EIGHTH, NINTH):
        enter(stage, child)
    place(stage, EIGHTH)
    infuse(stage, EIGHTH, 1)
    stage.tell("first infusion", EIGHTH)
    reserve(stage, NINTH)
    stage.tell("enrolled, a slot of level 2 is kept", NINTH)
    _second_dlt(stage)
    _refused(stage)
    stage.show_board()


def _late_report(stage: Stage) -> None:
    """It began on day −10 and is entered on day −4: recorded now, dated then, with the reason why."""
    stage.on(SEVENTH.day(-4), hour=12)
    onset = stage.at(days_ago=6)
    late = {"reason": "Entered late: the record of the intensive care unit arrived today."}
    report(stage, SEVENTH, "CRS", onset, serious=True, occurred_at=onset, **late)
    assess(stage, SEVENTH, "CRS", crs_findings(3), onset, occurred_at=onset, **late)
    stage.tell("entered late, with the reason: CRS grade 3 on day −10", SEVENTH)
    rule_dlt(stage, SEVENTH, "CRS", 3, "Grade 3 CRS with one vasopressor, related to the cells.")
    omit_second(stage, SEVENTH)
    stage.tell("the PI rules: a DLT. The next child waits two weeks", SEVENTH)


def _second_dlt(stage: Stage) -> None:
    stage.on(EIGHTH.day(-10), hour=17)
    onset = stage.at(hours_ago=4)
    report(stage, EIGHTH, "ICANS", onset, serious=True)
    assess(stage, EIGHTH, "ICANS", icans_findings(), stage.at(hours_ago=3))
    stage.tell("a seizure that resolved rapidly: ICANS grade 3", EIGHTH)
    rule_dlt(stage, EIGHTH, "ICANS", 3, "Seizure on the second day after the cells, no other cause found.")
    omit_second(stage, EIGHTH)
    stage.tell("the PI rules: a DLT, the second. In the same append the level is exceeded and held, by rule", EIGHTH)


def _refused(stage: Stage) -> None:
    refusal = assign(stage, NINTH)
    assert refusal.status == 409, refusal
    title, rule = refusal.body["title"], refusal.body["rule_id"]
    stage.tell(f"asked for at level 2 all the same: 409, rule {rule}, “{title}”", NINTH)


def declare(stage: Stage) -> None:
    """Back down: level 1 has six patients with one DLT, so that it is the MTD."""
    stage.screen.chapter(6, "Back to level 1, which is the MTD")
    stage.by(COORDINATOR).post("cohorts/2/reservation-releases", {"patient": NINTH.number})
    graft(stage, EIGHTH)
    decide(stage, 3, "declare_mtd", 1)
    stage.show_board()
