"""One outage of a real server costs few rows, and a halt is final at its door."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from importer.api import Partner, TokenSource, tls_context
from importer.clock import SystemClock
from importer.errors import ExitCode
from importer.model import State
from importer.posting import PostingEnd, Stop, post_run
from tests.edges.posting_kit import open_desk, settings_of
from tests.edges.raw_server import RawServer, Script, Visit, answer, raw_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from pathlib import Path

TLS = tls_context()
TOKEN = answer(b'{"access_token": "t0k3n", "expires_in": 3600}')
STOPPED = Stop(exit_code=ExitCode.TERMINATED, why="stopped on request")


def signs_in_and(book: Callable[[Visit], Awaitable[bool]]) -> Script:
    """Return a script that signs in, and does with a booking request what it is told.

    A connection ends when that returns False.
    """

    async def script(visit: Visit) -> None:
        while request := await visit.request():
            if request.startswith(b"POST /v1/auth/token"):
                await visit.send(TOKEN)
            elif not await book(visit):
                return

    return script


def says(data: bytes) -> Callable[[Visit], Awaitable[bool]]:
    async def book(visit: Visit) -> bool:
        await visit.send(data)
        return True

    return book


async def hangs_up(_: Visit) -> bool:
    return False


async def resets(visit: Visit) -> bool:
    visit.reset()
    return False


def bookings(server: RawServer) -> int:
    """Return how many booking requests came in."""
    return sum(b"/v1/partner/bookings" in request for request in server.requests)


OUTAGES = {
    "500": says(answer(b"{}", status=500)),
    "504": says(answer(b"", status=504)),
    "a booking without an id": says(answer(b"{}")),
    "garbage": says(b"this is no HTTP\r\n\r\n"),
    "hung up": hangs_up,
    "reset": resets,
}


@pytest.mark.parametrize(
    ("name", "in_flight"),
    [*(("500", in_flight) for in_flight in (1, 2, 16, 50)), *((name, 8) for name in OUTAGES)],
)
def test_one_outage_leaves_at_most_in_flight_and_five_rows_unknown(
    name: str, in_flight: int, tmp_path: Path
) -> None:
    async def main() -> tuple[PostingEnd, int]:
        async with raw_server(signs_in_and(OUTAGES[name])) as server:
            settings = settings_of(tmp_path, server.url(), in_flight=in_flight)
            return await post_run(desk.session(settings)), bookings(server)

    with open_desk(tmp_path, rows=80) as desk:
        end, requests = asyncio.run(main())
        states = desk.states()

    assert end.stop is not None
    assert end.stop.exit_code == ExitCode.UNKNOWN_OUTCOMES
    assert states[State.UNKNOWN] == requests <= in_flight + 5
    assert states == {State.UNKNOWN: requests, State.READY: 80 - requests}


@pytest.mark.parametrize("in_flight", [1, 16])
def test_an_outage_half_way_leaves_no_more_unknown(in_flight: int, tmp_path: Path) -> None:
    seen = 0

    async def breaks(visit: Visit) -> bool:
        nonlocal seen
        seen += 1
        if seen > 30:
            return False
        await visit.send(answer(b'{"id": %d}' % seen))
        return True

    async def main() -> PostingEnd:
        async with raw_server(signs_in_and(breaks)) as server:
            settings = settings_of(tmp_path, server.url(), in_flight=in_flight)
            return await post_run(desk.session(settings))

    with open_desk(tmp_path, rows=80) as desk:
        end = asyncio.run(main())
        states = desk.states()

    assert end.stop is not None
    assert states[State.BOOKED] == 30
    assert states[State.UNKNOWN] == seen - 30 <= in_flight + 5


def test_a_server_that_closes_every_connection_books_everybody_once(tmp_path: Path) -> None:
    """After each answer, without a word; the next request finds out in time, or waits in vain."""
    bodies: Counter[bytes] = Counter()

    async def once(visit: Visit) -> bool:
        bodies[visit.server.requests[-1].partition(b"\r\n\r\n")[2]] += 1
        await visit.send(answer(b'{"id": %d}' % bodies.total(), headers="Connection: close\r\n"))
        return False

    async def main() -> PostingEnd:
        async with raw_server(signs_in_and(once)) as server:
            settings = settings_of(tmp_path, server.url(), in_flight=4)
            return await post_run(desk.session(settings))

    with open_desk(tmp_path, rows=30) as desk:
        end = asyncio.run(main())
        states = desk.states()

    assert end.stop is None
    assert states == {State.BOOKED: 30}
    assert set(bodies.values()) == {1}


# A halt, seen from the server


@pytest.mark.parametrize("halt_at", [1, 7, 20])
def test_after_a_halt_only_what_had_left_before_reaches_the_server(
    halt_at: int, tmp_path: Path
) -> None:
    departures: list[datetime] = []
    left_at_halt: list[int] = []

    async def main() -> PostingEnd:
        turns = desk.turns(per_s=200)
        turns.note = departures.append

        async def halts(visit: Visit) -> bool:
            number = bookings(visit.server)
            if number == halt_at:
                poster.halt(STOPPED)
                left_at_halt.append(len(departures))
            await asyncio.sleep(0.05)
            await visit.send(answer(b'{"id": 12%d}' % number))
            return True

        async with raw_server(signs_in_and(halts)) as server, AsyncExitStack() as stack:
            tokens = TokenSource(
                base_url=server.url(),
                client_id="c",
                client_secret="s",
                tls=TLS,
                clock=desk.clock,
                turn=lambda: turns.take(lambda _: asyncio.sleep(0)),
            )
            poster = desk.poster(turns, tokens.current)
            partners = [
                await stack.enter_async_context(
                    Partner(
                        base_url=server.url(),
                        client_id="c",
                        tls=TLS,
                        tokens=tokens,
                        clock=desk.clock,
                    )
                )
                for _ in range(8)
            ]
            end = await poster.post(desk.bookings(), partners)
            await asyncio.sleep(0.2)
            assert len(server.requests) == len(departures) == left_at_halt[0]
            return end

    with open_desk(tmp_path, rows=60) as desk:
        desk.clock = SystemClock()
        end = asyncio.run(main())
        states = desk.states()

    sent = len(departures) - 1  # one of them was the sign-in
    assert end.stop == STOPPED
    assert states == {State.BOOKED: sent, State.READY: 60 - sent}
