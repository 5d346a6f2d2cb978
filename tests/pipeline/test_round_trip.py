"""Results edited by a person and run again: what is corrected goes, and nothing goes twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode
from importer.our_columns import OUR_HEADINGS
from importer.problems import ProblemCode
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import bookings_per_patient, counts_of, statuses
from tests.pipeline.page_kit import Page, page_of, saved

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.pipeline import RunReport
    from tests.acceptance.cli_kit import Cli
    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

FIRST = {"booked": 5, "invalid": 2, "rejected": 1}
UNTOUCHED = {"skipped": 5, "invalid": 2, "rejected": 1}


class Results:
    """The results of eight rows: 4 and 6 are invalid, 8 was refused, the others are booked."""

    def __init__(self, at: Desk, path: Path, folder: Path) -> None:
        self.at = at
        self.path = path
        self._folder = folder

    @property
    def page(self) -> Page:
        """Return the rows as a person sees them; line 2 is the first."""
        return page_of(self.path)

    def run_with(self, page: Page, **how: object) -> tuple[RunReport, list[str]]:
        """Save the edited rows and run them; return the last names that were sent."""
        edited = saved(page, self.path, self._folder / f"edited{self.path.suffix}", **how)  # type: ignore[arg-type] # handed on
        return self.run(edited)

    def run(self, path: Path, **flags: object) -> tuple[RunReport, list[str]]:
        """Run a file; return the last names that were sent."""
        booked, asked = len(self.at.sandbox.bookings()), len(self.at.requests)
        report = self.at.run(path, **({"only_valid": True} | flags))
        names = [str(b.fields["last_name"]) for b in self.at.sandbox.bookings()[booked:]]
        assert len(self.at.requests) - asked == len(names)
        assert set(bookings_per_patient(self.at.requests).values()) == {1}
        return report, names


@pytest.fixture(params=["xlsx", "csv"])
def results(
    request: pytest.FixtureRequest,
    desk: Callable[..., Desk],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
) -> Results:
    """Return the results of a first run, as a workbook and as CSV."""
    at = desk()
    rows = [make_row(n) for n in range(2, 10)]
    rows[2]["phone"] = rows[4]["phone"] = "12"
    rows[6]["location_id"] = "4999"
    path = tmp_path / f"visits.results.{request.param}"
    report = at.run(write_csv(rows), only_valid=True, results=path)
    assert counts_of(report) == FIRST
    return Results(at, path, tmp_path)


def test_untouched_results_send_nothing_and_say_nothing_new(results: Results) -> None:
    report, sent = results.run(results.path)
    assert (counts_of(report), sent) == (UNTOUCHED, [])
    rows = read_results(report.results_path)
    told = "".join(row["what_to_fix"] for row in rows.values())
    assert ProblemCode.APOSTROPHE_REMOVED.sentence.rstrip(".") not in told
    assert [row["phone"] for row in rows.values()][:2] == ["+12065550102", "+12065550103"]


def test_the_corrected_rows_go_and_no_other(results: Results, make_row: Make) -> None:
    page = results.page
    page[2]["phone"] = page[4]["phone"] = "312-555-0142"
    page[6]["location_id"] = "4021"
    report, sent = results.run_with(page)
    assert sorted(sent) == sorted(make_row(n)["last_name"] for n in (4, 6, 8))
    assert counts_of(report) == {"skipped": 5, "booked": 3}
    assert report.exit_code == ExitCode.OK


def test_an_edited_booked_row_is_named_and_not_sent(results: Results) -> None:
    page = results.page
    page[0]["last_name"] = "Other"  # another booking by its content
    page[1]["phone"] = "312-555-0142"  # the same booking, with another phone
    page[3]["phone"] = "12"  # nothing that could be sent
    report, sent = results.run_with(page)
    assert (counts_of(report), sent) == (UNTOUCHED, [])
    assert report.exit_code == ExitCode.NEEDS_A_PERSON
    edited = ProblemCode.BOOKED_ROW_EDITED.sentence.rstrip(".")
    rows = read_results(report.results_path)
    assert [n for n, row in rows.items() if edited in row["what_to_fix"]] == [2, 3, 5]
    assert all(rows[n]["booking_id"] for n in (2, 3, 5))


@pytest.mark.parametrize("order", ["below", "above"])
def test_of_copied_row_keys_the_unchanged_row_keeps_its_own(order: str, results: Results) -> None:
    page = results.page
    copies = [page[0] | {"first_name": name} for name in ("Bea", "Cleo")]
    page = [*page, *copies] if order == "below" else [*copies, *page]
    original, held = (2, (10, 11)) if order == "below" else (4, (2, 3))
    report, sent = results.run_with(page)
    rows = read_results(report.results_path)
    assert (counts_of(report), sent) == ({"skipped": 5, "invalid": 4, "rejected": 1}, [])
    key = page[original - 2]["row_key"]
    assert (rows[original]["status"], rows[original]["row_key"]) == ("skipped", key)
    copied = ProblemCode.ROW_KEY_COPIED.sentence.rstrip(".")
    for number in held:
        assert (rows[number]["status"], rows[number]["booking_id"]) == ("invalid", "")
        assert rows[number]["row_key"] != key
        assert copied in rows[number]["what_to_fix"]


def test_a_row_that_was_pasted_twice_is_a_duplicate(results: Results) -> None:
    report, sent = results.run_with([*results.page, results.page[0]])
    assert (counts_of(report), sent) == (UNTOUCHED | {"duplicate": 1}, [])
    assert statuses(report)[2] == "skipped"


@pytest.mark.parametrize("what", ["cells", "column", "all of ours"])
def test_deleted_row_keys_are_caught_by_the_fingerprint(what: str, results: Results) -> None:
    dropped = {"cells": (), "column": ("row_key",), "all of ours": OUR_HEADINGS}[what]
    page = [{h: t for h, t in row.items() if h not in dropped} for row in results.page]
    if what == "cells":
        page = [row | {"row_key": ""} for row in page]
    report, sent = results.run_with(page)
    assert (counts_of(report), sent) == (UNTOUCHED, [])


def test_sorted_rows_and_moved_columns_are_recognized(results: Results, make_row: Make) -> None:
    page = results.page
    page[4]["phone"] = "312-555-0142"
    page = [dict(reversed(row.items())) for row in reversed(page)]
    del page[0]  # a row that somebody took out is nobody's business
    report, sent = results.run_with(page)
    assert sent == [make_row(6)["last_name"]]
    assert counts_of(report) == {"skipped": 4, "booked": 1, "invalid": 1, "rejected": 1}


def test_row_keys_left_behind_by_a_sort_book_nobody_twice(results: Results) -> None:
    """Their columns were sorted alone: the content says which booking a row is."""
    page, ours = results.page, OUR_HEADINGS
    turned = [{h: t for h, t in row.items() if h not in ours} for row in reversed(page)]
    page = [theirs | {h: row[h] for h in ours} for theirs, row in zip(turned, page, strict=True)]
    report, sent = results.run_with(page)
    assert sent == []
    edited = ProblemCode.BOOKED_ROW_EDITED.sentence.rstrip(".")
    rows = read_results(report.results_path)
    assert [n for n, row in rows.items() if edited in row["what_to_fix"]] == [3, 5, 7]
    assert report.exit_code == ExitCode.NEEDS_A_PERSON


@pytest.mark.parametrize("results", ["xlsx"], indirect=True)
def test_filtered_rows_are_read_like_any_other(results: Results, make_row: Make) -> None:
    page = results.page
    page[2]["phone"] = page[4]["phone"] = "312-555-0142"
    report, sent = results.run_with(page, hidden=(2, 3, 6, 7))
    assert sorted(sent) == sorted(make_row(n)["last_name"] for n in (4, 6))
    assert [w.code for w in report.summary.warnings] == [ProblemCode.HIDDEN_ROWS]


def test_what_was_sent_from_results_is_skipped_in_the_first_file(
    results: Results, tmp_path: Path
) -> None:
    page = results.page
    page[2]["phone"] = "312-555-0142"
    results.run_with(page)
    report, sent = results.run(tmp_path / "visits.csv")
    assert sent == []
    assert statuses(report)[4] == "skipped"


def test_results_go_round_and_round_without_change(results: Results, tmp_path: Path) -> None:
    """Each generation is read from the last one, as CSV and as a workbook in turn."""
    first, path = results.page, results.path
    theirs = [heading for heading in first[0] if heading not in OUR_HEADINGS]
    for number in range(4):
        place = tmp_path / f"generation-{number}.{'xlsx' if path.suffix == '.csv' else 'csv'}"
        report, sent = results.run(path, results=place)
        assert (counts_of(report), sent) == (UNTOUCHED, [])
        path = place
    assert [[row[h] for h in theirs] for row in page_of(path)] == [
        [row[h] for h in theirs] for row in first
    ]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_command_itself_sends_the_corrected_row_alone(
    kind: str, run_cli: Cli, start_sandbox: Callable[..., object], make_row: Make, write_csv: Write
) -> None:
    at = start_sandbox()
    run_cli.target(at)  # type: ignore[arg-type] # a sandbox
    rows = [make_row(2), make_row(3, phone="12"), make_row(4, first_name="\uff1dAda")]
    place = run_cli.folder / f"out.{kind}"
    first = run_cli("run", write_csv(rows), "--yes", "--only-valid", "--results", place)
    page = page_of(place)
    page[1]["phone"] = "312-555-0142"
    again = run_cli("run", saved(page, place, run_cli.folder / f"mine.{kind}"), "--yes")
    assert (first.counts, first.code) == ({"booked": 2, "invalid": 1}, ExitCode.NEEDS_A_PERSON)
    assert (again.counts, again.code) == ({"skipped": 2, "booked": 1}, ExitCode.OK)
    assert (len(at.requests()), again.summary["requests"]) == (3, 1)  # type: ignore[attr-defined] # a sandbox


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_a_total_is_one_in_the_results_too(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path, suffix: str
) -> None:
    at = desk()
    total = dict.fromkeys(make_row(1), "") | {"first_name": "Total: 1"}
    source = write_csv([make_row(1), total])
    results = tmp_path / f"results.{suffix}"
    at.run(source, only_valid=True, results=str(results))
    again = at.run(results, only_valid=True)
    assert [(group.code, group.rows) for group in again.groups] == [(ProblemCode.FOOTER_ROW, 1)]
    assert counts_of(again) == {"skipped": 1, "invalid": 1}
