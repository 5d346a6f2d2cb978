"""How tests make a template and fill it in as a person would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openpyxl import load_workbook

from importer.settings import load_settings
from importer.template import DATA_SHEET, write_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from importer.settings import Settings

LAKESIDE = """
[columns]
"Cell #" = "phone"
DOB = "birth_date"
Clinic = "location_id"

[joined]
appointment_date = ["Appt Date", "Appt Time"]

[split]
Patient = "Last, First"

[values.location_id]
Lakeview = 4021
"Old Town, North" = 4022

[values.birth_sex]
U = ""

[values.visit_type_id]
Physical = 2

[dates]
order = "MDY"
timezone = "America/Chicago"

[defaults]
is_walk_in = false
"""
"""A profile with everything that a template must follow."""

FILLED = {
    "First name *": "Ana",
    "Last name *": "Lee",
    "Phone *": "(312) 555-0142",
    "Birth date *": "1985-03-14",
    "Appointment *": "2090-02-01 14:30",
    "Clinic *": "4021",
    "Walk-in": "no",
    "E-mail": "ana.lee@example.com",
    "ZIP code": "02134",
    "Sex at birth": "female",
    "Paperwork status": "incomplete",
}
"""A patient under the headings of a template without a profile."""

FILLED_AT_LAKESIDE = {
    "Patient *": "Lee, Ana",
    "Cell # *": "312-555-0142",
    "DOB *": "3/14/1985",
    "Appt Date *": "2090-02-01",
    "Appt Time *": "14:30",
    "Clinic *": "Old Town, North",
    "Sex at birth": "U",
    "Visit type ID": "Physical",
}
"""The same patient under the headings of a template for `LAKESIDE`."""


def settings_in(folder: Path, profile: str = "", **flags: Any) -> Settings:
    """Return settings with nothing set but these flags and this profile's text."""
    if profile:
        (folder / "lakeside.toml").write_text(profile, encoding="utf-8")
        flags["profile"] = str(folder / "lakeside.toml")
    environ = {"SOLV_IMPORT_CONFIG_DIR": str(folder), "SOLV_IMPORT_STATE_DIR": str(folder / "s")}
    return load_settings(flags, environ=environ, folder=folder)


def template_in(folder: Path, profile: str = "", *, name: str = "patients.xlsx") -> Path:
    """Write a template and return where."""
    write_template(folder / name, settings_in(folder, profile), replace=True)
    return folder / name


def fill(
    path: Path, rows: Iterable[Mapping[str, str]], *, sheet: str = DATA_SHEET, first_row: int = 3
) -> Path:
    """Type rows below the example, or from another row on, and save the workbook.

    The headings of a row are those of the sheet; cells that it does not name stay as they are.
    """
    workbook = load_workbook(path)
    typed = workbook[sheet]
    places = {cell.value: cell.column for cell in typed[1]}
    for number, row in enumerate(rows, start=first_row):
        for heading, text in row.items():
            typed.cell(number, places[heading]).value = text or None
    workbook.save(path)
    workbook.close()
    return path
