"""Number formats in columns that are sent as numbers, dates, or yes and no."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode
from tests.edges.case_kit import HEADINGS, as_parts, row_of
from tests.edges.format_kit import problems_of
from tests.edges.reading_kit import read, refusal
from tests.edges.workbook_kit import Sheet, Shown, write_book

if TYPE_CHECKING:
    from pathlib import Path

P = ProblemCode
KINDS = ["xlsx", "xls", "xlsb"]
MASKED = [
    *(("phone", 5512345678, '"+52 "00 0000 0000'), ("phone", 3125550142, '"+44 "0')),
    *(("phone", 3125550142, '0" / 312-555-0143"'), ("phone", "3125550142", '"+52 "@')),
    *(("location_id", 4021, '"4022"'), ("location_id", 21, '"40"00')),
    *(("location_id", 4021, '[=4021]"Harlem"'), ("location_id", 4_021_000, "0,")),
    *(("location_id", 4021, ";;;"), ("location_id", 4021, "-0")),
    *(("is_walk_in", 1, '"No";;"Yes"'), ("is_walk_in", 0, '"Walk-in"')),
    *(("is_walk_in", True, '"No";;"Yes"'), ("is_walk_in", False, '"Walk-in"')),
    *(("address_zip", 60601, '00000"-9999"'), ("birth_date", 31110, 'm/d"/1958"')),
    *(("appointment_date", 73000.4, 'm/d/yyyy "14:00"'), ("email", "a@example.com", '"x"@')),
]
PLAIN = [
    *(("phone", 3125550142, "(###) ###-####"), ("phone", 3125550142, "000-000-0000")),
    ("phone", 3125550142, "[<=9999999]###-####;(###) ###-####"),
    *(("phone", 3125550142, '"+1 "000-000-0000'), ("phone", "312-555-0142", "@")),
    *(("location_id", 4021, "000000"), ("location_id", 4021, "#,##0"), ("location_id", 4021, "0")),
    *(("address_zip", 60601, "00000"), ("address_zip", 606111234, "00000-0000")),
    *(("is_walk_in", True, "0"), ("is_walk_in", False, '"Yes";"Yes";"No"')),
    *(("is_walk_in", 1, '"Yes";"Yes";"No"'), ("birth_date", 31110, "[$-409]d-mmm-yy;@")),
    ("birth_date", 31110, "[$-F800]dddd, mmmm dd, yyyy"),
    ("birth_date", 31110, '[$-C0A]d" de "mmmm" de "yyyy;@'),
    ("appointment_date", 73000.5, "[$-409]m/d/yy h:mm AM/PM;@"),
    ("appointment_date", 73000.5, 'yyyy-mm-dd"T"hh:mm:ss'),
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shown_otherwise_is_told_in_every_column(tmp_path: Path, kind: str) -> None:
    rows = [row_of(20 + n, **{f: Shown(v, c)}) for n, (f, v, c) in enumerate(MASKED + PLAIN)]
    found = read(write_book(tmp_path, kind, Sheet(rows=[HEADINGS, *rows])))
    assert found.problems == [
        (row, "CELL_SHOWN_OTHERWISE", HEADINGS.index(field))
        for row, (field, _, _) in enumerate(MASKED, start=2)
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("field", "value", "code"), [MASKED[0], MASKED[4], MASKED[12]])
def test_a_row_that_shows_something_else_is_not_sent(
    tmp_path: Path, kind: str, field: str, value: object, code: str
) -> None:
    lines = [HEADINGS, row_of(12), row_of(23, **{field: Shown(value, code)})]
    found = problems_of(write_book(tmp_path, kind, Sheet(rows=lines)))
    assert found == {P.CELL_SHOWN_OTHERWISE: {(3, field)}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("field", "value", "code"), PLAIN)
def test_usual_formats_are_sent(
    tmp_path: Path, kind: str, field: str, value: object, code: str
) -> None:
    lines = [HEADINGS, row_of(12), row_of(23, **{field: Shown(value, code)})]
    assert problems_of(write_book(tmp_path, kind, Sheet(rows=lines))) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_zip_code_under_zeros_is_left_to_its_own_rule(tmp_path: Path, kind: str) -> None:
    """Whoever sees 02108 may have the program put the zero back."""
    lines = [HEADINGS, row_of(12, address_zip=Shown(2108, "00000"))]
    found = problems_of(write_book(tmp_path, kind, Sheet(rows=lines)))
    assert found == {P.LEADING_ZERO_LOST: {(2, "address_zip")}}


@pytest.mark.parametrize("kind", KINDS)
def test_formats_of_columns_that_are_not_sent_do_not_matter(tmp_path: Path, kind: str) -> None:
    lines = [[*HEADINGS, "Balance"], [*row_of(12), Shown(5, '"owes "0')]]
    assert problems_of(write_book(tmp_path, kind, Sheet(rows=lines))) == {}


def test_a_heading_may_be_shown_as_it_likes(tmp_path: Path) -> None:
    rows = [("first", "last", Shown("phone", '"* "@')), ("Ada", "Ek", "1")]
    assert read(write_book(tmp_path, "xlsx", Sheet(rows=rows))).problems == []


def styles_of(*codes: str) -> str:
    """Return the part of styles with a style for each code, behind a plain one."""
    escaped = [code.replace('"', "&quot;") for code in codes]
    formats = "".join(
        f'<numFmt numFmtId="{n}" formatCode="{code}"/>' for n, code in enumerate(escaped, start=170)
    )
    styles = "".join(f'<xf numFmtId="{n}"/>' for n in range(170, 170 + len(codes)))
    return (
        '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<numFmts>{formats}</numFmts><cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>'
    )


@pytest.mark.parametrize("name", ["1", "01", "+1", "0000001"])
def test_a_style_is_a_number_however_it_is_written(tmp_path: Path, name: str) -> None:
    def change(parts: dict[str, str | bytes]) -> None:
        parts["xl/styles.xml"] = styles_of("000000")

    lines = [HEADINGS, row_of(12, emr_patient_id=f'<c s="{name}"><v>42</v></c>')]
    found = problems_of(as_parts(lines, change)(tmp_path))
    assert found == {P.CELL_SHOWN_OTHERWISE: {(2, "emr_patient_id")}}


@pytest.mark.parametrize("name", ["-1", "x", "", "1.0", "1_0", "\u0661"])
def test_a_style_that_is_no_number_refuses_the_workbook(tmp_path: Path, name: str) -> None:
    lines = [HEADINGS, row_of(12, emr_patient_id=f'<c s="{name}"><v>42</v></c>')]
    refusal(as_parts(lines, lambda _: None)(tmp_path), P.SOURCE_CORRUPT)


@pytest.mark.parametrize(("code", "is_refused"), [("yyyy-mm-dd", False), ('m/d"/1958"', True)])
def test_a_date_that_stands_as_iso_is_held_against_its_format(
    tmp_path: Path, code: str, *, is_refused: bool
) -> None:
    def change(parts: dict[str, str | bytes]) -> None:
        parts["xl/styles.xml"] = styles_of(code)

    cell = '<c s="1" t="d"><v>1985-03-04</v></c>'
    found = problems_of(as_parts([HEADINGS, row_of(12, birth_date=cell)], change)(tmp_path))
    assert found == ({P.CELL_SHOWN_OTHERWISE: {(2, "birth_date")}} if is_refused else {})


def test_formats_behind_their_styles_count(tmp_path: Path) -> None:
    """Programs write them in front; some read them there too."""

    def change(parts: dict[str, str | bytes]) -> None:
        head, formats, rest = styles_of("000000").partition("<numFmts>")
        inside, _, behind = rest.partition("</numFmts>")
        moved = f"{formats}{inside}</numFmts></styleSheet>"
        parts["xl/styles.xml"] = head + behind.replace("</styleSheet>", moved)

    lines = [HEADINGS, row_of(12, emr_patient_id='<c s="1"><v>42</v></c>')]
    found = problems_of(as_parts(lines, change)(tmp_path))
    assert found == {P.CELL_SHOWN_OTHERWISE: {(2, "emr_patient_id")}}
