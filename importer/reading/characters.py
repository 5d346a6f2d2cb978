"""What the characters of a cell say: empty, odd, or more than a cell can hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from importer.error_values import is_error_value
from importer.odd_characters import CONTROL, NOT_DECODED
from importer.problems import ProblemCode, RowProblem
from importer.sheet_limits import CELL_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ODD = re.compile(f"[{CONTROL}{NOT_DECODED}]")
_NOT_TEXT = re.compile(f"[{NOT_DECODED}]+")


def has_odd(text: str) -> bool:
    """Return whether the text holds a control character, or what bytes that are no text leave."""
    return _ODD.search(text) is not None


def odd_code(text: str) -> ProblemCode:
    """Return the problem of a text that `has_odd`."""
    if _NOT_TEXT.search(text):
        return ProblemCode.CELL_NOT_DECODABLE
    return ProblemCode.CELL_CONTROL_CHARACTER


def error_values(number: int, cells: Sequence[str]) -> tuple[RowProblem, ...]:
    """Return a problem for each cell of row `number` that holds the text of an error."""
    code = ProblemCode.CELL_ERROR_VALUE
    return tuple(
        RowProblem(row_number=number, code=code, column=column)
        for column, cell in enumerate(cells)
        if "#" in cell and is_error_value(cell)
    )


def is_blank(cells: Iterable[str]) -> bool:
    """Return whether no cell holds anything but white space."""
    return not "".join(cells).strip()


def filled_cells(cells: Iterable[str]) -> int:
    """Return how many cells hold more than white space."""
    return sum(1 for cell in cells if cell.strip())


def inspect(number: int, cells: Sequence[str]) -> tuple[list[str], tuple[RowProblem, ...]]:
    """Return the cells of row `number` fit for a frame, and what is odd about each."""
    clean: list[str] = []
    problems: list[RowProblem] = []
    for column, cell in enumerate(cells):
        text = cell
        if has_odd(cell):
            # A lone surrogate cannot be written anywhere; the row is never sent.
            text = _NOT_TEXT.sub("\ufffd", cell)
            problems.append(RowProblem(row_number=number, code=odd_code(cell), column=column))
        if len(cell) > CELL_LIMIT:
            hint = f"{len(cell):,} characters, at most {CELL_LIMIT:,}"
            code = ProblemCode.CELL_TOO_LONG
            problems.append(RowProblem(row_number=number, code=code, column=column, hint=hint))
        clean.append(text)
    return clean, tuple(problems)
