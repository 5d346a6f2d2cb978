"""What changed in the headings is named; case and spaces are no change."""

from __future__ import annotations

import pytest

from importer.drift import heading_changes

EXPECTED = ("First", "Last", "DOB", "Cell #", "Notes")


def changes(*found: str, expected: tuple[str, ...] = EXPECTED, show: bool = True) -> list[str]:
    told = heading_changes(expected, dict(enumerate(found)), show=show)
    return [": ".join(part for part in (p.place, p.hint) if part) for p in told]


@pytest.mark.parametrize(
    "found",
    [
        EXPECTED,
        ("FIRST", " last ", "dob", "CELL  #", "notes"),
        ("First", "Last", "", "DOB", "Cell #", "Notes"),
    ],
)
def test_the_same_headings_are_no_change(found: tuple[str, ...]) -> None:
    assert changes(*found) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (("First", "Last", "DOB", "Cell #"), ["'Notes' is missing"]),
        ((*EXPECTED, "Plan"), ["column F: another heading is new"]),
        (("First", "Last", "DOB", "Cells #", "Notes"), ["column D: 'Cell #' is \"Cells #\" now"]),
        (("First", "Last", "Born", "Cell #", "Notes"), ["column C: 'DOB' is \"Born\" now"]),
        (("Last", "First", "DOB", "Cell #", "Notes"), ["column A: 'Last' has moved here"]),
        (("DOB", "First", "Last", "Cell #", "Notes"), ["column A: 'DOB' has moved here"]),
        ((*EXPECTED, "Notes"), ["column F: another heading is new"]),
        (
            ("Last", "DOB", "Cell #", "Plan", "Notes"),
            ["'First' is missing", "column D: another heading is new"],
        ),
    ],
)
def test_each_change_is_named_with_its_column(found: tuple[str, ...], told: list[str]) -> None:
    assert changes(*found) == told


def test_an_empty_heading_of_the_profile_is_none() -> None:
    assert changes(*EXPECTED, expected=("First", "Last", "", "DOB", "Cell #", "Notes")) == []


def test_nothing_of_an_unknown_heading_is_told_where_it_may_be_a_patient() -> None:
    found = ("Zelda", "Secretname", "1985-03-04", "312-555-0142", "x")
    told = " ".join(changes(*found))
    assert not any(word in told for word in found[:4])
    assert "column A: 'First' is another heading now" in told


@pytest.mark.parametrize("name", ["Firth", "Street", "Lst", "Birthday"])
def test_a_name_that_reads_like_a_heading_goes_into_no_log(name: str) -> None:
    told = changes(name, "Ana", "1985-03-04", "312-555-0142", name, show=False)
    assert name not in " ".join(told)
    assert any(line.startswith("column A: ") for line in told)


def test_a_known_or_similar_heading_is_quoted_at_a_terminal() -> None:
    assert changes("First", "Last", "DOB", "Cells #", "Birthday") == [
        "column D: 'Cell #' is \"Cells #\" now",
        "column E: 'Notes' is \"Birthday\" now",
    ]
