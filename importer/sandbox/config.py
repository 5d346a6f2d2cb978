"""What a sandbox server is told before it starts; cheap to import."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Dialect: TypeAlias = Literal["v1", "v2"]
"""Whose 422 bodies and coercion: Pydantic 1 (as the partner pages were rendered) or 2."""

LimitHeaders: TypeAlias = Literal[
    "retry-after", "http-date", "none", "x-ratelimit", "ratelimit", "ratelimit-old"
]
"""How a 429 says how long to wait."""

Policy: TypeAlias = Literal["accept", "409", "422-list", "422-string"]
"""What a booking of a full slot, or of a time that has passed, is answered with."""

RequestKind: TypeAlias = Literal["booking", "token", "location", "slots", "external", "other"]
"""Which endpoint a request was for."""

SCOPES: tuple[str, ...] = ("read:locations", "read:bookings", "write:bookings")
"""The scopes that the partner pages name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """An invented clinic."""

    id: int
    name: str
    timezone: str
    is_granted: bool = True
    """False: it exists, but this client may not book there (403)."""
    alias: str | None = None
    """Its public six-character id, taken only with `has_aliases`."""


LOCATIONS: tuple[Location, ...] = (
    Location(id=4021, name="Harbor Test Clinic", timezone="America/Los_Angeles", alias="HBRt21"),
    Location(id=4022, name="Prairie Test Clinic", timezone="America/Chicago", alias="PRRt22"),
    Location(id=4023, name="Beacon Test Clinic", timezone="America/New_York", alias="BCNt23"),
    Location(id=4024, name="Mesa Test Clinic", timezone="America/Phoenix", alias="MSAt24"),
    Location(id=4025, name="Lagoon Test Clinic", timezone="Pacific/Honolulu", alias="LGNt25"),
    Location(
        id=4999, name="Somebody Else's Test Clinic", timezone="America/Denver", is_granted=False
    ),
)
"""The clinics of a sandbox that is told of no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A server-side limit: so many requests in any window, then 429."""

    requests: int
    window_s: float = 1.0
    headers: LimitHeaders = "retry-after"
    counts_only_bookings: bool = False
    """False: token calls and look-ups count as well."""
    counts_refused: bool = False
    """True: a request answered with 429 uses up the limit too."""

    def __post_init__(self) -> None:
        """Refuse a limit that could never be kept.

        Raises:
            ValueError: Fewer than one request, no window, or headers that do not exist.
        """
        if self.requests < 1 or self.window_s <= 0 or self.headers not in get_args(LimitHeaders):
            raise ValueError("a limit needs requests, a window and headers that exist")


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Every switch of the sandbox; the defaults are the documented API."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    client_id: str = "sandbox-client"
    client_secret: str = field(default="sandbox-secret", repr=False)
    seed: int = 0
    log_path: Path | None = None
    """The request log, its key beside it. None: in a private folder that goes with the server."""
    clock: Callable[[], float] = time.time
    """Unix seconds, for tokens, past times and slots. The log is always stamped with real time."""

    locations: tuple[Location, ...] = LOCATIONS
    visit_types: tuple[int, ...] = (1, 2, 3)
    has_aliases: bool = False
    slot_capacity: int = 4
    slot_days_v2: int = 14
    slot_full: Policy = "accept"
    past_time: Policy = "accept"

    dialect: Dialect = "v1"
    unauthorized_status: Literal[401, 403] = 401
    bad_credentials_status: Literal[400, 401, 403] = 401
    has_envelope: bool = False
    empty_as: Literal["", "null"] = ""
    """What `email` and `reason` hold in an answer when the request had none."""
    gives_emr_ids: bool = False
    """True: a booking carries an `emr_booking_id` at once, and can be addressed by it."""

    token_lifetime_s: int = 3600
    takes_client_credentials: bool = False
    """True: `grant_type` may also be `client_credentials`, as the quick start says."""
    granted_scopes: tuple[str, ...] = SCOPES
    has_lenient_scopes: bool = False
    """True: any live token may read locations and slots."""

    latency_s: float = 0.0
    limit: Limit | None = None
    faults: Mapping[str, float] = field(default_factory=dict)
    """Fault to rate (0 to 1), for booking requests."""
    numbered_faults: Mapping[int, str] = field(default_factory=dict)
    """Request number to fault."""
    has_row_markers: bool = True
    """True: `fault:NAME` in a booking's `reason` or `attribution` makes it fail that way."""

    keep_alive_s: int = 5
    max_body_bytes: int = 1 << 20
    keeps_bodies: bool = True
    """False: bodies are not kept in memory, for a million rows; then no EMR id is known again."""
