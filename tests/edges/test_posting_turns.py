"""Turns: nobody leaves during a pause or after a halt, nobody starves, and a missed slot is lost.

Time jumps; nothing but the clock is needed.
"""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from importer.pacing import Pace
from importer.posting.turns import Turns
from tests.edges.posting_script_kit import NOON, LoopClock, run_jumping

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from datetime import datetime

    from importer.pacing import Slot

START_S = 1_000.0


def make_turns(
    spacing: float = 1.0, tolerance: float = 0.01, clock: LoopClock | None = None
) -> Turns:
    return Turns(
        pace=Pace(spacing_s=spacing, tolerance_s=tolerance),
        clock=clock or LoopClock(),
        chance=random.Random(1),
        note=lambda _: None,
    )


def passed_s() -> float:
    return round(asyncio.get_running_loop().time() - START_S, 3)


async def some_slot(turns: Turns) -> Slot:
    slot = await turns.next_slot()
    assert slot is not None
    return slot


async def later(seconds: float, act: Callable[..., Any], *args: Any) -> None:
    await asyncio.sleep(seconds)
    act(*args)


async def both(one: Awaitable[Any], other: Awaitable[Any]) -> Any:
    """Return what the first comes to, with the second beside it."""
    return (await asyncio.gather(one, other))[0]


async def leaves_at(turns: Turns) -> float | None:
    """Return when a request leaves that has nothing else to wait for."""
    slot = await turns.next_slot()
    if slot is None or not await turns.reached(slot):
        return None
    return passed_s()


def run(main: Callable[[Turns], Coroutine[Any, Any, Any]], **settings: Any) -> Any:
    async def start() -> Any:
        return await main(make_turns(**settings))

    return run_jumping(start())


# A turn


def test_a_slot_is_handed_out_just_before_it_comes() -> None:
    async def main(turns: Turns) -> list[float]:
        await leaves_at(turns)
        slot = await some_slot(turns)
        handed_out = passed_s()
        assert await turns.reached(slot)
        return [handed_out, passed_s()]

    assert run(main) == [0.95, 1.0]


def test_workers_leave_one_spacing_apart() -> None:
    async def main(turns: Turns) -> list[float | None]:
        return await asyncio.gather(*(leaves_at(turns) for _ in range(4)))

    assert run(main) == [0, 1, 2, 3]


def test_every_request_that_leaves_is_noted() -> None:
    noted: list[datetime] = []

    async def main(turns: Turns) -> None:
        turns.note = noted.append
        await asyncio.gather(*(leaves_at(turns) for _ in range(2)))

    run(main)
    assert [(at - NOON).total_seconds() for at in noted] == [0, 1]


def test_a_turn_of_its_own_is_written_down_before_it_is_taken() -> None:
    noted: list[float] = []

    async def main(turns: Turns) -> None:
        async def intend(at: datetime) -> None:
            noted.extend([passed_s(), (at - NOON).total_seconds()])

        await leaves_at(turns)
        assert await turns.take(intend)
        noted.append(passed_s())

    run(main)
    assert noted == [0.95, 1.0, 1.0]


# Missed slots


@pytest.mark.parametrize("claim_s", [0.2, 0.9, 1.7, 9.0])
def test_a_slot_missed_by_a_slow_claim_is_given_up_for_the_next_moment(claim_s: float) -> None:
    """Nobody else leaves then, and nobody behind it comes too near."""

    async def slow(turns: Turns) -> float:
        slot = await some_slot(turns)
        await asyncio.sleep(claim_s)  # a disk, or a connection that opens
        assert await turns.reached(slot)
        return passed_s()

    async def main(turns: Turns) -> Any:
        others = [leaves_at(turns) for _ in range(5)]
        return await asyncio.gather(slow(turns), *others)

    times = sorted(run(main))
    assert len(times) == 6
    assert all(second - first >= 0.999 for first, second in pairwise(times))
    assert times[-1] <= max(7, claim_s + 1)


def test_a_slot_missed_within_the_tolerance_is_kept() -> None:
    async def main(turns: Turns) -> list[float]:
        first = await some_slot(turns)
        await asyncio.sleep(0.009)
        assert await turns.reached(first)
        left = passed_s()
        return [left, await leaves_at(turns) or 0]

    assert run(main) == [0.009, 1.0]


@pytest.mark.parametrize("late_s", [0.02, 0.5, 3.0])
def test_a_machine_that_always_wakes_up_too_late_still_sends(late_s: float) -> None:
    async def main(turns: Turns) -> list[float | None]:
        return await asyncio.gather(*(leaves_at(turns) for _ in range(20)))

    times = run(main, clock=LoopClock(late_s=lambda: late_s))
    assert None not in times
    # Each may be late by the tolerance after its own slot.
    assert all(b - a >= 0.99 - 1e-6 for a, b in pairwise(sorted(times)))
    assert max(times) < 20 * (1 + late_s)


def test_nobody_starves_behind_a_crowd_that_never_ends() -> None:
    """Of ten busy workers each gets a tenth of the turns, also one whose connections are slow."""
    left = [0] * 10

    async def work(turns: Turns, number: int) -> None:
        while passed_s() < 200:
            slot = await some_slot(turns)
            await asyncio.sleep(2.5 if number == 0 else 0)
            await turns.reached(slot)
            left[number] += 1

    async def main(turns: Turns) -> None:
        await asyncio.gather(*(work(turns, number) for number in range(10)))

    run(main)
    assert sum(left) >= 180
    assert min(left) >= 10


# Pauses


def test_nothing_leaves_during_a_pause_and_one_after_the_other_behind_it() -> None:
    async def main(turns: Turns) -> list[float | None]:
        workers = asyncio.gather(*(leaves_at(turns) for _ in range(6)))
        times: list[float | None] = await both(workers, later(1.5, turns.pause, 30.0))
        return times

    times = sorted(at for at in run(main) if at is not None)
    assert times[:2] == [0, 1]
    assert all(at >= 31.5 for at in times[2:])
    assert all(b - a >= 2 for a, b in pairwise(times[2:]))  # at half speed


def test_who_waits_at_the_gate_when_a_pause_begins_is_held_back() -> None:
    async def main(turns: Turns) -> bool:
        await leaves_at(turns)
        slot = await some_slot(turns)  # 50 ms before its time
        reached: bool = await both(turns.reached(slot), later(0.02, turns.pause, 5.0))
        return reached

    assert run(main) is False


def test_who_comes_to_the_gate_during_a_pause_is_held_back() -> None:
    async def main(turns: Turns) -> bool:
        slot = await some_slot(turns)
        turns.pause(5.0)
        return await turns.reached(slot)

    assert run(main) is False


def test_a_turn_of_its_own_outlasts_a_pause() -> None:
    async def main(turns: Turns) -> float:
        async def intend(_: datetime) -> None:
            if passed_s() < 1:
                turns.pause(5.0)

        assert await turns.take(intend)
        return passed_s()

    assert run(main) == 5.0


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    async def main(turns: Turns) -> float | None:
        turns.pause(60.0)
        turns.pause(1.0)
        return await leaves_at(turns)

    assert run(main) == 60


def test_a_pause_may_grow_while_it_is_waited_for() -> None:
    async def main(turns: Turns) -> float | None:
        turns.pause(10.0)
        left: float | None = await both(leaves_at(turns), later(9.0, turns.pause, 10.0))
        return left

    assert run(main) == 19


def test_one_storm_of_429_slows_the_pace_once() -> None:
    async def main(turns: Turns) -> float:
        for _ in range(16):
            turns.pause(1.0)
        return turns.pace.slowness

    assert run(main) == 2


def test_each_pause_after_a_pause_slows_the_pace_again_and_answers_bring_it_back() -> None:
    async def main(turns: Turns) -> list[float]:
        told = []
        for _ in range(2):
            turns.pause(1.0)
            await asyncio.sleep(1.1)
            told.append(turns.pace.slowness)
        for _ in range(100):
            turns.answered()
        return [*told, turns.pace.slowness]

    assert run(main) == [2, 4, 1]


@pytest.mark.parametrize("asked", [None, 0.0])
def test_a_pause_of_unknown_length_grows_with_each_in_a_row_up_to_a_minute(
    asked: float | None,
) -> None:
    """A 429 that says "wait 0 seconds" tells nothing either."""

    async def main(turns: Turns) -> list[float]:
        pauses = []
        for _ in range(9):
            turns.pause(asked)
            pauses.append(turns.paused_s)
            await asyncio.sleep(turns.paused_s + 0.1)
        return pauses

    pauses = run(main)
    longest = [2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True))
    assert len(set(pauses)) == len(pauses)  # with jitter


def test_an_answer_makes_the_next_unknown_pause_short_again() -> None:
    async def main(turns: Turns) -> float:
        for _ in range(6):
            turns.pause(None)
            await asyncio.sleep(turns.paused_s + 0.1)
        turns.answered()
        turns.pause(None)
        return turns.paused_s

    assert run(main) <= 2


# Halts


async def never_asked(_: datetime) -> None:
    raise AssertionError("nothing is to be written down any more")


@pytest.mark.parametrize(
    "waiting",
    [
        pytest.param(lambda turns: turns.next_slot(), id="for a slot"),
        pytest.param(lambda turns: turns.take(never_asked), id="for a turn of its own"),
        pytest.param(lambda turns: turns.nap(3_000), id="before another try"),
    ],
)
def test_a_halt_ends_every_wait_at_the_next_nap(
    waiting: Callable[[Turns], Awaitable[Any]],
) -> None:
    async def main(turns: Turns) -> tuple[Any, float]:
        await leaves_at(turns)
        came = await both(waiting(turns), later(5.5, turns.halt))
        return came, passed_s()

    came, at_s = run(main, spacing=3_600.0)
    assert not came
    assert at_s <= 5.7


def test_a_halt_ends_a_pause() -> None:
    async def main(turns: Turns) -> tuple[Any, float]:
        turns.pause(900.0)
        return await both(turns.next_slot(), later(5.5, turns.halt)), passed_s()

    came, at_s = run(main)
    assert came is None
    assert at_s <= 5.7


def test_nobody_at_the_gate_leaves_after_a_halt() -> None:
    async def main(turns: Turns) -> list[bool]:
        slots = [turns.pace.reserve(START_S) for _ in range(4)]
        gates = asyncio.gather(*(turns.reached(slot) for slot in slots))
        left: list[bool] = await both(gates, later(1.5, turns.halt))
        return left

    assert run(main) == [True, True, False, False]


def test_after_a_halt_no_slot_is_handed_out() -> None:
    async def main(turns: Turns) -> list[Any]:
        turns.halt()
        return [await turns.next_slot(), await turns.take(never_asked), passed_s()]

    assert run(main) == [None, False, 0]


def test_who_is_cancelled_at_the_gate_lets_the_next_one_through() -> None:
    async def main(turns: Turns) -> float:
        await leaves_at(turns)
        first, second = (turns.pace.reserve(START_S) for _ in range(2))
        waiting = [asyncio.ensure_future(turns.reached(slot)) for slot in (first, second)]
        await asyncio.sleep(0.5)
        waiting[0].cancel()
        assert await waiting[1]
        return passed_s()

    assert run(main) == 2.0
