"""What of a trace went over the wire: booking requests, their answers, and what relied on them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.power.strace_log import Moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.power.strace_log import Event

_REQUEST = b"POST /v1/partner/bookings "
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"
_NOT_TAKEN = frozenset({401, 421, 423, 425, 429})


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One booking request; instants are numbers of events, None is never."""

    body: bytes = b""
    """As far as it left."""
    left_at: int
    """Where its first byte was handed to the system."""
    is_whole: bool = False
    answered_at: int | None = None
    """Where its whole answer had been read."""
    status: int | None = None
    booking_id: int | None = None
    relied_on_at: int | None = None
    """From where on the program claims that the answer is durable: its worker has sent the next
    request, or the command has ended."""

    @property
    def may_be_taken(self) -> bool:
        """Return whether the answer leaves it open that there is a booking."""
        return self.status not in _NOT_TAKEN


class _Wire:
    """One connection."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.back = bytearray()
        self.exchange: Exchange | None = None


def exchanges_of(events: Sequence[Event]) -> list[Exchange]:
    """Return the booking requests of a trace, in the order in which they left."""
    found: list[Exchange] = []
    wires: dict[str, _Wire] = {}
    earlier = 0
    for at, event in enumerate(events):
        if event.moment is Moment.START:
            earlier = len(found)
        if event.moment is Moment.EXIT:
            for exchange in found[earlier:]:
                if exchange.relied_on_at is None and exchange.answered_at is not None:
                    exchange.relied_on_at = at
        call = event.call
        if call is None or call.has_failed or call.name not in {"sendto", "recvfrom"}:
            continue
        wire = wires.setdefault(call.handle(), _Wire())
        if call.name == "sendto" and event.moment is Moment.BEGIN:
            left = _left(wire, call.data(1), at)
            found += [] if left is None else [left]
        elif call.name == "recvfrom" and event.moment is Moment.END:
            _read(wire, call.data(1), at)
    return found


def _left(wire: _Wire, data: bytes, at: int) -> Exchange | None:
    """Add what has left; return the request that begins with it, if one does."""
    begun = None
    if data.startswith(_REQUEST):
        if wire.exchange is not None and wire.exchange.answered_at is not None:
            wire.exchange.relied_on_at = at
        wire.exchange = begun = Exchange(left_at=at)
        wire.out, wire.back = bytearray(), bytearray()
    wire.out += data
    if wire.exchange is not None and not wire.exchange.is_whole:
        body = _body_of(wire.out)
        wire.exchange.is_whole = body is not None
        wire.exchange.body = body or b""
    return begun


def _read(wire: _Wire, data: bytes, at: int) -> None:
    wire.back += data
    exchange = wire.exchange
    body = _body_of(wire.back)
    if exchange is None or body is None or exchange.answered_at is not None:
        return
    status = _STATUS.match(wire.back)
    assert status is not None, "an answer without a status"
    exchange.answered_at, exchange.status = at, int(status[1])
    if exchange.status == 200:
        exchange.booking_id = json.loads(body)["id"]


def _body_of(message: bytes | bytearray) -> bytes | None:
    """Return the body of a message once it is whole."""
    head, end, body = bytes(message).partition(_END_OF_HEAD)
    length = _LENGTH.search(head)
    if not end or length is None or len(body) < int(length[1]):
        return None
    return body[: int(length[1])]
