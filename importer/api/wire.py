"""What every request to the Partner API has in common: where it goes and what it says it is."""

from __future__ import annotations

import re

from importer import __version__
from importer.errors import SettingsError

BOOKINGS_PATH = "/v1/partner/bookings"
TOKEN_PATH = "/v1/auth/token"  # noqa: S105 - a path


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
