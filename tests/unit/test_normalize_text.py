"""Names and free text keep what a person wrote, and nothing that cannot be seen."""

from __future__ import annotations

import unicodedata

import pytest

from importer.normalize import LONGEST_NAME, LONGEST_TEXT, Cell, normalize_name, normalize_text
from importer.normalize.numbers import normalize_record_number
from importer.normalize.text import is_empty
from importer.problems import ProblemCode
from importer.sheet_limits import CELL_LIMIT


@pytest.mark.parametrize(
    "name",
    [
        "O'Brien",
        "Smith-Jones",
        "de la Cruz",
        "A",
        "Null",
        "NA",
        "None",
        "True",
        "Nan",
        "Infinity",
        "May",
        "1-2",
        "'Abdul",
        "Jos\u00e9",
        "\u738b\u5c0f\u660e",
        "\u05d3\u05d5\u05d3",
        "\u0646\u0631\u06af\u0633\u200c\u0628\u0627\u0646\u0648",  # Persian, with a joiner
    ],
)
def test_name_is_left_as_it_is(name: str) -> None:
    cell = normalize_name(name)
    assert (cell.text, cell.problem) == (name, None)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("  Ann\t", "Ann"),
        ("\u00a0Ann\u3000", "Ann"),
        ("Mary  Ann", "Mary Ann"),
        ("Mary\u00a0Ann", "Mary Ann"),
        ("Mary\tAnn", "Mary Ann"),
        ("\nAnn\r\n", "Ann"),
        ("Jose\u0301", "Jos\u00e9"),
        (" \t", ""),
        ("", ""),
    ],
)
def test_spaces_and_accents_take_one_form_without_a_word(written: str, sent: str) -> None:
    cell = normalize_name(written)
    assert (cell.text, cell.problem) == (sent, None)


@pytest.mark.parametrize(
    "written",
    [
        "An\U0001d173n",
        "Ann\U0001bca0",
        "Ann\U00013430",
        "A\ufe0fnn",
        "Ann\U000e0100",
        "An\u200bn",
        "\ufeffAnn",
        "A\u00adnn",
        "Ann\u200d",
        "A\u200cnn",
        "An\u200b\u200bn\u2060",
    ],
)
def test_invisible_characters_are_removed_with_a_warning(written: str) -> None:
    cell = normalize_name(written)
    assert (cell.text, cell.problem) == ("Ann", ProblemCode.TEXT_INVISIBLE)
    assert not cell.is_error


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("Ann\u202eeel", ProblemCode.TEXT_BIDI),
        ("\u2066Ann\u2069", ProblemCode.TEXT_BIDI),
        ("An\x00n", ProblemCode.CELL_CONTROL_CHARACTER),
        ("Ann\x1a", ProblemCode.CELL_CONTROL_CHARACTER),
        ("Ann\x85", ProblemCode.CELL_CONTROL_CHARACTER),
        ("Ann\nLee", ProblemCode.CELL_CONTROL_CHARACTER),
        ("Ann\u2028Lee", ProblemCode.CELL_CONTROL_CHARACTER),
        ("Jos\ufffd", ProblemCode.CELL_NOT_DECODABLE),
        (f"Jos{chr(0xD800)}", ProblemCode.CELL_NOT_DECODABLE),
        ("a" * (LONGEST_NAME + 1), ProblemCode.CELL_TOO_LONG),
        ("a" * (CELL_LIMIT + 1), ProblemCode.CELL_TOO_LONG),
    ],
)
def test_name_that_cannot_be_mended_is_refused_and_kept(written: str, problem: ProblemCode) -> None:
    cell = normalize_name(written)
    assert (cell.text, cell.problem) == (written, problem)
    assert cell.is_error


def test_longest_name_passes() -> None:
    assert normalize_name("a" * LONGEST_NAME).problem is None


@pytest.mark.parametrize(
    "emoji", ["Ann \U0001f600", "Ann \u2764", "\U0001f468\u200d\U0001f469 Ann"]
)
def test_emoji_is_kept_with_a_warning(emoji: str) -> None:
    cell = normalize_name(emoji)
    assert (cell.text, cell.problem) == (emoji, ProblemCode.TEXT_EMOJI)


@pytest.mark.parametrize(
    ("written", "sent"),
    [("'0123", "0123"), ("'+1", "+1"), ("'-x", "-x"), ("'@home", "@home")],
)
def test_apostrophe_that_marks_text_in_excel_is_removed(written: str, sent: str) -> None:
    cell = normalize_text(written)
    assert (cell.text, cell.problem) == (sent, ProblemCode.APOSTROPHE_REMOVED)


def test_lines_of_free_text_become_one() -> None:
    cell = normalize_text("Cough\r\nand fever\u2028since Monday")
    assert (cell.text, cell.problem) == ("Cough and fever since Monday", None)


@pytest.mark.parametrize(
    ("characters", "is_error"), [(LONGEST_TEXT, False), (LONGEST_TEXT + 1, True)]
)
def test_free_text_has_a_limit(characters: int, is_error: bool) -> None:  # noqa: FBT001 - a case
    cell = normalize_text("x" * characters)
    assert cell.is_error is is_error
    assert cell.problem in {None, ProblemCode.CELL_TOO_LONG}


def test_limit_of_free_text_can_be_lower() -> None:
    assert normalize_text("Main Street", longest=4).problem is ProblemCode.CELL_TOO_LONG


def test_what_a_cell_says_of_itself_holds_no_value() -> None:
    assert "Secretname" not in repr(normalize_name("Secretname"))


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("\uff11\uff12 Example St", "12 Example St"),
        ("\u0661\u0662 Example St", "12 Example St"),
        ("\u096a\u0be7", "41"),
        ("Suite 5\u00b2", "Suite 5\u00b2"),
        ("\u2460", "\u2460"),
        ("\uff21\uff22", "\uff21\uff22"),
        ("\u5c71\u7530 \u4e09", "\u5c71\u7530 \u4e09"),
    ],
)
def test_digits_of_any_script_are_sent_as_plain_ones(written: str, sent: str) -> None:
    """Letters stay, and so do signs that only look like digits."""
    for rule in (normalize_name, normalize_text):
        assert (rule(written).text, rule(written).problem) == (sent, None)


@pytest.mark.parametrize(
    "text", ["' +1", "'\u00a0+1", "'\"=1", "'\uff1d1", "'\uff0b1", "'\t1", "'@x", "''+1"]
)
def test_the_mark_of_our_own_results_is_removed(text: str) -> None:
    cell = normalize_name(text)
    assert cell.problem is ProblemCode.APOSTROPHE_REMOVED
    assert not cell.text.startswith("'")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        " =1",
        "'=cmd",
        '=HYPERLINK("https://example.com","Ann")',
        '="a"&"b"',
        "=",
        "\u200b=1",
    ],
)
def test_a_formula_is_nobodys_name(text: str) -> None:
    for rule in (normalize_name, normalize_text, normalize_record_number):
        assert (rule(text).text, rule(text).problem) == (text, ProblemCode.TEXT_IS_FORMULA)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ('="00123"', "00123"),
        (' ="00123" ', "00123"),
        ('=" Ann  Lee "', "Ann Lee"),
        ('\'="00123"', "00123"),
    ],
)
def test_a_formula_that_is_a_text_is_read_as_that_and_told(text: str, sent: str) -> None:
    cell = normalize_record_number(text)
    assert cell.text == sent
    assert cell.problem in {ProblemCode.TEXT_FORMULA_READ, ProblemCode.APOSTROPHE_REMOVED}


def test_a_formula_within_a_formula_is_one() -> None:
    assert normalize_name('="=1+1"').problem is ProblemCode.TEXT_IS_FORMULA
    assert normalize_name('="#N/A"').problem is ProblemCode.CELL_ERROR_VALUE
    assert is_empty('=""')


def test_an_error_value_behind_what_cannot_be_seen_is_nobodys_name() -> None:
    cell = normalize_name("\u200b#N/A\ufeff")
    assert (cell.text, cell.problem) == ("\u200b#N/A\ufeff", ProblemCode.CELL_ERROR_VALUE)


@pytest.mark.parametrize(
    "text",
    ["\u845b\U000e0100\u57ce", "\u2764\ufe0f", "1\ufe0f\u20e3", "\u00a9\ufe0f", "\u0600\u0661"],
)
def test_a_sign_that_chooses_a_form_stays(text: str) -> None:
    assert normalize_text(text).problem is None
    assert normalize_text(text).text.startswith(text[:2].replace("\u0661", "1"))


def test_no_format_character_that_nobody_sees_stays_in_a_name() -> None:
    seen = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
    left = {
        code
        for code in range(0x110000)
        if unicodedata.category(chr(code)) == "Cf" and normalize_name(f"A{chr(code)}n").text != "An"
    }
    directions = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}  # refused, IMP202
    assert left == seen | directions


def test_blank_braille_is_a_space() -> None:
    """Two given names stay two, as they are when rows are compared."""
    assert normalize_name("Mary\u2800Ann") == Cell("Mary Ann")
    assert normalize_name("\u2800Mary\u2800") == Cell("Mary")


def test_a_mark_before_a_digit_of_another_script_goes_at_once() -> None:
    cell = normalize_text("''\u06612E0")
    assert (cell.text, cell.problem) == ("12E0", ProblemCode.APOSTROPHE_REMOVED)
