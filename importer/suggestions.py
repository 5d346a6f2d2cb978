"""What a file's headings and cells suggest for a profile; a person decides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from importer.folding import folded
from importer.headings import (
    NEAR_ENOUGH,
    heading_key,
    known_field,
    score_of,
    unsure_field,
    without_note,
)
from importer.model import BOOKING_FIELDS, NAME_PATTERNS
from importer.normalize import (
    DateRules,
    OrderEvidence,
    field_rules,
    has_short_year,
    read_clock,
    split_name,
    tidy,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from importer.model import NamePattern

_PRE_SELECTED = 90
"""Of 100: from here on a suggestion stands already chosen, and below it is only offered."""

_MOST_WORDS = 200
"""A column of more different words than this holds no clinics or visit types."""

_SHORTEST_SLIP = 4
"""Letters; of shorter words too many are one letter apart."""

_LONGEST_HEADING = 60
_WHOLE_NAMES = frozenset(
    (
        *("name", "fullname", "patient", "patientname", "patientfullname", "ptname", "pt"),
        *("client", "clientname", "customername", "nameofpatient", "wholename"),
    )
)
_LIKE_DATA = re.compile(r"@|[0-9]{4}|[0-9][-/.:][0-9]|\([0-9]{3}\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A field that a heading may stand for."""

    field: str
    score: float
    """Of 100."""
    is_sure: bool = False
    """Whether the heading is a known name, so that nobody need be asked."""
    is_open: bool = False
    """Whether the heading is known to mean this field or another thing: only a person can say."""

    @property
    def is_pre_selected(self) -> bool:
        """Return whether it may stand already chosen."""
        return self.score >= _PRE_SELECTED and not self.is_open


def suggest_field(heading: str) -> Suggestion | None:
    """Return the field that a heading most likely stands for, None when none comes near."""
    known = known_field(heading)
    if known is not None:
        return Suggestion(field=known, score=100, is_sure=True)
    unsure = unsure_field(heading)
    if unsure is not None:
        return Suggestion(field=unsure, score=100, is_open=True)
    score, best = max((score_of(name, heading), name) for name in BOOKING_FIELDS)
    if "(" in without_note(heading):  # Birth date (S): whose it is may stand there
        score = min(score, _PRE_SELECTED - 1)
    return Suggestion(field=best, score=score) if score >= NEAR_ENOUGH else None


def names_whole_people(heading: str) -> bool:
    """Return whether a heading sounds like first and last name in one column."""
    return heading_key(heading) in _WHOLE_NAMES


def looks_like_data(text: str) -> bool:
    """Return whether a heading, or a clinic's word, may be a patient's data instead.

    Dates, phone numbers, addresses of e-mail, long numbers and long text never go into a
    profile, which lies in git.
    """
    is_odd = len(text) > _LONGEST_HEADING or not text.isprintable()
    return is_odd or bool(_LIKE_DATA.search(without_note(text)))


@dataclass(slots=True, kw_only=True)
class ColumnFacts:
    """What the cells of one column are, as far as a profile needs to know."""

    words: dict[str, int] | None = field(default_factory=dict, repr=False)
    """Every different value and how many cells hold it; None when too many for a list of words."""
    filled: int = 0
    days: int = 0
    """Dates without a time of day, or with midnight."""
    clocks: int = 0
    """Times of day without a date."""
    local_times: int = 0
    """Times of day, with or without a date, that lack an offset which a program wrote."""
    short_years: int = 0
    """Dates whose year has two digits."""
    evidence: OrderEvidence = field(default_factory=OrderEvidence)
    splits: dict[NamePattern, int] = field(default_factory=lambda: dict.fromkeys(NAME_PATTERNS, 0))
    """How many cells each pattern splits."""

    def add(self, texts: Iterable[str], *, is_name: bool, is_date: bool) -> None:
        """Look at some cells of the column."""
        for raw in texts:
            text = tidy(raw).text
            if not text:
                continue
            self.filled += 1
            self._keep(text)
            if is_date:
                self._add_date(text)
            if is_name:
                for pattern in NAME_PATTERNS:
                    self.splits[pattern] += split_name(text, pattern) is not None

    def _keep(self, text: str) -> None:
        if self.words is not None:
            self.words[text] = self.words.get(text, 0) + 1
            if len(self.words) > _MOST_WORDS:
                self.words = None

    def _add_date(self, text: str) -> None:
        clock = read_clock(text)
        if clock is None:
            self.days += 1
        elif clock.time is not None:
            is_midnight = bool(clock.day) and clock.time.isoformat() == "00:00:00"
            self.days += is_midnight
            self.clocks += not clock.day
            self.local_times += not clock.is_offset_sure and not is_midnight
        self.short_years += has_short_year(text)
        self.evidence.add([text], _PIVOTED)

    def count_of(self, word: str) -> int:
        """Return how many cells hold a word, whatever its case."""
        key = folded(word)
        return sum(count for text, count in (self.words or {}).items() if folded(text) == key)

    @property
    def is_mostly_times(self) -> bool:
        """Return whether more than half of the cells are times of day."""
        return self.clocks * 2 > self.filled

    @property
    def is_mostly_days(self) -> bool:
        """Return whether more than half of the cells lack a time of day."""
        return self.days * 2 > self.filled

    @property
    def is_time_alone(self) -> bool:
        """Return whether all cells are times of day."""
        return 0 < self.filled == self.clocks

    @property
    def is_day_alone(self) -> bool:
        """Return whether all cells are dates without a time."""
        return 0 < self.filled == self.days


_PIVOTED = DateRules(two_digit_pivot=99)
"""So that dates with short years count as evidence, too."""


_KNOWN_WORDS = {"paperwork_status": frozenset({"incomplete", "complete"})}
"""Words of fields whose rule takes any text; Solv documents the first one as the default."""


def unknown_words(facts: ColumnFacts, name: str, today: date) -> tuple[str, ...]:
    """Return the words of a column that the usual rule of a field refuses, or Solv may not know.

    Words that look like data are left out: they are no clinic's own, and go into no profile.
    Those of most cells come first, so that a misspelled one comes after the right one.
    """
    rule, known = field_rules(DateRules(), today)[name], _KNOWN_WORDS.get(name)
    unclear = (
        word
        for word in sorted(facts.words or (), key=facts.count_of, reverse=True)
        if rule(word).is_error or (known is not None and word not in known)
    )
    return tuple(word for word in unclear if not looks_like_data(word))


def near_word(word: str, known: Sequence[str]) -> str | None:
    """Return the known word that this one may be a slip of: one letter more, less, or another.

    Digits must be the same, because Lake 1 and Lake 2 are two clinics.
    """
    key = heading_key(word)
    if len(key) < _SHORTEST_SLIP:
        return None
    for other in known:
        wanted = heading_key(other)
        is_near = OSA.distance(key, wanted, score_cutoff=1) <= 1
        if is_near and _digits(key) == _digits(wanted):
            return other
    return None


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
