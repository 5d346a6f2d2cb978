"""`solv-import verify`: hold a run against everything that knows of it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from importer.cli.audit_view import verify_audit_of
from importer.cli.options import setting_options, settings_of
from importer.cli.passwords import with_password
from importer.cli.run_ids import run_id_of
from importer.cli.shell import command as command_class
from importer.cli.terminal import put, say
from importer.clock import SystemClock
from importer.errors import ExitCode
from importer.rate import parse_rate

if TYPE_CHECKING:
    from importer.verify import Evidence, Violation

_MOST_SHOWN = 20


@click.command(
    "verify",
    cls=command_class(
        "verify",
        ("solv-import verify", "the newest run: source, ledger and results agree"),
        ("solv-import verify 7f3a9c --source moved/visits.xlsx", "the file has moved"),
        ("solv-import verify --request-log sandbox.jsonl", "what was sent and booked, too"),
        ("solv-import verify --audit", "the audit file: no line altered, added or cut off"),
    ),
)
@click.argument("run_id", required=False, metavar="[RUN]")
@click.option(
    "--source",
    type=click.Path(path_type=Path),
    help="The file that was imported, when it is not where it was.",
)
@click.option(
    "--request-log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What a sandbox wrote with `--log`: also judge what was sent and booked.",
)
@click.option(
    "--server-limit", metavar="N/s|min|h", help="The limit that no window of the log may exceed."
)
@click.option(
    "--audit", is_flag=True, help="Prove the audit file instead; with RUN also show its lines."
)
@setting_options(
    *("results", "profile", "json"),
    results="the results to hold against it, when they are not where the run wrote them",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    run_id: str | None,
    source: Path | None,
    request_log: Path | None,
    server_limit: str | None,
    **flags: object,
) -> None:
    """Check that every promise was kept in a run; reads only."""
    from importer.pipeline import verify_run  # noqa: PLC0415 - pandas is slow to import

    settings = settings_of(ctx)
    settings.require_ledger()
    if flags["audit"]:
        if source or request_log or server_limit:
            raise click.UsageError("--audit knows no --source, --request-log or --server-limit")
        ctx.exit(verify_audit_of(None if run_id is None else run_id_of(settings, run_id), settings))
    if server_limit and request_log is None:
        raise click.UsageError("--server-limit needs --request-log")
    work = partial(
        verify_run,
        None if run_id is None else run_id_of(settings, run_id),
        clock=SystemClock(),
        source=source,
        request_log=request_log,
        limit=_limit_of(server_limit),
    )
    evidence, violations = with_password(settings, work)
    if settings.json:
        put(json.dumps(_as_json(evidence, violations)))
    else:
        _tell(evidence, violations)
    ctx.exit(ExitCode.LEDGER if violations else ExitCode.OK)


def _limit_of(text: str | None) -> tuple[int, float] | None:
    try:
        rate = parse_rate(text) if text else None
    except ValueError as error:
        raise click.UsageError(f"--server-limit: {error}") from None
    return None if rate is None else (rate.count, rate.window_s)


def _tell(evidence: Evidence, violations: list[Violation]) -> None:
    for violation in violations[:_MOST_SHOWN]:
        put(f"{violation.invariant}  {violation.what}")
    if len(violations) > _MOST_SHOWN:
        put(f"and {len(violations) - _MOST_SHOWN:,} more: see them all with --json")
    seen = [f"{len(evidence.source_rows):,} rows of the source", "the ledger"]
    if evidence.results is not None:
        seen.append(evidence.results_name)
    if evidence.requests is not None:
        seen.append(f"{len(evidence.requests):,} requests at the server")
    against = f"{', '.join(seen[:-1])} and {seen[-1]}"
    if violations:
        broken = "promise" if len(violations) == 1 else "promises"
        say(f"Run {evidence.run_id}: {len(violations):,} broken {broken} between {against}.")
    else:
        say(f"Run {evidence.run_id}: every promise kept; {against} agree.")
    for what in _not_judged(evidence):
        say(f"Not judged: {what}.")


def _not_judged(evidence: Evidence) -> list[str]:
    """Return what nobody could tell, so that silence is not taken for praise."""
    unseen = []
    if evidence.results_not_judged:
        unseen.append(evidence.results_not_judged)
    elif evidence.results is None:
        unseen.append("the results, as none of this run are in their place (--results names them)")
    if evidence.requests is None:
        unseen.append("what was sent and booked, as only the server can tell (--request-log)")
    elif evidence.limit is None:
        unseen.append("the pace, as no limit was named (--server-limit)")
    return unseen


def _as_json(evidence: Evidence, violations: list[Violation]) -> dict[str, object]:
    return {
        "type": "verify",
        "run_id": evidence.run_id,
        "results": evidence.results_name or None,
        "results_judged": evidence.results is not None,
        "not_judged": _not_judged(evidence),
        "rows": len(evidence.source_rows),
        "requests": None if evidence.requests is None else len(evidence.requests),
        "violations": [
            {"invariant": violation.invariant, "what": violation.what} for violation in violations
        ],
    }
