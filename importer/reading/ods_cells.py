"""A cell of an OpenDocument sheet: what it keeps, what people see in it, and what is odd."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from importer.reading.misleading import TRUTHS
from importer.reading.ods_xml import COLUMNS_REPEATED, FORMULA, OFFICE, TABLE, VALUE_TYPE, count
from importer.reading.scan import (
    BELOW_ZERO,
    CONTROL,
    ERROR,
    MASKED,
    NOT_CALCULATED,
    RESTYLED,
    VALUE_USED,
)
from importer.reading.shown_numbers import is_masked_number, is_same_number
from importer.sheet_limits import COLUMN_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.number_formats import NumberFormat

STRING = f"{OFFICE}string-value"

_STYLE_NAME, _NUMBER, _TIME = f"{TABLE}style-name", f"{OFFICE}value", f"{OFFICE}time-value"
_TRUTH = f"{OFFICE}boolean-value"
_CALC_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_ERROR_TEXT = re.compile(r"\s*(?:#[A-Z/0!?]+|Err:\d+)\s*")
_NUMBERS = frozenset({"float", "percentage", "currency"})
_MOMENTS, _TEXTS = frozenset({"date", "time"}), frozenset({"", "string"})
_TIME_OF_DAY = re.compile(r"PT(?:[01]?[0-9]|2[0-3])H.*")


class Cell:
    """A cell whose end has not been met."""

    def __init__(self, attributes: dict[str, str]) -> None:
        """Begin with the attributes that it opens with.

        Raises:
            ValueError: It comes more often than a row has columns.
        """
        self.attributes = attributes
        self.kind = attributes.get(VALUE_TYPE, "")
        self.repeated = count(attributes, COLUMNS_REPEATED, COLUMN_LIMIT)
        self.paragraphs: list[str] = []
        self.has_gap = False

    @property
    def text(self) -> str:
        """Return what people see in it."""
        return "\n".join(self.paragraphs)

    @property
    def style(self) -> str:
        """Return the name of the style of its own, "" when it has none."""
        return self.attributes.get(_STYLE_NAME, "")

    @property
    def is_plain(self) -> bool:
        """Return whether nothing is to be said of it, which is so of nearly every cell."""
        attributes = self.attributes
        if FORMULA in attributes or STRING in attributes or self.has_gap:
            return False
        return self.kind in _TEXTS and attributes.get(_CALC_TYPE) != "error"

    @property
    def says_otherwise(self) -> bool:
        """Return whether its value is another text than the one that people see."""
        value = self.attributes.get(STRING)
        return bool(value and self.paragraphs and value.split() != self.text.split())

    @property
    def may_be_masked(self) -> bool:
        """Return whether its format decides what there is to say of it."""
        if self.kind in _NUMBERS:
            return self.text != self.attributes.get(_NUMBER, "")
        return self.kind in _MOMENTS or (self.kind == "string" and STRING in self.attributes)

    def findings(self, shown_as: NumberFormat | None) -> Iterator[int]:
        """Yield what is to be said of it beside its value.

        Args:
            shown_as: Its format, None when that shows it as it is, or does not matter.

        Raises:
            ValueError: Its text is another one, and no format says why.
        """
        if (found := self._finding()) is not None:
            yield found
        if found == ERROR:
            return
        if self.kind in _MOMENTS and shown_as is not None and shown_as.says_more:
            yield MASKED
        if self.kind == "time":
            yield from self._of_time(self.attributes.get(_TIME, ""))
        elif self.kind in _NUMBERS:
            yield from self._of_number(shown_as)
        elif self.kind == "boolean":
            yield from self._of_truth(self.attributes.get(_TRUTH, ""))
        elif self.kind == "string" and self._is_masked_text(shown_as):
            yield MASKED

    def _finding(self) -> int | None:
        is_formula = FORMULA in self.attributes
        has_error_text = is_formula and _ERROR_TEXT.fullmatch(self.text) is not None
        if self.attributes.get(_CALC_TYPE) == "error" or has_error_text:
            return ERROR
        if self.has_gap:
            return CONTROL
        if not is_formula:
            return None
        is_empty_result = not self.kind and self.paragraphs and not self.text.strip()
        return VALUE_USED if self.kind or is_empty_result else NOT_CALCULATED

    def _of_time(self, value: str) -> Iterator[int]:
        """Yield what is wrong with a time; calamine hands those that are none on as they stand."""
        if value.startswith("-"):
            yield BELOW_ZERO
        elif not _TIME_OF_DAY.fullmatch(value):
            yield RESTYLED

    def _of_truth(self, value: str) -> Iterator[int]:
        """Yield what is wrong with TRUE or FALSE: that people see the other one."""
        said = TRUTHS.get(self.text.strip().casefold())
        if said is not None and said != (value == "true"):
            yield MASKED

    def _of_number(self, shown_as: NumberFormat | None) -> Iterator[int]:
        """Yield what is to be said of a number beside the text that people see."""
        if not self.may_be_masked:
            return
        try:
            value = float(self.attributes.get(_NUMBER, ""))
        except ValueError:  # no number, which calamine says as well
            return
        finding = None
        if self.paragraphs:
            if is_masked_number(self.text, value, shown_as):
                finding = RESTYLED if is_same_number(self.text, value) else MASKED
        elif shown_as is not None:
            finding = shown_as.finding(value)
        if finding is not None:
            yield finding

    def _is_masked_text(self, shown_as: NumberFormat | None) -> bool:
        value = self.attributes.get(STRING, "")
        if not self.says_otherwise:
            return bool(value and not self.paragraphs and shown_as and shown_as.alters_texts)
        if shown_as is None or shown_as.shown(value).split() != self.text.split():
            raise ValueError
        return True
