"""Which number formats show something else than the cell keeps."""

from __future__ import annotations

import pytest

from importer.reading.number_formats import masks_numbers, masks_texts


@pytest.mark.parametrize(
    "code",
    [
        *("000000", "00000-0000", "000-00-0000", "[<=99999]00000;00000-0000"),
        *('"MRN-"0', "\\M0", "0%", "0.0%", "# ?/?", '0" kg"', "###-####"),
    ],
)
def test_zeros_signs_and_words_are_shown_otherwise(code: str) -> None:
    assert masks_numbers(code)


@pytest.mark.parametrize(
    "code",
    [
        *("", "General", "@", "0", "#,##0", "0.00", "#,##0.00", "0.00E+00", "[Red]0;[Blue]-0"),
        *("yyyy-mm-dd", "mm/dd/yyyy hh:mm", '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)'),
        *("[$-409]d-mmm-yy", "[h]:mm"),
    ],
)
def test_plain_numbers_and_dates_are_what_they_show(code: str) -> None:
    assert not masks_numbers(code)


@pytest.mark.parametrize(
    ("code", "is_masked"),
    [('"MRN-"@', True), ('@" (old)"', True), ("@", False), ("General", False), ('"x"0', False)],
)
def test_words_around_a_text_are_shown_otherwise(code: str, *, is_masked: bool) -> None:
    assert masks_texts(code) is is_masked
