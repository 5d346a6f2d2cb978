"""What ends a run early, and that no row is lost by it."""

from __future__ import annotations

import asyncio
from itertools import chain, count, repeat
from typing import TYPE_CHECKING

import pytest

from importer.clock import SystemClock
from importer.errors import CredentialsError, ExitCode, StoppedEarly
from importer.model import (
    NotTaken,
    NotTakenCause,
    Outcome,
    Rejected,
    RunStop,
    State,
    Unknown,
)
from importer.posting import Stop
from tests.edges.posting_kit import open_desk
from tests.edges.posting_script_kit import (
    UNREACHED,
    Answer,
    all_booked,
    always,
    booked,
    first,
    not_taken,
    per_row,
    too_many,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from importer.posting import PostingEnd
    from importer.posting.poster import Poster
    from tests.edges.posting_script_kit import ScriptedServer

# Errors of the run, before anything left


@pytest.mark.parametrize(
    "error",
    [
        CredentialsError("the secret was refused", todo="renew it"),
        StoppedEarly("the server could not be reached"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_the_connection_leaves_the_row_ready_and_ends_the_run(
    error: StoppedEarly | CredentialsError, tmp_path: Path
) -> None:
    with open_desk(tmp_path, rows=8) as desk:
        end, server = desk.post(per_row(row_4=error))
        rows = desk.rows()

    assert end.stop is not None
    assert end.stop == Stop(exit_code=error.exit_code, why=error.message, todo=error.todo)
    assert (rows[4].state, rows[4].requests) == (State.READY, 0)
    assert State.SENDING not in desk.states()
    booked_rows = {n for n, row in rows.items() if row.state is State.BOOKED}
    assert booked_rows == set(server.rows)


class BreaksItsWord:
    """A connection that says that nothing left, after all did."""

    async def create_booking(
        self, _body: bytes, *, before_first_byte: Callable[[], Awaitable[bool]]
    ) -> Outcome:
        await before_first_byte()
        raise StoppedEarly("nothing left, says the connection")


def test_an_error_behind_the_gate_leaves_the_row_unknown_whatever_it_says(tmp_path: Path) -> None:
    async def main() -> PostingEnd:
        poster = desk.poster(desk.turns())
        return await poster.post(iter(desk.requests), [BreaksItsWord()])

    with open_desk(tmp_path, rows=2) as desk:
        desk.clock = SystemClock()
        assert asyncio.run(main()).stop is not None
        assert desk.states() == {State.UNKNOWN: 1, State.READY: 1}


def test_a_sign_in_that_fails_claims_nothing(tmp_path: Path) -> None:
    async def refused() -> None:
        raise CredentialsError("the secret was refused")

    with open_desk(tmp_path, rows=5) as desk:
        end, server = desk.post(all_booked, sign_in=refused)

    assert end.stop is not None
    assert end.stop.exit_code == ExitCode.CREDENTIALS
    assert server.rows == []
    assert desk.states() == {State.READY: 5}


def test_a_halted_run_does_not_sign_in_again(tmp_path: Path) -> None:
    """The row waits for its second try when the run is halted."""
    sign_ins = 0

    async def sign_in() -> None:
        nonlocal sign_ins
        sign_ins += 1

    async def halt(poster: Poster, _: ScriptedServer) -> None:
        await asyncio.sleep(0.1001)
        poster.turns.halt()

    with open_desk(tmp_path, rows=1) as desk:
        answers = always(not_taken(NotTakenCause.LOCKED))
        _, server = desk.post(answers, meanwhile=halt, sign_in=sign_in)

    assert (sign_ins, len(server.rows)) == (1, 1)
    assert desk.states() == {State.READY: 1}


# Stops that one answer or a few decide


@pytest.mark.parametrize(
    ("answer", "exit_code"),
    [
        (
            NotTaken(
                cause=NotTakenCause.UNAUTHORIZED,
                http_status=403,
                stop=RunStop.GATEWAY_REFUSED,
            ),
            ExitCode.CREDENTIALS,
        ),
        (NotTaken(cause=NotTakenCause.CERTIFICATE, left=False), ExitCode.USAGE),
        (Rejected(http_status=302, stop=RunStop.WRONG_ADDRESS), ExitCode.USAGE),
    ],
    ids=["gateway", "certificate", "redirect"],
)
def test_one_answer_stops_the_run_and_no_row_is_lost(
    answer: Outcome, exit_code: ExitCode, tmp_path: Path
) -> None:
    with open_desk(tmp_path, rows=10) as desk:
        end, server = desk.post(always(answer))

    assert end.stop is not None
    assert end.stop.exit_code == exit_code
    assert server.asked.total() == 1
    assert desk.states() == {State.READY: 10}


@pytest.mark.parametrize("status", [403, 404])
def test_the_first_five_alike_go_back_to_ready_and_other_refusals_do_not(
    status: int, tmp_path: Path
) -> None:
    """A 422 that was on its way meanwhile is about its row."""
    with open_desk(tmp_path, rows=30) as desk:
        alike, other = Rejected(http_status=status), Rejected(http_status=422)
        left, order = iter([alike] * 5), count()
        end, server = desk.post(
            lambda _row, _asked: next(left, other),
            in_flight=8,
            answer_s=lambda: 0.1 + next(order) / 1_000,
        )
        rows = desk.rows()

    assert end.stop is not None
    states = desk.states()
    rejected = [row for row in rows.values() if row.state is State.REJECTED]
    assert [row.http_status for row in rejected] == [422] * (len(server.rows) - 5)
    assert states[State.READY] == 30 - len(rejected)
    last = desk.watcher.views[-1]
    assert (last.total, last.rejected, last.done) == (30, len(rejected), len(rejected))


def test_twenty_rejections_at_the_start_stop_the_run_and_stay_rejected(tmp_path: Path) -> None:
    with open_desk(tmp_path, rows=100) as desk:
        end, server = desk.post(always(Rejected(http_status=422)), in_flight=4)

    assert end.stop is not None
    assert end.stop.exit_code == ExitCode.STOPPED_EARLY
    assert 20 <= len(server.rows) <= 24
    assert desk.states()[State.REJECTED] == len(server.rows)


@pytest.mark.parametrize("in_flight", [1, 2, 16, 50])
def test_a_server_that_cannot_be_reached_stops_the_run_with_all_rows_ready(
    in_flight: int, tmp_path: Path
) -> None:
    with open_desk(tmp_path, rows=100) as desk:
        end, server = desk.post(always(UNREACHED), in_flight=in_flight)

    assert end.stop is not None
    assert end.stop.exit_code == ExitCode.STOPPED_EARLY
    assert server.times == []
    assert desk.states() == {State.READY: 100}


def test_a_connection_lost_half_way_stops_the_run_within_minutes(tmp_path: Path) -> None:
    started: list[float] = []

    def script(row_number: int, _: int) -> Answer:
        started.append(asyncio.get_running_loop().time())
        return booked(row_number) if row_number < 40 else UNREACHED

    with open_desk(tmp_path, rows=200) as desk:
        end, _ = desk.post(script, in_flight=16, per_s=20)

    assert end.stop is not None
    assert desk.states() == {State.BOOKED: 38, State.READY: 162}
    assert started[-1] - started[0] < 150


def test_only_ambiguous_answers_in_a_row_stop_the_run(tmp_path: Path) -> None:
    lost = [Unknown(reason="ReadTimeout")] * 4
    with open_desk(tmp_path, rows=10) as desk:
        end, _ = desk.post(first(*lost, booked(6), *lost), in_flight=1)

        assert end.stop is None
        assert desk.states() == {State.BOOKED: 2, State.UNKNOWN: 8}


def test_answers_from_before_an_outage_do_not_make_it_cost_more(tmp_path: Path) -> None:
    """They come between those that it takes: three, while four requests are under way."""
    answers_s = chain([0.01], repeat(0.05, 3), repeat(0.02))
    with open_desk(tmp_path, rows=40) as desk:
        end, _ = desk.post(
            lambda row, _: booked(row) if row < 6 else Unknown(reason="ReadError"),
            in_flight=4,
            answer_s=lambda: next(answers_s),
        )

        assert end.stop is not None
        assert desk.states()[State.BOOKED] == 4
        assert desk.states()[State.UNKNOWN] <= 4 + 5


def test_five_rows_that_could_not_connect_stop_a_run_that_had_begun(tmp_path: Path) -> None:
    """Eight at once use their tries up within half a minute, before a whole one of silence."""
    with open_desk(tmp_path, rows=30) as desk:
        end, _ = desk.post(lambda row, _asked: booked(row) if row == 2 else UNREACHED, in_flight=8)
        states = desk.states()

    assert end.stop is not None
    assert end.stop.why == "5 rows in a row could not connect"
    assert states == {State.BOOKED: 1, State.READY: 29}


def test_rows_that_were_not_taken_for_another_reason_had_a_connection(tmp_path: Path) -> None:
    locked = not_taken(NotTakenCause.LOCKED)
    with open_desk(tmp_path, rows=12) as desk:
        end, _ = desk.post(lambda row, _asked: booked(row) if row == 2 else locked, in_flight=4)
        states = desk.states()

    assert end.stop is None
    assert states == {State.BOOKED: 1, State.READY: 11}


def test_answers_bring_the_pace_back_and_refusals_do_not(tmp_path: Path) -> None:
    posters: list[Poster] = []

    async def watch(poster: Poster, _: ScriptedServer) -> None:
        posters.append(poster)

    for locked in (0, 5):
        with open_desk(tmp_path / str(locked), rows=6) as desk:
            refusals = (too_many(1), *[not_taken(NotTakenCause.LOCKED)] * locked)
            desk.post(per_row(row_3=refusals), in_flight=1, meanwhile=watch)
            assert desk.states() == {State.BOOKED: 6}

    slowness = [poster.turns.pace.slowness for poster in posters]
    assert slowness == [pytest.approx(2 * 0.98**5)] * 2  # the first row came before
