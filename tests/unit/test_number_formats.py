"""What a number format shows of a cell that keeps something else."""

from __future__ import annotations

import math

import pytest

from importer.errors import SourceError
from importer.reading.number_formats import format_of
from importer.reading.scan import BELOW_ZERO, MASKED, NO_DAY, RESTYLED
from importer.reading.style_table import PIECE_LIMIT, STYLE_LIMIT, StyleTable
from importer.reading.table import Place

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
    assert format_of(code).finding(value) in (MASKED, RESTYLED)


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


@pytest.mark.parametrize(
    ("code", "value"),
    [
        *(('"+52 "00 0000 0000', 5512345678), ('"+44 "0', 3125550142), ("+0", 3125550142)),
        *(('0" / 312-555-0143"', 3125550142), ('(000) 000-0000" x9"', 3125550142)),
        *(('tel "+1 "0', 3125550142), ("+0", 22345678901), ('"+1 "0', 13125550142)),
        *(('"4022"', 4021), ('"40"00', 21), ('[=4021]"Harlem"', 4021), ("-0", 4021)),
        *(("0,", 4_021_000), ("0.0,,", 4_021_000), ("0%", 4021), ("0.000.000", 4021)),
        *(('"No";;"Yes"', 1), ('"No"', 1), ('"Walk-in"', 0), ('"Yes"', 0), (";;;", 4021)),
        *(("0;;", 0), ("0;", -1), ("#", 0), ('00000"-9999"', 60601), ('"(x) "0', 4021)),
        *(("[<100]0", 4021), ("[<1]0;m/d/yyyy", 4021), ("[DBNum1]0", 4021), ("*90", 4021)),
    ],
)
def test_another_number_or_a_word_is_told_wherever_it_is_sent(code: str, value: float) -> None:
    assert format_of(code).finding(value) == MASKED


@pytest.mark.parametrize(
    ("code", "value"),
    [
        *(("(###) ###-####", 3125550142), ("[<=9999999]###-####;(###) ###-####", 5550142)),
        *(("[<=9999999]###-####;(###) ###-####", 3125550142), ("000-00-0000", 1010101)),
        *(("00000", 2108), ("00000-0000", 606111234), ("[<=99999]00000;00000-0000", 2108)),
        *(
            ("000000", 4021),
            ("000\\.000\\.0000", 3125550142),
            ('"+1 ("000") "000-0000', 3125550142),
        ),
        *(("+0", 13125550142), ("+# (###) ###-####", 13125550142), ("(0)", 4021), ("$0", 4021)),
        *(("0.00E+00", 3125550142), ("0", 4021.4), ('"#"0', 4021), ("0 000", 4021)),
        *(('"Yes";;"No"', 1), ('"TRUE";"TRUE";"FALSE"', 0), ("[$€-407] #,##0", 4021)),
    ],
)
def test_the_same_number_in_other_characters_matters_to_text_only(code: str, value: float) -> None:
    assert format_of(code).finding(value) in (None, RESTYLED)


ODD_MOMENTS = [
    *('m/d"/1958"', 'm/d/yyyy "14:00"', 'h:mm" PM"', 'h:mm"p"', 'm/d/yyyy h:mm "UTC"'),
    *('yyyy-mm-dd"T"hh:mm:ss"Z"', '"canceled "m/d/yyyy', "yyyy\\-\\0\\1-dd", "m/d/yyyy 00"),
    *("[>50000]m/d/yyyy;0", "[<40000]0;m/d/yyyy"),
]
MOMENTS = [
    *("m/d/yyyy", "dddd, mmmm d, yyyy", "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "ddd d mmm yy"),
    *(
        "[$-409]m/d/yy\\ h:mm\\ AM/PM;@",
        "[$-F400]h:mm:ss\\ AM/PM",
        "h:mm A/P",
        "mm:ss.0",
        "[h]:mm:ss",
    ),
    *('yyyy\\-mm\\-dd"T"hh:mm:ss.000', '[$-C0A]d" de "mmmm" de "yyyy;@', 'mmmm d"th"", "yyyy'),
    *('[$-407]d. mmmm yyyy h:mm" Uhr"', '[$-411]yyyy"年"m"月"d"日"', "[$-411]ge.m.d", "mmmmm-yy"),
    *('[$-404]上午/下午h"時"mm"分"', "[$-107041E]d mmm yyyy", "d.mm.yyyy", "NNNNMMMM DD, YYYY"),
    *("m/d/yyyy;@", "[Red]m/d/yyyy", "_(m/d/yyyy_)", "* m/d/yyyy", "[>=1]m/d/yyyy;h:mm", "QQ YY"),
]


@pytest.mark.parametrize("code", ODD_MOMENTS)
def test_a_date_with_digits_or_words_of_its_format_is_told(code: str) -> None:
    assert format_of(code).finding(45_000.4) == MASKED


@pytest.mark.parametrize("code", MOMENTS)
def test_the_usual_dates_and_times_are_what_they_show(code: str) -> None:
    assert format_of(code).finding(45_000.4) is None
    assert format_of(code).alters_texts is False


@pytest.mark.parametrize(
    ("code", "told"),
    [
        *(('"No"', {True}), ('"No";;"Yes"', {True, False}), ('"Walk-in"', {True, False})),
        *(('"Yes";"Yes";"No"', set()), ('"WAHR";"WAHR";"FALSCH"', set()), ("0", set())),
        *((";;;", {True, False}), ("General", set()), ("", set()), ('"x";"x";0', {True})),
        *(('0" no"', {True, False}), ("0%", {True, False}), ("m/d/yyyy", set())),
    ],
)
def test_true_is_not_shown_as_no(code: str, told: set[bool]) -> None:
    shown = format_of(code)
    assert {v for v in (True, False) if shown.truth_finding(value=v) == MASKED} == told


def table_of(codes: dict[int, str], styles: list[int]) -> StyleTable:
    """Return a table of these styles."""
    table = StyleTable(Place(file="a.xlsx"))
    for number, code in codes.items():
        table.add_format(number, code)
    for number in styles:
        table.add_style(number)
    return table


def test_formats_that_go_by_a_number_need_no_code() -> None:
    formats = table_of({}, [0, 9, 12, 14, 44, 49, 999, 1]).formats()
    assert [at for at in range(9) if formats[at] is not None] == [1, 2, 3, 4, 7]
    found = [shown.finding(0.5) for at in (1, 2, 3, 4) if (shown := formats[at]) is not None]
    assert found == [MASKED, RESTYLED, NO_DAY, RESTYLED]


def test_the_code_of_a_file_wins_over_the_number() -> None:
    shown = table_of({9: "0.0"}, [9]).formats()[0]
    assert shown is not None
    assert shown.finding(5) is None


def test_more_styles_than_a_workbook_has_are_refused() -> None:
    table = table_of({}, [0] * STYLE_LIMIT)
    with pytest.raises(SourceError, match="more styles"):
        table.add_style(0)
    with pytest.raises(SourceError, match="more styles"):
        table.count.add_piece(PIECE_LIMIT + 1)


def test_a_style_whose_code_is_missing_waits_for_it() -> None:
    table = table_of({}, [0, 170])
    assert not table.is_complete
    table.add_format(170, "000000")
    assert table.is_complete
