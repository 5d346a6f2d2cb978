"""When a person is told, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from importer.errors import EXIT_ACTIONS, EXIT_MEANINGS, ExitCode
from importer.messages import Beat
from importer.messages.heartbeat import address_of
from importer.pipeline.telling import CommandEnd, FileEnd, beat_of, message_of, needs_a_person
from importer.results import Summary
from importer.settings import Settings, load_settings

if TYPE_CHECKING:
    from pathlib import Path


def settings_with(folder: Path, **settings: str) -> Settings:
    environ = {f"SOLV_IMPORT_{name.upper()}": value for name, value in settings.items()}
    return load_settings({}, environ=environ, folder=folder)


def file_end(code: ExitCode, run: int = 1, **counts: int) -> FileEnd:
    summary = Summary(
        run_id=f"2026-11-22-00000{run}",
        exit_code=int(code),
        exit_reason=code.reason,
        source="Qalast.csv",
        rows_in=sum(counts.values()),
        started_at="",
        ended_at="",
        **counts,
    )
    return FileEnd(exit_code=code, run_id=summary.run_id, summary=summary)


def command_end(code: ExitCode, *files: FileEnd) -> CommandEnd:
    return CommandEnd(
        exit_code=code,
        files=files,
        ended_at=datetime(2026, 11, 22, tzinfo=UTC),
        duration_s=1,
        bookings=0,
        sending_s=0,
    )


@pytest.mark.parametrize("code", ExitCode)
def test_every_code_but_three_needs_a_person(code: ExitCode, tmp_path: Path) -> None:
    told = needs_a_person(command_end(code), settings_with(tmp_path))
    assert told is (code not in {ExitCode.OK, ExitCode.LEDGER_BUSY, ExitCode.INTERRUPTED})


def test_a_file_that_needs_a_person_is_told_though_the_next_found_the_ledger_held(
    tmp_path: Path,
) -> None:
    files = file_end(ExitCode.NEEDS_A_PERSON, invalid=1), FileEnd(exit_code=ExitCode.LEDGER_BUSY)
    assert needs_a_person(command_end(ExitCode.LEDGER_BUSY, *files), settings_with(tmp_path))


@pytest.mark.parametrize(
    ("bounds", "counts", "is_told"),
    [
        ({}, {"invalid": 1}, True),
        ({"message_invalid": "10%"}, {"booked": 9, "invalid": 1}, False),
        ({"message_invalid": "10%"}, {"booked": 8, "invalid": 1}, True),
        ({"message_invalid": "10"}, {"booked": 9, "invalid": 1, "rejected": 1}, True),
        ({"message_rejected": "1"}, {"booked": 9, "rejected": 1}, False),
        ({"message_rejected": "1"}, {"booked": 9, "rejected": 2}, True),
        (
            {"message_invalid": "2", "message_rejected": "2"},
            {"booked": 9, "invalid": 1, "rejected": 1},
            False,
        ),
        ({"message_invalid": "2"}, {"invalid": 1, "left_out": 1}, True),
        # A booked row that was edited: no count says so, and no bound is for it.
        ({"message_invalid": "2", "message_rejected": "2"}, {"skipped": 1}, True),
    ],
)
def test_rows_within_their_bound_are_no_reason_and_others_are(
    bounds: dict[str, str], counts: dict[str, int], *, is_told: bool, tmp_path: Path
) -> None:
    end = command_end(ExitCode.NEEDS_A_PERSON, file_end(ExitCode.NEEDS_A_PERSON, **counts))
    assert needs_a_person(end, settings_with(tmp_path, **bounds)) is is_told


def test_an_edited_booked_row_is_told_whatever_the_bounds(tmp_path: Path) -> None:
    file = file_end(ExitCode.NEEDS_A_PERSON, booked=9, invalid=1)
    settings = settings_with(tmp_path, message_invalid="2")
    assert not needs_a_person(command_end(ExitCode.NEEDS_A_PERSON, file), settings)
    edited = replace(file, is_edited=True)
    assert needs_a_person(command_end(ExitCode.NEEDS_A_PERSON, edited), settings)


@pytest.mark.parametrize("code", [ExitCode.INTERRUPTED, ExitCode.LEDGER_BUSY])
def test_more_than_the_bound_is_told_whatever_the_exit_code(code: ExitCode, tmp_path: Path) -> None:
    end = command_end(code, file_end(code, booked=1, invalid=1))
    assert needs_a_person(end, settings_with(tmp_path, message_invalid="5%"))


@pytest.mark.parametrize("code", ExitCode)
def test_a_message_says_what_the_code_means_and_asks_for(code: ExitCode, tmp_path: Path) -> None:
    message = message_of(command_end(code), settings_with(tmp_path))
    assert message.subject == f"solv-import: exit {int(code)}, {code.reason.replace('_', ' ')}"
    assert f"Exit code {int(code)}: {EXIT_MEANINGS[code]}." in message.body
    assert f"What to do: {EXIT_ACTIONS[code]}." in message.body
    assert "No file was begun." in message.body


def test_of_many_files_those_that_need_a_person_come_first(tmp_path: Path) -> None:
    good = [file_end(ExitCode.OK, booked=1)] * 30
    bad = file_end(ExitCode.UNKNOWN_OUTCOMES, 2, unknown=1)
    end = command_end(ExitCode.UNKNOWN_OUTCOMES, *good, bad)
    lines = message_of(end, settings_with(tmp_path)).body.splitlines()
    assert lines[4] == "run 2026-11-22-000002 (exit 6): 1 in = 1 unknown"
    assert lines[-3] == "and 11 more files"
    assert lines[-1] == "More: solv-import status 2026-11-22-000002"


def test_a_guard_is_named_with_the_way_past_it(tmp_path: Path) -> None:
    file = file_end(ExitCode.SOURCE, not_sent=320)
    assert file.summary is not None
    why = "guard rows: the file has 320 rows; nothing was sent"
    held = replace(file, summary=replace(file.summary, why=why))
    body = message_of(command_end(ExitCode.SOURCE, held), settings_with(tmp_path)).body
    assert f"  {why}\n" in body
    assert "--override" in body


def test_a_file_without_a_run_names_its_problem_and_never_itself(tmp_path: Path) -> None:
    failed = FileEnd(exit_code=ExitCode.SOURCE, problem="IMP101")
    late = FileEnd(exit_code=ExitCode.LEDGER, run_id="2026-11-22-000003")
    body = message_of(command_end(ExitCode.LEDGER, failed, late), settings_with(tmp_path)).body
    assert "no run (exit 3): IMP101, " in body
    assert f"run 2026-11-22-000003 (exit 8): {EXIT_MEANINGS[ExitCode.LEDGER]}" in body


@pytest.mark.parametrize(
    ("code", "beat"),
    [
        (ExitCode.OK, Beat.SUCCESS),
        (ExitCode.NEEDS_A_PERSON, Beat.SUCCESS),
        (ExitCode.SOURCE, Beat.FAILURE),
        (ExitCode.BUG, Beat.FAILURE),
        (ExitCode.TERMINATED, Beat.FAILURE),
        (ExitCode.LEDGER_BUSY, None),
        (ExitCode.INTERRUPTED, None),
    ],
)
def test_the_heartbeat_tells_that_a_command_ran_to_its_end(
    code: ExitCode, beat: Beat | None
) -> None:
    assert beat_of(command_end(code)) == beat


@pytest.mark.parametrize(
    ("url", "start", "success"),
    [
        ("https://hc.example.com/u", "https://hc.example.com/u/start", "https://hc.example.com/u"),
        ("https://a.example.com/u/?x=1", "https://a.example.com/u/start?x=1", None),
        ("https://a.example.com", "https://a.example.com/start", None),
    ],
)
def test_what_is_told_is_added_to_the_path(url: str, start: str, success: str | None) -> None:
    assert address_of(url, Beat.START) == start
    assert address_of(url, Beat.SUCCESS) == (success or url)
    assert address_of(url, Beat.FAILURE) == start.replace("/start", "/fail")


def test_a_file_that_ended_is_counted_once() -> None:
    ends = [file_end(ExitCode.OK, booked=2), FileEnd(exit_code=ExitCode.SOURCE)]
    end = command_end(ExitCode.SOURCE, *ends, replace(ends[0], run_id="x"))
    assert end.totals()["booked"] == 4
    assert end.totals()["unknown"] == 0
