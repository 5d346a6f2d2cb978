"""What a simulated run shows: the checker of every layer, and what only a simulator can see."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.identity import canonical_body
from importer.ledger import History
from importer.model import State
from importer.pipeline.verifying import held_rows
from importer.verify import Evidence, Seen, Violation, most_in_window, verify
from tests.chaos.simulation.machine import Machine
from tests.chaos.simulation.timeline import BEGINS_AT_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.chaos.simulation.files import SimulatedFile
    from tests.chaos.simulation.scenario import Scenario
    from tests.chaos.simulation.server import Asked

_BEGINNING, _STEADY = 3, 40
"""The first booking goes alone until it is answered, and then every worker has to connect."""
_LATE_S = 1e-6
_UNAUTHORIZED = 401
_TELLS_THE_ID = frozenset({"", "201", "expire-tokens"})
"""Faults with which the answer to a booking still says which it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What came of one scenario."""

    scenario: Scenario
    violations: tuple[Violation, ...]
    requests: int
    booked: int
    unknown: int
    kills: int
    lasted_s: float
    """From the start of the machine to the end of its last process."""
    log_digest: str
    """Same seed, same log."""
    window_share: float | None
    """The fullest window at the server, as a share of the limit."""
    pace_share: float | None
    """Of a calm run: the pace that was reached, as a share of what the spacing allows."""
    limit_share: float | None = None
    """Of a calm run: the same, as a share of the limit itself."""
    states: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return what a failure message needs: what is wrong, and what repeats it."""
        wrong = "; ".join(f"{v.invariant} {v.what}" for v in self.violations) or "nothing wrong"
        return f"{wrong}\n  python -m tests.chaos.simulation {self.scenario.seed}"


def simulate(scenario: Scenario, folder: Path) -> Simulated:
    """Run one scenario and judge it.

    Args:
        scenario: What happens.
        folder: What `disk_in_memory` lent.
    """
    machine = Machine(scenario=scenario, folder=folder)
    try:
        machine.run()
        return _judged(machine)
    finally:
        machine.disk.remove()


def _judged(machine: Machine) -> Simulated:
    scenario, log = machine.scenario, machine.server.log
    found: list[Violation] = [
        Violation(invariant="I8", what=complaint) for complaint in machine.complaints
    ]
    found += [*_left_in_a_pause(machine), *_asked_with_refused_tokens(machine)]
    states: Counter[str] = Counter()
    with History(machine.disk.read().database) as history:
        for file in machine.files:
            evidence = _evidence(machine, file, history)
            found += verify(evidence)
            states.update(row.state for row in evidence.ledger)
    if scenario.is_calm:
        found += _unsettled_in_calm(states)
    pace_share, limit_share = _pace(machine)
    return Simulated(
        scenario=scenario,
        violations=tuple(found),
        requests=len(log),
        booked=states.get(State.BOOKED, 0),
        unknown=states.get(State.UNKNOWN, 0),
        kills=sum(end == "killed" for _, _, end in machine.ends),
        lasted_s=machine.ends[-1][1] - BEGINS_AT_S,
        log_digest=_digest(machine, states),
        window_share=_window_share(scenario, log),
        pace_share=pace_share,
        limit_share=limit_share,
        states=dict(states),
    )


def _evidence(machine: Machine, file: SimulatedFile, history: History) -> Evidence:
    """Return what is known of the run of one file; without one, all its rows are lost."""
    run = history.newest_run_of(file.name, file.sheet)
    log = machine.server.log if file is machine.files[0] else []
    return Evidence(
        source_rows=[row.row_number for row in file.rows],
        ledger=held_rows(history, run, file.bodies()) if run else [],
        requests=_seen(machine),
        arrivals_s=[asked.arrived_s for asked in log],
        planned_s=file.planned_s,
        limit=_limit(machine.scenario),
        most_unknown=_most_unknown(machine.scenario),
        were_answers_read=True,
    )


def _seen(machine: Machine) -> list[Seen]:
    booking_of = _bookings(machine.files)
    return [
        Seen(
            arrived_s=asked.arrived_s,
            status=asked.status,
            is_committed=asked.booking_id is not None,
            booking_id=asked.booking_id,
            body=asked.body,
            booking=booking_of[asked.body] if asked.booking_id is not None else "",
            is_whole=asked.read_s is not None and asked.fault in _TELLS_THE_ID,
        )
        for asked in machine.server.log
        if asked.body
    ]


def _bookings(files: list[SimulatedFile]) -> dict[str, str]:
    """Return who is booked when, by body."""
    found = {}
    for file in files:
        for row in file.rows:
            if row.request is not None:
                name = f"{row.request.last_name} {row.request.appointment_date}"
                found[canonical_body(row.request).decode()] = name
    return found


def _limit(scenario: Scenario) -> tuple[int, float] | None:
    rate = scenario.rate
    return None if rate is None or not scenario.keeps_its_clock else (rate.count, rate.window_s)


def _most_unknown(scenario: Scenario) -> int | None:
    """Return how many rows one outage may leave unknown."""
    is_alone = not (scenario.faults or scenario.kills or scenario.signals)
    return scenario.in_flight + 5 if len(scenario.outages) == 1 and is_alone else None


def _left_in_a_pause(machine: Machine) -> Iterator[Violation]:
    """I5: nothing leaves while the server has asked everybody to wait, also after a restart."""
    left = sorted((asked.left_s, asked.process) for asked in machine.server.log)
    for asked in machine.server.log:
        if asked.read_s is None or not asked.pause_s:
            continue
        first = bisect_right(left, (asked.read_s + _LATE_S, 0))
        for left_s, process in left[first:]:
            if left_s >= asked.read_s + asked.pause_s - _LATE_S:
                break
            if process == asked.process or not machine.scenario.clock_jumps:
                what = f"a request left {left_s - asked.read_s:.2f} s into a pause"
                yield Violation(invariant="I5", what=f"{what} of {asked.pause_s:g} s")
                return


def _asked_with_refused_tokens(machine: Machine) -> Iterator[Violation]:
    """I8: a token that is refused is renewed, but not for ever."""
    since_s = BEGINS_AT_S
    for process, ended_s, _ in machine.ends:
        log = [asked for asked in machine.server.log if asked.process == process]
        refused = sum(asked.status == _UNAUTHORIZED for asked in log)
        minutes = (ended_s - since_s) / 60
        if refused > machine.scenario.in_flight * (2 + minutes):
            what = f"{refused} requests with refused tokens in {minutes:.1f} minutes"
            yield Violation(invariant="I8", what=what)
        since_s = ended_s


def _unsettled_in_calm(states: dict[str, int]) -> Iterator[Violation]:
    """I8: where nothing goes wrong, every row gets its answer."""
    odd = {word: n for word, n in states.items() if word not in {State.BOOKED, State.REJECTED}}
    if odd:
        yield Violation(invariant="I8", what=f"nothing went wrong, but rows are {odd}")


def _window_share(scenario: Scenario, log: list[Asked]) -> float | None:
    limit = _limit(scenario)
    if limit is None:
        return None
    count, window_s = limit
    return most_in_window((asked.arrived_s for asked in log), window_s) / count


def _pace(machine: Machine) -> tuple[float | None, float | None]:
    """Return how fast a calm run was, as shares of the spacing's pace and of the limit."""
    scenario, rate = machine.scenario, machine.scenario.rate
    bookings = sorted(asked.left_s for asked in machine.server.log if asked.body)
    first = scenario.in_flight + _BEGINNING
    if rate is None or not scenario.is_calm or len(bookings) < first + _STEADY:
        return None, None
    left = [asked.left_s for asked in machine.server.log if asked.left_s >= bookings[first]]
    reached_per_s = (len(left) - 1) / (max(left) - min(left))
    allowed_per_s = rate.count / (rate.window_s + scenario.jitter_ms / 1000)
    return reached_per_s / allowed_per_s, reached_per_s / rate.per_s


def _digest(machine: Machine, states: dict[str, int]) -> str:
    numbers = {body: n for n, body in enumerate(_bookings(machine.files))}
    lines = [
        (a.arrived_s, numbers.get(a.body, -1), a.status, a.booking_id, a.fault, a.process, a.read_s)
        for a in machine.server.log
    ]
    text = repr((lines, machine.ends, sorted(states.items())))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
