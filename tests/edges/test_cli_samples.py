"""The sample files and the script that makes them."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

SAMPLES = Path(__file__).parents[2] / "sample_data"
SCRIPT = SAMPLES / "make_sample.py"


def make(out: Path, *args: str) -> str:
    """Run the script and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--out", str(out), *args],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file under their headings."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    headings, *lines = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, headings), line, strict=True)) for line in lines]


def test_the_same_seed_makes_the_same_file(tmp_path: Path) -> None:
    first, second, other = (tmp_path / name for name in ("a.csv", "b.csv", "c.csv"))
    make(first, "--rows", "50", "--seed", "7")
    make(second, "--rows", "50", "--seed", "7")
    make(other, "--rows", "50", "--seed", "8")
    assert first.read_bytes() == second.read_bytes() != other.read_bytes()


@pytest.mark.parametrize(("bad", "count"), [("10%", 500), ("7", 7), ("0", 0)])
def test_just_so_many_rows_are_bad_as_were_asked_for(tmp_path: Path, bad: str, count: int) -> None:
    clean, broken = tmp_path / "clean.csv", tmp_path / "broken.csv"
    make(clean, "--rows", "5000")
    printed = make(broken, "--rows", "5000", "--bad", bad)
    pairs = zip(rows_of(clean), rows_of(broken), strict=True)
    assert sum(before != after for before, after in pairs) == count
    assert f"{count} of them bad" in printed


def test_no_two_rows_are_the_same_booking(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    make(path, "--rows", "20000")
    names = ("Location ID", "Appointment Date", "Last Name")
    seen = {tuple(row[name] for name in names) for row in rows_of(path)}
    assert len(seen) == 20_000


def test_a_workbook_holds_real_dates_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    make(path, "--rows", "3")
    row = rows_of(path)[0]
    kinds = [type(row[name]).__name__ for name in ("Birth Date", "Appointment Date", "Location ID")]
    assert kinds == ["datetime", "datetime", "int"]


def test_the_committed_files_are_what_the_script_makes(tmp_path: Path) -> None:
    csv_path, xlsx_path = tmp_path / "n.csv", tmp_path / "n.xlsx"
    make(csv_path, "--rows", "60", "--seed", "1")
    make(xlsx_path, "--rows", "60", "--seed", "2")
    assert csv_path.read_bytes() == (SAMPLES / "northside_clean.csv").read_bytes()
    assert rows_of(xlsx_path) == rows_of(SAMPLES / "northside_clean.xlsx")


@pytest.mark.parametrize(
    "name", ["northside_clean.csv", "northside_clean.xlsx", "lakeside_messy.csv"]
)
def test_samples_hold_only_invented_numbers_and_addresses(name: str) -> None:
    for row in rows_of(SAMPLES / name):
        for heading, value in row.items():
            text = str(value or "")
            if "@" in text:
                assert text.endswith("@example.com")
            if heading in {"Phone", "Cell #"} and sum(sign.isdigit() for sign in text) >= 10:
                assert "55501" in "".join(sign for sign in text if sign.isdigit())
