"""A purge that kills itself at a call or return of the importer: `... purge_lives STATE OUT RUN`.

Reads hooks from standard input, a line each, "" for none; forks a life for each on a copy of the
state folder, and writes a line of JSON for it: its folder, how it ended, the hooks that it passed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from importer.clock import SystemClock
from importer.pipeline import purge, purge_plan
from importer.settings import load_settings
from tests.chaos.crashing.hooks import Hook, Watch


def _live(state: Path, run_id: str, hook: str) -> None:
    environ = dict(os.environ) | {"SOLV_IMPORT_STATE_DIR": str(state)}
    settings = load_settings({}, environ=environ, folder=state.parent)
    plan = purge_plan(settings, run_id=run_id)
    watch = Watch(deadly=Hook.parse(hook) if hook else None)
    watch.begin()
    purge(settings, plan, clock=SystemClock())
    sys.settrace(None)
    passed = [f"{name}:{event}:1" for name, event in watch.passed]
    (state.parent / "passed.json").write_text(json.dumps(passed))


def main(state: Path, out: Path, run_id: str) -> None:
    """Play one life for each hook."""
    for number, line in enumerate(sys.stdin):
        place = out / f"life {number}"
        shutil.copytree(state, place / "state")
        child = os.fork()
        if not child:
            _live(place / "state", run_id, line.strip())
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told = place / "passed.json"
        passed = json.loads(told.read_text()) if told.exists() else []
        sys.stdout.write(json.dumps({"folder": str(place), "code": code, "passed": passed}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
