"""`solv-import run`: book the rows of a file."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from importer.cli.asking import asking
from importer.cli.bar import narrator_for
from importer.cli.files import destinations, each_file
from importer.cli.next_steps import next_steps
from importer.cli.options import CHOOSING, READING, SENDING, TALKING, setting_options, settings_of
from importer.cli.plan_view import draw_plan, exit_code_of_plan, plan_as_json
from importer.cli.problem_lines import concise_errors
from importer.cli.shell import command as command_class
from importer.cli.terminal import bold, can_answer, put, say, signs
from importer.clock import SystemClock
from importer.errors import ExitCode, SettingsError, worst
from importer.signals import kept_waiting

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
@setting_options(*SENDING, *READING, *CHOOSING, "results", "summary", "dry_run", "show_values")
@setting_options(*TALKING)
@click.pass_context
def command(ctx: click.Context, /, files: tuple[str, ...], **_flags: object) -> None:
    """Book the rows of a file, and write what came of each.

    Nothing is sent before the whole file is read and checked. A row that was booked, or may have
    been, is never sent again; run the same command again and it carries on.
    """
    settings = settings_of(ctx)
    is_named = len(files) > 1 and not (settings.json or settings.quiet)
    if settings.dry_run:

        def plan_it(source: Path) -> ExitCode:
            return asking(settings, partial(plan_one, source))

        ctx.exit(each_file(ctx, files, plan_it, is_named=is_named))
    refuse_unattended(settings)
    places = destinations(files, settings)
    start_logs(settings)

    made: list[str] = []

    def import_one(source: Path) -> ExitCode:
        results, summary = places[source]
        told = replace(settings, results=results, summary=summary, runs_of_command=tuple(made))
        return asking(told, partial(run_one, source, made=made))

    ctx.exit(each_file(ctx, files, import_one, is_named=is_named))


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


def run_one(source: Path, settings: Settings, *, made: list[str]) -> ExitCode:
    """Import one file, print what came of it, and return its exit code.

    Args:
        source: The file.
        settings: All settings, and which runs the command has made before.
        made: Takes the id of this one.
    """
    from importer.pipeline import import_file  # noqa: PLC0415 - pandas costs half a second

    clock = SystemClock()
    with narrator_for(settings, clock, is_terminal=sys.stderr.isatty()) as observer:
        report = import_file(
            source, settings, clock=clock, observer=observer, selection=settings.selection
        )
    made.append(report.summary.run_id)
    return print_run(report, settings)


def print_run(report: RunReport, settings: Settings) -> ExitCode:
    """Tell how a run ended, and return its exit code; a request to stop is counted, not raised."""
    with kept_waiting() as waiting:
        _print(report, settings)
        return worst(report.exit_code, waiting.take() or ExitCode.OK)


def _print(report: RunReport, settings: Settings) -> None:
    """Print the line that adds up, where the results are, and what to do now."""
    summary = report.summary
    if settings.json:
        put(json.dumps({"type": "summary", **summary.to_json()}, ensure_ascii=False))
        return
    if settings.quiet and not report.exit_code:
        return
    if settings.quiet:
        for line in concise_errors(summary.source, report.groups):
            say(line)
    put(bold(summary.conservation_line()))
    if report.results_path:
        put(f"Results: {report.results_path}")
    for step in () if settings.quiet else next_steps(summary, report.groups, settings):
        say(f"Next: {step}.")


def plan_one(source: Path, settings: Settings) -> ExitCode:
    """Print what a run would do, and return what it asks of a person."""
    from importer.pipeline import plan_file  # noqa: PLC0415 - pandas costs half a second

    plan = plan_file(source, settings, clock=SystemClock(), selection=settings.selection)
    if not plan.is_resumed:
        plan = replace(plan, run_id="")  # nobody will ever find a run of that name
    code = exit_code_of_plan(plan)
    if settings.json:
        shown = plan_as_json(plan, show_values=settings.show_values)
        shown |= {"exit_code": int(code), "exit_reason": code.reason}
        put(json.dumps(shown, ensure_ascii=False))
    elif code or not settings.quiet:
        for line in draw_plan(plan, signs(), show_values=settings.show_values):
            put(line)
        held = "; the invalid rows hold the run, unless --only-valid" if plan.is_held else ""
        say(f"A dry run: nothing was sent{held}.")
    return code
