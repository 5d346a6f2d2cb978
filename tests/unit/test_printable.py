"""What a terminal would obey is replaced; everything else stays."""

from __future__ import annotations

import pytest

from importer.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Muñoz 李 ½", "Muñoz 李 ½"),
        ("a\x1b[2Jb", "a [2Jb"),
        ("a\nb\tc\r", "a b c "),
        ("a\u202eb\x9bc", "a b c"),
    ],
)
def test_a_sign_that_is_not_printed_becomes_a_space(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_something_else_may_stand_in_its_place() -> None:
    assert printable("a\x1bb", "?") == "a?b"
    assert printable("a\x1bb", lambda sign: f"<{ord(sign)}>") == "a<27>b"
