"""Queries, source verification and endorsement over HTTP, in the roles of those who do them."""

from tests.api.place import Place
from tests.api.story import Story, screened

MEANING = "I confirm that these data are accurate and complete"


def consented(story: Story) -> tuple[Place, int]:
    """001 is screened, and monitor and data manager hold their roles; the position of the first consent."""
    story.tell("delegate_role", "medical_monitor", person="anton", role="monitor")
    story.tell("delegate_role", "medical_monitor", person="denis", role="data_manager", site=None)
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    place = story.place
    feed = place.by("inspector").get("/events", type="patient.consent-given.v1").json()
    return place, feed["items"][0]["position"]


def test_a_query_goes_from_the_monitor_to_the_site_and_back(story: Story) -> None:
    place, consent = consented(story)
    asked = {"about": consent, "text": "Which version was signed?"}
    assert place.by("coordinator").post("/patients/001/queries", asked).status_code == 403
    assert place.stranger("monitor").post("/patients/001/queries", asked).status_code == 404
    assert place.by("monitor").post("/patients/001/queries", asked).status_code == 201
    again = place.by("medical_monitor").post("/patients/001/queries", asked)
    assert (again.status_code, again.json()["already"]) == (200, True)
    story.clock("2026-02-05T12:00:00Z")
    (query,) = place.by("data_manager").get("/queries").json()["items"]
    assert (query["patient"], query["state"], query["age_days"], query["about"]) == ("001", "open", 3, consent)
    assert place.by("data_manager").get("/worklists/queries").json()["items"] == [query]
    assert place.stranger("monitor").get("/queries").json()["items"] == []

    closing = {"resolution": "stands"}
    early = place.by("data_manager").post("/patients/001/queries/1/closures", closing)
    assert (early.status_code, early.json()["rule_id"]) == (409, "query-1")
    assert place.by("monitor").post("/patients/001/queries/1/answers", {"answer": "Mine."}).status_code == 403
    answer = {"answer": "Version 1."}
    assert place.by("coordinator").post("/patients/001/queries/1/answers", answer).status_code == 201
    assert place.by("coordinator").post("/patients/001/queries/1/closures", closing).status_code == 403
    assert place.by("data_manager").post("/patients/001/queries/1/closures", closing).status_code == 201
    assert place.by("data_manager").get("/queries").json()["items"] == []
    (query,) = place.by("data_manager").get("/queries", closed="true", patient="001").json()["items"]
    assert (query["state"], query["resolution"], query["answered_by"]) == ("closed", "stands", "nina")
    trail = place.by("inspector").get("/audit-trail", patient="001", type="patient.query-answered.v1").json()["items"]
    assert [row["content"]["answer"] for row in trail] == ["Version 1."]


def test_the_monitor_verifies_records_of_the_own_site(story: Story) -> None:
    place, consent = consented(story)
    body = {"positions": [consent], "verified_on": "2026-02-02"}
    assert place.by("coordinator").post("/patients/001/source-verifications", body).status_code == 403
    assert place.by("monitor").post("/patients/001/source-verifications", body).status_code == 201
    shown = place.by("monitor").get("/patients/001/source-verification").json()
    assert [line["position"] for line in shown["records"] if line["state"] == "verified"] == [consent]
    (waits,) = place.by("monitor").get("/worklists/source_verification").json()["items"]
    assert (waits["patient"], waits["verified"], waits["critical"]) == ("001", 1, shown["critical"])
    unknown = place.by("monitor").post("/patients/001/source-verifications", {**body, "positions": [0]})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/no-such-record")


def test_an_investigator_signs_what_was_shown_and_nothing_later(story: Story) -> None:
    place, _ = consented(story)
    seen = place.by("investigator").get("/patients/001/endorsement").json()["manifest_hash"]
    fever = {"term": "Fever", "serious": False, "onset_at": "2026-02-02T08:00:00+03:00"}
    place.by("coordinator").post("/patients/001/adverse-events", fever)
    signing = {"manifest_hash": seen, "meaning": MEANING}
    assert place.by("monitor").post("/patients/001/endorsements", signing).status_code == 403
    stale = place.by("investigator").post("/patients/001/endorsements", signing)
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/data-moved")
    seen = place.by("investigator").get("/patients/001/endorsement").json()["manifest_hash"]
    signed = place.by("investigator").post("/patients/001/endorsements", {**signing, "manifest_hash": seen})
    assert signed.status_code == 201
    shown = place.by("data_manager").get("/patients/001/endorsement").json()
    assert [(each["member"], each["stale"]) for each in shown["endorsements"]] == [("ivan", False)]
    assert shown["manifest_hash"] == seen
