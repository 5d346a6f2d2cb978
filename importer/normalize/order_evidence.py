"""What the dates of a whole column say about their order of day and month."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model import ORDER_WORDS
from importer.normalize.dates import orders_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.model import DateOrder
    from importer.normalize.dates import DateRules

_MONTHS = 12


def may_be_turned(text: str) -> bool:
    """Return whether a date as `YYYY-MM-DD...` is another day with day and month changed round."""
    month, day = int(text[5:7]), int(text[8:10])
    return day <= _MONTHS and day != month


@dataclass(slots=True)
class OrderEvidence:
    """Counts the dates of one column by the orders in which they are days of the calendar."""

    month_first: int = 0
    """Dates that fit only month/day."""
    day_first: int = 0
    """Dates that fit only day/month."""
    both: int = 0
    """Dates that fit both, as different days."""
    typed_early: int = 0
    """Dates of a workbook's own that are a day in the other order, too: another one."""
    typed_late: int = 0
    """Those whose day is past the 12th."""

    def add(self, texts: Iterable[str], rules: DateRules) -> None:
        """Count some cells of the column."""
        for text, count in Counter(texts).items():
            match orders_of(text, rules):
                case ("MDY",):
                    self.month_first += count
                case ("DMY",):
                    self.day_first += count
                case (_, _):
                    self.both += count
                case _:
                    pass

    def add_typed(self, texts: Iterable[str]) -> None:
        """Count some dates of the workbook's own, by the text that stands for each."""
        for text in texts:
            self.typed_early += may_be_turned(text)
            self.typed_late += int(text[8:10]) > _MONTHS

    @property
    def is_turned(self) -> bool:
        """Return whether a spreadsheet may have changed day and month round in its own dates.

        Programs take 03/04/1985 for a date of their own order, and leave 13/04/1985 a text. So it
        looks where texts fit one order only, and no date of the workbook's own has a late day.
        """
        has_texts = bool(self.month_first or self.day_first)
        return has_texts and bool(self.typed_early) and not self.typed_late

    @property
    def is_ordered(self) -> bool:
        """Return whether any date needs an order to be read."""
        return bool(self.month_first or self.day_first or self.both)

    @property
    def is_mixed(self) -> bool:
        """Return whether no order fits all of them."""
        return bool(self.month_first and self.day_first)

    def contradicts(self, order: DateOrder | None) -> bool:
        """Return whether some date fits only the other order than the one that was given."""
        return bool(self.day_first if order == "MDY" else self.month_first) and order is not None

    @property
    def order(self) -> DateOrder | None:
        """Return the one order that fits all of them, None when both do or neither."""
        if bool(self.month_first) == bool(self.day_first):
            return None
        return "MDY" if self.month_first else "DMY"

    def __str__(self) -> str:
        """Return the evidence as people read it."""
        return (
            f"{self.month_first:,} {_dates(self.month_first)} only {ORDER_WORDS['MDY']}, "
            f"{self.day_first:,} only {ORDER_WORDS['DMY']}, {self.both:,} both"
        )


def _dates(count: int) -> str:
    return "date fits" if count == 1 else "dates fit"
