"""Reading: any spreadsheet that a clinic can produce, to a frame of text and row numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.problems import ProblemCode
from importer.reading.edits import Edit, Edits
from importer.reading.files import copy_privately, prove_unchanged, source_digest
from importer.reading.table import Chunk, Place, ReadOptions, Table

if TYPE_CHECKING:
    from pathlib import Path

    from importer.reading.source import Source

__all__ = [
    "Chunk",
    "Edit",
    "Edits",
    "ReadOptions",
    "Table",
    "copy_privately",
    "open_source",
    "open_table",
    "prove_unchanged",
    "source_digest",
    "table_of",
]


def open_table(path: Path, options: ReadOptions) -> Table:
    """Return the one table of a file: `open_source`, then `table_of`.

    Raises:
        SourceError: The file cannot be used, or is not clear; the text says where and why.
        SettingsError: An option cannot be.
    """
    return table_of(open_source(path, options), options)


def open_source(path: Path, options: ReadOptions) -> Source:
    """Return a file with its plain bytes, unpacked and decrypted where it is neither.

    Raises:
        SourceError: It cannot be opened, is no spreadsheet, or not what its name says; its
            archive or its password is not right.
    """
    from importer.reading.kinds import PACKED, Kind, kind_of  # noqa: PLC0415 - the start is quick
    from importer.reading.source import Source  # noqa: PLC0415 - as above

    name = options.name or path.name
    source = Source(path=path, name=name, place=Place(file=name))
    kind = kind_of(source, encoding=options.encoding)
    if kind in PACKED:
        from importer.reading.unpacking import gunzipped, unzipped  # noqa: PLC0415 - as above

        source = gunzipped(source) if kind is Kind.GZIP else unzipped(source)
        kind = kind_of(source, encoding=options.encoding)
        if kind in PACKED:
            sentence = "The archive holds another archive."
            raise source.place.refuse(ProblemCode.ARCHIVE_UNCLEAR, sentence)
    if kind is Kind.ENCRYPTED:
        from importer.reading.decrypting import decrypted  # noqa: PLC0415 - as above

        source = decrypted(source, options.password)
        kind = kind_of(source)
    return replace(source, kind=kind)


def table_of(source: Source, options: ReadOptions) -> Table:
    """Return the one table of a source, its headings read and its rows ready to be.

    Raises:
        SourceError: The file cannot be used, or is not clear; the text says where and why.
        SettingsError: An option cannot be.
    """
    from importer.reading.kinds import Kind  # noqa: PLC0415 - the start is quick

    match source.kind:
        case Kind.CSV:
            from importer.reading.csv import open_csv  # noqa: PLC0415 - as above

            return open_csv(source, options)
        case Kind.XLSX:
            from importer.reading.xlsx import open_xlsx  # noqa: PLC0415 - as above

            return open_xlsx(source, options)
        case Kind.ODS:
            from importer.reading.ods import open_ods  # noqa: PLC0415 - as above

            return open_ods(source, options)
        case Kind.XLS:
            from importer.reading.xls import open_xls  # noqa: PLC0415 - as above

            return open_xls(source, options)
        case Kind.XLSB:
            from importer.reading.xlsb import open_xlsb  # noqa: PLC0415 - as above

            return open_xlsb(source, options)
        case Kind.GZIP | Kind.ZIP | Kind.ENCRYPTED | None:
            sentence = "The file is packed more than once."
            raise source.place.refuse(ProblemCode.ARCHIVE_UNCLEAR, sentence)
