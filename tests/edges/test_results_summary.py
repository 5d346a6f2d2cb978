"""The totals of a run, and the `--summary` file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from importer.errors import ExitCode, SettingsError
from importer.model import State
from importer.reports import totals_of
from importer.results import ResultRow, Summary, what_to_do, write_summary

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "summary.schema.json").read_text())
COUNTS = (
    *("booked", "skipped", "duplicate", "invalid", "left_out"),
    *("blank", "rejected", "unknown", "not_sent"),
)
EVERY_COUNT = (
    "45 in = 1 booked + 2 skipped + 3 duplicate + 4 invalid + 5 left out"
    " + 6 blank + 7 rejected + 8 unknown + 9 not sent"
)
LISTED_KEYS = (
    *("run_id", "exit_code", "exit_reason", "source", "rows_in", *COUNTS),
    *("requests", "waits_429", "started_at", "ended_at"),
)


def make_summary(exit_code: ExitCode = ExitCode.OK, **counts: int) -> Summary:
    return Summary(
        run_id="2030-01-07-7f3a",
        exit_code=exit_code,
        exit_reason=exit_code.reason,
        source="/clinic/northside.csv",
        rows_in=counts.pop("rows_in", sum(counts.values())),
        started_at="2030-01-07T09:01:00+00:00",
        ended_at="2030-01-07T09:14:00+00:00",
        target="https://api.example.com",
        results="/clinic/northside.csv.results.xlsx",
        version="0.1.0",
        **counts,
    )


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({}, "0 in"),
        ({"booked": 3}, "3 in = 3 booked"),
        (
            {"booked": 1187, "skipped": 9, "invalid": 7, "unknown": 1},
            "1,204 in = 1,187 booked + 9 skipped + 7 invalid + 1 unknown",
        ),
        (dict(zip(COUNTS, range(1, 10), strict=True)), EVERY_COUNT),
    ],
)
def test_conservation_line_names_every_count_that_is_not_zero(
    counts: dict[str, int], line: str
) -> None:
    assert make_summary(**counts).conservation_line() == line


@pytest.mark.parametrize(
    "counts", [{"rows_in": 2, "booked": 1}, {"rows_in": 0, "booked": 1, "invalid": -1}]
)
def test_counts_that_lose_a_row_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="rows in, but the counts add up to"):
        make_summary(**counts)


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_count(state: State) -> None:
    totals = totals_of({state: 3})
    assert list(totals) == list(COUNTS)
    assert sum(totals.values()) == 3


def test_listed_keys_come_first_and_in_order() -> None:
    assert list(make_summary().to_json())[: len(LISTED_KEYS)] == list(LISTED_KEYS)


def test_schema_is_sound_and_describes_every_key() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    keys = list(make_summary().to_json())
    assert list(SCHEMA["properties"]) == keys
    assert SCHEMA["required"] == keys


def test_schema_knows_every_exit_code() -> None:
    assert SCHEMA["properties"]["exit_code"]["enum"] == [int(code) for code in ExitCode]
    assert SCHEMA["properties"]["exit_reason"]["enum"] == [code.reason for code in ExitCode]


@given(
    code=st.sampled_from(ExitCode),
    counts=st.fixed_dictionaries({c: st.integers(0) for c in COUNTS}),
)
def test_any_summary_keeps_to_the_schema(code: ExitCode, counts: dict[str, int]) -> None:
    summary = json.loads(json.dumps(make_summary(code, **counts).to_json()))
    Draft202012Validator(SCHEMA).validate(summary)
    assert sum(summary[count] for count in COUNTS) == summary["rows_in"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("booked", -1), ("booked", "1"), ("exit_code", 9), ("exit_reason", "fine"), ("source", None)],
)
def test_schema_refuses_what_no_run_writes(key: str, value: object) -> None:
    summary = make_summary().to_json() | {key: value}
    assert not Draft202012Validator(SCHEMA).is_valid(summary)


def test_summary_file_is_private_whole_json(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text("old")
    summary = make_summary(ExitCode.UNKNOWN_OUTCOMES, booked=2, unknown=1)
    write_summary(path, summary)
    assert json.loads(path.read_text()) == summary.to_json()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["summary.json"]


def test_summary_in_a_missing_folder_is_a_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        write_summary(tmp_path / "no" / "summary.json", make_summary())
    assert caught.value.todo


@pytest.mark.parametrize(
    ("code", "counts", "words"),
    [
        (ExitCode.OK, {"booked": 3}, ["Nothing"]),
        (ExitCode.UNKNOWN_OUTCOMES, {"unknown": 1}, ["1 row may", "reconcile 2030-01-07-7f3a"]),
        (ExitCode.NEEDS_A_PERSON, {"invalid": 2}, ["column G (status) on 'invalid'.", "run it"]),
        (ExitCode.NEEDS_A_PERSON, {"rejected": 2}, ["on 'rejected'."]),
        (ExitCode.NEEDS_A_PERSON, {"left_out": 1200}, ["1,200 rows left out", "--limit"]),
        (ExitCode.SOURCE, {"invalid": 1, "not_sent": 5}, ["on 'invalid'.", "--only-valid"]),
        (ExitCode.STOPPED_EARLY, {"not_sent": 5}, ["5 rows not sent yet", "carries on"]),
    ],
)
def test_what_to_do_follows_from_the_counts(
    code: ExitCode, counts: dict[str, int], words: list[str]
) -> None:
    steps = " ".join(what_to_do(make_summary(code, **counts), status_column="G"))
    assert [word for word in words if word not in steps] == []


def test_a_booked_row_that_was_edited_is_something_to_do() -> None:
    summary = make_summary(ExitCode.NEEDS_A_PERSON, skipped=2)
    (step,) = what_to_do(summary, status_column="G", edited=1)
    assert step.startswith("1 row changed after the booking (IMP303")
    assert "put the old values back" in step


def test_unknown_rows_come_first() -> None:
    summary = make_summary(ExitCode.UNKNOWN_OUTCOMES, invalid=1, unknown=1, not_sent=1)
    assert "reconcile" in what_to_do(summary, status_column="A")[0]


def test_repr_of_a_row_shows_no_patient() -> None:
    row = ResultRow(
        row_number=2,
        cells=("Leo", "+13125550147"),
        status=State.REJECTED,
        what_to_fix="Leo is too young",
        emr_booking_id="Leo",
        problem_cells=((0, "Leo?"),),
    )
    assert "Leo" not in repr(row)


def test_import_of_the_package_loads_no_workbook_library() -> None:
    code = (
        "import sys, importer.results; print({'openpyxl', 'xlsxwriter', 'pandas'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
