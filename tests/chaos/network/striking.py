"""Which requests of a run meet a fault, and what the proxy saw of all of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.chaos.network.answers import http
from tests.chaos.network.proxy import Over, Request, Script, Visit

if TYPE_CHECKING:
    from tests.chaos.network.client_time import LeapingClock
    from tests.chaos.network.faults import Fault
    from tests.chaos.network.proxy import FaultProxy

_CONNECT_S = 15.0
"""Longer than connecting may take."""


@dataclass(slots=True, kw_only=True, eq=False)
class Striker(Script):
    """Lets one booking request meet a fault, and the others through."""

    fault: Fault | None
    strikes: range
    """Which booking requests it meets, counted from 0 in the order in which they begin."""
    is_fresh: bool = False
    """Every answer ends its connection, so that every request comes over a new one."""
    warms_up: bool = False
    """The first request is told to come again: then its row comes over a used connection."""
    settled_first: int = 0
    """How many other rows must have an outcome before time may pass for the client."""
    clock: LeapingClock
    elsewhere: FaultProxy
    begun_count: int = 0
    struck: int = 0
    """How often the fault was met."""
    struck_used: int = 0
    """How often on a connection that had been used before."""
    victims: list[bytes] = field(default_factory=list)
    """Bodies of the requests that met it whole."""
    asked_for: list[Request] = field(default_factory=list)
    """Every whole booking request."""
    swallowed: list[tuple[Request, int | None]] = field(default_factory=list)
    """Booking requests that the server never had, and the status that the client was told."""
    _passing: asyncio.Task[None] | None = None
    _is_due: set[int] = field(default_factory=set)
    """Numbers of the visits whose request is to meet the fault."""

    async def connected(self, visit: Visit) -> None:
        """Strike connections; the first of all signs in."""
        if self.fault and self.fault.connected and visit.number - 1 in self.strikes:
            self._note(visit)
            await self.fault.connected(visit)

    async def begun(self, visit: Visit) -> None:
        """Count booking requests, and strike those that are not to be read."""
        if not (await visit.start()).startswith(b"POST /v1/p"):
            return
        number, self.begun_count = self.begun_count, self.begun_count + 1
        if self.fault is None or number not in self.strikes:
            return
        if self.fault.begun is not None:
            self._note(visit)
            await self.fault.begun(visit)
        self._is_due.add(visit.number)

    async def asked(self, visit: Visit, request: Request) -> None:
        """Answer a request, or let the fault do it."""
        is_struck = visit.number in self._is_due
        self._is_due.discard(visit.number)
        if request.is_booking:
            self.asked_for.append(request)
        if request.is_booking and self.warms_up and len(self.asked_for) == 1:
            self.swallowed.append((request, 429))
            await visit.wire.send(http(429, b"", "Retry-After: 1"))
        elif is_struck and self.fault is not None and (self.fault.acts or self.fault.answer):
            await self._strike(self.fault, visit, request)
        else:
            await self._pass(visit, request)

    async def _strike(self, fault: Fault, visit: Visit, request: Request) -> None:
        self._note(visit)
        self.victims.append(request.body)
        if fault.acts is not None:
            forwarded_before = visit.forwarded
            try:
                await fault.acts(visit, request)
            finally:
                if visit.forwarded == forwarded_before:
                    self.swallowed.append((request, fault.tells))
            if self.is_fresh:
                raise Over
            return
        assert fault.answer is not None
        true = await visit.forward(request) if fault.is_taken else b""
        answer = fault.answer(true).replace(b"{port}", b"%d" % self.elsewhere.port)
        if not fault.is_taken and not fault.trusts_503:
            self.swallowed.append((request, int(answer[9:12])))
        await self._say(visit, answer)

    async def _pass(self, visit: Visit, request: Request) -> None:
        answer = await visit.forward(request)
        port = self.fault.port if self.fault else None
        # The sign-in stands before the first row.
        if port is not None and len(self.asked_for) == self.strikes.start and not self.struck:
            self._note(visit)
            port(visit.proxy)
            self.clock.on_sleep = lambda: visit.proxy.soon(visit.proxy.listen)
            self._passing = asyncio.create_task(self._pass_time_until_slept(visit.proxy))
        await self._say(visit, answer)

    async def _pass_time_until_slept(self, proxy: FaultProxy) -> None:
        """Let the client give up connecting; nobody here can see when it has begun to."""
        while not proxy.is_listening:
            await proxy.pass_time(_CONNECT_S)

    async def _say(self, visit: Visit, answer: bytes) -> None:
        if not self.is_fresh:
            await visit.wire.send(answer)
            return
        first, end, rest = answer.partition(b"\r\n")
        if first.startswith(b"HTTP/1.1 "):
            answer = first + end + b"Connection: close" + end + rest
        await visit.wire.send_and_end(answer)
        raise Over

    def _note(self, visit: Visit) -> None:
        self.struck += 1
        self.struck_used += visit.requests > 1
        if self.fault is not None:
            self.clock.leapt_s += self.fault.leap_s


class Elsewhere(Script):
    """Another host, which books whatever comes and was never meant to be asked."""

    async def asked(self, visit: Visit, request: Request) -> None:
        """Answer as if there were a booking now."""
        del request
        await visit.wire.send(http(200, b'{"id": 4711}'))
