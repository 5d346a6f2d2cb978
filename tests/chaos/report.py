"""Run all of chaos and write its figures into docs/reliability.md: `make reliability-report`."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from tests.chaos.level import Level, seed
from tests.chaos.planted import BUGS, load_bugs

Line: TypeAlias = dict[str, Any]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
LAYERS = {
    "simulated runs": "whole runs in simulated time, over a simulated network",
    "model steps": "steps of stories over the real planning, ledger and posting",
    "crash points in process": "processes killed at a call or return",
    "double crashes": "processes killed, and killed again while they recovered",
    "syscall kill points": "commands killed at a system call",
    "power-loss states": "disks as a power cut may leave them",
    "disk faults": "commands whose disk was full, broken, read-only or gone",
    "network cases": "commands whose connection or answer was broken",
    "signals and processes": "commands stopped, suspended, doubled, or with a wrong clock",
    "tampered ledgers": "ledgers changed, swapped, rolled back or cut",
    "canary searches": "runs after which every trace of a patient was searched for",
}
"""Layer -> what one case of it is, in the order of the table."""
_SIDE_BY_SIDE = "side by side"
_COLUMNS = [
    f"{scenario}: {what}"
    for scenario in ("faults", "kills")
    for what in ("booked twice", "lost", "called failed, but booked")
]
_INPUTS = {"crash-with-a-patient"}
"""Planted as bugs are, but only to see what is told of a crash: nothing has to catch them."""
PROMISES = ("duplicates", "lost", "wrong")
_NO_FIGURES = {"layer", "level", "seed", "cases", *PROMISES}


def main() -> int:
    """Run every layer, at the level of the report unless told; write the page if all passed."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.jsonl"
        environ = os.environ | {"CHAOS": _level(), "CHAOS_FIGURES": str(figures)}
        tests = [sys.executable, "-m", "pytest", "-n", "auto", *sys.argv[1:], "tests/chaos"]
        code = subprocess.run(tests, cwd=ROOT, env=environ, check=False).returncode
        if code == 0:
            lines = [json.loads(line) for line in figures.read_text("utf-8").splitlines()]
            PAGE.write_text(filled(PAGE.read_text("utf-8"), lines, stamp()), "utf-8")
    return code


def filled(page: str, lines: list[Line], stamped: str) -> str:
    """Return the page with its two tables made anew from the figures.

    Args:
        page: The page, with a pair of marks around each table.
        lines: What the layers counted.
        stamped: When, where and of which commit.
    """
    load_bugs()
    # The page is only written when every test has passed, those of planted bugs included.
    caught = f"All {len(BUGS.keys() - _INPUTS)} planted bugs were caught (`tests/chaos/bugs/`)."
    page = _between(page, "figures", f"{stamped}\n\n{layer_table(lines)}\n\n{caught}")
    return _between(page, "side by side", side_by_side_table(lines))


def layer_table(lines: list[Line]) -> str:
    """Return one line a layer: cases, broken promises, and whatever else it counted."""
    by_layer = defaultdict(list)
    for line in lines:
        by_layer[line["layer"]].append(line)
    unknown = by_layer.keys() - LAYERS.keys() - {_SIDE_BY_SIDE}
    assert not unknown, f"not a layer of the report: {unknown}"
    rows = [
        "| what was tried | cases | booked twice | lost | not true | also |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for layer, what in LAYERS.items():
        found = by_layer[layer]
        assert found, f"nothing was tried of: {layer}"
        cases = sum(line.get("cases", 0) for line in found)
        broken = [sum(line.get(name, 0) for line in found) for name in PROMISES]
        counts = " | ".join(f"{count:,}" for count in (cases, *broken))
        rows.append(f"| {layer}: {what} | {counts} | {_also(found)} |")
    return "\n".join(rows)


def side_by_side_table(lines: list[Line]) -> str:
    """Return one line a tool: what became of its rows under faults, and under kills."""
    found: defaultdict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        if line["layer"] == _SIDE_BY_SIDE:
            found[line["tool"], line["scenario"]].append(line)
    tools = dict.fromkeys(tool for tool, _ in found)
    rows = [
        f"| {' | '.join(['', *_COLUMNS])} |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for tool in sorted(tools, key=lambda name: (name != "solv-import", name)):
        cells = [
            _span([line[name] for line in found[tool, scenario]])
            for scenario in ("faults", "kills")
            for name in PROMISES
        ]
        rows.append(f"| {tool} | {' | '.join(cells)} |")
    return "\n".join(rows)


def stamp() -> str:
    """Return when, where and of which commit the figures are."""
    commit = _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "--porcelain") else "")
    command = f"CHAOS={_level()} CHAOS_SEED={seed()} make reliability-report"
    python = f"Python {platform.python_version()} on {platform.system()}, {os.cpu_count()} cores"
    return f"{datetime.now(UTC):%Y-%m-%d}, commit {commit}, {python}. Repeat it: `{command}`."


def _level() -> str:
    return os.environ.get("CHAOS") or Level.REPORT.value


def _also(found: list[Line]) -> str:
    """Return the other counts of a layer in words: summed, the most or the least."""
    names = dict.fromkeys(name for line in found for name in line if name not in _NO_FIGURES)
    told = []
    for name in names:
        values = [line[name] for line in found if name in line]
        if isinstance(values[0], str):
            continue
        value = max(values) if name.startswith("most_") else sum(values)
        value = min(values) if name.startswith("least_") else value
        shown = f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"
        told.append(f"{name.replace('_', ' ')} {shown}")
    return ", ".join(told)


def _span(values: list[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def _between(page: str, mark: str, text: str) -> str:
    """Return the page with `text` between the two lines that carry this mark."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    head, _, rest = page.partition(begin)
    _, found, tail = rest.partition(end)
    assert found, f"docs/reliability.md has no marks for {mark}"
    return f"{head}{begin}\n{text}\n{end}{tail}"


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words],  # noqa: S607 - whichever git is there
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
