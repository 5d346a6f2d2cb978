"""`solv-import purge`: delete what old runs hold of their rows."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from importer.bounds import parse_age
from importer.cli.options import setting_options, settings_of
from importer.cli.run_ids import run_id_of
from importer.cli.shell import command as command_class
from importer.cli.terminal import can_answer, counted, put, say
from importer.clock import SystemClock
from importer.errors import ExitCode, SettingsError

if TYPE_CHECKING:
    from datetime import timedelta

    from importer.reports import PurgeReport
    from importer.settings import Settings

_MOST_SHOWN = 20


@click.command(
    "purge",
    cls=command_class(
        "purge",
        ("solv-import purge --older-than 90d", "says what goes, and asks before it goes"),
        ("solv-import purge --older-than 90d --dry-run", "only says it"),
        ("solv-import purge --run 7f3a9c --yes", "one run, without a question"),
    ),
)
@click.option("--older-than", metavar="AGE", help="Every run that ended so long ago: 90d or 12w.")
@click.option("--run", "run_id", metavar="RUN", help="This run.")
@setting_options(
    *("profile", "dry_run", "yes", "non_interactive", "json"),
    dry_run="say what would be deleted; delete nothing",
    yes="do not ask before deleting",
)
@click.pass_context
def command(
    ctx: click.Context, /, older_than: str | None, run_id: str | None, **_flags: object
) -> None:
    """Delete what ended runs hold of their rows; what they booked is never booked again.

    Private copies of files, Solv's own words and the history of each row go. Hashes, row keys,
    booking ids, decisions and the counts of each run stay, and so do results beside your files.
    """
    if (older_than is None) == (run_id is None):
        raise click.UsageError("Say --older-than or --run.", ctx)
    age = None if older_than is None else _age_of(older_than)
    settings = settings_of(ctx)
    settings.require_ledger()
    chosen = None if run_id is None else run_id_of(settings, run_id)
    ctx.exit(_purge(settings, chosen, age))


def _age_of(text: str) -> timedelta:
    try:
        return parse_age(text)
    except ValueError as error:
        raise click.UsageError(f"--older-than: {error}") from None


def _purge(settings: Settings, run_id: str | None, age: timedelta | None) -> ExitCode:
    from importer.pipeline import purge, purge_plan  # noqa: PLC0415 - SQLAlchemy is slow to import

    clock = SystemClock()
    before = None if age is None else clock.now() - age
    plan = purge_plan(settings, run_id=run_id, before=before)
    if not settings.json:
        _tell(plan)
    if not plan.runs or settings.dry_run:
        _finish(plan, settings, is_done=False)
        return ExitCode.OK
    if not _is_agreed(settings):
        say("Nothing was deleted.")
        return ExitCode.OK
    purge(settings, plan, clock=clock)
    _finish(plan, settings, is_done=True)
    return ExitCode.OK


def _is_agreed(settings: Settings) -> bool:
    """Return whether somebody, or --yes, agrees.

    Raises:
        SettingsError: Nobody is there to be asked.
    """
    if settings.yes:
        return True
    if settings.non_interactive or settings.json or not can_answer():
        raise SettingsError(
            "A purge cannot be undone, and nobody is here to be asked.",
            todo="Add --yes if that is what you want, or --dry-run to see what would go.",
        )
    return click.confirm("Delete this? It cannot be undone.", default=False, err=True)


def _tell(plan: PurgeReport) -> None:
    for run in plan.runs[:_MOST_SHOWN]:
        put(f"{run.run_id}  ended {run.ended_at:%Y-%m-%d}  {counted(run.rows, 'row')}")
    if len(plan.runs) > _MOST_SHOWN:
        put(f"and {len(plan.runs) - _MOST_SHOWN:,} more: see them all with --json")
    for why in plan.kept:
        say(f"Kept: {why}")
    if not plan.runs:
        say("There is nothing to purge.")
        return
    put(
        f"To be deleted of {counted(len(plan.runs), 'run')}: "
        f"the history of {counted(plan.rows, 'row')} with {counted(plan.problems, 'problem')}, "
        f"{counted(plan.files, 'private file')} ({counted(plan.size_bytes, 'byte')}), "
        f"{counted(plan.answers, 'answer')} of Solv."
    )
    say("Hashes, row keys, booking ids, decisions and counts stay: nobody is booked again.")
    say("Results beside your files stay, too; delete those yourself.")


def _finish(report: PurgeReport, settings: Settings, *, is_done: bool) -> None:
    if settings.json:
        put(json.dumps(_as_json(report, is_done=is_done)))
    elif is_done:
        say("Deleted.")


def _as_json(report: PurgeReport, *, is_done: bool) -> dict[str, object]:
    runs = [asdict(run) | {"ended_at": run.ended_at.isoformat()} for run in report.runs]
    return {
        "type": "purge",
        "is_done": is_done,
        "runs": runs,
        "rows": report.rows,
        "problems": report.problems,
        "files": report.files,
        "size_bytes": report.size_bytes,
        "answers": report.answers,
        "kept": list(report.kept),
    }
