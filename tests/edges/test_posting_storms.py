"""Everything at once, by chance: whatever comes in whatever order, the promises hold.

Each seed is another run: slow connections, late wake-ups, lost answers, refusals, pauses, a halt.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from importer.model import Booked, NotTaken, NotTakenCause, Outcome, Rejected, State, Unknown
from importer.posting import Stop
from tests.edges.posting_kit import JITTER_S, open_desk
from tests.edges.posting_script_kit import HELD_BACK, UNREACHED, LoopClock

if TYPE_CHECKING:
    from pathlib import Path

    from importer.ledger import RowRecord
    from importer.posting.poster import Poster
    from tests.edges.posting_kit import Watcher
    from tests.edges.posting_script_kit import Departure, ScriptedServer

ROWS = 60


class Weather:
    """What happens to each request, by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.per_s = self.chance.choice([0.0, 0.5, 20.0, 50.0])
        self.in_flight = self.chance.choice([1, 2, 8, 16])
        self.badness = self.chance.choice([0.0, 0.1, 0.3, 0.6])
        self.slow_connections = self.chance.random() < 0.5
        self.late_wakes = self.chance.random() < 0.3

    def answer(self, row_number: int, _asked: int) -> Outcome:
        """Return what comes of a request."""
        if self.chance.random() >= self.badness:
            return Booked(booking_id=9_000 + row_number)
        waits = [None, None, 0.0, 1.0, 20.0]
        cause = self.chance.choice(
            [
                NotTakenCause.TOO_MANY_REQUESTS,
                NotTakenCause.UNAUTHORIZED,
                NotTakenCause.LOCKED,
                NotTakenCause.TOO_EARLY,
            ]
        )
        outcomes: list[Outcome] = [
            Rejected(http_status=self.chance.choice([403, 404, 409, 422])),
            Unknown(reason="x", retry_after_s=self.chance.choice(waits)),
            UNREACHED,
            HELD_BACK,
            NotTaken(cause=cause, http_status=429, retry_after_s=self.chance.choice(waits)),
        ]
        return self.chance.choice(outcomes)

    def connect_s(self) -> float:
        return self.chance.choice([0, 0, 0.02, 0.3, 2.0]) if self.slow_connections else 0.0

    def answer_s(self) -> float:
        return self.chance.choice([0.0, 0.01, 0.1, 0.5, 3.0])

    def late_s(self) -> float:
        return self.chance.choice([0, 0, 0.004, 0.03, 0.4]) if self.late_wakes else 0.0

    async def ends(self, poster: Poster, _: ScriptedServer) -> None:
        """End the run somewhere on its way, in one way or another, or not at all."""
        await asyncio.sleep(self.chance.uniform(0, 30))
        how = self.chance.choice(["not", "not", "halt", "abandon"])
        if how != "not":
            poster.halt(Stop(exit_code=ExitCode.TERMINATED, why="stopped on request"))
        if how == "abandon":
            await asyncio.sleep(self.chance.choice([0, 0.01, 0.1]))
            poster.abandon(leaves_sending=False)


@pytest.mark.parametrize("seed", range(24))
def test_the_promises_hold_in_any_weather(seed: int, tmp_path: Path) -> None:
    weather = Weather(seed)
    with open_desk(tmp_path, rows=ROWS) as desk:
        desk.clock = LoopClock(late_s=weather.late_s)
        _, server = desk.post(
            weather.answer,
            in_flight=weather.in_flight,
            per_s=weather.per_s,
            connect_s=weather.connect_s,
            answer_s=weather.answer_s,
            meanwhile=weather.ends,
        )
        rows = desk.rows()

    for number, row in rows.items():
        check_row(row, [left for left in server.departures if left.row_number == number])
    check_pace(server.times, weather.per_s)
    check_pauses(server.departures)
    assert server.most_in_flight <= weather.in_flight
    check_counts(Counter(row.state for row in rows.values()), desk.watcher)


def check_row(row: RowRecord, departures: list[Departure]) -> None:
    """Fail if a row was sent again that may have been taken, or if its state is not the truth."""
    assert all(isinstance(departure.answer, NotTaken) for departure in departures[:-1])
    assert row.requests == len(departures)
    if departures and departures[-1].answered_s is None:
        assert row.state is State.UNKNOWN
        return
    last = departures[-1].answer if departures else UNREACHED
    match last:
        case NotTaken():
            assert row.state is State.READY
        case Booked():
            assert (row.state, row.booking_id) == (State.BOOKED, last.booking_id)
        case Rejected():
            is_about_the_run = row.state is State.READY and last.http_status in {403, 404}
            assert is_about_the_run or row.state is State.REJECTED
        case _:
            assert row.state is State.UNKNOWN


def check_pace(times: list[float], per_s: float) -> None:
    """Fail if two requests left closer to one another than the pace lets them."""
    if per_s:
        spacing = (1 + JITTER_S) / per_s
        assert all(b - a > spacing - JITTER_S / 2 - 1e-6 for a, b in pairwise(times))


def check_pauses(departures: list[Departure]) -> None:
    """Fail if a request left while the server had asked everybody to wait."""
    for asked in departures:
        answer = asked.answer
        if asked.answered_s is not None and isinstance(answer, NotTaken | Unknown):
            over_s = asked.answered_s + (answer.retry_after_s or 0)
            assert not [d for d in departures if asked.answered_s < d.at_s < over_s - 1e-6]


def check_counts(states: Counter[State], watcher: Watcher) -> None:
    """Fail if what people were shown last is not what the ledger holds."""
    told: Counter[State] = Counter()
    for view in watcher.views[-1:]:
        told[State.BOOKED] = view.booked
        told[State.REJECTED] = view.rejected
        told[State.UNKNOWN] = view.unknown
    assert told + Counter({State.READY: ROWS - told.total()}) == states
