"""Request log, ledger, results and source side by side: which promises were broken?

One pure function, used by every layer of tests and by `solv-import verify`. It judges by what
the server saw, never by what the importer believes, and shares no rule with `outcomes`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model import STATUS_WORDS, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_MAY_GO_AGAIN = frozenset({401, 421, 423, 425, 429})
_REFUSED = frozenset(
    {400, 403, 404, 405, 406, 409, 410, 413, 414, 415, 422, 431, 501, 505, *range(300, 400)}
)
_UNAVAILABLE = 503
_NO_BOOKING = frozenset(
    {
        *(State.REJECTED, State.INVALID, State.READY, State.DUPLICATE),
        *(State.LEFT_OUT, State.SUPERSEDED),
    }
)
_UNSETTLED = frozenset({State.SENDING, State.UNKNOWN})
_MAY_BE_BOOKED = _UNSETTLED | {State.BOOKED}
_FIRST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One booking request, as the server saw it."""

    arrived_s: float
    """Unix seconds at its first byte."""
    status: int | None
    """None when not even a status line left the server."""
    is_committed: bool
    """The server made a booking of it."""
    booking_id: int | None
    body: str
    """A keyed hash of the body: same hash, same request; "" when it was cut off."""
    booking: str = ""
    """A keyed hash of place, time and patient, of a committed one: same hash, same booking."""
    is_whole: bool = True
    """The answer left the server as it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One row of the run, as the ledger holds it."""

    row_number: int
    state: State
    booking_id: int | None = None
    body: str = ""
    """The hash of the request that it would send, "" when it would send none."""
    occurrence: int = 0
    """The operator let the same booking be made more than once, and this is one of them."""
    is_reference: bool = False
    """It only points at an earlier row, which is the same booking."""
    allowed_again: int = 0
    """How often the operator released it, or said that its booking was cancelled."""
    is_settled: bool = False
    """A person said what became of it."""
    requests_elsewhere: int = 0
    """How often other runs claimed the same request."""
    occurrences_anywhere: int = 0
    """How many bookings of the kind all runs together were to make, 0 when no other run was."""
    allowed_elsewhere: int = 0
    """How often the operator let other runs make the same booking again."""
    cancelled_elsewhere: int = 0
    """How many of those were bookings that had been cancelled."""
    is_live_elsewhere: bool = False
    """Another run has made the same booking, or may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One row, as the results show it."""

    row_number: int
    status: str
    booking_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken promise."""

    invariant: str
    """`I1` to `I11`, as docs/reliability.md lists them."""
    what: str
    """Row numbers and counts, never what is in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that is known of one run; what nobody can tell is None, and is not judged."""

    source_rows: Sequence[int]
    """The row numbers of the source, each as often as it stands there."""
    ledger: Sequence[Held]
    run_id: str = ""
    results: Sequence[Shown] | None = None
    results_name: str = ""
    """The file that `results` were read from."""
    results_not_judged: str = ""
    """Why what stands in their place was not read, such as that somebody edited it."""
    requests: Sequence[Seen] | None = None
    """Booking requests of every run at this server."""
    arrivals_s: Sequence[float] = ()
    """Arrivals of every request, sign-ins included."""
    planned_s: float | None = None
    """When the whole file had been read and the plan accepted, in Unix seconds."""
    asked: Mapping[str, int] | None = None
    """By body, how many rows of all runs ask for it; None where the ledger was not asked."""
    limit: tuple[int, float] | None = None
    """At most so many requests in any window of so many seconds."""
    most_unknown: int | None = None
    """In flight + 5, when there was a single outage."""
    were_answers_read: bool = False
    """No process was killed and no client cut off, so whatever was answered whole was read."""
    is_503_trusted: bool = False
    """The operator said that a 503 means that nothing was taken."""


def verify(evidence: Evidence) -> list[Violation]:
    """Return every promise that the evidence shows to be broken; none when all were kept."""
    checks = (
        _nothing_is_sent_twice(evidence),
        _nobody_is_booked_twice(evidence),
        _every_row_is_there_once(evidence),
        _acknowledged_bookings_are_kept(evidence),
        _words_are_true(evidence),
        _limit_is_kept(evidence),
        _nothing_left_before_the_plan(evidence),
        _few_are_unknown(evidence),
    )
    return [violation for check in checks for violation in check]


def _nothing_is_sent_twice(evidence: Evidence) -> Iterator[Violation]:
    """I1: no request repeats one that may have been taken, but for those that were released."""
    taken = _taken(evidence)
    for body, rows in _by_body(evidence.ledger).items():
        # Equal bookings may be wanted, but each is for one row, and twins are not each other.
        most = min(_allowed(rows), (evidence.asked or {}).get(body, taken[body]))
        if taken[body] > most:
            numbers = _rows([row.row_number for row in rows])
            what = f"{numbers}: {taken[body]} requests that may have been taken, {most} allowed"
            yield Violation(invariant="I1", what=what)


def _taken(evidence: Evidence) -> Counter[str]:
    """Return how many requests may have been taken, by body."""
    harmless = _MAY_GO_AGAIN | _REFUSED | ({_UNAVAILABLE} if evidence.is_503_trusted else set())
    return Counter(
        seen.body
        for seen in evidence.requests or ()
        if seen.is_committed or seen.status not in harmless
    )


def _nobody_is_booked_twice(evidence: Evidence) -> Iterator[Violation]:
    """I1: no place, time and patient got a second booking, however the request was worded."""
    rows_of = _by_body(evidence.ledger)
    bodies: defaultdict[str, list[str]] = defaultdict(list)
    for seen in evidence.requests or ():
        if seen.is_committed and seen.booking:
            bodies[seen.booking].append(seen.body)
    for sent in bodies.values():
        rows = [row for body in set(sent) for row in rows_of.get(body, ())]
        if rows and len(sent) > (most := _allowed(rows)):
            numbers = _rows(sorted({row.row_number for row in rows}))
            what = f"{numbers}: {len(sent)} bookings of one patient at one time, {most} allowed"
            yield Violation(invariant="I1", what=what)


def _every_row_is_there_once(evidence: Evidence) -> Iterator[Violation]:
    """I2: every row of the source is in ledger and results, each once."""
    source = Counter(evidence.source_rows)
    yield from _differing("ledger", source, Counter(row.row_number for row in evidence.ledger))
    if evidence.results is not None:
        shown = Counter(row.row_number for row in evidence.results)
        yield from _differing("results", source, shown)


def _differing(where: str, source: Counter[int], found: Counter[int]) -> Iterator[Violation]:
    lost, extra = sorted(source - found), sorted(found - source)
    if lost:
        yield Violation(invariant="I2", what=f"{_rows(lost)} of the source not in the {where}")
    if extra:
        yield Violation(invariant="I2", what=f"{_rows(extra)} too often in the {where}")


def _acknowledged_bookings_are_kept(evidence: Evidence) -> Iterator[Violation]:
    """I3: a booking whose answer was read is in ledger and results with its id."""
    shown_by_number = {row.row_number: row for row in evidence.results or ()}
    for row in evidence.ledger:
        shown = shown_by_number.get(row.row_number)
        if row.state in {State.BOOKED, State.SKIPPED} and row.booking_id is None:
            what = f"row {row.row_number}: {_word(row.state)} without an id"
            yield Violation(invariant="I3", what=what)
        if shown is not None and shown.booking_id != row.booking_id:
            what = f"row {row.row_number}: the results show another booking id"
            yield Violation(invariant="I3", what=what)
    if evidence.were_answers_read:
        told = _ids_by_body(seen for seen in evidence.requests or () if _is_told(seen))
        for body, rows in _by_body(evidence.ledger).items():
            yield from _told_ids_are_held(rows, told[body])


def _told_ids_are_held(rows: Sequence[Held], told: frozenset[int]) -> Iterator[Violation]:
    is_explained = any(row.is_settled or row.is_live_elsewhere for row in rows)
    cancelled = max(row.cancelled_elsewhere for row in rows)
    if not is_explained and len(told - {row.booking_id for row in rows}) > cancelled:
        numbers = _rows([row.row_number for row in rows])
        what = f"{numbers}: the server told a booking id that the ledger has not"
        yield Violation(invariant="I3", what=what)


def _words_are_true(evidence: Evidence) -> Iterator[Violation]:
    """I4: booked means that the server has it; rejected, invalid and not sent that it has not."""
    shown_by_number = {row.row_number: row for row in evidence.results or ()}
    made = _ids_by_body(evidence.requests or ())
    for row in evidence.ledger:
        shown = shown_by_number.get(row.row_number)
        if shown is not None and shown.status != _word(row.state):
            what = f"row {row.row_number}: {_word(row.state)}, the results say {shown.status}"
            yield Violation(invariant="I4", what=what)
        is_judged = evidence.requests is not None and _is_told_by_server(row)
        if is_judged and row.state is State.BOOKED and row.booking_id not in made[row.body]:
            what = f"row {row.row_number}: booked, but the server has no such id"
            yield Violation(invariant="I4", what=what)
    taken = _taken(evidence)
    for body, rows in _by_body(evidence.ledger).items():
        yield from _unbooked_are_unbooked(rows, len(made[body]), taken[body])


def _is_told_by_server(row: Held) -> bool:
    """Return whether what the ledger says of a row came from its own answer."""
    return not row.is_reference and not row.is_settled


def _unbooked_are_unbooked(rows: Sequence[Held], made: int, taken: int) -> Iterator[Violation]:
    """I4: no more requests were taken, or may have been, than rows that are booked, or may be.

    Of others the operator knows, or another run.
    """
    owners = sum(
        row.is_settled or (row.state in _MAY_BE_BOOKED and not row.is_reference) for row in rows
    )
    is_explained = any(row.is_live_elsewhere for row in rows)
    most = owners + _again(rows)
    if is_explained or max(made, taken) <= most:
        return
    is_sure = made > most
    for row in rows:
        is_wrong = is_sure or row.state is not State.DUPLICATE  # which never claims to be unbooked
        if is_wrong and row.state in _NO_BOOKING and _is_told_by_server(row):
            may = "" if is_sure else "may have "
            what = f"row {row.row_number}: {_word(row.state)}, but the server {may}booked it"
            yield Violation(invariant="I4", what=what)


def _limit_is_kept(evidence: Evidence) -> Iterator[Violation]:
    """I5: in no half-open window did more requests arrive than the limit allows."""
    if evidence.limit is None:
        return
    count, window_s = evidence.limit
    most = most_in_window(evidence.arrivals_s, window_s)
    if most > count:
        what = f"{most} requests within {window_s:g} s, {count} allowed"
        yield Violation(invariant="I5", what=what)


def most_in_window(arrivals_s: Iterable[float], window_s: float) -> int:
    """Return the largest number of arrivals in any half-open window of `window_s`."""
    arrivals = sorted(arrivals_s)
    return max(
        (bisect_left(arrivals, start + window_s) - first for first, start in enumerate(arrivals)),
        default=0,
    )


def _nothing_left_before_the_plan(evidence: Evidence) -> Iterator[Violation]:
    """I7: no request of the run arrived before the whole file was read and the plan accepted."""
    if evidence.planned_s is None:
        return
    early = Counter(
        seen.body for seen in evidence.requests or () if seen.arrived_s < evidence.planned_s
    )
    for body, rows in _by_body(evidence.ledger).items():
        # What other runs sent before is theirs; the ledger counts it.
        if early[body] > max(row.requests_elsewhere for row in rows):
            numbers = _rows([row.row_number for row in rows])
            yield Violation(invariant="I7", what=f"{numbers}: sent before the file was planned")


def _few_are_unknown(evidence: Evidence) -> Iterator[Violation]:
    """I11: one outage leaves few rows unknown."""
    unknown = sum(row.state in _UNSETTLED and not row.is_reference for row in evidence.ledger)
    if evidence.most_unknown is not None and unknown > evidence.most_unknown:
        what = f"{unknown} rows unknown, {evidence.most_unknown} allowed"
        yield Violation(invariant="I11", what=what)


def _allowed(rows: Sequence[Held]) -> int:
    """Return how many requests of one booking may have been taken, as the operator decided."""
    own = [row for row in rows if not row.is_reference and row.state is not State.DUPLICATE]
    anywhere = max(row.occurrences_anywhere for row in rows)
    return max(1, len({row.occurrence for row in own}), anywhere) + _again(rows)


def _again(rows: Sequence[Held]) -> int:
    """Return how often the operator allowed one booking again, in this run and in others."""
    return sum(row.allowed_again for row in rows) + max(row.allowed_elsewhere for row in rows)


def _is_told(seen: Seen) -> bool:
    """Return whether the server said which booking it made, and all of that answer left."""
    return seen.is_committed and seen.is_whole and seen.status in {200, 201}


def _by_body(rows: Iterable[Held]) -> Mapping[str, list[Held]]:
    found: defaultdict[str, list[Held]] = defaultdict(list)
    for row in rows:
        if row.body:
            found[row.body].append(row)
    return found


def _ids_by_body(requests: Iterable[Seen]) -> Mapping[str, frozenset[int]]:
    made: defaultdict[str, frozenset[int]] = defaultdict(frozenset)
    for seen in requests:
        if seen.is_committed and seen.booking_id is not None and seen.body:
            made[seen.body] |= {seen.booking_id}
    return made


def _word(state: State) -> str:
    return STATUS_WORDS[State.UNKNOWN if state is State.SENDING else state]


def _rows(numbers: Sequence[int]) -> str:
    first = ", ".join(str(number) for number in numbers[:_FIRST])
    more = f" and {len(numbers) - _FIRST} more" if len(numbers) > _FIRST else ""
    return f"{'row' if len(numbers) == 1 else 'rows'} {first}{more}"
