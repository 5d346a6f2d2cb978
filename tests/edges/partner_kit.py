"""A client of a server that does its worst, and one booking sent by it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from importer.api import Partner, TokenSource, tls_context
from importer.model import NotTaken, NotTakenCause
from tests.edges.raw_server import (
    HandedInClock,
    RawServer,
    Script,
    Visit,
    always,
    answer,
    raw_server,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from importer.model import Outcome

BODY = b'{"first_name":"Canary"}'
BOOKED = answer(b'{"id": 12, "status": "RESERVED"}')
TOKEN = answer(b'{"access_token": "t0k3n", "token_type": "bearer", "expires_in": 3600}')
TLS = tls_context()
LOST_AT_THE_GATE = NotTaken(
    cause=NotTakenCause.NO_CONNECTION, reason="ConnectionClosedWhileWaiting", left=False
)


async def at_once() -> bool:
    """Let the request go."""
    return True


async def never() -> bool:
    """Hold the request back."""
    return False


async def no_turn() -> bool:
    """Let a sign-in go without a turn."""
    return True


@asynccontextmanager
async def partner_of(
    server: RawServer,
    *,
    base_url: str = "",
    clock: HandedInClock | None = None,
    **settings: Any,
) -> AsyncIterator[Partner]:
    """Yield a client of `server` that signs in at a server of its own."""
    clock = clock or HandedInClock()
    async with raw_server(always(TOKEN)) as sign_in:
        tokens = TokenSource(
            base_url=sign_in.url(),
            client_id="clinic-1",
            client_secret="s3cret",
            tls=TLS,
            clock=clock,
            turn=no_turn,
        )
        built = {"tls": TLS, "deadline_s": 5.0} | settings
        async with Partner(
            base_url=base_url or server.url(),
            client_id="clinic-1",
            tokens=tokens,
            clock=clock,
            **built,
        ) as partner:
            yield partner


def book(script: Script, *, deadline_s: float = 5.0) -> Outcome:
    """Return the outcome of one booking at a server that follows `script`."""

    async def run() -> Outcome:
        async with (
            raw_server(script) as server,
            partner_of(server, deadline_s=deadline_s) as partner,
        ):
            return await partner.create_booking(BODY, before_first_byte=at_once)

    return asyncio.run(run())


def after_request(act: Callable[[Visit], Awaitable[None]]) -> Script:
    """Return a script that reads one request and then acts."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await act(visit)

    return script


async def reset(visit: Visit) -> None:
    """Break the connection off."""
    visit.reset()


async def close(visit: Visit) -> None:
    """Close the connection."""
    visit.writer.close()


async def stall(visit: Visit) -> None:
    """Say nothing more."""
    del visit
    await asyncio.Event().wait()
