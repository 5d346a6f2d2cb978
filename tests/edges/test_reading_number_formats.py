"""Number formats: a cell that shows more than it keeps is refused where text is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.clock import SystemClock
from importer.pipeline import check_file
from importer.problems import ProblemCode
from importer.settings import load_settings
from tests.edges.case_kit import HEADINGS, as_xlsx, row_of

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl import Workbook


@pytest.mark.parametrize(
    ("field", "value", "shown_as", "is_refused"),
    [
        ("emr_patient_id", 42, "000000", True),
        ("emr_patient_id", 7, '"MRN-"0', True),
        ("emr_patient_id", "7", '"MRN-"@', True),
        ("reason", 0.5, "0%", True),
        ("emr_patient_id", 42, "0", False),
        ("emr_patient_id", "0042", "@", False),
        ("emr_patient_id", "42", "000000", False),
        ("emr_patient_id", 4.25, "General", False),
        ("emr_patient_id", 1.1e-05, "General", True),
        ("reason", 1 / 3, "General", True),
        ("emr_patient_id", 1234567.1234567, "General", True),
        ("phone", 3125550142, "000-000-0000", False),
        ("location_id", 4021, "000000", False),
    ],
)
def test_a_cell_that_shows_more_than_it_keeps_is_refused_where_text_is_sent(
    tmp_path: Path, field: str, value: object, shown_as: str, *, is_refused: bool
) -> None:
    lines = [HEADINGS, row_of(12), row_of(23, **{field: value})]
    column = HEADINGS.index(field) + 1

    def style(made: Workbook) -> None:
        made.worksheets[0].cell(3, column).number_format = shown_as
        made.worksheets[0].cell(9, column).number_format = shown_as  # empty: nothing is shown

    path = as_xlsx(lines, style)(tmp_path)
    settings = load_settings({"timezone": "America/Chicago"}, environ={}, folder=tmp_path)
    report = check_file(path, settings, clock=SystemClock())
    found = {(group.code, group.field) for group in report.groups if group.code.code == "IMP046"}
    assert found == ({(ProblemCode.CELL_SHOWN_OTHERWISE, field)} if is_refused else set())
    assert report.ready == (1 if is_refused else 2)
