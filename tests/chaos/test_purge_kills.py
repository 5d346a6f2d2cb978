"""A purge that is killed at any step: the next command ends it, and nobody is booked twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from importer.ledger import Spool
from importer.pipeline import purge, purge_plan, run_statuses, verify_audit
from importer.sandbox import SandboxConfig, running_sandbox
from tests.chaos.level import seed, share
from tests.chaos.tampering_kit import environ_of, ledger_in, write_rows
from tests.pipeline.desk import Desk, counts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.sandbox import Sandbox

pytestmark = pytest.mark.timeout(900)

_ROOT = Path(__file__).parents[2]
LIVES = share(quick=6, full=400, report=400)
_WHERE_IT_HURTS = ("ledger.purging.", "ledger.audit_file.", "ledger.spool.", "disk.")
KILLED = -9
MARK = "qzmark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A state folder with one ended run, whose refused row has left words of the server."""

    folder: Path
    sandbox: Sandbox
    run_id: str
    source: Path

    def play(self, hooks: list[str], out: Path) -> list[dict[str, Any]]:
        """Purge the run in a life of its own for each hook."""
        state = self.folder / "state"
        places = [str(state), str(out), self.run_id]
        words = [sys.executable, "-m", "tests.chaos.purge_lives", *places]
        environ = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
        environ |= environ_of(self.sandbox, state) | {"PYTHONPATH": str(_ROOT)}
        told = subprocess.run(
            words,
            input="".join(f"{hook}\n" for hook in hooks),
            env=environ,
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        return [json.loads(line) for line in told.stdout.splitlines()]


@pytest.fixture(scope="module")
def clinic(
    tmp_path_factory: pytest.TempPathFactory, make_row: Callable[..., dict[str, str]]
) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    source = write_rows(folder / "visits.csv", [make_row(n) for n in range(2, 6)])
    with running_sandbox(SandboxConfig()) as sandbox:
        run_id = Desk(folder=folder, sandbox=sandbox).run(source).summary.run_id
        spool = Spool(ledger_in(folder / "state").spool / run_id)
        spool.prepare()
        spool.place_for("visits.csv").write_text(MARK)
        spool.keep_words("r1", MARK)
        yield Clinic(folder=folder, sandbox=sandbox, run_id=run_id, source=source)


def test_a_killed_purge_is_ended_by_the_next_command(clinic: Clinic, tmp_path: Path) -> None:
    (whole,) = clinic.play([""], tmp_path / "whole")
    assert (whole["code"], len(whole["passed"]) > 40) == (0, True)
    chosen = _chosen(whole["passed"])
    booked = len(clinic.sandbox.requests())

    lives = clinic.play(chosen, tmp_path / "killed")

    assert [life["code"] for life in lives] == [KILLED] * len(chosen)
    broken = {
        hook: found
        for hook, life in zip(chosen, lives, strict=True)
        if (found := _broken(clinic, Path(life["folder"])))
    }
    assert broken == {}
    assert len(clinic.sandbox.requests()) == booked


def _chosen(passed: list[str]) -> list[str]:
    """Return the hooks at which lives end: of those of the purge itself, and of the others."""
    chance = Random(seed())
    sore = [hook for hook in passed if hook.startswith(_WHERE_IT_HURTS)]
    calm = [hook for hook in passed if not hook.startswith(_WHERE_IT_HURTS)]
    return [
        *chance.sample(sore, min(LIVES, len(sore))),
        *chance.sample(calm, min(LIVES // 2, len(calm))),
    ]


def _broken(clinic: Clinic, place: Path) -> list[str]:
    """Return what is wrong once the file has been run again, and the purge was ended."""
    desk = Desk(folder=place, sandbox=clinic.sandbox)
    again = desk.run(clinic.source, results=place / "again.csv")
    broken = [] if counts_of(again) == {"skipped": 4} else [f"again: {counts_of(again)}"]
    (status,) = run_statuses(desk.settings(), clinic.run_id)
    if status.purged_at is None:
        plan = purge_plan(desk.settings(), run_id=clinic.run_id)
        purge(desk.settings(), plan, clock=desk.clock)
    (status,) = run_statuses(desk.settings(), clinic.run_id)
    broken += [] if (status.booked, bool(status.purged_at)) == (4, True) else ["not purged"]
    files = [path for path in (place / "state").rglob("*") if path.is_file()]
    broken += [path.name for path in files if MARK.encode() in path.read_bytes()]
    return broken + [what for _, what in verify_audit(None, desk.settings()).flaws]
