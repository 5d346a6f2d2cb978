"""Which addresses the importer will talk to, and which it never will."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.address import base_url_of, host_of, is_loopback_url
from importer.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "base_url"),
    [
        ("https://partner-api.example.com", "https://partner-api.example.com"),
        (" https://partner-api.example.com/ ", "https://partner-api.example.com"),
        ("HTTPS://Partner-API.Example.COM:443//", "https://partner-api.example.com"),
        ("https://partner-api.example.com:8443/Prod/", "https://partner-api.example.com:8443/Prod"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("http://127.8.8.8:80", "http://127.8.8.8"),
        ("http://localhost:8765/", "http://localhost:8765"),
        ("http://[::1]:8765", "http://[::1]:8765"),
    ],
)
def test_an_address_gets_one_spelling(text: str, base_url: str) -> None:
    assert base_url_of(text) == base_url
    assert base_url_of(base_url) == base_url


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no host"),
        ("https://", "no host"),
        ("https:///v1", "no host"),
        ("partner-api.example.com", "no host"),
        ("https://exa mple.com", "spaces"),
        ("https://ex\u00e4mple.com", "letters"),
        ("https://-a.example.com", "no host"),
        ("https://a..example.com", "no host"),
        (f"https://{'a' * 64}.example.com", "no host"),
        ("https://[::1", "not an address"),
        ("https://example.com:99999", "not an address"),
        ("https://example.com:x", "not an address"),
        ("https://example.com:0", "not an address"),
        ("https://user:s3cret@example.com", "password"),
        ("https://s3cret@example.com", "password"),
        ("https://@example.com", "password"),
        ("https://example.com?", "query"),
        ("https://example.com?key=s3cret", "query"),
        ("https://example.com#s3cret", "fragment"),
        ("ftp://example.com", "https://"),
        ("//example.com", "https://"),
        ("http://partner-api.example.com", "only https"),
        ("http://localhost.example.com", "only https"),
        ("http://127.0.0.1.example.com", "only https"),
        ("http://0.0.0.0", "only https"),
        ("http://10.0.0.1", "only https"),
    ],
)
def test_any_other_address_is_refused_without_repeating_it(text: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why) as caught:
        base_url_of(text)
    assert "s3cret" not in caught.value.message + caught.value.todo


@settings(deadline=None)
@given(text=st.text(max_size=40) | st.text("htps:/@?#[]%.0123456789ab", max_size=30))
def test_an_address_is_either_sound_or_refused(text: str) -> None:
    try:
        base_url = base_url_of(text)
    except SettingsError:
        return
    assert base_url.startswith("https://") or is_loopback_url(base_url)
    assert base_url_of(base_url) == base_url


@pytest.mark.parametrize(
    ("base_url", "host", "is_loopback"),
    [
        ("https://partner-api.example.com:8443/Prod", "partner-api.example.com", False),
        ("https://localhost", "localhost", True),
        ("http://127.0.0.1:8765", "127.0.0.1", True),
        ("http://[::1]:8765", "::1", True),
    ],
)
def test_host_and_loopback_are_told(base_url: str, host: str, is_loopback: bool) -> None:  # noqa: FBT001 - a case
    assert host_of(base_url) == host
    assert is_loopback_url(base_url) is is_loopback
