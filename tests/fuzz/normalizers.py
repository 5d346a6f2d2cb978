"""The rules of every field: twice is once, and what is sent keeps its promises."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo

from importer.model import NamePattern
from importer.normalize import (
    DateRules,
    field_rules,
    join_moment,
    mapped_value,
    normalize_appointment,
    split_name,
    tidy,
)
from importer.normalize import text as text_rules
from tests.fuzz.target import Target
from tests.nasty import NASTY
from tests.promises import require_sendable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.normalize import Cell
    from tests.fuzz.target import Replace

TODAY = date(2030, 1, 7)
DATES = DateRules(order="MDY", timezone=ZoneInfo("America/Chicago"), two_digit_pivot=30)
_RULES = tuple(
    (name, rule)
    for rules in (
        field_rules(DATES, TODAY),
        field_rules(DateRules(order="DMY"), TODAY, pad_zip=True, text_location_ids=True),
        field_rules(DateRules(mixed_fields=frozenset({"birth_date"})), TODAY),
    )
    for name, rule in rules.items()
)
_OTHERS = 3
"""The joins, the splits and a clinic's own words, behind the rules of the fields."""
_SEEDS = (
    *("312-555-0142", "1 (312) 555.0142 x7", "3.125550142E+9", "+1\u2011312\u2011555\u20110142"),
    *("03/04/1985", "1985-03-04T00:00:00", "4 March 1985", "19850304", "12/31/29", "5/5/2029"),
    *("2030-01-08 09:30", "1/8/2030 9:30 PM", "2030-03-10T02:30", "2030-01-08T09:30:00+05:30"),
    *("4021.0", "1,234", "yes", "X", "Female", "illinois", "D.C.", "02134", "60601-1234"),
    *("K1A 0B1", "ada@example.com", "mailto:ada@example.com", "https://example.com/a?b=c"),
    *("Sample, Ada M", "Ada Sample", "O\u2019Neil-Sample, Ada", "\u202eadA", "'0123", "#N/A"),
    *("9:30|2030-01-08", "1899-12-30 09:30:00|1/8/2030", "09:30|01/08/2030 09:30"),
)


def judge(content: bytes) -> None:
    """Give a text to one rule."""
    number, text = (content[0] if content else 0), _text(content[1:])
    chosen = number % (len(_RULES) + _OTHERS)
    if chosen < len(_RULES):
        require_settled(*_RULES[chosen], text)
    elif chosen == len(_RULES):
        require_joined(*text.partition("|")[::2])
    elif chosen == len(_RULES) + 1:
        require_split(text)
    else:
        word, _, value = text.partition("|")
        once = mapped_value(text, {word.casefold(): value})
        assert once in {text, value}


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def require_settled(name: str, rule: object, text: str) -> Cell:
    """Fail unless a rule's answer stands, may be sent, and its suggestion means the same."""
    assert callable(rule)
    once: Cell = rule(text)
    again: Cell = rule(once.text)
    assert again.text == once.text, (name, text)
    assert again.is_error is once.is_error, (name, text)
    if once.is_error:
        assert once.text == text, (name, text)
    elif once.text:
        require_sendable(name, once.text)
    if once.suggestion:
        meant: Cell = rule(once.suggestion)
        assert meant.text == once.text, (name, text)
        assert not meant.is_error, (name, text)
        assert not once.suggestion.startswith(("=", "@")), (name, text)
    return once


def require_joined(clock: str, day: str) -> None:
    """Fail unless two halves say together what each says alone, tidied or not."""
    joined = join_moment(day, clock, DATES)
    day_cell, clock_cell = tidy(day), tidy(clock)
    if day_cell.is_error or clock_cell.is_error:
        assert joined.problem is not None, (day, clock)
        return
    tidied = join_moment(day_cell.text, clock_cell.text, DATES)
    assert (tidied.text, tidied.problem) == (joined.text, joined.problem), (day, clock)
    if joined.problem is not None or not joined.text:
        return
    moment = normalize_appointment(joined.text, DATES)
    if moment.is_error:
        return
    require_sendable("appointment_date", moment.text)
    assert normalize_appointment(moment.text, DATES).text == moment.text, (day, clock)
    day_again, _, clock_again = moment.text.partition("T")
    same = join_moment(day_again, clock_again, DATES)
    assert normalize_appointment(same.text, DATES).text == moment.text, (day, clock)


def require_split(text: str) -> None:
    """Fail unless the halves of a name, put together again, split into the same halves."""
    whole = tidy(text, joins_lines=False)
    if whole.is_error:
        return
    for pattern in get_args(NamePattern):
        name = split_name(whole.text, pattern)
        if name is None:
            continue
        first_last = pattern == "First Last"
        given = f"{name.first} {name.middle}".strip()
        again = f"{given} {name.last}" if first_last else f"{name.last}, {given}"
        assert split_name(again, pattern) == name, (pattern, text)
        assert set(name.first + name.middle + name.last) <= set(whole.text), (pattern, text)


def _plant(replace: Replace) -> None:
    """Leave what cannot be seen where it is."""
    replace(text_rules, "_INVISIBLE", re.compile("(?!)"))


def _seeds() -> Iterator[bytes]:
    count = len(_RULES) + _OTHERS
    for text in (*_SEEDS, "\uff13\uff11\uff12-555-0142", "A\u200bda"):
        yield from (bytes([number]) + text.encode() for number in range(count))
    for number, text in enumerate(NASTY):
        yield bytes([number % count]) + text.encode("utf-8", "surrogatepass")


TARGET = Target(
    name="normalizers",
    judge=judge,
    seeds=_seeds,
    words=(
        *(
            b"312",
            b"555",
            b"0142",
            b"1985",
            b"2030",
            b"/",
            b"-",
            b".",
            b":",
            b"T",
            b"Z",
            b"+",
            b"|",
        ),
        *(b"PM", b"Mar", b"E+9", b".0", b",", b"x", b"@", b"https://", b"mailto:", b"'", b"#N/A"),
        *(b"\xe2\x80\x8b", b"\xe2\x80\xae", b"\xc2\xa0", b"\xef\xbc\x91", b"\xd9\xa1", b"\xcc\x81"),
        *(b"\xc2\xb2", b"\xe2\x91\xa0", b"\xed\xa0\x80", b"\xff", b"\x00", b"\r\n", b"  ", b"jr."),
    ),
    plant=_plant,
)
