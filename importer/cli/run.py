"""`solv-import run`: book the rows of a file."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from importer.cli.bar import narrator_for
from importer.cli.check import check_one
from importer.cli.files import destinations, each_file
from importer.cli.options import CHOOSING, READING, SENDING, TALKING, setting_options, settings_of
from importer.cli.shell import command as command_class
from importer.cli.terminal import bold, can_answer, put, say
from importer.clock import SystemClock
from importer.errors import ExitCode, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from importer.pipeline import RunReport
    from importer.settings import Settings


@click.command(
    "run",
    cls=command_class(
        "run",
        ("solv-import run visits.xlsx", "shows the plan and asks before it sends"),
        ("solv-import run june.csv --profile lakeside --only-valid", "leave invalid rows behind"),
        ("solv-import run june.csv --limit 5", "a first handful"),
        ("solv-import run drop/*.csv --yes --non-interactive", "from cron"),
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@setting_options(*SENDING, *READING, *CHOOSING, "results", "summary", "dry_run", *TALKING)
@click.pass_context
def command(ctx: click.Context, /, files: tuple[str, ...], **_flags: object) -> None:
    """Book the rows of a file, and write what came of each.

    Nothing is sent before the whole file is read and checked. A row that was booked, or may have
    been, is never sent again; run the same command again and it carries on.
    """
    settings = settings_of(ctx)
    if settings.dry_run:
        shape = "json" if settings.json else "full"
        ctx.exit(each_file(ctx, files, lambda source: check_one(source, settings, shape)))
    refuse_unattended(settings)
    places = destinations(files, settings)
    start_logs(settings)

    def import_one(source: Path) -> ExitCode:
        results, summary = places[source]
        return run_one(source, replace(settings, results=results, summary=summary))

    ctx.exit(each_file(ctx, files, import_one))


def refuse_unattended(settings: Settings) -> None:
    """Raise when bookings would reach real people and nobody has said yes.

    Raises:
        SettingsError: The target is not known, or is real and nobody is there to be asked.
    """
    settings.require_target()
    may_ask = can_answer() and not settings.non_interactive
    if not (settings.is_loopback or settings.yes or may_ask):
        raise SettingsError(
            f"{settings.base_url} books real people, and nobody is here to be asked.",
            todo="Add --yes if that is what you want.",
        )


def start_logs(settings: Settings) -> None:
    """Set logs up; only a command that sends has any."""
    from importer.logs import configure_logs  # noqa: PLC0415 - structlog imports rich

    configure_logs(settings.verbose)


def run_one(source: Path, settings: Settings) -> ExitCode:
    """Import one file, print what came of it, and return its exit code."""
    from importer.pipeline import import_file  # noqa: PLC0415 - pandas costs half a second

    clock = SystemClock()
    with narrator_for(settings, clock, is_terminal=sys.stderr.isatty()) as observer:
        report = import_file(
            source, settings, clock=clock, observer=observer, selection=settings.selection
        )
    print_run(report, settings)
    return ExitCode(report.exit_code)


def print_run(report: RunReport, settings: Settings) -> None:
    """Print the line that adds up, where the results are, and what to do now."""
    summary = report.summary
    if settings.json:
        put(json.dumps({"type": "summary", **summary.to_json()}, ensure_ascii=False))
        return
    if settings.quiet and not report.exit_code:
        return
    put(bold(summary.conservation_line()))
    if report.results_path:
        put(f"Results: {report.results_path}")
    for line in what_now(ExitCode(report.exit_code), summary.run_id):
        say(line)


def what_now(code: ExitCode, run_id: str) -> list[str]:
    """Return what a person does next."""
    match code:
        case ExitCode.NEEDS_A_PERSON:
            return ["Next: correct the red cells in the results and run that very file again."]
        case ExitCode.STOPPED_EARLY | ExitCode.INTERRUPTED | ExitCode.TERMINATED:
            return [f"Stopped; carry on with: solv-import resume {run_id}"]
        case ExitCode.UNKNOWN_OUTCOMES:
            return [f"Some bookings may or may not exist: solv-import reconcile {run_id}"]
        case _:
            return []
