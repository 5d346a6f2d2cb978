"""Nasty strings in every field, through `check`: each row may be sent, or says what is wrong."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import openpyxl
import pytest

from importer.cli.shell import shell
from importer.model import BOOKING_FIELDS
from importer.pipeline.intake import take_in
from importer.settings import load_settings
from tests.nasty import KINDS, NASTY
from tests.odd.workbooks import holdable
from tests.promises import require_sendable
from tests.rows import invented_row

if TYPE_CHECKING:
    from pathlib import Path

    from importer.validate import CheckedRow

ENVIRON = {"SOLV_IMPORT_TIMEZONE": "America/Chicago", "SOLV_IMPORT_DATE_ORDER": "MDY"}
BASE = dict.fromkeys(BOOKING_FIELDS, "") | invented_row(2)


def rows_with(field: str) -> list[dict[str, str]]:
    """Return a row for each nasty string in that field, another patient in each."""
    plain = [invented_row(number) for number in range(2, len(NASTY) + 2)]
    return [BASE | row | {field: text} for row, text in zip(plain, NASTY, strict=True)]


def write_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        writer = csv.DictWriter(file, list(BASE), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_xlsx(path: Path, rows: list[dict[str, str]]) -> Path:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Patients")
    sheet.append(list(BASE))
    for row in rows:
        texts = [holdable(text) for text in row.values()]
        cells = [openpyxl.cell.WriteOnlyCell(sheet) for _ in texts]
        for cell, text in zip(cells, texts, strict=True):
            cell.value = text
            cell.data_type = "s"
        sheet.append(cells)
    book.save(path)
    return path


def checked(path: Path) -> list[CheckedRow]:
    settings = load_settings({}, environ=ENVIRON, folder=path.parent)
    intake = take_in(path, settings, now=datetime.now(UTC))
    return [row for chunk in intake.chunks() for row in chunk.rows]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("field", BOOKING_FIELDS)
def test_a_nasty_string_is_sent_as_promised_or_its_row_says_why_not(
    tmp_path: Path, field: str, form: str
) -> None:
    write = write_csv if form == "csv" else write_xlsx
    rows = checked(write(tmp_path / f"nasty.{form}", rows_with(field)))
    assert [row.row_number for row in rows] == list(range(2, len(NASTY) + 2))
    for row in rows:
        assert not row.is_blank
        errors = [problem for problem in row.problems if problem.is_error]
        assert (row.request is None) is bool(errors), row.row_number
        if row.request is None:
            continue
        for name, value in row.request.to_body().items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            require_sendable(name, text)


def test_every_kind_of_nasty_string_is_there_and_each_once() -> None:
    assert len(KINDS) >= 15
    assert len(set(NASTY)) == len(NASTY) > 350
    assert Counter(len(kind) > 0 for kind in KINDS.values()) == {True: len(KINDS)}


@pytest.mark.parametrize("form", ["full", "concise", "json", "jsonl", "github"])
def test_check_tells_of_nasty_strings_in_any_form_and_a_terminal_obeys_none(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    path = write_csv(tmp_path / "nasty.csv", rows_with("reason") + rows_with("first_name"))
    arguments = ["check", str(path), "--format", form, "--show-values", "--show", "0"]
    with pytest.raises(SystemExit) as ended:
        shell(arguments, prog_name="solv-import")
    told = capsys.readouterr()
    assert ended.value.code == 1, told.err
    assert all(sign.isprintable() or sign == "\n" for sign in told.err)
    if form in {"json", "jsonl"}:
        documents = [json.loads(line) for line in told.out.split("\n") if line]
        assert documents[-1]["rows_in"] == 2 * len(NASTY)
    assert not any(sign in told.out for sign in "\x00\x07\x08\x1b\x7f\x9b\u202e\u2066")
