"""Results that LibreOffice has saved: keys, text and notes are kept, and nothing goes twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from importer.errors import ExitCode
from importer.pipeline import run_statuses, verify_run
from importer.problems import ProblemCode
from importer.reading import ReadOptions, open_table
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import bookings_per_patient, counts_of, statuses
from tests.pipeline.page_kit import page_of, saved

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pipeline.desk import Desk
    from tests.pipeline.office_kit import Office

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

pytestmark = pytest.mark.timeout(90)  # LibreOffice takes seconds to start, more beside others

NASTY = [
    "+Ada", "-Ada", "@Ada", " +Ada", "\u00a0+Ada", '"=Ada', "\uff1dAda", "\uff0bAda",
    "\uff0dAda", "\uff20Ada", "\u200b+Ada", "'+Ada", "'\uff1dAda", "O'Ada", "007", "1e5", "TRUE",
    "José", "山田", "<r>Ada</r>", "_x0041_da", "1-2", "Null",
]  # fmt: skip
"""Names that a program could take for something else."""


@pytest.fixture
def first(desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path) -> Desk:
    """Return a desk that has booked rows 2, 3, 5 and 7; 4 and 6 are invalid. Both results."""
    at = desk()
    rows = [make_row(n, reason=f"+SUM({n})", ZIP="02134") for n in range(2, 8)]
    rows[2]["phone"] = rows[4]["phone"] = "12"
    source = write_csv(rows)
    at.run(source, only_valid=True, results=tmp_path / "a.xlsx")
    at.run(source, only_valid=True, results=tmp_path / "b.csv")
    assert len(at.requests) == 4
    return at


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_keys_text_and_notes_are_kept(
    kind: str, first: Desk, office: Office, tmp_path: Path
) -> None:
    place = tmp_path / "a.xlsx"
    (kept,) = office.save(place, kind=kind)
    table = open_table(kept, ReadOptions())
    assert (table.sheet, table.is_results, table.warnings) == ("Results", True, ())
    (chunk,) = table.chunks()
    assert chunk.problems == ()
    page = page_of(place)
    assert list(table.headings) == list(page[0])
    assert chunk.frame.to_numpy().tolist() == [list(row.values()) for row in page]
    assert all(row["row_key"] for row in page)
    again = kept if kind == "xlsx" else office.save(kept)[0]
    sheets = [load_workbook(path)["Results"] for path in (place, again)]
    notes = [
        {c.coordinate: c.comment.text for row in sheet.iter_rows() for c in row if c.comment}
        for sheet in sheets
    ]
    assert notes[0] == notes[1] == dict.fromkeys(["C4", "C6"], ProblemCode.PHONE_NOT_US.sentence)
    kinds = {cell.data_type for row in sheets[1].iter_rows() for cell in row}
    assert kinds <= {"s", "n"}  # an empty cell counts as a number; none is a formula
    assert first.run(again, only_valid=True).summary.requests == 0


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_results_that_were_saved_are_edited_and_broke_no_promise(
    kind: str, first: Desk, office: Office, tmp_path: Path
) -> None:
    """Every byte differs, though nobody has typed anything."""
    (kept,) = office.save(tmp_path / "a.xlsx", kind=kind)
    settings = first.settings(results=kept)
    (run, _) = run_statuses(settings, None)

    found, violations = verify_run(run.run_id, settings, clock=first.clock)

    assert (found.results, violations) == (None, [])
    assert found.results_not_judged == (
        f"{kept.name}, the results of run {run.run_id}, edited since it was written"
    )


@pytest.mark.parametrize("kind", ["xlsx", "ods", "csv as xlsx", "csv as ods", "csv"])
def test_the_second_run_sends_the_corrected_rows_alone(
    kind: str, first: Desk, office: Office, make_row: Make, tmp_path: Path
) -> None:
    """Corrected, edited, copied, sorted and moved, its key deleted: all in one workbook."""
    place = tmp_path / ("b.csv" if kind.startswith("csv") else "a.xlsx")
    page = page_of(place)
    keys = [row["row_key"] for row in page]
    page[2]["phone"] = page[4]["phone"] = "312-555-0142"
    page[0]["phone"] = "312-555-0143"
    page[1]["row_key"] = ""
    page.append(page[3] | {"first_name": "Bea"})
    page = [dict(reversed(row.items())) for row in reversed(page)]
    mine = saved(page, place, tmp_path / f"mine{place.suffix}", hidden=(4, 5))
    (kept,) = office.save(mine, kind=kind.rpartition(" ")[2])

    report = first.run(kept, only_valid=True)

    assert statuses(report) == {
        2: "invalid", 3: "skipped", 4: "booked", 5: "skipped", 6: "booked", 7: "skipped",
        8: "skipped",
    }  # fmt: skip
    rows = read_results(report.results_path)
    told = {n: row["what_to_fix"] for n, row in rows.items()}
    assert ProblemCode.ROW_KEY_COPIED.sentence.rstrip(".") in told[2]
    edited = ProblemCode.BOOKED_ROW_EDITED.sentence.rstrip(".")
    assert [n for n, words in told.items() if edited in words] == [8]
    assert [rows[n]["row_key"] for n in (4, 5, 6, 8)] == [keys[4], keys[3], keys[2], keys[0]]
    sent = [booking.fields["last_name"] for booking in first.sandbox.bookings()[4:]]
    assert sorted(map(str, sent)) == sorted(make_row(n)["last_name"] for n in (4, 6))
    assert set(bookings_per_patient(first.requests).values()) == {1}
    hidden = [w.code for w in report.summary.warnings if w.code is ProblemCode.HIDDEN_ROWS]
    assert len(hidden) == (kind in {"xlsx", "ods"})


@pytest.mark.parametrize(
    ("form", "kind"),
    [*((form, kind) for form in ("xlsx", "csv") for kind in ("", "xlsx", "ods")), ("csv", "csv")],
)
def test_case_91_names_like_formulas_come_back_equal(
    form: str,
    kind: str,
    desk: Callable[..., Desk],
    make_row: Make,
    write_csv: Write,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    at = desk()
    rows = [
        make_row(n, first_name=name, last_name=f"{name}x", reason=name, emr_patient_id=f"-{n}")
        for n, name in enumerate(NASTY, start=2)
    ]
    place = tmp_path / f"results.{form}"
    report = at.run(write_csv(rows), results=place)
    assert counts_of(report) == {"booked": len(NASTY)}
    if kind:
        office: Office = request.getfixturevalue("office")
        (place,) = office.save(place, kind=kind)

    again = at.run(place)

    assert (counts_of(again), again.exit_code) == ({"skipped": len(NASTY)}, ExitCode.OK)
    assert len(at.requests) == len(NASTY)


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_case_82_results_in_several_sheets_are_not_read_by_half_either(
    kind: str, first: Desk, office: Office, tmp_path: Path
) -> None:
    workbook = load_workbook(tmp_path / "a.xlsx")
    workbook.copy_worksheet(workbook["Results"]).title = "Results 2"
    workbook.save(tmp_path / "split.xlsx")
    (kept,) = office.save(tmp_path / "split.xlsx", kind=kind)
    asked = len(first.sandbox.all_requests())
    with pytest.raises(Exception, match="go on in further sheets") as caught:
        first.run(kept, only_valid=True)
    assert "--results FILE.csv" in caught.value.todo  # type: ignore[attr-defined] # one of ours
    assert len(first.sandbox.all_requests()) == asked
