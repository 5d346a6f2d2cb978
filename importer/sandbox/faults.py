"""The fault dial: which request goes wrong, and how.

A fault is written as its name and options, such as `429,headers=http-date,wait=2`.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from dataclasses import dataclass, replace
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

from importer.sandbox.config import LimitHeaders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.sandbox.config import RequestKind, SandboxConfig

Target: TypeAlias = Literal["booking", "token", "location", "slots", "external", "other", "any"]
"""Which requests a fault may hit."""

WIRE_FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "close-before-read": "closes the connection without reading the request",
        "reset-before-read": "resets the connection without reading the request",
        "commit-then-drop": "books, then closes without an answer",
        "commit-then-reset": "books, then resets the connection",
        "commit-then-hang": "books, then says nothing for `seconds`",
        "stall-after-headers": "books, sends status and headers, then nothing for `seconds`",
        "truncated": "books, sends half of the answer and closes",
        "garbage": "books, then answers with something that is not HTTP",
        "drip": "books, then sends the answer one byte each `seconds`",
    }
)
"""What no well-behaved server does; acts on the connection itself."""

BODY_FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unparsable": "books, then answers 200 with JSON cut in half",
        "no-id": "books, then answers 200 without an id",
        "null-id": "books, then answers 200 with id null",
        "201": "books and answers 201 with the booking",
        "202": "books, then answers 202 without the booking",
        "204": "books, then answers 204",
    }
)
"""What hides a booking behind a success."""

PASSING_FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "latency": "waits `seconds`, then goes on as usual",
        "expire-tokens": "expires every token, then goes on as usual",
    }
)
"""What changes the world and lets the request through."""

SPECIAL_STATUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "422-string": "422 whose detail is a sentence",
        "503-retry-after": "503 with Retry-After",
        "504-uncommitted": "504, and nothing was booked",
        "gateway-forbidden": '403 {"message": "Forbidden"}',
    }
)
"""Statuses with a name of their own; any other is its three digits."""

_COMMITTING = frozenset(
    {"504", *BODY_FAULTS, *WIRE_FAULTS} - {"close-before-read", "reset-before-read"}
)
_SECONDS = MappingProxyType(
    {"latency": 0.2, "drip": 0.05, "commit-then-hang": 3600.0, "stall-after-headers": 3600.0}
)
_MARKER = re.compile(r"\bfault:([a-z0-9-]+(?:,[a-z]+=[a-z0-9.-]*[a-z0-9])*)")
_MOST_QUEUED = 100_000
_MARKED_FIELDS = ("reason", "attribution")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to go wrong."""

    name: str
    commits: bool
    """Whether the booking is made all the same."""
    seconds: float = 0.0
    wait_s: float = 1.0
    """What a Retry-After asks for."""
    headers: LimitHeaders = "retry-after"
    times: int = 1
    """How often a row's marker hits before the row goes through."""

    @property
    def is_before_read(self) -> bool:
        """Tell whether it acts before the request has been read."""
        return self.name in {"close-before-read", "reset-before-read"}

    @property
    def is_on_the_wire(self) -> bool:
        """Tell whether it acts on the connection itself."""
        return self.name in WIRE_FAULTS

    @property
    def is_passing(self) -> bool:
        """Tell whether the request goes on as usual afterwards."""
        return self.name in PASSING_FAULTS


def parse_fault(text: str) -> Fault:
    """Return the fault that `text` names.

    Raises:
        ValueError: There is no such fault, or an option is wrong.
    """
    name, *options = text.strip().split(",")
    if not _exists(name):
        raise ValueError(f"there is no fault {name!r}")
    fault = Fault(name=name, commits=name in _COMMITTING, seconds=_SECONDS.get(name, 0.0))
    for option in options:
        fault = _with_option(fault, *option.split("=", 1))
    return fault


def _exists(name: str) -> bool:
    named = (WIRE_FAULTS, BODY_FAULTS, PASSING_FAULTS, SPECIAL_STATUSES)
    if any(name in group for group in named):
        return True
    is_status = re.fullmatch(r"[2-5]\d\d", name) is not None
    return is_status and int(name) != HTTPStatus.OK


def _with_option(fault: Fault, key: str, given: str = "") -> Fault:
    match key:
        case "commit" if given in {"yes", "no"}:
            return replace(fault, commits=given == "yes")
        case "seconds":
            return replace(fault, seconds=float(given))
        case "wait":
            return replace(fault, wait_s=float(given))
        case "headers" if given in get_args(LimitHeaders):
            return replace(fault, headers=cast("LimitHeaders", given))
        case "times":
            return replace(fault, times=int(given))
        case _:
            raise ValueError(f"fault {fault.name!r} takes no {key}={given}")


@dataclass(frozen=True, slots=True)
class Hit:
    """A fault that hits one request, and where it came from."""

    fault: Fault
    queued_for: Target | None = None
    marked_body: str | None = None


class FaultDial:
    """Decides for every request whether and how it goes wrong; repeatable by its seed."""

    def __init__(self, config: SandboxConfig) -> None:
        """Set the dial as configured."""
        self._random = random.Random(f"{config.seed} faults")  # noqa: S311 - repeatable on purpose
        self._rates: dict[tuple[Target, str], tuple[Fault, float]] = {}
        self._queue: list[tuple[Target, Fault]] = []
        self._numbered = {n: parse_fault(text) for n, text in config.numbered_faults.items()}
        self._has_markers = config.has_row_markers
        self._marked: Counter[tuple[str, str]] = Counter()
        for text, rate in config.faults.items():
            self.set_rate(text, rate)

    def set_rate(self, text: str, rate: float, on: Target = "booking") -> None:
        """Let a fault hit that share of requests; 0 ends it.

        Raises:
            ValueError: The rate is not from 0 to 1, or the rates together exceed 1.
        """
        fault = parse_fault(text)
        rates = self._rates | {(on, text): (fault, rate)}
        if not 0 <= rate <= 1 or sum(share for _, share in rates.values()) > 1 + 1e-9:
            raise ValueError("fault rates stand between 0 and 1, also together")
        self._rates = {key: kept for key, kept in rates.items() if kept[1] > 0}

    def queue(self, text: str, count: int = 1, on: Target = "booking") -> None:
        """Let a fault hit the next `count` requests, after those queued before.

        Raises:
            ValueError: There is no such fault, or too many are asked for.
        """
        fault = parse_fault(text)
        if not 0 <= count <= _MOST_QUEUED:
            raise ValueError(f"at most {_MOST_QUEUED} faults at once")
        self._queue += [(on, fault)] * count

    def set_numbered(self, n: int, text: str) -> None:
        """Let a fault hit the request that the log numbers `n`."""
        self._numbered[n] = parse_fault(text)

    def pick(self, n: int, kind: RequestKind) -> Hit | None:
        """Return what hits request `n`: by its number, by the queue or by rate."""
        if n in self._numbered:
            return Hit(self._numbered.pop(n))
        for place, (on, fault) in enumerate(self._queue):
            if on in {kind, "any"}:
                del self._queue[place]
                return Hit(fault, on)
        return self._by_rate(kind)

    def give_back(self, hit: Hit) -> None:
        """Take back a fault that could not act, such as a drop after a refused booking."""
        if hit.queued_for is not None:
            self._queue.insert(0, (hit.queued_for, hit.fault))
        if hit.marked_body is not None:
            self._marked[hit.marked_body, hit.fault.name] -= 1

    def marked(self, body: bytes, body_id: str | None) -> Hit | None:
        """Return the fault that a booking's own text asks for, as often as it asks."""
        if not self._has_markers or body_id is None or b"fault:" not in body:
            return None
        fault = _marker_of(body)
        if fault is None or self._marked[body_id, fault.name] >= fault.times:
            return None
        self._marked[body_id, fault.name] += 1
        return Hit(fault, marked_body=body_id)

    def _by_rate(self, kind: RequestKind) -> Hit | None:
        rates = [kept for (on, _), kept in self._rates.items() if on in {kind, "any"}]
        if not rates:
            return None
        drawn = self._random.random()
        for fault, rate in rates:
            drawn -= rate
            if drawn < 0:
                return Hit(fault)
        return None


def _marker_of(body: bytes) -> Fault | None:
    """Return the fault named in `reason` or `attribution`; a misspelt one is just a reason."""
    try:
        fields = json.loads(body)
        texts = [str(fields.get(name, "")) for name in _MARKED_FIELDS]
        found = _MARKER.search(" ".join(texts))
        return parse_fault(found[1]) if found else None
    except (ValueError, AttributeError, RecursionError):
        return None
