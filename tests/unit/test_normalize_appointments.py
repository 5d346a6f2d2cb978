"""An appointment is one instant, with the clinic's offset, or it is refused."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from importer.normalize import DateRules, field_rules, normalize_appointment
from importer.problems import ProblemCode

P = ProblemCode
LOS_ANGELES = DateRules(timezone=ZoneInfo("America/Los_Angeles"))
NO_RULES = DateRules()


@pytest.mark.parametrize(
    "written",
    [
        "2026-12-01T09:30:00",
        "2026-12-01 09:30:00",
        "2026-12-01 09:30",
        "2026-12-01 9:30",
        "2026-12-01T09:30:00.000000000",
        "2026-12-01 9:30 AM",
        "2026-12-01 9:30am",
        "2026-12-01 9:30 a.m.",
        "2026/12/01 09:30",
        "Dec 1, 2026 9:30 AM",
        "December 1, 2026 at 9:30 AM",
        "1 Dec 2026, 09:30",
        "01-Dec-2026 09:30:00 AM",
        " 2026-12-01  09:30 ",
        "2026-12-01T09:30:00-08:00",
        "2026-12-01T09:30:00-0800",
        "2026-12-01T09:30-08",
        "2026-12-01 09:30:00 -08:00",
    ],
)
def test_time_comes_out_with_seconds_and_offset(written: str) -> None:
    cell = normalize_appointment(written, LOS_ANGELES)
    assert (cell.text, cell.problem) == ("2026-12-01T09:30:00-08:00", None)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("2026-12-01T09:30:00-05:00", "2026-12-01T09:30:00-05:00"),
        ("2026-12-01T17:30:00Z", "2026-12-01T17:30:00+00:00"),
        ("2026-12-01 17:30 UTC", "2026-12-01T17:30:00+00:00"),
        ("2026-12-01T17:30:00-00:00", "2026-12-01T17:30:00+00:00"),
        ("2026-12-01T17:30:00+05:30", "2026-12-01T17:30:00+05:30"),
        ("2026-11-01T01:30:00-07:00", "2026-11-01T01:30:00-07:00"),
    ],
)
@pytest.mark.parametrize("rules", [NO_RULES, LOS_ANGELES])
def test_written_offset_is_kept_whatever_zone_is_set(
    written: str, sent: str, rules: DateRules
) -> None:
    cell = normalize_appointment(written, rules)
    assert (cell.text, cell.problem) == (sent, None)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("2026-07-01 12:00 AM", "2026-07-01T00:00:00-07:00"),
        ("2026-07-01 12:30 PM", "2026-07-01T12:30:00-07:00"),
        ("2026-07-01 1 PM", "2026-07-01T13:00:00-07:00"),
        ("2026-07-01 23:59:59", "2026-07-01T23:59:59-07:00"),
        ("2026-03-08 01:59", "2026-03-08T01:59:00-08:00"),
        ("2026-03-08 03:00", "2026-03-08T03:00:00-07:00"),
        ("2026-11-01 00:59", "2026-11-01T00:59:00-07:00"),
        ("2026-11-01 02:00", "2026-11-01T02:00:00-08:00"),
    ],
)
def test_summer_and_winter_have_their_own_offset(written: str, sent: str) -> None:
    assert normalize_appointment(written, LOS_ANGELES).text == sent


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("2026-12-01", P.APPOINTMENT_NO_TIME),
        ("12/01/2026", P.APPOINTMENT_NO_TIME),
        ("Dec 1, 2026", P.APPOINTMENT_NO_TIME),
        ("2026-03-08 02:30", P.APPOINTMENT_DST_GAP),
        ("2026-03-08 02:00", P.APPOINTMENT_DST_GAP),
        ("2026-11-01 01:30", P.APPOINTMENT_DST_OVERLAP),
        ("2026-11-01 01:00", P.APPOINTMENT_DST_OVERLAP),
        ("2026-12-01 24:00", P.APPOINTMENT_UNREADABLE),
        ("2026-12-01 25:00", P.APPOINTMENT_UNREADABLE),
        ("2026-12-01 09:60", P.APPOINTMENT_UNREADABLE),
        ("2026-12-01 09:30:60", P.APPOINTMENT_UNREADABLE),
        ("2026-12-01 13:30 PM", P.APPOINTMENT_UNREADABLE),
        ("2026-12-01 0:30 AM", P.APPOINTMENT_UNREADABLE),
        ("2026-12-01T09:30:00.5", P.APPOINTMENT_UNREADABLE),
        ("2026-12-01T09:30:00+15:00", P.APPOINTMENT_UNREADABLE),
        ("2026-12-01T09:30:00+05:60", P.APPOINTMENT_UNREADABLE),
        ("2026-12-01T09:30:00-13:00", P.APPOINTMENT_UNREADABLE),
        ("2026-12-01T09:30:00-05:10", P.APPOINTMENT_UNREADABLE),
        ("2026-12-01 09:30 EST", P.APPOINTMENT_UNREADABLE),
        ("tomorrow 09:30", P.APPOINTMENT_UNREADABLE),
        ("next week", P.APPOINTMENT_UNREADABLE),
        ("0001-01-01T00:00:00+14:00", P.APPOINTMENT_UNREADABLE),
        ("9999-12-31T23:59:59-14:00", P.APPOINTMENT_UNREADABLE),
        ("2026-02-29 09:30", P.DATE_NOT_IN_CALENDAR),
        ("12/01/2026 09:30", P.DATE_ORDER_NEEDED),
        ("12/01/26 09:30", P.DATE_TWO_DIGIT_YEAR),
        ("09:30:00", P.DATE_PARTIAL),
        ("Dec 1 09:30", P.DATE_PARTIAL),
        ("46357.395833", P.DATE_SERIAL),
        ("2026-12-01\x1f09:30", P.CELL_CONTROL_CHARACTER),
    ],
)
def test_time_that_would_need_a_guess_is_refused_and_kept(
    written: str, problem: ProblemCode
) -> None:
    cell = normalize_appointment(written, LOS_ANGELES)
    assert (cell.text, cell.problem) == (written, problem)


@pytest.mark.parametrize(
    "written",
    [
        "2026-12-01 09:30-10:00",
        "2026-12-01 09:30 -10:00",
        "2026-12-01 09:30-09:45",
        "2026-12-01 9:30-1015",
        "2026-12-01 13:00-14:00",
        "Dec 1, 2026 9 am-10",
        "2026-12-01 9:30 AM -10",
        "2026-12-01 09:30 +10",
        "2026-12-01 06:30-07:00",  # the offset of summer, in winter
    ],
)
def test_the_end_of_a_visit_is_no_offset(written: str) -> None:
    cell = normalize_appointment(written, LOS_ANGELES)
    assert (cell.text, cell.problem) == (written, P.APPOINTMENT_SPAN)
    assert field_rules(LOS_ANGELES, date(2026, 1, 1))["appointment_date"](written).suggestion == ""
    assert normalize_appointment(written, NO_RULES).problem is P.TIMEZONE_NEEDED


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("2026-12-01 09:30-08:00", "2026-12-01T09:30:00-08:00"),
        ("2026-12-01 07:30 AM -08", "2026-12-01T07:30:00-08:00"),
        ("2026-07-01 09:30 -0700", "2026-07-01T09:30:00-07:00"),
        ("2026-11-01 01:30 -08:00", "2026-11-01T01:30:00-08:00"),
        ("2026-11-01 01:30 -07:00", "2026-11-01T01:30:00-07:00"),
    ],
)
def test_the_offset_that_the_zone_has_then_is_one(written: str, sent: str) -> None:
    cell = normalize_appointment(written, LOS_ANGELES)
    assert (cell.text, cell.problem) == (sent, None)


def test_the_zone_that_tells_an_offset_is_that_of_the_location() -> None:
    rules = DateRules(
        timezone=ZoneInfo("America/New_York"),
        timezone_by_location={"4021": ZoneInfo("America/Denver")},
    )
    written = "2026-12-01 09:30 -07:00"
    assert normalize_appointment(written, rules, "4021").text == "2026-12-01T09:30:00-07:00"
    assert normalize_appointment(written, rules, "4022").problem is P.APPOINTMENT_SPAN


def test_order_decides_what_numbers_mean() -> None:
    written = "12/01/2026 9:30 AM"
    month_first = DateRules(order="MDY", timezone=ZoneInfo("America/Chicago"))
    day_first = DateRules(order="DMY", timezone=ZoneInfo("America/Chicago"))
    assert normalize_appointment(written, month_first).text == "2026-12-01T09:30:00-06:00"
    assert normalize_appointment(written, day_first).text == "2026-01-12T09:30:00-06:00"


def test_local_time_without_a_zone_is_a_question() -> None:
    cell = normalize_appointment("2026-12-01 09:30", NO_RULES)
    assert (cell.text, cell.problem) == ("2026-12-01 09:30", P.TIMEZONE_NEEDED)


def test_zone_of_the_location_wins_over_the_general_one() -> None:
    rules = DateRules(
        timezone=ZoneInfo("America/New_York"),
        timezone_by_location={"4021": ZoneInfo("America/Denver")},
    )
    assert normalize_appointment("2026-12-01 09:30", rules, "4021").text.endswith("-07:00")
    assert normalize_appointment("2026-12-01 09:30", rules, "4022").text.endswith("-05:00")


def test_location_without_a_zone_is_a_question() -> None:
    rules = DateRules(timezone_by_location={"4021": ZoneInfo("America/Denver")})
    assert normalize_appointment("2026-12-01 09:30", rules, "7").problem is P.TIMEZONE_NEEDED


def test_empty_appointment_is_no_problem_of_its_form() -> None:
    assert normalize_appointment(" ", NO_RULES).problem is None
