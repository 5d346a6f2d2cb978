"""ODS: what a pass of our own over the XML of an OpenDocument spreadsheet tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from importer.model import RESULTS_PROPERTY
from importer.problems import ProblemCode
from importer.reading.grid import open_grid
from importer.reading.ods_scan import scan_table
from importer.reading.ods_sheets import OpenSheets
from importer.reading.ods_styles import CellStyles
from importer.reading.package import opened_package, walk
from importer.reading.scan import refuse_large
from importer.reading.workbook import TEMPLATE_NAME, Sheet, Workbook, prove_names

if TYPE_CHECKING:
    from importer.reading.package import Package
    from importer.reading.scan import SheetScan
    from importer.reading.source import Source
    from importer.reading.table import Place, ReadOptions, Table

_CONTENT = "content.xml"
_STYLES = "styles.xml"
_META = "meta.xml"
_MANIFEST = "META-INF/manifest.xml"
_SCRIPTS = "Basic/script-lc.xml"


def open_ods(source: Source, options: ReadOptions) -> Table:
    """Return the table of an OpenDocument spreadsheet.

    Raises:
        SourceError: It is damaged, encrypted, too large, or its sheet or headings are not clear.
        SettingsError: The heading row asked for cannot be.
    """
    return open_grid(source, options, _OdsReader(source=source))


@dataclass(frozen=True, slots=True, kw_only=True)
class _OdsReader:
    """A spreadsheet whose sheets stand in one part, one after the other."""

    kind: ClassVar[str] = "ods"
    source: Source
    styles: CellStyles = field(default_factory=CellStyles, init=False)

    def describe(self) -> Workbook:
        """Unpack every part once, read the names of the sheets, and measure all of them."""
        place = self.source.place
        with opened_package(self.source, place) as package:
            package.prove()
            _refuse_encrypted(package, place)
            # Styles first: there, too many of them are refused before the rest is read.
            for part in (_STYLES, _CONTENT):
                if part in package:
                    self.styles.read(package.blocks(part), place)
            found = OpenSheets(package.blocks(_CONTENT), place)
            has_macros = _SCRIPTS in package
            is_ours = _is_results(package, place)
        refuse_large(found.area, place)
        sheets = tuple(
            Sheet(name=name, part=str(number), is_visible=is_visible)
            for number, (name, is_visible) in enumerate(found.sheets)
            if name  # links to other programs hold tables without one
        )
        prove_names(sheets, place)
        return Workbook(
            sheets=sheets,
            is_results=is_ours,
            has_macros=has_macros,
            waits_for_calculation=False,
            is_template=TEMPLATE_NAME in found.named,
        )

    def scan(self, sheet: Sheet, place: Place, *, exact: bool = False) -> SheetScan:
        """Go through the content up to the end of that sheet."""
        with opened_package(self.source, place) as package:
            blocks = package.blocks(_CONTENT)
            return scan_table(blocks, int(sheet.part), place, styles=self.styles, exact=exact)


def _is_results(package: Package, place: Place) -> bool:
    """Return whether it was saved from one of our results, whose properties it keeps."""
    found: list[bool] = []

    def on_element(name: str, attributes: dict[str, str]) -> None:
        if name == "user-defined" and attributes.get("name") == RESULTS_PROPERTY:
            found.append(True)

    if _META in package:
        walk(package.blocks(_META), on_element, place)
    return bool(found)


def _refuse_encrypted(package: Package, place: Place) -> None:
    encrypted: list[str] = []

    def on_element(name: str, _: dict[str, str]) -> None:
        if name == "encryption-data":
            encrypted.append(name)

    if _MANIFEST in package:
        walk(package.blocks(_MANIFEST), on_element, place)
    if encrypted:
        todo = "Save a copy without a password, or save it as XLSX with one."
        raise place.refuse(ProblemCode.SOURCE_ENCRYPTED, todo=todo)
