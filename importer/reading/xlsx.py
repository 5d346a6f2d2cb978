"""XLSX and XLSM: what a pass of our own over the XML of a workbook tells."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, ClassVar

from importer.errors import SourceError
from importer.problems import ProblemCode
from importer.reading.grid import open_grid
from importer.reading.package import Package, opened_package
from importer.reading.workbook import RESULTS_AS_CSV, Sheet, Workbook, describe, is_results
from importer.reading.xlsx_copy import copy_workbook
from importer.reading.xlsx_scan import scan_sheet
from importer.reading.xlsx_styles import NamedFormats, read_styles

if TYPE_CHECKING:
    from collections import Counter

    from importer.reading.edits import Edits
    from importer.reading.scan import SheetScan
    from importer.reading.source import Source
    from importer.reading.table import Place, ReadOptions, Table

_STYLES = "xl/styles.xml"


def open_xlsx(source: Source, options: ReadOptions) -> Table:
    """Return the table of an XLSX workbook.

    Raises:
        SourceError: It is damaged, too large, or its sheet or headings are not clear.
        SettingsError: The heading row asked for cannot be.
    """
    reader = _XlsxReader(source=source)
    table = open_grid(source, options, reader)
    can_copy = source.plain is None and not reader.has_macros
    return replace(table, copy=reader.copy) if can_copy else table


@dataclass(slots=True, kw_only=True)
class _XlsxReader:
    """A workbook whose parts are XML."""

    kind: ClassVar[str] = "xlsx"
    source: Source
    waits: bool = field(default=False, init=False)
    formats: NamedFormats = field(default_factory=NamedFormats, init=False)
    has_macros: bool = field(default=False, init=False)
    sheet_part: str = field(default="", init=False)
    """The part of the sheet that is read."""

    def describe(self) -> Workbook:
        """Unpack every part once, and read what the workbook says of itself."""
        with opened_package(self.source, self.source.place) as package:
            _prove(package, self.source.place)
            workbook = describe(package, self.source.place)
            if _STYLES in package:
                styles = read_styles(package.blocks(_STYLES), self.source.place)
                self.formats = NamedFormats(styles)
        self.waits, self.has_macros = workbook.waits_for_calculation, workbook.has_macros
        return workbook

    def scan(self, sheet: Sheet, place: Place, *, exact: bool = False) -> SheetScan:
        """Go through the sheet's part."""
        self.sheet_part = sheet.part
        with opened_package(self.source, place) as package:
            return scan_sheet(
                package.blocks(sheet.part),
                place,
                waits_for_calculation=self.waits,
                formats=self.formats,
                exact=exact,
            )

    def copy(self, edits: Edits, out: IO[bytes]) -> Counter[ProblemCode]:
        """Write the workbook again with edits in its sheet; return how many were, by problem."""
        place = self.source.place
        with opened_package(self.source, place) as package:
            return copy_workbook(package, self.sheet_part, edits, out, place)


def _prove(package: Package, place: Place) -> None:
    """Prove a package safe to read.

    Raises:
        SourceError: It is not; of results of ours that are too large it says what to do instead.
    """
    try:
        package.prove()
    except SourceError as error:
        is_large = error.code == ProblemCode.SOURCE_TOO_LARGE.code
        if is_large and is_results(package, place):
            code = ProblemCode.SOURCE_TOO_LARGE
            raise place.refuse(code, todo=RESULTS_AS_CSV) from None
        raise
