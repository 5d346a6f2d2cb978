"""Files with number formats, and where the problems of a file are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.clock import SystemClock
from importer.pipeline import check_file
from importer.settings import load_settings
from tests.edges.workbook_kit import Sheet, write_book
from tests.rows import invented_row

if TYPE_CHECKING:
    from pathlib import Path

    from importer.problems import ProblemCode

JOINED = '[joined]\nappointment_date = ["Day", "Time"]\n[dates]\ntimezone = "America/Chicago"\n'


def problems_of(path: Path, profile: str = "") -> dict[ProblemCode, set[tuple[int, str]]]:
    """Return where each problem of a file is: rows and fields."""
    flags: dict[str, object] = {"timezone": "America/Chicago"}
    if profile:
        flags["profile"] = str(path.with_name("clinic.toml"))
        path.with_name("clinic.toml").write_text(profile, encoding="utf-8")
    settings = load_settings(flags, environ={}, folder=path.parent)
    report = check_file(path, settings, clock=SystemClock())
    found: dict[ProblemCode, set[tuple[int, str]]] = {}
    for group in report.groups:
        rows = {(example.row_number, group.field) for example in group.examples}
        found.setdefault(group.code, set()).update(rows)
    return found


def joined_book(folder: Path, kind: str, clock: object) -> Path:
    """Write a row whose day and time stand in two columns."""
    row = {**invented_row(2), "Day": "2090-02-01", "Time": clock}
    del row["appointment_date"]
    return write_book(folder, kind, Sheet(rows=[tuple(row), tuple(row.values())]))
