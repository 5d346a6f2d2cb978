"""Every reading by which rows were booked counts, until a person has accepted one of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode, OpenQuestion
from tests.acceptance.cli_kit import change_results
from tests.pipeline.desk import counts_of
from tests.pipeline.test_profile_baseline import mark_of, profile, results_of
from tests.rows import invented_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli
    from tests.pipeline.desk import Desk

    Write = Callable[..., Path]

MONTH_FIRST, DAY_FIRST = '[dates]\norder = "MDY"\n', '[dates]\norder = "DMY"\n'


def dated(number: int, **changes: str) -> dict[str, str]:
    """Return a row whose birth date can be read as either order."""
    return invented_row(number, **({"birth_date": f"03/{number:02}/1985"} | changes))


def test_a_row_that_was_held_and_another_file_booked_is_asked_about(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    source = write_csv([dated(4), dated(5, phone="12")], "a.csv")
    held = at.run(source, profile=profile(tmp_path, MONTH_FIRST))
    assert held.exit_code == ExitCode.SOURCE
    at.run(write_csv([dated(4)], "b.csv"), profile=profile(tmp_path, MONTH_FIRST))
    with pytest.raises(OpenQuestion) as caught:
        at.run(source, profile=profile(tmp_path, DAY_FIRST), only_valid=True)
    mark_of(caught)
    assert len(at.requests) == 1


@pytest.mark.parametrize("kind", ["order", "place"])
def test_a_duplicate_that_the_new_reading_makes_another_booking_is_asked_about(
    kind: str, desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    if kind == "order":
        before, after = MONTH_FIRST, DAY_FIRST
        rows = [dated(4, birth_date="1985-03-04"), dated(4)]
    else:
        before = "[values.location_id]\nLake = 4021\n"
        after = f"{before}4021 = 4022\n"
        rows = [invented_row(4, location_id=place) for place in ("Lake", "4021")]
    source = write_csv(rows)
    first = at.run(source, profile=profile(tmp_path, before))
    assert counts_of(first) == {"booked": 1, "duplicate": 1}
    with pytest.raises(OpenQuestion) as caught:
        at.run(source, profile=profile(tmp_path, after))
    mark_of(caught)
    assert len(at.requests) == 1


def test_a_row_that_was_refused_and_corrected_in_another_file_is_asked_about(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at, path = desk(), profile(tmp_path, MONTH_FIRST)
    source = write_csv([dated(4, reason="fault:422")], "a.csv")
    assert counts_of(at.run(source, profile=path)) == {"rejected": 1}
    at.run(write_csv([dated(4)], "b.csv"), profile=path)
    profile(tmp_path, DAY_FIRST)
    with pytest.raises(OpenQuestion):
        at.run(source, profile=path)
    assert len(at.requests) == 2


def test_what_corrected_results_booked_by_a_slip_is_known_when_the_slip_is_undone(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at, path = desk(), profile(tmp_path, MONTH_FIRST)
    source = write_csv([dated(4), dated(5, phone="12")], "a.csv")
    first = at.run(source, profile=path, only_valid=True)
    assert counts_of(first) == {"booked": 1, "invalid": 1}
    profile(tmp_path, DAY_FIRST)
    fixed = change_results(results_of(first), {(3, "phone"): "3125550142"}, tmp_path / "f.xlsx")
    assert counts_of(at.run(fixed, profile=path)) == {"booked": 1, "skipped": 1}
    export = write_csv([dated(4), dated(5, phone="3125550142"), dated(6)], "b.csv")
    # Neither reading knows everybody now, so that a person has to look.
    for text in (DAY_FIRST, MONTH_FIRST):
        with pytest.raises(OpenQuestion) as caught:
            at.run(export, profile=profile(tmp_path, text))
        mark_of(caught)
    assert len(at.requests) == 2
    report = at.run(write_csv([dated(6)], "c.csv"), profile=path, accept_change=mark_of(caught))
    assert counts_of(report) == {"booked": 1}
    assert counts_of(at.run(write_csv([dated(7)], "d.csv"), profile=path)) == {"booked": 1}


def test_a_change_that_was_accepted_counts_when_the_results_of_its_file_have_booked(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at, path = desk(), profile(tmp_path, MONTH_FIRST)
    at.run(write_csv([dated(4)], "a.csv"), profile=path)
    profile(tmp_path, DAY_FIRST)
    source = write_csv([dated(5), dated(6, phone="12")], "b.csv")
    with pytest.raises(OpenQuestion) as caught:
        at.run(source, profile=path)
    held = at.run(source, profile=path, accept_change=mark_of(caught))
    assert held.exit_code == ExitCode.SOURCE
    fixed = change_results(results_of(held), {(3, "phone"): "3125550142"}, tmp_path / "f.xlsx")
    assert counts_of(at.run(fixed, profile=path)) == {"booked": 2}
    assert counts_of(at.run(write_csv([dated(7)], "c.csv"), profile=path)) == {"booked": 1}
    profile(tmp_path, MONTH_FIRST)
    back = write_csv([dated(5), dated(6, phone="3125550142")], "d.csv")
    with pytest.raises(OpenQuestion):
        at.run(back, profile=path)
    assert len(at.requests) == 4


def test_a_mark_opens_one_file_of_a_command(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], write_csv: Write, tmp_path: Path
) -> None:
    sandbox = start_sandbox()
    run_cli.target(sandbox)
    old = write_csv([dated(4)], "old.csv")
    path = profile(tmp_path, MONTH_FIRST)
    assert run_cli("run", old, "--profile", path, "--yes").code == ExitCode.OK
    profile(tmp_path, DAY_FIRST)
    new = write_csv([dated(5)], "new.csv")
    export = write_csv([dated(4), dated(6)], "export.csv")
    asked = run_cli("run", new, "--profile", path, "--yes")
    mark = re.findall(r"--accept-change ([0-9a-f]{8})", asked.err)[0]
    words = ("--profile", path, "--yes", "--accept-change", mark, "--summary", tmp_path)
    done = run_cli("run", new, export, *words)
    assert done.code == ExitCode.SOURCE
    assert "IMP112" in done.err
    assert len(sandbox.bookings()) == 2
