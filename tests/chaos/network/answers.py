"""What goes wrong in HTTP: every status of the outcome table, and bodies that say otherwise."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from time import time
from typing import TYPE_CHECKING, Any

from tests.chaos.network.faults import (
    CUTS,
    ENDINGS,
    Fault,
    closes,
    cut,
    falls_silent,
    head_end,
)
from tests.chaos.network.proxy import Over

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.network.proxy import Request, Visit

_DETAIL = b'{"detail": "Invented words"}'
_HTML = b"<html><h1>Welcome to nginx!</h1></html>"
_BETWEEN_WORDS_S = 5.0
_MANY = 10 * 1024 * 1024


def http(status: int, body: bytes = b"", *headers: str, reason: str = "Said") -> bytes:
    """Return a whole answer."""
    lines = [f"HTTP/1.1 {status} {reason}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def body_of(answer: bytes) -> bytes:
    """Return the body of a whole answer."""
    return answer[head_end(answer) :]


def says(answer: bytes, *, is_taken: bool = False) -> Fault:
    """Return a fault that gives this answer."""
    return Fault(answer=lambda _: answer, is_taken=is_taken)


def status(code: int, *headers: str, body: bytes = _DETAIL, is_taken: bool = False) -> Fault:
    """Return a fault that answers with this status."""
    return says(http(code, body, *headers), is_taken=is_taken)


def worded(change: Callable[[dict[str, Any]], object], *, code: int = 200) -> Fault:
    """Return a fault that makes the booking and words its answer otherwise."""

    def answer(true: bytes) -> bytes:
        document = json.loads(body_of(true))
        return http(code, json.dumps(change(document)).encode(), "Content-Type: application/json")

    return Fault(answer=answer, is_taken=True)


def rewritten(change: Callable[[bytes], bytes]) -> Fault:
    """Return a fault that makes the booking and changes the bytes of its answer."""
    return Fault(answer=change, is_taken=True)


def then(answer: Callable[[bytes], bytes], ending: str) -> Fault:
    """Return a fault that makes the booking, answers otherwise and ends the connection."""

    async def acts(visit: Visit, request: Request) -> None:
        await visit.wire.send(answer(await visit.forward(request)))
        await ENDINGS[ending](visit)

    return Fault(acts=acts)


async def _continues_for_ever(visit: Visit, request: Request) -> None:
    """Make the booking, and say "100 Continue" until the client has had enough."""
    await visit.forward(request)
    while True:
        await visit.wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await visit.proxy.pass_time(_BETWEEN_WORDS_S)


async def _answers_the_row_before(visit: Visit, request: Request) -> None:
    """Make the booking, and give the answer of the booking made before it."""
    before = visit.proxy.last_booked
    await visit.forward(request)
    if before is None:
        raise Over
    await visit.wire.send(before)


def _retry_after(text: str | Callable[[], str]) -> Fault:
    def answer(_: bytes) -> bytes:
        return http(429, _DETAIL, f"Retry-After: {text if isinstance(text, str) else text()}")

    return Fault(answer=answer)


def _statuses() -> dict[str, Fault]:
    faults = {f"{code}": status(code) for code in _REFUSALS + _AMBIGUOUS + _AGAIN}
    faults |= {f"{code}, booked": status(code, is_taken=True) for code in _AMBIGUOUS}
    faults |= {
        f"{code}, booked, with an id": worded(lambda document: document, code=code)
        for code in (202, 203, 500, 503)
    }
    return faults


_REFUSALS = (400, 404, 405, 406, 409, 410, 413, 414, 415, 422, 431, 501, 505)
_AMBIGUOUS = (
    *(202, 203, 206, 226, 299, 402, 407, 408, 411, 412, 418, 426, 428, 451, 499),
    *(500, 502, 503, 504, 507, 511, 520, 521, 522, 523, 524, 525, 526, 527, 529, 599, 999),
)
_AGAIN = (421, 423, 425, 429)


def _refusals() -> dict[str, Fault]:
    listed = json.dumps(
        {"detail": [{"loc": ["body", "phone"], "msg": "invalid", "type": "value_error.phone"}]}
    ).encode()
    gateway = b'{"message": "Forbidden"}'
    young_words = b'{"detail": "Not authenticated"}'
    return {
        "204, booked": says(b"HTTP/1.1 204 No Content\r\n\r\n", is_taken=True),
        "422, list": status(422, body=listed),
        "422, no body": status(422, body=b""),
        "422, HTML": status(422, "Content-Type: text/html", body=_HTML),
        "422, 10 MB": status(422, body=b"x" * _MANY),
        "422, body cut": cut(CUTS["in its body"], closes, http(422, listed)),
        "404, body cut": cut(CUTS["in its body"], closes, http(404, _DETAIL)),
        "409, body never comes": cut(head_end, falls_silent, http(409, _DETAIL)),
        "429, body cut": cut(CUTS["in its body"], closes, http(429, _DETAIL, "Retry-After: 1")),
        "429, body never comes": cut(head_end, falls_silent, http(429, _DETAIL, "Retry-After: 1")),
        "401, body cut, old token": _old(cut(CUTS["in its body"], closes, http(401, _DETAIL))),
        "500, body cut": cut(CUTS["in its body"], closes, http(500, _DETAIL)),
        "401, fresh token": status(401),
        "401, old token": _old(status(401)),
        "403, place": status(403, body=b'{"detail": "Not allowed for this location"}'),
        "403, no body": status(403, body=b""),
        "403, HTML": status(403, body=_HTML),
        "403, gateway": status(403, body=gateway),
        "403, about the token, fresh": status(403, body=young_words),
        "403, about the token, old": _old(status(403, body=young_words)),
        "403, token expired, old": _old(status(403, body=b'{"detail": "Token has expired"}')),
        "403, token of 51 minutes": replace(status(403), leap_s=51 * 60.0),
    }


def _old(fault: Fault) -> Fault:
    """Return a fault that meets a token of two minutes."""
    return replace(fault, leap_s=120.0)


def _redirects() -> dict[str, Fault]:
    faults = {f"{code}, no place": status(code) for code in (300, 303, 304, 305)}
    for code in (301, 302, 303, 307, 308):
        faults[f"{code}, another host"] = Fault(answer=_elsewhere(code))
    faults["301, same host"] = status(301, "Location: /v2/partner/bookings")
    faults["307, itself"] = status(307, "Location: /v1/partner/bookings")
    return faults


ELSEWHERE = "http://127.0.0.1:{port}/v1/partner/bookings"
"""Where redirects point; the port is that of a server that nobody may ever visit."""


def _elsewhere(code: int) -> Callable[[bytes], bytes]:
    return lambda _: http(code, b"", f"Location: {ELSEWHERE}")


def _waits() -> dict[str, Fault]:
    now = HTTPStatus.TOO_MANY_REQUESTS
    hour = 3_600.0
    return {
        "429, Retry-After 0": _retry_after("0"),
        "429, Retry-After 1": _retry_after("1"),
        "429, Retry-After soon": _retry_after(lambda: formatdate(time() + 1, usegmt=True)),
        "429, Retry-After past": _retry_after(lambda: formatdate(time() - hour, usegmt=True)),
        "429, Retry-After in an hour": _retry_after(lambda: formatdate(time() + hour, usegmt=True)),
        "429, Retry-After 1000000000": _retry_after("1000000000"),
        "429, Retry-After 1e9": _retry_after("1e9"),
        "429, Retry-After garbage": _retry_after("a while"),
        "429, Retry-After negative": _retry_after("-5"),
        "429, RateLimit": status(now, 'RateLimit: "default";r=0;t=1'),
        "429, X-RateLimit-Reset": status(now, "X-RateLimit-Reset: 1"),
        "429, gateway": status(now, body=b'{"message": "Too Many Requests"}'),
        "425, Retry-After 1": status(425, "Retry-After: 1"),
        "503, Retry-After 1": status(503, "Retry-After: 1"),
        "503, booked, Retry-After 1": status(503, "Retry-After: 1", is_taken=True),
        "503, booked, Retry-After 1000000000": status(
            503, "Retry-After: 1000000000", is_taken=True
        ),
        "503, trusted, Retry-After 1": _trusted(status(503, "Retry-After: 1")),
        "503, trusted, no Retry-After": _trusted(status(503, is_taken=True)),
    }


def _trusted(fault: Fault) -> Fault:
    return replace(fault, trusts_503=True)


def _successes() -> dict[str, Fault]:
    return {
        "201": worded(lambda document: document, code=201),
        "200 in an envelope": worded(lambda document: {"meta": {}, "data": document}),
        "200, id as digits": worded(lambda document: document | {"id": str(document["id"])}),
        "200, only an id": worded(lambda document: {"id": document["id"]}),
        "200, no id": worded(_without_id),
        "201, no id": worded(_without_id, code=201),
        "200, id null": worded(lambda document: document | {"id": None}),
        "200, id true": worded(lambda document: document | {"id": True}),
        "200, id a fraction": worded(lambda document: document | {"id": document["id"] + 0.5}),
        "200, id 12.0": worded(lambda document: document | {"id": float(document["id"])}),
        "200, id a word": worded(lambda document: document | {"id": "AXjwbE"}),
        "200, id 0": worded(lambda document: document | {"id": 0}),
        "200, id negative": worded(lambda document: document | {"id": -document["id"]}),
        "200, id beyond 64 bits": worded(lambda document: document | {"id": 2**63}),
        "200, id a list": worded(lambda document: document | {"id": [document["id"]]}),
        "200, id an object": worded(lambda document: document | {"id": {"id": document["id"]}}),
        "200, a list": worded(lambda document: [document]),
        "200, a number": worded(lambda document: document["id"]),
        "200, {}": worded(lambda _: {}),
        "200, an error": worded(lambda _: {"error": "slot taken"}),
        "200, id twice": _with_body(lambda body: body[:-1] + b', "id": 7}'),
        "200, empty": _with_body(lambda _: b""),
        "200, null": _with_body(lambda _: b"null"),
        "200, HTML": _with_body(lambda _: _HTML),
        "200, NaN": _with_body(lambda body: body[:-1] + b', "x": NaN}'),
        "200, cut JSON": _with_body(lambda body: body[:-1]),
        "200, UTF-16": _with_body(lambda body: body.decode().encode("utf-16")[:-1]),
        "200, Latin-1": _with_body(lambda body: body[:-1] + b', "x": "\xe9"}'),
        "200, byte order mark": _with_body(lambda body: b"\xef\xbb\xbf" + body),
        "200, deep": _with_body(lambda body: b"[" * 100_000 + body),
        "200, 10 MB": _with_body(lambda body: body + b" " * _MANY),
        "200, the row before": Fault(acts=_answers_the_row_before),
    }


def _without_id(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "id"}


def _with_body(change: Callable[[bytes], bytes], *headers: str) -> Fault:
    return rewritten(lambda true: http(200, change(body_of(true)), *headers))


def _framings() -> dict[str, Fault]:
    packed = "Content-Encoding: gzip"
    return {
        "garbage": rewritten(lambda _: b"\x00\x01\x02 no HTTP\r\n\r\n"),
        "garbage, SSH": rewritten(lambda _: b"SSH-2.0-OpenSSH_9.2\r\n"),
        "HTTP/0.9": then(body_of, "close"),
        "HTTP/2 preface": rewritten(lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        "HTTP/3.7": rewritten(lambda true: true.replace(b"HTTP/1.1", b"HTTP/3.7", 1)),
        "HTTP/1.0": then(lambda true: true.replace(b"HTTP/1.1", b"HTTP/1.0", 1), "close"),
        "status no number": rewritten(lambda true: true.replace(b" 200 ", b" abc ", 1)),
        "status of four digits": rewritten(lambda true: true.replace(b" 200 ", b" 2000 ", 1)),
        "huge header": rewritten(lambda true: _with_header(true, b"X: " + b"x" * 200_000)),
        "many headers": rewritten(lambda true: _with_header(true, *[b"X-Y: z"] * 20_000)),
        "header without end, close": then(lambda _: b"HTTP/1.1 200 OK\r\nX: yyyy", "close"),
        "header without end, silence": then(lambda _: b"HTTP/1.1 200 OK\r\nX: y", "silence"),
        "header without colon": rewritten(lambda true: _with_header(true, b"no colon here")),
        "lone line feeds": rewritten(_with_lone_line_feeds),
        "chunked": rewritten(_chunked),
        "chunked, size no number": rewritten(lambda true: _chunked(true, size=b"zz")),
        "chunked, size too large": then(lambda true: _chunked(true, size=b"fff"), "close"),
        "chunked, no last chunk": then(lambda true: _chunked(true)[:-5], "silence"),
        "chunked and Content-Length": rewritten(_chunked_with_length),
        "Content-Length too long, close": then(lambda true: _with_length(true, 10), "close"),
        "Content-Length too long, silence": then(lambda true: _with_length(true, 10), "silence"),
        "Content-Length too short": rewritten(lambda true: _with_length(true, -10)),
        "Content-Length twice": rewritten(lambda true: _with_header(true, b"Content-Length: 7")),
        "Content-Length no number": rewritten(lambda true: _headless(b"Content-Length: ten", true)),
        "no Content-Length, close": then(lambda true: _headless(b"X: y", true), "close"),
        "no Content-Length, cut": then(lambda true: _headless(b"X: y", true)[:-9], "close"),
        "no Content-Length, silence": then(lambda true: _headless(b"X: y", true), "silence"),
        "two answers": rewritten(lambda true: true + http(200, b'{"id": 7}')),
        "two answers, a refusal": rewritten(lambda true: true + http(422, _DETAIL)),
        "trailing bytes": rewritten(lambda true: true + b"\r\nwhat is this?"),
        "trailing empty line": rewritten(lambda true: true + b"\r\n"),
        "100 Continue": rewritten(lambda true: b"HTTP/1.1 100 Continue\r\n\r\n" + true),
        "103 Early Hints": rewritten(
            lambda true: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + true
        ),
        "101 Switching Protocols": rewritten(
            lambda true: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + true
        ),
        "100 Continue for ever": Fault(acts=_continues_for_ever),
        "gzip": _with_body(gzip.compress, packed),
        "gzip, bad": _with_body(lambda _: b"no gzip at all", packed),
        "gzip, cut": _with_body(lambda body: gzip.compress(body)[:-12], packed),
        "gzip, bomb": _with_body(lambda body: gzip.compress(body + b" " * 2 * _MANY), packed),
        "unknown encoding": _with_body(lambda body: body, "Content-Encoding: x-secret"),
    }


def _with_header(true: bytes, *lines: bytes) -> bytes:
    first, _, rest = true.partition(b"\r\n")
    return b"\r\n".join([first, *lines, rest])


def _headless(line: bytes, true: bytes) -> bytes:
    """Return an answer whose only header is this one."""
    return b"HTTP/1.1 200 OK\r\n" + line + b"\r\n\r\n" + body_of(true)


def _with_length(true: bytes, more: int) -> bytes:
    body = body_of(true)
    return _headless(b"Content-Length: %d" % (len(body) + more), true)


def _with_lone_line_feeds(true: bytes) -> bytes:
    return true[: head_end(true)].replace(b"\r\n", b"\n") + body_of(true)


def _chunked(true: bytes, size: bytes = b"") -> bytes:
    body = body_of(true)
    chunk = (size or b"%x" % len(body)) + b"\r\n" + body + b"\r\n0\r\n\r\n"
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk


def _chunked_with_length(true: bytes) -> bytes:
    return _with_header(_chunked(true), b"Content-Length: 10")


STATUSES: dict[str, Fault] = _statuses()
"""Every status of the outcome table, with a body that says nothing more."""
HTTP: dict[str, Fault] = _refusals() | _redirects() | _waits() | _successes() | _framings()
"""Answers in which something else than the status matters."""
