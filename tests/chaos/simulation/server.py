"""The simulated server: limit, tokens, faults, and a log that is the truth."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from importer.outcomes import Answer
from importer.sandbox.config import Limit
from importer.sandbox.limit import SlidingLimit, limit_headers
from tests.chaos.simulation.scenario import BOOKING_FAULTS
from tests.chaos.simulation.timeline import BEGINS_AT_S, STARTED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from tests.chaos.simulation.scenario import Scenario, Storm
    from tests.chaos.simulation.timeline import Timeline

_REFUSED = b'{"detail":[{"loc":["body","phone"],"msg":"not valid","type":"value_error"}]}'
_LATE_S = 70.0
"""When a booking is made of which nobody hears any more."""
_BOOKED_IN_OUTAGE = 0.5
_PAUSE_S = 3.0
_SILENT = frozenset({"reset", "hang", "commit-late", "commit-then-reset", "commit-then-hang"})
_UNCOMMITTED = frozenset(
    {
        "reset", "hang", "gateway-forbidden", "401", "409", "421", "423", "425", "429", "500",
        "502", "503-retry-after",
    }
)  # fmt: skip
_STATUSES = {"gateway-forbidden": 403}
"""Of faults whose names do not begin with it; the others that answer say 200."""
_BODIES: Mapping[str, object] = {
    "gateway-forbidden": {"message": "Forbidden"},
    "no-id": {"status": "booked"},
    "202": {"status": "booked"},
}


@dataclass(slots=True, kw_only=True, eq=False)
class Asked:
    """One request as the server saw it, and what became of it."""

    left_s: float
    body: str
    """"" for a sign-in."""
    process: int
    """Which process of the machine sent it."""
    arrived_s: float = 0.0
    status: int | None = None
    booking_id: int | None = None
    fault: str = ""
    read_s: float | None = None
    """When the client had read all of its answer, None if it was lost, or died with its reader."""
    pause_s: float = 0.0
    """So long the answer asked everybody to wait."""


@dataclass(slots=True, kw_only=True)
class Server:
    """Books what it is asked to, unless the scenario says otherwise."""

    scenario: Scenario
    timeline: Timeline
    chance: Random
    refused: frozenset[str]
    """The bodies that it always refuses."""
    is_calm: bool = False
    """Faults have stopped."""
    log: list[Asked] = field(default_factory=list)
    _limit: SlidingLimit | None = field(init=False)
    _tokens: dict[str, float] = field(default_factory=dict, init=False)
    """Token -> until when it is good."""
    _bookings: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Take the limit of the scenario."""
        rate = self.scenario.rate
        limit = Limit(requests=rate.count, window_s=rate.window_s) if rate else None
        self._limit = SlidingLimit(limit) if limit else None

    @property
    def is_out(self) -> bool:
        """Return whether nothing comes through now, in no direction."""
        now_s = self._since_start_s()
        return not self.is_calm and any(b <= now_s < e for b, e in self.scenario.outages)

    def calm_down(self) -> None:
        """Let faults stop, for good."""
        self.is_calm = True

    def expect(self, headers: Mapping[str, str], body: bytes, process: int) -> Asked:
        """Return a request that has just left."""
        text = body.decode() if "Authorization" in headers else ""
        return Asked(left_s=self.timeline.now_s, body=text, process=process)

    def take(self, asked: Asked, headers: Mapping[str, str]) -> tuple[Answer | None, float]:
        """Take a request that arrives now.

        Returns:
            The answer, None when there will be none, and how soon it leaves.
        """
        asked.arrived_s = self.timeline.now_s
        self.log.append(asked)
        if self.is_out:
            asked.fault = "outage"
            if asked.body and self.chance.random() < _BOOKED_IN_OUTAGE:
                self._commit(asked)
            return None, 0.0
        answer = self._refusal(asked)
        if answer is not None:
            asked.status = answer.status
            return answer, 0.0
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        answer = self._booked(asked, token) if asked.body else self._signed_in(asked)
        asked.status = answer.status if answer else None
        return answer, self.chance.random() * self.scenario.think_s

    def forget_answers(self, process: int, within_s: float) -> None:
        """Note that a process has died: what it had just read, it could not write down."""
        since_s = self.timeline.now_s - within_s - 1e-6
        for asked in self.log:
            if asked.process == process and asked.read_s is not None and asked.read_s >= since_s:
                asked.read_s = None

    def _refusal(self, asked: Asked) -> Answer | None:
        """Return a 429, if it is time for one."""
        now_s = asked.arrived_s
        fits = self._limit is None or self._limit.admits(now_s)
        storm = None if self.is_calm else self._storm()
        if storm is not None:
            return self._too_many(asked, storm.wait_s, storm)
        if not fits and self._limit is not None:
            return self._too_many(asked, self._limit.wait_s(now_s), None)
        return None

    def _storm(self) -> Storm | None:
        now_s = self._since_start_s()
        for storm in self.scenario.storms:
            if storm.begins_s <= now_s < storm.begins_s + storm.lasts_s:
                return storm
        return None

    def _too_many(self, asked: Asked, wait_s: float, storm: Storm | None) -> Answer:
        dialect = storm.headers if storm else "retry-after"
        asked.pause_s = 0.0 if dialect == "none" or not asked.body else wait_s
        told = limit_headers(dialect, wait_s=wait_s, now=self._unix_s())
        return self._answer(429, b'{"message":"Too Many Requests"}', told)

    def _signed_in(self, asked: Asked) -> Answer | None:
        fault = self._drawn("token-500", "token-429", "token-lost")
        asked.fault = fault
        if fault == "token-lost":
            return None
        if fault == "token-500":
            return self._answer(500, b"")
        if fault == "token-429":
            return self._answer(429, b"", limit_headers("retry-after", wait_s=2.0, now=0.0))
        token = f"token-{len(self.log)}"
        told_s = self.scenario.token_told_s
        lasts_s = told_s if self.is_calm else self.scenario.token_lasts_s
        self._tokens[token] = self.timeline.now_s + lasts_s
        return self._answer(200, {"access_token": token, "expires_in": told_s})

    def _booked(self, asked: Asked, token: str) -> Answer | None:
        """Return the answer to a booking request; None when there will be none."""
        fault = self._drawn(*BOOKING_FAULTS)
        asked.fault = fault
        if fault == "expire-tokens":
            self._tokens.clear()
        if self._tokens.get(token, 0.0) <= self.timeline.now_s:
            return self._answer(401, {"detail": "Not authenticated"})
        if asked.body in self.refused:
            return self._answer(422, _REFUSED)
        if fault == "commit-late":
            self.timeline.after(_LATE_S, lambda: self._commit(asked))
        elif fault not in _UNCOMMITTED:
            self._commit(asked)
        return None if fault in _SILENT else self._answer_to(asked, fault)

    def _answer_to(self, asked: Asked, fault: str) -> Answer:
        if fault == "429":
            return self._too_many(asked, 1.0, None)
        if fault == "stall-after-headers":
            return Answer(status=200, body=None)
        status = int(fault[:3]) if fault[:3].isdigit() else _STATUSES.get(fault, 200)
        told = {"id": asked.booking_id, "status": "booked"}
        body = _BODIES.get(fault, told if status in {200, 201} else {"detail": "no"})
        asked.pause_s = _PAUSE_S if fault == "503-retry-after" else 0.0
        return self._answer(status, body, {"Retry-After": "3"} if asked.pause_s else None)

    def _commit(self, asked: Asked) -> None:
        self._bookings += 1
        asked.booking_id = 70_000 + self._bookings

    def _drawn(self, *names: str) -> str:
        """Return the fault that hits now, "" for none."""
        if self.is_calm:
            return ""
        drawn = self.chance.random()
        for name in names:
            drawn -= self.scenario.faults.get(name, 0.0)
            if drawn < 0:
                return name
        return ""

    def _answer(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        date = ("Date", formatdate(self._unix_s(), usegmt=True))
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Answer(status=status, headers=(date, *(headers or {}).items()), body=content)

    def _since_start_s(self) -> float:
        return self.timeline.now_s - BEGINS_AT_S

    def _unix_s(self) -> float:
        return STARTED.timestamp() + self.timeline.now_s
