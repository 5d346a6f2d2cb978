"""Twins and rows made alike: every booking is one row's, and none is lost from sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from importer.errors import ExitCode
from importer.problems import ProblemCode
from tests.acceptance.cli_kit import change_results, read_results
from tests.pipeline.desk import counts_of, statuses
from tests.rows import invented_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.pipeline import RunReport
    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

PROFILE = """
[split]
Patient = "Last, First Middle"
[dates]
timezone = "America/Chicago"
"""


def twin(name: str, phone: str) -> dict[str, str]:
    plain = invented_row(2, phone=phone)
    kept = {n: t for n, t in plain.items() if n not in ("first_name", "last_name")}
    return {"Patient": f"Lee, Mary {name}"} | kept


ANN, BETH = twin("Ann", "312-555-0143"), twin("Beth", "312-555-0199")


@pytest.fixture
def split(tmp_path: Path) -> str:
    """Return a profile that leaves middle names out."""
    path = tmp_path / "clinic.toml"
    path.write_text(PROFILE, encoding="utf-8")
    return str(path)


def ids_of(report: RunReport) -> dict[int, str]:
    return {n: row["booking_id"] for n, row in read_results(report.results_path).items()}


def edited_rows(report: RunReport) -> list[int]:
    told = ProblemCode.BOOKED_ROW_EDITED.sentence.rstrip(".")
    rows = read_results(report.results_path)
    return [n for n, row in rows.items() if told in row["what_to_fix"]]


def sent_phones(at: Desk) -> list[str]:
    return [str(booking.fields["phone"])[-4:] for booking in at.sandbox.bookings()]


@pytest.mark.parametrize("order", ["new one first", "booked one first"])
def test_of_twins_the_one_that_is_booked_is_not_sent_again_and_the_other_goes(
    order: str, desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    first = ids_of(at.run(write_csv([BETH], "a.csv"), profile=split))[2]
    rows = [ANN, BETH] if order == "new one first" else [BETH, ANN]
    ann, beth = (2, 3) if order == "new one first" else (3, 2)

    report = at.run(write_csv(rows, "b.csv"), profile=split, allow_duplicates=True)

    assert sent_phones(at) == ["0199", "0143"]
    assert statuses(report) == {ann: "booked", beth: "skipped"}
    assert ids_of(report)[beth] == first
    again = at.run(write_csv([rows[1], rows[0]], "c.csv"), profile=split, allow_duplicates=True)
    assert counts_of(again) == {"skipped": 2}
    assert not edited_rows(again)


def test_a_twin_with_another_phone_now_is_no_third_booking(
    desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    both = at.run(write_csv([ANN, BETH], "a.csv"), profile=split, allow_duplicates=True)
    rows = [BETH, ANN | {"phone": "312-555-0111"}]

    report = at.run(write_csv(rows, "b.csv"), profile=split, allow_duplicates=True)

    assert counts_of(report) == {"skipped": 2}
    assert edited_rows(report) == [3]
    assert ids_of(report) == {2: ids_of(both)[3], 3: ids_of(both)[2]}


def test_twins_far_apart_in_a_file_are_never_booked_twice(
    desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    at.run(write_csv([BETH], "a.csv"), profile=split)
    between = [twin("", f"312-555-0{n % 100 + 100}") for n in range(2_100)]
    for number, row in enumerate(between):
        row["Patient"] = f"Other{number // 26**2:x}{chr(97 + number % 26)}, Ana"
        row["phone"] = "12"  # nothing that could be sent

    at.run(
        write_csv([ANN, *between, BETH], "b.csv"),
        profile=split,
        allow_duplicates=True,
        only_valid=True,
    )

    assert sent_phones(at).count("0199") == 1


def test_booked_twins_come_back_as_they_are_without_the_flag(
    desk: Callable[..., Desk], write_csv: Write, split: str
) -> None:
    at = desk()
    both = at.run(write_csv([ANN, BETH], "a.csv"), profile=split, allow_duplicates=True)

    report = at.run(both.results_path, profile=split)

    assert counts_of(report) == {"skipped": 2}
    assert report.exit_code == ExitCode.OK
    assert ids_of(report) == ids_of(both)


@pytest.mark.parametrize("changed", [2, 3])
def test_a_booked_row_made_like_another_is_named_and_keeps_its_booking_id(
    changed: int, desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    rows = [make_row(2, first_name=name) for name in ("Mariam", "Marian")]
    first = at.run(write_csv(rows))
    name = rows[3 - changed]["first_name"]
    alike = change_results(
        first.results_path, {(changed, "first_name"): name}, tmp_path / "alike.xlsx"
    )

    report = at.run(alike)

    assert counts_of(report) == {"skipped": 2}
    assert edited_rows(report) == [changed]
    assert ids_of(report) == ids_of(first)
    assert report.exit_code == ExitCode.NEEDS_A_PERSON
    assert len(at.requests) == 2
    steps = load_workbook(report.results_path)["Summary"].iter_rows(values_only=True)
    told = " ".join(str(cell) for row in steps for cell in row)
    assert "1 row changed after the booking" in told
    assert "no row needs you" not in told
