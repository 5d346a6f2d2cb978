"""What a number format shows of a cell that keeps something else."""

from __future__ import annotations

import math

import pytest

from importer.reading.number_formats import StyleTable, format_of
from importer.reading.scan import BELOW_ZERO, MASKED, NO_DAY

ACCOUNTING = '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)'


@pytest.mark.parametrize(
    ("code", "value"),
    [
        *(("000000", 42), ("00000-0000", 606111234), ("000-00-0000", 1), ("# ?/?", 0.5)),
        *(("[<=99999]00000;00000-0000", 2134), ("[<=99999]00000;00000-0000", 606111234)),
        *(('"MRN-"0', 7), ("\\M0", 7), ('0" kg"', 7), ("###-####", 5550142), ('"MRN-"@', 7)),
        *(("0%", 0.5), ("0.0%", 0.5), ("$0.00", 5), ("[$€-407] 0", 5), ("[$$-409]0", 5)),
        *(("0,", 12_000), ('0.0,,"M"', 1_500_000), ("0.00,", 5), ("0,000", 5)),
        *(("0", 5.5), ("0.0", 0.25), ("0.00E+00", 12_345), ("#", 0), ("*0#", 42), ("*-0", 42)),
        *((";;;", 1), ("0;", -1), ("0;0", -5), ("0;;", -5), ("0;-0;;@", 0), ('0;-0;"none"', 0)),
        *(("0;;", 0), (ACCOUNTING, 0), ('General" kg"', 7), ("+0", 5), ("[DBNum1]General", 42)),
        *(('[>100]"big "0;0', 150), ('[>100]0;"small "0', 50), ("[<100]0", 150)),
        *(('[=1]"yes";[=2]"no";0', 2), ("_x0_-0", 42), ("tt0", 42), ('"MRN_x"0', 7)),
    ],
)
def test_zeros_signs_and_words_are_shown_otherwise(code: str, value: float) -> None:
    assert format_of(code).finding(value) == MASKED


@pytest.mark.parametrize(
    ("code", "value"),
    [
        *(("", 42), ("General", 42.5), ("@", 42), ("0", 42), ("0.00", 5), ("0.00", 5.25)),
        *(
            ("#,##0", 4021),
            ("#,##0.00", 4021.5),
            ("0.00E+00", 12_300),
            ("#", 4),
            ("000000", 421234),
        ),
        *(("[Red]0;[Blue]-0", 5), ("[Red]0;[Blue]-0", -5), ("0_);(0)", -5), ("0_);(0)", 5)),
        *((ACCOUNTING, 5), (ACCOUNTING, -5), ('0;-0;"none"', 5), ("0", -5), ("0", 0), ("#,##0", 0)),
        *(('[>100]"big "0;0', 50), ("[>100]General;0", 5), ("[<0]-0;0", -5), ("?0", 4)),
        *(("[$-409]0", 4), ("0* ", 4), ('""0', 4), ("yyyy-mm-dd", 45_000), ("h:mm", 0.5)),
        *(("mm/dd/yyyy hh:mm", 0.5), ("[$-409]d-mmm-yy", 45_000), ("[h]:mm", 1.5), ("mm:ss", 0.5)),
        *(("000000", math.nan), ("000000", math.inf), ("0", -math.inf)),
    ],
)
def test_plain_numbers_and_dates_are_what_they_show(code: str, value: float) -> None:
    assert format_of(code).finding(value) is None


@pytest.mark.parametrize("code", ["h:mm", "m/d/yyyy", "[h]:mm", "mm:ss.0", "h:mm;@", "h:mm;-0"])
def test_dates_and_times_below_zero_are_none(code: str) -> None:
    assert format_of(code).finding(-0.25) == BELOW_ZERO
    assert format_of(code).finding(-0.0) != BELOW_ZERO


@pytest.mark.parametrize("code", ["m/d/yyyy", "mmm", "[$-409]d-mmm-yy;@", '"on "m/d'])
def test_a_date_before_the_first_day_shows_no_time(code: str) -> None:
    assert format_of(code).finding(0.5) == NO_DAY
    assert format_of(code).finding(1) is None


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        *(('"MRN-"@', "MRN-x"), ('@" (old)"', "x (old)"), ("0;0;0;", ""), (";;;", "")),
        *(('0;0;0;"text"', "text"), ('"no "@', "no x"), ("\\#@", "#x"), ("@@", "xx")),
        *(("@", "x"), ("General", "x"), ('"x"0', "x"), ("", "x"), ("0;-0;;@", "x")),
        (ACCOUNTING, " x "),
    ],
)
def test_words_around_a_text_are_shown(code: str, shown: str) -> None:
    assert format_of(code).shown("x") == shown
    assert format_of(code).alters_texts is (shown.strip() != "x")


def test_formats_that_go_by_a_number_need_no_code() -> None:
    table = StyleTable(styles=[0, 9, 12, 14, 44, 49, 999, 1])
    formats = table.formats()
    assert list(formats) == [1, 2, 3, 4, 7]
    assert [formats[at].finding(0.5) for at in (1, 2, 3, 4)] == [MASKED, MASKED, NO_DAY, MASKED]


def test_the_code_of_a_file_wins_over_the_number() -> None:
    assert StyleTable(codes={9: "0"}, styles=[9]).formats()[0].finding(5) is None
