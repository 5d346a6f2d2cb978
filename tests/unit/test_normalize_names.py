"""A whole name is split where the pattern leaves no doubt, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.model import NAME_PATTERNS
from importer.normalize import split_name

if TYPE_CHECKING:
    from importer.model import NamePattern

COMMA, SPACE, MIDDLE = NAME_PATTERNS


@pytest.mark.parametrize(
    ("pattern", "text", "first", "last"),
    [
        (COMMA, "Lee, Ann", "Ann", "Lee"),
        (COMMA, "Lee,Ann", "Ann", "Lee"),
        (COMMA, "van der Berg, Ana", "Ana", "van der Berg"),
        (COMMA, "St. John, Ana", "Ana", "St. John"),
        (COMMA, "O'Brien-Lee, Mary Ann", "Mary Ann", "O'Brien-Lee"),
        (COMMA, "de la O, Maria", "Maria", "de la O"),
        (COMMA, "Ii, Naomi", "Naomi", "Ii"),
        (COMMA, "Do, Q", "Q", "Do"),
        (COMMA, "Nguyen, Vi", "Vi", "Nguyen"),
        (COMMA, "Rahman, Md Ali", "Md Ali", "Rahman"),
        (COMMA, "Smith, J.R.", "J.R.", "Smith"),
        (COMMA, "\u5c71\u7530, \u592a\u90ce", "\u592a\u90ce", "\u5c71\u7530"),
        (MIDDLE, "Lee, Ann", "Ann", "Lee"),
        (MIDDLE, "Lee, Ann B.", "Ann", "Lee"),
        (MIDDLE, "van der Berg, Ana Maria", "Ana", "van der Berg"),
        (SPACE, "Ann Lee", "Ann", "Lee"),
        (SPACE, "Jean-Luc O'Brien", "Jean-Luc", "O'Brien"),
    ],
)
def test_a_name_of_the_pattern_is_split(
    pattern: NamePattern, text: str, first: str, last: str
) -> None:
    name = split_name(text, pattern)
    assert name is not None
    assert (name.first, name.last) == (first, last)
    assert first not in repr(name)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        *((COMMA, text) for text in ("Smith Jr., Bob", "Smith, Bob Jr.", "Smith, Jr., Bob")),
        *((COMMA, text) for text in ("Smith V, Bob", "Smith III, Bob", "Smith, Jr", "Smith")),
        *((COMMA, text) for text in ("Smith, ", ", Bob", "Smith, Bob M.", "Smith, M Bob")),
        *((COMMA, text) for text in ("Smith, Dr. Bob", "Mrs Smith, Ana", 'Smith, Robert "Bob"')),
        *((COMMA, text) for text in ("Smith, Bob (Bobby)", "Smith, Bob & Ana", "Smith, Bob 2nd")),
        *((COMMA, text) for text in ("Bob Smith", "Smith; Bob", "Smith, Bob/Rob")),
        *(
            (COMMA, text)
            for text in ("Lee, Bob MD", "Lee, Bob M.D.", "LEE, BOB DO", "Lee, Rev Bob")
        ),
        *(
            (COMMA, text)
            for text in ("Lee, Bob PhD", "Lee, Bob Ph.D.", "Lee, Ann rn", "Lee, Ann NP")
        ),
        *(
            (COMMA, text)
            for text in ("Lee, Bob VI", "Lee, Bob vii", "DECEASED, Lee", "Lee, Bob aka Rob")
        ),
        *((MIDDLE, text) for text in ("Lee, Bob MD", "Lee MD, Bob", "Lee, Deceased")),
        *((SPACE, text) for text in ("Rev. Lee", "Ann RN")),
        *((MIDDLE, text) for text in ("Lee, Ann Marie Louise", "Lee, Ann Jr", "Ann Lee", "Lee, ")),
        *((SPACE, text) for text in ("Ana van der Berg", "Mary Ann Smith", "Cher", "Lee, Ann")),
        *((SPACE, text) for text in ("Bob Jr.", "Mr. Smith", "Ann  B Lee")),
    ],
)
def test_a_name_that_leaves_a_doubt_is_not_split(pattern: NamePattern, text: str) -> None:
    assert split_name(text, pattern) is None


words = st.sampled_from(["Ann", "Lee", "O'Brien", "van", "der", "Jr.", "B", "Dr", "Ii", ",", "2"])


@given(text=st.lists(words, max_size=6).map(" ".join) | st.text(max_size=20))
@pytest.mark.parametrize("pattern", NAME_PATTERNS)
def test_halves_are_words_of_the_cell_and_written_again_split_alike(
    text: str, pattern: NamePattern
) -> None:
    name = split_name(text, pattern)
    if name is not None:
        assert name.first in " ".join(text.split())
        assert name.last in " ".join(text.split())
        is_turned = pattern == SPACE
        first = f"{name.first} {name.middle}".strip()
        again = f"{first} {name.last}" if is_turned else f"{name.last}, {first}"
        assert split_name(again, pattern) == name
