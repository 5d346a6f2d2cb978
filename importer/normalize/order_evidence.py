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


@dataclass(slots=True)
class OrderEvidence:
    """Counts the dates of one column by the orders in which they are days of the calendar."""

    month_first: int = 0
    """Dates that fit only month/day."""
    day_first: int = 0
    """Dates that fit only day/month."""
    both: int = 0
    """Dates that fit both, as different days."""

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
