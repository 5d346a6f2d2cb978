"""The results workbook: Summary, Results and Errors; valid input again once corrected."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from importer.lettering import column_letter
from importer.model import RESULTS_PROPERTY
from importer.our_columns import OUR_HEADINGS
from importer.problems import ProblemCode
from importer.results.advice import what_to_do
from importer.results.layout import our_cells, require_width, their_headings
from importer.results.xlsx import Pen, Sheet, Style, Workbook, streamed_workbook
from importer.sheet_limits import ROW_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from importer.results.model import ErrorKind, ResultRow, Summary

MOST_NOTES = 2_000
"""Cells that get a note; with many more, spreadsheet programs turn slow or offer to repair."""

_MOST_PLACES = 20
_MEASURED_ROWS = 500
_NARROWEST, _WIDEST = 8, 50
_COUNT_LABELS: Mapping[str, tuple[str, Style]] = {
    "booked": ("Booked", Style.GREEN),
    "skipped": ("Skipped: booked in an earlier run", Style.GREY),
    "duplicate": ("Duplicate: same booking as an earlier row", Style.GREY),
    "invalid": ("Invalid: problem in the row, not sent", Style.RED),
    "left_out": ("Left out: by --limit or --rows", Style.GREY),
    "blank": ("Blank", Style.GREY),
    "rejected": ("Rejected: refused by Solv, not booked", Style.RED),
    "unknown": ("Unknown: look it up before sending again", Style.YELLOW),
    "not_sent": ("Not sent: not yet", Style.GREY),
}
_STATUS_STYLES: Mapping[str, Style] = {
    name.replace("_", " "): style for name, (_, style) in _COUNT_LABELS.items()
}
_ERROR_HEADINGS = ("code", "field", "column", "problem", "rows", "first rows", "what to do")
_ERROR_WIDTHS = (9, 20, 9, 44, 9, 26, 70)


class ResultsSheets:
    """The sheet Results, and Results 2 and on when one is full."""

    def __init__(
        self, workbook: Workbook, pen: Pen, headings: Sequence[str], rows_per_sheet: int
    ) -> None:
        """Start with an empty sheet Results."""
        self._workbook = workbook
        self._pen = pen
        self._theirs = their_headings(headings)
        self._rows_per_sheet = rows_per_sheet
        self._sheets = 0
        self._notes_left = MOST_NOTES
        self._widths = [len(heading) + 3 for heading in (*self._theirs, *OUR_HEADINGS)]
        self._sheet = self._next_sheet()

    def add(self, row: ResultRow) -> None:
        """Write one row below the others."""
        require_width(row, len(self._theirs))
        if self._line == self._rows_per_sheet:
            self._finish_sheet()
            self._sheet = self._next_sheet()
        self._line += 1
        notes = _notes(row)
        for column, text in enumerate(row.cells):
            style = Style.RED if column in notes else Style.TEXT
            self._pen.text(self._sheet, (self._line, column), text, style)
        ours = our_cells(row)
        for column, text in enumerate(ours, start=len(row.cells)):
            if text:
                self._pen.text(self._sheet, (self._line, column), text, Style.OURS)
        self._hang(notes)
        if self._line <= _MEASURED_ROWS:
            self._measure((*row.cells, *ours))

    def finish(self) -> None:
        """Set widths, filter and colors; nothing can be added afterwards."""
        self._finish_sheet()

    def _next_sheet(self) -> Sheet:
        self._sheets += 1
        self._line = 0
        name = "Results" if self._sheets == 1 else f"Results {self._sheets}"
        sheet = self._workbook.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        for column, heading in enumerate((*self._theirs, *OUR_HEADINGS)):
            style = Style.HEADING if column < len(self._theirs) else Style.OUR_HEADING
            self._pen.text(sheet, (0, column), heading, style)
        return sheet

    def _hang(self, notes: Mapping[int, str]) -> None:
        for column, note in notes.items():
            if note and self._notes_left:
                self._notes_left -= 1
                self._pen.note(self._sheet, (self._line, column), note)

    def _measure(self, cells: Sequence[str]) -> None:
        for column, text in enumerate(cells):
            self._widths[column] = max(self._widths[column], len(text) + 1)

    def _finish_sheet(self) -> None:
        text = self._pen.format(Style.TEXT)  # so that what is typed later stays text as well
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, min(max(width, _NARROWEST), _WIDEST), text)
        self._sheet.autofilter(0, 0, self._line, len(self._widths) - 1)
        if self._line:
            self._color_statuses()

    def _color_statuses(self) -> None:
        column = len(self._theirs)
        for word, style in _STATUS_STYLES.items():
            rule = {
                "type": "cell",
                "criteria": "==",
                "value": f'"{word}"',
                "format": self._pen.rule(style),
            }
            self._sheet.conditional_format(1, column, self._line, column, rule)


def write_workbook(  # noqa: PLR0913 - what a workbook is made of, once
    file: IO[bytes],
    *,
    headings: Sequence[str],
    rows: Iterable[ResultRow],
    summary: Summary,
    errors: Sequence[ErrorKind],
    work_dir: Path,
    rows_per_sheet: int = ROW_LIMIT - 1,
) -> None:
    """Write the results workbook in bounded memory.

    Raises:
        OSError: `file` or `work_dir` cannot be written.
    """
    with streamed_workbook(
        file,
        work_dir,
        title=f"Import results {summary.run_id}",
        made_at=summary.ended_at or summary.started_at,
        properties={RESULTS_PROPERTY: summary.run_id},
    ) as workbook:
        pen = Pen(workbook)
        _write_summary_sheet(workbook, pen, summary, errors, their_columns=len(headings))
        results = ResultsSheets(workbook, pen, headings, rows_per_sheet)
        for row in rows:
            results.add(row)
        results.finish()
        _write_errors_sheet(workbook, pen, errors)


def _notes(row: ResultRow) -> Mapping[int, str]:
    notes: dict[int, str] = {}
    for column, note in row.problem_cells:
        notes[column] = "\n".join(words for words in (notes.get(column), note) if words)
    return notes


def _rows_with(errors: Sequence[ErrorKind], code: ProblemCode) -> int:
    return sum(error.rows for error in errors if error.code == code.code)


def _write_summary_sheet(
    workbook: Workbook,
    pen: Pen,
    summary: Summary,
    errors: Sequence[ErrorKind],
    *,
    their_columns: int,
) -> None:
    sheet = workbook.add_worksheet("Summary")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 42)
    sheet.set_column(1, 1, 100)
    pen.text(sheet, (0, 0), "Import results", Style.TITLE)
    line = 1
    for label, text in _facts(summary):
        pen.text(sheet, (line, 0), label)
        pen.text(sheet, (line, 1), text)
        line += 1
    line = _write_counts(pen, sheet, line + 1, summary)
    pen.text(sheet, (line + 1, 0), "What to do now", Style.BOLD)
    steps = what_to_do(
        summary,
        status_column=column_letter(their_columns),
        edited=_rows_with(errors, ProblemCode.BOOKED_ROW_EDITED),
        moved=_rows_with(errors, ProblemCode.POSSIBLE_RESCHEDULE),
    )
    for number, step in enumerate(steps, start=1):
        pen.text(sheet, (line + 1 + number, 0), str(number), Style.WRAPPED)
        pen.text(sheet, (line + 1 + number, 1), step, Style.WRAPPED)
    _write_warnings(pen, sheet, line + len(steps) + 3, summary)


def _write_warnings(pen: Pen, sheet: Sheet, line: int, summary: Summary) -> None:
    """Write what is told of the whole file, one line for each kind."""
    places: dict[ProblemCode, list[str]] = {}
    for found in summary.warnings:
        where = " ".join(words for words in (found.place, found.hint) if words)
        places.setdefault(found.code, []).append(where)
    if places:
        pen.text(sheet, (line, 0), "About the file", Style.BOLD)
    for number, (code, told) in enumerate(places.items(), start=1):
        more = [f"and {len(told) - _MOST_PLACES:,} more"] if len(told) > _MOST_PLACES else []
        sentence = f"{code.sentence} {code.fix} ({', '.join([*told[:_MOST_PLACES], *more])})"
        pen.text(sheet, (line + number, 0), f"{code.code} {code.title}", Style.WRAPPED)
        pen.text(sheet, (line + number, 1), sentence, Style.WRAPPED)


def _facts(summary: Summary) -> tuple[tuple[str, str], ...]:
    sheet = f" · sheet {summary.sheet}" if summary.sheet else ""
    ended = f" · ended {summary.ended_at}" if summary.ended_at else ""
    return (
        ("File", summary.source + sheet),
        ("Run", f"{summary.run_id} · started {summary.started_at}{ended}"),
        ("Target", summary.target),
        ("Result", f"{summary.exit_reason.replace('_', ' ')} (exit code {summary.exit_code:d})"),
        ("In one line", summary.conservation_line()),
    )


def _write_counts(pen: Pen, sheet: Sheet, line: int, summary: Summary) -> int:
    for name, count in summary.counts().items():
        if count or name == "booked":
            label, style = _COUNT_LABELS[name]
            pen.text(sheet, (line, 0), label, style)
            pen.number(sheet, (line, 1), count)
            line += 1
    pen.text(sheet, (line, 0), "All rows", Style.BOLD)
    pen.number(sheet, (line, 1), summary.rows_in)
    return line + 1


def _write_errors_sheet(workbook: Workbook, pen: Pen, errors: Sequence[ErrorKind]) -> None:
    sheet = workbook.add_worksheet("Errors")
    sheet.freeze_panes(1, 0)
    for column, (heading, width) in enumerate(zip(_ERROR_HEADINGS, _ERROR_WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        pen.text(sheet, (0, column), heading, Style.HEADING)
    for line, kind in enumerate(errors, start=1):
        first_rows = ", ".join(str(number) for number in kind.first_rows)
        before = (kind.code, kind.field, kind.column_letter, kind.problem)
        for column, text in enumerate((*before, "", first_rows, kind.fix)):
            pen.text(sheet, (line, column), text, Style.WRAPPED)
        pen.number(sheet, (line, len(before)), kind.rows)
    sheet.autofilter(0, 0, max(len(errors), 1), len(_ERROR_HEADINGS) - 1)
