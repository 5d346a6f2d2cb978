"""Where other tools book twice, lose rows or say what is not true, this program does not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.chaos import figures
from tests.chaos.level import seed, share
from tests.chaos.rivals.comparing import ROWS, compare
from tests.chaos.rivals.tools import BENCH, OURS, RIVALS
from tests.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.rivals.tools import Tool

SCENARIOS = ["faults", "kills"]
SEEDS = [seed() + n for n in range(share(quick=0, full=1, report=3))]
THEIRS = list(RIVALS)
"""In the quick level none of them is installed, and the other layers say the same of us."""


@pytest.fixture
def source(make_row: Callable[..., dict[str, str]], tmp_path: Path) -> Path:
    return write_rows(tmp_path / "visits.csv", [make_row(n) for n in range(2, 2 + ROWS)])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("at", SEEDS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_we_book_nobody_twice_and_lose_nobody(
    scenario: str, at: int, source: Path, tmp_path: Path
) -> None:
    found = compare(OURS, scenario, source, tmp_path, seed=at)
    _note(found.tool, scenario, found.second_bookings, found.lost, found.wrong)

    assert (found.second_bookings, found.lost, found.wrong) == (0, 0, 0)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("at", SEEDS)
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("tool", THEIRS, ids=lambda tool: tool.name)
def test_the_same_is_done_to_other_tools(
    tool: Tool, scenario: str, at: int, source: Path, tmp_path: Path
) -> None:
    """Nothing is expected of them; the report shows the figures beside our own."""
    if not BENCH.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the other tools are not installed: make bench-tools")
        pytest.skip("the other tools are not installed: make bench-tools")

    found = compare(tool, scenario, source, tmp_path, seed=at)
    _note(found.tool, scenario, found.second_bookings, found.lost, found.wrong)

    assert found.rows == ROWS


def _note(tool: str, scenario: str, second_bookings: int, lost: int, wrong: int) -> None:
    figures.note(
        "side by side",
        tool=tool,
        scenario=scenario,
        rows=ROWS,
        duplicates=second_bookings,
        lost=lost,
        wrong=wrong,
    )
