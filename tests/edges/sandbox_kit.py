"""How the tests of the sandbox talk to it: an ordinary client, and a bare socket."""

from __future__ import annotations

import json
import socket
import ssl
from typing import TYPE_CHECKING, Any, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.sandbox import Sandbox

BOOKINGS = "/v1/partner/bookings"
TOKEN = "/v1/auth/token"
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Handed in, as loading the system's certificates costs more than the test."""


def booking_body(**changes: object) -> dict[str, Any]:
    """Return the body of an invented booking; a change to None leaves the field out."""
    body = {
        "first_name": "Ada",
        "last_name": "Testperson",
        "phone": "+15555550101",
        "birth_date": "1990-02-03",
        "appointment_date": "2090-05-06T09:30:00-07:00",
        "location_id": 4021,
    } | changes
    return {name: value for name, value in body.items() if value is not None}


def token_body(**changes: str) -> dict[str, str]:
    """Return the body of a token call."""
    return {
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "grant_type": "service_api",
        "scope": "write:bookings",
    } | changes


def client_of(sandbox: Sandbox, **headers: str) -> httpx.Client:
    """Return a client that sends the API key and nothing else of its own."""
    sent = {"x-api-key": sandbox.config.client_id} | headers
    # Without kept connections, a test need not close what it opened.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(
        base_url=sandbox.base_url,
        headers=sent,
        trust_env=False,
        timeout=5,
        limits=limits,
        verify=_NO_TLS,
    )


def signed_in(sandbox: Sandbox, scope: str = "write:bookings") -> httpx.Client:
    """Return a client with a live token."""
    client = client_of(sandbox)
    answer = client.post(TOKEN, json=token_body(scope=scope)).json()
    client.headers["Authorization"] = f"Bearer {answer['access_token']}"
    return client


def book(client: httpx.Client, **changes: object) -> httpx.Response:
    """Ask for one booking."""
    return client.post(BOOKINGS, json=booking_body(**changes))


def problems_of(answer: httpx.Response) -> list[tuple[Any, ...]]:
    """Return loc and type of each problem of a 422."""
    assert answer.status_code == 422
    return [(*problem["loc"], problem["type"]) for problem in answer.json()["detail"]]


class RawClient:
    """One TCP connection that shows every byte, and how it ends."""

    def __init__(self, sandbox: Sandbox, authorization: str = "") -> None:
        """Connect."""
        host, port = sandbox.base_url.removeprefix("http://").split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=5)
        self._authorization = authorization

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._socket.close()

    def send(self, content: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(content)

    def send_booking(self, **changes: object) -> None:
        """Send a whole booking request."""
        self.send(self.request_bytes(json.dumps(booking_body(**changes)).encode()))

    def request_bytes(self, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
        """Return a booking request as it goes over the wire."""
        fields = {
            "Host": "sandbox",
            "x-api-key": "sandbox-client",
            "Authorization": self._authorization,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        } | dict(headers or {})
        lines = (f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST {BOOKINGS} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body

    def read_until_end(self) -> bytes:
        """Return all bytes up to an orderly end; a reset raises."""
        parts = []
        while part := self._socket.recv(65_536):
            parts.append(part)
        return b"".join(parts)

    def read_for(self, seconds: float) -> bytes:
        """Return what comes until nothing has come for that long."""
        self._socket.settimeout(seconds)
        parts = []
        try:
            while part := self._socket.recv(65_536):
                parts.append(part)
        except TimeoutError:
            return b"".join(parts)
        raise AssertionError("the server closed the connection")


def raw_client(sandbox: Sandbox) -> RawClient:
    """Return a bare connection that may book."""
    return RawClient(sandbox, signed_in(sandbox).headers["Authorization"])
