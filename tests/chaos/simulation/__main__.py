"""Replay simulated runs: `python -m tests.chaos.simulation SEED...`."""

from __future__ import annotations

import argparse
import sys

from tests.chaos.planted import planted
from tests.chaos.simulation.disk import disk_in_memory
from tests.chaos.simulation.judging import simulate
from tests.chaos.simulation.scenario import scenario_of


def main() -> int:
    """Simulate each seed, tell what came of it, and return whether anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.simulation")
    parser.add_argument("seeds", nargs="+", help="such as 7, or 7x5000 for 5,000 rows")
    parser.add_argument("--bug", help="plant this bug")
    told = parser.parse_args()
    is_wrong = False
    with planted(told.bug), disk_in_memory() as folder:
        for seed in told.seeds:
            came = simulate(scenario_of(seed), folder)
            is_wrong |= bool(came.violations)
            sys.stdout.write(f"{came.scenario}\n{came.states} in {came.lasted_s:.1f} s, ")
            sys.stdout.write(f"{came.requests} requests, {came.kills} kills, ")
            sys.stdout.write(f"log {came.log_digest}\n{came}\n\n")
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
