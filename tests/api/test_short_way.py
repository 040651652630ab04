"""The short way of a write finds what the framework would find, and nothing more."""

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from api.app import WRITINGS
from api.short_way import Paths, Serve
from api.table import PARAMETERS
from tests.api.place import Place
from tests.api.story import ROWS


def named(name: str) -> Serve:
    async def serve(_: Request) -> Response:
        return Response(name)

    return serve


HOLDS, LIFTS, ENDS = named("holds"), named("lifts"), named("ends")
PATHS = Paths(
    [("/trials/{trial}/holds", HOLDS), ("/trials/{trial}/holds/{hold}/lifts", LIFTS), ("/trials/all/ends", ENDS)]
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/trials/T1/holds", (HOLDS, {"trial": "T1"})),
        ("/trials/T1/holds/3/lifts", (LIFTS, {"trial": "T1", "hold": "3"})),
        ("/trials/all/ends", (ENDS, {})),
        ("/trials/all/holds", (HOLDS, {"trial": "all"})),
        ("/trials/T1/ends", None),
        ("/trials/T1", None),
        ("/trials/T1/holds/", None),
        ("/trials//holds", None),
        ("/trials/{}/holds", None),
        ("/trials/T1/holds/3/lifts/4", None),
        ("trials/T1/holds", None),
        ("/", None),
        ("", None),
    ],
)
def test_a_path_is_found_by_its_steps(path: str, found: tuple[Serve, dict[str, str]] | None) -> None:
    assert PATHS.find(path) == found


def test_every_write_is_found_as_the_framework_finds_it() -> None:
    served = {writing.write.full_path: named(writing.write.full_path) for writing in WRITINGS}
    paths = Paths(served.items())
    routes = [Route(path, serve, methods=["POST"]) for path, serve in served.items()]
    parameters = {**dict.fromkeys(PARAMETERS, "1"), "trial": "NCT07256210", "patient": "001", "lot": "NK-1"}
    for writing in WRITINGS:
        path = writing.write.full_path.format_map(parameters)
        scope = {"type": "http", "method": "POST", "path": path}
        route = next(route for route in routes if route.matches(scope)[0] == Match.FULL)
        assert paths.find(path) == (route.endpoint, route.matches(scope)[1]["path_params"]), path


def test_an_answer_by_the_short_way_has_the_headers_of_every_other(place: Place) -> None:
    answer = place.by("coordinator").post("/patients/001/consents", ROWS["record_consent"].example_body())
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers.get_list("x-request-id") == [answer.headers["x-request-id"]]
