"""The committee's pack over HTTP: as JSON, as a page, and the same bytes later."""

from tests.api.place import Place
from tests.api.story import Story, placed, screened


def proposed(story: Story) -> Place:
    """001 has a level; a decision to stay at it is proposed."""
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    placed(story, "001")
    story.tell("propose_dose_decision", "medical_monitor")
    return story.place


def test_a_pack_is_json_or_a_page_and_the_same_bytes_later(story: Story) -> None:
    place = proposed(story)
    path = "/dose-decisions/1/pack"
    first, page = place.by("safety_committee").get(path), place.by("safety_committee").get(path, format="html")
    assert first.json()["proposal"]["outcome"] == "stay"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert first.json()["pack_hash"] in page.text
    story.clock("2026-02-09T12:00:00Z")
    fever = {"term": "Fever", "serious": False, "onset_at": "2026-02-01T08:00:00+03:00"}
    place.by("coordinator").post("/patients/001/adverse-events", fever)
    place.restart()
    assert place.by("statistician").get(path).content == first.content
    assert place.by("statistician").get(path, format="html").content == page.content
    now = place.by("statistician").get("/committee-pack").json()
    assert (now["proposal"], [event["term"] for event in now["adverse_events"]]) == (None, ["Fever"])
    then = place.by("statistician").get("/committee-pack", as_of_position=first.json()["events"] - 1).json()
    assert then["dossier"] == first.json()["dossier"]


def test_a_pack_of_no_decision_is_not_found(story: Story) -> None:
    answer = proposed(story).by("inspector").get("/dose-decisions/2/pack")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-decision")
