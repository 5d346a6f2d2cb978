"""`solv-import results`: write the results of a run again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from importer.cli.options import setting_options, settings_of
from importer.cli.passwords import with_password
from importer.cli.run_ids import run_id_of
from importer.cli.shell import command as command_class
from importer.cli.terminal import put
from importer.clock import SystemClock


@click.command(
    "results",
    cls=command_class(
        "results",
        ("solv-import results 2026-11-22-7f3a9c", "where the run wrote them"),
        ("solv-import results 2026-11-22-7f3a9c --results out.csv", "as CSV"),
        ("solv-import results 2026-11-22-7f3a9c --source moved/visits.xlsx", "the file has moved"),
    ),
)
@click.argument("run_id", metavar="RUN")
@click.option(
    "--source",
    type=click.Path(path_type=Path),
    help="The file that was imported, when it is not where it was.",
)
@setting_options("results", "profile", "json")
@click.pass_context
def command(ctx: click.Context, /, run_id: str, source: Path | None, **_flags: object) -> None:
    """Write the results of a run again, from the ledger and the file; sends nothing."""
    from importer.pipeline import write_results_again  # noqa: PLC0415 - pandas is slow to import

    settings = settings_of(ctx)
    settings.require_ledger()
    run_id = run_id_of(settings, run_id)
    clock, place = SystemClock(), settings.results
    written = with_password(
        settings,
        lambda told: write_results_again(run_id, told, source=source, results=place, clock=clock),
    )
    if settings.json:
        put(json.dumps({"type": "results", "run_id": run_id, "results": str(written)}))
    else:
        put(str(written))
