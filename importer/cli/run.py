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
from importer.cli.inbox import import_drop, plan_drop, sources_of, upload
from importer.cli.next_steps import next_steps
from importer.cli.options import (
    CHOOSING,
    LIMITING,
    READING,
    RECORDING,
    SENDING,
    TALKING,
    setting_options,
    settings_of,
)
from importer.cli.plan_view import draw_plan, exit_code_of_plan, plan_as_json
from importer.cli.problem_lines import concise_errors
from importer.cli.shell import command as command_class
from importer.cli.terminal import bold, can_answer, put, say, signs
from importer.clock import SystemClock
from importer.errors import ExitCode, SettingsError, worst
from importer.guards import sentence_of
from importer.signals import kept_waiting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from importer.cli.inbox import Sources
    from importer.cli.telling import Account
    from importer.pipeline import RunReport
    from importer.settings import Settings


@click.command(
    "run",
    cls=command_class(
        "run",
        ("solv-import run visits.xlsx", "shows the plan and asks before it sends"),
        ("solv-import run june.csv --profile lakeside --only-valid", "leave invalid rows behind"),
        ("solv-import run june.csv --limit 5", "a first handful"),
        ("solv-import run /drop --yes --non-interactive", "a folder, from cron"),
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE|DIR|URL...", type=click.Path())
@setting_options(*SENDING, *LIMITING, *READING, *CHOOSING, "override")
@setting_options("results", "summary", "move_to", "upload_results", *RECORDING)
@setting_options("dry_run", "show_values", *TALKING)
@click.pass_context
def command(ctx: click.Context, /, files: tuple[str, ...], **_flags: object) -> None:
    """Book the rows of a file, and write what came of each.

    Nothing is sent before the whole file is read and checked. A row that was booked, or may have
    been, is never sent again; run the same command again and it carries on.
    """
    settings = settings_of(ctx)
    if settings.dry_run:
        ctx.exit(_plan_each(ctx, files, settings))
    from importer.cli.telling import told  # noqa: PLC0415 - the pipeline is slow to import

    with told("run", settings) as account:
        refuse_unattended(settings)
        account.exit_code = _import_each(ctx, files, account)
    ctx.exit(account.exit_code)


def _import_each(ctx: click.Context, files: Sequence[str], account: Account) -> ExitCode:
    settings = account.settings
    sources = sources_of(files, settings, account.clock)
    account.sums_up = sources.is_inbox
    places = destinations(sources.names, _for_all(sources, settings))

    def import_file_of(source: Path, own: Settings) -> ExitCode:
        code = asking(own, partial(run_one, source, account))
        if own.upload_results is not None and account.results_path is not None:
            upload(account.results_path, own)
        return code

    def import_one(source: Path) -> ExitCode:
        results, summary = places[source]
        told = replace(settings, summary=summary, runs_of_command=account.run_ids)
        if source in sources.drops:
            return import_drop(sources.drops[source], sources, told, import_file_of)
        return import_file_of(source, replace(told, results=results))

    is_named = _is_named(sources, settings)
    code = each_file(
        ctx,
        sources.names,
        account.each(import_one),
        is_named=is_named,
        # Rows that are held as unknown say nothing of an outage.
        goes_on_after=frozenset({ExitCode.UNKNOWN_OUTCOMES} if settings.as_unknown else ()),
    )
    return sources.worst_with(code)


def _plan_each(ctx: click.Context, files: Sequence[str], settings: Settings) -> ExitCode:
    sources = sources_of(files, settings, SystemClock())

    def plan_it(source: Path) -> ExitCode:
        drop = sources.drops.get(source)
        if drop is not None:
            return plan_drop(drop, settings, plan_file_of)
        return plan_file_of(source, settings)

    def plan_file_of(source: Path, own: Settings) -> ExitCode:
        return asking(own, partial(plan_one, source))

    is_named = _is_named(sources, settings)
    return sources.worst_with(each_file(ctx, sources.names, plan_it, is_named=is_named))


def _for_all(sources: Sources, settings: Settings) -> Settings:
    """Return the settings with places that each file has for itself; a folder's sum is one."""
    is_summed = sources.is_inbox and settings.summary is not None and not settings.summary.is_dir()
    results = None if sources.is_inbox else settings.results
    return replace(settings, results=results, summary=None if is_summed else settings.summary)


def _is_named(sources: Sources, settings: Settings) -> bool:
    is_several = len(sources.names) > 1 or sources.is_inbox
    return is_several and not (settings.json or settings.quiet)


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


def run_one(source: Path, account: Account, settings: Settings) -> ExitCode:
    """Import one file, print what came of it, and return its exit code."""
    from importer.pipeline import import_file  # noqa: PLC0415 - pandas costs half a second

    clock = SystemClock()
    with narrator_for(settings, clock, is_terminal=sys.stderr.isatty()) as observer:
        report = import_file(
            source,
            settings,
            clock=clock,
            observer=account.watch(observer),
            selection=settings.selection,
        )
    account.note(report)
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
        held += f"; {sentence_of(plan.held_by)}" if plan.held_by else ""
        say(f"A dry run: nothing was sent{held}.")
    return code
