"""What is counted, in a form that Prometheus reads, and the dashboard and the alerts that name it."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from api.measured import windows_open
from api.metrics import family, histograms
from ledger.measures import Histogram
from tests.api.place import TRIAL, Place
from tests.api.story import ROWS, Story, begin
from tests.bench import opened_trial
from tests.patients import treat
from tests.store.test_faults import pages_at_most

GRAFANA = Path(__file__).parents[2] / "docs" / "grafana"
LINE = re.compile(
    r'[a-z_]+(?:\{[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? -?[0-9.e+-]+(?:Inf|NaN)?'
)
NAME = re.compile(r"\b(?:trial_ledger|process)_[a-z_]+")


def values(place: Place) -> dict[str, float]:
    """Every sample by its whole name."""
    lines = place.http.get("/metrics").text.splitlines()
    return {name: float(text) for name, _, text in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


def test_every_line_is_of_the_form_and_every_family_says_what_it_is(story: Story) -> None:
    text = story.place.http.get("/metrics").text
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in samples if not LINE.fullmatch(line)] == []
    helped, typed = (re.findall(rf"^# {what} ([a-z_]+) ", text, re.MULTILINE) for what in ("HELP", "TYPE"))
    assert helped == typed
    assert len(set(helped)) == len(helped)
    bare = {re.sub(r"_(bucket|sum|count)$", "", re.match(r"[a-z_]+", line)[0]) for line in samples}  # type: ignore[index]
    assert bare <= set(helped) | {f"{name}_count" for name in helped}
    assert text.endswith("\n")


def test_a_label_is_escaped() -> None:
    (_, line) = family("n", "gauge", "Says.", [({"rule": 'a"b\\c\nd'}, 1.5)])
    assert line == 'n{rule="a\\"b\\\\c\\nd"} 1.5\n'


def test_a_histogram_counts_upwards() -> None:
    histogram = Histogram((1, 2, 5))
    for observed in (0.5, 1, 2, 3, 100):
        histogram.observe(observed)
    assert histogram.cumulative() == (2, 3, 4, 5)
    text = "".join(histograms("n", "Says.", [({}, histogram)]))
    assert text.splitlines()[2:] == [
        'n_bucket{le="1"} 2',
        'n_bucket{le="2"} 3',
        'n_bucket{le="5"} 4',
        'n_bucket{le="+Inf"} 5',
        "n_sum 106.5",
        "n_count 5",
    ]


def test_a_command_is_counted_with_its_batch_and_its_route(story: Story) -> None:
    before = values(story.place)
    story.tell("screen_patient", "coordinator")
    after = values(story.place)

    def more(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert more('trial_ledger_commands_total{outcome="appended"}') == 1
    assert more("trial_ledger_batch_commands_count") == more("trial_ledger_commit_seconds_count") == 1
    assert more("trial_ledger_batch_events_sum") == 1
    route = 'method="POST",route="/v1/trials/{trial}/patients"'
    assert more(f'trial_ledger_http_requests_total{{{route},status="201"}}') == 1
    assert more(f"trial_ledger_http_request_seconds_count{{{route}}}") == 1
    assert after[f'trial_ledger_events{{trial="{TRIAL}"}}'] == story.place.size
    assert after["trial_ledger_http_requests_in_flight"] == 1, "the one that asks"


def test_a_disk_that_refuses_is_counted(story: Story) -> None:
    pages_at_most(story.place.app.state.service.opened(TRIAL).store, 1)
    body, statuses = ROWS["screen_patient"].example_body(), set()
    for number in range(1, 200):
        statuses.add(story.place.by("coordinator").post("/patients", {**body, "number": f"{number:03}"}).status_code)
        if 507 in statuses:
            break
    assert statuses <= {201, 507}
    assert values(story.place)['trial_ledger_unavailable_total{rule="storage-full"}'] == 1


def test_events_wait_for_a_signed_head_and_then_do_not(tmp_path: Path) -> None:
    place = Place(tmp_path, evidence=True, story_from=None)
    body = {**ROWS["register_trial"].example_body(), "training": False}
    assert place.by("medical_monitor").post("/v1/trials", body).status_code == 201
    notary = place.app.state.service.shelf.notary(TRIAL)
    notary.round()
    signed = values(place)
    assert signed[f'trial_ledger_unsigned_events{{trial="{TRIAL}"}}'] == 0
    assert signed[f'trial_ledger_checkpoint_age_seconds{{trial="{TRIAL}"}}'] == 0
    place.by("medical_monitor").post("/sites", ROWS["open_site"].example_body())
    waiting = values(place)
    assert waiting[f'trial_ledger_unsigned_events{{trial="{TRIAL}"}}'] == 1
    assert waiting[f'trial_ledger_checkpoint_age_seconds{{trial="{TRIAL}"}}'] > 0
    place.stop()


def test_an_altered_ledger_is_told(story: Story) -> None:
    story.place.app.state.service.opened(TRIAL)._corrupt = "position 3"
    assert values(story.place)[f'trial_ledger_read_only{{trial="{TRIAL}"}}'] == 1


def test_windows_that_run_are_counted_until_their_last_day() -> None:
    bench = opened_trial()
    assert windows_open(bench.world, bench.now) == 0
    treat(bench, "001", 1)
    assert windows_open(bench.world, bench.now) == 1
    assert windows_open(bench.world, bench.now + timedelta(days=365)) == 0


def test_a_stream_that_is_behind_is_told(story: Story) -> None:
    service = story.place.app.state.service
    service.streams.update({1: (TRIAL, story.place.size - 1), 2: (TRIAL, story.place.size - 6)})
    assert values(story.place)[f'trial_ledger_stream_lag_events{{trial="{TRIAL}"}}'] == 5


def expressions() -> Iterator[tuple[str, str]]:
    """Everything that the dashboard and the alerts ask for."""
    dashboard: dict[str, Any] = json.loads((GRAFANA / "trial-ledger.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])
    rules: dict[str, Any] = yaml.safe_load((GRAFANA / "alerts.yaml").read_text(encoding="utf-8"))
    for group in rules["groups"]:
        yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])


def test_the_dashboard_and_the_alerts_ask_for_what_is_served(place: Place) -> None:
    begin(place)
    service = place.app.state.service
    service.streams[1] = (TRIAL, 0)
    text = place.http.get("/metrics").text
    served = set(re.findall(r"^# TYPE ([a-z_]+) ", text, re.MULTILINE))
    served |= {f"{name}_{part}" for name in served for part in ("bucket", "sum", "count") if f"{name}_{part}" in text}
    found = {(where, name) for where, asked in expressions() for name in NAME.findall(asked)}
    assert {name for _, name in found} - served == set(), found
    assert len({name for _, name in found}) >= 20


def test_the_labels_that_they_ask_for_are_served(place: Place) -> None:
    begin(place)
    text = place.http.get("/metrics").text
    told = set(re.findall(r'([a-z_]+)="', text)) | {"rule"}
    for where, asked in expressions():
        labels = set(re.findall(r'([a-z_]+)(?:=~|!~|!=|=)"', asked))
        assert labels <= told, where


def test_every_alert_is_explained() -> None:
    page = (GRAFANA.parent / "operations.md").read_text(encoding="utf-8")
    rules = yaml.safe_load((GRAFANA / "alerts.yaml").read_text(encoding="utf-8"))
    for group in rules["groups"]:
        assert [rule["alert"] for rule in group["rules"] if f"`{rule['alert']}`" not in page] == []
