"""Signals while rows are sent: one ends the run in order, a second at once, some are not ours."""

from __future__ import annotations

import asyncio
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from importer.model import State
from importer.posting import PostingEnd, post_run
from importer.posting.session import _stopped_by_signals
from importer.signals import EXIT_OF_SIGNAL, Waiting
from tests.edges.posting_kit import open_desk, settings_of
from tests.edges.raw_server import Visit, answer, raw_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.edges.posting_kit import Desk

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(),
    reason="signals reach the main thread only",
)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Begin as a login shell would have it, and put the handlers back as they were."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, signal.SIG_DFL)  # a job of a script may ignore SIGINT
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def post(
    desk: Desk, folder: Path, *raised: int, answer_s: float = 0.1, waiting: Waiting | None = None
) -> PostingEnd:
    """Post the desk's rows, four at once; the fifth request raises these signals."""
    left = list(raised)
    bookings = 0

    async def script(visit: Visit) -> None:
        nonlocal bookings
        while request := await visit.request():
            if b"auth/token" in request:
                await visit.send(answer(b'{"access_token": "t"}'))
                continue
            bookings += 1
            mine = bookings
            while mine == 5 and left:
                signal.raise_signal(left.pop(0))
                await asyncio.sleep(0.05)
            await asyncio.sleep(answer_s if mine > 1 else 0)
            await visit.send(answer(b'{"id": %d}' % (500 + mine)))

    async def main() -> PostingEnd:
        async with raw_server(script) as server:
            settings = settings_of(folder, server.url(), in_flight=4)
            session = replace(desk.session(settings), waiting=waiting or Waiting())
            return await post_run(session)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED),
        (signal.SIGTERM, ExitCode.TERMINATED),
        (signal.SIGHUP, ExitCode.TERMINATED),
    ],
)
def test_a_signal_ends_the_run_when_what_is_in_flight_is_answered(
    number: int, exit_code: ExitCode, tmp_path: Path
) -> None:
    with open_desk(tmp_path, rows=60) as desk:
        end = post(desk, tmp_path, number)
        states = desk.states()

    assert end.stop is not None
    assert end.stop.exit_code == exit_code
    assert set(states) == {State.BOOKED, State.READY}
    assert 5 <= states[State.BOOKED] <= 8


def test_a_second_signal_leaves_the_rest_as_sending(tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=60) as desk:
        end = post(desk, tmp_path, signal.SIGTERM, signal.SIGTERM, answer_s=15.0)
        states = desk.states()

    assert end.stop is not None
    assert end.stop.exit_code == ExitCode.TERMINATED
    assert states == {State.BOOKED: 1, State.SENDING: 4, State.READY: 55}


def test_a_run_in_a_thread_leaves_signals_to_the_main_one(tmp_path: Path) -> None:
    """A web page posts from a thread of its own."""
    before = signal.getsignal(signal.SIGTERM)
    with open_desk(tmp_path, rows=5) as desk, ThreadPoolExecutor() as threads:
        end = threads.submit(post, desk, tmp_path).result()
        assert desk.states() == {State.BOOKED: 5}

    assert end.stop is None
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_we_were_started_to_ignore_stays_ignored(tmp_path: Path) -> None:
    """A run of hours under nohup outlives the terminal."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with open_desk(tmp_path, rows=10) as desk:
        end = post(desk, tmp_path, signal.SIGHUP)
        assert desk.states() == {State.BOOKED: 10}

    assert end.stop is None
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_came_before_the_first_request_lets_none_leave(
    number: int, tmp_path: Path
) -> None:
    waiting = Waiting(numbers=[number])
    with open_desk(tmp_path, rows=5) as desk:
        end = post(desk, tmp_path, waiting=waiting)
        assert desk.states() == {State.READY: 5}

    assert end.stop is not None
    assert end.stop.exit_code == EXIT_OF_SIGNAL[number]
    assert waiting.numbers == []


def test_a_signal_that_came_too_late_is_heard_by_whoever_heard_before(tmp_path: Path) -> None:
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))

    async def main() -> None:
        with _stopped_by_signals(desk.poster(desk.turns()), Waiting()):
            signal.raise_signal(signal.SIGTERM)  # as the last rows are answered
            assert heard == []
        assert heard == [signal.SIGTERM]

    with open_desk(tmp_path, rows=1) as desk:
        asyncio.run(main())
