"""Sources written again with some cells changed: what cannot be changed safely is left."""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode as P
from importer.reading import Edit, Edits, ReadOptions, open_table
from importer.reading.package import Package
from importer.reading.table import Place
from importer.reading.xlsx_copy import copy_workbook
from tests.edges.reading_kit import (
    HEADINGS_XML,
    encrypted,
    number_cell,
    pack,
    package_parts,
    read,
    row_xml,
    sheet_xml,
    text_cell,
    write_csv,
    write_sheet,
    write_xlsx,
)
from tests.edges.workbook_kit import Sheet, write_book

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FORMULA = '<c t="str"><f>"An"&amp;"na"</f><v>Anna</v></c>'


def edit(row: int, column: int, before: str, after: str) -> Edit:
    return Edit(row, column, before, after, P.TEXT_INVISIBLE)


def copied(path: Path, edits: Sequence[Edit], encoding: str | None = None) -> tuple[Path, int]:
    """Return a copy with these edits, and how many were made."""
    table = open_table(path, ReadOptions(encoding=encoding))
    assert table.copy is not None
    out = io.BytesIO()
    made = table.copy(Edits(iter(edits)), out)
    copy = path.with_name(f"copy{path.suffix}")
    copy.write_bytes(out.getvalue())
    return copy, made.total()


def anna(cell: str) -> str:
    return HEADINGS_XML + row_xml(cell + text_cell("Example") + text_cell("312-555-0142"), 2)


@pytest.mark.parametrize("after", ["Anna", "José", "A & <B> \"C\" 'D'", " two  spaces ", "李 🎂"])
def test_a_cell_of_a_workbook_holds_the_very_text(after: str, tmp_path: Path) -> None:
    source = write_sheet(tmp_path, anna(text_cell("before")))
    copy, made = copied(source, [edit(2, 0, "before", after)])
    assert made == 1
    assert read(copy).rows[2] == [after, "Example", "312-555-0142"]
    assert read(copy).problems == []


@pytest.mark.parametrize(
    ("cell", "after"),
    [
        (number_cell(7), "seven"),
        (FORMULA, "Ann"),
        ('<c t="b"><v>1</v></c>', "yes"),
        (text_cell("before"), "a_x0041_b"),
    ],
    ids=["number", "formula", "boolean", "code"],
)
def test_a_cell_that_text_would_change_in_kind_is_left(
    cell: str, after: str, tmp_path: Path
) -> None:
    source = write_sheet(tmp_path, anna(cell))
    copy, made = copied(source, [edit(2, 0, "before", after)])
    assert made == 0
    assert read(copy).rows == read(source).rows


def test_a_sheet_whose_elements_have_a_prefix_keeps_it(tmp_path: Path) -> None:
    plain = sheet_xml(anna(text_cell("before")))
    prefixed = plain.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    prefixed = prefixed.replace("xmlns=", "xmlns:x=")
    source = pack(tmp_path, package_parts(prefixed))
    copy, made = copied(source, [edit(2, 0, "before", "Anna")])
    assert made == 1
    assert read(copy).rows[2][0] == "Anna"


def shared(folder: Path, texts: str, cell: str) -> Path:
    """Write a workbook whose first cell is one of the texts that its cells share."""
    parts = package_parts(sheet_xml(anna(f'<c t="s"><v>{cell}</v></c>')))
    parts["xl/sharedStrings.xml"] = f"<sst>{texts}</sst>"
    return pack(folder, parts)


SHARED = (
    "<si><t>other</t></si>"
    "<si><r><t>An</t></r><r><t>na_x0041_</t></r><rPh><t>aside</t></rPh></si>"
    "<si/>"
)


@pytest.mark.parametrize(
    ("cell", "before", "made"),
    [("1", "AnnaA", 1), ("0", "AnnaA", 0), ("2", "", 1), ("3", "", 0), ("x", "other", 0)],
)
def test_a_shared_text_is_changed_only_where_it_is_the_one_that_was_read(
    cell: str, before: str, made: int, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    out = io.BytesIO()
    source = shared(tmp_path, SHARED, cell)
    with zipfile.ZipFile(source) as archive:
        package = Package(archive, Place(file="a.xlsx"))
        sheet = "xl/worksheets/sheet1.xml"
        edits = Edits(iter([edit(2, 0, before, "Bob")]))
        counts = copy_workbook(package, sheet, edits, out, Place(file="a.xlsx"))
    assert counts.total() == made
    (folder / source.name).write_bytes(out.getvalue())
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(folder / source.name) as new:
        assert (old.read(sheet) == new.read(sheet)) == (not made)


@pytest.mark.parametrize(
    "written", ["a_x0041_b", "a_x000D_b", "a\r\nb", "a&#13;b", "a &amp; b", "a_x005F_x0041_b"]
)
@pytest.mark.parametrize("is_shared", ["yes", "no"])
def test_a_cell_is_known_by_its_text_however_a_workbook_writes_it(
    written: str, is_shared: str, tmp_path: Path
) -> None:
    source = write_sheet(tmp_path, anna(text_cell(written)))
    if is_shared == "yes":
        source = shared(tmp_path, f'<si><t xml:space="preserve">{written}</t></si>', "0")
    copy, made = copied(source, [edit(2, 0, read(source).rows[2][0], "Bob")])
    assert made == 1
    assert read(copy).rows[2][0] == "Bob"


@pytest.mark.parametrize("cell", [text_cell("Somebody"), "shared"])
def test_a_cell_of_a_workbook_that_holds_another_text_is_left(cell: str, tmp_path: Path) -> None:
    source = write_sheet(tmp_path, anna(cell))
    if cell == "shared":
        source = shared(tmp_path, "<si><t>Somebody</t></si>", "0")
    copy, made = copied(source, [edit(2, 0, "before", "Bob")])
    assert made == 0
    assert read(copy).rows[2][0] == "Somebody"


def test_a_cell_that_was_changed_meanwhile_is_left(tmp_path: Path) -> None:
    source = write_csv(tmp_path, "a,b\nnew,2\nold,3\n")
    copy, made = copied(source, [edit(2, 0, "old", "x"), edit(3, 0, "old", "y")])
    assert made == 1
    assert copy.read_text("utf-8") == "a,b\nnew,2\ny,3\n"


def test_a_corrected_cell_with_a_delimiter_is_quoted(tmp_path: Path) -> None:
    source = write_csv(tmp_path, "a,b\nx,2\n")
    copy, _ = copied(source, [edit(2, 0, "x", 'say "a", b')])
    assert copy.read_text("utf-8") == 'a,b\n"say ""a"", b",2\n'


def test_bytes_that_are_no_text_stay_as_they_are(tmp_path: Path) -> None:
    content = "a,b\nJosé,é\n".encode() + b"Jos\xe9,x\n"
    copy, made = copied(write_csv(tmp_path, content), [edit(3, 1, "x", "y")])
    assert made == 1
    assert copy.read_bytes() == content[:-2] + b"y\n"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "cp1252"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_a_copy_is_in_the_encoding_of_its_source(
    mark: bytes, encoding: str, tmp_path: Path
) -> None:
    text = "name,city\r\nZoë,Québec\r\nRenée,x\r\nJosé,Bogotá\r\n"
    source = write_csv(tmp_path, mark + text.encode(encoding))
    copy, made = copied(source, [edit(3, 1, "x", "Málaga")])
    assert made == 1
    assert copy.read_bytes() == mark + text.replace(",x", ",Málaga").encode(encoding)


def test_a_letter_that_the_encoding_lacks_is_left_alone(tmp_path: Path) -> None:
    text = "a,b\nZoë,x\ny,z\n"
    source = write_csv(tmp_path, text.encode("cp1252"))
    edits = [edit(2, 1, "x", "李"), edit(3, 0, "y", "Łucja"), edit(3, 1, "z", "José")]
    copy, made = copied(source, edits, "cp1252")
    assert made == 1
    assert copy.read_bytes() == text.replace("z\n", "José\n").encode("cp1252")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"a,b\nx,\x81\nx,\xe9\n", "cp1252"),  # a byte that is no letter there
        (b"a,b\nx,\xfa\x54\nx,1\n", "cp932"),  # a letter that is usually written otherwise
        ("a,b\nx,".encode("utf-16-le") + b"\x3d\xd8" + "\nx,é\n".encode("utf-16-le"), "utf-16-le"),
    ],
    ids=["cp1252", "cp932", "utf-16"],
)
def test_a_record_that_cannot_be_written_as_it_was_is_left_alone(
    content: bytes, encoding: str, tmp_path: Path
) -> None:
    x, y = (f"\n{letter},".encode(encoding) for letter in "xy")
    head, _, last = content.rpartition(x)
    edits = [edit(2, 0, "x", "y"), edit(3, 0, "x", "y")]
    copy, made = copied(write_csv(tmp_path, content), edits, encoding)
    assert made == 1
    assert copy.read_bytes() == head + y + last


ROWS = [["first_name", "last_name", "phone"], ["Ada", "Ek", "312-555-0101"]]


@pytest.mark.parametrize("kind", ["xls", "xlsb", "ods", "csv.gz", "locked"])
def test_some_kinds_are_only_read(kind: str, tmp_path: Path) -> None:
    if kind == "csv.gz":
        path = tmp_path / "patients.csv.gz"
        path.write_bytes(gzip.compress("\n".join(map(",".join, ROWS)).encode()))
    elif kind == "locked":
        path = tmp_path / "locked.xlsx"
        path.write_bytes(encrypted(write_xlsx(tmp_path, ROWS), "secret"))
    else:
        path = write_book(tmp_path, kind, Sheet(rows=ROWS))
    assert open_table(path, ReadOptions(password="secret")).copy is None


def test_no_text_of_an_edit_is_in_its_repr() -> None:
    assert "canary" not in repr(edit(2, 0, "canary-before", "canary-after"))


def test_edits_are_handed_out_row_by_row() -> None:
    first, second, third = edit(2, 0, "", "a"), edit(2, 3, "", "b"), edit(5, 0, "", "c")
    edits = Edits(iter([first, second, third]))
    assert edits.of_row(1) == {}
    assert edits.of_row(2) == {0: first, 3: second}
    assert edits.of_row(4) == {}
    assert edits.of_row(5) == {0: third}
    assert edits.of_row(6) == {}
