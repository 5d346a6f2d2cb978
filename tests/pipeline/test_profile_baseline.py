"""What a changed profile is compared with: what the rows that are booked were read by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode, OpenQuestion
from importer.pipeline.profile_readings import changes_between
from tests.pipeline.desk import counts_of
from tests.rows import invented_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.pipeline import RunReport
    from tests.pipeline.desk import Desk

    Write = Callable[..., Path]

FIRST = '[split]\nPatient = "Last, First"\n'
MIDDLE = '[split]\nPatient = "Last, First Middle"\n'
ZONE = '[dates]\ntimezone = "America/{}"\n'


def row(number: int, first_name: str = "Mary Ann") -> dict[str, str]:
    """Return a row of an export with whole names."""
    plain = invented_row(number)
    return {
        "Patient": f"{plain['last_name']}, {first_name}",
        "Phone": plain["phone"],
        "DOB": plain["birth_date"],
        "Appointment": plain["appointment_date"],
        "Clinic": plain["location_id"],
    }


def profile(folder: Path, text: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "clinic.toml").write_text(text, encoding="utf-8")
    return str(folder / "clinic.toml")


def results_of(report: RunReport) -> Path:
    assert report.results_path is not None
    return report.results_path


def mark_of(caught: pytest.ExceptionInfo[OpenQuestion]) -> str:
    assert caught.value.code == "IMP112"
    return str(re.findall("[0-9a-f]{8}", caught.value.todo)[0])


@pytest.mark.parametrize("comes_back", ["results", "file"])
def test_rows_known_by_key_are_neither_asked_about_nor_a_new_reading(
    comes_back: str, desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    source = write_csv([row(2), row(3, "Bob B.")])
    first = at.run(source, profile=profile(tmp_path, FIRST), only_valid=True)
    assert counts_of(first) == {"booked": 1, "invalid": 1}
    mended = profile(tmp_path, MIDDLE)
    again = results_of(first) if comes_back == "results" else source
    assert counts_of(at.run(again, profile=mended)) == {"booked": 1, "skipped": 1}
    export = write_csv([row(2), row(3, "Bob B."), row(4)], "july.csv")
    with pytest.raises(OpenQuestion) as caught:
        at.run(export, profile=mended)
    mark_of(caught)
    assert len(at.requests) == 2


def test_a_mark_for_results_is_no_mark_for_the_next_export(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    first = at.run(write_csv([row(2)]), profile=profile(tmp_path, FIRST))
    mended = profile(tmp_path, MIDDLE)
    july = write_csv([row(2), row(3)], "july.csv")
    with pytest.raises(OpenQuestion) as caught:
        at.run(july, profile=mended)
    at.run(results_of(first), profile=mended, accept_change=mark_of(caught))
    with pytest.raises(OpenQuestion):
        at.run(july, profile=mended)
    assert len(at.requests) == 1


def test_rows_that_were_left_out_of_a_run_are_not_known(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at, path = desk(), profile(tmp_path, FIRST)
    at.run(write_csv([row(3)]), profile=path)
    both = write_csv([row(2), row(3)], "july.csv")
    first = at.run(both, profile=path, limit=1)
    assert counts_of(first) == {"booked": 1, "left_out": 1}
    mended = profile(tmp_path, MIDDLE)
    for source in (both, results_of(first)):
        with pytest.raises(OpenQuestion):
            at.run(source, profile=mended)
        assert counts_of(at.run(source, profile=mended, rows="2"))["skipped"] == 1


def test_an_accepted_change_is_told_and_counts_once_it_has_booked_somebody(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    at.run(write_csv([row(2)]), profile=profile(tmp_path, FIRST))
    mended = profile(tmp_path, MIDDLE)
    held = write_csv([row(3), row(4, "Ann Marie Louise")], "held.csv")
    with pytest.raises(OpenQuestion) as caught:
        at.run(held, profile=mended)
    mark = mark_of(caught)
    assert at.run(held, profile=mended, accept_change=mark).exit_code == ExitCode.SOURCE
    assert any("booked anew" in notice for notice in at.observer.notices)
    with pytest.raises(OpenQuestion) as again:
        at.run(write_csv([row(2), row(5)], "july.csv"), profile=mended)
    assert mark_of(again) == mark


def test_a_profile_whose_first_bookings_came_of_a_second_try_is_compared_too(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    source = write_csv([row(2, "Ann Marie")])
    assert counts_of(at.run(source, profile=profile(tmp_path, FIRST))) == {"booked": 1}
    other = write_csv([row(3, "Bob B.")], "other.csv")
    path = tmp_path / "other"
    assert counts_of(at.run(other, profile=profile(path, FIRST))) == {"invalid": 1}
    assert counts_of(at.run(other, profile=profile(path, MIDDLE))) == {"booked": 1}
    with pytest.raises(OpenQuestion):
        at.run(write_csv([row(3, "Bob")], "more.csv"), profile=profile(path, FIRST))


def test_profiles_of_one_name_in_two_folders_are_two(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    for number, place in enumerate(("Chicago", "Denver", "Chicago", "Denver"), 2):
        path = profile(tmp_path / place, ZONE.format(place))
        source = write_csv([invented_row(number)], f"{number}.csv")
        assert counts_of(at.run(source, profile=path)) == {"booked": 1}


def test_a_profile_is_the_same_behind_a_link_that_moves_on(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at, link = desk(), tmp_path / "current"
    for place in ("Chicago", "Denver"):
        profile(tmp_path / place, ZONE.format(place))
    link.symlink_to(tmp_path / "Chicago")
    at.run(write_csv([invented_row(2)]), profile=str(link / "clinic.toml"))
    link.unlink()
    link.symlink_to(tmp_path / "Denver")
    with pytest.raises(OpenQuestion):
        at.run(write_csv([invented_row(3)], "3.csv"), profile=str(link / "clinic.toml"))


def test_a_variable_is_not_the_profiles(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at, path = desk(), profile(tmp_path, ZONE.format("Chicago"))
    for number, place in enumerate(("4021", "4022", "4021"), 2):
        at.environ["SOLV_IMPORT_LOCATION_ID"] = place
        at.environ["SOLV_IMPORT_TWO_DIGIT_PIVOT"] = str(number)
        source = write_csv([invented_row(number, location_id="")], f"{number}.csv")
        assert counts_of(at.run(source, profile=path)) == {"booked": 1}


@pytest.mark.parametrize(("named", "asked"), [("mac_roman", "encoding"), ("windows-1252", "")])
def test_an_encoding_that_is_named_is_compared_with_the_one_that_was_found(
    named: str, asked: str, desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    source = write_csv([invented_row(2, first_name="José", last_name="Muñoz")])
    source.write_bytes(source.read_text("utf-8").encode("cp1252"))
    first = at.run(source, profile=profile(tmp_path, ZONE.format("Chicago")))
    assert counts_of(first) == {"booked": 1}
    told = profile(tmp_path, f'[file]\nencoding = "{named}"\n')
    july = tmp_path / "july.csv"
    july.write_bytes(source.read_bytes() + b"\r\n")
    if asked:
        with pytest.raises(OpenQuestion, match=asked):
            at.run(july, profile=told)
    else:
        assert counts_of(at.run(july, profile=told))["skipped"] == 1


def test_a_zone_that_is_known_no_more_is_another_one() -> None:
    before, now = {"timezone": "Gone/Zone"}, {"timezone": "America/Chicago"}
    assert changes_between(before, now, year=2026) == [("timezone", "Gone/Zone", "America/Chicago")]


def test_an_encoding_named_by_flag_is_about_one_file(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at, path = desk(), profile(tmp_path, '[file]\nencoding = "mac_roman"\n')
    for number, flags in ((2, {}), (3, {"encoding": "cp1252"}), (4, {})):
        source = write_csv([invented_row(number)], f"{number}.csv")
        assert counts_of(at.run(source, profile=path, **flags)) == {"booked": 1}
