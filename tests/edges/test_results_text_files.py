"""Results as CSV and JSON Lines."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.errors import SettingsError
from importer.formulas import looks_like_formula
from importer.model import State
from importer.our_columns import OUR_HEADINGS
from importer.results import (
    ResultRow,
    ResultsKind,
    Summary,
    csv_text,
    results_kind,
    write_results,
)
from tests.pipeline.page_kit import csv_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FORMULAS = [
    "=1+1",
    "+13125550147",
    "-2+3",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "\x00=1",
    " =1",
    "\u00a0=1",
    "\ufeff=1",
    "\u200b=1",
    '"=1',
    '" =1',
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    "-",
]
HARMLESS = ["", "Leo", "O'Brien", "'=1", "'", "5-5", "a=b", "2030-01-07", "(312) 555-0147", "山田"]


def make_row(number: int, *cells: str, **changes: Any) -> ResultRow:
    return ResultRow(**{"row_number": number, "cells": cells, "status": State.BOOKED} | changes)


def write(path: Path, rows: Iterable[ResultRow], headings: Sequence[str], count: int) -> Path:
    summary = Summary(
        run_id="r",
        exit_code=0,
        exit_reason="ok",
        source="s",
        rows_in=count,
        booked=count,
        started_at="2030-01-07T09:00:00Z",
        ended_at="",
    )
    write_results(
        path, headings=headings, rows=iter(rows), summary=summary, errors=[], work_dir=path.parent
    )
    return path


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_cell_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert looks_like_formula(text)
    assert csv_text(text) == "'" + text


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_csv_cell_stays_as_it_is(text: str) -> None:
    assert csv_text(text) == text


@given(st.text())
def test_csv_cell_never_grows_and_comes_back(text: str) -> None:
    once = csv_text(text)
    assert csv_text(once) == once
    assert not looks_like_formula(once)
    assert once.removeprefix("'") == text.removeprefix("'")


def test_csv_holds_their_columns_then_ours(tmp_path: Path) -> None:
    row = make_row(
        2,
        "Zoë",
        "+13125550147",
        status=State.REJECTED,
        what_to_fix="=cmd",
        http_status=422,
        row_key="rabc",
        server_ids="-x",
    )
    path = write(tmp_path / "a.csv", [row], ["=Name", "status"], 1)
    assert csv_lines(path) == [
        ["'=Name", "status (source)", *OUR_HEADINGS],
        ["Zoë", "'+13125550147", "rejected", "", "'=cmd", "", "", "422", "'-x", "2", "rabc"],
    ]


def test_csv_begins_with_a_byte_order_mark_and_quotes_every_cell(tmp_path: Path) -> None:
    raw = write(tmp_path / "a.csv", [make_row(2, 'say "hi", you')], ["H"], 1).read_bytes()
    assert raw.startswith(b'\xef\xbb\xbf"H","status",')
    assert b'\r\n"say ""hi"", you","booked","",' in raw


@pytest.mark.parametrize("text", ["a\r\nb", "a\rb", "a\nb", ' "', "x" * 100_000, "nul \x00 in"])
def test_csv_keeps_the_whole_text(tmp_path: Path, text: str) -> None:
    assert csv_lines(write(tmp_path / "a.csv", [make_row(2, text)], ["H"], 1))[1][0] == text


def test_half_characters_become_the_replacement_character(tmp_path: Path) -> None:
    row = make_row(2, "a\ud83d", what_to_fix="\udcff")
    assert csv_lines(write(tmp_path / "a.csv", [row], ["H"], 1))[1][:4:3] == ["a\ufffd", "\ufffd"]
    text = write(tmp_path / "a.jsonl", [row], ["H"], 1).read_text()
    assert json.loads(text)["cells"] == {"H": "a\ufffd"}


def test_json_lines_hold_one_object_a_row(tmp_path: Path) -> None:
    rows = [
        make_row(2, "=1", "\u2028\x00\n", booking_id=12345, http_status=200, row_key="ra"),
        make_row(3, "", "", status=State.LEFT_OUT),
    ]
    path = write(tmp_path / "a.ndjson", rows, ["First", "Notes"], 2)
    objects = [json.loads(line) for line in path.read_bytes().decode().rstrip("\n").split("\n")]
    assert objects[0] == {
        "row_number": 2,
        "status": "booked",
        "booking_id": 12345,
        "what_to_fix": "",
        "solv_status": "",
        "emr_booking_id": "",
        "http": 200,
        "server_ids": "",
        "row_key": "ra",
        "cells": {"First": "=1", "Notes": "\u2028\x00\n"},
    }
    assert (objects[1]["row_number"], objects[1]["status"]) == (3, "left out")
    assert list(objects[1])[:2] == ["row_number", "status"]


def test_json_lines_lose_no_cell_of_repeated_headings(tmp_path: Path) -> None:
    headings = ["Phone", "Phone", "Phone (2)", "", "", "Phone"]
    path = write(tmp_path / "a.jsonl", [make_row(2, *"abcdef")], headings, 1)
    cells = json.loads(path.read_text())["cells"]
    assert list(cells.values()) == list("abcdef")
    assert cells["Phone (2)"] == "c"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.xlsx", ResultsKind.WORKBOOK),
        ("A.XLSX", ResultsKind.WORKBOOK),
        ("a.b.csv", ResultsKind.CSV),
        ("a.jsonl", ResultsKind.JSON_LINES),
        ("a.ndjson", ResultsKind.JSON_LINES),
    ],
)
def test_suffix_says_the_kind(tmp_path: Path, name: str, kind: ResultsKind) -> None:
    assert results_kind(tmp_path / name) is kind


@pytest.mark.parametrize("name", ["a", "a.xls", "a.json", "a.csv.gz", ".xlsx"])
def test_other_suffix_is_a_settings_error_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        write(tmp_path / name, [], ["H"], 0)
    assert ".xlsx, .csv or .jsonl" in caught.value.todo
    assert list(tmp_path.iterdir()) == []


def test_more_columns_than_a_workbook_has_are_for_csv(tmp_path: Path) -> None:
    assert results_kind(tmp_path / "a.xlsx", columns=16_375) is ResultsKind.WORKBOOK
    assert results_kind(tmp_path / "a.csv", columns=16_377) is ResultsKind.CSV
    with pytest.raises(SettingsError, match="16,384 columns"):
        results_kind(tmp_path / "a.xlsx", columns=16_377)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_row_of_another_width_is_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ValueError, match="row 7: 1 cells for 2 headings"):
        write(tmp_path / f"a{suffix}", [make_row(7, "x")], ["A", "B"], 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_twenty_thousand_rows_take_little_memory(tmp_path: Path, suffix: str) -> None:
    rows = (make_row(number, "Leo", f"n{number}") for number in range(2, 20_002))
    tracemalloc.start()
    write(tmp_path / f"a{suffix}", rows, ["A", "B"], 20_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
