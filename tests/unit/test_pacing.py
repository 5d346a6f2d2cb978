"""Slots: evenly spaced, never in the past, and never more of them in a window than the limit."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.pacing import (
    Pace,
    Slot,
    default_in_flight,
    spacing_s,
    wait_after_restart_s,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def make_pace(spacing: float = 10.0, tolerance: float = 1.0, next_free: float = 0.0) -> Pace:
    return Pace(spacing_s=spacing, tolerance_s=tolerance, next_free_s=next_free)


def most_in(arrivals: list[float], window: float) -> int:
    """Return the most arrivals of any half-open window, as the server would count them."""
    ordered = sorted(arrivals)
    return max(bisect_left(ordered, first + window) - at for at, first in enumerate(ordered))


# Slots


@pytest.mark.parametrize(
    ("count", "window_s", "jitter_s", "spacing"),
    [(20, 1.0, 0.02, 0.051), (2, 1.0, 0.05, 0.525), (1, 60.0, 0.1, 60.1), (100, 3600.0, 0, 36.0)],
)
def test_the_limit_and_the_jitter_say_how_far_apart_slots_stand(
    count: int, window_s: float, jitter_s: float, spacing: float
) -> None:
    assert spacing_s(count, window_s, jitter_s) == pytest.approx(spacing)


def test_slots_reserved_at_once_are_evenly_spaced() -> None:
    pace = make_pace(spacing=10)
    assert [pace.reserve(100).at_s for _ in range(4)] == [100, 110, 120, 130]


def test_a_slot_is_never_in_the_past() -> None:
    pace = make_pace(spacing=10)
    pace.reserve(100)
    assert pace.reserve(500).at_s == 500
    assert pace.reserve(500).at_s == 510


def test_without_a_limit_everybody_goes_at_once_however_late() -> None:
    pace = make_pace(spacing=0)
    slots = [pace.reserve(100) for _ in range(3)]
    assert [slot.at_s for slot in slots] == [100, 100, 100]
    assert [pace.leave(slot, 200) for slot in slots] == [True, True, True]


def test_nothing_is_given_out_before_a_pause_ends() -> None:
    pace = make_pace(spacing=10)
    pace.reserve(100)
    pace.hold_until(300)
    assert [pace.reserve(101).at_s for _ in range(2)] == [300, 310]


def test_a_shorter_pause_takes_nothing_back() -> None:
    pace = make_pace()
    pace.hold_until(300)
    pace.hold_until(200)
    assert pace.reserve(0).at_s == 300


# Missed slots


@pytest.mark.parametrize(("late", "may_leave"), [(0, True), (1, True), (1.01, False), (50, False)])
@pytest.mark.parametrize("spacing", [0.02, 0.5, 10])
def test_a_slot_is_missed_after_the_tolerance(
    late: float, spacing: float, *, may_leave: bool
) -> None:
    pace = make_pace(spacing=spacing, tolerance=1)
    assert pace.leave(pace.reserve(100), 100 + late) is may_leave


def test_who_missed_a_slot_goes_next_and_pushes_back_those_to_come() -> None:
    pace = make_pace(spacing=10)
    slots = [pace.reserve(100) for _ in range(4)]
    assert pace.leave(slots[1], 110)

    assert not pace.leave(slots[0], 113)  # its connection took 13 to open

    assert [slot.at_s for slot in slots] == [120, 110, 130, 140]
    assert pace.reserve(113).at_s == 150


def test_a_late_request_takes_only_the_time_that_it_was_late() -> None:
    """At one a minute, a connection that takes a second costs a second, not a minute."""
    pace = make_pace(spacing=60, tolerance=0)
    late, later = pace.reserve(0), pace.reserve(0)
    assert not pace.leave(late, 1)
    assert pace.leave(late, 1)
    assert later.at_s == 61
    assert pace.reserve(1).at_s == 121


def test_two_that_missed_their_slots_do_not_leave_together() -> None:
    pace = make_pace(spacing=10)
    slots = [pace.reserve(100) for _ in range(2)]
    assert [pace.leave(slot, 150) for slot in slots] == [False, False]
    assert [slot.at_s for slot in slots] == [150, 150]
    assert pace.leave(slots[0], 150)
    assert not pace.leave(slots[1], 150)
    assert slots[1].at_s == 160


def test_a_slower_pace_holds_for_slots_that_were_reserved_before() -> None:
    pace = make_pace(spacing=10)
    slots = [pace.reserve(100) for _ in range(2)]
    assert pace.leave(slots[0], 100)
    pace.slow_down()
    assert not pace.leave(slots[1], 110)
    assert slots[1].at_s == 120


def test_a_slot_whose_holder_never_comes_holds_nobody_up() -> None:
    """A row may turn out to be booked already, after its slot was reserved."""
    pace = make_pace(spacing=10)
    slots = [pace.reserve(100) for _ in range(40)]
    assert pace.leave(slots[-1], slots[-1].at_s)
    assert pace.reserve(slots[-1].at_s).at_s == slots[-1].at_s + 10


# How fast


def test_a_429_halves_the_speed_down_to_a_sixteenth() -> None:
    pace = make_pace(spacing=10)
    gaps = []
    for _ in range(6):
        pace.slow_down()
        gaps.append(pace.gap_s)
    assert gaps == [20, 40, 80, 160, 160, 160]


def test_answers_bring_the_speed_back_little_by_little_and_no_further() -> None:
    pace = make_pace(spacing=10)
    pace.slow_down()
    gaps = []
    for _ in range(40):
        pace.creep_back()
        gaps.append(pace.gap_s)
    assert gaps[0] == pytest.approx(19.6)
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] == 10


@pytest.mark.parametrize(
    ("count", "window_s", "in_flight"),
    [
        (2, 1.0, 2),
        (20, 1.0, 20),
        (50, 1.0, 50),
        (500, 1.0, 50),
        (1, 1.0, 2),
        (1, 3600.0, 2),
        (100, 60.0, 2),
        (150, 60.0, 3),
        (180, 60.0, 3),
        (181, 60.0, 4),
    ],
)
def test_in_flight_is_a_second_of_the_rate_between_2_and_50(
    count: float, window_s: float, in_flight: int
) -> None:
    assert default_in_flight(count, window_s) == in_flight


@pytest.mark.parametrize(
    ("since_last_s", "gap_s", "wait_s"),
    [
        (None, 60.0, 0.0),
        (0.0, 60.0, 60.0),
        (20.0, 60.0, 40.0),
        (60.0, 60.0, 0.0),
        (1e6, 60.0, 0.0),
        (-5.0, 60.0, 60.0),  # the wall clock went back
        (-1e9, 60.0, 60.0),
        (0.0, 0.0, 0.0),
    ],
)
def test_after_a_restart_what_is_left_of_one_gap_is_waited(
    since_last_s: float | None, gap_s: float, wait_s: float
) -> None:
    assert wait_after_restart_s(since_last_s, gap_s) == wait_s


# The theorem. Whole milliseconds, so that no rounding blurs who is right.

MS = st.integers(0, 400)


@settings(max_examples=60)
@given(
    limit=st.integers(1, 12),
    gap=st.integers(5, 300),
    data=st.data(),
)
def test_no_window_holds_more_than_the_limit_whatever_comes_late(
    limit: int, gap: int, data: st.DataObject
) -> None:
    """Workers wake up late, connections are slow, pauses and 429s come, paths to the server vary.

    As long as a path varies by less than the half of J that is left to it, the server counts
    at most L requests in any window of W, for (W + J) / L = the gap.
    """
    jitter = data.draw(st.integers(2, max(2, gap * limit // 2)).filter(lambda j: j % 2 == 0))
    window = gap * limit - jitter
    pace = make_pace(spacing=gap, tolerance=jitter / 2)
    wake_late = data.draw(st.lists(MS, min_size=20, max_size=60))
    paths = data.draw(st.lists(st.integers(0, jitter // 2 - 1), min_size=60, max_size=60))
    changes = data.draw(
        st.lists(st.sampled_from(["", "", "", "slow", "creep", "hold"]), min_size=60, max_size=60)
    )
    departures = depart_all(pace, workers=limit, wake_late=wake_late, changes=changes)

    arrivals = [at + path for at, path in zip(departures, paths, strict=False)]

    assert len(departures) == len(wake_late)
    assert most_in(arrivals, window) <= limit


def depart_all(
    pace: Pace, *, workers: int, wake_late: list[int], changes: list[str]
) -> list[float]:
    """Return when the requests of some workers leave, each woken up too late for its slot."""
    departures: list[float] = []
    holding: list[tuple[float, Slot]] = []
    now = 0.0
    left = list(zip(wake_late, changes, strict=False))
    while left or holding:
        while left and len(holding) < workers:
            late, change = left.pop()
            change_pace(pace, change, now)
            slot = pace.reserve(now)
            holding.append((slot.at_s + late, slot))
        now, slot = min(holding, key=lambda held: held[0])
        holding.remove((now, slot))
        if pace.leave(slot, now):
            departures.append(now)
        else:
            holding.append((max(now, slot.at_s), slot))
    return departures


def change_pace(pace: Pace, change: str, now: float) -> None:
    changes: dict[str, Callable[[], None]] = {
        "slow": pace.slow_down,
        "creep": pace.creep_back,
        "hold": lambda: pace.hold_until(now + 50),
    }
    changes.get(change, lambda: None)()


@settings(max_examples=30)
@given(limit=st.integers(1, 12), late=st.lists(st.integers(0, 400), min_size=5, max_size=15))
def test_whoever_is_late_leaves_at_the_second_try_at_the_latest(
    limit: int, late: list[int]
) -> None:
    """A machine that always wakes up too late sends slowly; it does not stop sending."""
    pace = make_pace(spacing=50, tolerance=5)
    for delay in late:
        slots = [pace.reserve(0) for _ in range(limit)]
        now = slots[0].at_s + delay
        has_left = pace.leave(slots[0], now) or pace.leave(slots[0], max(now, slots[0].at_s))
        assert has_left
