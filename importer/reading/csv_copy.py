"""A record of a CSV with some cells changed and every other character where it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from importer.reading.quotes import split_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importer.reading.edits import Edit

_QUOTE = '"'
_NEEDS_QUOTES = re.compile('[\r\n"]')


def edited_record(
    raw: str, cells: Sequence[str], edits: Iterable[Edit], delimiter: str
) -> tuple[str, list[Edit]]:
    """Return a record with its edits made, and those that could be made.

    Args:
        raw: The record with its line ends.
        cells: What it was read as.
        edits: Cells that are to change; one that holds something else is left alone.
        delimiter: What stands between cells.
    """
    found = split_record(raw, delimiter)
    if list(found.cells) != list(cells):  # marks that are read in two ways
        return raw, []
    made = [e for e in edits if e.column < len(cells) and cells[e.column] == e.before]
    for edit in sorted(made, key=lambda edit: -edit.column):
        begin, end = found.spans[edit.column]
        is_quoted = raw.startswith(_QUOTE, begin)
        raw = raw[:begin] + _written(edit.after, delimiter, is_quoted=is_quoted) + raw[end:]
    return raw, made


def _written(text: str, delimiter: str, *, is_quoted: bool) -> str:
    if is_quoted or delimiter in text or _NEEDS_QUOTES.search(text):
        doubled = text.replace(_QUOTE, _QUOTE * 2)
        return f"{_QUOTE}{doubled}{_QUOTE}"
    return text
