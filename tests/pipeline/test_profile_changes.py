"""What changes between two runs is asked, closed or carried on, and nobody is booked twice."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from importer.errors import OpenQuestion, SourceError
from importer.model import ChangeAccepted, HeadingsAccepted
from importer.pipeline import check_file, import_file, plan_file
from importer.pipeline.stored_settings import RULES_VERSION
from importer.problems import ProblemCode
from tests.pipeline.desk import counts_of, statuses
from tests.rows import invented_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.pipeline import RunReport
    from importer.settings import Settings
    from tests.pipeline.desk import Desk

    Write = Callable[..., Path]

PATTERN = '[split]\nPatient = "{}"\n'
WORDS = "[values.location_id]\n"
ZONE = '[dates]\ntimezone = "America/Chicago"\n'
NEW_ZONE = f'{ZONE}timezones = {{ 4023 = "America/New_York" }}\n'
PLAIN = '[file]\nheadings = ["something", "else"]\n'


def exported(*numbers: int, middle: str = " Ann") -> Iterator[dict[str, str]]:
    """Yield rows of an export with whole names."""
    for number in numbers:
        plain = invented_row(number)
        yield {
            "Patient": f"{plain['last_name']}, {plain['first_name']}{middle}",
            "Phone": plain["phone"],
            "DOB": plain["birth_date"],
            "Appointment": plain["appointment_date"],
            "Clinic": plain["location_id"],
        }


def profile(folder: Path, text: str, name: str = "clinic") -> str:
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return str(folder / f"{name}.toml")


def with_settings(at: Desk, source: Path, settings: Settings) -> RunReport:
    return import_file(
        source, settings, clock=at.clock, observer=at.observer, selection=settings.selection
    )


def test_a_changed_pattern_holds_an_export_that_holds_old_visits_too(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    at.run(write_csv(exported(2, 3)), profile=profile(tmp_path, PATTERN.format("Last, First")))
    changed = profile(tmp_path, PATTERN.format("Last, First Middle"))
    july = write_csv(exported(2, 3, 4), "july.csv")
    with pytest.raises(OpenQuestion, match=r"profile clinic .* \[split\]\.") as caught:
        at.run(july, profile=changed)
    assert caught.value.code == "IMP112"
    assert len(at.requests) == 2
    mark = re.findall("[0-9a-f]{8}", caught.value.todo)[0]
    assert caught.value.answer == ChangeAccepted(change=mark)
    assert caught.value.todo.startswith(ProblemCode.PROFILE_CHANGED.fix)

    new = write_csv(exported(4), "new.csv")
    assert counts_of(at.run(new, profile=changed, accept_change=mark)) == {"booked": 1}
    # The run that was let go on is what the next one is compared with.
    more = write_csv(exported(5), "more.csv")
    assert counts_of(at.run(more, profile=changed)) == {"booked": 1}


def test_a_mark_fits_one_change_since_one_run(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    old, new = PATTERN.format("Last, First"), PATTERN.format("Last, First Middle")
    at.run(write_csv(exported(2)), profile=profile(tmp_path, old))
    marks: list[str] = []
    for number, text in ((3, new), (4, old), (5, new)):
        source, path = write_csv(exported(number), f"{number}.csv"), profile(tmp_path, text)
        with pytest.raises(OpenQuestion) as caught:
            at.run(source, profile=path, accept_change=marks[0] if marks else None)
        marks += re.findall("[0-9a-f]{8}", caught.value.todo)
        at.run(source, profile=path, accept_change=marks[-1])
    assert len(set(marks)) == 3


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (
            "[values.location_id]\n4021 = 4021\n",
            "[values.location_id]\n4021 = 4022\n",
            "[values.location_id]",
        ),
        ('[dates]\norder = "MDY"\n', '[dates.orders]\nbirth_date = "DMY"\n', "order of birth_date"),
        (
            '[dates]\ntimezone = "America/Chicago"\n',
            '[dates.timezones]\n4021 = "America/Denver"\n',
            "timezone of 4021",
        ),
        (
            '[dates]\ntimezone = "America/Chicago"\n',
            '[dates]\ntimezone = "America/Chicago"\n[dates.timezones]\n4021 = "America/Denver"\n',
            "timezone of 4021",
        ),
        ("[defaults]\nlocation_id = 1\n", "[defaults]\nlocation_id = 2\n", "[defaults]"),
        (f"{WORDS}1 = 4021\n", f'{WORDS}"01" = 4022\n', "[values.location_id]"),
        ("", f"{WORDS}4021 = 4022\n", "[values.location_id]"),
        (f"{WORDS}4021 = 4022\n", "", "[values.location_id]"),
        (f"{WORDS}4021 = 4022\n", f"{WORDS}Lake = 4021\n", "[values.location_id]"),
        (f"{WORDS}Lake = 4021\n", f"{WORDS}Lake = 4021\n4021 = 4022\n", "[values.location_id]"),
        ("", f"{WORDS}4021 = 4021\nLake = 4022\n", ""),
        (f"{WORDS}1 = 4021\n", f'{WORDS}"1.0" = 4021\n7 = 4022\n', ""),
        (f"{ZONE}{WORDS}Lake = 4021\n", f"{NEW_ZONE}{WORDS}Lake = 4021\nHarlem = 4023\n", ""),
        (ZONE, NEW_ZONE, "timezone of 4023"),
        (ZONE, '[dates]\ntimezone = "US/Central"\n', ""),
        (ZONE, '[dates]\ntimezone = "America/Denver"\n', "timezone"),
        ("[dates]\ntwo_digit_pivot = 0\n", "[dates]\ntwo_digit_pivot = 30\n", "two_digit_pivot"),
        ("", '[dates]\norder = "MDY"\n[defaults]\nlocation_id = 1\n', ""),
        ('[dates]\norder = "MDY"\n', '[dates.orders]\nbirth_date = "MDY"\n', ""),
        ("", '[defaults]\nreason = "Flu"\n', ""),
    ],
)
def test_what_decides_who_is_booked_where_and_when_is_compared(
    before: str,
    after: str,
    named: str,
    desk: Callable[..., Desk],
    write_csv: Write,
    tmp_path: Path,
) -> None:
    at = desk()
    at.run(write_csv([invented_row(2)]), profile=profile(tmp_path, before))
    source = write_csv([invented_row(3)], "july.csv")
    changed = profile(tmp_path, after)
    if named:
        with pytest.raises(OpenQuestion, match=re.escape(named)) as caught:
            at.run(source, profile=changed)
        assert "4022" not in caught.value.message
    else:
        assert counts_of(at.run(source, profile=changed)) == {"booked": 1}


def test_a_flag_is_about_one_file_and_another_profile_is_another_clinic(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    rows = [invented_row(n, location_id="") for n in (2, 3, 4)]
    clinic = profile(tmp_path, '[dates]\ntimezone = "America/Chicago"\n')
    other = profile(tmp_path, '[dates]\ntimezone = "America/Denver"\n', "other")
    for row, place, named in zip(
        rows, ("4021", "4022", "4021"), (clinic, clinic, other), strict=True
    ):
        report = at.run(write_csv([row], f"{row['phone']}.csv"), profile=named, location_id=place)
        assert counts_of(report) == {"booked": 1}


def test_a_profile_that_has_booked_nothing_may_change(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    source = write_csv(exported(2, middle=" Ann Marie"))
    first = at.run(source, profile=profile(tmp_path, PATTERN.format("Last, First Middle")))
    assert counts_of(first) == {"invalid": 1}
    again = at.run(source, profile=profile(tmp_path, PATTERN.format("Last, First")))
    assert counts_of(again) == {"booked": 1}


def test_a_dry_run_asks_the_same(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at = desk()
    at.run(write_csv(exported(2)), profile=profile(tmp_path, PATTERN.format("Last, First")))
    settings = at.settings(profile=profile(tmp_path, PATTERN.format("Last, First Middle")))
    with pytest.raises(OpenQuestion):
        plan_file(
            write_csv(exported(3), "july.csv"),
            settings,
            clock=at.clock,
            selection=settings.selection,
        )


def test_accepted_headings_carry_their_run_on_without_another_question(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at, path = desk(), profile(tmp_path, PLAIN)
    source = write_csv(invented_row(n) for n in range(2, 10))
    with pytest.raises(OpenQuestion) as caught:
        at.run(source, profile=path)
    assert caught.value.answer == HeadingsAccepted(expected=("something", "else"))
    at.refuse_after_the_first()
    settings = at.settings(in_flight=1, profile=path).confirmed(caught.value.answer)
    first = with_settings(at, source, settings)
    assert first.summary.not_sent
    at.let_all_go()
    again = at.run(source, profile=path)
    assert again.summary.run_id == first.summary.run_id
    assert counts_of(again) == {"booked": 8}


def test_headings_that_the_profile_lists_since_are_asked_about_again(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at, path = desk(), profile(tmp_path, PLAIN)
    source = write_csv(invented_row(n) for n in range(2, 10))
    at.refuse_after_the_first()
    answer = HeadingsAccepted(expected=("something", "else"))
    with_settings(at, source, at.settings(in_flight=1, profile=path).confirmed(answer))
    at.let_all_go()
    with pytest.raises(OpenQuestion):
        at.run(source, profile=profile(tmp_path, PLAIN.replace("else", "new")))
    assert counts_of(at.resume()) == {"booked": 8}


def age(at: Desk, run: RunReport) -> None:
    """Let a run be one that an earlier version began."""
    (database,) = (at.folder / "state").glob("*/ledger.db")
    with closing(sqlite3.connect(database)) as ledger, ledger:
        (kept,) = ledger.execute(
            "SELECT settings FROM run WHERE run_id = ?", [run.summary.run_id]
        ).fetchone()
        older = json.loads(kept) | {"rules_version": RULES_VERSION - 1}
        for name in ("profile", "by_flag", "headings", "accepted_headings"):
            del older[name]
        ledger.execute(
            "UPDATE run SET settings = ? WHERE run_id = ?",
            [json.dumps(older, sort_keys=True), run.summary.run_id],
        )


@pytest.fixture
def stopped(desk: Callable[..., Desk], write_csv: Write) -> tuple[Desk, Path, RunReport]:
    """Return a run of an earlier version that was stopped after the first of its eight rows."""
    at = desk()
    source = write_csv(invented_row(n) for n in range(2, 10))
    at.refuse_after_the_first()
    first = at.run(source, in_flight=1)
    assert first.summary.not_sent
    at.let_all_go()
    age(at, first)
    return at, source, first


def test_a_run_of_an_earlier_version_is_closed_and_its_file_planned_anew(
    stopped: tuple[Desk, Path, RunReport],
) -> None:
    at, source, first = stopped
    booked = first.summary.booked
    again = at.run(source)
    assert again.summary.run_id != first.summary.run_id
    assert counts_of(again) == {"booked": 8 - booked, "skipped": booked}
    assert any("another version of solv-import" in notice for notice in at.observer.notices)
    assert counts_of(at.run(source)) == {"skipped": 8}


def test_a_run_of_an_earlier_version_is_resumed_where_its_requests_are_the_same(
    stopped: tuple[Desk, Path, RunReport],
) -> None:
    at, _, _ = stopped
    assert counts_of(at.resume()) == {"booked": 8}


def test_where_they_are_not_the_advice_leads_on(stopped: tuple[Desk, Path, RunReport]) -> None:
    at, source, first = stopped
    (database,) = (at.folder / "state").glob("*/ledger.db")
    with closing(sqlite3.connect(database)) as ledger, ledger:
        ledger.execute("UPDATE row SET request = zeroblob(32) WHERE state = 'ready'")
    with pytest.raises(SourceError) as caught:
        at.resume()
    assert "closes this run" in caught.value.todo
    assert counts_of(at.run(source))["booked"] == 8 - first.summary.booked


def test_a_file_without_its_headings_leaves_no_patient_behind(
    desk: Callable[..., Desk], tmp_path: Path
) -> None:
    at = desk()
    names = ("first_name", "last_name", "phone", "birth_date", "appointment_date", "location_id")
    path = profile(tmp_path, f"[file]\nheadings = {json.dumps(names)}\n")
    cells = ("Zelda", "Canary", "(312) 555-0142", "Mar 4, 1985", "Feb 1, 2090 9:30 AM", "4021")
    source = tmp_path / "visits.csv"
    source.write_text(
        ",".join(f'"{cell}"' for cell in cells) + '\nAnn,Lee,1,"Mar 5, 1985",x,4021\n',
        encoding="utf-8",
    )
    summary = tmp_path / "last.json"
    settings = replace(at.settings(profile=path), show_values=True, summary=summary)
    with pytest.raises(SourceError) as caught:
        with_settings(at, source, settings)
    told = summary.read_text("utf-8") + caught.value.message + caught.value.todo
    assert "IMP110" in caught.value.code or "IMP101" in caught.value.code
    assert [cell for cell in (*cells, "Zelda") if cell in told] == []


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_twins_are_held_and_a_row_that_comes_again_is_not(
    kind: str, desk: Callable[..., Desk], write_csv: Write, write_xlsx: Write, tmp_path: Path
) -> None:
    at, path = desk(), profile(tmp_path, PATTERN.format("Last, First Middle"))
    rows = [*exported(2), *exported(2, middle=" Beth"), *exported(2), *exported(2, middle="  ANN")]
    source = (write_csv if kind == "csv" else write_xlsx)(rows)
    checked = check_file(source, at.settings(profile=path), clock=at.clock)
    assert (checked.ready, checked.duplicate, checked.invalid, checked.exit_code) == (1, 2, 1, 1)
    report = at.run(source, profile=path, only_valid=True)
    assert counts_of(report) == {"booked": 1, "duplicate": 2, "invalid": 1}
    assert statuses(report)[3] == "invalid"
    assert report.exit_code == 1
    codes = {group.code.code for group in report.groups}
    assert codes == {"IMP301", "IMP305"}


def test_a_twin_of_last_month_is_told_too(
    desk: Callable[..., Desk], write_csv: Write, tmp_path: Path
) -> None:
    at, path = desk(), profile(tmp_path, PATTERN.format("Last, First Middle"))
    at.run(write_csv(exported(2)), profile=path)
    july = at.run(write_csv(exported(2, middle=" Beth"), "july.csv"), profile=path)
    assert (counts_of(july), july.exit_code) == ({"skipped": 1}, 1)
    assert [group.code.code for group in july.groups] == ["IMP303"]
    same = at.run(write_csv(exported(2), "august.csv"), profile=path)
    assert (counts_of(same), same.exit_code) == ({"skipped": 1}, 0)
