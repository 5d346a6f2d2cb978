"""`solv-import template`: a workbook to type patients into, for a clinic's office."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from importer.cli.options import setting_options, settings_of
from importer.cli.shell import command as command_class
from importer.cli.terminal import counted, put, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.settings import Settings
    from importer.template import TemplateColumn

_HOW_IT_IS_READ = ("profile", "location_id", "sheet", "delimiter", "timezone", "date_order")


@click.command(
    "template",
    cls=command_class(
        "template",
        ("solv-import template", "patients.xlsx, for any clinic"),
        ("solv-import template lakeside.xlsx --profile lakeside", "with its clinics and headings"),
        ("solv-import template patients.csv", "the line of headings alone"),
    ),
)
@click.argument("file", required=False, default="patients.xlsx", type=click.Path(path_type=Path))
@setting_options(*_HOW_IT_IS_READ)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@setting_options("json", "quiet")
@click.pass_context
def command(ctx: click.Context, /, file: Path, *, force: bool, **_flags: object) -> None:
    """Write an empty workbook to type patients into.

    It has a note on every heading, lists to choose from, and an example row that is recognized
    and never sent. Filled in, it is read without a question, once the clinic's
    zone is known. No patient is in it.
    """
    from importer.template import write_template  # noqa: PLC0415 - most commands need none

    settings = settings_of(ctx)
    columns = write_template(file, settings, replace=force)
    if settings.json:
        put(json.dumps(_as_json(file, columns)))
        return
    put(str(file))
    if not settings.quiet:
        required = sum(column.is_required for column in columns)
        say(f"{counted(len(columns), 'column')}, {required} required. {_next(settings)}")


def _as_json(file: Path, columns: Sequence[TemplateColumn]) -> dict[str, object]:
    listed = [
        {"heading": c.heading, "field": c.field or None, "required": c.is_required} for c in columns
    ]
    return {"type": "template", "file": str(file), "columns": listed}


def _next(settings: Settings) -> str:
    """Return what to do with it."""
    profile = f" --profile {settings.profile}" if settings.profile else ""
    zone = "" if settings.knows_a_zone else " --timezone ZONE"
    return f"Next: fill it in, then type solv-import check FILE{profile}{zone}."
