"""The server of the model: it takes bookings, loses answers, and writes down what it saw."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from importer.errors import CredentialsError
from importer.model import NotTaken, NotTakenCause, Outcome, Unknown
from importer.outcomes import Answer, outcome_of
from importer.verify import Seen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from tests.chaos.model.process import ModelClock, Process

_WAY_S = 0.05
"""From us to the server, and back."""
_LATE_S = 14 * 60.0
"""A request may be booked so much later, within the time that a person has to wait."""
_FIRST_ID = 100_001
_REFUSAL = {"detail": [{"loc": ["body", "phone"], "msg": "?", "type": "value_error"}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one request."""

    status: int | None = 200
    """None: the answer is lost."""
    is_taken: bool = False
    tells_id: bool = True
    """A 200 names the booking; else it is a page of words."""
    repeats_id: bool = False
    """It names the booking of somebody else, which is on disk with us."""
    wait_s: int | None = None
    is_late: bool = False
    """It is booked minutes after everybody has given it up."""
    leaves: bool = True
    message: str = ""


FINE: Final = "fine"
FATES: dict[str, Fate] = {
    FINE: Fate(is_taken=True),
    "201": Fate(status=201, is_taken=True),
    "lost": Fate(status=None),
    "lost, but booked": Fate(status=None, is_taken=True),
    "lost, and booked late": Fate(status=None, is_late=True),
    "never left": Fate(leaves=False),
    "500": Fate(status=500),
    "500, but booked": Fate(status=500, is_taken=True),
    "503, wait": Fate(status=503, wait_s=30),
    "504, but booked": Fate(status=504, is_taken=True),
    "504, and booked late": Fate(status=504, is_late=True),
    "401": Fate(status=401),
    "403": Fate(status=403),
    "403 of the gateway": Fate(status=403, message="Forbidden"),
    "409": Fate(status=409),
    "422": Fate(status=422),
    "423": Fate(status=423),
    "429": Fate(status=429),
    "429, wait": Fate(status=429, wait_s=30),
    "302": Fate(status=302),
    "200 without id": Fate(tells_id=False),
    "200 without id, but booked": Fate(tells_id=False, is_taken=True),
    "200 with an id told before": Fate(is_taken=True, repeats_id=True),
}


@dataclass(slots=True, kw_only=True)
class Booking:
    """One booking, as the server has it."""

    booking_id: int
    natural_key: str
    is_cancelled: bool = False


@dataclass(slots=True, kw_only=True)
class Flight:
    """A request under way."""

    body: bytes = field(repr=False)
    fate: Fate
    has_arrived: bool = False
    booking_id: int | None = None
    """What the answer says, if it says any."""


@dataclass(slots=True, kw_only=True)
class ModelServer:
    """Books whatever it takes, as often as it is asked; it is told what befalls each request."""

    clock: ModelClock
    log: list[Seen] = field(default_factory=list)
    bookings: dict[int, Booking] = field(default_factory=dict)
    acknowledged: dict[int, int] = field(default_factory=dict)
    """Row id -> booking id, of every answer that some process had on disk."""
    _late: list[tuple[float, int]] = field(default_factory=list)
    """When which request of the log will be booked."""
    _fates: Iterator[Fate] = field(default_factory=lambda: iter(()))

    def expect(self, words: Iterable[str]) -> None:
        """Let these befall the next requests, and nothing the ones after them."""
        self._fates = iter([FATES[word] for word in words])

    def next_fate(self) -> Fate:
        """Return what befalls the next request."""
        return next(self._fates, FATES[FINE])

    def takes(self, flight: Flight) -> None:
        """See a request, once, and book it if it is to be."""
        if flight.has_arrived:
            return
        flight.has_arrived, fate = True, flight.fate
        told = [n for n in self.acknowledged.values() if not self.bookings[n].is_cancelled]
        if fate.is_late:
            self._late.append((self.clock.true_s + _LATE_S, len(self.log)))
        booking_id = self._book(flight.body) if fate.is_taken else None
        is_told = fate.status in (200, 201) and fate.tells_id
        flight.booking_id = told[0] if is_told and fate.repeats_id and told else booking_id
        self.log.append(
            Seen(
                arrived_s=self.clock.true_s,
                status=fate.status,
                is_committed=booking_id is not None,
                booking_id=booking_id,
                body=flight.body.decode(),
                booking=natural_key(flight.body),
                is_whole=is_told and flight.booking_id == booking_id,
            )
        )

    def catch_up(self, *, at_once: bool = False) -> None:
        """Book what is due by now, or all that is still on its way."""
        due = [late for late in self._late if at_once or late[0] <= self.clock.true_s]
        self._late = [late for late in self._late if late not in due]
        for _, number in due:
            seen = self.log[number]
            booking_id = self._book(seen.body.encode())
            self.log[number] = replace(seen, is_committed=True, booking_id=booking_id)

    def found(self, key: str) -> list[int]:
        """Return the bookings of one patient at one time, as a person finds them."""
        self.catch_up()
        same = (b for b in self.bookings.values() if b.natural_key == key and not b.is_cancelled)
        return [booking.booking_id for booking in same]

    def live(self) -> Counter[str]:
        """Return how many bookings stand for each patient and time."""
        return Counter(b.natural_key for b in self.bookings.values() if not b.is_cancelled)

    def _book(self, body: bytes) -> int:
        booking_id = _FIRST_ID + len(self.bookings)
        self.bookings[booking_id] = Booking(booking_id=booking_id, natural_key=natural_key(body))
        return booking_id


@dataclass(slots=True, kw_only=True)
class ModelConnection:
    """One connection of one process to the server."""

    server: ModelServer
    process: Process

    async def create_booking(
        self, body: bytes, *, before_first_byte: Callable[[], Awaitable[bool]]
    ) -> Outcome:
        """Wait at the gate, leave, and answer; a process that is dead does none of it."""
        fate = self.server.next_fate()
        self.process.must_live()
        if not fate.leaves:
            return NotTaken(cause=NotTakenCause.NO_CONNECTION, reason="ConnectError", left=False)
        if not await before_first_byte():
            return NotTaken(cause=NotTakenCause.HELD_BACK, left=False)
        self.process.must_live()
        flight = Flight(body=body, fate=fate)
        try:
            self.process.sends()
            await self.process.clock.sleep(_WAY_S)
            self.server.takes(flight)
            await self.process.clock.sleep(_WAY_S)
        finally:
            if self.process.is_heard_after_its_end:
                self.server.takes(flight)
        self.process.must_live()
        return self._outcome_of(flight)

    def _outcome_of(self, flight: Flight) -> Outcome:
        fate = flight.fate
        if fate.status is None:
            return Unknown(reason="ReadTimeout")
        self.process.sign_in.hears(fate.status)
        waits = () if fate.wait_s is None else (("Retry-After", str(fate.wait_s)),)
        return outcome_of(
            Answer(status=fate.status, headers=waits, body=_body_of(flight)),
            token_age_s=120.0,
            now=self.process.clock.now(),
        )


@dataclass(slots=True)
class SignIn:
    """Has a token, until two of them in a row were refused."""

    process: Process
    _refusals: int = 0

    async def __call__(self) -> None:
        """Have a token.

        Raises:
            CredentialsError: A fresh token was refused.
        """
        self.process.must_live()
        if self._refusals > 1:
            raise CredentialsError("a fresh token was refused")

    def hears(self, status: int) -> None:
        """Note whether the token was good."""
        self._refusals = self._refusals + 1 if status == 401 else 0


def natural_key(body: bytes) -> str:
    """Return place, time and patient of a request, as the clinic would name them."""
    told = json.loads(body)
    at = datetime.fromisoformat(told["appointment_date"]).astimezone(UTC)
    names = f"{told['first_name']} {told['last_name']}".replace(
        "\N{RIGHT SINGLE QUOTATION MARK}", "'"
    )
    who = unicodedata.normalize("NFKC", names).casefold()
    return f"{told['location_id']} {at:%Y-%m-%d %H:%M} {told['birth_date']} {who}"


def _body_of(flight: Flight) -> bytes:
    fate = flight.fate
    if fate.status in (200, 201):
        told = {"id": flight.booking_id, "status": "RESERVED"}
        return json.dumps(told).encode() if fate.tells_id else b"<html>thank you</html>"
    if fate.message:
        return json.dumps({"message": fate.message}).encode()
    return json.dumps(_REFUSAL if fate.status == 422 else {"detail": "no"}).encode()
