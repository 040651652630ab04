"""The role table once more, route by route and role by role, on a trial in which everything has happened: by an account
of the site, and by one of the same role at another. Every write is sent as it is documented, and only tried out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pytest
from httpx2 import Response

from ledger.types import Role
from tests.api.place import TRIAL, Caller, Place
from tests.api.story import ROWS, Story, whole
from tests.api.test_roles import IN_PATHS, full, rights, routes

pytestmark = pytest.mark.slow

Answer = Literal["allowed", "forbidden", "absent", "wrong"]
OTHER_SITE = "ELSEWHERE"
ABSENT = {"no-such-patient", "no-such-product", "no-such-record", "not-found"}
BY_PATH = {write.full_path: write for write in ROWS.values()}
QUERIES: dict[str, dict[str, Any]] = {
    "/escalation/explain": {"level": 1},
    "/design/characteristics": {"rates": "0.05,0.10,0.20,0.45"},
    "/evidence/inclusion": {"index": 0, "size": 1},
    "/evidence/consistency": {"old": 1, "size": 2},
}
ENDLESS = full("/stream")
"""It answers for ever, and is asked for no further than the door."""

OF_ALL_SITES = {full("/evidence/bundle"), full("/evidence/tile/{path}"), "/v1/access-log/bundle"}
"""Nothing of these can be left out, so that nobody has them for one site."""

ONE_EVENT = {full("/events/{position}"), full("/evidence/receipts/{position}")}


@dataclass
class Prepared:
    """The trial, its tags as they are now, and where in its log stands what a request has to name: an event that the
    machine of the site reported, a consent, an infusion, a notice, a doctor's assessment."""

    place: Place
    story: Story
    reported: int
    consent: int
    infusion: int
    notice: int
    assessment: int

    def __post_init__(self) -> None:
        self.tags: dict[tuple[str, str], str] = {}
        self.named: dict[str, dict[str, Any]] = {
            "correct_record": {"position": self.infusion},
            "confirm_grade": {"assessment": self.assessment},
            "raise_query": {"about": self.consent},
            "verify_source": {"positions": [self.consent]},
        }
        self.others = {role: self.place.stranger(role, OTHER_SITE) for role in get_args(Role)}

    def ask(self, by: Caller, method: str, path: str) -> Response:
        write = BY_PATH.get(path)
        at = {**IN_PATHS, **(dict(write.at) if write else {})}
        named = {**at, "position": str(self.reported), "about": str(self.notice)}
        url = path.format(**named)
        if method == "GET":
            asked: dict[str, Any] = dict(QUERIES.get(path.removeprefix("/v1/trials/{trial}"), {}))
            return by.get(url, **({"nonsense": 1} if path == ENDLESS else asked))
        if write is None:
            return by.post(url, {"to": "2026-01-12T06:00:00Z"})
        body = {**write.example_body(), **self.named.get(write.operation, {})}
        headers = {"If-Match": self.tag(write, {**body, **write.at})} if write.rests_on else {}
        return by.post(url, body, headers=headers, params={"dry_run": "true"})

    def tag(self, write: Any, fields: dict[str, Any]) -> str:
        key = (write.operation, write.stream(fields))
        if key not in self.tags:
            self.tags[key] = self.story.tag(write, fields)
        return self.tags[key]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    place = Place(tmp_path_factory.mktemp("roles"))
    story = whole(place)
    place.by("medical_monitor").post("/sites", {"site": OTHER_SITE, "utc_offset": "+05:00"})
    reported = place.by("edc_system").get("/events", patient="001", limit=1).json()["items"][0]["position"]
    kinds = ("patient.consent-given.v1", "patient.infusion-completed.v1", "trial.dose-decision-taken.v1")
    assessment = position(place, "patient.toxicity-assessed.v1", actor="ivan")
    consent, infusion, notice = (position(place, kind) for kind in kinds)
    yield Prepared(place, story, reported, consent, infusion, notice, assessment)
    place.stop()


def position(place: Place, kind: str, **query: Any) -> int:
    """Where the first event of a kind stands."""
    found: int = place.by("inspector").get("/events", type=kind, limit=1, **query).json()["items"][0]["position"]
    return found


def answered(answer: Response) -> Answer:
    """How a request was answered, as far as the table is concerned."""
    problem = answer.json()["type"].removeprefix("/problems/") if answer.status_code >= 400 else ""
    if answer.status_code == 403:
        return "forbidden"
    if answer.status_code == 404 and problem in ABSENT:
        return "absent"
    if answer.status_code in (200, 201, 202, 304, 409, 412) or problem in ("nothing-signed", "request-invalid"):
        return "allowed"
    return "wrong"


def expected(method: str, path: str, resource: str, may: frozenset[str], role: Role, *, own_site: bool) -> Answer:
    """What the table says."""
    cell = rights()[resource, role]
    if cell.isdisjoint(may) or (path in OF_ALL_SITES and "own" in cell):
        return "forbidden"
    if path == full("/corrections") and "entries" in cell:
        return "forbidden"  # the record that is to be corrected is another's entry
    if path in ONE_EVENT and "setup" in cell:
        return "absent"
    bound = is_bound(method, path)
    return "absent" if bound and "own" in cell and not own_site else "allowed"


def is_bound(method: str, path: str) -> bool:
    """Whether a route concerns one patient of the site, or the lot of one, by its path or by what is sent."""
    write = BY_PATH.get(path) if method == "POST" else None
    body = write.example_body() if write is not None else {}
    named = body.get("patient") is not None or path == full("/patients")
    return "{patient}" in path or "{lot}" in path or path in ONE_EVENT or (method == "POST" and named)


@pytest.mark.parametrize("role", get_args(Role))
def test_each_route_answers_each_role_at_its_own_site_and_at_another_as_the_table_says(
    prepared: Prepared, role: Role
) -> None:
    wrong, size = [], prepared.place.size
    for method, path, resource, may in routes():
        for own_site, by in ((True, prepared.place.by(role)), (False, prepared.others[role])):
            answer = prepared.ask(by, method, path)
            said = expected(method, path, resource, may, role, own_site=own_site)
            if answered(answer) != said:
                wrong.append((method, path, own_site, said, answer.status_code, answer.text[:200]))
    assert wrong == []
    assert prepared.place.size == size


def test_a_request_as_it_is_walked_is_whole(prepared: Prepared) -> None:
    """Where the table lets somebody in, nothing is refused for its form: else the walk would see no further than it."""
    for method, path, resource, may in routes():
        role = next(role for role in get_args(Role) if not rights()[resource, role].isdisjoint(may))
        answer = prepared.ask(prepared.place.by(role), method, path)
        assert answer.status_code not in (400, 415, 422, 428) or path == ENDLESS, (method, path, answer.text)


@pytest.mark.parametrize("role", get_args(Role))
def test_a_list_holds_nothing_of_another_site(prepared: Prepared, role: Role) -> None:
    """Lists are not answered with 404: what a role sees of its own site only is left out of them."""
    lists = {
        "/patients": "patient",
        "/screening-log": "patient",
        "/queries": "query",
        "/products": "product",
        "/deviations": "patient",
        "/safety-listing": "serious",
        "/dlt-register": "dlt",
    }
    for path, resource in lists.items():
        if not {"R", "own"} <= rights()[resource, role]:
            continue
        here, there = prepared.place.by(role).get(path), prepared.others[role].get(path)
        assert here.status_code == there.status_code == 200
        assert '"001"' in here.text or path == "/queries", path
        assert '"001"' not in there.text, path


def test_an_administrator_writes_nothing_but_machines_and_the_clock() -> None:
    """Whoever gives access has no clinical command."""
    writes = {
        path
        for method, path, resource, may in routes()
        if method == "POST" and not may.isdisjoint(rights()[resource, "administrator"])
    }
    assert writes == {full("/sources"), full("/clock")}


def test_the_trial_is_the_one_that_is_walked(prepared: Prepared) -> None:
    assert [each["trial_id"] for each in prepared.place.by("inspector").get("/v1/trials").json()["items"]] == [TRIAL]
