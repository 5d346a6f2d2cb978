"""The lines of the audit file: a chain of hashes, and which line of it somebody changed."""

from __future__ import annotations

import hashlib
import hmac
import json
from bisect import bisect_left
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

_HASH = b',"hash":"'
_END = b'"}'
_HEX = 64


class AuditKind(StrEnum):
    """What a line tells of."""

    BEGUN = "begun"
    """The ledger was made; or its audit file was lost, and begins anew."""
    PLANNED = "planned"
    """A file was read, checked and registered as a run."""
    ACCEPTED = "accepted"
    """Somebody, or a setting, let a plan be sent."""
    ENDED = "ended"
    """A run came to an end."""
    DECIDED = "decided"
    """A person settled rows whose outcome was unknown, or a booking that was cancelled."""
    RELEASED = "released"
    """Rejected rows may be sent again."""
    PURGED = "purged"
    """What an ended run held of its rows was deleted."""
    RECOVERED = "recovered"
    """What a crash left at the end of the file, and that it never came to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a line says: names of ours, numbers and hashes, never what stands in a file."""

    kind: AuditKind
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes: the operating system's name of the user, and of the machine."""

    user: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The end of the file, as the ledger keeps it."""

    number: int = 0
    """Of the last line; the first one is 1."""
    digest: str = ""
    """SHA-256 of the last line without its line break, "" before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line that is as it was written."""

    number: int
    at: str
    entry: Entry
    who: Writer
    previous: str
    """SHA-256 of the line before."""
    digest: str
    """SHA-256 of this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something wrong at one line."""

    line: int
    """Counted from 1 in the file as it is; one beyond its end where lines are missing there."""
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A whole audit file, read."""

    lines: Sequence[Line | None]
    """None where a line is not as it was written."""
    flaws: Sequence[Flaw]
    unwritten: frozenset[int]
    """Numbers of lines whose change of the ledger a crash took back."""

    def told(self) -> Iterator[tuple[int, Line]]:
        """Yield the lines that can be believed, each with its place in the file."""
        for place, line in enumerate(self.lines, 1):
            if line is not None and line.number not in self.unwritten:
                yield place, line


def sealed_line(entry: Entry, tip: Tip, *, at: datetime, who: Writer, key: bytes) -> bytes:
    """Return the line that follows `tip`, with its line break.

    Args:
        entry: What it says.
        tip: The end of the file until now.
        at: When.
        who: Writes it.
        key: The ledger's; only who has it can write a line that is believed.
    """
    told = {
        "number": tip.number + 1,
        "at": at.isoformat(timespec="seconds"),
        "kind": entry.kind.value,
        "who": {"user": who.user, "host": who.host},
        "facts": dict(entry.facts),
        "previous": tip.digest,
    }
    body = json.dumps(told, separators=(",", ":")).encode().removesuffix(b"}")
    return body + _HASH + _seal(body, key).encode() + _END + b"\n"


def after(tip: Tip, line: bytes) -> Tip:
    """Return the end of the file once a line, with its line break, stands in it."""
    digest = hashlib.sha256(line.removesuffix(b"\n")).hexdigest()
    return Tip(number=tip.number + 1, digest=digest)


def read_line(raw: bytes, key: bytes) -> Line | None:
    """Return what a line without its line break says, None unless it is as it was written."""
    body, seal = raw[: -_HEX - len(_END + _HASH)], raw[-_HEX - len(_END) : -len(_END)]
    whole = body + _HASH + seal + _END
    if whole != raw or not hmac.compare_digest(seal, _seal(body, key).encode()):
        return None
    told = json.loads(raw)
    return Line(
        number=told["number"],
        at=told["at"],
        entry=Entry(kind=AuditKind(told["kind"]), facts=told["facts"]),
        who=Writer(**told["who"]),
        previous=told["previous"],
        digest=hashlib.sha256(raw).hexdigest(),
    )


def read_following(rest: bytes, tip: Tip, key: bytes) -> tuple[list[Line], Tip, int]:
    """Return the whole lines that chain on after `tip`, the tip after them, and their bytes."""
    lines: list[Line] = []
    size = 0
    while (end := rest.find(b"\n", size)) >= 0:
        line = read_line(rest[size:end], key)
        if line is None or (line.number, line.previous) != (tip.number + 1, tip.digest):
            break
        lines.append(line)
        tip = Tip(number=line.number, digest=line.digest)
        size = end + 1
    return lines, tip, size


def end_of(content: bytes, tip: Tip) -> int | None:
    """Return how many bytes of a file there are up to the end of `tip`, None where it is not.

    Of a last line that stands there several times it is the first: the others are no crash's.
    """
    found = None if tip.number else 0
    end = content.rfind(b"\n") + 1
    while tip.number and end:
        start = content.rfind(b"\n", 0, end - 1) + 1
        if hashlib.sha256(content[start : end - 1]).hexdigest() == tip.digest:
            found = end
        elif found is not None:
            break
        end = start
    return found


def read_chain(content: bytes, tip: Tip, key: bytes, *, is_closed: bool) -> Chain:
    """Hold every line of a file against the one before it, and the last against the ledger.

    Args:
        content: The file.
        tip: What the ledger knows of its end.
        key: The ledger's.
        is_closed: The last process ended in order, so that the ledger knows every line.
    """
    raws = content.split(b"\n")
    rest = raws.pop()
    lines = [read_line(raw, key) for raw in raws]
    flaws = [*_flaws_between(lines), *_flaws_at_end(lines, rest, tip, is_closed=is_closed)]
    unwritten = {
        number
        for line in lines
        if line is not None and line.entry.kind is AuditKind.RECOVERED
        for number in line.entry.facts["unwritten"]
    }
    return Chain(lines=lines, flaws=flaws, unwritten=frozenset(unwritten))


def _flaws_between(lines: Sequence[Line | None]) -> Iterator[Flaw]:
    """Yield what is wrong up to the last line that is as it was written."""
    numbers = {place: line.number for place, line in enumerate(lines, 1) if line is not None}
    here, in_order = set(numbers.values()), _in_order(numbers)
    last, before, altered = 0, "", 0
    for place, line in enumerate(lines, 1):
        if line is None:
            altered += 1
            yield Flaw(line=place, what="was altered, or put in by somebody else")
            continue
        if place not in in_order:
            yield Flaw(line=place, what=f"number {line.number} does not belong here")
            continue
        lost = [n for n in range(last + 1, line.number) if n not in here]
        if len(lost) > altered:
            yield Flaw(line=place, what=f"before it, {_lost(lost, altered)}")
        elif line.number == last + 1 and line.previous != before:
            yield Flaw(line=place, what="does not follow from the line before it")
        last, before, altered = line.number, line.digest, 0


def _in_order(numbers: Mapping[int, int]) -> set[int]:
    """Return the most places whose numbers rise; the others were moved, or repeated."""
    ends: list[int] = []
    """By length, the lowest number that so many in a row can end with."""
    places: list[int] = []
    before: dict[int, int] = {}
    for place, number in numbers.items():
        length = bisect_left(ends, number)
        before[place] = places[length - 1] if length else 0
        ends[length : length + 1] = [number]
        places[length : length + 1] = [place]
    chosen: set[int] = set()
    place = places[-1] if places else 0
    while place:
        chosen.add(place)
        place = before[place]
    return chosen


def _flaws_at_end(
    lines: Sequence[Line | None], rest: bytes, tip: Tip, *, is_closed: bool
) -> Iterator[Flaw]:
    """Yield what the ledger knows otherwise of the end of the file."""
    ours = [line for line in lines if line is not None]
    last = max((line.number for line in ours), default=0)
    behind = next((n for n, line in enumerate(reversed(lines)) if line is not None), len(lines))
    end = len(lines) + 1
    lost = list(range(last + 1, tip.number + 1))
    if rest and (lost or is_closed):
        yield Flaw(line=end, what="is cut short, or was altered")
    if len(lost) > behind + bool(rest):
        yield Flaw(line=end + bool(rest), what=f"at the end, {_lost(lost, behind + bool(rest))}")
    for place, line in enumerate(lines, 1):
        if line is not None and line.number == tip.number and line.digest != tip.digest:
            yield Flaw(line=place, what="is not what the ledger knows as its last line")
        if line is not None and line.number > tip.number and is_closed:
            yield Flaw(line=place, what=f"the ledger knows of no number {line.number}")


def _lost(numbers: list[int], altered: int) -> str:
    """Return which numbers are not in the file, but for those that altered lines may have had."""
    count = len(numbers) - altered
    span = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    if altered:
        return f"{count} of the lines {span} {'is' if count == 1 else 'are'} missing"
    return f"line {span} is missing" if count == 1 else f"lines {span} are missing"


def _seal(body: bytes, key: bytes) -> str:
    """Return the keyed hash of a line's own text."""
    own_key = hmac.digest(key, b"solv-import audit\n", "sha256")
    return hmac.new(own_key, body, "sha256").hexdigest()
