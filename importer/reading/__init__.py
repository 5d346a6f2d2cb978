"""Reading: any spreadsheet that a clinic can produce, to a frame of text and row numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.reading.edits import Edit, Edits
from importer.reading.files import copy_privately, source_digest
from importer.reading.table import Chunk, Place, ReadOptions, Table, column_letter

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Chunk",
    "Edit",
    "Edits",
    "ReadOptions",
    "Table",
    "column_letter",
    "copy_privately",
    "open_table",
    "source_digest",
]


def open_table(path: Path, options: ReadOptions) -> Table:
    """Return the one table of a source, its headings read and its rows ready to be.

    Raises:
        SourceError: The file cannot be used, or is not clear; the text says where and why.
        SettingsError: An option cannot be.
    """
    from importer.reading.kinds import Kind, kind_of  # noqa: PLC0415 - the start is quick

    name = options.name or path.name
    place = Place(file=name)
    match kind_of(path, name, place):
        case Kind.CSV:
            from importer.reading.csv import open_csv  # noqa: PLC0415 - as above

            return open_csv(path, options, place)
        case Kind.XLSX:
            from importer.reading.xlsx import open_xlsx  # noqa: PLC0415 - as above

            return open_xlsx(path, options, place)
