"""What a run says of itself is true, also when it is stopped, declined or carried on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode, SettingsError
from importer.pipeline import plan_file, run_statuses, write_results_again
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import counts_of, statuses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.reports import PlanView
    from tests.pipeline.desk import Desk

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]


@pytest.fixture
def declined(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, monkeypatch: pytest.MonkeyPatch
) -> tuple[Desk, Path]:
    """Return a desk and a file of six rows whose plan a person said no to."""
    at = desk()
    source = write_csv(make_row(n) for n in range(2, 8))

    def says_no(_plan: PlanView) -> bool:
        return False

    with monkeypatch.context() as once:
        once.setattr(type(at.observer), "planned", lambda _self, plan: says_no(plan))
        report = at.run(source)
    assert (report.exit_code, counts_of(report)) == (ExitCode.SOURCE, {"not_sent": 6})
    return at, source


def test_a_declined_run_does_not_speak_of_invalid_rows(declined: tuple[Desk, Path]) -> None:
    at, source = declined

    (status,) = run_statuses(at.settings(), None)

    assert status.not_sent == 6
    text = "".join(row["what_to_fix"] for row in read_results(status.results).values())
    assert "only-valid" not in text
    assert status.source == source.name


def test_a_plan_that_sent_nothing_does_not_bind_the_next(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(2), make_row(3), make_row(4, phone="12")])
    held = at.run(source, limit="4")
    assert held.exit_code == ExitCode.SOURCE

    report = at.run(source, only_valid=True, allow_duplicates=True)

    assert counts_of(report) == {"booked": 3, "invalid": 1}


def test_a_look_at_a_plan_keeps_to_the_selection(declined: tuple[Desk, Path]) -> None:
    at, source = declined

    for flags, rows in (({"limit": "1"}, 1), ({"rows": "3,5-6"}, 3), ({}, 6)):
        settings = at.settings(**flags)
        plan = plan_file(source, settings, clock=at.clock, selection=settings.selection)
        assert plan.to_send == rows


def test_resuming_writes_no_summary_over_the_source(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    at.sandbox.fault_next("429,wait=1200", 1)
    source = write_csv([make_row(2), make_row(3)])
    before = source.read_bytes()
    run_id = at.run(source).summary.run_id

    with pytest.raises(SettingsError, match="written over"):
        at.resume(run_id, summary=str(source))

    assert source.read_bytes() == before


def test_a_failed_import_leaves_a_summary_that_says_why(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    summary = tmp_path / "last.json"
    summary.write_text('{"exit_code": 0}')
    (tmp_path / "no.pem").write_text("no certificate")
    at.environ["SOLV_IMPORT_CA_FILE"] = str(tmp_path / "no.pem")

    with pytest.raises(SettingsError):
        at.run(write_csv([make_row(2)]), summary=str(summary))

    told = json.loads(summary.read_text())
    assert told["exit_code"] == ExitCode.USAGE
    assert "certificate" in told["why"]


def test_summary_and_report_agree_when_the_results_cannot_be_written(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    place = tmp_path / "out"
    place.mkdir()

    def vanish(_counts: object) -> None:
        if place.exists():
            place.rmdir()

    at.observer.on_progress = vanish

    report = at.run(write_csv([make_row(2)]), results=str(place / "r.xlsx"))

    assert report.exit_code == report.summary.exit_code == ExitCode.USAGE
    assert counts_of(report) == {"booked": 1}


def test_the_results_of_an_earlier_run_go_beside_those_of_a_later_one(
    desk: Callable[..., Desk], make_row: Make, write_csv: Write
) -> None:
    at = desk()
    source = write_csv([make_row(2), make_row(3)])
    first, second = at.run(source), at.run(source)
    assert first.results_path == second.results_path

    again = write_results_again(
        first.summary.run_id, at.settings(), source=None, results=None, clock=at.clock
    )

    assert again != second.results_path
    assert first.summary.run_id in again.name
    assert [row["status"] for row in read_results(again).values()] == ["booked", "booked"]
    assert set(statuses(second).values()) == {"skipped"}
