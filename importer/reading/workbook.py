"""What a workbook says of itself: its sheets, which one to read, and whether it is our results."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model import RESULTS_PROPERTY
from importer.problems import FileProblem, ProblemCode
from importer.reading.package import walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.reading.package import Package
    from importer.reading.table import Place

RESULTS_SHEET = "Results"
TEMPLATE_NAME = "solv_import_template"
"""The defined name that marks a workbook made from our template; programs keep those."""
TEMPLATE_OTHER_SHEETS = ("How to", "Lists")
"""Sheets of the template in which nobody types a patient."""
RESULTS_AS_CSV = "Write them as CSV: solv-import results RUN --results FILE.csv; run that file."
"""What to do with results that a workbook cannot hand over."""

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_CUSTOM = "docProps/custom.xml"
_ACTIVE = re.compile(r"vbaproject|/macrosheets/|/activex/|/embeddings/.*\.bin$|/ctrlprops/")
_TRUE = ("1", "true", "on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One worksheet."""

    name: str
    part: str
    is_visible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """The parts of a workbook that say how to read it."""

    sheets: tuple[Sheet, ...]
    is_results: bool
    has_macros: bool
    waits_for_calculation: bool
    """Whether its writer left every formula to be calculated when it is opened."""
    is_template: bool = False
    """Whether it was made from our template."""


def describe(package: Package, place: Place) -> Workbook:
    """Read the names and places of the worksheets; charts are no worksheets.

    Raises:
        SourceError: The package does not hold together.
    """
    targets = worksheet_parts(package, _RELATIONS, place)
    sheets: list[Sheet] = []
    settings: dict[str, str] = {}
    names: set[str] = set()

    def on_element(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet" and attributes.get("id") in targets:
            sheets.append(
                Sheet(
                    name=attributes.get("name", ""),
                    part=targets[attributes["id"]],
                    is_visible=attributes.get("state", "visible") == "visible",
                )
            )
        elif name == "calcPr":
            settings.update(attributes)
        elif name == "definedName":
            names.add(attributes.get("name", "").casefold())

    walk(package.blocks(_WORKBOOK), on_element, place)
    prove_names(sheets, place)
    return Workbook(
        sheets=tuple(sheets),
        is_results=is_results(package, place),
        has_macros=has_active_parts(package),
        waits_for_calculation=settings.get("fullCalcOnLoad") in _TRUE,
        is_template=TEMPLATE_NAME in names,
    )


def prove_names(sheets: Sequence[Sheet], place: Place) -> None:
    """Check that each sheet has a name of its own: calamine finds it by that.

    Raises:
        SourceError: Two have the same.
    """
    if len({sheet.name for sheet in sheets}) != len(sheets):
        raise place.refuse(ProblemCode.SOURCE_CORRUPT, "Two of its sheets have the same name.")


def choose_sheet(workbook: Workbook, wanted: str | None, place: Place) -> Sheet:
    """Return the sheet asked for, or the only one that it can be.

    Raises:
        SourceError: There is no such sheet, or more than one to choose from.
    """
    if wanted is not None:
        return _named(workbook.sheets, wanted, place)
    results = [sheet for sheet in workbook.sheets if sheet.name == RESULTS_SHEET]
    if workbook.is_results and results:
        if any(sheet.name == f"{RESULTS_SHEET} 2" for sheet in workbook.sheets):
            sentence = "These results go on in further sheets, and only one sheet can be read."
            raise place.refuse(ProblemCode.SHEET_UNCLEAR, sentence, todo=RESULTS_AS_CSV)
        return results[0]
    visible = [sheet for sheet in workbook.sheets if sheet.is_visible]
    if workbook.is_template:
        # Not the sheet of its first name: whoever adds one to it may have patients there.
        visible = [s for s in visible if s.name not in TEMPLATE_OTHER_SHEETS] or visible
    if len(visible) == 1:
        return visible[0]
    if not workbook.sheets:
        raise place.refuse(ProblemCode.SOURCE_EMPTY, "The workbook has no worksheet.")
    listed = visible or workbook.sheets
    sentence = (
        "The workbook has more than one visible sheet" if visible else "All sheets are hidden"
    )
    raise place.refuse(
        ProblemCode.SHEET_UNCLEAR,
        f"{sentence}: {_names(listed)}.",
        todo=f"Name the one to read, such as --sheet {next(iter(results), listed[0]).name!r}.",
    )


def warnings_of(workbook: Workbook, chosen: Sheet, place: Place) -> list[FileProblem]:
    """Return what of the workbook is not read."""
    warnings = []
    hidden = [s for s in workbook.sheets if not s.is_visible and s is not chosen]
    if hidden:
        code = ProblemCode.HIDDEN_SHEET
        warnings.append(FileProblem(code=code, place=place.file, hint=f"({_names(hidden)})"))
    if workbook.has_macros:
        warnings.append(FileProblem(code=ProblemCode.MACROS_IGNORED, place=place.file))
    return warnings


def _named(sheets: Sequence[Sheet], wanted: str, place: Place) -> Sheet:
    exact = [sheet for sheet in sheets if sheet.name == wanted]
    alike = [sheet for sheet in sheets if sheet.name.casefold() == wanted.strip().casefold()]
    found = exact or alike
    if len(found) == 1:
        return found[0]
    sentence = f"The workbook has no sheet {wanted!r}; it has {_names(sheets)}."
    raise place.refuse(ProblemCode.SHEET_NOT_FOUND, sentence)


def _names(sheets: Sequence[Sheet]) -> str:
    return ", ".join(repr(sheet.name) for sheet in sheets)


def has_active_parts(package: Package) -> bool:
    """Return whether a package holds macros, controls or embedded programs."""
    return any(package.names_like(_ACTIVE))


def worksheet_parts(package: Package, relations: str, place: Place) -> dict[str, str]:
    """Return the part of each worksheet by its relation's id.

    Raises:
        SourceError: The part that tells is missing, or no XML.
    """
    targets: dict[str, str] = {}

    def on_element(name: str, attributes: dict[str, str]) -> None:
        is_sheet = attributes.get("Type", "").endswith("/worksheet")
        if name == "Relationship" and is_sheet:
            target = attributes.get("Target", "")
            part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
            targets[attributes.get("Id", "")] = part if part in package else target

    walk(package.blocks(relations), on_element, place)
    return targets


def is_results(package: Package, place: Place) -> bool:
    """Return whether a package says of itself that it is our results.

    Raises:
        SourceError: The part that tells is no XML.
    """
    found: list[bool] = []

    def on_element(name: str, attributes: dict[str, str]) -> None:
        if name == "property" and attributes.get("name") == RESULTS_PROPERTY:
            found.append(True)

    if _CUSTOM in package:
        walk(package.blocks(_CUSTOM), on_element, place)
    return bool(found)
