"""Workbooks written as a stream: every cell is text, and no text is ever a formula."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import Enum, auto
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from importer.formulas import looks_like_formula
from importer.results.atomic import private_folder
from importer.results.text import xlsx_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# XlsxWriter carries no marker for typed packages
Workbook: TypeAlias = Any
Sheet: TypeAlias = Any
_Format: TypeAlias = Any

# Cells of which nothing has to be thought about, so that most cells cost one look
_PLAIN = re.compile(r"[A-Za-z0-9][ -^`-~]{0,1000}")
# Programs read _x0041_ as the letter A, and not all of them know the way to write it in full
_CODED_INSIDE = re.compile(r"(?<=_)(?=x[0-9A-Fa-f]{4}_)")
_NOTE_LIMIT = 2_000
_NOTE_WIDTH, _NOTE_LINES = 36, 4
"""Characters and lines that a note shows as it is drawn, twice as wide as usual."""


class Style(Enum):
    """How a cell looks."""

    TEXT = auto()
    RED = auto()
    GREEN = auto()
    YELLOW = auto()
    GREY = auto()
    OURS = auto()
    ENTRY = auto()
    HEADING = auto()
    OUR_HEADING = auto()
    TITLE = auto()
    BOLD = auto()
    WRAPPED = auto()
    COUNT = auto()
    EXAMPLE = auto()


_WHITE_BOLD = {"bold": True, "font_color": "#FFFFFF"}
_FORMATS: Mapping[Style, Mapping[str, object]] = {
    Style.TEXT: {},
    Style.RED: {"bg_color": "#FADBD8"},
    Style.GREEN: {"bg_color": "#D5F0DC"},
    Style.YELLOW: {"bg_color": "#FFF2CC"},
    Style.GREY: {"bg_color": "#E8EAED"},
    Style.OURS: {"font_color": "#404850"},
    Style.ENTRY: {"bg_color": "#FFF8DC", "border": 1},
    Style.HEADING: {**_WHITE_BOLD, "bg_color": "#1F3A5F"},
    Style.OUR_HEADING: {**_WHITE_BOLD, "bg_color": "#5F6B76"},
    Style.TITLE: {"bold": True, "font_size": 16},
    Style.BOLD: {"bold": True},
    Style.WRAPPED: {"text_wrap": True, "valign": "top"},
    Style.COUNT: {"num_format": "#,##0", "bold": True, "align": "left", "valign": "top"},
    Style.EXAMPLE: {"italic": True, "font_color": "#5F6B76", "bg_color": "#E8EAED"},
}
"""In XlsxWriter's words; all but counts are text (`@`)."""


class Pen:
    """Puts text, numbers and notes into the sheets of one workbook."""

    def __init__(self, workbook: Workbook) -> None:
        """Write into `workbook`; formats are made when first used."""
        self._workbook = workbook
        self._formats: dict[tuple[Style, bool], _Format] = {}
        self._run = workbook.add_format()

    def text(self, sheet: Sheet, at: tuple[int, int], text: str, style: Style = Style.TEXT) -> None:
        """Write text, whatever it begins with."""
        if _PLAIN.fullmatch(text):
            _taken(sheet.write_string(*at, text, self.format(style)))
        elif text:
            self._unusual(sheet, at, xlsx_text(text), style)
        elif style is not Style.TEXT:
            _taken(sheet.write_blank(*at, None, self.format(style)))

    def number(
        self, sheet: Sheet, at: tuple[int, int], number: int, style: Style = Style.COUNT
    ) -> None:
        """Write a number of ours."""
        _taken(sheet.write_number(*at, number, self.format(style)))

    def note(self, sheet: Sheet, at: tuple[int, int], text: str) -> None:
        """Hang a note on a cell of the line being written."""
        words = xlsx_text(text)[:_NOTE_LIMIT]
        lines = sum(1 + len(line) // _NOTE_WIDTH for line in words.split("\n"))
        size = {"x_scale": 2, "y_scale": max(1, lines / _NOTE_LINES)}
        _taken(sheet.write_comment(*at, words, {"author": "solv-import", **size}))

    def format(self, style: Style, *, quoted: bool = False) -> _Format:
        """Return the format of a style; `quoted` marks text that begins like a formula."""
        made = self._formats.get((style, quoted))
        if made is None:
            made = self._workbook.add_format(
                {"num_format": "@", **_FORMATS[style], "quote_prefix": quoted}
            )
            self._formats[style, quoted] = made
        return made

    def rule(self, style: Style) -> _Format:
        """Return a style for a rule, which changes colors only."""
        return self._workbook.add_format(_FORMATS[style])

    def _unusual(self, sheet: Sheet, at: tuple[int, int], text: str, style: Style) -> None:
        form = self.format(style, quoted=looks_like_formula(text))
        pieces = _CODED_INSIDE.split(text)
        if len(pieces) == 1 and text.startswith("<r>") and text.endswith("</r>"):
            pieces = [text[:1], text[1:]]  # XlsxWriter would take it for markup of its own
        if len(pieces) == 1:
            _taken(sheet.write_string(*at, text, form))
        else:
            runs = list(chain.from_iterable((piece, self._run) for piece in pieces))
            _taken(sheet.write_rich_string(*at, *runs[:-1], form))


def _taken(code: int) -> None:
    """Refuse to lose a cell: XlsxWriter reports one that it passes over by a number only."""
    if code:
        message = f"a cell was not written (XlsxWriter code {code})"
        raise ValueError(message)


@contextmanager
def streamed_workbook(
    file: IO[bytes], work_dir: Path, *, title: str, made_at: str, properties: Mapping[str, str]
) -> Iterator[Workbook]:
    """Lend a workbook that is written to `file` at the end.

    Its rows wait in a private folder inside `work_dir`, which is removed whatever happens.

    Args:
        file: Where the bytes go.
        work_dir: A folder that nobody else can read.
        title: The document's title.
        made_at: ISO 8601; the same input makes the same bytes.
        properties: Custom document properties.

    Raises:
        OSError: Something could not be written.
    """
    import xlsxwriter  # type: ignore[import-untyped] # noqa: PLC0415 - costs time at start
    from xlsxwriter.exceptions import (  # type: ignore[import-untyped] # noqa: PLC0415 - as above
        FileCreateError,
    )

    with private_folder(work_dir) as folder:
        options = {"constant_memory": True, "tmpdir": str(folder), "use_zip64": True}
        workbook = xlsxwriter.Workbook(_Sink(file), options)
        workbook.set_properties({"title": title, "created": _moment(made_at)})
        for name, value in properties.items():
            workbook.set_custom_property(name, value, "text")
        try:
            yield workbook
            workbook.close()
        except FileCreateError as error:
            raise OSError(*error.args[0].args) from error
        finally:
            _close_rows(workbook)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)


def _close_rows(workbook: Workbook) -> None:
    for sheet in workbook.worksheets():
        with suppress(OSError):  # a full disk has been reported by the write that met it
            sheet.row_data_fh.close()


class _Sink:
    """Hands bytes on until a write fails, then swallows the rest.

    `zipfile` writes once more when an unfinished archive is thrown away; without this, that
    write fails in a destructor, where the interpreter prints a traceback.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._is_broken = False

    def write(self, data: bytes) -> int:
        if self._is_broken:
            return len(data)
        try:
            return self._file.write(data)
        except OSError:
            self._is_broken = True
            raise

    def flush(self) -> None:
        """Do nothing: the owner of the file flushes it at the end."""

    def seek(self, offset: int, whence: int = 0) -> int:
        return offset if self._is_broken else self._file.seek(offset, whence)

    def tell(self) -> int:
        return 0 if self._is_broken else self._file.tell()
