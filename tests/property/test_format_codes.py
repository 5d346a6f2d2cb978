"""Whatever the code of a number format is, it is taken apart, and nothing of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.reading.format_codes import section_of, sections_of, tokens_of
from importer.reading.format_parts import Part, Token
from importer.reading.number_formats import format_of
from importer.reading.scan import MASKED, RESTYLED

LITERALS = st.one_of(
    st.text("MRNx-_*;@0#[]hdys%\\ ", min_size=1).map(lambda text: (f'"{text}"', text)),
    st.characters(exclude_categories=["Cs"]).map(lambda letter: (f"\\{letter}", letter)),
)
"""How it is written, and what it shows."""
MARKS = {
    "0": Part.DIGIT, "#": Part.DIGIT, "?": Part.DIGIT, ".": Part.POINT, ",": Part.COMMA,
    "@": Part.TEXT, ";": Part.END, "General": Part.GENERAL, "E+": Part.EXPONENT, "h": Part.CLOCK,
    "AM/PM": Part.CLOCK, "[mm]": Part.CLOCK, "d": Part.DAY, "[Red]": Part.ASIDE,
    "[>=100]": Part.CONDITION, "[<-1.5]": Part.CONDITION, "[Color 3]": Part.ASIDE,
}  # fmt: skip


@st.composite
def codes(draw: st.DrawFn) -> tuple[str, list[tuple[Part, str]]]:
    """Return a code, and the tokens that it was made of; for a literal what it shows."""
    code, tokens = "", []
    for _ in range(draw(st.integers(0, 12))):
        if draw(st.booleans()):
            written, shown = draw(LITERALS)
            code, part = code + written, Part.LITERAL
        else:
            written = draw(st.sampled_from(list(MARKS)))
            code, part, shown = code + written, MARKS[written], written.strip("[]")
        tokens.append((part, shown))
    return code, tokens


@given(codes())
def test_a_code_is_read_as_it_was_made(made: tuple[str, list[tuple[Part, str]]]) -> None:
    code, tokens = made
    found = [(token.part, token.text) for token in tokens_of(code)]
    assert [part for part, _ in found] == [part for part, _ in tokens]
    literals = [text for part, text in found if part is Part.LITERAL]
    assert literals == [text for part, text in tokens if part is Part.LITERAL]


@given(codes())
def test_what_is_quoted_begins_no_section(made: tuple[str, list[tuple[Part, str]]]) -> None:
    code, tokens = made
    ends = [part for part, _ in tokens].count(Part.END)
    assert len(sections_of(tokens_of(code))) == ends + 1


@given(st.text(), st.floats())
def test_no_code_is_too_odd(code: str, value: float) -> None:
    shown = format_of(code)
    shown.finding(value)
    assert isinstance(shown.shown("x"), str)
    if shown.is_plain:
        assert shown.finding(value) is None
        assert not shown.alters_texts


@given(st.integers(1, 12), st.integers(0, 10**9))
def test_zeros_in_front_are_told_where_a_number_is_shorter(places: int, value: int) -> None:
    is_restyled = format_of("0" * places).finding(value) == RESTYLED
    assert is_restyled == (f"{value:0{places}d}" != str(value))


@given(st.integers(0, 6), st.floats(0, 1e6, allow_nan=False))
def test_digits_that_are_cut_off_are_told(decimals: int, value: float) -> None:
    code = "0." + "0" * decimals if decimals else "0"
    assert (format_of(code).finding(value) == RESTYLED) == (float(f"{value:.{decimals}f}") != value)


@given(LITERALS)
def test_a_literal_before_a_number_is_told_unless_nobody_sees_it(literal: tuple[str, str]) -> None:
    written, shown = literal
    finding = format_of(f"{written}0").finding(7)
    assert (finding is not None) == bool(shown.strip())
    if any(letter.isalnum() for letter in shown):
        assert finding == MASKED


@pytest.mark.parametrize("mark", ["-", " ", ""])
def test_marks_between_digits_part_them(mark: str) -> None:
    digits = Token(Part.DIGIT, "0")
    assert section_of([digits, Token(Part.LITERAL, mark), digits]).between == mark
