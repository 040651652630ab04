"""A whole patient, chapters 7 and 8: her days beside the day table, and what the record comes to."""

from fractions import Fraction
from pathlib import Path
from typing import Final

from api.demo.admission import PATH, PATIENT
from api.demo.afterwards import Differs, read_answer, trial_ledger
from api.demo.day_table import day_table
from api.demo.people import COORDINATOR, CRA, INSPECTOR, INVESTIGATOR, STATISTICIAN
from api.demo.stage import Stage

MEANING: Final = "I confirm that these data are accurate and complete."
DIGITS: Final = 8


def sign_off(stage: Stage) -> None:
    """Off study when the years have passed; the data compared with their source, and endorsed."""
    off = {"cause": "completed", "off_on": stage.today.isoformat()}
    stage.by(COORDINATOR).post(f"{PATH}/off-study", off)
    stage.tell("off study: two years completed", PATIENT)
    todo = stage.by(CRA).get(f"{PATH}/source-verification").body
    critical = [each["position"] for each in todo["records"] if each["critical"]]
    compared = {"positions": critical, "verified_on": stage.today.isoformat()}
    stage.by(CRA).post(f"{PATH}/source-verifications", compared)
    verified = stage.by(CRA).get(f"{PATH}/source-verification").body
    counts = f"{verified['verified']} of {verified['critical']} critical records"
    stage.tell(f"the monitor compares {counts}")
    shown = stage.by(INVESTIGATOR).get(f"{PATH}/endorsement").body
    signature = {"manifest_hash": shown["manifest_hash"], "meaning": MEANING}
    stage.by(INVESTIGATOR).post(f"{PATH}/endorsements", signature)
    what = f"{len(shown['records'])} records, {shown['manifest_hash'][:DIGITS]}…"
    stage.tell(f"the investigator endorses {what}")


def show_days(stage: Stage) -> None:
    """The timeline, as the day table of the protocol has its columns."""
    stage.screen.chapter(7, "Her days: what the protocol planned, and what was given")
    timeline = stage.by(INSPECTOR).get(f"{PATH}/timeline").body
    stage.screen.table(day_table(timeline))


def sum_up(stage: Stage, file: Path) -> None:
    """Whether the treatment was feasible, what is left to do, and whether the file is whole."""
    stage.screen.chapter(8, "What it comes to")
    stage.screen.lines([("feasibility", _feasibility(stage)), ("left open", _left(stage)), ("the file", _whole(file))])


def _feasibility(stage: Stage) -> str:
    (row,) = stage.by(STATISTICIAN).get("feasibility").body["patients"]
    given = [each for each in row["infusions"] if each["given_on"]]
    days = "each on its day" if row["on_day"] else "not each on its day"
    percent = f"{float(Fraction(row['percent_of_plan'])):.1f} % of plan"
    made = "made again" if row["failed_manufactures"] else "made at once"
    return f"{made}; {len(given)} of {len(row['infusions'])} infusions, {days}; {percent}"


def _left(stage: Stage) -> str:
    reader = stage.by(INSPECTOR)
    counts = {
        "deviations": len(reader.get("deviations").body["items"]),
        "open queries": len(reader.get("queries").body["items"]),
        "reports due": len(reader.get("worklists/reports_due").body["items"]),
        "visits overdue": sum(len(row["overdue"]) for row in reader.get("follow-up").body["items"]),
    }
    return ", ".join(f"{count or 'no'} {what}" for what, count in counts.items())


def _whole(file: Path) -> str:
    found = read_answer(trial_ledger("rebuild", "--file", file, "--json"))
    if not found["equal"]:
        raise Differs(f"rebuilt {found['rebuilt']}, followed {found['followed']}")
    return f"{found['events']} events, checked by another process; root {found['root'][:DIGITS]}…"
