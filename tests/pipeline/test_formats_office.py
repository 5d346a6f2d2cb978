"""Number formats as LibreOffice saves them: each kind of workbook refuses the same cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode
from importer.reading import ReadOptions, open_table
from tests.edges.workbook_kit import Sheet, Shown, write_book

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pipeline.office_kit import Office

pytestmark = pytest.mark.timeout(90)  # LibreOffice takes seconds to start

MASKED = [
    *(Shown(42, "000000"), Shown(7, '"MRN-"0'), Shown("7", '"MRN-"@'), Shown(0.5, "0%")),
    *(Shown("x", '0;0;0;"no "@'), Shown("x", ";;;"), Shown(50, "[$€-407] #,##0.00")),
    *(Shown(12_000, "0,"), Shown(5.5, "0"), Shown(150, '[>100]"big "0;0'), Shown(0.5, "# ?/?")),
    *(Shown(3125550142, "(000) 000-0000"), Shown(0, '0;-0;"none"'), Shown(7, '"MRN_x"0')),
]
PLAIN = [
    *(Shown(421234, "000000"), Shown(5, '0;"minus "0'), Shown(50, '[>100]"big "0;0')),
    *(Shown(4021, "#,##0"), Shown(5, "0.00"), Shown(-5, "0_);(0)"), Shown("x", "@")),
    *(Shown(0.25, "General"), Shown(15e9, "0.00E+00"), Shown("x", '"x"0')),
]
ANOTHER = [
    *(Shown(5512345678, '"+52 "00 0000 0000'), Shown(3125550142, '0" / 312-555-0143"')),
    *(Shown(4021, '"4022"'), Shown(21, '"40"00'), Shown(4021, '[=4021]"Harlem";0')),
    *(Shown(4_021_000, "0,"), Shown(4021, ";;;"), Shown(0.5, "0%"), Shown(1, '"No";;"Yes"')),
    *(Shown(31110, 'm/d"/1958"'), Shown(47490.4, 'm/d/yyyy "14:00"'), Shown(0.4, 'h:mm" PM"')),
    *(Shown(60601, '00000"-9999"'), Shown("x", '"no "@'), Shown(3125550142, '"+44 "0')),
]
"""Of which another value is shown, wherever they are sent."""
ALIKE = [
    *(Shown(3125550142, "(###) ###-####"), Shown(3125550142, '"+1 "000-000-0000')),
    *(Shown(5550142, "[<=9999999]###-####;(###) ###-####"), Shown(2108, "00000")),
    *(Shown(606111234, "00000-0000"), Shown(4021, "#,##0"), Shown(3125550142, "0.00E+00")),
    *(Shown(31110, "[$-409]d-mmm-yy;@"), Shown(31110, '[$-C0A]dddd, d" de "mmmm" de "yyyy')),
    *(Shown(47490.4, "[$-409]m/d/yy h:mm AM/PM;@"), Shown(0.4, "[$-F400]h:mm:ss AM/PM")),
    *(Shown(47490.4, 'yyyy-mm-dd"T"hh:mm:ss'), Shown(0.4, "mm:ss.0")),
]
TIMES = [Shown(-0.25, "h:mm"), Shown(-0.25, "[h]:mm")]


@pytest.mark.parametrize("kind", ["xls", "xlsx", "ods"])
def test_every_kind_refuses_the_same_cells(kind: str, office: Office, tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [("first", "shown", "number")]
    rows += [("Ada", cell, n) for n, cell in enumerate([*MASKED, *PLAIN, *TIMES])]
    (saved,) = office.save(write_book(tmp_path, "xlsx", Sheet(rows=rows)), kind=kind)
    found: dict[ProblemCode, set[int]] = {}
    for chunk in open_table(saved, ReadOptions()).chunks(text_columns=[1]):
        for problem in chunk.problems:
            assert problem.column == 1
            found.setdefault(problem.code, set()).add(problem.row_number)
    first_plain, first_time = 2 + len(MASKED), 2 + len(MASKED) + len(PLAIN)
    assert found[ProblemCode.CELL_SHOWN_OTHERWISE] == set(range(2, first_plain))
    assert found[ProblemCode.DATE_BELOW_ZERO] == set(range(first_time, 2 + len(rows) - 1))


@pytest.mark.parametrize("kind", ["xls", "xlsx", "ods"])
def test_every_kind_refuses_another_value_where_no_text_is_sent(
    kind: str, office: Office, tmp_path: Path
) -> None:
    rows: list[tuple[object, ...]] = [("first", "shown", "number")]
    rows += [("Ada", cell, n) for n, cell in enumerate([*ANOTHER, *ALIKE])]
    (saved,) = office.save(write_book(tmp_path, "xlsx", Sheet(rows=rows)), kind=kind)
    chunks = list(open_table(saved, ReadOptions()).chunks())
    found = [(p.row_number, p.code) for chunk in chunks for p in chunk.problems]
    masked = ProblemCode.CELL_SHOWN_OTHERWISE
    assert found == [(row, masked) for row in range(2, 2 + len(ANOTHER))]
