"""What goes wrong below HTTP: ports, connections, requests cut short, answers cut or never sent."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import trustme

from tests.chaos.network.proxy import FaultProxy, Over, Request, Visit
from tests.chaos.network.wire import TlsWire

if TYPE_CHECKING:
    from pathlib import Path

_BETWEEN_DRIPS_S = 5.0

Ending: TypeAlias = Callable[[Visit], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, at one of five moments; exactly one of the first five is set."""

    port: Callable[[FaultProxy], None] | None = None
    """Before anybody connects; until the client sleeps."""
    connected: Ending | None = None
    """When a connection was accepted, before anything is read."""
    begun: Ending | None = None
    """At the first byte of a booking request, which is not read yet."""
    acts: Callable[[Visit, Request], Awaitable[None]] | None = None
    """When a booking request has come whole; the fault answers, or does not."""
    answer: Callable[[bytes], bytes] | None = None
    """The same; true answer, or b"" when nobody was asked -> the bytes that are sent instead."""
    is_taken: bool = False
    """With `answer`: the server gets the request first, and makes its booking."""
    is_tls: bool = False
    """The proxy is spoken to under TLS."""
    leap_s: float = 0.0
    """So much time passes for the client just before."""
    tells: int | None = None
    """With `acts`: the status that the client is told although the server was not asked."""
    trusts_503: bool = False
    """The operator says that a 503 with Retry-After made no booking."""


# How a connection ends


async def closes(visit: Visit) -> None:
    """End in order (FIN), or with an RST when bytes were left unread."""
    visit.wire.close()
    raise Over


async def resets(visit: Visit) -> None:
    """End with an RST."""
    visit.wire.reset()
    raise Over


async def ends_one_way(visit: Visit) -> None:
    """Say that nothing will come (FIN), and go on reading."""
    visit.wire.end()
    await visit.client_left()
    raise Over


async def falls_silent(visit: Visit) -> None:
    """Keep the connection, and never say anything."""
    await visit.silence()
    raise Over


ENDINGS: dict[str, Ending] = {
    "close": closes,
    "reset": resets,
    "half-close": ends_one_way,
    "silence": falls_silent,
}


# What happens to requests


def read_then(count: int, ending: Ending) -> Fault:
    """Return a fault that ends the connection after so many bytes of the request."""

    async def begun(visit: Visit) -> None:
        await visit.read(count)
        await ending(visit)

    return Fault(begun=begun)


def unanswered(ending: Ending, *, is_taken: bool) -> Fault:
    """Return a fault that ends the connection after the whole request, answering nothing."""

    async def acts(visit: Visit, request: Request) -> None:
        if is_taken:
            await visit.forward(request)
        await ending(visit)

    return Fault(acts=acts)


# What happens to answers


def cut(where: Callable[[bytes], int], ending: Ending, answer: bytes = b"") -> Fault:
    """Return a fault that sends the beginning of an answer.

    Args:
        where: Whole answer -> how many bytes of it are sent.
        ending: What comes then.
        answer: What is cut; b"": the server's own, whose booking is made.
    """

    async def acts(visit: Visit, request: Request) -> None:
        whole = answer or await visit.forward(request)
        await visit.wire.send(whole[: where(whole)])
        await ending(visit)

    tells = int(answer[9:12]) if answer else None
    return Fault(acts=acts, tells=tells)


def head_end(answer: bytes) -> int:
    """Return how long the head of an answer is, its empty line included."""
    return answer.index(b"\r\n\r\n") + 4


def line_end(answer: bytes) -> int:
    """Return how long the status line of an answer is."""
    return answer.index(b"\r\n") + 2


CUTS: dict[str, Callable[[bytes], int]] = {
    "at its 1st byte": lambda _: 1,
    "in its version": lambda _: 6,
    "before its status": lambda _: 9,
    "in its status": lambda _: 11,
    "after its status line": line_end,
    "in its headers": lambda answer: (line_end(answer) + head_end(answer)) // 2,
    "before its empty line": lambda answer: head_end(answer) - 2,
    "after its headers": head_end,
    "in its body": lambda answer: (head_end(answer) + len(answer)) // 2,
    "before its last byte": lambda answer: len(answer) - 1,
}
"""Where an answer is cut -> how many bytes of it are sent."""
CUTS_TRIED_IN_ALL_WAYS = ("in its version", "in its headers", "after its headers", "in its body")


def sliced(step: int, pause_s: float = 0.0) -> Fault:
    """Return a fault that sends the true answer in pieces of `step` bytes."""

    async def acts(visit: Visit, request: Request) -> None:
        answer = await visit.forward(request)
        for place in range(0, len(answer), step):
            await visit.wire.send(answer[place : place + step])
            await asyncio.sleep(pause_s)

    return Fault(acts=acts)


def dripped(last: int | None, *, is_tls: bool = False) -> Fault:
    """Return a fault that sends one byte each five seconds: for none of them is it long.

    Args:
        last: Only so many bytes at the end drip; None: all.
        is_tls: Under TLS.
    """

    async def acts(visit: Visit, request: Request) -> None:
        answer = await visit.forward(request)
        start = 0 if last is None else len(answer) - last
        await visit.wire.send(answer[:start])
        for place in range(start, len(answer)):
            await visit.wire.send(answer[place : place + 1])
            await visit.proxy.pass_time(_BETWEEN_DRIPS_S)

    return Fault(acts=acts, is_tls=is_tls)


def delayed(seconds: float) -> Fault:
    """Return a fault that holds the true answer back."""

    async def acts(visit: Visit, request: Request) -> None:
        answer = await visit.forward(request)
        await asyncio.sleep(seconds)
        await visit.wire.send(answer)

    return Fault(acts=acts)


async def answers_and_ends(visit: Visit, request: Request) -> None:
    """Send the true answer and, unannounced, the end of the connection with it."""
    await visit.wire.send_and_end(await visit.forward(request))
    raise Over


async def answers_and_half_closes(visit: Visit, request: Request) -> None:
    """Send the true answer and the end with it, but go on listening."""
    await visit.wire.send_and_end(await visit.forward(request))
    await visit.client_left()
    raise Over


# TLS

_AUTHORITY = trustme.CA()
_STRANGER = trustme.CA()


def write_authority(path: Path) -> None:
    """Write the certificate of the authority that the importer is told to trust."""
    _AUTHORITY.cert_pem.write_to_path(str(path))


KINDS = ("good", "another authority", "another name", "expired", "old protocol")
"""Of certificates; the last is a good one, shown by a server that knows only TLS 1.1."""


@cache
def shown(kind: str) -> ssl.SSLContext:
    """Return what a server needs to show a certificate of that kind."""
    past = datetime(2001, 1, 1, tzinfo=UTC)
    issued = {
        "good": lambda: _AUTHORITY.issue_cert("127.0.0.1"),
        "old protocol": lambda: _AUTHORITY.issue_cert("127.0.0.1"),
        "another authority": lambda: _STRANGER.issue_cert("127.0.0.1"),
        "another name": lambda: _AUTHORITY.issue_cert("elsewhere.example.com"),
        "expired": lambda: _AUTHORITY.issue_cert("127.0.0.1", not_after=past),
    }[kind]()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    if kind == "old protocol":
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def certificate(kind: str) -> Fault:
    """Return a fault that shows a certificate which must not be trusted."""

    async def connected(visit: Visit) -> None:
        visit.tls = shown(kind)

    return Fault(connected=connected, is_tls=True)


def handshake(ending: Ending, *, hears: bool) -> Fault:
    """Return a fault that ends the connection instead of shaking hands.

    Args:
        ending: How.
        hears: It takes the client's greeting first.
    """

    async def connected(visit: Visit) -> None:
        if hears:
            await visit.wire.receive()
        await ending(visit)

    return Fault(connected=connected, is_tls=True)


def instead_of_handshake(data: bytes) -> Fault:
    """Return a fault that answers the client's greeting with something that is no TLS."""

    async def connected(visit: Visit) -> None:
        await visit.wire.receive()
        await visit.wire.send(data)
        await ends_one_way(visit)

    return Fault(connected=connected, is_tls=True)


def under_tls(fault: Fault) -> Fault:
    """Return the same fault under TLS; it ends without `close_notify`."""
    return Fault(
        port=fault.port,
        begun=fault.begun,
        acts=fault.acts,
        answer=fault.answer,
        is_taken=fault.is_taken,
        is_tls=True,
    )


async def says_goodbye_mid_answer(visit: Visit, request: Request) -> None:
    """Send half of the true answer and an orderly end of TLS."""
    answer = await visit.forward(request)
    await visit.wire.send_and_end(answer[: CUTS["in its body"](answer)])
    raise Over


async def breaks_a_record(visit: Visit, request: Request) -> None:
    """Take the booking, then send a record that nobody can decrypt."""
    await visit.forward(request)
    assert isinstance(visit.wire, TlsWire)
    await visit.wire.send_raw(b"\x17\x03\x03\x00\x20" + b"x" * 32)
    # No time passes: the client leaves at once, and other rows are under way by then.
    with suppress(ssl.SSLError):  # its alert
        await visit.client_left()
    raise Over


def _transport() -> dict[str, Fault]:
    faults = {
        "refused": Fault(port=FaultProxy.refuse),
        "accept queue full": Fault(port=FaultProxy.fill_queue),
        "closed when accepted": Fault(connected=closes),
        "reset when accepted": Fault(connected=resets),
        "accepted and silent": Fault(connected=falls_silent),
        "closed unread": Fault(begun=closes),
        "reset unread": Fault(begun=resets),
        "half-closed unread": Fault(begun=ends_one_way),
        "1st byte read, closed": read_then(1, closes),
        "40 bytes read, reset": read_then(40, resets),
        "400 bytes read, reset": read_then(400, resets),
        "40 bytes read, closed": read_then(40, closes),
        "40 bytes read, silence": read_then(40, falls_silent),
        "answered in slices": sliced(3, pause_s=0.0005),
        "answered late": delayed(0.3),
        "answered byte by byte, in time": sliced(1),
        "dripped": dripped(None),
        "dripped at its end": dripped(40),
        "answered and ended": Fault(acts=answers_and_ends),
        "answered and half-closed": Fault(acts=answers_and_half_closes),
    }
    for name, ending in ENDINGS.items():
        faults[f"{name} after the request"] = unanswered(ending, is_taken=False)
        faults[f"{name} after the booking"] = unanswered(ending, is_taken=True)
    for place, where in CUTS.items():
        faults[f"answer cut {place}, close"] = cut(where, closes)
    for place in CUTS_TRIED_IN_ALL_WAYS:
        faults[f"answer cut {place}, reset"] = cut(CUTS[place], resets)
        faults[f"answer cut {place}, silence"] = cut(CUTS[place], falls_silent)
    return faults


def _tls() -> dict[str, Fault]:
    return {
        "TLS: certificate of another authority": certificate("another authority"),
        "TLS: certificate of another name": certificate("another name"),
        "TLS: certificate expired": certificate("expired"),
        "TLS: version 1.1": certificate("old protocol"),
        "TLS: handshake reset": handshake(resets, hears=True),
        "TLS: handshake closed": handshake(closes, hears=True),
        "TLS: handshake silent": handshake(falls_silent, hears=False),
        "TLS: handshake stalled": handshake(falls_silent, hears=True),
        "TLS: plain HTTP": instead_of_handshake(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "TLS: garbage": instead_of_handshake(b"\x00" * 64),
        "TLS: reset after the booking": under_tls(unanswered(resets, is_taken=True)),
        "TLS: ended without goodbye after the booking": under_tls(
            unanswered(closes, is_taken=True)
        ),
        "TLS: answer whole, ended without goodbye": under_tls(cut(len, closes)),
        "TLS: answer cut, ended without goodbye": under_tls(cut(CUTS["in its body"], closes)),
        "TLS: answer cut, goodbye": Fault(acts=says_goodbye_mid_answer, is_tls=True),
        "TLS: record broken": Fault(acts=breaks_a_record, is_tls=True),
        "TLS: silence after the booking": under_tls(unanswered(falls_silent, is_taken=True)),
        "TLS: answered in slices": under_tls(sliced(3)),
        "TLS: dripped": dripped(None, is_tls=True),
    }


TRANSPORT: dict[str, Fault] = _transport()
TLS: dict[str, Fault] = _tls()
