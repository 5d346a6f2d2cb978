"""What people see in an OpenDocument sheet stands beside the value, and is held against it."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode
from tests.edges.case_kit import HEADINGS, row_of
from tests.edges.format_kit import JOINED, joined_book, problems_of
from tests.edges.reading_kit import pack, refusal
from tests.edges.workbook_kit import ods_cell, ods_row, pack_ods, text_p

if TYPE_CHECKING:
    from pathlib import Path

P = ProblemCode


def ods_of(folder: Path, cells: dict[str, str], *, automatic: str = "", columns: str = "") -> Path:
    """Write a sheet with a row of text, and one in which some cells are XML."""
    row = [cells.get(name) or ods_cell(v) for name, v in zip(HEADINGS, row_of(23), strict=True)]
    lines = [map(ods_cell, HEADINGS), map(ods_cell, row_of(12)), row]
    rows = "".join(ods_row("".join(line)) for line in lines)
    table = f'<table:table table:name="P">{columns}{rows}</table:table>'
    return pack_ods(folder / "a.ods", table, automatic=automatic)


def number(value: object, shown: str | None, style: str = "", kind: str = "float") -> str:
    """Return a cell of a number, and of the text that people see; None where that is missing."""
    text = "" if shown is None else text_p(shown)
    name = f'table:style-name="{style}"' if style else ""
    head = f'{name} office:value-type="{kind}" office:value="{value}"'
    return f"<table:table-cell {head}>{text}</table:table-cell>"


def cell_style(name: str, data: str, parent: str = "") -> str:
    return (
        f'<style:style style:name="{name}" style:family="table-cell"'
        f' style:data-style-name="{data}" style:parent-style-name="{parent}"/>'
    )


def number_style(name: str, content: str, kind: str = "number") -> str:
    return f'<number:{kind}-style style:name="{name}">{content}</number:{kind}-style>'


ZEROS = '<number:number number:decimal-places="0" number:min-integer-digits="6"/>'
WHOLE = '<number:number number:decimal-places="0" number:min-integer-digits="1"/>'
ANY = '<number:number number:min-integer-digits="1"/>'
MONTH = '<number:month number:textual="true"/>'
STYLES = (
    number_style("zeros", ZEROS)
    + number_style("word", f"<number:text>MRN-</number:text>{WHOLE}")
    + number_style("general", ANY)
    + number_style("percent", f"{WHOLE}<number:text>%</number:text>", "percentage")
    + number_style("euro", f"<number:currency-symbol/>{WHOLE}", "currency")
    + number_style("half", '<number:fraction number:max-denominator-value="9"/>')
    + number_style("few", f"<number:text>few</number:text>{WHOLE}")
    + number_style(
        "many", f'{WHOLE}<style:map style:condition="value()&lt;9" style:apply-style-name="few"/>'
    )
    + number_style("text", "<number:text>no </number:text><number:text-content/>", "text")
    + number_style("long", f"<number:day/><number:text> de </number:text>{MONTH}", "date")
    + number_style("odd", f"{MONTH}<number:text>/1958</number:text>", "date")
    + number_style("late", "<number:hours/><number:text> PM</number:text>", "time")
    + number_style("noon", "<number:hours/><number:text>h</number:text>", "time")
    + "".join(
        cell_style(f"c-{name}", name)
        for name in (
            *("zeros", "word", "general", "percent", "euro", "half", "many", "text", "noon"),
            *("long", "odd", "late"),
        )
    )
    + cell_style("child", "", "c-zeros")
)


@pytest.mark.parametrize(
    ("value", "shown", "style", "is_refused"),
    [
        *((42, "000042", "", True), (7, "MRN-7", "", True), (0.5, "50%", "", True)),
        *((50, "$50.00", "", True), (0.5, "1/2", "", True), (0, "", "", True), (0, "-", "", True)),
        *((4021, "4,021", "", False), (4021, "4.021", "", False), (4021, "4\u202f021", "", False)),
        *((5, "5.00", "", False), (5.5, "5,5", "", False), (-5, "(5)", "", False)),
        *((-5, "\u22125", "", False), (-5, "5", "c-zeros", True), (42, "42", "c-zeros", False)),
        *((1.5e10, "1.50E+010", "", False), (42, "E5", "", True)),
        # As many digits as there is room for, and as many as a format asks for.
        *((0.25, "0.25", "c-general", False), (5.5, "6", "c-many", True)),
        *((42, None, "c-zeros", True), (421234, None, "c-zeros", False), (42, None, "child", True)),
        *((7, None, "c-word", True), (0.5, None, "c-percent", True), (5, None, "c-euro", True)),
        *((0.5, None, "c-half", True), (5, None, "c-many", True), (50, None, "c-many", False)),
        *((5, None, "c-general", False), (5, None, "", False), (5, None, "missing", False)),
        *((5, None, "c-text", True), (0.5, None, "c-noon", False)),
    ],
)
def test_a_number_of_an_ods_is_held_against_what_people_see(
    tmp_path: Path, value: float, shown: str | None, style: str, *, is_refused: bool
) -> None:
    cells = {"emr_patient_id": number(value, shown, style)}
    found = problems_of(ods_of(tmp_path, cells, automatic=STYLES))
    assert found == ({P.CELL_SHOWN_OTHERWISE: {(3, "emr_patient_id")}} if is_refused else {})


@pytest.mark.parametrize(
    ("field", "value", "shown", "is_refused"),
    [
        *(("location_id", 4021, "004021", False), ("location_id", 4021, "4,021", False)),
        *(("location_id", 4021, "$4,021.00", False), ("location_id", 4021, "4022", True)),
        ("location_id", 4021, "Harlem", True),
        *(("location_id", 4021, "-4021", True), ("location_id", 4021, "", True)),
        *(("phone", 3125550142, "(312) 555-0142", False), ("phone", 3125550142, "3.13E+09", False)),
        *(("phone", 3125550142, "+1 (312) 555-0142", False), ("phone", 3125550142, "x", True)),
        *(("phone", 3125550142, "+44 3125550142", True), ("phone", 3125550142, "4E+09", True)),
        *(("phone", 3125550142, "312-555-0142 / 312-555-0143", True),),
        *(
            ("address_zip", 60601, "60601-9999", True),
            ("address_zip", 606111234, "60611-1234", False),
        ),
    ],
)
def test_a_number_of_an_ods_may_be_shown_otherwise_where_no_text_is_sent(
    tmp_path: Path, field: str, value: float, shown: str, *, is_refused: bool
) -> None:
    found = problems_of(ods_of(tmp_path, {field: number(value, shown)}))
    assert found == ({P.CELL_SHOWN_OTHERWISE: {(3, field)}} if is_refused else {})


def moment(value: str, style: str, kind: str = "date") -> str:
    """Return a cell of a date or a time in a format."""
    head = f'table:style-name="c-{style}" office:value-type="{kind}" office:{kind}-value="{value}"'
    return f"<table:table-cell {head}>{text_p('x')}</table:table-cell>"


@pytest.mark.parametrize(("style", "is_refused"), [("long", False), ("odd", True)])
def test_a_date_of_an_ods_with_digits_of_its_format_is_refused(
    tmp_path: Path, style: str, *, is_refused: bool
) -> None:
    cells = {"birth_date": moment("1985-03-04", style)}
    found = problems_of(ods_of(tmp_path, cells, automatic=STYLES))
    assert found == ({P.CELL_SHOWN_OTHERWISE: {(3, "birth_date")}} if is_refused else {})


@pytest.mark.parametrize(("style", "is_refused"), [("noon", False), ("late", True)])
def test_a_time_of_an_ods_with_words_of_its_format_is_refused(
    tmp_path: Path, style: str, *, is_refused: bool
) -> None:
    path = joined_book(tmp_path, "ods", "TIME")
    old = '<table:table-cell office:value-type="string" ><text:p>TIME</text:p></table:table-cell>'
    rewrite(path, old, moment("PT09H30M00S", style, "time"))
    old = "</office:automatic-styles>"
    rewrite(path, old, STYLES + old)
    found = problems_of(path, JOINED)
    assert found == ({P.CELL_SHOWN_OTHERWISE: {(2, "appointment_date")}} if is_refused else {})


@pytest.mark.parametrize(("shown", "is_refused"), [("TRUE", False), ("ja", False), ("No", True)])
def test_true_of_an_ods_that_is_shown_as_no_is_refused(
    tmp_path: Path, shown: str, *, is_refused: bool
) -> None:
    head = 'office:value-type="boolean" office:boolean-value="true"'
    cells = {"is_walk_in": f"<table:table-cell {head}>{text_p(shown)}</table:table-cell>"}
    found = problems_of(ods_of(tmp_path, cells))
    assert found == ({P.CELL_SHOWN_OTHERWISE: {(3, "is_walk_in")}} if is_refused else {})


@pytest.mark.parametrize("kind", ["percentage", "currency"])
def test_percent_and_money_of_an_ods_are_numbers_with_a_sign(tmp_path: Path, kind: str) -> None:
    cells = {"reason": number(0.5, "50% or $", kind=kind)}
    assert problems_of(ods_of(tmp_path, cells)) == {P.CELL_SHOWN_OTHERWISE: {(3, "reason")}}


@pytest.mark.parametrize("by", ["column", "row", "neither"])
def test_a_cell_of_an_ods_takes_the_format_of_its_row_or_column(tmp_path: Path, by: str) -> None:
    at = HEADINGS.index("emr_patient_id")
    columns = (
        f'<table:table-column table:number-columns-repeated="{at}"/>'
        '<table:table-column table:default-cell-style-name="c-zeros"/>'
    )
    path = ods_of(
        tmp_path,
        {"emr_patient_id": number(42, None)},
        automatic=STYLES,
        columns=columns if by == "column" else "",
    )
    if by == "row":
        rewrite(
            path, "<table:table-row ", '<table:table-row table:default-cell-style-name="child" '
        )
    masked = {P.CELL_SHOWN_OTHERWISE: {(3, "emr_patient_id")}}
    assert problems_of(path) == ({} if by == "neither" else masked)


def rewrite(path: Path, old: str, new: str) -> None:
    """Change every such text in the content of a spreadsheet."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts["content.xml"]
    parts["content.xml"] = parts["content.xml"].replace(old.encode(), new.encode())
    pack(path.parent, parts, path.name)


def text_cell(value: str, shown: str | None, style: str = "c-text") -> str:
    """Return a cell of text that people see in another way."""
    text = "" if shown is None else text_p(shown)
    head = f'table:style-name="{style}" office:value-type="string" office:string-value="{value}"'
    return f"<table:table-cell {head}>{text}</table:table-cell>"


@pytest.mark.parametrize("shown", ["no 7", None])
def test_words_around_a_text_of_an_ods_are_shown_otherwise(
    tmp_path: Path, shown: str | None
) -> None:
    cells = {"emr_patient_id": text_cell("7", shown), "phone": text_cell("312-555-0142", None)}
    found = problems_of(ods_of(tmp_path, cells, automatic=STYLES))
    assert found == {P.CELL_SHOWN_OTHERWISE: {(3, "emr_patient_id"), (3, "phone")}}


@pytest.mark.parametrize(("shown", "style"), [("yes 7", "c-text"), ("no 7", "c-zeros")])
def test_a_text_that_no_format_explains_refuses_the_ods(
    tmp_path: Path, shown: str, style: str
) -> None:
    cells = {"emr_patient_id": text_cell("7", shown, style)}
    refusal(ods_of(tmp_path, cells, automatic=STYLES), P.SOURCE_CORRUPT)


def test_the_formats_of_an_ods_may_stand_in_a_part_of_their_own(tmp_path: Path) -> None:
    path = ods_of(tmp_path, {"emr_patient_id": number(42, None, "c-zeros")}, automatic=STYLES)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["styles.xml"] = parts["content.xml"].replace(b"document-content", b"document-styles")
    parts["content.xml"] = parts["content.xml"].replace(STYLES.encode(), b"")
    found = problems_of(pack(tmp_path, parts, "b.ods"))
    assert found == {P.CELL_SHOWN_OTHERWISE: {(3, "emr_patient_id")}}


@pytest.mark.parametrize(
    ("clock", "problem"),
    [
        ("-PT06H00M00S", P.DATE_BELOW_ZERO),
        ("PT36H00M00S", P.TIME_UNREADABLE),
        ("PT24H00M00S", P.TIME_UNREADABLE),
        ("PT23H59M59.9999S", P.TIME_UNREADABLE),
        ("PT09H30M44.9999424S", None),
    ],
)
def test_a_time_of_an_ods_that_is_no_time_of_day_is_refused(
    tmp_path: Path, clock: str, problem: P | None
) -> None:
    path = joined_book(tmp_path, "ods", "TIME")
    old = '<table:table-cell office:value-type="string" ><text:p>TIME</text:p>'
    new = (
        f'<table:table-cell office:value-type="time" office:time-value="{clock}"><text:p>t</text:p>'
    )
    rewrite(path, old, new)
    found = problems_of(path, JOINED)
    assert found == ({} if problem is None else {problem: {(2, "appointment_date")}})


@pytest.mark.parametrize("clock", ["PT36H00M00S", "P1DT1H"])
def test_a_long_time_of_an_ods_is_no_text(tmp_path: Path, clock: str) -> None:
    """The decoder hands it on as it stands in the file."""
    head = f'office:value-type="time" office:time-value="{clock}"'
    cells = {"reason": f"<table:table-cell {head}>{text_p('36:00')}</table:table-cell>"}
    assert problems_of(ods_of(tmp_path, cells)) == {P.CELL_SHOWN_OTHERWISE: {(3, "reason")}}
