"""The audit of whole runs: what it tells, and how it is held against the ledger."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from importer.errors import ExitCode, LedgerBusy, LedgerError, SettingsError
from importer.pipeline import apply_decisions, plan_file, verify_audit
from importer.pipeline.ledgers import folder_of, opened
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import Desk, FastClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.ledger import LedgerFolder
    from importer.pipeline import RunReport

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]


def ledger_of(at: Desk) -> LedgerFolder:
    return folder_of(at.settings())


def told(at: Desk) -> list[dict[str, Any]]:
    """Return the lines of the audit."""
    return [json.loads(line) for line in ledger_of(at).audit_file.read_text().splitlines()]


def kinds(at: Desk) -> list[str]:
    return [line["kind"] for line in told(at)]


def flaws(at: Desk) -> list[str]:
    return [f"{line}: {what}" for line, what in verify_audit(None, at.settings()).flaws]


def decide(at: Desk, report: RunReport, decisions: dict[int, str]) -> None:
    keys = {n: row["row_key"] for n, row in read_results(report.results_path).items()}
    sheet = at.folder / "decisions.csv"
    lines = [f"{keys[number]},{decision}\n" for number, decision in decisions.items()]
    sheet.write_text("".join(["row_key,decision\n", *lines]))
    later = FastClock(ahead=timedelta(minutes=16))
    apply_decisions(report.summary.run_id, at.settings(), sheet, who="Ana B.", clock=later)


def change(at: Desk, statement: str) -> None:
    """Change the ledger as any other program may."""
    with closing(sqlite3.connect(ledger_of(at).database)) as ledger, ledger:
        ledger.execute(statement)


def test_a_run_is_told_of_from_its_plan_to_its_end(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3, phone="12"), make_row(4)])
    report = at.run(source, only_valid=True)
    begun, planned, accepted, ended = told(at)
    assert begun["kind"] == "begun"
    facts = planned["facts"]
    assert facts["run"] == report.summary.run_id
    assert facts["source_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert (facts["rows"], facts["not_sent"], facts["invalid"]) == (3, 2, 1)
    assert len(facts["settings_sha256"]) == 64
    assert accepted["facts"]["how"] == "loopback"
    assert (accepted["facts"]["to_send"], accepted["facts"]["leaves_invalid"]) == (2, 1)
    assert accepted["facts"]["allows"] == ["only_valid"]
    assert (ended["facts"]["booked"], ended["facts"]["exit_code"]) == (2, 1)
    assert ended["facts"]["requests"] == 2
    assert flaws(at) == []


def test_a_yes_and_overrides_are_told_of(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.run(write_csv([make_row(2)]), yes=True, override="rows,invalid", retry_rejected=True)
    facts = told(at)[2]["facts"]
    assert (facts["how"], facts["overrides"]) == ("--yes", ["invalid", "rows"])
    assert facts["allows"] == ["retry_rejected"]


def test_a_run_that_is_held_is_planned_and_ended_but_accepted_by_nobody(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.run(write_csv([make_row(2), make_row(3, phone="12")]))
    assert kinds(at) == ["begun", "planned", "ended"]
    assert told(at)[-1]["facts"]["exit_code"] == ExitCode.SOURCE
    assert flaws(at) == []


def test_a_dry_run_is_not_told_of(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    settings = at.settings()
    source = write_csv([make_row(2)])
    plan_file(source, settings, clock=at.clock, selection=settings.selection)
    assert kinds(at) == ["begun"]
    assert flaws(at) == []


def test_decisions_and_released_rows_are_told_of(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    rows = [make_row(2, reason="fault:422"), make_row(3, reason="fault:504"), make_row(4)]
    report = at.run(write_csv(rows))
    decide(at, report, {3: "not booked", 4: "cancelled"})
    at.run(write_csv(rows), retry_rejected=True)
    lines = {line["kind"]: line["facts"] for line in told(at)}
    run_id = report.summary.run_id
    answers = [(row["row"], row["answer"]) for row in lines["decided"]["rows"]]
    assert answers == [(3, "not booked"), (4, "cancelled")]
    assert lines["decided"]["decided_by"] == "Ana B."
    assert lines["released"] == {"run": run_id, "rows": [2]}
    assert flaws(at) == []
    of_run = verify_audit(run_id, at.settings()).of_run
    assert [line.kind for line in of_run] == [
        *("planned", "accepted", "ended", "decided", "released", "accepted", "ended"),
    ]


def test_no_patient_no_heading_and_no_name_of_a_file_stands_in_it(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    row = make_row(2, reason="fault:504")
    report = at.run(write_csv([row, make_row(3, phone="12")], name="qzname.csv"), only_valid=True)
    decide(at, report, {2: "booked 77"})
    text = ledger_of(at).audit_file.read_text()
    secrets = {"qzname", *row, *(value for value in row.values() if len(value) > 4)}
    assert not {secret for secret in secrets if secret in text}


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE run SET source_digest = 'f'", "2: run {} is of another file in the ledger"),
        ("DELETE FROM row WHERE row_number = 3", "2: run {} is of another file in the ledger"),
        ("UPDATE run SET settings = '{{}}'", "2: run {} has other settings in the ledger"),
        ("UPDATE run SET ended_counts = NULL", "4: run {} has other counts in the ledger"),
        (
            "UPDATE run SET ended_counts = replace(ended_counts, '2', '1')",
            "4: run {} has other counts in the ledger",
        ),
        ("UPDATE row SET state = 'ready'", "4: run {} has other counts in the ledger"),
        ("UPDATE run SET run_id = 'other'", "2: run {} is not in the ledger"),
        ("UPDATE run SET purged_at = '2090-01-01'", "5: no line tells that run {} was purged"),
        (
            "INSERT INTO decision (row_id, answer, decided_by, decided_at) VALUES (1, '', '', '')",
            "5: 0 decisions are told of, 1 are in the ledger",
        ),
    ],
)
def test_a_ledger_that_says_otherwise_is_named(
    statement: str,
    says: str,
    desk: Callable[..., Desk],
    make_row: Make,
    write_csv: Write,
) -> None:
    at = desk()
    report = at.run(write_csv([make_row(2), make_row(3)]))
    assert flaws(at) == []
    change(at, statement.replace("{{}}", "{}"))
    assert says.format(report.summary.run_id) in flaws(at)


def test_a_run_that_no_line_tells_of_is_named(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    report = at.run(write_csv([make_row(2), make_row(3)]))
    columns = "source_name, source_path, source_digest, sheet, settings, planned_at, started_at"
    change(
        at,
        f"INSERT INTO run (run_id, waits_429, is_accepted, {columns})"  # noqa: S608 - our own words
        f" SELECT 'slipped in', 0, 0, {columns} FROM run",
    )
    assert flaws(at) == ["5: no line tells that run slipped in was planned"]
    assert report.exit_code == ExitCode.OK


def test_one_changed_byte_names_its_line_and_nothing_else(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.run(write_csv([make_row(2)]))
    file = ledger_of(at).audit_file
    content = file.read_bytes()
    first, second = content.splitlines(keepends=True)[:2]
    for offset in (len(first) + 30, len(first) + len(second) - 1):
        changed = bytearray(content)
        changed[offset] ^= 1
        file.write_bytes(bytes(changed))
        assert flaws(at)[0] == "2: was altered, or put in by somebody else"
    file.write_bytes(content[: -len(content) // 3])
    assert any("at the end" in flaw or "cut short" in flaw for flaw in flaws(at))
    file.unlink()
    assert flaws(at)[0] == "1: at the end, lines 1 to 4 are missing"


def test_an_audit_that_begins_anew_misses_its_old_lines_until_they_are_put_back(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.run(write_csv([make_row(2)]))
    file = ledger_of(at).audit_file
    old = file.read_bytes()
    file.write_bytes(b"")
    at.run(write_csv([make_row(3)]))
    assert flaws(at) == ["1: before it, lines 1 to 4 are missing"]
    file.write_bytes(old + file.read_bytes())
    assert flaws(at) == []
    at.run(write_csv([make_row(4)]))
    assert flaws(at) == []


def test_it_is_not_proven_while_a_run_is_under_way_or_without_its_key(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.run(write_csv([make_row(2)]))
    settings = at.settings()
    with pytest.raises(SettingsError, match="no run 2090-x"):
        verify_audit("2090-x", settings)
    with opened(settings, at.clock), pytest.raises(LedgerBusy):
        verify_audit(None, settings)
    ledger_of(at).key_file.write_bytes(bytes(32))
    with pytest.raises(LedgerError, match=r"ledger\.key has changed"):
        verify_audit(None, settings)
    ledger_of(at).key_file.unlink()
    with pytest.raises(LedgerError, match=r"ledger\.key is missing"):
        verify_audit(None, settings)
