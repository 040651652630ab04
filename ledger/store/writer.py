"""One thread that writes: callers queue, the thread takes all that wait, and one durable commit answers them all.

A commit costs an fsync however much is in it, so whatever arrives during one commit goes into the next. The queue is
bounded; full means `Busy`, at once. Callers are threads (`submit`) or coroutines (`submit_async`); the coroutines of
one event loop are woken together. Nobody is answered before `handle` has returned, that is before the commit.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from threading import Condition, Thread
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from ledger.errors import Busy
from ledger.store.errors import WriterClosed

P = TypeVar("P")
R = TypeVar("R")

CAPACITY: Final = 1024
MAX_BATCH: Final = 256


class Job(Generic[P, R]):
    """What one caller asked. `handle` settles it with `resolve` or `reject`; the caller hears of it afterwards."""

    __slots__ = ("_error", "_result", "future", "loop", "payload")

    def __init__(
        self, payload: P, future: "Future[R] | asyncio.Future[R]", loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        self.payload = payload
        self.future = future
        self.loop = loop
        self._result: R | None = None
        self._error: BaseException | None = AssertionError("the handler left the job unanswered")

    def resolve(self, result: R) -> None:
        """Answer with a result."""
        self._result, self._error = result, None

    def reject(self, error: BaseException) -> None:
        """Answer with an exception."""
        self._result, self._error = None, error

    def begin(self) -> bool:
        """Whether the caller still waits; from here on a thread cannot cancel."""
        return not isinstance(self.future, Future) or self.future.set_running_or_notify_cancel()

    def tell(self) -> None:
        """Give the caller the answer, in the caller's event loop where it has one."""
        if self.future.done():  # a coroutine that was cancelled
            return
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._result)  # type: ignore[arg-type]  # R may itself be None


class Writer(Generic[P, R]):
    """A bounded queue and the one thread that empties it, up to `max_batch` jobs at a time, in the order of arrival.

    `handle` gets the jobs of a batch and settles each. Where it raises, every job of the batch gets the exception,
    settled or not: nothing of the batch was committed.
    """

    def __init__(
        self, handle: Callable[[list[Job[P, R]]], None], *, capacity: int = CAPACITY, max_batch: int = MAX_BATCH
    ) -> None:
        self._handle = handle
        self._capacity = capacity
        self._max_batch = max_batch
        self._waiting: deque[Job[P, R]] = deque()
        self._changed = Condition()
        self._closed = False
        self._thread = Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def submit(self, payload: P) -> "Future[R]":
        """Queue a payload from a thread; `Busy` when the queue is full, `WriterClosed` after `close`."""
        future: Future[R] = Future()
        self._put(Job(payload, future))
        return future

    async def submit_async(self, payload: P) -> R:
        """Queue a payload from a coroutine and wait for its answer; raises as `submit` does."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._put(Job(payload, future, loop))
        return await future

    @property
    def waiting(self) -> int:
        """How many jobs wait at this moment."""
        return len(self._waiting)

    def close(self) -> None:
        """Take no more jobs, answer those that wait, and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, job: Job[P, R]) -> None:
        with self._changed:
            if self._closed:
                raise WriterClosed("the writer is closed")
            if len(self._waiting) >= self._capacity:
                raise Busy(f"{self._capacity} commands are waiting")
            self._waiting.append(job)
            self._changed.notify()

    def _run(self) -> None:
        while jobs := self._take():
            batch = [job for job in jobs if job.begin()]
            if batch:
                self._answer(batch)

    def _take(self) -> list[Job[P, R]]:
        """All jobs that wait, up to a full batch; none once the writer is closed and the queue empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._max_batch))]

    def _answer(self, batch: list[Job[P, R]]) -> None:
        try:
            self._handle(batch)
        except BaseException as error:
            for job in batch:
                job.reject(error)
        by_loop = defaultdict(list)
        for job in batch:
            by_loop[job.loop].append(job)
        for loop, jobs in by_loop.items():
            if loop is None:
                _tell(jobs)
            else:
                with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                    loop.call_soon_threadsafe(_tell, jobs)


def _tell(jobs: "Iterable[Job[P, R]]") -> None:
    for job in jobs:
        job.tell()
