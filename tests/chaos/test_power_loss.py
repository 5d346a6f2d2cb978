"""The power fails at any instant of real commands: what has left was intended, on the disk."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.chaos import figures
from tests.chaos.level import LEVEL, Level, seed, share
from tests.chaos.power.facts import chosen
from tests.chaos.power.recording import Tape, read_tape
from tests.chaos.power.scenario import (
    command_server,
    record_first_run,
    record_three_runs,
    record_whole_life,
)
from tests.chaos.power.sweeping import Swept, sweep
from tests.chaos.tracing.strace import needs_strace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.tracing.command_lines import ForkServer

    MakeRow = Callable[..., dict[str, str]]

LAYER = "power-loss states"
SHARDS = share(quick=2, full=8, report=16)
INSTANTS = share(quick=60, full=250, report=600)
SEEDS = share(quick=9, full=30, report=100)
OPENS_EVERY = share(quick=3, full=3, report=10)
CARRIES_ON_EVERY = share(quick=40, full=60, report=150)

CAUGHT_BY = {
    "wal-normal": {"I6"},
    "default-journal": {"I6"},
    "rename-without-fsync": {"I9", "whole files"},
    "claim-before-commit": {"I6"},
    "folders-not-synced": {"I6"},
}
"""Planted bug -> the promises that the layer must see broken."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, make_row: MakeRow) -> Iterator[ForkServer]:
    """Return what starts commands at once."""
    needs_strace()
    with command_server(tmp_path_factory.mktemp("warm"), make_row) as warm:
        yield warm


@pytest.fixture(scope="session")
def tape(tmp_path_factory: pytest.TempPathFactory, server: ForkServer, make_row: MakeRow) -> Tape:
    """Return what was recorded of healthy commands, once for all processes of a test run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if base.name.startswith("pytest-") else base.parent) / "power-tape"
    record = record_three_runs if LEVEL is Level.QUICK else record_whole_life
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "steps.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            return record(folder, server, make_row)
    return read_tape(folder)


@pytest.fixture(scope="session")
def healthy(tape: Tape) -> Swept:
    """Return what is found in the first run when no bug is planted."""
    return judged(tape)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_power_loss_takes_an_intent_an_answer_or_half_a_file(tape: Tape, shard: int) -> None:
    instants = chosen(tape, INSTANTS, Random(seed()))

    swept = sweep(
        tape,
        instants[shard::SHARDS],
        seeds=SEEDS,
        opens_every=OPENS_EVERY,
        carries_on_every=CARRIES_ON_EVERY,
    )

    note(swept)
    assert swept.carried_on > 0
    assert not swept.violations, swept.told()


def note(swept: Swept) -> None:
    figures.note(
        LAYER,
        cases=swept.states,
        instants=swept.instants,
        opened=swept.opened,
        carried_on=swept.carried_on,
        lost_intents=swept.promises["I6"],
        **figures.broken(swept.promises.elements()),
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "name", [pytest.param(name, id=f"power-loss-{name}") for name in CAUGHT_BY]
)
def test_a_planted_bug_is_seen_when_the_power_fails(
    name: str, healthy: Swept, server: ForkServer, tmp_path: Path, make_row: MakeRow
) -> None:
    """The same first run, without and with it, judged at as many instants of each."""
    broken = judged(record_first_run(tmp_path / "tape", server, make_row, name))

    assert not healthy.violations, healthy.told()
    assert CAUGHT_BY[name] <= set(broken.promises)


def judged(tape: Tape) -> Swept:
    """Judge the first command of a tape."""
    return sweep(tape, chosen(tape, 45, Random(seed()), step=0), seeds=5, opens_every=10)
