"""`check --fix`: a copy that differs in what is certain, and in nothing else."""

from __future__ import annotations

import json
import stat
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from importer.errors import SourceError
from importer.pipeline import fix_file
from importer.pipeline.intake import take_in
from importer.problems import ProblemCode as P
from importer.reading.quotes import split_record
from importer.settings import load_settings
from tests.edges.check_kit import check
from tests.edges.reading_kit import number_cell, read, row_xml, text_cell, write_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from importer.model import BookingRequest

HEADINGS = (
    "first_name,last_name,phone,birth_date,appointment_date,location_id,email,"
    "address_state,is_walk_in,birth_sex,address_zip,Notes"
)
DIRTY = (
    "Anna\u200b,Example,'312-555-0142,1985-03-04,2037-03-02T09:00:00-06:00,4021,"
    "mailto:ann@example.com,California,yes,F,2134,'007"
)
MENDED = (
    "Anna,Example,312-555-0142,1985-03-04,2037-03-02T09:00:00-06:00,4021,"
    "ann@example.com,CA,true,female,2134,'007"
)
CLEAN = "Bob,Example,312-555-0143,1985-03-04,2037-03-02T10:00:00-06:00,4021,,CA,,male,60601,"
BLANK = "," * CLEAN.count(",")


pytestmark = pytest.mark.usefixtures("own_world")


def codes_of(path: Path) -> set[str]:
    return {problem["code"] for problem in json.loads(check(path, "--json")[1])["problems"]}


def fixed(path: Path) -> Path:
    """Return the corrected copy of a file."""
    copy = path.with_name(f"fixed{path.suffix}")
    assert check(path, "--fix", copy)[2] == ""
    return copy


def requests_of(path: Path) -> list[BookingRequest | None]:
    settings = load_settings({}, environ={}, folder=path.parent)
    intake = take_in(path, settings, now=datetime(2026, 11, 22, tzinfo=UTC))
    return [row.request for checked in intake.chunks() for row in checked.rows]


def write(folder: Path, content: bytes, name: str = "visits.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
@pytest.mark.parametrize("tail", ["", "\x1a", "{end}{end}", "{end}" + BLANK + "{end}"])
def test_a_csv_differs_in_the_corrected_cells_and_in_no_other_byte(
    end: str, mark: bytes, tail: str, tmp_path: Path
) -> None:
    ending = tail.format(end=end)
    before = end.join([HEADINGS, CLEAN, BLANK, DIRTY, "", CLEAN.replace("Bob", "Bea")]) + ending
    source = write(tmp_path, mark + before.encode())
    copy = fixed(source)
    assert copy.read_bytes() == mark + before.replace(DIRTY, MENDED).encode()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert source.read_bytes() == mark + before.encode()


def test_quotes_and_delimiters_stay_as_they_are(tmp_path: Path) -> None:
    line = DIRTY.replace("Anna\u200b", '"Anna\u200b ""A"""').replace("'007", '"a,b\nc"')
    before = f"sep=,\n{HEADINGS}\n{line}\n{CLEAN}\n"
    after = fixed(write(tmp_path, before.encode())).read_text("utf-8")
    mended = MENDED.replace("Anna", '"Anna ""A"""').replace("'007", '"a,b\nc"')
    assert after == before.replace(line, mended)


def test_a_corrected_cell_is_quoted_where_it_must_be(tmp_path: Path) -> None:
    before = f"{HEADINGS}\n{CLEAN}\n".replace(",", ";").replace("Bob", "Bob\u200b")
    after = fixed(write(tmp_path, before.encode())).read_text("utf-8")
    assert after == before.replace("\u200b", "")


def test_what_was_found_is_gone_and_the_bookings_are_the_same(tmp_path: Path) -> None:
    source = write(tmp_path, f"{HEADINGS}\n{DIRTY}\n{CLEAN}\n".replace("2134", "02134").encode())
    copy = fixed(source)
    assert {"IMP201", "IMP204", "IMP262"} <= codes_of(source)
    assert codes_of(copy) == set()
    assert requests_of(copy) == requests_of(source) != [None, None]
    again = copy.with_name("again.csv")
    check(copy, "--fix", again)
    assert again.read_bytes() == copy.read_bytes()


def test_it_says_what_was_changed_and_what_is_left(tmp_path: Path) -> None:
    source = write(tmp_path, f"{HEADINGS}\n{DIRTY}\n{CLEAN}\n".encode())
    code, out, _ = check(source, "--fix", "copy.csv")
    assert code == 1
    assert (
        "Corrected copy: copy.csv, 6 cells (1 IMP201, 1 IMP204, 3 IMP205, 1 IMP262) changed."
        " Left: 1 row with errors.\n" in out
    )
    assert "note[IMP205] address_state: written in another way — 1 row  fixable" in out
    places = [out.index(word) for word in ("error[", "warning[IMP262]", "note[IMP205]")]
    assert places == sorted(places)
    assert "Anna" not in out


def test_scripts_are_told_the_same(tmp_path: Path) -> None:
    source = write(tmp_path, f"{HEADINGS}\n{DIRTY}\n".encode())
    expected = {"IMP201": 1, "IMP204": 1, "IMP205": 3, "IMP262": 1}
    for form in ("json", "jsonl"):
        code, out, err = check(source, "--fix", "copy.csv", "--format", form)
        told = json.loads(out.splitlines()[-1])["fixed"]
        assert (code, told) == (1, {"path": "copy.csv", "cells": 6, "by_code": expected})
        assert err.startswith("Corrected copy: copy.csv, 6 cells")


def test_another_spelling_is_no_problem_unless_it_is_to_be_corrected(tmp_path: Path) -> None:
    source = write(tmp_path, f"{HEADINGS}\n{CLEAN.replace('male', 'M')}\n".encode())
    assert codes_of(source) == set()
    assert check(source)[0] == 0


def test_a_file_of_somebody_is_never_written_over(tmp_path: Path) -> None:
    source = write(tmp_path, f"{HEADINGS}\n{DIRTY}\n".encode())
    theirs = write(tmp_path, b"theirs", "copy.csv")
    code, _, err = check(source, "--fix", theirs)
    assert (code, theirs.read_bytes()) == (2, b"theirs")
    assert "copy.csv exists and is not a copy that this program wrote" in err


def test_our_own_copy_is_written_anew_until_somebody_types_in_it(tmp_path: Path) -> None:
    source = write(tmp_path, f"{HEADINGS}\n{DIRTY}\n".encode())
    copy = fixed(source)
    source.write_text(f"{HEADINGS}\n{CLEAN}\n", "utf-8")
    assert fixed(source).read_bytes() == source.read_bytes()
    copy.write_bytes(copy.read_bytes().replace(b"Bob", b"Rob"))
    code, _, _ = check(source, "--fix", copy)
    assert code == 2
    assert b"Rob" in copy.read_bytes()
    remembered = (tmp_path / "state" / "corrected-copies.txt").read_text("ascii").split()
    assert {len(digest) for digest in remembered} == {64}


@pytest.mark.parametrize("name", ["visits.csv", "copy.xlsx", "copy.txt", "no/such/folder.csv"])
def test_a_place_that_cannot_be_is_wrong_use(name: str, tmp_path: Path) -> None:
    source = write(tmp_path, f"{HEADINGS}\n{DIRTY}\n".encode())
    before = source.read_bytes()
    code, _, err = check(source, "--fix", name)
    assert code == 2
    assert err.startswith("error: ")
    assert source.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) in (
        ["visits.csv"],
        ["state", "visits.csv"],
    )


def test_several_files_have_no_one_copy(tmp_path: Path) -> None:
    source = write(tmp_path, f"{HEADINGS}\n{CLEAN}\n".encode())
    assert check(source, source, "--fix", "copy.csv")[0] == 2


def test_a_file_that_is_refused_leaves_no_copy(tmp_path: Path) -> None:
    source = write(tmp_path, f'{HEADINGS}\n{DIRTY}\n"Never closed\n'.encode())
    assert check(source, "--fix", "copy.csv")[0] == 3
    assert not (tmp_path / "copy.csv").exists()


def test_a_row_that_reading_finds_broken_is_left_as_it_is(tmp_path: Path) -> None:
    broken = DIRTY.replace("Example", 'Ex"ample')
    before = f"{HEADINGS}\n{broken}\n{DIRTY}\n"
    copy = fixed(write(tmp_path, before.encode()))
    assert copy.read_text("utf-8") == f"{HEADINGS}\n{broken}\n{MENDED}\n"


def test_an_empty_cell_that_takes_a_default_stays_empty(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('[defaults]\nattribution = "our\u00a0site"\n', "utf-8")
    text = f"{HEADINGS},attribution\n{CLEAN},\n"
    source = write(tmp_path, text.encode())
    check(source, "--fix", "copy.csv", "--profile", "p.toml")
    assert (tmp_path / "copy.csv").read_text("utf-8") == text


def workbook(folder: Path) -> Path:
    """Return a workbook with more in it than text."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "June"
    sheet.append([*HEADINGS.split(","), "Sum"])
    dirty: list[Any] = [*DIRTY.split(","), "=1+1"]
    clean: list[Any] = [*CLEAN.split(","), 7]
    clean[3], clean[8] = datetime(1985, 3, 4), 1  # noqa: DTZ001 - a cell has no zone
    for row in (dirty, [], clean):
        sheet.append(row)
    sheet["A2"].font = openpyxl.styles.Font(bold=True)
    other = book.create_sheet("Old")
    other.sheet_state = "hidden"
    other["A1"] = "Anna\u200b"
    path = folder / "visits.xlsx"
    book.save(path)
    return path


def cells_of(path: Path) -> dict[tuple[str, str], tuple[Any, str, bool, str]]:
    book = openpyxl.load_workbook(path)
    return {
        (sheet.title, cell.coordinate): (
            cell.value,
            cell.data_type,
            bool(cell.font.b),
            cell.number_format,
        )
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
    }


def test_a_workbook_differs_in_the_corrected_cells_and_in_no_other(tmp_path: Path) -> None:
    source = workbook(tmp_path)
    copy = fixed(source)
    before, after = cells_of(source), cells_of(copy)
    changed = {place[1]: after[place][0] for place in before if before[place] != after[place]}
    assert changed == {
        "A2": "Anna",
        "C2": "312-555-0142",
        "G2": "ann@example.com",
        "H2": "CA",
        "I2": "true",
        "J2": "female",
    }
    assert before.keys() == after.keys()
    assert {after["June", name][1] for name in changed} <= {"s", "inlineStr"}
    assert after["June", "A2"][2] is True
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert requests_of(copy) == requests_of(source)
    assert not codes_of(copy) & {"IMP201", "IMP204", "IMP262"}


def test_every_other_part_of_a_workbook_is_the_same(tmp_path: Path) -> None:
    source = workbook(tmp_path)
    copy = fixed(source)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(copy) as new:
        assert new.namelist() == old.namelist()
        differing = [name for name in old.namelist() if old.read(name) != new.read(name)]
    assert differing == ["xl/worksheets/sheet1.xml"]


def test_a_number_stays_a_number_and_is_told(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(workbook(tmp_path))
    book["June"]["I2"] = 1
    source = tmp_path / "numbers.xlsx"
    book.save(source)
    _, out, _ = check(source, "--fix", "copy.xlsx")
    assert cells_of(tmp_path / "copy.xlsx")["June", "I2"][:2] == (1, "n")
    assert "Left: 1 row with errors, 2 suggestions that no cell can hold." in out


@pytest.mark.parametrize("places", ["with places", "without places"])
def test_cells_are_found_whether_or_not_they_say_where_they_are(
    places: str, tmp_path: Path
) -> None:
    has_places = places == "with places"
    texts = [HEADINGS.split(",")[:6], ["Anna\u200b", *DIRTY.split(",")[1:6]]]

    def cell(row: int, column: int, text: str) -> str:
        written = text_cell(text)
        at = f'<c r="{chr(ord("A") + column)}{row}" ' if has_places else "<c "
        return written.replace("<c ", at, 1)

    rows = "".join(
        row_xml("".join(cell(r, c, text) for c, text in enumerate(line)), r if has_places else None)
        for r, line in enumerate(texts, 1)
    )
    copy = fixed(write_sheet(tmp_path, rows + row_xml(number_cell(7), 9)))
    assert read(copy).rows[2] == MENDED.split(",")[:6]
    assert read(copy).rows[9] == ["7", "", "", "", "", ""]


def test_a_large_sheet_is_copied_block_by_block(tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("June")
    sheet.append(HEADINGS.split(","))
    for number in range(8_000):
        line = (DIRTY if number % 7 == 0 else CLEAN).replace("Example", f"Example-{number}")
        sheet.append(line.split(","))
    source = tmp_path / "large.xlsx"
    book.save(source)
    copy = fixed(source)
    assert requests_of(copy) == requests_of(source)
    old = [[c.value for c in row] for row in openpyxl.load_workbook(source)["June"].iter_rows()]
    new = [[c.value for c in row] for row in openpyxl.load_workbook(copy)["June"].iter_rows()]
    differing = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    assert len(differing) == 1_143
    assert {b[0] for _, b in differing} == {"Anna"}


def test_a_workbook_with_macros_is_only_read(tmp_path: Path) -> None:
    source = workbook(tmp_path)
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    code, _, err = check(source, "--fix", "copy.xlsx")
    assert code == 2
    assert "of a kind that is only read" in err
    assert not (tmp_path / "copy.xlsx").exists()


@pytest.mark.parametrize(
    "raw", ["a,b\n", '"a","b"\r\n', 'a,"b ""c"", d"', ",\n", '"a\nb",c', "a", '"",""', "a,\n"]
)
def test_a_record_is_made_of_its_cells_and_what_stands_between(raw: str) -> None:
    found = split_record(raw, ",")
    parts = [raw[begin:end] for begin, end in found.spans]
    assert ",".join(parts) == raw.rstrip("\r\n")
    assert len(parts) == len(found.cells)


class SavesMeanwhile:
    """A clock that is read once the file was taken in, when somebody else saves it."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path, self._content = path, content

    def now(self) -> datetime:
        self._path.write_bytes(self._content)
        return datetime(2026, 11, 22, tzinfo=UTC)


def test_a_source_that_somebody_saves_meanwhile_gets_no_copy(tmp_path: Path) -> None:
    source = write(tmp_path, f"{HEADINGS}\n{DIRTY}\n".encode())
    other = f"{HEADINGS}\n{CLEAN}\n{DIRTY}\n".encode()
    settings = load_settings({}, environ={}, folder=tmp_path)
    with pytest.raises(SourceError) as caught:
        fix_file(source, tmp_path / "f.csv", settings, clock=SavesMeanwhile(source, other))
    assert caught.value.code == P.SOURCE_CHANGING.code
    assert not (tmp_path / "f.csv").exists()


def test_a_cell_of_only_invisible_letters_that_took_a_default_is_left(tmp_path: Path) -> None:
    line = CLEAN.replace("4021", "\u200b")
    source = write(tmp_path, f"{HEADINGS}\n{line}\n".encode())
    copy = tmp_path / "fixed.csv"
    assert check(source, "--location-id", "4021", "--fix", copy)[0] == 0
    assert copy.read_bytes() == source.read_bytes()
