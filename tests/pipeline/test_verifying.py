"""What the checker says of real runs: nothing of an honest one, however often people decided."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from importer.errors import ExitCode, LedgerError, SettingsError, SourceError
from importer.pipeline import apply_decisions, verify_run
from importer.pipeline.verifying import evidence_of, read_server_log
from importer.verify import verify
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import Desk, FastClock, counts_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.pipeline import RunReport

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]


def broken(at: Desk, report: RunReport, **told: Any) -> list[str]:
    """Return every promise that one run broke, as far as the server's log shows."""
    run_id = report.summary.run_id
    server = read_server_log(at.sandbox.log_path)
    found = evidence_of(run_id, at.settings(), clock=at.clock, server=server)
    assert found.requests
    return [f"{v.invariant} {v.what}" for v in verify(replace(found, **told))]


def decide(at: Desk, report: RunReport, decisions: dict[int, str]) -> None:
    """Say what became of rows of a run, row number to decision, a quarter of an hour later."""
    keys = {n: row["row_key"] for n, row in read_results(report.results_path).items()}
    sheet = at.folder / "decisions.csv"
    lines = [f"{keys[number]},{decision}\n" for number, decision in decisions.items()]
    sheet.write_text("".join(["row_key,decision\n", *lines]))
    later = FastClock(ahead=timedelta(minutes=16))
    told = apply_decisions(report.summary.run_id, at.settings(), sheet, who="Ana B.", clock=later)
    assert told.refused == ()


@pytest.mark.parametrize("ending", ["xlsx", "csv", "jsonl"])
def test_an_honest_run_with_every_kind_of_row_broke_no_promise(
    ending: str, desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    rows = [make_row(n) for n in range(2, 13)]
    for place, fault in enumerate(["422", "429,wait=0", "401", "504", "500", "201", "423"], 1):
        rows[place]["reason"] = f"fault:{fault}"
    rows[9]["phone"] = "12"
    rows += [make_row(2), make_row(14)]
    source = write_csv([*rows[:8], dict.fromkeys(rows[0], ""), *rows[8:]])
    report = at.run(source, only_valid=True, rows="2-15", results=at.folder / f"out.{ending}")
    assert counts_of(report).keys() >= {"booked", "rejected", "unknown", "invalid", "duplicate"}
    assert counts_of(report).keys() >= {"blank"}
    assert broken(at, report, were_answers_read=True, most_unknown=2) == []
    found, _ = verify_run(None, at.settings(), clock=at.clock)
    assert [row.row_number for row in found.results or ()] == list(range(2, 16))


def test_a_run_of_many_rows_is_asked_for_its_limit(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    report = at.run(write_csv([make_row(n) for n in range(2, 12)]), rate="50/s")
    assert broken(at, report, limit=(50, 1.0)) == []
    (told,) = broken(at, report, limit=(3, 3600.0))
    assert told.startswith("I5 11 requests")  # the sign-in is one


def test_what_was_booked_before_is_not_booked_again(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    """The same file again, the rows in another file, and one with a corrected phone."""
    at = desk()
    rows = [make_row(2), make_row(3), make_row(4, reason="fault:504")]
    first = at.run(write_csv(rows))
    again = at.run(write_csv(rows))
    rows[0]["phone"] = "+12065550199"
    rows[2]["phone"] = "+12065550198"
    other = at.run(write_csv([*rows, make_row(9)], name="other.csv"))
    assert counts_of(other) == {"booked": 1, "skipped": 2, "unknown": 1}
    for report in (first, again, other):
        assert broken(at, report, were_answers_read=True) == []


def test_rows_that_were_released_may_go_again(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    """One of them had been booked after all: the operator was wrong, and it is known to be so."""
    at = desk()
    rows = [make_row(2), make_row(3, reason="fault:500"), make_row(4, reason="fault:504")]
    source = write_csv(rows)
    first = at.run(source)
    second = at.run(source)  # its unknown rows wait for those of the first
    decide(at, first, {3: "not booked", 4: "not booked"})
    assert broken(at, first, were_answers_read=True) == []
    third = at.run(source)
    assert counts_of(third)["booked"] == 2
    for report in (first, second, third):
        assert broken(at, report, were_answers_read=True) == []
    with closing(sqlite3.connect(_ledger(at))) as ledger, ledger:
        ledger.execute("UPDATE row SET releases = 0")
    assert broken(at, third) == [
        "I1 row 3: 2 requests that may have been taken, 1 allowed",
        "I1 row 4: 2 requests that may have been taken, 1 allowed",
        "I1 row 4: 2 bookings of one patient at one time, 1 allowed",
    ]


def test_a_booking_that_was_cancelled_may_be_made_anew_with_another_phone(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    first = at.run(write_csv([make_row(2), make_row(3)]))
    decide(at, first, {2: "cancelled"})
    again = at.run(write_csv([make_row(2), make_row(3)], name="again.csv"))
    decide(at, again, {2: "cancelled"})
    other = at.run(write_csv([make_row(2, phone="+12065550199")], name="other.csv"))
    assert counts_of(other) == {"booked": 1}
    held = at.run(write_csv([make_row(2), make_row(5, phone="12")], name="held.csv"))
    for report in (first, again, other, held):
        assert broken(at, report, were_answers_read=True) == []


def test_a_booking_that_stands_in_the_file_twice_may_be_asked_for_twice(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    twice = [make_row(2), make_row(2), make_row(3)]
    first = at.run(write_csv(twice), allow_duplicates=True)
    once = at.run(write_csv(twice, name="once.csv"))
    assert counts_of(first) == {"booked": 3}
    assert counts_of(once) == {"skipped": 3}
    assert broken(at, first, were_answers_read=True) == []
    assert broken(at, once, were_answers_read=True) == []
    with closing(sqlite3.connect(_ledger(at))) as ledger, ledger:
        ledger.execute("UPDATE row SET state = 'duplicate', booking_id = NULL WHERE row_number = 3")
    assert [told[:14] for told in broken(at, first, results=None)] == [
        "I1 rows 2, 3: ",
        "I1 rows 2, 3: ",
        "I4 row 3: dupl",
    ]


def test_rows_that_were_left_out_first_and_booked_later_are_no_lie_of_the_first_run(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv(make_row(n) for n in range(2, 8))
    first = at.run(source, limit="2")
    rest = at.run(source)

    assert counts_of(first) == {"booked": 2, "left_out": 4}
    assert counts_of(rest) == {"booked": 4, "skipped": 2}
    assert broken(at, first) == broken(at, rest) == []


def test_the_same_booking_may_be_asked_for_once_more_by_another_file(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    once = at.run(write_csv([make_row(2)], name="once.csv"))
    twice = write_csv([make_row(2), make_row(2), make_row(3)], name="twice.csv")
    more = at.run(twice, allow_duplicates="true")

    assert counts_of(more) == {"booked": 2, "skipped": 1}
    assert broken(at, once) == broken(at, more) == []


def test_rows_that_a_wrong_address_refused_may_go_to_the_right_one(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(n) for n in range(2, 9)])
    at.sandbox.fault_next("302", 1)
    stopped = at.run(source)
    assert stopped.exit_code == ExitCode.USAGE
    done = at.run(source)
    assert counts_of(done) == {"booked": 7}
    assert broken(at, done, were_answers_read=True) == []


def test_a_503_may_go_again_only_where_it_is_trusted(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.environ["SOLV_IMPORT_TRUST_503"] = "true"
    at.sandbox.fault_next("503-retry-after,wait=0", 1)
    report = at.run(write_csv([make_row(2)]))
    assert counts_of(report) == {"booked": 1}
    assert broken(at, report) == []
    (told,) = broken(at, report, is_503_trusted=False)
    assert told.startswith("I1 row 2: 2 requests")


def test_a_second_ledger_for_the_same_server_is_found_out(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3)])
    first = at.run(source)
    (at.folder / "elsewhere").mkdir()
    other = Desk(folder=at.folder / "elsewhere", sandbox=at.sandbox)
    other.run(source)
    invariants = [told[:2] for told in broken(at, first)]
    assert invariants == ["I1"] * 4  # each row: once by its request, once by its patient


def test_a_run_that_never_happened_cannot_be_judged(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    with pytest.raises(LedgerError, match="there is no ledger"):
        verify_run(None, at.settings(), clock=at.clock)
    at.run(write_csv([make_row(2)]))
    with pytest.raises(SettingsError, match="there is no run nightly for this target"):
        verify_run("nightly", at.settings(), clock=at.clock)


def test_a_ledger_without_runs_has_none_to_judge(
    desk: Callable[..., Desk], write_csv: Write
) -> None:
    at = desk()
    with pytest.raises(SourceError):
        at.run(write_csv([{"first_name": "Ada"}]))
    with pytest.raises(SettingsError, match="there is no run for this target"):
        verify_run(None, at.settings(), clock=at.clock)


def test_the_newest_run_is_judged_unless_one_is_named_and_its_source_may_have_moved(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    first = at.run(write_csv([make_row(2)], name="first.csv"))
    source = write_csv([make_row(3), make_row(4)], name="second.csv")
    at.run(source)
    newest, _ = verify_run(None, at.settings(), clock=at.clock)
    named, _ = verify_run(first.summary.run_id, at.settings(), clock=at.clock)
    assert (list(newest.source_rows), list(named.source_rows)) == ([2, 3], [2])
    assert newest.requests is None
    moved = source.rename(at.folder / "moved.csv")
    with pytest.raises(SourceError):
        verify_run(None, at.settings(), clock=at.clock)
    found, violations = verify_run(
        None,
        at.settings(),
        clock=at.clock,
        source=moved,
        request_log=at.sandbox.log_path,
        limit=(9, 1.0),
    )
    assert violations == []
    assert (found.limit, len(found.requests or ())) == ((9, 1.0), 3)


def test_results_that_stand_elsewhere_are_named(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    report = at.run(write_csv([make_row(2)]))
    assert report.results_path is not None
    moved = report.results_path.rename(at.folder / "kept.xlsx")
    gone, _ = verify_run(None, at.settings(), clock=at.clock)
    assert gone.results is None
    assert gone.results_not_judged.startswith("visits.csv.results.xlsx, the results of run ")
    found, violations = verify_run(None, at.settings(results=moved), clock=at.clock)
    assert (found.results_name, len(found.results or ())) == ("kept.xlsx", 1)
    assert violations == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("no.jsonl", "not json\n"),
        ("no.jsonl", "[1, 2]\n"),
        ("no.jsonl", ""),
        ("no.jsonl", '{"status": "booked"}\n'),
        ("no.csv", "status,first_name\nbooked,Ada\n"),
        ("no.xlsx", "no workbook"),
    ],
)
def test_a_file_that_is_not_our_results_is_refused(
    name: str, content: str, desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.run(write_csv([make_row(2)]))
    other = at.folder / name
    other.write_text(content)
    with pytest.raises(SettingsError, match=f"{name} cannot be read as results"):
        verify_run(None, at.settings(results=other), clock=at.clock)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("by.jsonl", '{"row_number": 2}\n'),
        ("by.csv", "row_number,status,booking_id\nx,booked,1\n"),
        ("by.csv", "row_number,status,booking_id\n2,booked,x\n"),
        ("by.csv", "status,booking_id\nbooked,1\n"),
    ],
)
def test_results_are_edited_whatever_was_typed_into_them(
    name: str, content: str, desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.run(write_csv([make_row(2)]))
    other = at.folder / name
    other.write_text(content)
    found, violations = verify_run(None, at.settings(results=other), clock=at.clock)
    assert (found.results, violations) == (None, [])
    assert found.results_not_judged.endswith(", edited since it was written")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("no.jsonl", "not json\n"),
        ("no.jsonl", '{"row_number": 2}\n'),
        ("no.csv", "row_number,status,booking_id\nx,booked,1\n"),
        ("no.csv", "row_number,status,booking_id\n2,booked,x\n"),
        ("no.csv", "status,booking_id\nbooked,1\n"),
    ],
)
def test_results_that_the_ledger_does_not_know_must_be_whole(
    name: str, content: str, desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    """Those of a run that was killed before it had noted them."""
    at = desk()
    at.run(write_csv([make_row(2)]), results=at.folder / name)
    with closing(sqlite3.connect(_ledger(at))) as ledger, ledger:
        ledger.execute("DELETE FROM written")
        ledger.execute("UPDATE run SET ended_at = NULL")
    (at.folder / name).write_text(content)
    with pytest.raises(SettingsError, match=f"{name} cannot be read as results"):
        verify_run(None, at.settings(), clock=at.clock)


def test_the_same_results_of_two_runs_are_those_of_both(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    """As CSV they do not name their run, and the ledger keeps a digest once."""
    at = desk()
    source, out = write_csv([make_row(2)]), [at.folder / "a.csv", at.folder / "b.csv"]
    at.run(source)
    runs = [at.run(source, results=place).summary.run_id for place in out]
    assert out[0].read_bytes() == out[1].read_bytes()
    for run_id, place in zip(runs, out, strict=True):
        found, violations = verify_run(run_id, at.settings(), clock=at.clock)
        assert (len(found.results or ()), violations) == (1, [])
        place.write_text(place.read_text().replace("skipped", "booked"))
        edited, violations = verify_run(run_id, at.settings(), clock=at.clock)
        assert (edited.results, violations) == (None, [])


def test_a_column_of_theirs_with_a_name_of_ours_is_not_taken_for_ours(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    rows = [make_row(2) | {"status": "arrived"}, make_row(3) | {"status": "late"}]
    report = at.run(write_csv(rows), results=at.folder / "out.csv")
    assert broken(at, report, were_answers_read=True) == []


@pytest.mark.parametrize("line", ["1", "[]", "{}", '{"event": "arrived"}', "no json", '"text"'])
def test_a_file_that_is_no_request_log_is_refused(
    line: str, tmp_path: Path, desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.run(write_csv([make_row(2)]))
    log = tmp_path / "other.jsonl"
    log.write_text(at.sandbox.log_path.read_text() + line + "\n")
    log.with_name("other.jsonl.key").write_text("00" * 32)
    with pytest.raises(SettingsError, match=r"other.jsonl cannot be read as a request log"):
        verify_run(None, at.settings(), clock=at.clock, request_log=log)


def test_a_request_that_the_server_did_not_live_to_answer_may_have_been_taken(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    """The server's log of it is one line; a torn last line is left out."""
    at = desk()
    report = at.run(write_csv([make_row(2)]))
    lines = at.sandbox.log_path.read_text().splitlines()
    answered = json.loads(lines[-1])
    assert answered["event"] == "answered"
    log = at.folder / "killed.jsonl"
    log.write_text("\n".join([*lines[:-1], lines[-1][:20]]))
    log.with_name("killed.jsonl.key").write_bytes(
        at.sandbox.log_path.with_name(f"{at.sandbox.log_path.name}.key").read_bytes()
    )
    server = read_server_log(log)
    assert [(seen.status, seen.is_whole, seen.body) for seen in server.requests] == [
        (None, False, "")
    ]
    found = evidence_of(report.summary.run_id, at.settings(), clock=at.clock, server=server)
    assert [v.what for v in verify(found)] == ["row 2: booked, but the server has no such id"]


def _ledger(at: Desk) -> Path:
    return next((at.folder / "state").glob("*/ledger.db"))
