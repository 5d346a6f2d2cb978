"""Whatever the network does to a request, its row is told truthfully and never sent twice."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.chaos import figures
from tests.chaos.level import LEVEL, seed, share
from tests.chaos.network.cases import EXPECTED, FAULTS, Case, chosen_cases
from tests.chaos.network.findings import play, play_outage
from tests.chaos.planted import planted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.chaos.network.findings import Finding

_PATIENCE_S = 120
"""For half a second of work: no case may fail because the machine is busy."""

CASES = chosen_cases(share(quick=32, full=400, report=10_000), seed())
"""In the report every fault meets every row, connection and number of workers that make sense."""


@pytest.fixture
def write_rows(
    make_row: Callable[..., dict[str, str]], write_csv: Callable[..., Path]
) -> Callable[[int], Path]:
    """Return a writer of files with so many rows."""
    return lambda count: write_csv(make_row(number) for number in range(2, 2 + count))


@pytest.fixture
def played(
    tmp_path: Path, start_sandbox: Callable[..., Sandbox], write_rows: Callable[[int], Path]
) -> Callable[[Case], Finding]:
    """Return a player of cases."""
    return lambda case: play(case, tmp_path, start_sandbox(), write_rows(case.rows))


def test_every_fault_stands_in_the_table_and_in_the_report() -> None:
    every = chosen_cases(10_000, seed())
    assert EXPECTED.keys() == FAULTS.keys() == {case.fault_name for case in every}
    assert len(every) == len(set(every)) >= 300


@pytest.mark.timeout(_PATIENCE_S)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_row_that_meets_a_fault_gets_what_the_outcome_table_says(
    case: Case, played: Callable[[Case], Finding], request: pytest.FixtureRequest
) -> None:
    found = played(case)

    _judge(found, request.node.nodeid)
    assert not (case.is_fresh and found.struck_used), "met on a connection that had been used"


OUTAGES = [
    (fault_name, workers)
    for workers in (1, 4)
    for fault_name in (
        "reset after the booking",
        "closed unread",
        "answer cut in its headers, close",
        "garbage",
        "200, no id",
        "503, booked",
    )
][:: share(quick=4, full=1, report=1)]


@pytest.mark.timeout(_PATIENCE_S)
@pytest.mark.parametrize(("fault_name", "workers"), OUTAGES)
def test_a_fault_that_does_not_end_leaves_few_rows_unknown(
    fault_name: str,
    workers: int,
    tmp_path: Path,
    start_sandbox: Callable[..., Sandbox],
    write_rows: Callable[[int], Path],
    request: pytest.FixtureRequest,
) -> None:
    case = Case(fault_name=fault_name, position="middle", is_fresh=False, workers=workers)
    found = play_outage(case, tmp_path, start_sandbox(), write_rows(20))
    _judge(found, request.node.nodeid)


def _judge(found: Finding, test_id: str) -> None:
    """Count what a case showed, and fail with whatever is broken."""
    broken = Counter(violation.invariant for violation in found.violations)
    figures.note(
        "network cases",
        cases=1,
        # The importer leaves a connection that was idle for two seconds, as on a busy machine:
        # then a case that was meant for a used one meets its fault on a new one.
        meant_for_used_connections=int(not found.case.is_fresh),
        on_used_connections=int(found.struck_used > 0),
        duplicates=broken["I1"],
        lost=broken["I2"] + broken["I3"],
        wrong=broken["I4"],
        others=broken["I8"] + broken["I10"] + broken["I11"],
    )
    assert found.struck, "the fault was never met"
    assert not found.violations, _told(found, test_id)


def _told(found: Finding, test_id: str) -> str:
    """Return what is broken, and the command that shows it again."""
    lines = [f"{violation.invariant}: {violation.what}" for violation in found.violations]
    again = f"CHAOS={LEVEL.value} CHAOS_SEED={seed()} pytest {shlex.quote(test_id)}"
    return "\n".join([*lines, again])


# What this layer is there to catch

PLANTED = {
    # bug: a case that meets it, and the promise that it breaks
    "200-without-id-is-booked": ("200, no id", "I4"),
    "5xx-is-rejected": ("500, booked", "I4"),
    "redirects-followed": ("301, another host", "I4"),
    "except-transport-error": ("gzip, bad", "I2"),
    "per-read-timeout-only": ("dripped at its end", "I8"),
    "retry-on-read-timeout": ("silence after the booking", "I1"),
    "status-line-lost": ("422, body cut", "I4"),
    "trailing-bytes-kept": ("two answers", "I4"),
}


@pytest.mark.timeout(_PATIENCE_S)
@pytest.mark.parametrize("is_planted", [False, True], ids=["sound", "planted"])
@pytest.mark.parametrize("bug", PLANTED)
def test_network_cases_catch(
    bug: str,
    is_planted: bool,  # noqa: FBT001 - a parameter of the test
    played: Callable[[Case], Finding],
) -> None:
    fault_name, invariant = PLANTED[bug]
    case = Case(fault_name=fault_name, position="middle", is_fresh=False, workers=1)

    with planted(bug if is_planted else None):
        found = played(case)

    assert found.struck
    broken = {violation.invariant for violation in found.violations}
    assert (invariant in broken) == is_planted, found.violations
    assert is_planted or not broken
