"""The example row of the template: an invented patient, known again in any file and any order.

Nobody else can have its name, phone, e-mail, clinic or reason, and its dates can never be booked:
a cell of it that is left over in a real patient's row is seen, or refused by the rule of its field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from importer.folding import folded
from importer.model import DATE_FIELDS
from importer.normalize import tidy
from importer.normalize.phone import normalize_phone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    CellOf: TypeAlias = Callable[[str, int], str]
    """A field and a position to what the source holds there."""

EXAMPLE: Mapping[str, str] = MappingProxyType(
    {
        "first_name": "Example",
        "last_name": "Patient",
        "phone": "(202) 555-0147",
        "birth_date": "1890-05-14",
        "appointment_date": "2020-01-15 09:30",
        "location_id": "Example clinic",
        "email": "example.patient@example.com",
        "reason": "Example: sore throat",
    }
)
"""API field -> what the example row holds; every other cell of it is empty.

No state, no ZIP code, no yes or no: left over, they would look like the patient's own.
"""

_TELLING = ("first_name", "last_name", "phone", "location_id", "email", "reason")
"""Fields whose example no patient has; either half of the name is somebody's who is invented."""
_END_SIGNS = " .,;:!?"
_LONGEST_END = 3
"""Room for such signs, in characters."""
_NUMBER = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRow:
    """A row that holds the example, or some of it."""

    is_whole: bool
    """Whether it stands as the template wrote it."""
    fields: tuple[str, ...]
    """Those in which the row still holds what no patient has."""


def example_rows(columns: Mapping[str, Sequence[str]], cell_of: CellOf) -> dict[int, ExampleRow]:
    """Return by position the rows that hold the example, or cells that only it can have.

    Args:
        columns: Normalized texts of every field that has a column in the source.
        cell_of: What the source itself holds, asked for such rows alone.
    """
    left: dict[int, list[str]] = {}
    for name in _TELLING:
        for position in _places(columns.get(name, ()), _sent(name)):
            left.setdefault(position, []).append(name)
    return {
        position: ExampleRow(
            is_whole=all(_is_as_written(name, position, columns, cell_of) for name in columns),
            fields=tuple(names),
        )
        for position, names in left.items()
    }


def is_example_date(name: str, text: str) -> bool:
    """Return whether a cell of dates has the example's day, in whatever order it is written.

    It lies too far back to be a patient's, and says nothing of the order of the others.

    Args:
        name: The field.
        text: What the source holds there, with or without a time.
    """
    example = EXAMPLE[name]
    if example[:4] not in text:
        return False
    return _numbers(text) in (_numbers(example), _numbers(example.split()[0]))


def _places(texts: Sequence[str], wanted: str) -> list[int]:
    # Nearly no cell has the length; only those are looked at.
    most = len(wanted) + _LONGEST_END
    near = (n for n, text in enumerate(texts) if len(wanted) <= len(text) <= most)
    return [n for n in near if _is_alike(texts[n], wanted)]


def _is_alike(text: str, wanted: str) -> bool:
    """Return whether two texts are one but for capitals and a sign at the end."""
    return folded(text).rstrip(_END_SIGNS) == folded(wanted)


def _is_as_written(
    name: str, position: int, columns: Mapping[str, Sequence[str]], cell_of: CellOf
) -> bool:
    """Return whether a row's cell is the example's."""
    if name not in EXAMPLE:
        return not cell_of(name, position).strip()
    if name in DATE_FIELDS:
        # Programs write dates anew, in an order of their own; the numbers stay.
        return _numbers(cell_of(name, position)) == _numbers(EXAMPLE[name])
    return _is_alike(columns[name][position], _sent(name))


def _numbers(text: str) -> list[int]:
    """Return the numbers in a text but for zeros, such as those of seconds, sorted."""
    return sorted(int(number) for number in _NUMBER.findall(tidy(text).text) if int(number))


@cache
def _sent(name: str) -> str:
    """Return the example's text as a rule leaves it."""
    text = EXAMPLE[name]
    return normalize_phone(text).text if name == "phone" else text
