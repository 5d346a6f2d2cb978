"""Problems that were found: in a row, or in a whole file."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from importer.problems.entry import Severity

if TYPE_CHECKING:
    from importer.problems.codes import ProblemCode


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """One thing that is wrong, or worth a look, with one row."""

    row_number: int
    """As the spreadsheet shows it; data from 2."""
    code: ProblemCode
    field: str = ""
    """The API field, "" when it is about the row."""
    column: int | None = None
    """The source's column, from 0; None when it has none."""
    hint: str = ""
    """A few words for this case, never a value of the row."""
    suggestion: str = dataclasses.field(default="", repr=False)
    """How the cell could be written so that the problem is gone; "" where that is not certain.

    It is a patient's value: shown where values are, and kept nowhere.
    """

    @property
    def is_error(self) -> bool:
        """Return whether it keeps the row from being sent."""
        return self.code.severity is Severity.ERROR


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """One thing that is wrong, or worth a look, with a whole file or its settings."""

    code: ProblemCode
    place: str = ""
    """Where: sheet, line, column letters; never a value of a row."""
    hint: str = ""
    """A few words for this case, such as how many rows, or the names of sheets."""
    quoted: str = dataclasses.field(default="", repr=False)
    """A heading, where it may be shown; it is kept nowhere."""

    @property
    def is_error(self) -> bool:
        """Return whether it keeps the file from being read."""
        return self.code.severity is Severity.ERROR

    @property
    def details(self) -> str:
        """Return what is special about this case, for whoever may see headings."""
        return "; ".join(words for words in (self.quoted, self.hint) if words)

    def sentence(self) -> str:
        """Return the one sentence that a person reads."""
        words = [self.place + ":" if self.place else "", self.code.sentence, self.details]
        return " ".join(word for word in words if word)
