"""A whole trial in the documented examples: each row's example is sent at its time, by someone who may send it.

What only the server can tell - the version that is current, the hash of the dossier, a position - is read first.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from httpx2 import Response

from api.routes.listed import WRITES
from api.routes.trial import REGISTER
from api.table import Write
from ledger.types import Role
from tests.api.place import TRIAL, Place

ROWS: dict[str, Write] = {write.operation: write for write in (REGISTER, *WRITES)}


class Story:
    """Sends examples. `sent` is which."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.sent: set[str] = set()
        self.today = date(2026, 1, 12)

    def tell(self, operation: str, by: Role, /, *, at: dict[str, str] | None = None, **changed: Any) -> Response:
        """Send an example as it is documented, but for what is changed; it has to be accepted."""
        write = ROWS[operation]
        path = write.full_path.format(**{"trial": TRIAL, **write.at, **(at or {})})
        body = {**write.example_body(), **changed}
        headers = {}
        if "dossier_hash" in body:
            body["dossier_hash"] = self.place.by("medical_monitor").get("/dossier").json()["dossier_hash"]
        if "manifest_hash" in body:
            shown = self.place.by("investigator").get(
                f"/patients/{body.get('patient', write.at['patient'])}/endorsement"
            )
            body["manifest_hash"] = shown.json()["manifest_hash"]
        if write.rests_on is not None:
            headers["If-Match"] = self.tag(write, {**body, **write.at, **(at or {})})
        answer = self.place.by(by).post(path, body, headers=headers)
        assert answer.status_code in (200, 201), (operation, at, answer.status_code, answer.text)
        if not changed:
            self.sent.add(operation)
        return answer

    def tag(self, write: Write, fields: dict[str, Any]) -> str:
        stream = write.stream(fields)
        kind, _, name = stream.partition("/")
        read = f"/{kind}s/{name}" if name else ""
        tag: str = self.place.by("medical_monitor").get(read).headers["etag"]
        return tag

    def clock(self, instant: str) -> None:
        self.today = date.fromisoformat(instant[:10])
        answer = self.place.by("medical_monitor").post("/clock", {"to": instant})
        assert answer.status_code == 200, answer.text


def begin(place: Place) -> Story:
    """The trial is registered, its people hold their roles, its protocol is approved, its start level is open."""
    story = Story(place)
    story.tell("register_trial", "medical_monitor")
    story.tell("open_site", "medical_monitor")
    story.tell("delegate_role", "medical_monitor")
    story.tell("delegate_role", "medical_monitor", person="olga", role="safety_committee", site=None)
    story.tell("delegate_role", "medical_monitor", person="galina", role="cell_processing_qa")
    story.tell("delegate_role", "medical_monitor", person="dora", role="drug_safety", site=None)
    for person, role in (("ivan", "investigator"), ("nina", "coordinator"), ("boris", "bedside_checker")):
        story.tell("delegate_role", "principal_investigator", person=person, role=role)
    story.tell("propose_protocol_version", "medical_monitor")
    story.tell("record_ethics_approval", "medical_monitor")
    story.tell("approve_protocol_version", "principal_investigator")
    story.tell("sign_interpretation", "medical_monitor")
    story.tell("sign_interpretation", "principal_investigator")
    story.tell("register_source", "administrator")
    story.tell("open_cohort", "principal_investigator")
    return story


def screened(story: Story, patient: str, consented: str | None = None) -> None:
    """Screened, consented, assessed and found eligible."""
    at = {"patient": patient}
    if patient == "001":
        story.tell("screen_patient", "coordinator")
    else:
        story.tell("screen_patient", "coordinator", number=patient)
    if consented is None:
        story.tell("record_consent", "investigator", at=at)
        story.tell("record_assent", "investigator", at=at)
    else:
        story.tell("record_consent", "investigator", at=at, signed_at=consented)
    story.tell("record_screening_findings", "edc_system", at=at)
    story.tell("assess_criteria", "coordinator", at=at)
    donor_found(story, patient)
    story.tell("sign_determination", "principal_investigator", at=at)
    story.tell("confirm_eligibility", "investigator", at=at)


def donor_found(story: Story, patient: str) -> None:
    """A donor is recorded, agrees, is examined and selected; recipient and donor have their blood groups."""
    at, donor = {"patient": patient}, DONORS[patient]
    other: dict[str, Any] = {} if patient == "001" else {"donor": donor}
    story.tell("record_donor_candidate", "coordinator", at=at, **other)
    story.tell("record_donor_consent", "investigator", at=at, **other)
    tested = {"infectious_tests_on": (story.today - timedelta(days=10)).isoformat()} if other else {}
    story.tell("determine_donor_eligibility", "investigator", at=at, **other, **tested)
    ranking = {"ranking": [{"donor": donor, "reasons": ["the only one"]}]} if other else {}
    story.tell("select_donor", "investigator", at=at, **other, **ranking)
    story.tell("record_blood_group", "edc_system", at=at)
    story.tell("record_blood_group", "edc_system", at=at, sample="B-1052")
    for sample in ("B-2001", "B-2002"):
        story.tell("record_blood_group", "edc_system", at=at, whose="donor", donor=donor, sample=sample)


DONORS = {"001": "D-0031", "002": "D-0032", "003": "D-0033"}


def placed(story: Story, patient: str) -> None:
    """Enrolled at level 1."""
    at = {"patient": patient}
    reserve: dict[str, Any] = {} if patient == "001" else {"patient": patient}
    story.tell("reserve_slot", "coordinator", **reserve)
    story.tell("enrol_patient", "coordinator", at=at, **ENROLMENTS.get(patient, {}))
    story.tell("assign_dose_level", "investigator", at=at)


ENROLMENTS: dict[str, dict[str, Any]] = {
    "002": {"planned_transplant_on": "2026-03-20"},
    "003": {"planned_transplant_on": "2026-06-01"},
}


RESULTS: dict[str, tuple[str, str | None]] = {
    "endotoxin_eu_per_ml": ("0.5", "eu_per_ml"),
    "feeder_cells_percent": ("0.01", "percent"),
    "cd3_cells_per_kg": ("1000000", "cells"),
    "cd56_cd3neg_percent": ("92.4", "percent"),
    "lysis_percent_at_20_to_1": ("60", "percent"),
    "sterility_gram_stain": ("no_organisms", None),
    "sterility_interim_culture": ("no_growth", None),
    "mycoplasma_pcr": ("negative", None),
    "hla_typing": ("identical_to_donor", None),
}
"""Beside the viability, which is the documented example."""


def lot_made(story: Story, lot: str = "NK-001-A", **collection: Any) -> None:
    """A lot is collected, made, tested, conditionally released, and brought to the ward."""
    at, new = {"lot": lot}, {"lot": lot, **collection} if collection else {}
    story.tell("receive_collection", "cell_processing_qa", **new)
    story.tell("record_manufacture", "cell_processing_qa", at=at)
    story.tell("record_release_test", "edc_system", at=at)
    for test, (result, unit) in RESULTS.items():
        weighed = {"weight_kg": "21.0"} if test == "cd3_cells_per_kg" else {}
        story.tell("record_release_test", "edc_system", at=at, test=test, result=result, unit=unit, **weighed)
    story.tell("record_excursion", "coordinator", at=at)
    story.tell("set_disposition", "cell_processing_qa", at=at)
    story.tell("transfer_custody", "coordinator", at=at)


def infused(story: Story, checks: Sequence[Role] = ("bedside_checker", "coordinator")) -> None:
    """Patient 001, infusion 1, on 18 February; `checks`: who signs the check at the bedside."""
    story.clock("2026-02-18T06:00:00Z")
    story.tell("record_conditioning", "edc_system")
    lot_made(story)
    story.tell("plan_dose", "investigator")
    story.tell("order_dose", "coordinator")
    story.tell("assess_readiness", "coordinator")
    story.tell("authorise_infusion", "investigator")
    story.clock("2026-02-18T07:30:00Z")
    story.tell("record_thaw", "bedside_checker")
    for role in checks:
        story.tell("sign_bedside_check", role)
    story.tell("record_infusion_start", "edc_system")
    story.tell("record_interruption", "coordinator")
    story.tell("record_resumption", "coordinator")
    story.tell("record_infusion_vitals", "bedside_checker")
    story.tell("record_infusion", "edc_system")


def reacted(story: Story) -> None:
    """Patient 001 has CRS of grade 3 on the second day, which is ruled a DLT."""
    story.clock("2026-02-24T12:00:00Z")
    story.tell("record_ward_sheet", "bedside_checker")
    story.tell("report_adverse_event", "edc_system")
    story.tell("record_medication", "coordinator")
    story.tell("stop_medication", "edc_system")
    assessed = story.tell("assess_crs", "investigator")
    story.tell("assess_icans", "investigator")
    story.tell("confirm_grade", "investigator", assessment=assessed.json()["positions"][0])
    story.sent.add("confirm_grade")
    story.tell("assess_attribution", "investigator")
    story.tell("update_adverse_event", "coordinator")
    story.tell("rule_on_dlt", "principal_investigator")
    story.tell("approve_reference_safety_information", "medical_monitor")
    story.tell("classify_sae", "drug_safety")
    story.tell("record_receipt", "drug_safety")
    story.tell("record_expedited_report", "drug_safety")
    story.tell("report_pregnancy", "coordinator")


def later(story: Story) -> None:
    """001 has its graft; its second infusion is left out, and its window closes."""
    story.clock("2026-03-02T12:00:00Z")
    story.tell("choose_backbone", "investigator")
    story.tell("record_prophylaxis", "edc_system")
    story.tell("record_transplant", "coordinator")
    story.tell("require_reconsent", "medical_monitor")
    at = {"patient": "001", "ordinal": "2"}
    story.tell("omit_infusion", "coordinator", at=at, occurred_at="2026-03-02T10:00:00Z")
    story.clock("2026-03-08T06:00:00Z")
    story.tell("report_late_sterility", "cell_processing_qa")
    story.tell("record_destruction", "coordinator")
    second_infusion_of_two(story)
    story.clock("2026-03-20T06:00:00Z")
    story.tell("omit_infusion", "coordinator")
    story.tell("close_dlt_window", "investigator")


def second_infusion_of_two(story: Story) -> None:
    """002 gets its first infusion on 8 March."""
    at, day = {"patient": "002", "ordinal": "1"}, "2026-03-08"
    two = {"chain_of_identity": "COI-002", "donor": "D-0032", "donation_number": "=G1517 26 600002 00"}
    lot_made(story, "NK-002-A", **two, patient="002")
    story.tell("plan_dose", "investigator", at=at, weighed_on=day)
    story.tell("order_dose", "coordinator", at=at, product="NK-002-A")
    seen = {"assessed_at": f"{day}T08:00:00+03:00", "oxygen_assessed_at": f"{day}T08:00:00+03:00"}
    story.tell("assess_readiness", "coordinator", at=at, **seen)
    product = {"product": "NK-002-A", "chain_of_identity": "COI-002"}
    story.tell("authorise_infusion", "investigator", at=at, **product)
    story.clock(f"{day}T08:00:00Z")
    story.tell("record_infusion_start", "edc_system", at=at, **product, started_at=f"{day}T10:00:00+03:00")
    story.tell("record_infusion", "edc_system", at=at, product="NK-002-A", ended_at=f"{day}T10:30:00+03:00")


def followed(story: Story) -> None:
    """What became of 001 by 20 April."""
    story.clock("2026-04-20T08:00:00Z")
    story.tell("record_outcomes", "edc_system")
    story.tell("stage_acute_gvhd", "investigator")
    story.tell("record_visit", "coordinator")
    story.tell("report_missed_visit", "coordinator")
    story.tell("record_contact_attempt", "coordinator")


def decided(story: Story) -> None:
    """002 is not evaluable; the committee decides, on the dossier and once on paper."""
    story.tell("close_dlt_window", "investigator", at={"patient": "002"})
    story.tell("determine_evaluability", "principal_investigator")
    story.tell("determine_evaluability", "medical_monitor")
    story.tell("propose_dose_decision", "medical_monitor")
    for role in SIGNERS:
        story.tell("sign_dose_decision", role)
    taken = story.place.by("coordinator").get("/dose-decisions/1").json()["notice"]
    for party, by in TOLD:
        story.tell("acknowledge_notice", by, at={"about": str(taken)}, party=party)
    story.sent.add("acknowledge_notice")
    story.tell("report_paper_decision", "medical_monitor")


TOLD: tuple[tuple[str, Role], ...] = (
    ("ward", "coordinator"),
    ("pharmacy", "coordinator"),
    ("cell_laboratory", "cell_processing_qa"),
)
SIGNERS: tuple[Role, ...] = ("principal_investigator", "medical_monitor", "safety_committee")


def moved(story: Story) -> None:
    """003 was put on level 2 on paper, where no one may be; it is moved to level 1."""
    screened(story, "003")
    at = {"patient": "003"}
    paper: dict[str, Any] = {"on_paper": True, "reason": "Decided by telephone."}
    story.tell("reserve_slot", "coordinator", at={"level": "2"}, patient="003", **paper)
    story.tell("enrol_patient", "coordinator", at=at, planned_transplant_on="2026-06-01")
    story.tell("assign_dose_level", "investigator", at=at, level=2, **paper)
    story.tell("reassign_dose_level", "principal_investigator")


def ways_out(story: Story) -> None:
    """004 withdraws and dies, 005 fails screening, a report finds no patient, and a record is corrected."""
    story.tell("screen_patient", "coordinator", number="004")
    story.clock("2026-02-12T08:00:00Z")
    story.tell("withdraw_consent", "coordinator")
    story.tell("record_death", "coordinator")
    story.tell("record_off_study", "coordinator")
    story.tell("screen_patient", "coordinator", number="005")
    story.tell("record_dissent", "coordinator")
    story.tell("fail_screening", "investigator")


def corrected(story: Story) -> None:
    """A report that found no patient is given to one, and a volume is corrected."""
    story.tell("report_adverse_event", "drug_safety", at={"patient": "999"}, term="Fever")
    story.tell("resolve_quarantine", "drug_safety")
    feed = story.place.by("inspector").get("/events", patient="001", type="patient.infusion-completed.v1").json()
    story.tell("correct_record", "coordinator", position=feed["items"][0]["position"])
    story.sent.add("correct_record")


def reviewed(story: Story) -> None:
    """001's consent is asked about and verified, and the data are endorsed."""
    feed = story.place.by("inspector").get("/events", patient="001", type="patient.consent-given.v1").json()
    consent = feed["items"][0]["position"]
    story.tell("delegate_role", "medical_monitor", person="anton", role="monitor")
    story.tell("delegate_role", "medical_monitor", person="denis", role="data_manager", site=None)
    story.tell("raise_query", "monitor", about=consent)
    story.tell("answer_query", "coordinator")
    story.tell("reopen_query", "data_manager")
    story.tell("answer_query", "coordinator", answer="It is.")
    story.tell("close_query", "data_manager")
    story.tell("verify_source", "monitor", positions=[consent])
    story.sent |= {"raise_query", "verify_source"}
    story.tell("endorse_data", "investigator")


def watched(story: Story) -> None:
    """The log gets witnesses and authorities, and is recovered once."""
    for operation in ("set_witness_policy", "set_anchor_policy", "set_settings", "record_recovery"):
        story.tell(operation, "medical_monitor")


def whole(place: Place) -> Story:
    """All of it."""
    story = begin(place)
    story.tell("apply_hold", "medical_monitor")
    story.tell("lift_hold", "safety_committee")
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    story.tell("reserve_slot", "coordinator")
    story.tell("release_reservation", "coordinator")
    placed(story, "001")
    story.tell("cancel_assignment", "investigator")
    story.tell("reserve_slot", "coordinator")
    story.tell("assign_dose_level", "investigator")
    ways_out(story)
    infused(story)
    reacted(story)
    story.tell("record_safety_review", "safety_committee")
    screened(story, "002")
    placed(story, "002")
    story.tell("reschedule_transplant", "coordinator")
    later(story)
    followed(story)
    decided(story)
    moved(story)
    corrected(story)
    reviewed(story)
    story.tell("revoke_role", "principal_investigator")
    story.tell("close_enrolment", "medical_monitor")
    watched(story)
    forgotten(story)
    return story


def forgotten(story: Story) -> None:
    """One answer is redacted, and the texts about 001 are erased."""
    answered = story.place.by("inspector").get("/events", patient="001", type="patient.query-answered.v1").json()
    about = answered["items"][0]["position"]
    story.tell("request_redaction", "coordinator", about=about, member="answer")
    story.sent.add("request_redaction")
    story.tell("confirm_redaction", "medical_monitor")
    story.tell("request_erasure", "medical_monitor")
    story.tell("confirm_erasure", "principal_investigator")
