"""What the table of all cases is written in: a case, and files made of rows, text or cells."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell.cell import TYPE_STRING

from importer.model import BOOKING_FIELDS
from tests.edges.reading_kit import pack, package_parts, row_xml, sheet_xml, text_cell
from tests.rows import invented_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from importer.problems import ProblemCode

Lines: TypeAlias = "Sequence[Sequence[Any]]"

HEADINGS = [name for name in BOOKING_FIELDS if name != "attribution"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file that clinics hand in, and what it must get."""

    number: int
    outcome: str
    """`A` accepted, `W` with a warning, `R` a row refused, `Q` a question, `F` the file refused."""
    code: ProblemCode | None
    kind: str
    """The format: `csv` stands for all text, `xlsx` for all workbooks."""
    what: str
    write: Callable[[Path], Path]
    flags: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return the name under which it is run."""
        return f"case_{self.number:02}-{self.kind}-{self.outcome}-{self.what}"


@dataclass(frozen=True, kw_only=True)
class Serial:
    """A number that a workbook shows in some format."""

    number: float
    shown_as: str = "m/d/yyyy"


def row_of(number: int = 2, **changes: object) -> list[Any]:
    """Return the cells of an invented patient, under `HEADINGS`."""
    cells: Mapping[str, Any] = {**invented_row(number), **changes}
    return [cells.get(name, "") for name in HEADINGS]


def csv_text(lines: Lines, delimiter: str = ",") -> str:
    """Return lines as CSV."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(lines)
    return out.getvalue()


def written(content: str | bytes, name: str = "visits.csv") -> Callable[[Path], Path]:
    """Return a writer of this very content."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def as_csv(lines: Lines) -> Callable[[Path], Path]:
    """Return a writer of these lines as CSV."""
    return written(csv_text(lines))


def as_xlsx(lines: Lines, change: Callable[[Workbook], object] | None = None) -> Any:
    """Return a writer of these lines as a workbook, which `change` may alter."""

    def write(folder: Path) -> Path:
        book = Workbook()
        for number, line in enumerate(lines, start=1):
            for column, value in enumerate(line, start=1):
                cell = book.worksheets[0].cell(number, column)
                if isinstance(value, Serial):
                    cell.value, cell.number_format = value.number, value.shown_as
                elif value not in {"", None}:
                    cell.value = value
                    cell.data_type = TYPE_STRING if isinstance(value, str) else cell.data_type
        if change is not None:
            change(book)
        path = folder / "visits.xlsx"
        book.save(path)
        return path

    return write


def table(
    number: int, outcome: str, code: ProblemCode | None, what: str, lines: Lines, *flags: str
) -> list[Case]:
    """Return a case of these lines, as text and as a workbook."""
    writers = {"csv": as_csv(lines), "xlsx": as_xlsx(lines)}
    return [
        Case(number=number, outcome=outcome, code=code, kind=k, what=what, write=w, flags=flags)
        for k, w in writers.items()
    ]


def value(
    number: int, outcome: str, code: ProblemCode | None, *flags: str, **cells: object
) -> list[Case]:
    """Return a case of one row with these cells between two good ones, in both formats."""
    what = " ".join(f"{name}={text!a}" for name, text in cells.items())
    lines = [HEADINGS, row_of(12), row_of(23, **cells), row_of(34)]
    return table(number, outcome, code, what, lines, *flags)


def text(
    number: int,
    outcome: str,
    code: ProblemCode | None,
    what: str,
    content: str | bytes,
    *flags: str,
    name: str = "visits.csv",
) -> list[Case]:
    """Return a case of this content."""
    write = written(content, name)
    return [
        Case(number=number, outcome=outcome, code=code, kind="csv", what=what, write=write,
             flags=flags)
    ]  # fmt: skip


def book(
    number: int, outcome: str, code: ProblemCode | None, what: str, write: Any, *flags: str
) -> list[Case]:
    """Return a case of a workbook."""
    return [
        Case(number=number, outcome=outcome, code=code, kind="xlsx", what=what, write=write,
             flags=flags)
    ]  # fmt: skip


def as_parts(
    lines: Lines,
    change: Callable[[dict[str, str | bytes]], object] | None = None,
    *,
    name: str = "visits.xlsx",
    after: str = "",
    **options: Any,
) -> Callable[[Path], Path]:
    """Return a writer of these lines as XML; a cell that begins with `<c` is taken as it is."""

    def write(folder: Path) -> Path:
        rows = "".join(
            row_xml("".join(cell if cell[:2] == "<c" else text_cell(escape(cell)) for cell in line))
            for line in lines
        )
        parts = package_parts(sheet_xml(rows, after=after), **options)
        if change is not None:
            change(parts)
        return pack(folder, parts, name)

    return write
