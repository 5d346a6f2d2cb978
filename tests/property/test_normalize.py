"""Whatever a cell holds, a rule answers, and its answer stands."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.formulas import looks_like_formula, marked, unmarked
from importer.model import BOOKING_FIELDS, DATE_FIELDS
from importer.normalize import DateRules, field_rules, normalize_phone
from tests.fuzz.normalizers import require_joined, require_split

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.normalize import Cell

TODAY = date(2030, 1, 7)
RULES: dict[str, Callable[[str], Cell]] = {
    **field_rules(
        DateRules(order="MDY", timezone=ZoneInfo("America/Chicago"), two_digit_pivot=30), TODAY
    ),
    **{
        f"{name} (mixed)": rule
        for name, rule in field_rules(
            DateRules(mixed_fields=frozenset(DATE_FIELDS), timezone=ZoneInfo("UTC")), TODAY
        ).items()
        if name in DATE_FIELDS
    },
    **{
        f"{name} (other settings)": rule
        for name, rule in field_rules(
            DateRules(order="DMY"), TODAY, pad_zip=True, text_location_ids=True
        ).items()
    },
}

anything = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
pieces = st.sampled_from(
    [
        *"0123456789 -/.:,'+()@#xeETZ\t\n\u00a0\u200b\u200c\u200d\u0301\u00e9\u202e\ufeff\u3000",
        *("312", "555", "0142", "1985", "03", "2030", "PM", "Mar", "00:00", "+1", "e9", ".0"),
        *("ann", "example.com", "https://", "mailto:", "yes", "IL", "K1A", "\u0628", "\U0001f600"),
    ]
)
nearly_right = st.lists(pieces, max_size=14).map("".join)
cells = st.one_of(anything, nearly_right)


def test_every_field_has_a_rule() -> None:
    assert set(BOOKING_FIELDS) <= set(RULES)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=60, deadline=None)
@given(text=cells)
def test_rule_answers_any_text_and_twice_is_once(name: str, text: str) -> None:
    rule = RULES[name]
    once = rule(text)
    again = rule(once.text)
    assert again.text == once.text
    assert again.is_error is once.is_error
    if once.is_error:
        assert once.text == text


@settings(max_examples=200, deadline=None)
@given(text=cells)
def test_accepted_phone_has_the_form_of_e164(text: str) -> None:
    cell = normalize_phone(text)
    if not cell.is_error and cell.text:
        assert re.fullmatch(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}", cell.text)


@settings(max_examples=100, deadline=None)
@given(digits=st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True))
def test_every_way_of_writing_a_number_is_the_same_number(digits: str) -> None:
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    for written in (
        digits,
        f"1{digits}",
        f"+1{digits}",
        f"({area}) {exchange}-{line}",
        f"{area}.{exchange}.{line}",
        f"{digits}.0",
    ):
        assert normalize_phone(written).text == f"+1{digits}"


@settings(max_examples=100, deadline=None)
@given(born=st.dates(min_value=date(1900, 1, 8), max_value=TODAY))
def test_every_way_of_writing_a_day_is_the_same_day(born: date) -> None:
    month_first, day_first = RULES["birth_date"], RULES["birth_date (other settings)"]
    assert month_first(f"{born.month}/{born.day}/{born.year}").text == born.isoformat()
    assert day_first(f"{born.day}/{born.month}/{born.year}").text == born.isoformat()
    assert month_first(f"{born.isoformat()}T00:00:00").text == born.isoformat()
    assert month_first(born.strftime("%d %B %Y")).text == born.isoformat()


formulas = st.tuples(
    st.text('= +-@\t\r\n"\u00a0\u200b\u200d\ufeff\uff1d\uff0b\uff0d\uff20\x00', max_size=4), cells
).map("".join)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=60, deadline=None)
@given(text=formulas.filter(looks_like_formula))
def test_an_apostrophe_before_a_formula_makes_no_other_booking(name: str, text: str) -> None:
    """Results as CSV hold one; whoever reads them, and saves them as what, sends the same."""
    plain, again = RULES[name](text), RULES[name](marked(text))
    assert again.is_error == plain.is_error
    if plain.is_error:
        assert again.problem is plain.problem
    else:
        assert again.text == plain.text


@given(text=st.one_of(formulas, anything))
def test_the_apostrophe_comes_off_as_it_was_put_on(text: str) -> None:
    assert not looks_like_formula(marked(text))
    assert unmarked(marked(text)) == unmarked(text)
    if not text.startswith("'"):
        assert unmarked(marked(text)) == text


@settings(max_examples=200, deadline=None)
@given(clock=cells, day=cells)
def test_two_halves_say_together_what_each_says_tidied(clock: str, day: str) -> None:
    require_joined(clock, day)


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(cells, st.from_regex(r"[A-Za-z' -]{1,9}, ?[A-Za-z .-]{1,9}", fullmatch=True)))
def test_the_halves_of_a_name_put_together_split_the_same_again(text: str) -> None:
    require_split(text)
