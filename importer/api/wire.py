"""What every request to the Partner API has in common: where it goes and what it says it is."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from importer import __version__
from importer.errors import SettingsError

BOOKINGS_PATH = "/v1/partner/bookings"
TOKEN_PATH = "/v1/auth/token"  # noqa: S105 - a path

_BASE_URL_TODO = "Set SOLV_IMPORT_BASE_URL to an address such as https://partner-api.example.com"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"


def base_url_of(text: str) -> str:
    """Return the base address of the API in one spelling, without a slash at its end.

    Raises:
        SettingsError: It is no https address (http only to this machine), or says more than
            an address. The sentence never repeats it: it may hold a password.
    """
    parts = _split(text.strip())
    if not parts.hostname or not _is_host(parts.hostname):
        raise _refused("names no host")
    if parts.username is not None or parts.password is not None:
        raise _refused("holds a user name or password")
    if "?" in text or "#" in text:
        raise _refused("has a query or a fragment")
    if parts.scheme not in ("https", "http"):
        raise _refused("does not begin with https://")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise _refused("uses http, which would show patients to the network; only https may leave")
    return f"{parts.scheme}://{_authority(parts)}{parts.path.rstrip('/')}"


def is_loopback_url(base_url: str) -> bool:
    """Return whether an address that `base_url_of` returned stays on this machine."""
    return _is_loopback(host_of(base_url))


def host_of(base_url: str) -> str:
    """Return the host that messages may name."""
    return urlsplit(base_url).hostname or ""


def bookings_url(base_url: str, *, allow_walkin_scheduling: bool | None) -> str:
    """Return where Create Booking is; None leaves its query parameter out."""
    if allow_walkin_scheduling is None:
        return base_url + BOOKINGS_PATH
    flag = "true" if allow_walkin_scheduling else "false"
    return f"{base_url}{BOOKINGS_PATH}?allow_walkin_scheduling={flag}"


def headers_of(client_id: str, *, token: str = "") -> dict[str, str]:
    """Return the headers of one request.

    Raises:
        SettingsError: The client id is not something that a header can carry.
    """
    if not is_header_text(client_id):
        raise SettingsError(
            "The client id is empty, or holds spaces or signs that no client id has.",
            todo="Copy it again into SOLV_IMPORT_CLIENT_ID.",
        )
    headers = {
        "x-api-key": client_id,
        "Content-Type": "application/json",
        "Accept": "application/json",
        # A body that needs no unpacking cannot be a bomb, nor fail to unpack.
        "Accept-Encoding": "identity",
        "User-Agent": f"solv-bulk-importer/{__version__}",
    }
    return headers | ({"Authorization": f"Bearer {token}"} if token else {})


def is_header_text(text: str) -> bool:
    """Return whether a header can carry `text` as one word."""
    return re.fullmatch(r"[!-~]+", text) is not None


def _split(text: str) -> SplitResult:
    if re.search(r"[^!-~]", text):
        raise _refused("holds spaces, or letters that no address has")
    try:
        parts = urlsplit(text)
        is_port = parts.port != 0
    except ValueError:
        raise _refused("is not an address") from None
    if not is_port:
        raise _refused("is not an address")
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


def _is_loopback(host: str) -> bool:
    return ip_address(host).is_loopback if _is_ip(host) else host == "localhost"


def _refused(why: str) -> SettingsError:
    return SettingsError(f"The base address of the API {why}.", todo=_BASE_URL_TODO)
