"""What a profile that is written anew would lose, and what of it is shown before."""

from __future__ import annotations

import tomllib

import pytest

from importer.settings.profile_differences import changed_lines, left_behind
from importer.settings.profile_text import Profile

OLD = """
[columns]
"Tel." = "phone"

[values]
pad_zip = true

[values.location_id]
Lakeview = 4021

[dates]
order = "MDY"
timezone = "America/Chicago"
two_digit_pivot = 30

[run]
rate = "1/s"
only_valid = true
deadline_s = 30.5

[file]
header_row = 2
source_password_file = "~/secret"
headings = ["DOB", "Tel."]
"""


def test_settings_that_a_new_profile_says_nothing_about_are_known() -> None:
    new = Profile(headings=["DOB"], reading={"header_row": "1"}, timezone="America/Denver")
    assert left_behind(tomllib.loads(OLD), tomllib.loads(new.toml())) == {
        "values": {"pad_zip": True},
        "dates": {"two_digit_pivot": 30},
        "run": {"rate": "1/s", "only_valid": True, "deadline_s": 30.5},
        "file": {"source_password_file": "~/secret"},
    }


def test_what_is_carried_over_stands_in_the_text_as_it_stood() -> None:
    before = tomllib.loads(OLD)
    new = Profile(kept=left_behind(before, {}))
    after = tomllib.loads(new.toml())
    assert after["run"] == before["run"]
    assert after["values"] == {"pad_zip": True}
    assert after["dates"] == {"timezone": "America/Chicago", "two_digit_pivot": 30}


@pytest.mark.parametrize(
    ("new", "lines"),
    [
        (OLD, []),
        ("# a comment\n" + OLD.replace("4021", '"4021"').replace("true", '"true"'), []),
        (OLD.replace("4021", "4022"), ["~ [values.location_id] Lakeview = 4022, was 4021"]),
        (OLD.replace("only_valid = true\n", ""), ["- [run] only_valid = true"]),
        (OLD.replace("[run]", "[run]\nin_flight = 3"), ["+ [run] in_flight = 3"]),
        (
            OLD.replace('"DOB", "Tel."', '"Tel.", "DOB"'),
            ["~ [file] headings: in another order"],
        ),
        (
            OLD.replace('headings = ["DOB", "Tel."]', 'headings = ["DOB", "Call"]'),
            ['- [file] headings: "Tel."', '+ [file] headings: "Call"'],
        ),
    ],
)
def test_what_differs_is_a_line_each_and_nothing_else_is(new: str, lines: list[str]) -> None:
    assert changed_lines(tomllib.loads(OLD), tomllib.loads(new)) == lines


def test_a_heading_that_could_move_the_cursor_is_shown_without_it() -> None:
    (line,) = changed_lines({}, {"columns": {"Tel\x9b2J": "phone"}})
    assert line == '+ [columns] "Tel 2J" = "phone"'
