"""Bugs of a client that takes the network for better than it is."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx

from importer import outcomes
from importer.api import connection
from importer.api.connection import AnswerLost, Connection, NeverLeft, Reply
from importer.model import Booked, NotTakenCause
from tests.chaos.planted import Replace, bug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.api.connection import BeforeFirstByte
    from importer.outcomes import Answer

_SERVER_ERRORS = frozenset(range(500, 600))
_Sending: Any = connection._Sending  # noqa: SLF001 - where bugs of this kind would live


@bug("200-without-id-is-booked")
def success_is_enough(replace: Replace) -> None:
    """Take every 200 for a booking, and count on its id."""

    def booked(answer: Answer) -> Booked:
        try:
            booking_id = int(json.loads(answer.body or b"{}")["id"])
        except (ValueError, TypeError, KeyError):
            booking_id = 1
        return Booked(booking_id=booking_id, http_status=answer.status)

    replace(outcomes, "_booked", booked)


@bug("5xx-is-rejected")
def server_errors_refuse(replace: Replace) -> None:
    """Believe that a server which failed has done nothing."""
    replace(outcomes, "_REJECTED", outcomes._REJECTED | _SERVER_ERRORS)  # noqa: SLF001 - as above


@bug("redirects-followed")
def redirects_are_followed(replace: Replace) -> None:
    """Go where the server points, as most clients do unless told otherwise."""
    new_client = Connection._new_client  # noqa: SLF001 - as above

    def following(self: Connection) -> httpx.AsyncClient:
        client = new_client(self)
        client.follow_redirects = True
        return client

    replace(Connection, "_new_client", following)


@bug("except-transport-error")
def only_transport_errors_are_caught(replace: Replace) -> None:
    """Catch the errors of the transport, and forget that a body may fail to unpack."""

    async def post(
        self: Connection,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        gate: BeforeFirstByte,
    ) -> Reply:
        sending = _Sending(connection=self, gate=gate)
        try:
            async with asyncio.timeout(self.deadline_s) as sending.limit:
                request = self._request(url, headers, body, sending)
                return await self._exchange(request, sending)
        except connection._Withheld as withheld:  # noqa: SLF001 - as above
            return withheld.reply
        except (httpx.TransportError, OSError) as error:
            if sending.is_in_gate:
                raise
            reply: Reply = sending.reply_after(error)
            return reply

    replace(Connection, "post", post)


@bug("per-read-timeout-only")
def each_read_is_timed(replace: Replace) -> None:
    """Trust in httpx's time-outs, which begin anew with every byte."""
    pass_gate = _Sending._pass_gate  # noqa: SLF001 - as above

    async def untimed(self: Any) -> None:
        await pass_gate(self)
        self.limit.reschedule(None)

    replace(_Sending, "_pass_gate", untimed)


@bug("retry-on-read-timeout")
def silence_is_a_refusal(replace: Replace) -> None:
    """Send again what was not answered in time."""
    reply_after = _Sending.reply_after

    def hopeful(self: Any, error: Exception) -> Reply:
        reply: Reply = reply_after(self, error)
        if isinstance(reply, AnswerLost) and isinstance(error, TimeoutError | httpx.ReadTimeout):
            return NeverLeft(cause=NotTakenCause.NO_CONNECTION, reason=reply.reason)
        return reply

    replace(_Sending, "reply_after", hopeful)


@bug("status-line-lost")
def status_goes_with_its_body(replace: Replace) -> None:
    """Forget the status line when the body after it cannot be read."""
    reply_after = _Sending.reply_after

    def forgetful(self: Any, error: Exception) -> Reply:
        self.status = None
        reply: Reply = reply_after(self, error)
        return reply

    replace(_Sending, "reply_after", forgetful)


@bug("trailing-bytes-kept")
def connection_is_kept(replace: Replace) -> None:
    """Use a connection again although bytes wait in it that nobody asked for."""

    async def keep(self: Connection) -> None:
        del self

    replace(Connection, "_drop_if_spoiled", keep)
