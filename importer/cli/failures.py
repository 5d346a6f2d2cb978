"""Whatever stops a command, as one sentence and its exit code."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING

import click

from importer import __version__
from importer.clock import SystemClock
from importer.errors import ExitCode, ImporterError
from importer.signals import code_of_interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model import Clock

WANTS_JSON = "importer.wants_json"
"""Key in a context's `meta`: standard output is JSON Lines."""


def exit_for(error: BaseException, ctx: click.Context) -> ExitCode:
    """Say on standard error what stopped the command, and return its exit code."""
    match error:
        case ImporterError():
            tell(error, ctx)
        case click.ClickException():
            error.show()
        case KeyboardInterrupt() | click.Abort() | EOFError():
            click.echo("Stopped.", err=True)
        case _:
            path = write_bug_report(error, ctx, SystemClock())
            click.echo("error: this is a bug in solv-import.", err=True)
            click.echo(f"help: please report it with {path}; no patient data is in it.", err=True)
    return code_of(error)


def code_of(error: BaseException) -> ExitCode:
    """Return the exit code of whatever stopped a command."""
    match error:
        case ImporterError():
            return error.exit_code
        case click.ClickException():
            return ExitCode.USAGE
        case KeyboardInterrupt():
            return code_of_interrupt(error)
        case click.Abort() | EOFError():
            return ExitCode.INTERRUPTED
        case _:
            return ExitCode.BUG


def tell(error: ImporterError, ctx: click.Context) -> None:
    """Print what happened and what to do about it."""
    tell_people(error)
    if ctx.meta.get(WANTS_JSON):
        click.echo(json.dumps(_as_json(error)))


def tell_people(error: ImporterError) -> None:
    """Print what happened on standard error only, whatever standard output is."""
    code = f"[{error.code}]" if error.code else ""
    label = click.style(f"error{code}", fg="red", bold=True)
    click.echo(f"{label}: {error.message}", err=True)
    if error.todo:
        click.echo(f"{click.style('help', bold=True)}: {error.todo}", err=True)


def _as_json(error: ImporterError) -> dict[str, object]:
    return {
        "type": "error",
        "code": error.code,
        "message": error.message,
        "todo": error.todo,
        "exit_code": int(error.exit_code),
        "exit_reason": error.exit_code.reason,
    }


def write_bug_report(error: BaseException, ctx: click.Context, clock: Clock) -> Path:
    """Write where the program was, never what it held, and return the report's path."""
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    lines = [
        f"solv-import {__version__}",
        f"python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"command {ctx.invoked_subcommand or '-'}",
        *_places(error),
    ]
    for folder in _report_folders():
        path = folder / f"bug-{stamp}-{os.getpid()}.txt"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as report:
            report.write("\n".join(lines) + "\n")
        return path
    sys.stderr.write("\n".join(lines) + "\n")
    return Path("the lines above")


def _report_folders() -> Iterator[Path]:
    from importer.settings import bug_folder  # noqa: PLC0415 - only after a bug

    yield bug_folder(os.environ)
    yield Path(tempfile.gettempdir())


def _places(error: BaseException | None) -> Iterator[str]:
    """Yield each exception of the chain: its type and frames, never its text."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        kind = type(error)
        yield f"{kind.__module__}.{kind.__qualname__}"
        for frame, line in walk_tb(error.__traceback__):
            code = frame.f_code
            yield f"  {code.co_filename}:{line}:{code.co_name}"
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _places(inner)
        error = error.__cause__ or error.__context__
