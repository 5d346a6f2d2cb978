"""The first request alone, and how posting ends: halted, abandoned, or by a bug of ours."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from importer.clock import SystemClock
from importer.errors import ExitCode
from importer.model import Booked, NotTakenCause, Rejected, State, Unknown
from importer.posting import Stop
from importer.posting.records import durable
from tests.edges.posting_kit import FAR_AHEAD, Watcher, open_desk
from tests.edges.posting_script_kit import (
    NOON,
    UNREACHED,
    Answer,
    Script,
    ScriptedServer,
    all_booked,
    always,
    booked,
    first,
    not_taken,
    per_row,
    too_many,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from importer.ledger import PlannedRequest
    from importer.posting.poster import Poster
    from importer.reports import ProgressView

STOPPED = Stop(exit_code=ExitCode.TERMINATED, why="stopped on request")


def after(seconds: float, act: Callable[[Poster], object]) -> Callable[..., Awaitable[object]]:
    """Return what runs beside the posting and acts once."""

    async def beside(poster: Poster, _: ScriptedServer) -> None:
        await asyncio.sleep(seconds)
        act(poster)

    return beside


# The first request goes alone


def test_the_first_request_goes_alone_until_it_is_answered(tmp_path: Path) -> None:
    """It opens the first connection; many at once would arrive in a bunch."""
    with open_desk(tmp_path, rows=12) as desk:
        _, server = desk.post(all_booked, in_flight=10, answer_s=lambda: 30.0)

    assert server.times[0] == 1_000
    assert server.times[1:10] == [1_030] * 9
    assert server.most_in_flight == 10


@pytest.mark.parametrize(
    "refusal",
    [
        UNREACHED,
        too_many(5),
        not_taken(NotTakenCause.LOCKED),
        not_taken(NotTakenCause.UNAUTHORIZED),
    ],
    ids=lambda refusal: refusal.cause.name,
)
def test_it_is_still_alone_while_nothing_was_taken(refusal: Answer, tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=12) as desk:
        answers = per_row(row_2=(refusal,) * 4)
        _, server = desk.post(answers, in_flight=10, answer_s=lambda: 3.0)
        assert desk.states() == {State.BOOKED: 12}

    alone = [departure for departure in server.departures if departure.row_number == 2]
    assert server.departures[: len(alone)] == alone
    assert server.times[len(alone)] >= alone[-1].at_s + 3.0


@pytest.mark.parametrize("answer", [Rejected(http_status=422), Unknown(reason="x")])
def test_any_answer_about_a_row_lets_the_others_go(answer: Answer, tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=12) as desk:
        _, server = desk.post(first(answer), in_flight=10, answer_s=lambda: 3.0)
    assert server.times[1:10] == [1_003] * 9


def test_a_row_that_cannot_connect_at_all_leaves_the_next_one_alone(tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=12) as desk:
        script = per_row(row_2=(UNREACHED,) * 50)
        _, server = desk.post(script, in_flight=10, answer_s=lambda: 3.0)
        assert desk.rows()[2].state is State.READY

    assert server.rows[0] == 3
    assert server.times[1] >= server.times[0] + 3.0


def test_the_others_go_if_the_first_worker_ends_without_an_answer(tmp_path: Path) -> None:
    """Whatever the reason; here every row is past, so nothing is sent at all."""
    with open_desk(tmp_path, rows=12, appointments=[NOON] * 12) as desk:
        end, server = desk.post(all_booked, in_flight=10)
        assert desk.states() == {State.INVALID: 12}

    assert end.stop is None
    assert server.rows == []


def test_a_first_worker_that_breaks_leaves_nobody_waiting(tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=12) as desk, pytest.raises(ZeroDivisionError):
        desk.post(first(ZeroDivisionError()), in_flight=10)


# Halted


def test_after_a_halt_what_is_in_flight_is_answered_and_nothing_more_leaves(
    tmp_path: Path,
) -> None:
    with open_desk(tmp_path, rows=100) as desk:
        halting = after(3.3, lambda poster: poster.halt(STOPPED))
        end, server = desk.post(
            all_booked, in_flight=8, per_s=20, answer_s=lambda: 0.4, meanwhile=halting
        )
        states = desk.states()

    assert end.stop == STOPPED
    assert server.times[-1] <= 1_003.3
    assert states == {State.BOOKED: len(server.rows), State.READY: 100 - len(server.rows)}
    assert desk.watcher.views[-1].booked == len(server.rows)


@pytest.mark.parametrize("halt_s", [n / 100 for n in range(100, 125)])
def test_a_halt_at_any_moment_loses_no_row(halt_s: float, tmp_path: Path) -> None:
    """Between slot and claim, between claim and gate, at the gate, in flight."""
    with open_desk(tmp_path, rows=40) as desk:
        halting = after(halt_s, lambda poster: poster.halt(STOPPED))
        _, server = desk.post(
            all_booked,
            in_flight=8,
            per_s=20,
            connect_s=lambda: 0.07,
            answer_s=lambda: 0.3,
            meanwhile=halting,
        )
        rows = desk.rows()

    assert server.times[-1] <= 1_000 + halt_s
    assert {n for n, row in rows.items() if row.state is State.BOOKED} == set(server.rows)
    assert {row.state for row in rows.values()} == {State.BOOKED, State.READY}
    assert sum(row.requests for row in rows.values()) == len(server.rows)


def test_the_first_reason_to_stop_is_the_one_that_is_told(tmp_path: Path) -> None:
    def halt_twice(poster: Poster) -> None:
        poster.halt(STOPPED)
        poster.halt(Stop(exit_code=ExitCode.STOPPED_EARLY, why="something else"))

    with open_desk(tmp_path, rows=30) as desk:
        end, _ = desk.post(all_booked, per_s=20, meanwhile=after(0.5, halt_twice))
    assert end.stop == STOPPED


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(always(too_many(600)), id="in a pause"),
        pytest.param(always(not_taken(NotTakenCause.LOCKED)), id="before another try"),
        pytest.param(all_booked, id="between two slots"),
    ],
)
def test_a_halt_is_obeyed_within_a_second_whatever_is_waited_for(
    script: Script, tmp_path: Path
) -> None:
    async def ends_s(poster: Poster, _: ScriptedServer) -> None:
        await asyncio.sleep(5.05)
        poster.halt(STOPPED)
        await asyncio.sleep(1.0)
        assert all(worker.done() for worker in poster._workers)  # noqa: SLF001 - what the session waits for

    with open_desk(tmp_path, rows=30) as desk:
        end, _ = desk.post(script, per_s=0.05, meanwhile=ends_s, answer_s=lambda: 0.0)
    assert end.stop == STOPPED


def test_the_longest_pause_asked_for_is_the_one_that_is_kept(tmp_path: Path) -> None:
    """Answers that were on their way meanwhile may ask for less; the next run must obey both."""
    kept: list[str] = []

    async def look(poster: Poster, _: ScriptedServer) -> None:
        await asyncio.sleep(0.5)
        kept.append(desk.ledger.pace_memory().paused_until)
        poster.halt(STOPPED)

    with open_desk(tmp_path, rows=9) as desk:
        script = first(booked(2), too_many(600), too_many(1), too_many(2))
        takes_s = iter([0.1, 0.1, 0.2, 0.2])
        _, server = desk.post(script, in_flight=3, answer_s=lambda: next(takes_s), meanwhile=look)

    assert len(server.rows) == 4
    until = datetime.fromisoformat(kept[0])
    assert until == NOON + timedelta(seconds=600.2)


# Abandoned


def test_abandoned_requests_become_unknown_and_the_others_stay_ready(tmp_path: Path) -> None:
    def stop(poster: Poster) -> None:
        poster.halt(STOPPED)
        poster.abandon(leaves_sending=False)

    with open_desk(tmp_path, rows=40) as desk:
        script = per_row(row_2=booked(2))
        _, server = desk.post(
            script,
            in_flight=8,
            per_s=20,
            connect_s=lambda: 0.1,
            answer_s=lambda: 30.0 if desk.watcher.views else 0.1,
            meanwhile=after(0.85, stop),
        )
        rows = desk.rows()

    unknown = {n: row for n, row in rows.items() if row.state is State.UNKNOWN}
    assert set(unknown) == set(server.rows) - {2}
    assert len(unknown) > 2
    assert {row.reason for row in unknown.values()} == {"stopped while waiting for the answer"}
    assert {row.state for n, row in rows.items() if n not in server.rows} == {State.READY}
    assert sum(row.requests for row in rows.values()) == len(server.rows)


@pytest.mark.parametrize("abandon_s", [0.02, 0.07, 0.12])
def test_a_row_abandoned_before_its_first_byte_may_be_sent_again(
    abandon_s: float, tmp_path: Path
) -> None:
    """While the connection opens; while it waits for its slot; in between."""
    with open_desk(tmp_path, rows=2) as desk:
        abandoning = after(1.0 + abandon_s, lambda poster: poster.abandon(leaves_sending=False))
        _, server = desk.post(
            all_booked, in_flight=1, per_s=1, connect_s=lambda: 0.3, meanwhile=abandoning
        )
        assert server.rows == [2]
        assert desk.states() == {State.BOOKED: 1, State.READY: 1}


def test_leaving_at_once_writes_nothing_more_down(tmp_path: Path) -> None:
    """The next start finds these rows `sending`, and makes them unknown."""

    def stop(poster: Poster) -> None:
        poster.halt(STOPPED)
        poster.abandon(leaves_sending=True)
        poster.abandon(leaves_sending=False)  # twenty seconds after the first signal

    with open_desk(tmp_path, rows=10) as desk:
        script = per_row(row_2=booked(2))
        end, server = desk.post(
            script,
            in_flight=4,
            answer_s=lambda: 30.0 if desk.watcher.views else 0.1,
            meanwhile=after(5.0, stop),
        )

        assert end.stop == STOPPED
        assert len(server.rows) == 5
        assert desk.states() == {State.BOOKED: 1, State.SENDING: 4, State.READY: 5}


def test_a_cancellation_from_outside_is_an_abandonment(tmp_path: Path) -> None:
    async def main() -> None:
        server = ScriptedServer(clock=desk.clock, script=all_booked, answer_s=lambda: 5.0)
        connections = server.connections(3)
        posting = asyncio.create_task(
            desk.poster(desk.turns()).post(iter(desk.requests), connections)
        )
        await asyncio.sleep(0.2)
        posting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await posting

    with open_desk(tmp_path, rows=5) as desk:
        desk.clock = SystemClock()
        asyncio.run(main())
        assert desk.states() == {State.UNKNOWN: 1, State.READY: 4}


@pytest.mark.parametrize("cancels", [1, 3])
def test_a_cancellation_waits_until_an_answer_is_on_disk(cancels: int, tmp_path: Path) -> None:
    """However impatient: a booking that was acknowledged is never lost."""
    disk_is_slow = threading.Event()

    async def main() -> None:
        poster = desk.poster(desk.turns())
        await durable(desk.ledger.claim(desk.requests[0].row_id, NOON))
        slow = asyncio.create_task(
            asyncio.to_thread(desk.ledger.plan, lambda _: disk_is_slow.wait(5))
        )
        await asyncio.sleep(0.05)
        recording = asyncio.create_task(
            poster._records.record(desk.requests[0], Booked(booking_id=4))  # noqa: SLF001 - what the session waits for
        )
        for _ in range(cancels):
            await asyncio.sleep(0.02)
            recording.cancel()
        await asyncio.sleep(0.02)
        assert not recording.done()
        disk_is_slow.set()
        await asyncio.wait([recording, slow])
        assert recording.cancelled()

    with open_desk(tmp_path, rows=1) as desk:
        asyncio.run(main())
        assert desk.rows()[2].booking_id == 4
        assert desk.watcher.views[-1].booked == 1


# Bugs


def test_a_bug_in_one_worker_ends_the_others_and_leaves_its_row_sending(tmp_path: Path) -> None:
    """It may have left, so it is unknown from the next start on."""
    with open_desk(tmp_path, rows=60) as desk:
        with pytest.raises(ZeroDivisionError):
            desk.post(per_row(row_20=ZeroDivisionError()), in_flight=8, per_s=20)
        rows = desk.rows()

    assert rows[20].state is State.SENDING
    states = desk.states()
    assert states[State.SENDING] == 1
    assert states[State.READY] > 20
    assert states[State.BOOKED] + states[State.READY] == 59


def test_a_bug_in_the_observer_loses_no_answer(tmp_path: Path) -> None:
    class Broken(Watcher):
        def progress(self, counts: ProgressView) -> None:
            Watcher.progress(self, counts)
            if counts.done == 10:
                raise BrokenPipeError

    with open_desk(tmp_path, rows=60) as desk:
        desk.watcher = Broken()
        sent: list[int] = []

        def script(row_number: int, _: int) -> Answer:
            sent.append(row_number)
            return booked(row_number)

        with pytest.raises(BrokenPipeError):
            desk.post(script, in_flight=8, per_s=20)
        rows = desk.rows()

    assert {n for n, row in rows.items() if row.state is State.BOOKED} >= set(sent[:-8])
    assert State.SENDING not in {row.state for row in rows.values()}


def test_a_bug_in_judging_an_answer_does_not_lose_it(tmp_path: Path) -> None:
    def break_pace(poster: Poster) -> None:
        poster.turns.pace.slowness = "fast"  # type: ignore[assignment] # a bug of ours

    with open_desk(tmp_path, rows=5) as desk:
        with pytest.raises(TypeError):
            desk.post(all_booked, in_flight=1, meanwhile=after(0.05, break_pace))
        assert desk.states() == {State.BOOKED: 1, State.READY: 4}


def test_a_list_of_requests_that_breaks_off_loses_no_row(tmp_path: Path) -> None:
    def breaks_off() -> Iterator[PlannedRequest]:
        yield from desk.requests[:20]
        raise OSError("the disk")

    with open_desk(tmp_path, rows=60) as desk:
        with pytest.raises(OSError, match="the disk"):
            desk.post(all_booked, in_flight=8, requests=breaks_off())
        states = desk.states()

    assert states[State.BOOKED] > 10
    assert states[State.BOOKED] + states[State.READY] == 60


def test_a_bug_in_the_sign_in_claims_nothing(tmp_path: Path) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    with open_desk(tmp_path, rows=5, appointments=[FAR_AHEAD]) as desk:
        with pytest.raises(ZeroDivisionError):
            desk.post(all_booked, sign_in=broken)
        assert desk.states() == {State.READY: 5}
