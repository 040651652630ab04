"""A write is done once, answered alike, and rests on what was seen."""

from typing import Any

from httpx2 import Response

from ledger.evidence.merkle import leaf_hash
from ledger.types import Role
from tests.api.place import TRIAL, Place
from tests.api.story import ROWS, Story, placed, screened

CONSENT = ROWS["record_consent"].example_body()
CONSENTS = "/patients/001/consents"
PI: Role = "principal_investigator"


def ready(story: Story) -> Place:
    """001 is screened; it is 2 February."""
    story.clock("2026-02-02T12:00:00Z")
    story.tell("screen_patient", "coordinator")
    return story.place


def request(place: Place, path: str, body: Any, key: str, role: Role = "coordinator", **headers: str) -> dict[str, Any]:
    every = {**place.by(role).bearer, "Idempotency-Key": key, **headers}
    return {"url": f"/v1/trials/{TRIAL}{path}", "json": body, "headers": every}


def problem(answer: Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    kind: str = answer.json()["type"]
    return kind.removeprefix("/problems/")


def test_an_answer_names_the_events_their_hashes_and_the_version(story: Story) -> None:
    place = ready(story)
    answer = place.by("coordinator").post(CONSENTS, CONSENT)
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/trials/{TRIAL}/events/{body['positions'][0]}"
    assert answer.headers["etag"] == '"patient/001@2"'
    assert answer.headers["ledger-training"] == "true"
    assert [event["type"] for event in body["events"]] == ["patient.consent-given.v1"]
    event = place.by("inspector").get(answer.headers["location"])
    leaf = place.app.state.service.opened(TRIAL).store.leaf(body["positions"][0])
    assert event.json()["leaf_hash"] == body["leaf_hashes"][0] == leaf_hash(leaf).hex()
    assert leaf in event.content


def test_the_same_key_twenty_times_at_once_is_one_event_and_one_answer(story: Story) -> None:
    place = ready(story)
    size = place.size
    answers = place.at_once([request(place, CONSENTS, CONSENT, "one-key-0001")] * 20)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert place.size == size + 1


def test_the_same_key_is_answered_alike_after_a_restart(story: Story) -> None:
    place = ready(story)
    first = place.by("coordinator").post(CONSENTS, CONSENT, key="one-key-0001")
    place.restart()
    again = place.by("coordinator").post(CONSENTS, CONSENT, key="one-key-0001")
    assert (again.status_code, again.content) == (first.status_code, first.content)


def test_a_key_stands_for_one_request(story: Story) -> None:
    place = ready(story)
    nurse = place.by("coordinator")
    nurse.post(CONSENTS, CONSENT, key="one-key-0001")
    other = nurse.post(CONSENTS, {**CONSENT, "form_version": "3.0"}, key="one-key-0001")
    assert (other.status_code, problem(other)) == (422, "key-reused")
    elsewhere = nurse.post("/patients/001/assents", CONSENT, key="one-key-0001")
    assert elsewhere.status_code == 422
    of_another_client = place.by("investigator").post(CONSENTS, CONSENT, key="one-key-0001")
    assert of_another_client.status_code == 200


def test_the_same_fact_under_another_key_is_on_record_already(story: Story) -> None:
    place = ready(story)
    first = place.by("coordinator").post(CONSENTS, CONSENT)
    again = place.by("coordinator").post(CONSENTS, CONSENT)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["already"] is True
    assert again.json()["positions"] == first.json()["positions"]


def test_a_refusal_is_decided_afresh_under_the_same_key(story: Story) -> None:
    place = ready(story)
    reserve = {"patient": "001"}
    refused = place.by("coordinator").post("/cohorts/1/reservations", reserve, key="one-key-0001")
    assert (refused.status_code, problem(refused)) == (409, "consent-not-valid")
    assert refused.json()["rule_id"] == "G.4-1"
    story.tell("record_consent", "coordinator")
    assert place.by("coordinator").post("/cohorts/1/reservations", reserve, key="one-key-0001").status_code == 201


def test_a_key_is_needed_and_has_a_form(story: Story) -> None:
    place = ready(story)
    nurse, url = place.by("coordinator"), f"/v1/trials/{TRIAL}{CONSENTS}"
    missing = place.http.post(url, json=CONSENT, headers=nurse.bearer)
    assert (missing.status_code, problem(missing)) == (400, "idempotency-key-missing")
    for key in ("short", "x" * 129, "with blank 01", "umlaut-\xe4-0001"):
        assert nurse.post(CONSENTS, CONSENT, headers={"Idempotency-Key": key.encode("latin-1")}).status_code == 400
    quoted = nurse.post(CONSENTS, CONSENT, key='"quoted-key-1"')
    bare = nurse.post(CONSENTS, CONSENT, key="quoted-key-1")
    assert quoted.content == bare.content


def test_fifty_clients_race_for_the_last_slot(story: Story) -> None:
    place = ready(story)
    for number in ("002", "003", "004"):
        story.tell("screen_patient", "coordinator", number=number)
    for number in ("001", "002", "003", "004"):
        story.tell("record_consent", "coordinator", at={"patient": number})
    for number in ("002", "003"):
        story.tell("reserve_slot", "coordinator", patient=number)
    race = [
        request(place, "/cohorts/1/reservations", {"patient": f"00{1 + 3 * (turn % 2)}"}, f"race-{turn:06d}")
        for turn in range(50)
    ]
    answers = place.at_once(race)
    won = [answer for answer in answers if answer.status_code == 201]
    assert len(won) == 1
    assert {answer.status_code for answer in answers} == {201, 200, 409}
    assert {problem(answer) for answer in answers if answer.status_code == 409} == {"no-free-slot"}
    assert place.by("coordinator").get("/cohorts/1").json()["slots"] == 3
    assert len(place.by("coordinator").get("/cohorts/1").json()["reservations"]) == 3


def test_of_two_who_saw_the_same_version_one_comes_too_late(story: Story) -> None:
    place = ready(story)
    body = ROWS["sign_determination"].example_body()
    seen = {"If-Match": place.by(PI).get("/patients/001").headers["etag"]}
    path = "/patients/001/determinations"
    both = [
        request(
            place, path, {**body, "met": met}, f"rivals-{met}", PI, **seen, **{"Ledger-Signing": place.by(PI).sign()}
        )
        for met in (True, False)
    ]
    answers = place.at_once(both)
    assert sorted(answer.status_code for answer in answers) == [201, 412]
    late = next(answer for answer in answers if answer.status_code == 412)
    assert problem(late) == "version-moved-on"
    assert late.headers["etag"] == f'"{late.json()["current_version"]}"' == '"patient/001@2"'


def test_a_decision_on_what_was_seen_names_its_version(story: Story) -> None:
    place = ready(story)
    body = ROWS["sign_determination"].example_body()
    path, doctor = "/patients/001/determinations", place.by(PI)
    missing = doctor.post(path, body)
    assert (missing.status_code, problem(missing)) == (428, "if-match-missing")
    for tag in ("*", 'W/"patient/001@1"', '"patient/001@1", "x"', "patient/001@1"):
        wrong = doctor.post(path, body, headers={"If-Match": tag})
        assert (wrong.status_code, problem(wrong)) == (400, "if-match-unreadable")
    for tag in ('"patient/002@1"', '"trial@1"', '"patient/001@99"'):
        other = doctor.post(path, body, headers={"If-Match": tag})
        assert (other.status_code, problem(other)) == (412, "version-moved-on")
    assert doctor.decide(path, body, on="/patients/001").status_code == 201


def test_a_repetition_is_answered_though_the_version_has_moved_on(story: Story) -> None:
    place = ready(story)
    body, doctor = ROWS["sign_determination"].example_body(), place.by(PI)
    seen = {"If-Match": doctor.get("/patients/001").headers["etag"]}
    first = doctor.post("/patients/001/determinations", body, key="signed-0001", headers=seen)
    again = doctor.post("/patients/001/determinations", body, key="signed-0001", headers=seen)
    assert (first.status_code, first.content) == (again.status_code, again.content)


def test_trying_out_writes_nothing(story: Story) -> None:
    place = ready(story)
    size, nurse = place.size, place.by("coordinator")
    tried = nurse.post(CONSENTS, CONSENT, key="try-it-0001", params={"dry_run": "true"})
    assert tried.status_code == 200
    assert tried.json()["dry_run"] is True
    assert tried.json()["events"] == [{"position": None, "type": "patient.consent-given.v1", "stream": "patient/001"}]
    refused = nurse.post("/cohorts/1/reservations", {"patient": "001"}, params={"dry_run": "true"})
    assert problem(refused) == "consent-not-valid"
    assert place.size == size
    assert nurse.post(CONSENTS, CONSENT, key="try-it-0001").status_code == 201
    assert nurse.post(CONSENTS, CONSENT, params={"dry_run": "true"}).json()["already"] is True


def test_a_misspelt_trial_run_is_no_write(story: Story) -> None:
    place = ready(story)
    size = place.size
    for query in ({"dryrun": "true"}, {"dry_run": "yes"}, {"dry_run": ["true", "false"]}):
        assert place.by("coordinator").post(CONSENTS, CONSENT, params=query).status_code == 422
    assert place.size == size


def test_a_registration_is_tried_out_without_a_file(place: Place) -> None:
    body, sponsor = ROWS["register_trial"].example_body(), place.by("medical_monitor")
    assert sponsor.post("/v1/trials", body, params={"dry_run": "true"}).status_code == 200
    assert list(place.directory.glob("*.ledger")) == []
    made = [sponsor.post("/v1/trials", body, key="register-0001") for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].content == made[1].content
    other = sponsor.post("/v1/trials", {**body, "title": "Another"})
    assert (other.status_code, problem(other)) == (409, "already-registered")


def test_a_free_text_is_kept_beside_the_log(story: Story) -> None:
    place = ready(story)
    said = "Mother asked for more time; cafe\u0301."
    answer = place.by("coordinator").post(CONSENTS, {**CONSENT, "reason": said})
    event = place.by("inspector").get(answer.headers["location"]).json()["leaf"]
    assert said not in str(event)
    assert len(event["reason"]) == 64
    trail = place.by("inspector").get("/audit-trail", patient="001").json()["items"]
    assert trail[-1]["reason_text"] == "Mother asked for more time; caf\u00e9."
    assert place.by("statistician").get("/audit-trail", patient="001").json()["items"][-1]["reason_text"] is None


def test_a_machine_is_its_own_source(story: Story) -> None:
    place = ready(story)
    machine, entered = place.by("edc_system"), {"audit_id": "row-17", "originator": "nina"}
    first = machine.post(CONSENTS, {**CONSENT, "source": entered})
    event = place.by("inspector").get(first.headers["location"]).json()["leaf"]
    assert (event["source"]["system"], event["source"]["audit_id"]) == ("edc-ndgoi", "row-17")
    other = {**CONSENT, "form_version": "9", "source": entered}
    assert problem(machine.post(CONSENTS, other)) == "audit-id-reused"
    assert machine.post(CONSENTS, {**CONSENT, "source": {"system": "another"}}).status_code == 422
    assert place.by("coordinator").post(CONSENTS, {**CONSENT, "source": entered}).status_code == 422


def test_an_assignment_moves_the_version_that_the_answer_names(story: Story) -> None:
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    placed(story, "001")
    shown = story.place.by("coordinator").get("/patients/001")
    assert shown.headers["etag"] == f'"patient/001@{shown.json()["version"]}"'
    assert shown.json()["level"] == 1
