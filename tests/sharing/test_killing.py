"""Two servers on one database under load; one is killed with SIGKILL, again and again, and the other goes on."""

import random
import threading
from pathlib import Path

import pytest

from api.chaos.calling import Callers
from api.chaos.database import Place
from api.chaos.trial import TRIAL
from ledger.store.postgres.database import make_trial
from tests.postgres import SERVICE, Cluster

ROUNDS = 2
CALLERS = 4


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_or_doubled_when_one_of_two_servers_is_killed(
    cluster: Cluster, tmp_path: Path
) -> None:
    chance = random.Random(7)
    with cluster.database("killing") as (owner_url, service_url):
        make_trial(owner_url, TRIAL, SERVICE)
        place = Place(tmp_path, service_url)
        dying, staying = place.server("dying"), place.server("staying")
        on_dying, on_staying = Callers(dying.port, place.token), Callers(staying.port, place.token)
        staying.start()
        for number in range(ROUNDS):
            dying.start()
            on_staying.start(CALLERS, f"staying-{number}")
            on_dying.start(CALLERS, f"dying-{number}")
            threading.Event().wait(chance.uniform(0.2, 0.9))
            dying.kill()
            on_dying.stop()
            on_staying.stop()
        on_staying.settle(on_dying.unanswered | on_staying.unanswered)
        staying.stop()
        found = place.judged(on_dying, on_staying)
    assert found.kept, found.wrong
    assert found.acknowledged == len(found.stored) > 0
    assert not on_dying.problems + on_staying.problems
    assert not on_dying.contradictions + on_staying.contradictions
