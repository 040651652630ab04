"""Notices over HTTP: those who dose see what concerns them, and acknowledge it."""

from tests.api.place import Place
from tests.api.story import Story, placed, screened


def cancelled(story: Story) -> tuple[Place, int]:
    """001 was given level 1 and lost it; the position of that."""
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    placed(story, "001")
    answer = story.tell("cancel_assignment", "investigator")
    found = [event["position"] for event in answer.json()["events"] if "assignment-cancelled" in event["type"]]
    return story.place, found[0]


def test_a_notice_is_shown_to_a_party_until_it_is_acknowledged(story: Story) -> None:
    place, about = cancelled(story)
    (notice,) = place.by("coordinator").get("/notices", party="ward").json()["items"]
    assert (notice["position"], notice["kind"], notice["patient"]) == (about, "assignment", "001")
    assert notice["waits_for"] == ["ward", "cell_laboratory", "pharmacy"]
    note = {"party": "ward", "by": "nina", "acknowledged_at": "2026-02-02T15:00:00+03:00"}
    path = f"/notices/{about}/acknowledgements"
    assert place.by("monitor").post(path, note).status_code == 403
    assert place.stranger("coordinator").post(path, note).status_code == 404
    assert place.by("coordinator").post(path, note).status_code == 201
    again = place.by("bedside_checker").post(path, note)
    assert (again.status_code, again.json()["already"]) == (200, True)
    assert place.by("coordinator").get("/notices", party="ward").json()["items"] == []
    (seen,) = place.by("coordinator").get("/notices", party="ward", acknowledged="true").json()["items"]
    assert [(each["party"], each["by"]) for each in seen["acknowledged"]] == [("ward", "nina")]
    waiting = place.by("statistician").get("/escalation").json()["unacknowledged"]
    assert [each["party"] for each in waiting] == ["cell_laboratory", "pharmacy"]


def test_what_is_no_notice_or_not_for_the_party_is_not_acknowledged(story: Story) -> None:
    place, about = cancelled(story)
    note = {"party": "ward", "by": "nina", "acknowledged_at": "2026-02-02T15:00:00+03:00"}
    missing = place.by("coordinator").post("/notices/0/acknowledgements", note)
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/no-such-notice")
    other = place.by("coordinator").post(f"/notices/{about}/acknowledgements", {**note, "party": "kitchen"})
    assert (other.status_code, other.json()["rule_id"]) == (422, "protocol-1")


def test_a_notice_of_a_patient_at_another_site_does_not_exist(story: Story) -> None:
    place, _ = cancelled(story)
    assert place.stranger("coordinator").get("/notices").json()["items"] == []
    assert place.stranger("coordinator").get("/worklists/notices").json()["items"] == []
