"""`kill -9` at every call that touches ledger, network or results, then the same command again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.chaos.figures import broken, note
from tests.chaos.level import seed, share
from tests.chaos.tracing.kill_points import Point, kill_at, points_of
from tests.chaos.tracing.spread import repeatable, spread
from tests.chaos.tracing.stage import stage
from tests.chaos.tracing.strace import needs_strace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.chaos.tracing.command_lines import ForkServer
    from tests.chaos.tracing.kill_points import Killed
    from tests.chaos.tracing.scene import Ground

    Stage = tuple[ForkServer, Ground]

POINTS = share(quick=6, full=300, report=10_000)
"""A run has nearly six hundred; the report tries each."""
SHARDS = share(quick=1, full=20, report=40)
RECORDING = tuple(f"ledger:pwrite64:{n}" for n in (100, 110, 120, *range(90, 140, 4)))
"""Answers are being written down there, which the server gave before; which, differs by the run."""
RESULTS = tuple(f"first:write:{n}" for n in (44, 50, *range(30, 70, 4)))
PLANTED = {
    "record-after-success": ("I1", RECORDING),
    "sending-resent-at-start": ("I1", RECORDING),
    "results-in-place": ("I2", RESULTS),
}
"""Bug -> what it breaks, and points of which one at least brings it to light."""
CLEAN = (*RECORDING[:3], *RESULTS[:2])


@pytest.fixture(scope="module")
def plain(
    tmp_path_factory: pytest.TempPathFactory, make_row: Callable[..., dict[str, str]]
) -> Iterator[Stage]:
    """Return a server of command lines and the ground for them."""
    needs_strace()
    with stage(tmp_path_factory.mktemp("kills"), make_row) as ready:
        yield ready


@pytest.fixture(scope="module")
def points(plain: Stage) -> list[Point]:
    """Return the points to try: `CHAOS_POINT` alone, or an even share of all that there are."""
    named = os.environ.get("CHAOS_POINT")
    return [Point.parse(named)] if named else spread(points_of(*plain), POINTS, seed())


@pytest.mark.timeout(900)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_run_killed_at_any_call_books_nobody_twice_and_loses_nothing(
    shard: int, plain: Stage, points: Sequence[Point]
) -> None:
    done = [kill_well(point, plain) for point in points[shard::SHARDS]]
    # Two runs differ by a few calls, so the last point of a kind may be one too many.
    missed = [str(one.point) for one in done if not one.was_reached]
    assert len(missed) <= 1 + len(done) // 10, missed


@pytest.mark.timeout(180)
@pytest.mark.parametrize("bug", PLANTED)
def test_the_kill_sweep_catches(bug: str, plain: Stage) -> None:
    invariant, points = PLANTED[bug]
    assert any(
        violation.invariant == invariant
        for point in points
        for violation in kill_at(Point.parse(point), *plain, bug).violations
    )


@pytest.mark.timeout(180)
@pytest.mark.parametrize("point", CLEAN)
def test_nothing_is_caught_there_without_a_bug(point: str, plain: Stage) -> None:
    assert kill_well(Point.parse(point), plain).was_reached


def kill_well(point: Point, plain: Stage) -> Killed:
    """Kill a run at a point; note the figures, and have no promise broken."""
    with repeatable(point, "test_syscall_kills.py"):
        done = kill_at(point, *plain)
        note_kill(done)
        assert not done.violations
    return done


def note_kill(done: Killed) -> None:
    """Add the figures of one point."""
    note(
        "syscall kill points",
        cases=int(done.was_reached),
        not_reached=int(not done.was_reached),
        unknown=done.unknown,
        **broken(violation.invariant for violation in done.violations),
    )
