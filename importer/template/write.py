"""The template as a file; its suffix says of which kind."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from importer.errors import SettingsError
from importer.reading.workbook import TEMPLATE_OTHER_SHEETS
from importer.results import csv_text, write_atomically
from importer.template.columns import template_columns
from importer.template.workbook import DATA_SHEET, write_workbook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.settings import Settings
    from importer.template.columns import TemplateColumn

_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\]|^'|'$|^history$", re.IGNORECASE)
_LONGEST_SHEET_NAME = 31


def write_template(
    path: Path, settings: Settings, *, replace: bool = False
) -> tuple[TemplateColumn, ...]:
    """Write a template that reads with these settings, and return its columns.

    Args:
        path: `.xlsx` for the whole workbook, `.csv` for a line of headings.
        settings: Whose profile, clinics and dates it is for.
        replace: Whether a file that is there may go.

    Raises:
        SettingsError: The suffix is another, a file is there, the place cannot be written, or
            the settings allow no template.
    """
    suffix = path.suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        raise SettingsError(
            f"A template cannot be written as '{path.suffix}'.",
            todo="Name a file that ends in .xlsx or .csv.",
        )
    columns = template_columns(settings)
    if suffix == ".csv" and settings.header_row != 1:
        raise SettingsError(
            f"{settings.origins['header_row']} reads the headings from row {settings.header_row}; "
            "those of a CSV template stand in row 1.",
            todo="Name a file that ends in .xlsx: a workbook says itself that it is a template.",
        )
    if path.exists() and not replace:
        raise SettingsError(
            f"{path} exists; somebody may have typed into it.",
            todo="Name another file, or write over it with --force.",
        )

    def write(file: IO[bytes]) -> None:
        if suffix == ".csv":
            _write_csv(file, columns, settings.delimiter or ",")
        else:
            _write_xlsx(file, columns, settings)

    write_atomically(path, write)
    return columns


def _write_xlsx(file: IO[bytes], columns: Sequence[TemplateColumn], settings: Settings) -> None:
    with TemporaryDirectory() as folder:
        write_workbook(
            file,
            columns,
            sheet=_sheet_name(settings),
            profile=settings.profile_name,
            work_dir=Path(folder),
        )


def _sheet_name(settings: Settings) -> str:
    """Return the name of the sheet to type into: the one that the settings read.

    Raises:
        SettingsError: No workbook can have a sheet of that name beside ours.
    """
    name = (settings.sheet or DATA_SHEET).strip()
    is_aside = name.casefold() in {aside.casefold() for aside in TEMPLATE_OTHER_SHEETS}
    if is_aside or len(name) > _LONGEST_SHEET_NAME or _NO_SHEET_NAME.search(name):
        raise SettingsError(
            f"{settings.origins['sheet']} names a sheet that a template cannot have: {name!r}.",
            todo="Leave it away: a template's sheet is found without it.",
        )
    return name


def _write_csv(file: IO[bytes], columns: Sequence[TemplateColumn], delimiter: str) -> None:
    """Write the headings alone: text has no notes, and no example that would stay the same.

    With a byte order mark, without which Excel reads accents wrong.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow([csv_text(column.heading) for column in columns])
    finally:
        text.detach()  # else it closes the file, which is not ours
