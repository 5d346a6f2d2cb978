"""`solv-import status`: runs and what came of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from importer.cli.options import setting_options, settings_of
from importer.cli.run_ids import run_id_of
from importer.cli.shell import command as command_class
from importer.cli.terminal import bold, dim, put, say
from importer.errors import ExitCode
from importer.reports import terms_of

if TYPE_CHECKING:
    from pathlib import Path

    from importer.reports import RunStatus


@click.command(
    "status",
    cls=command_class(
        "status",
        ("solv-import status", "every run of this target, the newest last"),
        ("solv-import status 7f3a9c --json", "one of them, for a script"),
    ),
)
@click.argument("run_id", required=False, metavar="[RUN]")
@setting_options("profile", "json")
@click.pass_context
def command(ctx: click.Context, /, run_id: str | None, **_flags: object) -> None:
    """Show runs and what came of them; safe beside a run that is under way."""
    from importer.pipeline import run_statuses  # noqa: PLC0415 - only this command needs it

    settings = settings_of(ctx)
    found = run_statuses(settings, None if run_id is None else run_id_of(settings, run_id))
    if not found and not settings.json:
        say("No runs yet.")
    unsettled: dict[tuple[Path, str], str] = {}
    for status in found:
        advice = _advice(status, unsettled)
        put(json.dumps(_as_json(status)) if settings.json else _as_text(status, advice))
    ctx.exit(ExitCode.OK)


def _as_json(status: RunStatus) -> dict[str, object]:
    values = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(status).items()
    }
    code = status.exit_code
    values["ledger"] = str(status.ledger)
    values["results"] = None if status.results is None else str(status.results)
    values["exit_code"] = None if code is None else int(code)
    values["exit_reason"] = None if code is None else code.reason
    return {"type": "run", **values}


def _as_text(status: RunStatus, advice: list[str]) -> str:
    lines = [
        f"{bold(status.run_id)}  {_state(status)}  {status.source}  {dim(status.target)}",
        f"  {status.started_at:%Y-%m-%d %H:%M} UTC  {status.rows_in:,} in = "
        + (terms_of(status) or "0"),
    ]
    if status.results is not None:
        lines.append(f"  results {status.results}")
    return "\n".join(lines + [f"  {line}" for line in advice])


def _state(status: RunStatus) -> str:
    if status.purged_at is None:
        return _standing(status)
    return f"{_standing(status)}, purged {status.purged_at:%Y-%m-%d}"


def _standing(status: RunStatus) -> str:
    if status.is_running:
        return "running"
    if status.is_closed:
        return "closed"
    if not status.not_sent and status.ended_at is not None:
        return "ended"
    return "held" if _is_held(status) else "stopped"


def _advice(status: RunStatus, unsettled: dict[tuple[Path, str], str]) -> list[str]:
    """Return what a person does about a run.

    Args:
        status: The run.
        unsettled: Ledger and source -> the first run of theirs that has unknown rows.
    """
    if status.is_running:
        return []
    lines = []
    if status.is_closed:
        lines.append("its file was planned anew: a later run has the rows that were not sent")
    elif status.not_sent and _is_held(status):
        resume = f"solv-import resume {status.run_id} --only-valid"
        lines.append(f"correct the invalid rows and run the file again, or: {resume}")
    elif status.not_sent:
        lines.append(f"carry on: solv-import resume {status.run_id}")
    if status.unknown:
        first = unsettled.setdefault((status.ledger, status.source), status.run_id)
        # What a later run of the same file does not know is mostly what the first does not.
        is_first = first == status.run_id
        settle = f"settle the unknown rows: solv-import reconcile {status.run_id}"
        lines.append(settle if is_first else f"settle the unknown rows of {first} first")
    return lines


def _is_held(status: RunStatus) -> bool:
    return status.exit_code is ExitCode.SOURCE and bool(status.invalid)
