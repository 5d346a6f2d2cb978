"""Start the command line: `solv-import`, or `python -m importer`."""

from __future__ import annotations

import resource
import sys
import warnings
from typing import TYPE_CHECKING

from importer.errors import ExitCode, worst
from importer.signals import (
    code_of_interrupt,
    code_of_raised,
    hear_signals,
    ignore_signals,
)

if TYPE_CHECKING:
    from importer.cli.streams import Outlet


def main() -> None:
    """Run one command and exit with its code."""
    try:
        hear_signals()
        output = _prepared()
        sys.exit(_with_lost_output(_exit_code(), output))
    except KeyboardInterrupt as interrupt:
        ignore_signals()
        sys.stderr.write("Stopped.\n")
        sys.exit(code_of_interrupt(interrupt))
    finally:
        ignore_signals()  # what is to be told has been told, and the exit code stands


def _exit_code() -> int | str | None:
    """Run one command and return what it wants to exit with."""
    from importer.cli.shell import shell  # noqa: PLC0415 - after warnings are off

    try:
        shell(prog_name="solv-import", complete_var="_SOLV_IMPORT_COMPLETE")
    except SystemExit as end:
        if isinstance(end.code, str):
            return end.code
        # A request to stop that comes while another is obeyed is click's, who would return 1.
        return int(worst(ExitCode(end.code or 0), code_of_raised()))
    return None


def _prepared() -> Outlet:
    """Make this a process that leaves no patient anywhere; return where output goes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold all that we hold
    if not sys.warnoptions:
        # A library's warning may quote a cell, and it would land in somebody's log.
        warnings.simplefilter("ignore")
    sys.unraisablehook = _pass_over
    from importer.cli.streams import open_streams  # noqa: PLC0415 - after signals are heard

    return open_streams()


def _pass_over(_ignored: sys.UnraisableHookArgs) -> None:
    """Say nothing: a traceback quotes values, and a signal that got lost is raised again."""


def _with_lost_output(code: int | str | None, output: Outlet) -> int | str | None:
    """Return the exit code that also counts output that a full disk did not take."""
    from importer.cli.streams import is_lost  # noqa: PLC0415 - as above

    if not is_lost(output) or isinstance(code, str):
        return code
    sys.stderr.write("error: standard output could not be written\n")
    return int(worst(ExitCode(code or 0), ExitCode.USAGE))


if __name__ == "__main__":
    main()
