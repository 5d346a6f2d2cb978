"""Thousands of simulated runs: no seed books anybody twice, loses a row or breaks the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos import figures
from tests.chaos.level import seed, share
from tests.chaos.planted import planted
from tests.chaos.simulation.disk import disk_in_memory
from tests.chaos.simulation.judging import simulate
from tests.chaos.simulation.scenario import Kill, Scenario, Storm, scenario_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.chaos.simulation.judging import Simulated

LAYER = "simulated runs"
SHARDS = 16
RUNS = share(quick=48, full=1_500, report=10_000)
LONG_RUNS = share(quick=1, full=5, report=50)
LONG_ROWS = share(quick=1_000, full=5_000, report=5_000)
LEAST_PACE = 0.97
"""Of what the spacing allows, which is W / (W + J) of the limit itself."""
NARROW_MS = 20
"""The allowance on loopback: with no more, it is the least share of the limit, too."""

pytestmark = pytest.mark.timeout(3_600)
"""The machine may be busy; what must end soon is judged by simulated time."""


@pytest.fixture(scope="module")
def disk() -> Iterator[Path]:
    """Return a folder for the files of simulated machines."""
    with disk_in_memory() as folder:
        yield folder


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_seed_breaks_a_promise(shard: int, disk: Path) -> None:
    _judge(
        [
            simulate(scenario_of(str(number)), disk)
            for number in range(seed() + shard, seed() + RUNS, SHARDS)
        ]
    )


@pytest.mark.parametrize("number", range(LONG_RUNS))
def test_no_long_file_breaks_a_promise(number: int, disk: Path) -> None:
    _judge([simulate(scenario_of(f"{seed() + number}x{LONG_ROWS}"), disk)])


def _judge(runs: Sequence[Simulated]) -> None:
    """Count what the runs showed, and fail with one line for each that must be repeated."""
    shares = {
        "most_window_share": max(_known(run.window_share for run in runs), default=None),
        "least_pace_share": min(_known(run.pace_share for run in runs), default=None),
        "least_throughput_share": min(
            _known(run.limit_share for run in runs if run.scenario.jitter_ms <= NARROW_MS),
            default=None,
        ),
    }
    figures.note(
        LAYER,
        cases=len(runs),
        **figures.broken(violation.invariant for run in runs for violation in run.violations),
        rows=sum(run.scenario.rows for run in runs),
        requests=sum(run.requests for run in runs),
        kills=sum(run.kills for run in runs),
        unknown=sum(run.unknown for run in runs),
        simulated_hours=round(sum(run.lasted_s for run in runs) / 3_600, 1),
        **{name: value for name, value in shares.items() if value is not None},
    )
    wrong = [str(run) for run in runs if run.violations]
    wrong += [f"only {_least_share(run):.3f} of its pace: {run}" for run in runs if _is_slow(run)]
    assert not wrong, "\n".join(wrong)


def _is_slow(run: Simulated) -> bool:
    return _least_share(run) < LEAST_PACE


def _least_share(run: Simulated) -> float:
    """Return how much of its pace a calm run reached, and of the limit where that can be had."""
    is_narrow = run.scenario.jitter_ms <= NARROW_MS
    shares = (run.pace_share, run.limit_share if is_narrow else None)
    return min(_known(iter(shares)), default=1.0)


def _known(shares: Iterator[float | None]) -> list[float]:
    return [known for known in shares if known is not None]


@pytest.mark.parametrize("number", [2, 3, 16])
def test_the_same_seed_is_the_same_run(number: int, disk: Path) -> None:
    scenario = scenario_of(str(seed() + number))

    assert simulate(scenario, disk).log_digest == simulate(scenario, disk).log_digest


def test_different_seeds_are_different_runs(disk: Path) -> None:
    runs = [simulate(scenario_of(str(number)), disk) for number in range(seed(), seed() + 3)]

    assert len({run.log_digest for run in runs}) == 3


SENT_AND_KILLED = Scenario(
    seed="killed", rows=6, in_flight=1, kills=(Kill(steps=5, restart_s=0.01),)
)
"""The process dies as its first booking request arrives."""
STORM = Storm(begins_s=0.5, lasts_s=3.0, wait_s=30.0)
PLANTED: dict[str, tuple[Scenario, str]] = {
    "record-after-success": (SENT_AND_KILLED, "I1"),
    "sending-resent-at-start": (SENT_AND_KILLED, "I1"),
    "lost-answer-resent": (Scenario(seed="lost", faults={"commit-then-reset": 0.2}), "I1"),
    "5xx-resent": (Scenario(seed="5xx", faults={"500-committed": 0.2}), "I1"),
    "401-resent-without-limit": (
        Scenario(seed="401", rows=2, in_flight=1, think_s=5.0, faults={"401": 1.0}),
        "I8",
    ),
    "retry-after-ignored": (Scenario(seed="storm", rate_text="10/s", storms=(STORM,)), "I5"),
    "token-bucket-burst": (
        Scenario(seed="burst", rows=40, in_flight=16, rate_text="10/s"),
        "I5",
    ),
    "limiter-lost-on-restart": (
        Scenario(
            seed="restart",
            rows=5,
            in_flight=1,
            rate_text="0.5/s",
            kills=(Kill(steps=7, restart_s=0.0),),
        ),
        "I5",
    ),
    "pause-lost-on-restart": (
        Scenario(
            seed="pause",
            rate_text="10/s",
            storms=(STORM,),
            kills=(Kill(after_s=4.0, restart_s=0.3),),
        ),
        "I5",
    ),
    "last-request-of-a-killed-process-forgotten": (
        Scenario(
            seed="late",
            rows=5,
            in_flight=1,
            rate_text="0.5/s",
            connect_s=1.0,
            kills=(Kill(steps=5, restart_s=0.01),),
        ),
        "I5",
    ),
}
"""Planted bug -> a scenario in which it shows, and the promise that it breaks."""


@pytest.mark.parametrize("is_planted", [False, True], ids=["sound", "planted"])
@pytest.mark.parametrize("bug", PLANTED)
def test_simulated_runs_catch(
    bug: str,
    is_planted: bool,  # noqa: FBT001 - a parameter of the test
    disk: Path,
) -> None:
    scenario, invariant = PLANTED[bug]

    with planted(bug if is_planted else None):
        came = simulate(scenario, disk)

    broken = {violation.invariant for violation in came.violations}
    assert (invariant in broken) == is_planted, str(came)
    assert is_planted or not broken, str(came)
