"""An EDC system that runs a whole phase I trial over HTTP, from the protocol to the declared MTD.

    python examples/edc_client.py --url http://127.0.0.1:8080 --tokens tokens.json --passwords passwords.json

The protocol is that of NCT07256210, or any other document (`--protocol FILE`): ladder, infusions and their days, the
quorum, limits and ages are read from it.

It needs nothing of this package but its HTTP surface, and a *training* ledger, whose clock it sets forward. The tokens
are a JSON object of account names, one for each of the roles below, and so are the passwords of the people, with which
they sign. The patients are invented: `--dlts` says which of
them will have a dose-limiting toxicity. What happens next is not in this file: the client asks the board what the
design advises, and does that, until phase I has a result.

What a client has to know about the ledger is in `Ledger` (keys, retries, entity tags) and in the bodies that `Trial`
sends; docs/http.md says the same in prose.
"""

import argparse
import json
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import yaml

PI, INVESTIGATOR, NURSE, CHECKER = "maria", "ivan", "nina", "boris"
MONITOR, ADMINISTRATOR, EDC, QA = "vera", "arkady", "edc-ndgoi", "galina"
SIGNERS = {
    "principal_investigator": (PI, "petra"),
    "medical_monitor": (MONITOR,),
    "safety_committee": ("olga", "pavel", "quinn"),
}
"""Who decides on a dose: of each role as many as the protocol's quorum asks for, and no other needs a token."""
SITE, OFFSET = "NDGOI", "+03:00"
PROTOCOL = Path(__file__).parents[1] / "ledger" / "protocol" / "nct07256210.yaml"
TRIES = 5
VIABLE_CELLS_PER_ML = 2_900_000
TAKEN = "trial.dose-decision-taken.v1"
RELEASE_TESTS = {
    "endotoxin_eu_per_ml": ("0.5", "eu_per_ml"),
    "feeder_cells_percent": ("0.01", "percent"),
    "cd3_cells_per_kg": ("1000000", "cells"),
    "cd56_cd3neg_percent": ("92.4", "percent"),
    "viability_percent": ("95", "percent"),
    "lysis_percent_at_20_to_1": ("60", "percent"),
    "sterility_gram_stain": ("no_organisms", None),
    "sterility_interim_culture": ("no_growth", None),
    "mycoplasma_pcr": ("negative", None),
    "hla_typing": ("identical_to_donor", None),
}
CRS_WITH_A_VASOPRESSOR = {
    "temperature_celsius": "39.2",
    "fever_attributed_elsewhere": False,
    "hypotension": True,
    "vasopressor_count": 1,
    "vasopressin": False,
    "hypotension_attributed_elsewhere": False,
    "oxygen_device": "none",
    "oxygen_l_per_min": None,
    "ventilation_for_airway_only": False,
    "hypoxia_attributed_elsewhere": False,
    "antipyretic_or_anticytokine_given_for_this_crs": False,
    "prophylactic_tocilizumab": False,
    "antipyretic_or_steroid_for_another_reason": False,
    "died_of_crs": False,
}


def measured(finding: str, quantity: str, unit: str) -> dict[str, Any]:
    return {"kind": "measured", "finding": finding, "quantity": quantity, "unit": unit}


FINDINGS: list[dict[str, Any]] = [
    {"kind": "chosen", "finding": "disease", "choice": "T-ALL"},
    measured("mrd_percent_of_nucleated_cells", "0.4", "%"),
    measured("lansky_percent", "90", "%"),
    measured("karnofsky_percent", "90", "%"),
    measured("creatinine_clearance_ml_per_min_per_1_73_m2", "104", "ml/min/1.73 m2"),
    measured("bilirubin_umol_per_l", "9", "umol/l"),
    measured("bilirubin_uln_umol_per_l", "21", "umol/l"),
    measured("alt_u_per_l", "34", "U/l"),
    measured("alt_uln_u_per_l", "39", "U/l"),
    measured("ast_u_per_l", "30", "U/l"),
    measured("ast_uln_u_per_l", "39", "U/l"),
    measured("lvef_percent", "62", "%"),
    measured("fvc_percent_of_predicted", "88", "% of predicted"),
    *(
        {"kind": "yes_no", "finding": question, "answer": False}
        for question in (
            "earlier_cellular_therapy",
            *("active_gvhd", "active_sos", "active_crs", "active_icans"),
            *("active_hbv", "active_hcv", "active_hiv"),
        )
    ),
]
"""What is found in everybody: the criteria of disease, organs and performance are computed from it, not ticked off."""


class Refused(Exception):
    """The ledger said no, and why: the body is a problem document (RFC 9457)."""


class Ledger:
    """The HTTP surface, for several callers. A request whose answer is lost is sent again under the same key."""

    def __init__(self, url: str, tokens: dict[str, str], passwords: dict[str, str], trial: str) -> None:
        self.http = httpx2.Client(base_url=url, timeout=10)
        self.tokens = tokens
        self.passwords = passwords
        self.trial = trial
        self.numbers = count(1)

    def get(self, who: str, path: str) -> httpx2.Response:
        return self.send("GET", who, path, {})

    def post(self, who: str, path: str, body: dict[str, Any] | None = None, seen: str | None = None) -> dict[str, Any]:
        """Write. `seen`: the path of what the writer looked at before; it must not have changed since."""
        headers = {"Idempotency-Key": f"{self.trial}-{next(self.numbers):06d}"}
        if seen is not None:
            headers["If-Match"] = self.get(who, seen).headers["etag"]
        answer: dict[str, Any] = self.send("POST", who, path, headers, body or {}).json()
        return answer

    def signing(self, who: str) -> str:
        """The token that one signed request carries. What signing it means, the answer to the unsigned request says."""
        proof = {"password": self.passwords[who]}
        token: str = self.send("POST", who, "/v1/signings", {}, proof).json()["token"]
        return token

    def send(
        self, method: str, who: str, path: str, headers: dict[str, str], body: dict[str, Any] | None = None
    ) -> httpx2.Response:
        url = path if path.startswith("/") else f"/v1/trials/{self.trial}/{path}"
        headers = {**headers, "Authorization": f"Bearer {self.tokens[who]}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body, default=str)
        for attempt in range(TRIES):
            try:
                answer = self.http.request(method, url, headers=headers, content=content)
            except httpx2.TransportError:
                time.sleep(0.1 * 2**attempt)
                continue
            if answer.status_code != 503:
                break
            time.sleep(float(answer.headers.get("retry-after", "1")))
        else:
            raise Refused(f"{method} {path}: no answer")
        if answer.status_code >= 400:
            problem = answer.json()
            if problem["type"] == "/problems/signature-missing" and who in self.passwords:
                return self.send(method, who, path, {**headers, "Ledger-Signing": self.signing(who)}, body)
            raise Refused(f"{who}: {method} {path}: {answer.status_code} {problem['title']} {problem.get('detail')}")
        return answer


class Trial:
    """One trial as its site runs it: set up, then patient by patient, as the board advises."""

    def __init__(self, ledger: Ledger, protocol: dict[str, Any], dlts: set[str], begins_on: date) -> None:
        self.ledger = ledger
        self.protocol = protocol
        self.dlts = dlts
        self.now = datetime.fromisoformat(f"{begins_on}T09:00:00{OFFSET}")
        self.patients = count(1)
        self.decisions = count(1)

    def on(self, day: date, hour: int = 9) -> None:
        """Set the story's clock forward; what it says then is now."""
        to = datetime.combine(day, clock_time(hour), self.now.tzinfo)
        clock = self.ledger.post(MONITOR, "clock", {"to": to.isoformat()})
        self.now = datetime.fromisoformat(clock["now"]).astimezone(self.now.tzinfo)

    def at(self, minutes_ago: int = 0) -> str:
        return (self.now - timedelta(minutes=minutes_ago)).isoformat()

    def begin(self) -> None:
        """Register, appoint, approve the protocol with two signatures, open the start level."""
        ledger = self.ledger
        named = {"title": self.protocol["title"], "sponsor": self.protocol["sponsor"]}
        origin = {"trial_id": ledger.trial, "origin": f"edc.example/{ledger.trial}", "training": True}
        ledger.post(MONITOR, "/v1/trials", {**named, **origin})
        self.on(self.now.date())
        today = self.now.date().isoformat()
        ledger.post(MONITOR, "sites", {"site": SITE, "utc_offset": OFFSET})
        for by, person, role, site in (
            *((MONITOR, person, "principal_investigator", SITE) for person in self.quorum("principal_investigator")),
            *((MONITOR, person, "safety_committee", None) for person in self.quorum("safety_committee")),
            (MONITOR, QA, "cell_processing_qa", SITE),
            (PI, INVESTIGATOR, "investigator", SITE),
            (PI, NURSE, "coordinator", SITE),
            (PI, CHECKER, "bedside_checker", SITE),
        ):
            delegation = {"person": person, "role": role, "site": site, "from_on": today, "to_on": None}
            trained = {"reference": f"Training file of {person}, GCP", "completed_on": today}
            ledger.post(by, "delegations", {**delegation, "training": trained})
        ledger.post(ADMINISTRATOR, "sources", {"system": EDC, "site": SITE, "zone": "Europe/Moscow"})
        version = {"version": 1, "effective_on": today, "document": self.protocol}
        ledger.post(MONITOR, "protocol-versions", version)
        approval = {"body": "Local ethics committee", "approved_on": today}
        ledger.post(MONITOR, "protocol-versions/1/ethics-approvals", approval)
        shown = ledger.get(PI, "protocol-versions/1").json()
        ledger.post(PI, "protocol-versions/1/approvals", {"document_sha256": shown["document_sha256"]})
        ledger.post(PI, "cohorts", {"level": self.protocol["ladder"]["start_level"]})

    def quorum(self, role: str) -> tuple[str, ...]:
        """The people of a role whom a dose decision needs."""
        needed: int = self.protocol["quorum"][role]
        return SIGNERS[role][:needed]

    def run(self) -> dict[str, Any]:
        """Do what the design advises until phase I has its result; the last board."""
        while True:
            board: dict[str, Any] = self.ledger.get(MONITOR, "escalation").json()
            print(f"{self.now.date()}  {board['notation'] or '-':<24} {board['advice']['line']}")
            if board["end_state"]:
                return board
            self.follow(board)

    def follow(self, board: dict[str, Any]) -> None:
        """One step: a patient, or a decision of the committee."""
        advice = board["advice"]
        level = next((each for each in board["levels"] if each["level"] == advice["level"]), None)
        if level is not None and level["slots"] and level["free_slots"] > 0 and advice["code"] != "declare_mtd":
            self.treat(f"{next(self.patients):03d}", advice["level"])
        elif advice["code"] == "treat":
            self.decide("expand", advice["level"])
        else:
            self.decide({"open": "de_escalate"}.get(advice["code"], advice["code"]), advice["level"])

    def decide(self, outcome: str, level: int | None) -> None:
        """Proposed on the dossier as it stands, signed on the same hash until the quorum has it, circulated."""
        number, shown = next(self.decisions), self.ledger.get(MONITOR, "dossier").json()["dossier_hash"]
        proposal = {"outcome": outcome, "to_level": level, "dossier_hash": shown}
        self.ledger.post(MONITOR, "dose-decisions", proposal)
        vote = {"vote": "agree", "meaning": "I have reviewed the dossier and agree", "dossier_hash": shown}
        for signer in (person for role in SIGNERS for person in self.quorum(role)):
            signed = self.ledger.post(signer, f"dose-decisions/{number}/signatures", vote)
            if any(event["type"] == TAKEN for event in signed["events"]):
                break
        taken = self.ledger.get(PI, f"dose-decisions/{number}").json()
        for party in taken["waits_for"]:
            note = {"party": party, "by": NURSE, "acknowledged_at": self.at()}
            self.ledger.post(NURSE, f"notices/{taken['notice']}/acknowledgements", note)

    def treat(self, number: str, level: int) -> None:
        """One patient's whole course on the days of the protocol: every infusion, the graft on day 0, the window."""
        first, *later = self.protocol["infusions"]
        day_zero = self.now.date() + timedelta(days=1 - first["planned_day"])
        self.screen(number)
        self.place(number, level, day_zero)

        def on_day(infusion: dict[str, Any]) -> date:
            return day_zero + timedelta(days=infusion["planned_day"])

        steps: list[tuple[date, int, Callable[[], None]]] = [
            (on_day(first), 10, lambda: self.infuse(number, 1, level)),
            (day_zero, 14, lambda: self.graft(number)),
        ]
        if number in self.dlts:
            steps.append((on_day(first) + timedelta(days=2), 17, lambda: self.react(number)))
        else:
            steps += [(on_day(each), 10, partial(self.infuse, number, each["ordinal"], level)) for each in later]
        for day, hour, step in sorted(steps, key=lambda each: each[:2]):
            self.on(day, hour)
            step()
        self.close(number)

    def graft(self, number: str) -> None:
        graft = {"performed_at": self.at(minutes_ago=60), "donor": f"D-{number}" if self.asks_for_donor else None}
        self.ledger.post(EDC, f"patients/{number}/transplant", graft)

    def close(self, number: str) -> None:
        """The window closes the day after its last one, with every assessment that was due."""
        self.on(date.fromisoformat(self.window(number)["planned_to_on"]) + timedelta(days=1))
        done = {"assessments_done_count": self.window(number)["assessments_due"]}
        self.ledger.post(INVESTIGATOR, f"patients/{number}/dlt-window/closure", done)

    def window(self, number: str) -> dict[str, Any]:
        """The patient's line in the list of what is observed."""
        listed = self.ledger.get(INVESTIGATOR, "worklists/open_windows").json()["items"]
        found: dict[str, Any] = next(each for each in listed if each["patient"] == number)
        return found

    @property
    def age_years(self) -> int:
        """Ten, or ten more than the youngest whom the protocol takes."""
        return 10 + int(self.protocol["eligibility"]["age"]["min_months"]) // 12

    @property
    def asks_for_donor(self) -> bool:
        """Whether a selected donor is a criterion of the protocol."""
        return bool(self.protocol["donor"]["criterion"])

    @property
    def weight_kg(self) -> str:
        return "20" if self.age_years < 18 else "70"

    def screen(self, number: str) -> None:
        """Everyone consents whose signature the age needs."""
        path = f"patients/{number}"
        born = f"{self.now.year - self.age_years}-01"
        newcomer = {"number": number, "site": SITE, "birth_year_month": born, "sex": "male"}
        self.ledger.post(EDC, "patients", newcomer)
        bands = self.protocol["consent"]["bands"]
        band = next(each for each in reversed(bands) if each["from_age_years"] <= self.age_years)
        for capacity in band["required"]:
            consent = {
                "form_version": "2.0",
                "capacity": capacity,
                "signed_at": self.at(minutes_ago=30),
                "obtained_by": PI,
                "copy_given": True,
            }
            self.ledger.post(EDC, f"{path}/consents", consent)
        found = [{"finding": finding, "found_on": self.now.date().isoformat()} for finding in FINDINGS]
        self.ledger.post(EDC, f"{path}/findings", {"findings": found})
        criteria = self.protocol["eligibility"]["criteria"]
        verdicts = [
            {"criterion": each["id"], "met": each["kind"] == "inclusion", "inputs": None}
            for each in criteria
            if each["assessed_by"] == "attested"
        ]
        if verdicts:
            self.ledger.post(EDC, f"{path}/criteria", {"assessments": verdicts})
        if self.asks_for_donor:
            self.find_donor(number)
        for each in criteria:
            if each["assessed_by"] == "determination":
                met = each["kind"] == "inclusion"
                verdict = {"criterion": each["id"], "met": met, "rationale": "Seen today; no infection."}
                self.ledger.post(PI, f"{path}/determinations", verdict, seen=path)
        self.ledger.post(INVESTIGATOR, f"{path}/eligibility")

    def find_donor(self, number: str) -> None:
        """The father: recorded, agreed, examined and selected; two blood samples of donor and recipient each."""
        path, donor, today = f"patients/{number}", f"D-{number}", self.now.date()
        candidate = {"donor": donor, "type": "haploidentical", "relation": "father", "sex": "male", "birth_year": 1984}
        available = {"available_for_graft": True, "available_for_nk_cells": True}
        self.ledger.post(EDC, f"{path}/donor/candidates", {**candidate, **available})
        agreed = {"form_version": "donor 1.0", "signed_at": self.at(minutes_ago=30), "obtained_by": PI}
        self.ledger.post(EDC, f"{path}/donor/consents", {"donor": donor, **agreed})
        tested = {"donor": donor, "eligible": True, "infectious_tests_on": today - timedelta(days=20)}
        self.ledger.post(INVESTIGATOR, f"{path}/donor/eligibility", tested, seen=path)
        selected = {"donor": donor, "ranking": [{"donor": donor, "reasons": ["the only candidate"]}]}
        self.ledger.post(INVESTIGATOR, f"{path}/donor/selection", selected, seen=path)
        for sample in ("1", "2"):
            drawn = {"sampled_on": today, "abo": "A", "rh": "positive"}
            for whose, named, tube in (("recipient", None, number), ("donor", donor, donor)):
                group = {"whose": whose, "donor": named, "sample": f"{tube}-{sample}", **drawn}
                self.ledger.post(EDC, f"{path}/blood-groups", group)

    def place(self, number: str, level: int, day_zero: date) -> None:
        path = f"patients/{number}"
        self.ledger.post(NURSE, f"cohorts/{level}/reservations", {"patient": number})
        self.ledger.post(NURSE, f"{path}/enrolment", {"planned_transplant_on": day_zero})
        self.ledger.post(INVESTIGATOR, f"{path}/dose-assignment", {"level": level}, seen=path)

    def make_lot(self, number: str) -> None:
        """The patient's cells: collected, made, tested, released by quality assurance, on the ward."""
        limits = self.protocol["release_limits"]
        lot = {"lot": f"NK-{number}", "chain_of_identity": f"COI-{number}", "patient": number}
        path, origin = (
            f"products/{lot['lot']}",
            {"donor": f"D-{number}", "donation_number": f"=G1517 26 600{number} 00"},
        )
        self.ledger.post(QA, "products", {**lot, **origin, "collected_at": self.at(minutes_ago=20000)})
        made = {"outcome": "manufactured", "cells": 12_000_000_000, "finished_at": self.at(minutes_ago=1200)}
        self.ledger.post(QA, f"{path}/manufacture", made)
        for test in (each["test"] for each in (*limits["measured"], *limits["findings"])):
            result, unit = RELEASE_TESTS[test]
            found = {"test": test, "result": result, "unit": unit, "tested_on": self.now.date()}
            self.ledger.post(EDC, f"{path}/release-tests", {**found, "weight_kg": self.weight_kg})
        disposition = "conditional" if limits["late_findings"] else "released"
        signed = {"disposition": disposition, "reason": "Batch record reviewed."}
        self.ledger.post(QA, f"{path}/disposition", signed, seen=path)
        brought = {"from_party": "CELLFAB", "to_party": f"{SITE}.ward", "temperature_c": "-152.4"}
        self.ledger.post(NURSE, f"{path}/custody", {**brought, "transferred_at": self.at()})

    def infuse(self, number: str, ordinal: int, level: int) -> None:
        """Weighed, found ready, authorised on a second calculation, checked by two who sign, given, reported."""
        if ordinal == 1:
            self.make_lot(number)
        path, weight_kg, product = f"patients/{number}/infusions/{ordinal}", self.weight_kg, f"NK-{number}"
        total = next(each for each in self.protocol["ladder"]["levels"] if each["level"] == level)["total_cells_per_kg"]
        cells = Fraction(total) * Fraction(self.protocol["infusions"][ordinal - 1]["share"]) * Fraction(weight_kg)
        asked = self.protocol["readiness"]["nonhaematologic_ordinals"]
        ready = {
            "assessed_at": self.at(minutes_ago=60),
            "oxygen_assessed_at": self.at(minutes_ago=60),
            "prednisone_equivalent_mg_per_kg_per_day_max_in_72_h": "0",
            "uncontrolled_infection": False,
            "ventilator": False,
            "oxygen_l_per_min": "0",
            "nonhaematologic_reactions_count": 0 if ordinal in asked else None,
        }
        step = Decimal(self.protocol["dose_order"]["volume_step_ml"])
        volume_ml = str(int(cells / VIABLE_CELLS_PER_ML / Fraction(step)) * step)
        order = {
            "product": product,
            "viable_cells_per_ml": VIABLE_CELLS_PER_ML,
            "cells_by_first_calculation": str(cells),
            "volume_ml_by_first_calculation": volume_ml,
        }
        authorisation = {
            "product": product,
            "cells_by_second_calculation": str(cells),
            "volume_ml_by_second_calculation": volume_ml,
            "chain_of_identity": f"COI-{number}",
            "checkers": [NURSE, CHECKER],
        }
        self.ledger.post(INVESTIGATOR, f"{path}/dose", {"weight_kg": weight_kg, "weighed_on": self.now.date()})
        self.ledger.post(NURSE, f"{path}/dose-order", order)
        self.ledger.post(INVESTIGATOR, f"{path}/readiness", ready)
        self.ledger.post(INVESTIGATOR, f"{path}/authorisation", authorisation, seen=f"patients/{number}")
        for checker in (NURSE, CHECKER):
            self.ledger.post(checker, f"{path}/checks", {"product": product, "chain_of_identity": f"COI-{number}"})
        self.on(self.now.date(), hour=11)
        start = {"product": product, "level": level, "started_at": self.at(minutes_ago=30)}
        self.ledger.post(EDC, f"{path}/start", start)
        source = {"system": EDC, "audit_id": f"{number}-infusion-{ordinal}"}
        given = {"product": product, "ended_at": self.at(), "weight_kg": weight_kg, "cells": int(cells)}
        self.ledger.post(EDC, f"{path}/completion", {**given, "source": source})

    def react(self, number: str) -> None:
        """CRS of the grade that is dose-limiting, ruled a DLT by the principal investigator; no further infusion."""
        path, onset, grade = f"patients/{number}", self.at(minutes_ago=120), self.protocol["dlt"]["minimum_grade"]
        event = {"term": "Cytokine release syndrome", "toxicity": "CRS", "serious": True, "onset_at": onset}
        self.ledger.post(EDC, f"{path}/adverse-events", event)
        findings = {**CRS_WITH_A_VASOPRESSOR, "vasopressor_count": 1 if grade == 3 else 2}
        self.ledger.post(EDC, f"{path}/adverse-events/1/crs-assessments", {"assessed_at": onset, "findings": findings})
        ruling = {"is_dlt": True, "revision": 1, "rationale": "Related to the cells; vasopressors were needed."}
        reaction = {"subject": "adverse-event/1", "toxicity": "CRS", "grade": grade}
        later = [each["ordinal"] for each in self.protocol["infusions"] if each["ordinal"] > 1]
        for ordinal in later:
            omission = {"cause": "reaction-or-its-treatment"}
            self.ledger.post(NURSE, f"{path}/infusions/{ordinal}/omission", omission)
        for subject in (reaction, *({"subject": f"omission/{ordinal}"} for ordinal in later)):
            self.ledger.post(PI, f"{path}/dlt-adjudications", {**ruling, **subject}, seen=path)


def main() -> None:
    asked = argparse.ArgumentParser(description="Run a whole phase I trial over HTTP.")
    asked.add_argument("--url", default="http://127.0.0.1:8080")
    asked.add_argument("--tokens", type=Path, required=True, help="JSON: account name -> token")
    asked.add_argument("--passwords", type=Path, required=True, help="JSON: account name -> password, to sign with")
    asked.add_argument("--trial", default="TRAINING-1")
    asked.add_argument("--protocol", type=Path, default=PROTOCOL)
    asked.add_argument("--dlts", default="002,007,008", help="patients who will have a DLT")
    asked.add_argument("--begins-on", type=date.fromisoformat, default=date(2026, 1, 12), help="of the story's clock")
    given = asked.parse_args()
    passwords = json.loads(given.passwords.read_text())
    ledger = Ledger(given.url, json.loads(given.tokens.read_text()), passwords, given.trial)
    trial = Trial(ledger, yaml.safe_load(given.protocol.read_text()), set(given.dlts.split(",")), given.begins_on)
    trial.begin()
    board = trial.run()
    print(f"{board['end_state']['title']}, after {board['trial']['size']} events")


if __name__ == "__main__":
    main()
