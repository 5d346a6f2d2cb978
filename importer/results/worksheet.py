"""The reconcile worksheet: unknown rows out, a person's decisions back in."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING

from importer.errors import SettingsError, SourceError
from importer.lettering import column_letter
from importer.model import Answer
from importer.results.atomic import write_atomically
from importer.results.csv_file import write_csv_rows
from importer.results.xlsx import Pen, Sheet, Style, streamed_workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

HEADINGS = (
    "row_number",
    "status",
    "first_name",
    "last_name",
    "phone",
    "birth_date",
    "appointment",
    "location",
    "sent_at",
    "reason",
    "server_ids",
    "row_key",
    "decision",
)
_WIDTHS = (11, 10, 18, 18, 18, 13, 26, 12, 26, 30, 30, 22, 20)
_HOW_TO = "booked 12345, not booked, cancelled; empty leaves the row as it is"
_TODO = f"Write one of: {_HOW_TO}."
_BOOKED = re.compile(r"booked\s*([0-9]{1,18})")
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownRow:
    """One row to look up in Solv, with their cells by which a person finds the patient."""

    row_number: int
    row_key: str
    status: str = "unknown"
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    appointment: str = field(default="", repr=False)
    location: str = ""
    sent_at: str = ""
    reason: str = ""
    server_ids: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the cells in the order of `HEADINGS`, the decision empty."""
        return (*(str(getattr(self, heading)) for heading in HEADINGS[:-1]), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided about one row."""

    row_key: str
    answer: Answer
    booking_id: int | None
    """The booking found in Solv; only with `booked`."""
    place: str
    """Where it stands in the worksheet, for messages."""
    row_number: int | None = None
    """The row number beside it; None when the sheet has none."""
    sent_at: str = ""
    """The attempt beside it; "" when the sheet has none."""


def write_worksheet(path: Path, rows: Iterable[UnknownRow], *, work_dir: Path) -> str:
    """Write the rows with an empty column `decision` and return the SHA-256 of the file.

    Raises:
        SettingsError: The suffix is neither .xlsx nor .csv, or the place cannot be written.
    """

    def write_csv(file: IO[bytes]) -> None:
        write_csv_rows(file, _lines(rows))

    def write_xlsx(file: IO[bytes]) -> None:
        _write_xlsx(file, rows, work_dir)

    match path.suffix.lower():
        case ".csv":
            return write_atomically(path, write_csv)
        case ".xlsx":
            return write_atomically(path, write_xlsx)
        case suffix:
            raise SettingsError(
                f"A worksheet cannot be written as '{suffix}'.",
                todo="Name a file that ends in .xlsx or .csv.",
            )


def _lines(rows: Iterable[UnknownRow]) -> Iterator[Sequence[str]]:
    yield HEADINGS
    for row in rows:
        yield row.cells()


def _write_xlsx(file: IO[bytes], rows: Iterable[UnknownRow], work_dir: Path) -> None:
    with streamed_workbook(
        file, work_dir, title="Rows to look up in Solv", made_at="", properties={}
    ) as workbook:
        pen = Pen(workbook)
        sheet = workbook.add_worksheet("Reconcile")
        sheet.freeze_panes(1, 0)
        last = len(HEADINGS) - 1
        line = 0
        for column, (heading, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width, pen.format(Style.TEXT))
            style = Style.HEADING if column == last else Style.OUR_HEADING
            pen.text(sheet, (0, column), heading, style)
        pen.note(sheet, (0, last), f"Look each row up in Solv, then write here: {_HOW_TO}.")
        for line, row in enumerate(rows, start=1):
            for column, text in enumerate(row.cells()):
                pen.text(sheet, (line, column), text, Style.ENTRY if column == last else Style.TEXT)
        _offer_answers(sheet, max(line, 1), last)
        sheet.autofilter(0, 0, max(line, 1), last)


def _offer_answers(sheet: Sheet, last_line: int, column: int) -> None:
    offer = {
        "validate": "list",
        "source": ["booked ", Answer.NOT_BOOKED.value, Answer.CANCELLED.value],
        "show_error": False,  # the id after "booked" makes it another text
        "input_title": "What did you find in Solv?",
        "input_message": _HOW_TO,
    }
    sheet.data_validation(1, column, last_line, column, offer)


def read_decisions(path: Path) -> list[Decision]:
    """Return the decisions that a person wrote into a worksheet; empty ones are left out.

    Raises:
        SourceError: It is no worksheet of ours, or a cell says something else; the message
            names row and column.
    """
    lines = _read_xlsx(path) if path.suffix.lower() == ".xlsx" else _read_csv(path)
    number, headings = next(lines, (1, ()))
    plain = [heading.strip().casefold() for heading in headings]
    if plain.count("row_key") != 1 or plain.count("decision") != 1:
        raise SourceError(
            f"{path.name}, row {number}: no headings row_key and decision, one of each.",
            todo="Give back the worksheet that reconcile wrote, with its headings.",
        )
    return _decisions(path, lines, {heading: at for at, heading in enumerate(plain)})


def _decisions(
    path: Path, lines: Iterator[tuple[int, Sequence[str]]], places: Mapping[str, int]
) -> list[Decision]:
    key_at, answer_at = places["row_key"], places["decision"]
    found: dict[str, Decision] = {}
    for number, cells in lines:
        words = " ".join(_cell(cells, answer_at).casefold().split())
        if not words:
            continue
        key = _cell(cells, key_at)
        place = f"{path.name}, row {number}, column {column_letter(answer_at)} (decision)"
        if not key:
            raise SourceError(
                f"{path.name}, row {number}, column {column_letter(key_at)} (row_key) is empty.",
                todo="Put the row key back, from a fresh worksheet.",
            )
        if key in found:
            raise SourceError(
                f"{place}: the same row key as in {found[key].place}.",
                todo="Keep one line for each row key.",
            )
        row_number = _cell(cells, places.get("row_number", len(cells)))
        found[key] = replace(
            _decision(words, key, place),
            row_number=int(row_number) if row_number.isdecimal() else None,
            sent_at=_cell(cells, places.get("sent_at", len(cells))),
        )
    return list(found.values())


def _decision(words: str, key: str, place: str) -> Decision:
    booked = _BOOKED.fullmatch(words)
    if booked is not None and int(booked[1]) > 0:
        return Decision(row_key=key, answer=Answer.BOOKED, booking_id=int(booked[1]), place=place)
    for answer in (Answer.NOT_BOOKED, Answer.CANCELLED):
        if words.replace(" ", "") == answer.value.replace(" ", ""):
            return Decision(row_key=key, answer=answer, booking_id=None, place=place)
    if words == Answer.BOOKED.value:
        raise SourceError(f"{place}: the booking's number is missing.", todo=_TODO)
    raise SourceError(f"{place}: not understood.", todo=_TODO)


def _cell(cells: Sequence[str], index: int) -> str:
    text = cells[index].strip() if index < len(cells) else ""
    return text.removeprefix("'")  # what Excel and our CSV put before text


def _read_csv(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the lines; only ASCII columns are looked at, so a wrong encoding does no harm."""
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise _unopened(path) from error
    first_line = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from enumerate(reader, start=1)
    except csv.Error as error:
        raise _unreadable(path) from error


def _read_xlsx(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - costs time at start

    try:
        with path.open("rb") as file:
            sheet = load_workbook(file, read_only=True, data_only=True).worksheets[0]
            sheet.reset_dimensions()  # some programs write wrong ones, and rows would be lost
            rows = [["" if v is None else str(v) for v in row] for row in sheet.values]
    except OSError as error:
        raise _unopened(path) from error
    except Exception as error:  # damaged workbooks make openpyxl raise almost anything
        raise _unreadable(path) from error
    yield from enumerate(rows, start=1)


def _unreadable(path: Path) -> SourceError:
    return SourceError(
        f"{path.name} cannot be read as a worksheet.",
        todo="Save it again as .xlsx or .csv and try again.",
        code="IMP011",
    )


def _unopened(path: Path) -> SourceError:
    return SourceError(
        f"{path.name} cannot be opened.", todo="Check the path and its permissions.", code="IMP001"
    )
