"""What a protocol says of its monitoring: events that exist, every kind of notice, somebody to hear of each."""

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from ledger.catalogue import EVENTS
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.load import bundled, load_protocol
from ledger.protocol.monitoring import Monitoring, NoticeKind
from tests.bench import nct07256210
from tests.protocol.test_second_protocol import OTHER

KINDS = get_args(NoticeKind)


@pytest.mark.parametrize("document", [load_protocol(bundled("nct07256210")), OTHER])
def test_critical_data_are_events_of_the_catalogue(document: ProtocolDocument) -> None:
    known = {name.rpartition(".")[0] for name in EVENTS}
    assert set(document.monitoring.critical_data) <= known


def test_a_dose_decision_reaches_ward_laboratory_and_pharmacy() -> None:
    assert nct07256210().monitoring.parties("dose_decision") == ("ward", "cell_laboratory", "pharmacy")


@pytest.mark.parametrize(
    "notices",
    [
        [],
        [{"kind": kind, "parties": ["ward"]} for kind in KINDS[1:]],
        [{"kind": kind, "parties": ["ward"]} for kind in (*KINDS, KINDS[0])],
        [{"kind": kind, "parties": []} for kind in KINDS],
        [{"kind": kind, "parties": ["ward", "ward"]} for kind in KINDS],
        [{"kind": kind, "parties": ["The Ward"]} for kind in KINDS],
    ],
)
def test_every_kind_of_notice_is_named_once_with_its_parties(notices: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        Monitoring.model_validate({"critical_data": [], "notices": notices})
