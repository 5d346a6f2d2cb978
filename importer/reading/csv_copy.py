"""A CSV with some cells changed and every other byte where it was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from importer.reading.decoding import errors_of
from importer.reading.quotes import split_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importer.reading.edits import Edit

_QUOTE = '"'
_NEEDS_QUOTES = re.compile('[\r\n"]')


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesCopy:
    """A text that is written again in its own encoding, record by record."""

    plain: IO[bytes]
    """The source, from where the next record begins."""
    out: IO[bytes]
    codec: str

    def can_hold(self, text: str) -> bool:
        """Return whether the encoding has every letter of a text."""
        try:
            text.encode(self.codec)
        except UnicodeEncodeError:
            return False
        return True

    def write(self, raw: str, edited: str) -> bool:
        """Write a record, and return whether it could be edited.

        Bytes that do not come out again as they went in are copied as they are: some were no
        text, or their encoding writes one letter in two ways.
        """
        before = raw.encode(self.codec, errors_of(self.codec))
        plain = self.plain.read(len(before))
        is_exact = plain == before
        after = edited.encode(self.codec, errors_of(self.codec))
        self.out.write(after if is_exact else plain)
        return is_exact


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
