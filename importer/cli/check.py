"""`solv-import check`: what would be refused, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from importer.cli.files import each_file
from importer.cli.options import READING, setting_options, settings_of
from importer.cli.passwords import with_password
from importer.cli.problem_view import check_as_json, concise, concise_errors, draw_check
from importer.cli.shell import command as command_class
from importer.cli.terminal import put, signs
from importer.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from importer.errors import ExitCode
    from importer.reports import CheckReport
    from importer.settings import Settings


@click.command(
    "check",
    cls=command_class(
        "check",
        ("solv-import check visits.xlsx", "everything that is wrong, by problem"),
        ("solv-import check june.csv --profile lakeside", "with a saved mapping"),
        ("solv-import check *.csv --format concise", "one line a problem"),
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@setting_options(*READING, "allow_duplicates")
@click.option(
    "--format",
    "form",
    type=click.Choice(["full", "concise", "json"]),
    default="full",
    show_default=True,
    help="How to print it.",
)
@setting_options("show_values", "json", "quiet")
@click.pass_context
def command(ctx: click.Context, /, files: tuple[str, ...], form: str, **_flags: object) -> None:
    """Say what would be refused; send nothing.

    Values of cells are shown on a terminal only. Exit 0 when every row may be sent, 1 when some
    may not, 3 when the file cannot be used.
    """
    settings = settings_of(ctx)
    shape = "json" if settings.json else form
    ctx.exit(each_file(ctx, files, lambda source: check_one(source, settings, shape)))


def check_one(source: Path, settings: Settings, shape: str) -> ExitCode:
    """Check one file, print what was found, and return its exit code."""
    from importer.pipeline import check_file  # noqa: PLC0415 - pandas costs half a second

    clock = SystemClock()
    report = with_password(settings, lambda told: check_file(source, told, clock=clock))
    _print(report, shape, settings)
    return report.exit_code


def _print(report: CheckReport, shape: str, settings: Settings) -> None:
    match shape:
        case "json":
            found = check_as_json(report, show_values=settings.show_values)
            put(json.dumps(found, ensure_ascii=False))
        case "concise":
            for line in concise(report):
                put(line)
        case _ if settings.quiet:
            for line in concise_errors(report.source_name, report.groups):
                put(line)
        case _:
            for line in draw_check(report, signs(), show_values=settings.show_values):
                put(line)
