"""`solv-import map`: from a file's headings to a profile, asking only what is not sure."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from importer.cli.options import READING, setting_options, settings_of
from importer.cli.passwords import with_password
from importer.cli.shell import command as command_class
from importer.cli.terminal import can_answer, put
from importer.clock import SystemClock
from importer.errors import HeadingsElsewhere, SettingsError

if TYPE_CHECKING:
    from importer.settings import Settings


@click.command(
    "map",
    cls=command_class(
        "map",
        ("solv-import map export.csv", "asks what is not sure, and saves a profile"),
        ("solv-import map export.csv --output lakeside.toml", "where it goes"),
        ("solv-import map export.csv --profile lakeside", "after the headings changed"),
        ("solv-import map export.csv --show", "only what the headings suggest, as TOML"),
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@setting_options(*READING, "show_values")
@click.option("--output", metavar="PATH", type=click.Path(path_type=Path), help="Where to save it.")
@click.option("--show", is_flag=True, help="Print what is suggested, and ask nothing.")
@click.pass_context
def command(
    ctx: click.Context, /, file: Path, output: Path | None, *, show: bool, **_flags: object
) -> None:
    """Make a profile for files like this one.

    Nothing is sent. Values of cells are shown on a terminal only, and none but a clinic's own
    words for places, visit types, sex, walk-ins, states and paperwork can get into the profile.
    """
    settings = settings_of(ctx)
    if output is not None and output.suffix != ".toml":
        raise SettingsError(
            "--output must end in .toml: --profile takes any other name for one of your settings.",
            todo=f"Write --output {output}.toml.",
        )
    if show:
        put(with_password(settings, partial(_suggested, file)))
        return
    if settings.non_interactive or not can_answer():
        raise SettingsError(
            "map asks questions, and nobody is here to be asked.",
            todo=f"Print its suggestions with --show{_row_flag(file, settings)}, "
            "or run it in a terminal.",
        )
    from importer.cli.wizard import ask_and_save  # noqa: PLC0415 - questionary is for this alone

    with_password(settings, lambda told: ask_and_save(file, told, output))


def _suggested(file: Path, settings: Settings) -> str:
    """Return the profile that the headings suggest, with what is not sure as comments."""
    from importer.pipeline.first_draft import begin_draft  # noqa: PLC0415 - reads a file
    from importer.pipeline.mappable import open_for_mapping  # noqa: PLC0415 - as above
    from importer.pipeline.proposals import propose  # noqa: PLC0415 - as above

    draft = begin_draft(open_for_mapping(file, settings, now=SystemClock().now()), settings)
    propose(draft)
    return draft.profile().toml().rstrip("\n")


def _row_flag(file: Path, settings: Settings) -> str:
    """Return the flag that names the row of the headings, "" where it is not needed or known.

    Raises:
        SourceError: The file cannot be used, whoever is here.
    """
    from importer.pipeline.mappable import open_for_mapping  # noqa: PLC0415 - reads a file

    try:
        open_for_mapping(file, settings, now=SystemClock().now())
    except HeadingsElsewhere as error:
        return f" --header-row {error.row}"
    return ""
