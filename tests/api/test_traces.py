"""Spans of requests, as a collector gets them."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import ValidationError

from tests.api.place import TRIAL, Place
from tests.api.story import ROWS

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """A collector's URL, and what it was sent."""
    sent: list[ExportTraceServiceRequest] = []

    class Collecting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is said."""

    server = HTTPServer(("127.0.0.1", 0), Collecting)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", sent
    server.shutdown()
    server.server_close()


def spans_of(sent: list[ExportTraceServiceRequest]) -> list[Any]:
    scopes = (scope for each in sent for resource in each.resource_spans for scope in resource.scope_spans)
    return [span for scope in scopes for span in scope.spans]


def test_a_request_is_a_span_of_the_callers_trace_without_what_was_in_it(
    tmp_path: Path, collector: tuple[str, list[ExportTraceServiceRequest]]
) -> None:
    url, sent = collector
    place = Place(tmp_path, traces_url=url)
    headers = {"X-Request-ID": "from-the-edc", "traceparent": f"00-{TRACE}-{PARENT}-01"}
    place.by("medical_monitor").post("/v1/trials", ROWS["register_trial"].example_body(), headers=headers)
    place.by("inspector").get("/patients/PETROVA")
    place.http.get("/healthz")
    place.stop()
    first, second = spans_of(sent)
    assert (first.name, first.trace_id.hex(), first.parent_span_id.hex()) == ("POST /v1/trials", TRACE, PARENT)
    told = {each.key: each.value.string_value or each.value.int_value for each in first.attributes}
    assert told == {
        "http.request.method": "POST",
        "http.route": "/v1/trials",
        "http.response.status_code": 201,
        "trial_ledger.request_id": "from-the-edc",
    }
    assert (second.name, second.parent_span_id) == ("GET /v1/trials/{trial}/patients/{patient}", b"")
    assert {each.value.string_value for each in second.attributes if each.key == "trial_ledger.trial"} == {TRIAL}
    assert 0 < first.start_time_unix_nano < first.end_time_unix_nano
    assert "PETROVA" not in str(sent)


def test_where_nothing_can_send_them_the_server_says_so_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.traces.SENDER", "a-package-that-is-not-installed")
    with pytest.raises(ValidationError, match="trial-ledger\\[traces\\]"):
        Place(tmp_path, traces_url="http://127.0.0.1:4318/v1/traces")
