"""The reconcile worksheet: unknown rows out, decisions back in."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import openpyxl
import pytest
from python_calamine import load_workbook

from importer.errors import SettingsError, SourceError
from importer.model import Answer
from importer.results import Decision, UnknownRow, read_decisions, write_worksheet
from importer.results.worksheet import HEADINGS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROWS = [
    UnknownRow(
        row_number=number,
        row_key=key,
        first_name="Leo",
        last_name="=Jones",
        phone="+13125550147",
        birth_date="1972-01-17",
        appointment="2030-01-07T09:30:00-06:00",
        location="77",
        sent_at="2030-01-01T09:00:00+00:00",
        reason="ReadTimeout",
        server_ids="x-request-id=abc",
    )
    for number, key in ((2, "ra"), (5, "rb"), (9, "rc"), (10, "rd"))
]
NO_ANSWERS = [
    *("12345", "booked", "booked 0", "booked -1", "booked 1.5", "booked 1,234", "booked 12345 ?"),
    *("not booked 5", "not", "canceled maybe", "yes Leo Jones", "booked " + "9" * 19, "booked ٣"),
]
SUFFIXES = pytest.mark.parametrize("suffix", [".xlsx", ".csv"])


def fill(path: Path, answers: Sequence[str]) -> Path:
    """Write the worksheet and answer its rows, as a person does."""
    write_worksheet(path, ROWS, work_dir=path.parent)
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        for line, answer in enumerate(answers, start=2):
            book.active.cell(line, len(HEADINGS), answer)
        book.save(path)
    else:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
        for line, answer in zip(lines[1:], answers, strict=False):
            line[-1] = answer
        save(path, lines)
    return path


def save(path: Path, lines: Sequence[Sequence[str]], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="cp1252") as file:
        csv.writer(file, delimiter=delimiter).writerows(lines)
    return path


def test_worksheet_holds_what_finds_the_patient(tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    write_worksheet(path, ROWS, work_dir=tmp_path)
    seen = load_workbook(path).get_sheet_by_index(0).to_python()
    assert seen[0] == list(HEADINGS)
    assert seen[1][:5] == ["2", "unknown", "Leo", "=Jones", "+13125550147"]
    assert seen[1][-2:] == ["ra", ""]
    assert len(seen) == 5
    sheet = openpyxl.load_workbook(path).active
    assert sheet["M1"].comment.text.startswith("Look each row up in Solv")
    (offer,) = sheet.data_validations.dataValidation
    assert (str(offer.sqref), offer.showErrorMessage) == ("M2:M5", False)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["w.xlsx"]


def test_worksheet_as_csv_neutralizes_formulas(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    write_worksheet(path, ROWS, work_dir=tmp_path)
    lines = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    assert lines[1][:5] == ["2", "unknown", "Leo", "'=Jones", "'+13125550147"]


@SUFFIXES
def test_untouched_worksheet_decides_nothing(tmp_path: Path, suffix: str) -> None:
    assert read_decisions(fill(tmp_path / f"w{suffix}", [])) == []


@SUFFIXES
def test_decisions_come_back(tmp_path: Path, suffix: str) -> None:
    path = fill(tmp_path / f"w{suffix}", ["booked 12345", " Not  Booked ", "", "CANCELLED"])
    assert read_decisions(path) == [
        Decision(
            row_key=key,
            answer=answer,
            booking_id=booking_id,
            place=f"w{suffix}, row {row}, column M (decision)",
            row_number=number,
            sent_at="2030-01-01T09:00:00+00:00",
        )
        for key, answer, booking_id, row, number in (
            ("ra", Answer.BOOKED, 12345, 2, 2),
            ("rb", Answer.NOT_BOOKED, None, 3, 5),
            ("rd", Answer.CANCELLED, None, 5, 10),
        )
    ]


@pytest.mark.parametrize(
    "text", ["booked12345", "BOOKED\u00a012345", "booked   12345", "'booked 12345"]
)
def test_case_and_spaces_do_not_matter(tmp_path: Path, text: str) -> None:
    (decision,) = read_decisions(fill(tmp_path / "w.xlsx", [text]))
    assert (decision.answer, decision.booking_id) == (Answer.BOOKED, 12345)


@SUFFIXES
@pytest.mark.parametrize("text", NO_ANSWERS)
def test_anything_else_names_its_place_and_not_its_text(
    tmp_path: Path, suffix: str, text: str
) -> None:
    path = tmp_path / f"w{suffix}"
    if suffix == ".csv":
        write_worksheet(path, ROWS, work_dir=tmp_path)
        raw = path.read_text("utf-8-sig").replace('"rb",""', f'"rb","{text}"')
        path.write_text(raw, encoding="utf-8")
    else:
        fill(path, ["", text])
    with pytest.raises(SourceError) as caught:
        read_decisions(path)
    assert caught.value.message.startswith(f"w{suffix}, row 3, column M (decision): ")
    assert "Leo" not in caught.value.message
    assert "booked 12345" in caught.value.todo


def test_number_typed_in_a_workbook_is_no_answer(tmp_path: Path) -> None:
    path = fill(tmp_path / "w.xlsx", [])
    book = openpyxl.load_workbook(path)
    book.active["M2"] = 12345
    book.save(path)
    with pytest.raises(SourceError, match="row 2, column M"):
        read_decisions(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_may_move_and_vanish(tmp_path: Path, delimiter: str) -> None:
    lines = [
        ["Decision ", "note", "ROW_KEY"],
        ["not booked", 'a "b"\nc; d', "ra"],
        [],
        ["", "é", ""],
    ]
    (decision,) = read_decisions(save(tmp_path / "w.csv", lines, delimiter))
    assert (decision.row_key, decision.place) == ("ra", "w.csv, row 2, column A (decision)")


def test_blank_lines_of_a_workbook_count(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"], book.active["B1"] = "row_key", "decision"
    book.active["A5"], book.active["B5"] = "ra", "cancelled"
    book.save(tmp_path / "w.xlsx")
    (decision,) = read_decisions(tmp_path / "w.xlsx")
    assert decision.place == "w.xlsx, row 5, column B (decision)"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "no headings row_key and decision"),
        ([["row_key", "status"]], "no headings row_key and decision"),
        ([["row_key", "decision", "decision"]], "no headings row_key and decision"),
        ([["row_key", "decision"], ["", "cancelled"]], "row 2, column A (row_key) is empty"),
        (
            [["row_key", "decision"], ["ra", "cancelled"], ["ra", "not booked"]],
            "row 3, column B (decision): the same row key as in w.csv, row 2",
        ),
    ],
)
def test_what_is_no_worksheet_of_ours_is_refused(
    tmp_path: Path, lines: Sequence[Sequence[str]], words: str
) -> None:
    with pytest.raises(SourceError) as caught:
        read_decisions(save(tmp_path / "w.csv", lines))
    assert words in caught.value.message
    assert caught.value.todo


@pytest.mark.parametrize("name", ["w.xlsx", "w.csv"])
def test_missing_worksheet_is_a_source_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        read_decisions(tmp_path / name)


def test_cell_beyond_reason_is_a_source_error(tmp_path: Path) -> None:
    lines = [["row_key", "decision"], ["ra", "x" * 200_000]]
    with pytest.raises(SourceError, match="cannot be read as a worksheet"):
        read_decisions(save(tmp_path / "w.csv", lines))


def test_damaged_workbook_is_a_source_error(tmp_path: Path) -> None:
    whole = fill(tmp_path / "w.xlsx", ["cancelled"]).read_bytes()
    for data in (b"", b"Leo Jones", whole[:-100], whole[:1000] + b"x" * 50 + whole[1050:]):
        (tmp_path / "w.xlsx").write_bytes(data)
        with pytest.raises(SourceError, match="cannot be read as a worksheet"):
            read_decisions(tmp_path / "w.xlsx")


def test_worksheet_of_another_suffix_is_a_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'\.ods'"):
        write_worksheet(tmp_path / "w.ods", ROWS, work_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_repr_of_a_row_shows_no_patient() -> None:
    assert "Leo" not in repr(ROWS[0])
    assert "555" not in repr(ROWS[0])
