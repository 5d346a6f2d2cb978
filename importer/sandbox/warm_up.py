"""One request of each kind to the server itself, so that the first real one meets no cold code."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING

from importer.sandbox.request_log import BOOKINGS_PATH, TOKEN_PATH
from importer.sandbox.wire import WARM_UP_HEADER

if TYPE_CHECKING:
    from importer.sandbox.config import SandboxConfig

_ROUNDS = 2
_TIMEOUT_S = 10.0


def warm_up(address: tuple[str, int], config: SandboxConfig, secret: str) -> None:
    """Send the requests over one real connection; they leave no trace."""
    connection = http.client.HTTPConnection(*address, timeout=_TIMEOUT_S)
    headers = {
        WARM_UP_HEADER.decode(): secret,
        "x-api-key": config.client_id,
        "Content-Type": "application/json",
    }
    try:
        for _ in range(_ROUNDS):
            token = json.loads(_send(connection, TOKEN_PATH, headers, _token_body(config)))
            bearer = f"Bearer {token.get('access_token', '')}"
            _round(connection, config, headers | {"Authorization": bearer})
    finally:
        connection.close()


def _round(
    connection: http.client.HTTPConnection, config: SandboxConfig, headers: dict[str, str]
) -> None:
    place = config.locations[0].id if config.locations else 0
    _send(connection, BOOKINGS_PATH, headers, _booking_body(place))
    _send(connection, BOOKINGS_PATH, headers, {})
    for path in (
        f"/v1/partner/locations/{place}",
        f"/v1/partner/locations/{place}/slots?number_of_days_worth=1",
        f"/v2/partner/locations/{place}/slots",
        "/v1/warm-up/unknown",
        "/admin/counts",
    ):
        _send(connection, path, headers, None)


def _send(
    connection: http.client.HTTPConnection,
    path: str,
    headers: dict[str, str],
    body: dict[str, object] | None,
) -> bytes:
    method = "GET" if body is None else "POST"
    content = None if body is None else json.dumps(body).encode()
    connection.request(method, path, content, headers)
    return connection.getresponse().read()


def _token_body(config: SandboxConfig) -> dict[str, object]:
    return {
        "client_id": config.client_id,
        "client_secret": config.client_secret,
        "grant_type": "service_api",
        "scope": ",".join(config.granted_scopes),
    }


def _booking_body(location_id: int) -> dict[str, object]:
    return {
        "first_name": "Warm",
        "last_name": "Up",
        "phone": "+15555550100",
        "birth_date": "2000-01-01",
        "appointment_date": "2100-01-01T09:00:00+00:00",
        "location_id": location_id,
    }
