"""The base address of the API: one spelling, https only, or http to this very machine."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from importer.errors import SettingsError

_TODO = "Set SOLV_IMPORT_BASE_URL to an address such as https://partner-api.example.com"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"


class AddressError(SettingsError):
    """The base address cannot be used; `why` completes the sentence that begins with it."""

    def __init__(self, why: str) -> None:
        """Say why, without the address: it may hold a password."""
        super().__init__(f"The base address of the API {why}.", todo=_TODO)
        self.why = why


def base_url_of(text: str) -> str:
    """Return the base address of the API in one spelling, without a slash at its end.

    Raises:
        AddressError: It is no https address (http only to this machine), or says more than
            an address. The sentence never repeats it: it may hold a password.
    """
    parts = _split(text.strip())
    if not parts.hostname or not _is_host(parts.hostname):
        raise AddressError("names no host")
    if parts.username is not None or parts.password is not None:
        raise AddressError("holds a user name or password")
    if "?" in text or "#" in text:
        raise AddressError("has a query or a fragment")
    if parts.scheme not in ("https", "http"):
        raise AddressError("does not begin with https://")
    if parts.scheme == "http" and not is_loopback_host(parts.hostname):
        raise AddressError(
            "uses http, which would show patients to the network: only https may leave"
        )
    return f"{parts.scheme}://{_authority(parts)}{parts.path.rstrip('/')}"


def is_loopback_url(base_url: str) -> bool:
    """Return whether an address that `base_url_of` returned stays on this machine."""
    return is_loopback_host(host_of(base_url))


def host_of(base_url: str) -> str:
    """Return the host, without its port."""
    return urlsplit(base_url).hostname or ""


def place_of(base_url: str) -> str:
    """Return host and port, as messages name them."""
    return urlsplit(base_url).netloc


def _split(text: str) -> SplitResult:
    if re.search(r"[^!-~]", text):
        raise AddressError("holds spaces, or letters that no address has")
    try:
        parts = urlsplit(text)
        is_port = parts.port != 0
    except ValueError:
        raise AddressError("is not an address") from None
    if not is_port:
        raise AddressError("is not an address")
    return parts


def _authority(parts: SplitResult) -> str:
    """Return host and port in one spelling: a ledger belongs to one of them."""
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    is_usual = parts.port in (None, {"https": 443, "http": 80}[parts.scheme])
    return shown if is_usual else f"{shown}:{parts.port}"


def _is_host(host: str) -> bool:
    if ":" in host:
        return _is_ip(host)
    return re.fullmatch(rf"{_LABEL}(?:\.{_LABEL})*\.?", host) is not None


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback_host(host: str) -> bool:
    """Return whether a host is this very machine."""
    return ip_address(host).is_loopback if _is_ip(host) else host == "localhost"
