"""How a run is told: lines for a log, JSON Lines, and who may be asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from importer.cli.bar import narrator_for
from importer.cli.progress import JsonNarrator, LineNarrator, Narrator, Pulse, QuietNarrator
from importer.cli.terminal import duration
from importer.problems import ProblemCode
from importer.reports import PlanView, ProblemExample, ProblemGroup, ProgressView
from importer.settings import load_settings

if TYPE_CHECKING:
    from importer.settings import Settings

START = datetime(2030, 1, 7, 9, 30, tzinfo=UTC)


@dataclass
class HandClock:
    """A clock that goes on when told to."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def settings(tmp_path: Path, **flags: object) -> Settings:
    environ = {"SOLV_IMPORT_CONFIG_DIR": str(tmp_path)}
    return load_settings(flags, environ=environ, folder=tmp_path)


def counts(done: int, total: int = 1000, **more: Any) -> ProgressView:
    return ProgressView(
        run_id="2030-01-07-7f3a", total=total, done=done, booked=done, rejected=0, unknown=0, **more
    )


def plan(**more: Any) -> PlanView:
    group = ProblemGroup(
        code=ProblemCode.PHONE_NOT_US,
        field="phone",
        column_letter="C",
        heading="Cell #",
        rows=3,
        examples=(ProblemExample(7, 7, "canary-value", "9 digits"),),
    )
    whole = PlanView(
        run_id="2030-01-07-7f3a",
        source_name="june.csv",
        base_url="https://solv.example.com",
        is_loopback=False,
        is_resumed=False,
        ledger=Path("ledger.db"),
        results=Path("june.results.xlsx"),
        rate="5/s",
        in_flight=5,
        rows_in=1204,
        to_send=1187,
        booked=0,
        skipped=9,
        duplicate=0,
        invalid=8,
        left_out=0,
        blank=0,
        rejected=0,
        unknown=0,
        not_sent=1187,
        estimated_s=240.0,
        is_held=False,
        groups=(group,),
    )
    return replace(whole, **more)


def test_a_line_comes_every_five_percent_and_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = HandClock()
    narrator = LineNarrator(settings(tmp_path), clock)
    for done in range(0, 1001, 10):
        clock.seconds = done / 20
        narrator.progress(counts(done))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" done=")[1].split("/")[0] for line in lines] == [
        str(done) for done in range(50, 1001, 50)
    ]
    assert lines[1] == (
        "2030-01-07T09:30:05Z run=2030-01-07-7f3a done=100/1000"
        " booked=100 rejected=0 unknown=0 rate=20.00 eta_s=45"
    )


def test_a_line_comes_every_thirty_seconds_when_nothing_moves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = HandClock()
    narrator = LineNarrator(settings(tmp_path), clock)
    for second in range(91):
        clock.seconds = float(second)
        narrator.progress(counts(0))
    lines = capsys.readouterr().err.splitlines()
    assert [line[:20] for line in lines] == [
        "2030-01-07T09:30:30Z",
        "2030-01-07T09:31:00Z",
        "2030-01-07T09:31:30Z",
    ]
    assert all(line.endswith("rate=0.00 eta_s=?") for line in lines)


def test_a_short_run_does_not_flood_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = HandClock()
    narrator = LineNarrator(settings(tmp_path), clock)
    for done in range(61):
        clock.seconds = done / 40
        narrator.progress(counts(done, 60))
    (only,) = capsys.readouterr().err.splitlines()
    assert "done=60/60" in only


def test_the_rate_is_that_of_the_last_minute() -> None:
    pulse = Pulse()
    for second in range(121):
        pulse.add(float(second), second if second <= 60 else 60 + (second - 60) * 5)
    assert pulse.per_s(120.0, 360) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("limit", "paused", "eta_s"), [(None, 0.0, 90), (5.0, 0.0, 90), (50.0, 10.0, 100)]
)
def test_the_end_is_told_from_the_measured_pace(
    limit: float | None, paused: float, eta_s: float
) -> None:
    pulse = Pulse()
    pulse.add(0.0, 0)
    view = counts(100, limit_per_s=limit, paused_s=paused)
    assert pulse.eta_s(10.0, view) == pytest.approx(eta_s)


def test_with_json_progress_and_plan_are_objects_on_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = HandClock()
    narrator = JsonNarrator(settings(tmp_path, yes=True), clock)
    assert narrator.planned(plan())
    narrator.progress(counts(0))
    clock.seconds = 10.0
    narrator.progress(counts(100))
    narrator.notice("a sentence")
    out, err = capsys.readouterr()
    shown, progress = (json.loads(line) for line in out.splitlines())
    assert (shown["type"], shown["to_send"], shown["results"]) == (
        "plan",
        1187,
        "june.results.xlsx",
    )
    assert "value" not in shown["problems"][0]["examples"][0]
    assert progress == {
        "type": "progress",
        "at": "2030-01-07T09:30:10Z",
        "run_id": "2030-01-07-7f3a",
        "done": 100,
        "total": 1000,
        "booked": 100,
        "rejected": 0,
        "unknown": 0,
        "waiting": 0,
        "rate": 10.0,
        "eta_s": 90,
        "paused_s": 0,
    }
    assert err == "a sentence\n"


@pytest.mark.parametrize(
    ("flags", "more", "goes_on"),
    [
        ({}, {}, False),
        ({"yes": True}, {}, True),
        ({}, {"is_loopback": True}, True),
        ({}, {"to_send": 0}, True),
        ({"yes": True}, {"is_held": True}, False),
        ({}, {"is_held": True, "is_loopback": True}, False),
        ({"non_interactive": True}, {}, False),
    ],
)
def test_where_nobody_can_answer_only_yes_or_loopback_goes_on(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flags: dict[str, object],
    more: dict[str, object],
    goes_on: bool,  # noqa: FBT001 - an expected outcome
) -> None:
    narrator = LineNarrator(settings(tmp_path, **flags), HandClock())
    assert narrator.planned(plan(**more)) is goes_on
    shown = capsys.readouterr().err
    assert "1,187 to send" in shown or more.get("to_send") == 0
    assert "canary-value" not in shown


def test_the_plan_names_production_and_sandbox(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    narrator = Narrator(settings(tmp_path), HandClock())
    narrator.show_plan(plan())
    assert "PRODUCTION https://solv.example.com" in capsys.readouterr().err
    narrator.show_plan(plan(is_loopback=True, is_resumed=True))
    assert "(carried on)" in capsys.readouterr().err


def test_the_first_answers_promise_no_more_than_the_limit() -> None:
    pulse = Pulse()
    pulse.add(0.0, 0)
    assert pulse.eta_s(0.1, counts(10, limit_per_s=5.0)) == pytest.approx(198)
    assert pulse.eta_s(0.0, counts(0)) is None


def test_a_line_tells_of_a_pause(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = HandClock()
    narrator = LineNarrator(settings(tmp_path), clock)
    narrator.progress(counts(0))
    clock.seconds = 30.0
    narrator.progress(counts(1, paused_s=12.2))
    assert capsys.readouterr().err.rstrip().endswith(" paused_s=12")


def test_the_plan_counts_one_row_as_one_and_shortens_the_way_to_the_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    Narrator(settings(tmp_path), HandClock()).show_plan(
        plan(rows_in=1, to_send=1, skipped=0, invalid=0, ledger=tmp_path / "x" / "ledger.db")
    )
    told = capsys.readouterr().err
    assert "\nledger ~/x/ledger.db\n" in told
    assert "1 row · 1 to send · about 4 min 00 s" in told


def test_quiet_says_nothing_of_plan_and_progress(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    narrator = narrator_for(settings(tmp_path, quiet=True), HandClock(), is_terminal=True)
    assert isinstance(narrator, QuietNarrator)
    with narrator:
        assert narrator.planned(plan(is_loopback=True))
        narrator.progress(counts(1000))
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_drawn_on_a_terminal_and_gone_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    clock = HandClock()
    with narrator_for(settings(tmp_path), clock, is_terminal=True) as narrator:
        narrator.notice("before the bar")
        narrator.progress(counts(1, limit_per_s=5.0, last_problem="422 phone", last_problem_rows=1))
        clock.seconds = 10.0
        narrator.notice("above [the] bar")
        narrator.progress(counts(1000, paused_s=3.0))
    drawn = capsys.readouterr().err
    assert "1/1000" in drawn
    assert "1000/1000" in drawn
    assert "last: 422 phone (1 row)" in drawn
    assert "above [the] bar" in drawn
    assert "paused by the server: 3 s to go, then slower" in drawn
    assert "skipped" not in drawn
    assert "waiting" not in drawn
    # What was drawn last is erased: nothing but the line that adds up stays.
    assert drawn.endswith("\x1b[2K")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.6, "1 min 00 s"), (95, "1 min 35 s"), (7440, "2 h 04 min")],
)
def test_a_span_of_time_is_said_as_people_say_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text
