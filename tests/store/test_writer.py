"""One thread writes for all: in order, in batches, bounded, and nobody is answered too early."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, wait
from contextlib import contextmanager
from threading import Event, Thread, current_thread

import pytest

from ledger.errors import Busy
from ledger.store.errors import OutcomeUnknown, WriterClosed
from ledger.store.writer import Job, Writer

Jobs = list[Job[int, int]]


def doubled(jobs: Jobs) -> None:
    for job in jobs:
        job.resolve(2 * job.payload)


class Held:
    """A handler that waits in its first batch until it is let go, so that the queue fills behind it."""

    def __init__(self, then: Callable[[Jobs], None] = doubled) -> None:
        self.batches: list[list[int]] = []
        self.entered, self.released = Event(), Event()
        self._then = then

    def __call__(self, jobs: Jobs) -> None:
        self.batches.append([job.payload for job in jobs])
        self.entered.set()
        assert self.released.wait(60)
        self._then(jobs)

    @contextmanager
    def first(self, writer: Writer[int, int]) -> Iterator[Future[int]]:
        """The first job is being written during the block."""
        future = writer.submit(0)
        assert self.entered.wait(60)
        yield future
        self.released.set()


def test_a_caller_gets_the_answer_to_his_own_payload() -> None:
    with Writer(doubled) as writer:
        assert [writer.submit(payload).result(10) for payload in range(5)] == [0, 2, 4, 6, 8]


def test_what_arrives_during_a_batch_is_the_next_batch_in_the_order_of_arrival() -> None:
    handle = Held()
    with Writer(handle) as writer:
        with handle.first(writer):
            futures = [writer.submit(payload) for payload in range(1, 6)]
        assert [future.result(10) for future in futures] == [2, 4, 6, 8, 10]
    assert handle.batches == [[0], [1, 2, 3, 4, 5]]


def test_a_batch_has_at_most_so_many_jobs() -> None:
    handle = Held()
    with Writer(handle, max_batch=2) as writer, handle.first(writer):
        for payload in range(1, 6):
            writer.submit(payload)
    assert handle.batches == [[0], [1, 2], [3, 4], [5]]


def test_a_full_queue_is_told_at_once() -> None:
    handle = Held()
    with Writer(handle, capacity=2) as writer, handle.first(writer):
        queued = [writer.submit(1), writer.submit(2)]
        with pytest.raises(Busy):
            writer.submit(3)
    assert [future.result(10) for future in queued] == [2, 4]


def test_nobody_is_answered_before_the_batch_is_done() -> None:
    early: list[bool] = []

    def settles_first_and_commits_later(jobs: Jobs) -> None:
        doubled(jobs)
        early.extend(job.future.done() for job in jobs)

    with Writer(settles_first_and_commits_later) as writer:
        assert writer.submit(1).result(10) == 2
    assert early == [False]


def test_a_batch_that_fails_fails_for_all_its_callers_also_for_those_that_were_settled() -> None:
    def commit_fails(jobs: Jobs) -> None:
        doubled(jobs)
        raise OutcomeUnknown("the commit failed")

    handle = Held(commit_fails)
    with Writer(handle) as writer:
        with handle.first(writer) as first:
            futures = [first, writer.submit(1), writer.submit(2)]
        for future in futures:
            with pytest.raises(OutcomeUnknown):
                future.result(10)


def test_after_a_batch_that_failed_the_writer_goes_on() -> None:
    def refuses_odd_batches(jobs: Jobs) -> None:
        if jobs[0].payload % 2:
            raise OutcomeUnknown("odd")
        doubled(jobs)

    with Writer(refuses_odd_batches) as writer:
        with pytest.raises(OutcomeUnknown):
            writer.submit(1).result(10)
        assert writer.submit(2).result(10) == 4


def test_one_job_may_be_refused_while_the_others_are_answered() -> None:
    def refuses_one(jobs: Jobs) -> None:
        doubled(jobs)
        for job in jobs:
            if job.payload == 1:
                job.reject(Busy("not this one"))

    handle = Held(refuses_one)
    with Writer(handle) as writer:
        with handle.first(writer):
            refused, answered = writer.submit(1), writer.submit(2)
        assert answered.result(10) == 4
        with pytest.raises(Busy):
            refused.result(10)


def test_a_job_that_the_handler_forgot_is_our_mistake_and_leaves_nobody_waiting() -> None:
    def forgets(jobs: Jobs) -> None:
        assert jobs

    with Writer(forgets) as writer, pytest.raises(AssertionError, match="unanswered"):
        writer.submit(1).result(10)


def test_closing_answers_what_waits_and_takes_no_more() -> None:
    handle = Held()
    writer = Writer(handle)
    with handle.first(writer):
        waiting = writer.submit(1)
    writer.close()
    assert waiting.result(0) == 2
    with pytest.raises(WriterClosed):
        writer.submit(2)


def test_a_job_that_was_cancelled_while_it_waited_is_not_done() -> None:
    handle = Held()
    with Writer(handle) as writer, handle.first(writer):
        cancelled = writer.submit(1)
        kept = writer.submit(2)
        assert cancelled.cancel()
    assert handle.batches == [[0], [2]]
    assert kept.result(10) == 4
    with pytest.raises(CancelledError):
        cancelled.result(10)


def test_many_threads_are_answered_each_with_its_own() -> None:
    with Writer(doubled) as writer:
        answers: dict[int, int] = {}
        threads = [Thread(target=lambda n=n: answers.update({n: writer.submit(n).result(10)})) for n in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert answers == {n: 2 * n for n in range(64)}


def test_coroutines_are_answered_each_with_its_own() -> None:
    async def ask(writer: Writer[int, int]) -> list[int]:
        return await asyncio.gather(*(writer.submit_async(payload) for payload in range(100)))

    with Writer(doubled) as writer:
        assert asyncio.run(ask(writer)) == [2 * payload for payload in range(100)]


def test_the_coroutines_of_a_loop_are_woken_by_one_call_a_batch() -> None:
    handle = Held()

    async def ask(writer: Writer[int, int]) -> list[object]:
        loop = asyncio.get_running_loop()
        calls: list[object] = []
        wake = loop.call_soon_threadsafe

        def counted(callback: Callable[..., object], *args: object) -> asyncio.Handle:
            if current_thread().name == "ledger-writer":
                calls.append(callback)
            return wake(callback, *args)

        loop.call_soon_threadsafe = counted  # type: ignore[assignment, method-assign]
        tasks = [asyncio.ensure_future(writer.submit_async(payload)) for payload in range(50)]
        await asyncio.sleep(0)
        handle.released.set()
        await asyncio.gather(*tasks)
        return calls

    with Writer(handle) as writer:
        assert len(asyncio.run(ask(writer))) == len(handle.batches)


def test_a_coroutine_hears_of_a_failed_batch() -> None:
    def fails(jobs: Jobs) -> None:
        raise OutcomeUnknown(f"{len(jobs)} jobs")

    async def ask(writer: Writer[int, int]) -> int:
        return await writer.submit_async(1)

    with Writer(fails) as writer, pytest.raises(OutcomeUnknown):
        asyncio.run(ask(writer))


def test_a_coroutine_that_went_away_does_not_disturb_the_others() -> None:
    handle = Held()

    async def ask(writer: Writer[int, int]) -> int:
        gone = asyncio.ensure_future(writer.submit_async(1))
        stays = asyncio.ensure_future(writer.submit_async(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        handle.released.set()
        return await stays

    with Writer(handle) as writer:
        assert asyncio.run(ask(writer)) == 4


def test_a_loop_that_was_closed_meanwhile_does_not_stop_the_writer() -> None:
    handle = Held()

    async def leave(writer: Writer[int, int]) -> None:
        waiting = asyncio.ensure_future(writer.submit_async(1))
        await asyncio.sleep(0)
        waiting.cancel()

    with Writer(handle) as writer:
        asyncio.run(leave(writer))
        handle.released.set()
        assert wait([writer.submit(2)], 10).not_done == set()
