"""Which fault meets which row, and what the outcome table must say of that row.

The table is written out here by hand from what HTTP and the Partner API let a client know, and
shares nothing with `importer.outcomes`.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.chaos.network.answers import HTTP, STATUSES
from tests.chaos.network.faults import CUTS, CUTS_TRIED_IN_ALL_WAYS, TLS, TRANSPORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.chaos.network.faults import Fault

FAULTS: Final[dict[str, Fault]] = TRANSPORT | TLS | HTTP | STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the outcome table says of the row that met a fault."""

    words: frozenset[str]
    """What the results may say of it; more than one where no client can tell."""
    tries: int = 1
    """How often it is sent when it ends as booked."""
    ends_run: bool = False
    """No row after it is sent."""
    exit_code: int | None = None
    """Of the run; None: what the row's word alone makes of it."""
    is_freed_if_first: bool = False
    """As the first answer of all it is about the run, and the row may go again."""
    invariant: str = "I4"
    """Which promise is broken when it is otherwise."""


def _said(*words: str, **more: int | bool | str | None) -> Expected:
    return Expected(words=frozenset(words), **more)  # type: ignore[arg-type] # fields of Expected


BOOKED = _said("booked")
AGAIN = _said("booked", tries=2)
UNKNOWN = _said("unknown")
UNKNOWN_IN_TIME = _said("unknown", invariant="I8")
NOT_TOLD_APART = _said("booked", "unknown", tries=2)
"""Whether the connection ended before the first byte left is a race; the importer may know."""
ODD_BUT_READABLE = _said("booked", "unknown")
"""Broken on its way, yet its id is whole: to call it lost is as true as to read it."""
REJECTED = _said("rejected")
WRONG_ADDRESS = _said("rejected", ends_run=True, exit_code=2, is_freed_if_first=True)
UNTRUSTED = _said("not sent", ends_run=True, exit_code=2)
SIGN_IN_REFUSED = _said("not sent", ends_run=True, exit_code=4)
THROTTLED = _said("not sent", ends_run=True, exit_code=5)
UNKNOWN_AND_THROTTLED = _said("unknown", ends_run=True, exit_code=6)

_PATIENCE_S = 900.0
_ENDS = ("close", "reset", "half-close", "silence")
_UNSETTLED = (
    # 202/204, 408, 500, 502, 503, 504, 520 to 529; and what the table does not list
    *(202, 203, 206, 226, 299, 402, 407, 408, 411, 412, 418, 426, 428, 451, 499),
    *(500, 502, 503, 504, 507, 511, 520, 521, 522, 523, 524, 525, 526, 527, 529, 599, 999),
)
_TABLE: tuple[tuple[Expected, tuple[str, ...]], ...] = (
    # refused, connect time-out, TLS handshake reset, failed or timed out: not sent
    (
        AGAIN,
        (
            "refused",
            "accept queue full",
            "TLS: version 1.1",
            "TLS: handshake reset",
            "TLS: handshake closed",
            "TLS: handshake silent",
            "TLS: handshake stalled",
            "TLS: plain HTTP",
            "TLS: garbage",
        ),
    ),
    # certificate error: stop the run
    (
        UNTRUSTED,
        (
            "TLS: certificate of another authority",
            "TLS: certificate of another name",
            "TLS: certificate expired",
        ),
    ),
    # close or RST right after accept: cannot tell
    (NOT_TOLD_APART, ("closed when accepted", "reset when accepted")),
    # RST or FIN once something had left, or no whole status line: unknown
    (
        UNKNOWN,
        (
            "closed unread",
            "reset unread",
            "half-closed unread",
            "1st byte read, closed",
            "40 bytes read, closed",
            "40 bytes read, reset",
            "400 bytes read, reset",
            *(f"{end} after the {what}" for end in _ENDS[:3] for what in ("request", "booking")),
            "TLS: reset after the booking",
            "TLS: ended without goodbye after the booking",
            "TLS: record broken",
            "garbage",
            "garbage, SSH",
            "HTTP/0.9",
            "HTTP/2 preface",
            "status no number",
            "status of four digits",
            "huge header",
            "many headers",
            "header without end, close",
            "header without colon",
            "101 Switching Protocols",
        ),
    ),
    # truncated 200: unknown
    (
        UNKNOWN,
        (
            *(f"answer cut {place}, close" for place in CUTS),
            *(f"answer cut {place}, reset" for place in CUTS_TRIED_IN_ALL_WAYS),
            "TLS: answer cut, ended without goodbye",
            "TLS: answer cut, goodbye",
            "chunked, size too large",
            "Content-Length too long, close",
            "no Content-Length, cut",
        ),
    ),
    # read time-out, headers arrive and the body stalls: unknown, by the total deadline
    (
        UNKNOWN_IN_TIME,
        (
            "accepted and silent",
            "40 bytes read, silence",
            "silence after the request",
            "silence after the booking",
            "TLS: silence after the booking",
            "dripped",
            "dripped at its end",
            "TLS: dripped",
            *(f"answer cut {place}, silence" for place in CUTS_TRIED_IN_ALL_WAYS),
            "header without end, silence",
            "chunked, no last chunk",
            "Content-Length too long, silence",
            "no Content-Length, silence",
            "100 Continue for ever",
        ),
    ),
    # 200/201 with id: booked, however it comes
    (
        BOOKED,
        (
            "answered in slices",
            "answered late",
            "answered byte by byte, in time",
            "answered and ended",
            "answered and half-closed",
            "TLS: answer whole, ended without goodbye",
            "TLS: answered in slices",
            "201",
            "200 in an envelope",
            "200, id as digits",
            "200, only an id",
            "200, byte order mark",
            "HTTP/1.0",
            "lone line feeds",
            "chunked",
            "no Content-Length, close",
            "two answers",
            "two answers, a refusal",
            "trailing bytes",
            "trailing empty line",
            "100 Continue",
            "103 Early Hints",
            "gzip",
        ),
    ),
    (ODD_BUT_READABLE, ("HTTP/3.7", "chunked and Content-Length", "unknown encoding")),
    # 2xx without parsable id: unknown
    (
        UNKNOWN,
        (
            "200, no id",
            "201, no id",
            *(f"200, id {what}" for what in ("null", "true", "a fraction", "12.0", "a word", "0")),
            *(f"200, id {what}" for what in ("negative", "beyond 64 bits", "a list", "an object")),
            "200, id twice",
            "200, a list",
            "200, a number",
            "200, {}",
            "200, an error",
            "200, empty",
            "200, null",
            "200, HTML",
            "200, NaN",
            "200, cut JSON",
            "200, UTF-16",
            "200, Latin-1",
            "200, deep",
            "200, 10 MB",
            "200, the row before",
            "chunked, size no number",
            "Content-Length too short",
            "Content-Length twice",
            "Content-Length no number",
            "gzip, bad",
            "gzip, cut",
            "gzip, bomb",
        ),
    ),
    # 202/204, 408, 5xx, 503 with or without Retry-After, what is not listed: unknown
    (
        UNKNOWN,
        (
            *(f"{code}" for code in _UNSETTLED),
            *(f"{code}, booked" for code in _UNSETTLED),
            *(f"{code}, booked, with an id" for code in (202, 203, 500, 503)),
            "204, booked",
            "500, body cut",
            "503, Retry-After 1",
            "503, booked, Retry-After 1",
            "503, trusted, no Retry-After",
        ),
    ),
    (UNKNOWN_AND_THROTTLED, ("503, booked, Retry-After 1000000000",)),
    # 3xx, 405/415, 501/505: failed, and the run stops
    (
        WRONG_ADDRESS,
        (
            *(f"{code}, no place" for code in (300, 303, 304, 305)),
            *(f"{code}, another host" for code in (301, 302, 303, 307, 308)),
            "301, same host",
            "307, itself",
            "405",
            "415",
            "501",
            "505",
        ),
    ),
    # 400, 404, 406, 409, 410, 413, 414, 422, 431, 403 otherwise: failed, by the status line
    (
        REJECTED,
        (
            *(f"{code}" for code in (400, 404, 406, 409, 410, 413, 414, 422, 431)),
            *(f"422, {what}" for what in ("list", "no body", "HTML", "10 MB", "body cut")),
            "404, body cut",
            "409, body never comes",
            "403, place",
            "403, no body",
            "403, HTML",
        ),
    ),
    # 401, and 403 that means it: once more with another token; a fresh one stops the run
    (
        AGAIN,
        (
            "401, old token",
            "401, body cut, old token",
            "403, about the token, old",
            "403, token expired, old",
            "403, token of 51 minutes",
        ),
    ),
    (SIGN_IN_REFUSED, ("401, fresh token", "403, about the token, fresh", "403, gateway")),
    # 421, 425, 423: safe retry; 429: not processed, wait; 503 where the operator vouches
    (
        AGAIN,
        (
            *(f"{code}" for code in (421, 423, 425, 429)),
            *(f"429, Retry-After {what}" for what in ("0", "1", "soon", "past", "1e9")),
            "429, Retry-After garbage",
            "429, Retry-After negative",
            "429, RateLimit",
            "429, X-RateLimit-Reset",
            "429, gateway",
            "429, body cut",
            "429, body never comes",
            "425, Retry-After 1",
            "503, trusted, Retry-After 1",
        ),
    ),
    (THROTTLED, ("429, Retry-After in an hour", "429, Retry-After 1000000000")),
)
EXPECTED: Final[dict[str, Expected]] = {
    name: expected for expected, names in _TABLE for name in names
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault at one place of a small run."""

    fault_name: str
    position: str
    """Of the row that meets it: first, middle or last."""
    is_fresh: bool
    """Every request comes over a new connection; else over one that was used, where it can."""
    workers: int

    def __str__(self) -> str:
        """Return its name."""
        connection = "fresh" if self.is_fresh else "reused"
        return f"{self.fault_name} | {self.position} {connection} x{self.workers}"

    @property
    def fault(self) -> Fault:
        """Return what goes wrong."""
        return FAULTS[self.fault_name]

    @property
    def expected(self) -> Expected:
        """Return what the outcome table says."""
        return EXPECTED[self.fault_name]

    @property
    def rows(self) -> int:
        """Return how many rows the file has."""
        return 5 if self.workers == 1 else 10

    @property
    def strikes_at(self) -> int:
        """Return the place of the row that meets it, from 0."""
        # Of several workers each has opened its connection by then, so that it is used again.
        middle = 2 if self.workers == 1 else 6
        return {"first": 0, "middle": middle, "last": self.rows - 1}[self.position]

    @property
    def settled_first(self) -> int:
        """Return how many other rows have an outcome once only the struck one is under way."""
        if self.workers == 1 or self.position == "first":  # which goes alone
            return self.strikes_at
        return self.rows - 1


def chosen_cases(count: int, seed: int) -> list[Case]:
    """Return so many cases: every fault once, in an order of chance, before any comes twice."""
    chance = random.Random(seed)
    drawn: list[tuple[int, float, Case]] = []
    for name in FAULTS:
        cases = list(_cases_of(name))
        chance.shuffle(cases)
        # A few must do in the quick level: rather connections than one more status.
        weight = 4 if name in STATUSES else 2 if name in HTTP else 1
        drawn += [(turn, weight * chance.random(), case) for turn, case in enumerate(cases)]
    return [case for _, _, case in sorted(drawn, key=lambda one: one[:2])][:count]


def _cases_of(name: str) -> Iterator[Case]:
    """Yield the cases of one fault that make sense."""
    fault = FAULTS[name]
    for position, is_fresh, workers in _places_of(name):
        has_row_before = position != "first" or name != "200, the row before"
        # Of many workers, some would stand in the queue of a port that is closed.
        is_alone = workers == 1 or position == "first" or fault.port is None
        meets_it = is_fresh or (fault.port is None and fault.connected is None)
        # The first row comes over a used connection once it was told 429: a leap right behind
        # that is a quarter of an hour of nothing else, after which a run rightly stops.
        is_patient = fault.leap_s < _PATIENCE_S or position != "first" or is_fresh
        if has_row_before and is_alone and meets_it and is_patient:
            yield Case(fault_name=name, position=position, is_fresh=is_fresh, workers=workers)


def _places_of(name: str) -> Iterable[tuple[str, bool, int]]:
    """Return position, freshness and workers; the further up a fault, the less hangs on them."""
    if name in STATUSES:
        turn = list(STATUSES).index(name)
        return [_SOME_PLACES[turn % len(_SOME_PLACES)]]
    if name in HTTP:
        return _SOME_PLACES
    return itertools.product(("first", "middle", "last"), (True, False), (1, 4))


_SOME_PLACES = (
    ("first", True, 1),
    ("middle", False, 4),
    ("last", False, 1),
    ("first", False, 4),
    ("middle", True, 4),
)
