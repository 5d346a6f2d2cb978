"""One life of a process: a whole import in a forked child, which may be killed at a hook."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import traceback
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from importer.errors import ImporterError
from importer.pipeline import import_file
from tests.chaos.crashing.hooks import Watch
from tests.chaos.planted import planted

if TYPE_CHECKING:
    from pathlib import Path

    from importer.reports import PlanView, ProgressView
    from importer.settings import Settings
    from tests.chaos.crashing.hooks import Hook

KILLED = -signal.SIGKILL
TOO_LONG = -signal.SIGALRM
_LONGEST_S = 120
"""A life that is not over by then never ends: no wait in these imports is longer than a second."""
_BUG = 70


class QuickClock:
    """The real time, but waits that are over twenty times sooner."""

    _TIMES = 20.0

    def now(self) -> datetime:
        """Return the wall clock's time, which the server's log is held against."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return its seconds."""
        return time.monotonic() * self._TIMES

    async def sleep(self, seconds: float) -> None:
        """Sleep for so many of its seconds."""
        await asyncio.sleep(max(0.0, seconds) / self._TIMES)


class Script:
    """An observer that agrees to every plan that is not held, as a script does."""

    def planned(self, plan: PlanView) -> bool:
        """Agree."""
        return not (plan.is_held or plan.held_by)

    def progress(self, counts: ProgressView) -> None:
        """Take no notice."""

    def notice(self, text: str) -> None:
        """Take no notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What one process is to do, and where it dies."""

    source: Path
    settings: Settings
    deadly: Hook | None = None
    passed_to: Path | None = None
    """Where the hooks that it passes are written, when it comes to its end."""
    words_to: Path
    """Where a bug of the importer, or of ours, is told."""
    bug: str | None = None

    def live(self) -> int:
        """Fork, let the child live, and return how it ended: as `Popen.returncode` tells it."""
        pid = os.fork()
        if pid == 0:
            self._be_the_child()
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _be_the_child(self) -> NoReturn:
        """Import, and end; whatever happens, the parent's code never goes on here."""
        code = _BUG
        try:
            signal.alarm(_LONGEST_S)
            with ExitStack() as stack:
                if self.bug is not None:
                    stack.enter_context(planted(self.bug))
                code = self._run_watched()
        except BaseException:  # noqa: BLE001 - told in a file
            self.words_to.write_text(traceback.format_exc())
        finally:
            os._exit(code)

    def _run_watched(self) -> int:
        if self.deadly is None and self.passed_to is None:
            return self.run_here()
        watch = Watch(self.deadly)
        watch.begin()
        code = self.run_here()
        if self.passed_to is not None:
            passed = [[name, event, count] for (name, event), count in watch.passed.items()]
            self.passed_to.write_text(json.dumps(passed))
        return code

    def run_here(self) -> int:
        """Import in this very process; return what it would exit with."""
        try:
            report = import_file(
                self.source,
                self.settings,
                clock=QuickClock(),
                observer=Script(),
                selection=self.settings.selection,
            )
        except ImporterError as error:
            self.words_to.write_text(error.message)
            return int(error.exit_code)
        return int(report.exit_code)
