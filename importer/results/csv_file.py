"""Results as CSV: their columns, then ours; safe to open, and valid input again."""

from __future__ import annotations

import csv
import io
from typing import IO, TYPE_CHECKING

from importer.our_columns import OUR_HEADINGS
from importer.results.layout import our_cells, require_width, their_headings
from importer.results.text import csv_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importer.results.model import ResultRow


def write_csv_rows(file: IO[bytes], rows: Iterable[Sequence[str]]) -> None:
    """Write rows of text as CSV in UTF-8.

    With a byte order mark, without which Excel reads accents wrong; every cell quoted and no
    cell a formula, as OWASP asks.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    try:
        for row in rows:
            writer.writerow([csv_text(cell) for cell in row])
    finally:
        text.detach()  # else it closes the file, which is not ours


def write_csv(file: IO[bytes], headings: Sequence[str], rows: Iterable[ResultRow]) -> None:
    """Write the results as CSV."""

    def lines() -> Iterable[Sequence[str]]:
        yield (*their_headings(headings), *OUR_HEADINGS)
        for row in rows:
            require_width(row, len(headings))
            yield (*row.cells, *our_cells(row))

    write_csv_rows(file, lines())
