"""What the controls of a request cost, in microseconds of processor time, each beside all that a durable command takes
over HTTP; and all of them together against an end of the same server that passes none (`_guarded.py`).

Each is the real function, called over and over in this process, so that its data are warm: a lower bound. The sum of
them is less than all together over HTTP: there the framework's layers, the time limit, the count and the line in the
log are in it too ("what is around every request"). What is left out is in `LEFT_OUT`, and in the result.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.datastructures import Headers

from api.access import admitted
from api.around import _complete, _Passing
from api.auth import Link, add_account, link_account
from api.identity.passwords import Hashing
from api.identity.provider import Provider
from api.incoming import idempotency_key
from api.limits import network_of
from api.noting import ACCOUNT, OPERATION, RESOURCE, happening_of
from api.service import Service
from api.settings import Settings
from api.strict_json import decode
from benchmarks._common import Row, beside, cpu_seconds, keep, seconds
from benchmarks._guarded import AROUND, BARE, GUARDED, MAY, UNREAD
from benchmarks._load import Load
from benchmarks.http import COMMAND, TRIAL, Server
from ledger.application import system_clock
from ledger.decisions.authority import holds_role
from ledger.decisions.docket import Docket
from ledger.errors import Busy
from ledger.record import Asked
from ledger.submission import command_id
from tests.api.forge import AUDIENCE, ISSUER, Forge
from tests.bench import SITE

TIMES = 5000
ROUNDS = 5
REQUESTS = 3200
TOKENS = 200
LOG_INS = 100
PASSWORD: Final = "seven quiet herons at noon"
STRICT: Final = "strict JSON"
PLAIN: Final = "plain JSON (orjson)"
LEFT_OUT: Final = (
    "TLS, which a proxy or uvicorn speaks",
    "the form of the body (pydantic): a command has to be read in any case",
    "tree, signed heads and witnesses: evidence, measured elsewhere",
    "signatures: a password's hash each, as a log-in, once for each signature",
    "the look at the file of accounts, fifty times a second at most whatever the load; in a loop it is shared by many",
    "the access log, of a command: only reads, exports, refusals and new roles are noted",
)


def each_us(work: Callable[[], object], times: int) -> float:
    """Processor time of one call, the median of some rounds; all threads of this process count."""

    def over_and_over() -> None:
        for _ in range(times):
            work()

    return statistics.median(cpu_seconds(over_and_over) for _ in range(ROUNDS)) / times * 1e6


def own_seconds(work: Callable[[], object]) -> float:
    """The processor time of this thread alone."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def of_a_command(service: Service, token: str) -> dict[str, Callable[[], object]]:
    """Every control that a command passes, by name, ready to be called."""
    held = service.accounts.holder(token)
    assert held is not None
    account, actor = held
    body = Load(0, COMMAND, token, 1, 1, "bench", "").report(1).partition(b"\r\n\r\n")[2]
    headers = Headers({"idempotency-key": "bench-00000001", "authorization": f"Bearer {token}"})
    scope = {"headers": headers.raw, "path": f"/v1/trials/{TRIAL}/patients/001/adverse-events", "scheme": "https"}
    world = service.shelf.trial(TRIAL).world
    docket = Docket(world, Asked(actor, command_id(account.client, "bench-00000001")), datetime.now(UTC), UNREAD)

    def rate_limits() -> None:
        service.addresses.take(network_of("127.0.0.1"))
        service.buckets.take(account.client)

    def headers_of_an_answer() -> None:
        answer: dict[str, Any] = {"headers": [(b"content-type", b"application/json")]}
        _complete(answer, service, _Passing.of(scope, service))

    assert holds_role(docket)
    return {
        "token of an account, looked up": lambda: service.accounts.holder(token),
        "role's rights": lambda: admitted(account, actor, MAY),
        "delegation in force": lambda: holds_role(docket),
        "idempotency key, read and hashed (SHA-256)": lambda: command_id(account.client, idempotency_key(headers)),
        STRICT: lambda: decode(body),
        PLAIN: lambda: orjson.loads(body),
        "rate limits of address and client": rate_limits,
        "request id and secure headers": headers_of_an_answer,
    }


def of_a_provider(directory: Path, service: Service) -> dict[str, float]:
    """Tokens of an identity provider, RS256 with 2,048 bits: each for the first time, and once more."""
    add_account(service.settings.accounts, id="maria", role="principal_investigator", site=SITE)
    link_account(service.settings.accounts, "maria", Link(issuer=ISSUER, subject="maria@hospital"))
    forge = Forge(directory / "provider.json", "RS256")
    given = {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_keys": str(forge.file)}
    provider = Provider(service.settings.model_copy(update=given), service.accounts, system_clock)
    tokens = [forge.token(system_clock(), jti=str(number)) for number in range(TOKENS + 1)]

    async def meet(some: list[str]) -> None:
        for token in some:
            await provider.meet(token)
            provider.of(token)

    with asyncio.Runner() as runner:
        runner.run(meet(tokens[:1]))  # fetches the keys
        first = cpu_seconds(lambda: runner.run(meet(tokens[1:])))
        again = cpu_seconds(lambda: runner.run(meet(tokens[1:] * 10)))
    return {
        "token of a provider (RS256), first time": first / TOKENS * 1e6,
        "token of a provider, known": again / TOKENS / 10 * 1e6,
    }


def of_a_read(service: Service, token: str, times: int) -> dict[str, float]:
    """The noting of a read in the access log: what the request waits for, and with what is written a moment later."""
    held = service.accounts.holder(token)
    assert held is not None
    scope = {
        "path": f"/v1/trials/{TRIAL}/patients/001",
        "method": "GET",
        "path_params": {"trial": TRIAL, "patient": "001"},
        "request_id": "bench-1",
        OPERATION: "show_patient",
        ACCOUNT: held[0],
        RESOURCE: "patient",
    }

    def note() -> None:
        told = happening_of(scope, 200, Headers({}), service.settings.reads_noted)
        assert told is not None
        service.note(service.of_what_is_known(told))

    def many() -> None:
        for _ in range(times):
            note()

    def until_written() -> None:
        waited.append(own_seconds(many))
        assert service.log.settle(60)

    service.log.start()
    assert service.log.settle(60)
    waited: list[float] = []
    whole = cpu_seconds(until_written)
    return {
        "read, noted in the access log": waited[0] / times * 1e6,
        "read, noted, and written by the log's own thread": whole / times * 1e6,
    }


def log_ins(settings: Settings) -> tuple[list[Row], dict[str, int]]:
    """A password's hash, alone and when many log in at once; how many of these were taken, and told to come again."""
    hashing = Hashing(settings.argon2_memory_kib, settings.argon2_passes)
    hashed = hashing.hash(PASSWORD)

    async def at_once() -> list[bool | BaseException]:
        each = (hashing.beside(hashing.verify, hashed, PASSWORD) for _ in range(LOG_INS))
        return await asyncio.gather(*each, return_exceptions=True)

    alone = statistics.median(seconds(lambda: hashing.verify(hashed, PASSWORD)) for _ in range(ROUNDS))
    answers: list[bool | BaseException] = []
    took = seconds(lambda: answers.extend(asyncio.run(at_once())))
    hashing.close()
    taken, refused = answers.count(True), sum(isinstance(each, Busy) for each in answers)
    assert taken + refused == LOG_INS, answers
    what = f"argon2, ms a log-in: {LOG_INS} at once, of which {refused} are told to come again: alone"
    return [beside(what, took / taken * 1e3, alone * 1e3, "ms")], {"at_once": LOG_INS, "taken": taken, "busy": refused}


def together(directory: Path) -> tuple[str, dict[str, float]]:
    """Processor time over HTTP of a request that passes no control, what is around all, every control; of a command."""
    server = Server(directory, program="benchmarks._guarded")
    trial = f"/v1/trials/{TRIAL}"
    ends = {"bare": BARE, "around": trial + AROUND, "guarded": trial + GUARDED, "command": COMMAND}
    try:
        for path in ends.values():
            server.load(path, requests=REQUESTS // 10)
        rounds = [{end: server.load(path, requests=REQUESTS)["cpu_us"] for end, path in ends.items()} for _ in "123"]
    finally:
        server.stop()
    return server.token, {end: statistics.median(each[end] for each in rounds) for end in ends}


def each_alone(directory: Path, token: str) -> tuple[dict[str, float], list[Row], dict[str, int]]:
    unhindered = 100 * ROUNDS * TIMES
    service = Service(Settings(directory=directory, address_at_once=unhindered, requests_at_once=unhindered))
    try:
        found = {what: each_us(work, TIMES) for what, work in of_a_command(service, token).items()}
        found |= of_a_provider(directory, service) | of_a_read(service, token, TIMES)
        return found, *log_ins(service.settings)
    finally:
        service.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        token, cpu_us = together(Path(name))
        alone_us, of_log_ins, counted = each_alone(Path(name), token)
    added = cpu_us["guarded"] - cpu_us["bare"]
    command = cpu_us["command"]
    rows = [
        beside("all controls of a command, and nothing else: no control", cpu_us["guarded"], cpu_us["bare"], "us"),
        beside("what is around every request, and nothing else: no control", cpu_us["around"], cpu_us["bare"], "us"),
        beside("a durable command: the same less what the controls add", command, command - added, "us"),
        *(_of_a_command(what, us, command) for what, us in alone_us.items() if what != PLAIN),
        beside(f"{STRICT}: {PLAIN}", alone_us[STRICT], alone_us[PLAIN], "us"),
        *of_log_ins,
    ]
    keep("security_cost", rows, log_ins=counted, left_out=LEFT_OUT)
    print("left out:", *LEFT_OUT, sep="\n  ")


def _of_a_command(what: str, us: float, command: float) -> Row:
    return replace(beside(f"{what}: a durable command", us, command, "us"), ratio=round(us / command, 4))


if __name__ == "__main__":
    main()
