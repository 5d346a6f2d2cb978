"""Answers as the API words them, and as faults bend them."""

from __future__ import annotations

import asyncio
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Response

from importer.sandbox.limit import limit_headers

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from importer.sandbox.config import Policy
    from importer.sandbox.faults import Fault
    from importer.sandbox.state import Call, SandboxState
    from importer.sandbox.wire import SandboxProtocol

_T = TypeVar("_T")
_JSON = "application/json"
_HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"
_GATEWAY_WORDS = {
    408: "Request Timeout",
    413: "Request Too Long",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    503: "Service Unavailable",
    504: "Endpoint request timed out",
}
"""Statuses that a gateway words, not the app behind it."""
_APP_STATUSES = frozenset({*range(200, 500), 501, 505})
"""Statuses that come as JSON; what is in neither of the two is a proxy's page."""
_BODILESS = frozenset({204, 205, 304})
_STATUS_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    405: {"Allow": "GET"},
    408: {"Connection": "close"},
}


def json_answer(
    content: object, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    """Return `content` as a JSON answer."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(errors="replace"), status, headers, _JSON)


def detail(sentence: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """Return an error as the app words it."""
    return json_answer({"detail": sentence}, status, headers)


def gateway(sentence: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """Return an error as a gateway in front of the app words it."""
    return json_answer({"message": sentence}, status, headers)


def problem_list(problems: list[dict[str, Any]]) -> Response:
    """Return a 422 with its list of problems."""
    return json_answer({"detail": problems}, HTTPStatus.UNPROCESSABLE_ENTITY)


def in_envelope(state: SandboxState, content: _T) -> _T | dict[str, Any]:
    """Return `content` as it is or, if switched on, as the quick start shows it."""
    return {"meta": {}, "data": content} if state.config.has_envelope else content


def policy_answer(policy: Policy, sentence: str) -> Response | None:
    """Return how a policy refuses an appointment; None when it takes it."""
    match policy:
        case "accept":
            return None
        case "409":
            return detail(sentence, HTTPStatus.CONFLICT)
        case "422-string":
            return detail(sentence, HTTPStatus.UNPROCESSABLE_ENTITY)
        case "422-list":
            loc = ["body", "appointment_date"]
            return problem_list([{"loc": loc, "msg": sentence, "type": "value_error"}])


def limit_answer(state: SandboxState, call: Call) -> Response | None:
    """Return the 429 of a request beyond the limit; None when it is within."""
    limiter = state.limit
    if limiter is None or call.is_warm_up:
        return None
    limit = limiter.limit
    if (limit.counts_only_bookings and call.kind != "booking") or limiter.admits(call.mono):
        return None
    headers = limit_headers(
        limit.headers,
        wait_s=limiter.wait_s(call.mono),
        now=time.time(),  # the clients' time, whatever the tokens' clock
        requests=limit.requests,
        window_s=limit.window_s,
    )
    return gateway("Too Many Requests", HTTPStatus.TOO_MANY_REQUESTS, headers)


def status_answer(fault: Fault, now: float) -> Response:
    """Return the answer of a fault that is a status."""
    if fault.name == "gateway-forbidden":
        return gateway("Forbidden", HTTPStatus.FORBIDDEN)
    if fault.name == "422-string":
        return detail("This time is not available", HTTPStatus.UNPROCESSABLE_ENTITY)
    status = int(fault.name[:3])
    if status == HTTPStatus.TOO_MANY_REQUESTS or fault.name == "503-retry-after":
        return _worded(status, limit_headers(fault.headers, wait_s=fault.wait_s, now=now))
    return _worded(status, status_headers(status))


def _worded(status: int, headers: dict[str, str]) -> Response:
    """Return a status in the words of whoever gives it: the app, its framework or a gateway."""
    phrase = _phrase(status)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        loc = ["body", "phone"]
        return problem_list([{"loc": loc, "msg": "invalid phone number", "type": "value_error"}])
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return Response(phrase, status, headers, "text/plain")
    if status in _BODILESS:
        return Response(None, status, headers)
    if status in _GATEWAY_WORDS:
        return gateway(_GATEWAY_WORDS[status], status, headers)
    if status in _APP_STATUSES:
        return detail(phrase, status, headers)
    return Response(_HTML.format(f"{status} {phrase}"), status, headers, "text/html")


def status_headers(status: int) -> dict[str, str]:
    """Return the headers without which a status is not understood."""
    if status in range(300, 400):
        return {"Location": "/v1/partner/bookings/elsewhere"}
    return _STATUS_HEADERS.get(status, {})


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown Error"


def bent_answer(fault: Fault, booking: dict[str, Any], now: float) -> Response:
    """Return the answer to a booking that was made, as an ASGI-sized fault bends it."""
    match fault.name:
        case "unparsable":
            half = json.dumps(booking)[: len(json.dumps(booking)) // 2]
            return Response(half, HTTPStatus.OK, None, _JSON)
        case "no-id":
            return json_answer(_with_id(booking, None, drop=True))
        case "null-id":
            return json_answer(_with_id(booking, None))
        case "201":
            return json_answer(booking, HTTPStatus.CREATED)
        case "202":
            return json_answer({"detail": "Accepted"}, HTTPStatus.ACCEPTED)
        case _:
            return status_answer(fault, now)


def _with_id(booking: dict[str, Any], value: None, *, drop: bool = False) -> dict[str, Any]:
    """Return a booking without its id, also inside an envelope."""
    if isinstance(booking.get("data"), dict):
        return booking | {"data": _with_id(booking["data"], value, drop=drop)}
    rest = {name: given for name, given in booking.items() if name != "id"}
    return rest if drop else {"id": value, **rest}


class WireAnswer(Response):
    """An answer, or its absence, that only the connection itself can give."""

    def __init__(self, fault: Fault, booking: bytes, state: SandboxState, call: Call) -> None:
        """Prepare `fault` for a request whose proper answer would be `booking`."""
        super().__init__()
        self._fault = fault
        self._booking = booking
        self._state = state
        self._call = call

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Act on the connection; it ends here."""
        wire: SandboxProtocol = scope["state"]["wire"]
        try:
            await self._act(wire, receive)
        except asyncio.CancelledError:
            wire.cut()
            raise
        if self._fault.name.startswith("reset") or self._fault.name == "commit-then-reset":
            wire.reset()
        else:
            wire.drop()

    async def _act(self, wire: SandboxProtocol, receive: Receive) -> None:
        """Log, then send what the fault sends before the end."""
        name = self._fault.name
        whole = _head(self._booking) + self._booking
        has_status = name in {"stall-after-headers", "truncated", "drip"}
        self._state.answered(self._call, HTTPStatus.OK if has_status else None)
        match name:
            case "commit-then-hang":
                await self._hang(receive)
            case "stall-after-headers":
                wire.send_raw(_head(self._booking))
                await self._hang(receive)
            case "truncated":
                wire.send_raw(whole[: -len(self._booking) // 2])
            case "garbage":
                wire.send_raw(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
            case "drip":
                for byte in whole:
                    wire.send_raw(bytes([byte]))
                    await asyncio.sleep(self._fault.seconds)
            case _:
                pass  # it sends nothing

    async def _hang(self, receive: Receive) -> None:
        """Wait until the client gives up, or the fault's seconds are over."""
        try:
            async with asyncio.timeout(self._fault.seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            pass


def _head(body: bytes) -> bytes:
    """Return the head of a 200 for `body`."""
    lines = ("HTTP/1.1 200 OK", f"content-type: {_JSON}", f"content-length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode()
