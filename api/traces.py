"""A span for each request, for whoever runs a tracing system: OpenTelemetry's, sent by OTLP over HTTP.

Only where `LEDGER_TRACES_URL` says so, with the extra `traces` installed. A span says what the request's line in the
log says: the route with its placeholders, never what was in their places, nor who asked. It belongs to the caller's
trace where the request names one (W3C Trace Context).
"""

import time
from importlib.metadata import distributions, version
from typing import Any, Final

NAME: Final = "trial-ledger"
HEADER: Final = "traceparent"
SENDER: Final = "opentelemetry-exporter-otlp-proto-http"


def can_be_sent() -> bool:
    """Whether what sends spans is installed."""
    return any(distributions(name=SENDER))


class Traces:
    """Spans on their way to a collector, sent in batches on a thread of their own; what it does not take is dropped."""

    def __init__(self, url: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        resource = Resource.create({"service.name": NAME, "service.version": version(NAME)})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
        self._tracer = self._provider.get_tracer(NAME)
        self._caller = TraceContextTextMapPropagator().extract
        self._kind = SpanKind.SERVER

    def tell(self, took_seconds: float, traceparent: str | None, told: dict[str, Any]) -> None:
        """A request that has just been answered; `told` as of its line in the log."""
        ended_ns = time.time_ns()
        attributes = {
            "http.request.method": told["method"],
            "http.route": told["route"],
            "http.response.status_code": told["status"],
            "trial_ledger.request_id": told["request_id"],
            **({} if told["trial"] is None else {"trial_ledger.trial": told["trial"]}),
        }
        span = self._tracer.start_span(
            f"{told['method']} {told['route']}",
            context=self._caller({} if traceparent is None else {HEADER: traceparent}),
            kind=self._kind,
            attributes=attributes,
            start_time=ended_ns - int(took_seconds * 1e9),
        )
        span.end(ended_ns)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()
