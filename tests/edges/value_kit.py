"""One value in a file of invented rows, as text and as a workbook, and what becomes of its row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from importer.pipeline.intake import take_in
from importer.settings import load_settings
from tests.edges.case_kit import HEADINGS, as_csv, as_xlsx
from tests.rows import invented_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from importer.problems import ProblemCode
    from importer.settings import Settings
    from importer.validate import CheckedRow

Cells: TypeAlias = list[Any]
NOW = datetime(2030, 1, 7, 18, 0, tzinfo=UTC)


def write_csv(folder: Path, lines: Sequence[Cells]) -> Path:
    """Write these lines as text."""
    return as_csv(lines)(folder)


def write_xlsx(folder: Path, lines: Sequence[Cells]) -> Path:
    """Write these lines as a workbook of typed cells."""
    path: Path = as_xlsx(lines)(folder)
    return path


WRITERS = pytest.mark.parametrize("write", [write_csv, write_xlsx], ids=["csv", "xlsx"])
Write: TypeAlias = "Callable[[Path, Sequence[Cells]], Path]"


def settings_of(folder: Path, profile: str = "", **flags: object) -> Settings:
    """Return the settings of an import by flags, and by a profile if there is one."""
    if profile:
        (folder / "clinic.toml").write_text(profile, encoding="utf-8")
        flags["profile"] = str(folder / "clinic.toml")
    environ = {"SOLV_IMPORT_CONFIG_DIR": str(folder / "config")}
    return load_settings(flags, environ=environ, folder=folder)


def file_of(write: Write, folder: Path, *changes: dict[str, object]) -> Path:
    """Return a file of invented rows, each changed in its own way."""
    rows = [{**invented_row(n), **change} for n, change in enumerate(changes, start=2)]
    return write(folder, [HEADINGS, *([row.get(name, "") for name in HEADINGS] for row in rows)])


def taken(path: Path, settings: Settings) -> list[CheckedRow]:
    """Return the rows as an import checks them."""
    intake = take_in(path, settings, now=NOW)
    return [row for chunk in intake.chunks() for row in chunk.rows]


def one(write: Write, folder: Path, field: str, value: object, **how: Any) -> CheckedRow:
    """Return the row that holds one value; the row above it is always ready."""
    first, row = taken(file_of(write, folder, {}, {field: value}), settings_of(folder, **how))
    assert (first.request is not None, row.row_number) == (True, 3)
    return row


def assert_refused(row: CheckedRow, field: str, code: ProblemCode) -> None:
    """Assert that this problem, in the cell of that field, is all that is wrong."""
    told = [(p.row_number, p.code, p.field, p.column) for p in row.problems]
    assert told == [(3, code, field, HEADINGS.index(field))]
    assert row.request is None


def assert_sent(
    row: CheckedRow, field: str, sent: object, warning: ProblemCode | None = None
) -> None:
    """Assert what is sent for a field, and that a warning at most is told."""
    assert [p.code for p in row.problems] == ([] if warning is None else [warning])
    assert row.request is not None
    assert getattr(row.request, field) == sent
