"""E-mail and web addresses are well formed, without asking anybody outside."""

from __future__ import annotations

import pytest

from importer.normalize import LONGEST_URL, normalize_email, normalize_url
from importer.problems import ProblemCode

P = ProblemCode


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("ann@example.com", "ann@example.com"),
        (" ann@example.com ", "ann@example.com"),
        ("Ann.Lee+x@EXAMPLE.com", "Ann.Lee+x@example.com"),
        ("ann@clinic.test", "ann@clinic.test"),
        ("ann@no-such-domain-of-ours.org", "ann@no-such-domain-of-ours.org"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("jos\u00e9@example.com", "jos\u00e9@example.com"),
        ("", ""),
    ],
)
def test_address_passes_without_dns(written: str, sent: str) -> None:
    cell = normalize_email(written)
    assert (cell.text, cell.problem) == (sent, None)


@pytest.mark.parametrize("written", ["mailto:ann@example.com", "MailTo: ann@example.com"])
def test_mailto_is_removed_with_a_warning(written: str) -> None:
    cell = normalize_email(written)
    assert (cell.text, cell.problem) == ("ann@example.com", P.EMAIL_MAILTO)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("ann", P.EMAIL_INVALID),
        ("ann@", P.EMAIL_INVALID),
        ("@example.com", P.EMAIL_INVALID),
        ("ann@localhost", P.EMAIL_INVALID),
        ("ann@@example.com", P.EMAIL_INVALID),
        ("ann@exa mple.com", P.EMAIL_INVALID),
        ("ann..lee@example.com", P.EMAIL_INVALID),
        ("ann@-example.com", P.EMAIL_INVALID),
        ("Ann Lee <ann@example.com>", P.EMAIL_INVALID),
        (f"{'a' * 65}@example.com", P.EMAIL_INVALID),
        (f"a@{'b' * 250}.com", P.EMAIL_INVALID),
        ("n/a", P.EMAIL_INVALID),
        ("mailto:", P.EMAIL_INVALID),
        ("ann@example.com; lee@example.com", P.EMAIL_TWO),
        ("ann@example.com,lee@example.com", P.EMAIL_TWO),
        ("ann@example.com lee@example.com", P.EMAIL_TWO),
        ("ann@example.com\nlee@example.com", P.EMAIL_TWO),
        ("ann@exam\u202eple.com", P.TEXT_BIDI),
    ],
)
def test_what_is_no_single_address_is_refused_and_kept(written: str, problem: ProblemCode) -> None:
    cell = normalize_email(written)
    assert (cell.text, cell.problem) == (written, problem)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://example.com", "https://example.com"),
        ("HTTPS://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
        ("https://example.com:8443/x%20y", "https://example.com:8443/x%20y"),
        (" https://example.com/ ", "https://example.com/"),
        ("", ""),
    ],
)
def test_https_address_passes(written: str, sent: str) -> None:
    cell = normalize_url(written)
    assert (cell.text, cell.problem) == (sent, None)


@pytest.mark.parametrize(
    "written",
    [
        "http://example.com",
        "javascript:alert(1)",
        "example.com",
        "https://",
        "https:///path",
        "https://example.com/a b",
        "https://example.com/a\nb",
        "https://user:secret@example.com/",
        "https://example.com\\evil",
        'https://example.com/"onclick=',
        "https://example.com/<b>",
        "https://ex\u0430mple.com/",
        "//example.com",
    ],
)
def test_any_other_address_is_refused(written: str) -> None:
    cell = normalize_url(written)
    assert (cell.text, cell.problem) == (written, P.URL_NOT_HTTPS)


def test_address_has_a_limit() -> None:
    url = "https://example.com/" + "x" * LONGEST_URL
    assert normalize_url(url).problem is P.CELL_TOO_LONG
    assert normalize_url(url[:LONGEST_URL]).problem is None


def test_an_apostrophe_behind_mailto_is_removed_as_at_the_edge() -> None:
    assert normalize_email("mailto:'7ann@example.com").text == "7ann@example.com"
    assert normalize_email("mailto:'@example.com").problem is P.EMAIL_INVALID
