"""Yes and no, sex, state and ZIP code come from fixed tables and forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.normalize import (
    STATES,
    normalize_birth_sex,
    normalize_boolean,
    normalize_state,
    normalize_zip,
)
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.normalize import Cell

P = ProblemCode


@pytest.mark.parametrize("written", ["yes", "Y", "TRUE", "t", "1", "1.0", "x", "X", "on", " Yes "])
def test_yes(written: str) -> None:
    cell = normalize_boolean(written)
    assert (cell.text, cell.problem) == ("true", None)


@pytest.mark.parametrize("written", ["no", "N", "False", "f", "0", "0.0", "off", "\uff10"])
def test_no(written: str) -> None:
    cell = normalize_boolean(written)
    assert (cell.text, cell.problem) == ("false", None)


@pytest.mark.parametrize("written", ["maybe", "2", "-1", "-", "yes no", "yess", "?"])
def test_neither_yes_nor_no_is_refused(written: str) -> None:
    cell = normalize_boolean(written)
    assert (cell.text, cell.problem) == (written, P.BOOLEAN_UNKNOWN)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        *[(word, "male") for word in ("m", "M", "Male", "MAN", "boy")],
        *[(word, "female") for word in ("f", "F", "Female", "WOMAN", "girl")],
    ],
)
def test_known_sex_is_mapped(written: str, sent: str) -> None:
    cell = normalize_birth_sex(written)
    assert (cell.text, cell.problem) == (sent, None)


@pytest.mark.parametrize("written", ["u", "other", "unknown", "X", "mf", "1"])
def test_unknown_sex_is_refused(written: str) -> None:
    cell = normalize_birth_sex(written)
    assert (cell.text, cell.problem) == (written, P.BIRTH_SEX_UNKNOWN)


@pytest.mark.parametrize(
    "rule", [normalize_boolean, normalize_birth_sex, normalize_state, normalize_zip]
)
def test_empty_cell_stays_empty(rule: Callable[[str], Cell]) -> None:
    cell = rule("  ")
    assert (cell.text, cell.problem) == ("", None)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("IL", "IL"),
        ("il", "IL"),
        ("Illinois", "IL"),
        ("new  york", "NY"),
        ("N.Y.", "NY"),
        ("D.C.", "DC"),
        ("Washington, DC", "DC"),
        ("District of Columbia", "DC"),
        ("West Virginia", "WV"),
        ("Puerto Rico", "PR"),
        ("AE", "AE"),
    ],
)
def test_state_becomes_two_letters(written: str, sent: str) -> None:
    cell = normalize_state(written)
    assert (cell.text, cell.problem) == (sent, None)


@pytest.mark.parametrize("written", ["ZZ", "Ontario", "ON", "Illinoi", "T3X", "17", "I/L"])
def test_unknown_state_is_refused(written: str) -> None:
    cell = normalize_state(written)
    assert (cell.text, cell.problem) == (written, P.STATE_UNKNOWN)


def test_all_states_are_there() -> None:
    assert len(STATES) == 50 + len({"DC"}) + len({"PR", "GU", "VI", "AS", "MP"}) + 3


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("60601", "60601"),
        ("02134", "02134"),
        ("60601.0", "60601"),
        ("60601-1234", "60601-1234"),
        ("60601 1234", "60601-1234"),
        ("60601 - 1234", "60601-1234"),
        ("606011234", "60601-1234"),
        ("60601\u20131234", "60601-1234"),
        ("\uff16\uff10\uff16\uff10\uff11", "60601"),
    ],
)
def test_zip_code_takes_one_form(written: str, sent: str) -> None:
    cell = normalize_zip(written)
    assert (cell.text, cell.problem) == (sent, None)


@pytest.mark.parametrize(
    ("written", "padded"),
    [
        ("2134", "02134"),
        ("2134.0", "02134"),
        ("501", "00501"),
        ("2134-1234", "02134-1234"),
        ("21341234", "02134-1234"),
    ],
)
def test_lost_zero_is_put_back_only_where_the_settings_say_so(written: str, padded: str) -> None:
    refused = normalize_zip(written)
    assert (refused.text, refused.problem) == (written, P.LEADING_ZERO_LOST)
    accepted = normalize_zip(written, pads=True)
    assert (accepted.text, accepted.problem) == (padded, P.ZIP_PADDED)


@pytest.mark.parametrize("pads", [True, False])
@pytest.mark.parametrize(
    "written", ["1", "12", "6060112345", "60601-12", "ABCDE", "60601.5", "6E4"]
)
def test_what_is_no_zip_code_is_refused(written: str, *, pads: bool) -> None:
    cell = normalize_zip(written, pads=pads)
    assert (cell.text, cell.problem) == (written, P.ZIP_INVALID)


@pytest.mark.parametrize("written", ["K1A 0B1", "k1a0b1", "K1A-0B1"])
def test_canadian_code_is_sent_as_it_is_with_a_warning(written: str) -> None:
    cell = normalize_zip(written)
    assert (cell.text, cell.problem) == (written, P.ZIP_FOREIGN)
