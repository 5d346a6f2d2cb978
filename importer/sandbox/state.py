"""Everything a running sandbox holds: tokens, bookings, faults, limit, log and the time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from importer.sandbox.faults import FaultDial
from importer.sandbox.limit import SlidingLimit
from importer.sandbox.request_log import BOOKINGS_PATH, TOKEN_PATH
from importer.sandbox.store import FIRST_ID, BookingStore
from importer.sandbox.tokens import TokenDesk

if TYPE_CHECKING:
    from importer.sandbox.config import Limit, Location, RequestKind, SandboxConfig
    from importer.sandbox.faults import Hit
    from importer.sandbox.request_log import RequestLog
    from importer.sandbox.store import BookingRecord


@dataclass(slots=True)
class Call:
    """One request on its way through the sandbox."""

    n: int
    """Its number in the log; 0 for a request of the warm-up, which is not logged."""
    mono: float
    method: str
    path: str
    body: bytes = field(default=b"", repr=False)
    body_hmac: str | None = None
    hit: Hit | None = None
    record: BookingRecord | None = None
    is_answered: bool = False

    @property
    def is_warm_up(self) -> bool:
        """Tell whether the server sent it to itself."""
        return self.n == 0

    @property
    def kind(self) -> RequestKind:
        """Tell which endpoint it is for."""
        if self.path == BOOKINGS_PATH and self.method == "POST":
            return "booking"
        if self.path == TOKEN_PATH:
            return "token"
        if self.path.endswith("/slots"):
            return "slots"
        if self.path.startswith("/v1/partner/locations/"):
            return "location"
        return "external" if self.path.startswith("/v1/partner/external_bookings/") else "other"


class SandboxState:
    """What a sandbox knows; one thread, its event loop's, changes it."""

    def __init__(self, config: SandboxConfig, log: RequestLog) -> None:
        """Start as configured, with the bookings that the log already holds."""
        self.config = config
        self.log = log
        self.is_ready = False
        self.locations: dict[int, Location] = {place.id: place for place in config.locations}
        self._start()

    def _start(self, first_id: int | None = None) -> None:
        """Start as configured, with the earlier bookings or, given an id, with none."""
        config = self.config
        self.store = BookingStore(
            self.log.key,
            self.log.earlier if first_id is None else (),
            first_id=FIRST_ID if first_id is None else first_id,
            keeps_fields=config.keeps_bodies,
        )
        self.clock_ahead_s = 0.0
        self.tokens = TokenDesk(seed=config.seed, lifetime_s=config.token_lifetime_s)
        self.dial = FaultDial(config)
        self.limit: SlidingLimit | None = None
        self.set_limit(config.limit)
        self.requests = 0
        self.statuses: Counter[str] = Counter()

    def become_ready(self) -> None:
        """Forget the warm-up and open to everybody."""
        self._start()
        self.is_ready = True

    def reset(self) -> None:
        """Start anew: no bookings, no tokens, faults and limit as configured; the log stays."""
        # Ids go on: the log may not hold one twice.
        self._start(first_id=self.store.next_id)

    def set_limit(self, limit: Limit | None) -> None:
        """Let another limit hold from now on, with an empty window."""
        self.limit = None if limit is None else SlidingLimit(limit)

    def now(self) -> float:
        """Return the sandbox's unix seconds."""
        return self.config.clock() + self.clock_ahead_s

    def location(self, name: object) -> Location | None:
        """Return the clinic of a number, its digits or, if switched on, its alias."""
        if isinstance(name, int):
            return self.locations.get(name)
        text = str(name)
        if text.isascii() and text.isdecimal():
            return self.locations.get(int(text)) if len(text) < 20 else None  # noqa: PLR2004 - 64 bits
        if self.config.has_aliases:
            return next((place for place in self.config.locations if place.alias == text), None)
        return None

    def book(
        self, call: Call, fields: dict[str, Any], location: Location, *, allow_walkin: bool | None
    ) -> BookingRecord:
        """Make the booking that `call` asks for; the next thing to happen is its log line."""
        call.record = self.store.add(
            fields,
            location,
            body_hmac=call.body_hmac,
            allow_walkin_scheduling=allow_walkin,
            gives_emr_id=self.config.gives_emr_ids,
        )
        return call.record

    def answered(self, call: Call, status: int | None) -> None:
        """Write the second line of `call`, once, before a byte of the answer leaves."""
        if call.is_answered:
            return
        call.is_answered = True
        if call.is_warm_up:
            return
        self.requests += 1
        self.statuses["none" if status is None else str(status)] += 1
        record = call.record
        self.log.answered(
            call.n,
            status=status,
            committed=record is not None,
            booking_id=record.id if record else None,
            body_hmac=call.body_hmac,
            natural_key=record.natural_key if record else None,
            fault=call.hit.fault.name if call.hit else None,
        )

    def counts(self) -> dict[str, Any]:
        """Return what the sandbox has seen, in numbers."""
        return {
            "requests": self.requests,
            "bookings": len(self.store.records),
            "statuses": dict(sorted(self.statuses.items())),
            "duplicates": len(self.store.duplicates()),
        }
