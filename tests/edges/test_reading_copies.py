"""Sources written again with some cells changed: what cannot be changed safely is left."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from importer.problems import ProblemCode as P
from importer.reading import Edit, Edits, ReadOptions, open_table
from tests.edges.reading_kit import (
    HEADINGS_XML,
    number_cell,
    pack,
    package_parts,
    read,
    row_xml,
    sheet_xml,
    text_cell,
    write_csv,
    write_sheet,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FORMULA = '<c t="str"><f>"An"&amp;"na"</f><v>Anna</v></c>'


def edit(row: int, column: int, before: str, after: str) -> Edit:
    return Edit(row, column, before, after, P.TEXT_INVISIBLE)


def copied(path: Path, edits: Sequence[Edit]) -> tuple[Path, int]:
    """Return a copy with these edits, and how many were made."""
    table = open_table(path, ReadOptions())
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
