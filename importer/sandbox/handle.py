"""What a test or a demo holds of a sandbox that runs in its process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importer.sandbox.request_log import read_request_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox.config import Limit, SandboxConfig
    from importer.sandbox.faults import Target
    from importer.sandbox.request_log import LoggedRequest
    from importer.sandbox.state import SandboxState
    from importer.sandbox.store import BookingRecord


class Sandbox:
    """A running sandbox; what it has seen can be read also after its end."""

    def __init__(
        self,
        base_url: str,
        state: SandboxState,
        call: Callable[[Callable[[], Any]], Any],
    ) -> None:
        """Hold the server of `state`; `call` acts in its event loop."""
        self.base_url = base_url
        self._state = state
        self._call = call
        self._remembered: list[LoggedRequest] | None = None

    @property
    def config(self) -> SandboxConfig:
        """Return how it was configured."""
        return self._state.config

    @property
    def log_path(self) -> Path:
        """Return where its request log stands."""
        return self._state.log.path

    def all_requests(self) -> list[LoggedRequest]:
        """Return every request of the log, token calls and broken ones included."""
        if self._remembered is not None:
            return self._remembered
        return read_request_log(self.log_path)

    def requests(self) -> list[LoggedRequest]:
        """Return the booking requests of the log."""
        return [request for request in self.all_requests() if request.is_booking]

    def bookings(self) -> list[BookingRecord]:
        """Return the bookings in the order they were made."""
        return list(self._call(lambda: list(self._state.store.records.values())))

    def duplicates(self) -> dict[str, list[int]]:
        """Return the ids of the bookings that were made more than once, by natural key."""
        return dict(self._call(self._state.store.duplicates))

    def counts(self) -> dict[str, Any]:
        """Return what /admin/counts shows."""
        return dict(self._call(self._state.counts))

    def fault_next(self, fault: str, count: int = 1, *, on: Target = "booking") -> None:
        """Let a fault hit the next `count` requests of that kind."""
        self._call(lambda: self._state.dial.queue(fault, count, on))

    def fault_request(self, n: int, fault: str) -> None:
        """Let a fault hit the request that the log will number `n`."""
        self._call(lambda: self._state.dial.set_numbered(n, fault))

    def fault_rate(self, fault: str, rate: float, *, on: Target = "booking") -> None:
        """Let a fault hit that share of requests from now on; 0 ends it."""
        self._call(lambda: self._state.dial.set_rate(fault, rate, on))

    def set_limit(self, limit: Limit | None) -> None:
        """Let another limit hold from now on."""
        self._call(lambda: self._state.set_limit(limit))

    def expire_tokens(self) -> None:
        """End the life of every token."""
        state = self._state
        self._call(lambda: state.tokens.expire_all(now=state.now()))

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's clock ahead."""

        def advance() -> None:
            self._state.clock_ahead_s += seconds

        self._call(advance)

    def reset(self) -> None:
        """Start anew: no bookings, no tokens, faults and limit as configured; the log stays."""
        self._call(self._state.reset)

    def remember(self) -> None:
        """Keep what the log holds, before its folder goes."""
        self._remembered = self.all_requests()
