"""Columns by their letters, both ways."""

from __future__ import annotations

import pytest

from importer.lettering import column_index, column_letter


@pytest.mark.parametrize(
    ("index", "letters"),
    [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")],
)
def test_a_column_is_called_as_spreadsheets_call_it(index: int, letters: str) -> None:
    assert column_letter(index) == letters


def test_every_column_of_a_sheet_is_found_again_by_its_letters() -> None:
    assert all(column_index(column_letter(index)) == index for index in range(16_384))


@pytest.mark.parametrize("text", ["", "a", "A1", "\u00c4", "A "])
def test_what_is_no_column_has_no_index(text: str) -> None:
    assert column_index(text) is None
