"""Dates by explicit forms, one after the other; what can be read in two ways is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import TYPE_CHECKING, assert_never

from importer.normalize.cell import Cell, without_wide_digits
from importer.normalize.text import tidy
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from importer.model import DateOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRules:
    """What the settings say about dates that do not speak for themselves."""

    order: DateOrder | None = None
    """How 03/04/1985 is meant; None makes it a question for the file."""
    orders: Mapping[str, DateOrder] = field(default_factory=dict)
    """Orders of single columns, by API field; they win over `order`."""
    mixed_fields: frozenset[str] = frozenset()
    """Fields whose column holds dates of both orders: one that fits both is refused."""
    is_mixed: bool = False
    """The same, of the one field that these rules are for."""
    timezone: ZoneInfo | None = None
    """The zone of a time without offset; None makes it a question for the file."""
    timezone_by_location: Mapping[str, ZoneInfo] = field(default_factory=dict)
    """Zones by location id, as normalized text; they win over `timezone`."""
    two_digit_pivot: int | None = None
    """The last two-digit year of this century: with 25, `25` is 2025 and `26` is 1926."""

    @property
    def knows_a_zone(self) -> bool:
        """Return whether any time without an offset has a zone."""
        return self.timezone is not None or bool(self.timezone_by_location)

    def of(self, name: str) -> DateRules:
        """Return the rules for the column of one field."""
        order = self.orders.get(name, self.order)
        return replace(self, order=order, is_mixed=name in self.mixed_fields)


FITS_MDY_ONLY = "it can only be month first"
FITS_DMY_ONLY = "it can only be day first"
"""Hints with a date that has one reading only, which is not that of the rules."""

OLDEST_AGE = 130
"""Nobody on record lived longer than 122 years; above this a year was mistyped."""

_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTHS = {
    word: number for number, name in enumerate(_MONTH_NAMES, start=1) for word in (name, name[:3])
} | {"sept": 9}

_ISO = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_NUMERIC = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_MAYBE_NUMERIC = re.compile(r"[\s']*[0-9]{1,2}[-/.][0-9]")
"""Tells most other texts apart at once; a whole column comes by."""
_GAP = r"[ .,/-]{1,2}"
_DAY = r"([0-9]{1,2})(?:st|nd|rd|th)?"
_YEAR = r"([0-9]{4}|[0-9]{2})"
_MONTH_FIRST = re.compile(rf"([A-Za-z]+){_GAP}{_DAY}{_GAP}{_YEAR}")
_DAY_FIRST = re.compile(rf"{_DAY}{_GAP}([A-Za-z]+){_GAP}{_YEAR}")
_PARTIAL = re.compile(
    r"(?:19|20)[0-9]{2}"  # 1985
    r"|[0-9]{4}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.](?:[0-9]{4}|[0-9]{1,2})"  # 1985-03, 3/1985, 3/4
    rf"|([A-Za-z]+)(?:{_GAP}(?:[0-9]{{1,2}}|[0-9]{{4}}))?|(?:[0-9]{{1,2}}){_GAP}([A-Za-z]+)"
)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")

_CLOCK = re.compile(
    r"(?:(?P<day>.+?)(?:(?<=[0-9])(?P<machine>[Tt])|,? at |,? ))?"
    r"(?:(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"|(?P<bare_hour>[0-9]{1,2}) ?(?P<bare_half>[AaPp])\.?[Mm]\.?)"
    r"(?: ?(?P<offset>[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_NOON = 12
_LAST_HOUR = 23
_LAST_MINUTE = 59


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a text is no date."""

    problem: ProblemCode
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A text that ends with a time of day, taken apart."""

    day: str = field(repr=False)
    """What stands before the time; "" when nothing does."""
    time: time | None
    """None when there is no such time, such as 24:00."""
    offset: str
    """`Z`, `UTC`, `GMT` or a signed offset as written; "" when there is none."""
    is_offset_sure: bool = False
    """Whether a program wrote the offset: behind `T` or seconds, or as `Z`, `UTC` or `GMT`.

    People write the end of a visit like that: 09:30-10:00.
    """


def normalize_birth_date(text: str, rules: DateRules, today: date) -> Cell:
    """Return a birth date as `YYYY-MM-DD`.

    A time of midnight is what a spreadsheet's date cell carries, and is dropped; another is
    refused.
    """
    cell = tidy(text)
    if cell.is_error or not cell.text:
        return cell
    plain = without_wide_digits(cell.text)
    clock = read_clock(plain)
    born = read_date(plain if clock is None else clock.day, rules)
    if isinstance(born, Unread):
        return Cell(text, born.problem, born.hint)
    if clock is not None and clock.time != time():
        return Cell(text, ProblemCode.BIRTH_DATE_HAS_TIME)
    if born > today:
        return Cell(text, ProblemCode.BIRTH_DATE_IN_FUTURE)
    if _age(born, today) > OLDEST_AGE:
        return Cell(text, ProblemCode.BIRTH_DATE_TOO_OLD)
    is_newborn = born == today
    return Cell(born.isoformat(), ProblemCode.BIRTH_DATE_TODAY if is_newborn else cell.problem)


def read_date(text: str, rules: DateRules) -> date | Unread:
    """Return the one day that `text` can mean, or why there is none."""
    if match := _ISO.fullmatch(text):
        return _day(int(match[1]), int(match[3]), int(match[4]))
    if match := _NUMERIC.fullmatch(text):
        return _ordered(int(match[1]), int(match[3]), match[4], rules)
    if (match := _MONTH_FIRST.fullmatch(text)) and (month := _MONTHS.get(match[1].lower())):
        return _named(match[3], month, int(match[2]), rules)
    if (match := _DAY_FIRST.fullmatch(text)) and (month := _MONTHS.get(match[2].lower())):
        return _named(match[3], month, int(match[1]), rules)
    # Day, month and year run together can only be meant this way round when the year comes
    # first: turned round, its 19 or 20 would have to be a month.
    if match := _COMPACT.fullmatch(text):
        return _day(int(match[1]), int(match[2]), int(match[3]))
    return Unread(_why_unread(text))


def read_clock(text: str) -> Clock | None:
    """Return `text` taken apart into day and time, or None when it has no time of day."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour = _hour(int(match["hour"] or match["bare_hour"]), match["half"] or match["bare_half"])
    minute, second = int(match["minute"] or 0), int(match["second"] or 0)
    # Solv's times end at seconds; a rest other than zeros is no time a clinic wrote.
    is_exact = not (match["fraction"] or "").strip("0")
    exists = hour is not None and max(minute, second) <= _LAST_MINUTE and is_exact
    return Clock(
        day=match["day"] or "",
        time=time(hour or 0, minute, second) if exists else None,
        offset=match["offset"] or "",
        is_offset_sure=_is_offset_sure(match),
    )


def _is_offset_sure(match: re.Match[str]) -> bool:
    offset = match["offset"] or ""
    return offset.isalpha() or (bool(offset) and bool(match["machine"] or match["second"]))


def _hour(written: int, half: str | None) -> int | None:
    """Return the hour of the day, or None for 24, 13 PM and 0 AM."""
    if half is None:
        return written if written <= _LAST_HOUR else None
    if not 1 <= written <= _NOON:
        return None
    return written % _NOON + (_NOON if half in "Pp" else 0)


def has_short_year(text: str) -> bool:
    """Return whether a cell of dates has a year of two digits."""
    plain = without_wide_digits(tidy(text).text)
    clock = read_clock(plain)
    found = read_date(plain if clock is None else clock.day, DateRules())
    return isinstance(found, Unread) and found.problem is ProblemCode.DATE_TWO_DIGIT_YEAR


def orders_of(text: str, rules: DateRules) -> tuple[DateOrder, ...]:
    """Return the orders in which a date of three numbers can be read, in any cell of dates.

    Returns:
        Nothing for a text that is no such date, and for one such as 03/03/1985, which is the
        same day in both.
    """
    if text.isascii() and not _MAYBE_NUMERIC.match(text):
        return ()
    cell = tidy(text)
    if cell.is_error:
        return ()
    plain = without_wide_digits(cell.text)
    clock = read_clock(plain)
    match = _NUMERIC.fullmatch(plain if clock is None else clock.day)
    if match is None or (year := _year(match[4], rules)) is None:
        return ()
    first, second = int(match[1]), int(match[3])
    month_first, day_first = _day(year, first, second), _day(year, second, first)
    if month_first == day_first:
        return ()
    readings: tuple[tuple[DateOrder, date | Unread], ...]
    readings = (("MDY", month_first), ("DMY", day_first))
    return tuple(order for order, day in readings if isinstance(day, date))


def _ordered(first: int, second: int, year_text: str, rules: DateRules) -> date | Unread:
    """Return the day of a date of three numbers, which needs the order of the settings."""
    year = _year(year_text, rules)
    if year is None:
        return Unread(ProblemCode.DATE_TWO_DIGIT_YEAR)
    month_first, day_first = _day(year, first, second), _day(year, second, first)
    if month_first == day_first:
        return month_first
    if rules.is_mixed and isinstance(month_first, date) and isinstance(day_first, date):
        return Unread(ProblemCode.DATE_ORDER_MIXED)
    match rules.order:
        case "MDY":
            return _expected(month_first, day_first, FITS_DMY_ONLY)
        case "DMY":
            return _expected(day_first, month_first, FITS_MDY_ONLY)
        case None:
            return _undecided(month_first, day_first, is_mixed=rules.is_mixed)
        case _:
            assert_never(rules.order)


def _expected(day: date | Unread, other: date | Unread, hint: str) -> date | Unread:
    """Return the day in the order of the rules; say so if only the other order has one."""
    if isinstance(day, Unread) and isinstance(other, date):
        return Unread(day.problem, hint)
    return day


def _undecided(
    month_first: date | Unread, day_first: date | Unread, *, is_mixed: bool
) -> date | Unread:
    """Return the only reading of a date in a column of both orders; else ask for the order."""
    if not is_mixed:
        return Unread(ProblemCode.DATE_ORDER_NEEDED, _fits_one(month_first, day_first))
    return month_first if isinstance(month_first, date) else day_first


def _fits_one(month_first: date | Unread, day_first: date | Unread) -> str:
    if isinstance(day_first, Unread):
        return FITS_MDY_ONLY
    return FITS_DMY_ONLY if isinstance(month_first, Unread) else ""


def _named(year_text: str, month: int, day: int, rules: DateRules) -> date | Unread:
    year = _year(year_text, rules)
    return Unread(ProblemCode.DATE_TWO_DIGIT_YEAR) if year is None else _day(year, month, day)


def _year(text: str, rules: DateRules) -> int | None:
    """Return a year of four digits, or None when the century is missing and no rule gives it."""
    year = int(text)
    if len(text) == len("1985"):
        return year
    if rules.two_digit_pivot is None:
        return None
    return year + (2000 if year <= rules.two_digit_pivot else 1900)


def _day(year: int, month: int, day: int) -> date | Unread:
    try:
        return date(year, month, day)
    except ValueError:
        return Unread(ProblemCode.DATE_NOT_IN_CALENDAR)


def _why_unread(text: str) -> ProblemCode:
    """Return the most helpful of the reasons for which `text` is no date."""
    if not text:
        return ProblemCode.DATE_PARTIAL
    if match := _PARTIAL.fullmatch(text):
        month = match[1] or match[2]
        if month is None or month.lower() in _MONTHS:
            return ProblemCode.DATE_PARTIAL
    if _NUMBER.fullmatch(text):
        return ProblemCode.DATE_SERIAL
    return ProblemCode.DATE_UNREADABLE


def _age(born: date, today: date) -> int:
    had_birthday = (today.month, today.day) >= (born.month, born.day)
    return today.year - born.year - (0 if had_birthday else 1)
