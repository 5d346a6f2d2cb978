"""A request at the gate, and the one connection that is kept: what left, and what did not."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from importer.api.connection import is_hung_up
from importer.model import Booked, NotTaken, NotTakenCause, Outcome, Unknown
from tests.edges.partner_kit import (
    BODY,
    BOOKED,
    LOST_AT_THE_GATE,
    after_request,
    at_once,
    close,
    never,
    partner_of,
    reset,
    stall,
)
from tests.edges.raw_server import Visit, always, answer, raw_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


# The gate


@pytest.mark.parametrize("warm", [False, True])
def test_a_request_held_back_leaves_no_byte_at_the_server(warm: bool) -> None:  # noqa: FBT001 - a case
    async def run() -> None:
        async with raw_server(always(BOOKED)) as server, partner_of(server) as partner:
            if warm:
                await partner.create_booking(BODY, before_first_byte=at_once)
            seen = server.bytes_seen
            outcome = await partner.create_booking(BODY, before_first_byte=never)
            assert outcome == NotTaken(cause=NotTakenCause.HELD_BACK, left=False)
            await asyncio.sleep(0.05)
            assert server.visits == 1
            assert server.bytes_seen == seen
            after = await partner.create_booking(BODY, before_first_byte=at_once)
            assert isinstance(after, Booked)
            assert server.visits == 2

    asyncio.run(run())


@pytest.mark.parametrize("warm", [False, True])
def test_nothing_is_written_while_the_gate_is_shut(warm: bool) -> None:  # noqa: FBT001 - a case
    async def run() -> None:
        async with (
            raw_server(always(BOOKED)) as server,
            partner_of(server, deadline_s=0.3) as partner,
        ):
            if warm:
                await partner.create_booking(BODY, before_first_byte=at_once)
            before = server.bytes_seen
            arrived: list[tuple[int, int]] = []

            async def gate() -> bool:
                await asyncio.sleep(0.4)  # longer than the deadline, which must not count it
                arrived.append((server.visits, server.bytes_seen))
                return True

            outcome = await partner.create_booking(BODY, before_first_byte=gate)
            assert isinstance(outcome, Booked)
            assert arrived == [(1, before)]

    asyncio.run(run())


def test_the_deadline_counts_again_behind_the_gate() -> None:
    async def slow_gate() -> bool:
        await asyncio.sleep(0.4)
        return True

    async def run() -> Outcome:
        async with (
            raw_server(after_request(stall)) as server,
            partner_of(server, deadline_s=0.3) as partner,
        ):
            return await partner.create_booking(BODY, before_first_byte=slow_gate)

    assert asyncio.run(run()) == Unknown(reason="TimeoutError")


@pytest.mark.parametrize("end", [reset, close])
def test_a_connection_lost_at_the_gate_is_seen_before_the_first_byte(
    end: Callable[[Visit], Awaitable[None]],
) -> None:
    gate_reached = asyncio.Event()

    async def script(visit: Visit) -> None:
        await gate_reached.wait()
        await end(visit)

    async def gate() -> bool:
        gate_reached.set()
        await asyncio.sleep(0.1)
        return True

    async def run() -> Outcome:
        async with raw_server(script) as server, partner_of(server) as partner:
            outcome = await partner.create_booking(BODY, before_first_byte=gate)
            assert server.bytes_seen == 0
            return outcome

    assert asyncio.run(run()) == LOST_AT_THE_GATE


@pytest.mark.parametrize("error", [OSError("disk full"), TimeoutError(), KeyError("x")])
def test_an_error_of_the_gate_is_not_taken_for_one_of_the_network(error: Exception) -> None:
    async def gate() -> bool:
        raise error

    async def run() -> None:
        async with raw_server(always(BOOKED)) as server, partner_of(server) as partner:
            with pytest.raises(type(error)) as caught:
                await partner.create_booking(BODY, before_first_byte=gate)
            assert caught.value is error
            assert server.bytes_seen == 0

    asyncio.run(run())


def test_a_cancelled_request_says_nothing_about_its_row() -> None:
    """The caller leaves the row as `sending`."""

    async def run() -> None:
        is_read = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            is_read.set()
            await stall(visit)

        async with raw_server(script) as server, partner_of(server) as partner:
            task = asyncio.create_task(partner.create_booking(BODY, before_first_byte=at_once))
            await is_read.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())


def test_the_end_of_a_connection_is_seen_without_reading_from_it() -> None:
    ours, theirs = socket.socketpair()
    assert not is_hung_up(ours)
    theirs.send(b"a ticket")
    assert not is_hung_up(ours)
    theirs.close()
    assert is_hung_up(ours)
    ours.close()
    assert is_hung_up(ours)


# One connection, kept and remade


def test_a_connection_is_used_again() -> None:
    async def run() -> None:
        async with raw_server(always(BOOKED)) as server, partner_of(server) as partner:
            for _ in range(3):
                assert isinstance(
                    await partner.create_booking(BODY, before_first_byte=at_once), Booked
                )
            assert (server.visits, len(server.requests)) == (1, 3)

    asyncio.run(run())


def test_a_connection_that_the_server_closed_while_idle_is_remade() -> None:
    async def run() -> None:
        script = after_request(lambda visit: visit.send(BOOKED))
        async with raw_server(script) as server, partner_of(server) as partner:
            for visits in (1, 2, 3):
                outcome = await partner.create_booking(BODY, before_first_byte=at_once)
                assert isinstance(outcome, Booked)
                assert server.visits == visits
                await asyncio.sleep(0.05)  # lets the FIN arrive

    asyncio.run(run())


@pytest.mark.parametrize("status", [429, 422, 200])
def test_bytes_behind_an_answer_do_not_answer_the_next_request(status: int) -> None:
    """A gateway that gets out of step must not decide about another row."""

    async def run() -> None:
        async def script(visit: Visit) -> bool:
            while await visit.request():
                number = len(visit.server.requests)
                stray = answer(b'{"id": 999}', status=status)
                await visit.send(answer(b'{"id": %d}' % number) + stray)
            return False

        async with raw_server(script) as server, partner_of(server) as partner:
            for number in (1, 2, 3):
                outcome = await partner.create_booking(BODY, before_first_byte=at_once)
                assert outcome == Booked(booking_id=number)
            assert len(server.requests) == 3

    asyncio.run(run())


def test_no_cookie_is_kept() -> None:
    async def run() -> bytes:
        script = always(answer(b'{"id": 12}', headers="Set-Cookie: stick=1; Path=/\r\n"))
        async with raw_server(script) as server, partner_of(server) as partner:
            await partner.create_booking(BODY, before_first_byte=at_once)
            await partner.create_booking(BODY, before_first_byte=at_once)
            return server.requests[1]

    assert b"cookie" not in asyncio.run(run()).lower()


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy's own 502 is as ambiguous as any, and it would see the key."""

    async def run() -> Outcome:
        async with raw_server(always(answer(b"", status=502))) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url())
            async with raw_server(always(BOOKED)) as server, partner_of(server) as partner:
                return await partner.create_booking(BODY, before_first_byte=at_once)

    assert isinstance(asyncio.run(run()), Booked)
