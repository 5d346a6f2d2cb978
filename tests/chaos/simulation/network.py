"""The simulated network: stands where `importer.api.connection` meets the real one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from importer.api.connection import AnswerLost, NeverLeft
from importer.model import NotTakenCause
from importer.outcomes import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from importer.api.connection import BeforeFirstByte, Reply
    from tests.chaos.simulation.scenario import Scenario
    from tests.chaos.simulation.server import Asked, Server
    from tests.chaos.simulation.timeline import Timeline

Answered: TypeAlias = "asyncio.Future[tuple[Asked, Answer | AnswerLost]]"

_HUNG_UP_AFTER_S = 2.0
_REACHES = frozenset({"reset", "commit-then-reset"})
"""Faults that the client notices at once, not only at its deadline."""


@dataclass(slots=True, kw_only=True)
class Network:
    """Carries requests and answers; what has left arrives, whatever becomes of its sender."""

    scenario: Scenario
    timeline: Timeline
    server: Server
    chance: Random
    step: Callable[[], object]
    """Told of every arrival and of every answer that was read."""
    process: int | None = None
    """Which process runs now, None while none does; answers for an earlier one reach nobody."""

    def connection(
        self, *, tls: object, deadline_s: float, connect_s: float, response_limit: int = 0
    ) -> SimulatedConnection:
        """Return what the product takes for a connection of its own."""
        del tls, response_limit
        return SimulatedConnection(network=self, deadline_s=deadline_s, connect_s=connect_s)

    def hits(self, fault: str) -> bool:
        """Return whether a fault of the network hits now."""
        rate = 0.0 if self.server.is_calm else self.scenario.faults.get(fault, 0.0)
        return rate > 0 and self.chance.random() < rate

    def way_s(self) -> float:
        """Return how long the next request is on its way."""
        return self.scenario.way_s + self.scenario.way_varies_s * self.chance.random()

    def send(self, headers: Mapping[str, str], body: bytes, answered: Answered) -> None:
        """Let a request leave, unless its sender is no more."""
        if self.process is None:
            return
        asked = self.server.expect(headers, body, self.process)

        def arrive() -> None:
            reply, thinks_s = self.server.take(asked, headers)
            if reply is not None or asked.fault in _REACHES:
                self.timeline.after(thinks_s + self.way_s(), lambda: deliver(reply))
            if asked.process == self.process:
                self.step()

        def deliver(reply: Answer | None) -> None:
            is_waited_for = asked.process == self.process and not answered.done()
            if is_waited_for and not self.server.is_out:
                answered.set_result((asked, reply or AnswerLost(reason="ReadError")))

        self.timeline.after(self.way_s(), arrive)


@dataclass(slots=True, kw_only=True)
class SimulatedConnection:
    """One connection: sends a request at most once, and tells whether it left."""

    network: Network
    deadline_s: float
    connect_s: float
    _used_s: float | None = field(default=None, init=False)
    """When it was used last; None while it is not open."""

    async def post(
        self, url: str, *, headers: Mapping[str, str], body: bytes, gate: BeforeFirstByte
    ) -> Reply:
        """Connect, wait at the gate, leave, and wait for the answer, as the real one does."""
        del url
        if not await self._is_open():
            return NeverLeft(cause=NotTakenCause.NO_CONNECTION, reason="ConnectError")
        self._used_s = None
        if not await gate():
            return NeverLeft(cause=NotTakenCause.HELD_BACK)
        if self.network.hits("hung-up"):
            reason = "ConnectionClosedWhileWaiting"
            return NeverLeft(cause=NotTakenCause.NO_CONNECTION, reason=reason)
        answered: Answered = asyncio.get_running_loop().create_future()
        self.network.send(headers, body, answered)
        try:
            async with asyncio.timeout(self.deadline_s):
                asked, reply = await answered
        except TimeoutError:
            return AnswerLost(reason="ReadTimeout")
        if isinstance(reply, Answer) and reply.body is not None:
            self._used_s = asked.read_s = self._now_s()
            self.network.step()
        return reply

    async def aclose(self) -> None:
        """Close it."""
        self._used_s = None

    async def _is_open(self) -> bool:
        if self._used_s is not None and self._now_s() - self._used_s < _HUNG_UP_AFTER_S:
            return True
        if self.network.hits("connect-hang"):
            await asyncio.sleep(self.connect_s)
            return False
        await asyncio.sleep(self.network.scenario.connect_s * self.network.chance.random())
        return not self.network.hits("refused")

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()
