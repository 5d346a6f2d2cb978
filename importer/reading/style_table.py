"""The styles of a workbook as its parts list them, each with its number format."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from importer.problems import ProblemCode
from importer.reading.number_formats import LONGEST_CODE, format_of

if TYPE_CHECKING:
    from importer.errors import SourceError
    from importer.reading.number_formats import NumberFormat
    from importer.reading.table import Place

STYLE_LIMIT = 65_500
"""The most styles, and the most formats; spreadsheet programs stop before."""
PIECE_LIMIT = 2_000_000
"""The most elements or records up to the last style of a cell, and characters of codes."""
_FIRST_OWN = 164
"""From that number on a format's code stands in the file."""
_BUILT_IN = (
    {
        1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
        12: "# ?/?", 13: "# ??/??", 14: "m/d/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy",
        18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yyyy h:mm",
        45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
        41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
        43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    }
    | dict.fromkeys((5, 6), "$#,##0_);($#,##0)")
    | dict.fromkeys((7, 8), "$#,##0.00_);($#,##0.00)")
    | dict.fromkeys((37, 38), "#,##0_);(#,##0)")
    | dict.fromkeys((39, 40), "#,##0.00_);(#,##0.00)")
    | dict.fromkeys((42, 44), '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)')
    # Dates and times of East Asia, each in the way of its country.
    | dict.fromkeys((*range(27, 37), *range(50, 59)), "yyyy/m/d h:mm")
)  # fmt: skip
"""Formats that go by a number and whose code no file holds."""


class CellFormats(dict[int, "NumberFormat | None"]):
    """The format of each style, made out when a cell first has it.

    None where it shows every cell as it is.
    """

    def __init__(self, table: StyleTable) -> None:
        """Begin with none made out."""
        super().__init__()
        self._table = table

    def __missing__(self, style: int) -> NumberFormat | None:
        """Return the format of a style, None for one that is in no list."""
        table = self._table
        if not 0 <= style < len(table.styles):
            return None
        number = table.styles[style]
        shown = format_of(table.codes.get(number) or _BUILT_IN.get(number, ""))
        self[style] = found = None if shown.is_plain else shown
        return found


class StyleCount:
    """Counts what the styles of a workbook are made of, and says where it is too much."""

    def __init__(self, place: Place) -> None:
        """Begin with none."""
        self._place = place
        self._pieces = 0

    def add_piece(self, count: int = 1) -> None:
        """Count one more element, record or character, or some.

        Raises:
            SourceError: There are more than any workbook has.
        """
        self._pieces += count
        if self._pieces > PIECE_LIMIT:
            raise self._refused()

    def prove(self, styles: int) -> None:
        """Check how many styles, or formats, there are; raises as `add_piece` does."""
        if styles > STYLE_LIMIT:
            raise self._refused()

    def _refused(self) -> SourceError:
        sentence = f"It has more styles than a workbook can have, which is {STYLE_LIMIT:,}."
        todo = "Save the sheet as CSV, or copy its values into a new workbook."
        return self._place.refuse(ProblemCode.SOURCE_TOO_LARGE, sentence, todo=todo)


class StyleTable:
    """The styles of a workbook as its records or elements come by."""

    def __init__(self, place: Place) -> None:
        """Begin with none; `place` says where they are too many."""
        self.codes: dict[int, str] = {}
        """The code of each format by its number."""
        self.styles = array("I")
        """The format of each style, in the order in which cells count them."""
        self.count = StyleCount(place)
        self._unknown: set[int] = set()
        """Formats of styles whose code has not been met."""
        self._formats = self._named = 0

    @property
    def is_complete(self) -> bool:
        """Return whether the code of every style's format is known."""
        return not self._unknown

    def add_format(self, number: int, code: str) -> None:
        """Take in a format.

        Raises:
            SourceError: There are more than any workbook has.
        """
        self._formats += 1
        self.count.prove(self._formats)
        self.codes[number] = code = code[:LONGEST_CODE]
        self._unknown.discard(number)
        self.count.add_piece(len(code))  # each is looked at when it is taken apart

    def add_style(self, number: int) -> None:
        """Take in the style that comes next, by its format; raises as `add_format` does."""
        self.count.prove(len(self.styles) + 1)
        self.styles.append(number)
        if number >= _FIRST_OWN and number not in self.codes:
            self._unknown.add(number)

    def add_named(self) -> None:
        """Count a style that others are made from; raises as `add_format` does."""
        self._named += 1
        self.count.prove(self._named)

    def formats(self) -> CellFormats:
        """Return the formats by style."""
        return CellFormats(self)
