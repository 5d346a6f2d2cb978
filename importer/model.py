"""The words of the importer, as frozen types."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, NewType, Protocol, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

RowKey = NewType("RowKey", str)
"""The ledger's random name of one row of one file; it says nothing about the patient."""

RunId = NewType("RunId", str)
"""The name of one run, such as `2026-11-22-7f3a9c`."""

RESULTS_PROPERTY = "solv-import-results"
"""The document property that marks a results workbook of ours; its value is the run id."""


class Clock(Protocol):
    """What the importer knows of time; the real one is `importer.clock.SystemClock`."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""


class State(StrEnum):
    """What the ledger holds of one row."""

    READY = "ready"
    """May be sent; reported as `not_sent` when the run has ended."""
    SENDING = "sending"
    """On disk before the first byte leaves; found at start-up it becomes `unknown`."""
    BOOKED = "booked"
    """Solv has it, and told us its id."""
    REJECTED = "rejected"
    """Solv refused it; there is no booking."""
    UNKNOWN = "unknown"
    """Sent, answer lost: there may be a booking. Never sent again by guess."""
    INVALID = "invalid"
    """Fails validation; never sent."""
    DUPLICATE = "duplicate"
    """The same booking as an earlier row of this file; never sent."""
    SKIPPED = "skipped"
    """Booked by an earlier run, whose booking id it carries."""
    LEFT_OUT = "left_out"
    """Left out by the operator (`--limit`, `--rows`); eligible next time."""
    SUPERSEDED = "superseded"
    """Was ready when its file was planned anew, in a later run; reported as `not_sent`."""
    BLANK = "blank"
    """Every cell is empty, or it is the template's example as it came; nobody stands in it."""


STATUS_WORDS: Mapping[State, str] = {
    State.READY: "not sent",
    State.SENDING: "sending",
    State.BOOKED: "booked",
    State.REJECTED: "rejected",
    State.UNKNOWN: "unknown",
    State.INVALID: "invalid",
    State.DUPLICATE: "duplicate",
    State.SKIPPED: "skipped",
    State.LEFT_OUT: "left out",
    State.SUPERSEDED: "not sent",
    State.BLANK: "blank",
}
"""What people read for each state, in results, reports and on the terminal."""


class Answer(StrEnum):
    """What a person may decide about a row; leaving it as it is needs none."""

    BOOKED = "booked"
    NOT_BOOKED = "not booked"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRequest:
    """The body of one Create Booking request; an empty optional field is None.

    Source:
        Solv Partner API, Create Booking, request body: all twenty fields, in its spelling.
    """

    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    phone: str = field(repr=False)
    birth_date: str = field(repr=False)
    appointment_date: str = field(repr=False)
    location_id: int | str
    is_walk_in: bool | None = None
    email: str | None = field(default=None, repr=False)
    reason: str | None = field(default=None, repr=False)
    birth_sex: str | None = field(default=None, repr=False)
    address_street: str | None = field(default=None, repr=False)
    address_street_secondary: str | None = field(default=None, repr=False)
    address_city: str | None = field(default=None, repr=False)
    address_state: str | None = field(default=None, repr=False)
    address_zip: str | None = field(default=None, repr=False)
    attribution: str | None = field(default=None, repr=False)
    custom_booking_management_url: str | None = field(default=None, repr=False)
    emr_patient_id: str | None = field(default=None, repr=False)
    paperwork_status: str | None = field(default=None, repr=False)
    visit_type_id: int | None = None

    def to_body(self) -> dict[str, Any]:
        """Return the JSON body: documented fields only, empty ones left out."""
        values = ((name, getattr(self, name)) for name in BOOKING_FIELDS)
        return {name: value for name, value in values if value is not None}


BOOKING_FIELDS: tuple[str, ...] = tuple(f.name for f in fields(BookingRequest))
"""The twenty body fields, in the order of the API's page."""

REQUIRED_FIELDS: tuple[str, ...] = BOOKING_FIELDS[:6]
"""The six that every booking needs."""

DATE_FIELDS: tuple[str, ...] = ("birth_date", "appointment_date")
"""Fields whose cells may be dates such as 03/04/1985."""

DELIMITER_NAMES: Mapping[str, str] = {
    "tab": "\t",
    "\\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "bar": "|",
    "pipe": "|",
}
"""What people may call the character between cells."""

GUARD_NAMES: tuple[str, ...] = ("headings", "no-rows", "rows", "invalid", "days-ahead", "server")
"""What may hold a run with a profile before its first request."""

DateOrder: TypeAlias = Literal["MDY", "DMY"]
"""Which of day and month comes first."""

ORDER_WORDS: Mapping[DateOrder, str] = {"MDY": "month/day", "DMY": "day/month"}
"""How people are told of each."""

NamePattern: TypeAlias = Literal["Last, First", "First Last", "Last, First Middle"]
"""How one cell holds a whole name; a middle name is not sent."""

NAME_PATTERNS: tuple[NamePattern, ...] = get_args(NamePattern)

NAME_FIELDS: tuple[str, ...] = ("first_name", "last_name")
"""What one column of whole names is split into."""

MAY_BE_JOINED: tuple[str, ...] = ("appointment_date",)
"""Fields whose date and time of day may stand in two columns."""

TEXT_FIELDS: frozenset[str] = frozenset(
    (
        *("first_name", "last_name", "reason", "attribution", "emr_patient_id"),
        *("address_street", "address_street_secondary", "address_city", "paperwork_status"),
    )
)
"""Fields that are sent as they were typed, whatever that is."""

ID_FIELDS: tuple[str, ...] = ("location_id", "visit_type_id")
"""Fields whose value is an id of Solv's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersConfirmed:
    """A person says that these columns of dates are written in these orders."""

    orders: Mapping[str, DateOrder]
    """By API field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadingsAccepted:
    """A person lets one file have other headings than its profile was made for."""

    expected: tuple[str, ...]
    """Those of the profile; the file's own may be a patient's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAccepted:
    """A person lets a profile read rows otherwise than it did before."""

    change: str
    """The mark of that very change."""


Confirmation: TypeAlias = OrdersConfirmed | HeadingsAccepted | ChangeAccepted
"""What one yes of a person settles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Three keyed hashes of one row (HMAC-SHA256, 32 bytes each); they reveal no value."""

    fingerprint: bytes
    """Same fingerprint, same booking: location, instant, birth date, names; not the phone."""
    request: bytes
    """Same request: the whole canonical body, and a middle name that is not sent."""
    visitor: bytes
    """Same visitor: location, birth date, names; whatever the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """Where a 422 answer saw a fault: API field and error type, never its text."""

    loc: str
    type: str


class NotTakenCause(StrEnum):
    """Why a booking request was surely not taken, so that it may go again."""

    NO_CONNECTION = "no connection"
    CERTIFICATE = "certificate refused"
    UNAUTHORIZED = "token refused"
    TOO_MANY_REQUESTS = "too many requests"
    LOCKED = "locked"
    MISDIRECTED = "misdirected"
    TOO_EARLY = "too early"
    UNAVAILABLE = "unavailable"
    """503 with Retry-After, only where the setting says that it was not taken."""
    HELD_BACK = "held back"
    """We ourselves stopped it before its first byte: a pause or a stop came first."""


class RunStop(StrEnum):
    """What one answer alone says about the whole run."""

    WRONG_ADDRESS = "wrong address"
    """A redirect, or a method or version that this address does not know: exit 2."""
    GATEWAY_REFUSED = "gateway refused the key"
    """`{"message": "Forbidden"}`: the row goes back to ready, exit 4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """Solv has the booking, and this is its id."""

    booking_id: int
    solv_status: str = ""
    emr_booking_id: str = ""
    http_status: int = 200
    server_ids: str = ""
    """Request ids that Solv support would ask for, as `name=value` pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Solv refused the row: there is no booking."""

    http_status: int
    errors: tuple[FieldError, ...] = ()
    text: str = field(default="", repr=False)
    """The server's own words; they may echo a patient, so only spool and results hold them."""
    server_ids: str = ""
    stop: RunStop | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """There may be a booking: the answer was lost, or does not say."""

    reason: str
    http_status: int | None = None
    server_ids: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """Surely not taken: it never left, or was refused before it was looked at."""

    cause: NotTakenCause
    http_status: int | None = None
    retry_after_s: float | None = None
    """How long the server asked everybody to wait; None when it did not say."""
    reason: str = ""
    """The exception's class name, for people."""
    left: bool = True
    """Whether a request reached the wire; it counts as a request then."""
    stop: RunStop | None = None


Outcome: TypeAlias = Booked | Rejected | Unknown | NotTaken
