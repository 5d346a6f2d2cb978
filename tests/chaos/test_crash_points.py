"""`kill -9` at the calls and returns of our own functions, and again while it recovers."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.chaos.crashing.choosing import spread
from tests.chaos.crashing.client import Client
from tests.chaos.crashing.hooks import Hook
from tests.chaos.crashing.sources import SOURCES
from tests.chaos.figures import broken, note
from tests.chaos.level import LEVEL, Level, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.chaos.crashing.client import Passed, Played

COMBINATIONS = list(product(SOURCES, (1, 4)))
"""Kind of file, and how many requests are under way at once."""
POINTS = share(quick=6, full=64, report=100)
"""Crashes of each combination, each at another hook."""
PARTS = share(quick=1, full=4, report=8)
"""Tests over which those are spread."""
DOUBLE_COMBINATIONS = COMBINATIONS[1::2] if LEVEL is Level.QUICK else COMBINATIONS
FIRSTS = share(quick=1, full=6, report=9)
"""First crashes of each combination, of double ones."""
SECONDS = share(quick=6, full=11, report=47)
"""Second crashes after each first one."""

pytestmark = pytest.mark.timeout(900)


class Sweeps(Client):
    """A fork server, and what first lives on it passed."""

    def __init__(self) -> None:
        """Know of no life yet."""
        super().__init__()
        self._first_lives: dict[tuple[str, int], Sequence[Passed]] = {}

    def first_life(self, kind: str, workers: int) -> Sequence[Passed]:
        """Return the hooks that a whole life passes, in their order."""
        known = self._first_lives.get((kind, workers))
        if known is None:
            played = self.play(kind, workers, records=True)
            assert not played.violations, played.told
            known = self._first_lives[kind, workers] = played.passed
        return known


@pytest.fixture(scope="session")
def sweeps() -> Iterator[Sweeps]:
    """Return the fork server of this worker: its imports are half of a quick sweep."""
    with Sweeps() as client:
        yield client


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("kind", "workers"), COMBINATIONS)
def test_a_crash_anywhere_books_nobody_twice_and_loses_no_row(
    kind: str, workers: int, part: int, sweeps: Sweeps
) -> None:
    hooks = spread(sweeps.first_life(kind, workers), POINTS, f"{kind} {workers}")
    played = [sweeps.play(kind, workers, [hook]) for hook in hooks[part::PARTS]]
    _note("crash points in process", played, least_hooks=len({hook.kind for hook in hooks}))
    _assert_nothing_is_broken(played)
    assert sum(one.crashes for one in played) > len(played) / 2


@pytest.mark.parametrize("number", range(FIRSTS))
@pytest.mark.parametrize(("kind", "workers"), DOUBLE_COMBINATIONS)
def test_a_second_crash_while_the_first_is_recovered_from_breaks_nothing_either(
    kind: str, workers: int, number: int, sweeps: Sweeps
) -> None:
    salt = f"{kind} {workers} double"
    first = spread(sweeps.first_life(kind, workers), FIRSTS, salt)[number]
    recovered = sweeps.play(kind, workers, [first], records=True)
    seconds = spread(recovered.passed, SECONDS, f"{salt} {number}")
    played = [sweeps.play(kind, workers, [first, second]) for second in seconds]
    _note("double crashes", played, least_hooks=len({hook.kind for hook in seconds}))
    _assert_nothing_is_broken([recovered, *played])
    assert sum(one.crashes for one in played) > len(played)


AFTER_A_REQUEST_LEFT = ("network.send:return:4",)
"""The first two are of the sign-in; then each request leaves as head and body."""
BEFORE_THE_RESULTS = ("pipeline.ending.finish:call:1",)
WHILE_A_CLAIM_IS_COMMITTED = tuple(
    f"ledger.ledger.Ledger._complete_batch:call:{nth}" for nth in (11, 13, 10)
)
"""Any of them: with one worker, claims and outcomes are committed in turn."""
TRIES = 4
"""On a busy machine, a thread that was told too early may not come to act on it."""


@pytest.mark.parametrize("is_planted", [False, True], ids=["sound", "planted"])
@pytest.mark.parametrize(
    ("bug", "kind", "hooks", "invariant"),
    [
        ("record-after-success", "csv", AFTER_A_REQUEST_LEFT, "I1"),
        ("sending-resent-at-start", "csv", AFTER_A_REQUEST_LEFT, "I1"),
        ("group-commit-acks-early", "xlsx", WHILE_A_CLAIM_IS_COMMITTED, "I1"),
        ("blank-rows-dropped", "xlsx", AFTER_A_REQUEST_LEFT, "I2"),
        ("default-na-parsing", "xlsx", AFTER_A_REQUEST_LEFT, "I4"),
        ("post-before-full-validation", "xlsx", BEFORE_THE_RESULTS, "I7"),
    ],
)
def test_crash_points_in_process_catch(
    bug: str, kind: str, hooks: Sequence[str], invariant: str, *, is_planted: bool, sweeps: Sweeps
) -> None:
    crashes = [[Hook.parse(hook)] for hook in hooks]
    if is_planted:
        tried = (sweeps.play(kind, 1, crash, bug=bug) for crash in crashes * TRIES)
        assert any(played.broken(invariant) for played in tried)
    else:
        _assert_nothing_is_broken([sweeps.play(kind, 1, crash) for crash in crashes])


def _note(layer: str, played: Sequence[Played], **more: int) -> None:
    note(
        layer,
        cases=len(played),
        **broken(invariant for one in played for invariant, _ in one.violations),
        kills=sum(one.crashes for one in played),
        **more,
    )


def _assert_nothing_is_broken(played: Sequence[Played]) -> None:
    assert not any(one.violations for one in played), "\n".join(
        one.told for one in played if one.violations
    )
