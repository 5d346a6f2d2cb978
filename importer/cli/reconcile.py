"""`solv-import reconcile`: settle rows whose outcome is unknown."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from importer.cli.options import setting_options, settings_of
from importer.cli.passwords import with_password
from importer.cli.run_ids import run_id_of
from importer.cli.shell import command as command_class
from importer.cli.terminal import counted, put, say
from importer.clock import SystemClock
from importer.errors import ExitCode, SettingsError

if TYPE_CHECKING:
    from importer.reports import DecisionReport
    from importer.settings import Settings


@click.command(
    "reconcile",
    cls=command_class(
        "reconcile",
        ("solv-import reconcile 2026-11-22-7f3a9c", "write a worksheet of the unknown rows"),
        (
            "solv-import reconcile 2026-11-22-7f3a9c --decisions sheet.xlsx --who 'Ana B.'",
            "take the decisions back in",
        ),
    ),
)
@click.argument("run_id", metavar="RUN")
@click.option(
    "--worksheet",
    type=click.Path(path_type=Path),
    help="Where the worksheet goes.  [default: RUN.reconcile.xlsx]",
)
@click.option("--decisions", type=click.Path(path_type=Path), help="The worksheet, filled in.")
@click.option("--who", help="Whose decisions these are.  [default: your login name]")
@setting_options("profile", "json")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    run_id: str,
    worksheet: Path | None,
    decisions: Path | None,
    who: str | None,
    **_flags: object,
) -> None:
    """Settle rows whose outcome is unknown; docs/reconcile.md tells how.

    Look each row of the worksheet up in Solv and write into its `decision` cell: `booked 123456`
    with the id, `not booked` so that it may be sent again, `cancelled` on a booked row that may be
    booked anew, or nothing. Who decided, and when, goes into the ledger.
    """
    settings = settings_of(ctx)
    settings.require_ledger()
    run_id = run_id_of(settings, run_id)
    if decisions is None:
        ctx.exit(_write(run_id, settings, worksheet or Path(f"{run_id}.reconcile.xlsx")))
    if worksheet is not None:
        raise click.UsageError("Name --worksheet or --decisions, not both.", ctx)
    ctx.exit(_apply(run_id, settings, decisions, who or getpass.getuser()))


def _write(run_id: str, settings: Settings, path: Path) -> ExitCode:
    from importer.pipeline import run_statuses, unknown_worksheet  # noqa: PLC0415 - pandas is slow

    if not any(status.unknown for status in run_statuses(settings, run_id)):
        return _none_unknown(run_id, settings, path)
    if path.exists():
        raise SettingsError(
            f"{path} is there already, and somebody may have filled it in.",
            todo="Take it in with --decisions, or name another with --worksheet.",
        )
    clock = SystemClock()
    rows = with_password(settings, lambda told: unknown_worksheet(run_id, told, path, clock=clock))
    if not rows:  # opening the ledger may have brought back an answer that was rescued
        path.unlink(missing_ok=True)
        return _none_unknown(run_id, settings, path)
    if settings.json:
        _put_worksheet(run_id, rows, path)
        return ExitCode.UNKNOWN_OUTCOMES
    put(f"{counted(rows, 'unknown row')}: {path}")
    say("It holds patients' names. Look each row up in Solv and fill in its decision, then:")
    say(f"  solv-import reconcile {run_id} --decisions {path}")
    return ExitCode.UNKNOWN_OUTCOMES


def _none_unknown(run_id: str, settings: Settings, path: Path) -> ExitCode:
    if settings.json:
        _put_worksheet(run_id, 0, path)
    else:
        say(f"No row of {run_id} is unknown: there is nothing to settle.")
    return ExitCode.OK


def _put_worksheet(run_id: str, rows: int, path: Path) -> None:
    put(json.dumps({"type": "worksheet", "run_id": run_id, "rows": rows, "path": str(path)}))


def _apply(run_id: str, settings: Settings, path: Path, who: str) -> ExitCode:
    from importer.pipeline import apply_decisions  # noqa: PLC0415 - pandas is slow to import

    report = apply_decisions(run_id, settings, path, who=who, clock=SystemClock())
    if settings.json:
        values = asdict(report) | {"results_path": str(report.results_path or "")}
        values |= {"exit_code": int(report.exit_code), "exit_reason": report.exit_code.reason}
        put(json.dumps({"type": "decisions", **values}))
        return report.exit_code
    _print(report)
    return report.exit_code


def _print(report: DecisionReport) -> None:
    put(
        f"{report.booked:,} booked, {report.released:,} may be sent again,"
        f" {report.cancelled:,} cancelled, {report.left:,} left;"
        f" {report.still_unknown:,} still unknown"
    )
    for sentence in report.refused:
        say(f"not taken: {sentence}")
    if report.results_path is not None:
        put(f"Results: {report.results_path}")
    if report.released:
        say(f"Send what may go again: solv-import resume {report.run_id}")
    if report.cancelled:
        say("Book what was cancelled anew: run the file itself again.")
