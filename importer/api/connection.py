"""One connection to the API: sends a request once, and tells whether it left.

The only module that knows httpx; another transport has to answer with the same three kinds.
"""

from __future__ import annotations

import asyncio
import logging
import select
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx

from importer.errors import SettingsError
from importer.model import NotTakenCause
from importer.outcomes import Answer

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path

BeforeFirstByte: TypeAlias = Callable[[], Awaitable[bool]]
"""Called when the connection stands and nothing is written; False holds the request back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverLeft:
    """Not one byte of the request was written, so nobody can have taken it."""

    cause: NotTakenCause
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLost:
    """The request began to leave, and not even a status line came back."""

    reason: str


Reply: TypeAlias = Answer | AnswerLost | NeverLeft


@dataclass(slots=True, kw_only=True)
class Connection:
    """At most one open connection, made when it is needed; one request at a time.

    HTTP/1.1, so that one request has one fate; no proxy, no cookie, and no redirect, which
    would hand the API key to another host or turn the POST into a GET.
    """

    tls: ssl.SSLContext
    deadline_s: float = 65.0
    """For connecting, and again from the first byte to the last; the gate is not counted."""
    connect_s: float = 10.0
    response_limit: int = 1024 * 1024
    _client: httpx.AsyncClient = field(init=False, repr=False)
    _stream: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Build the client; nothing is opened yet."""
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)  # they log whole addresses
        self._client = self._new_client()

    async def post(
        self, url: str, *, headers: Mapping[str, str], body: bytes, gate: BeforeFirstByte
    ) -> Reply:
        """Send one request at most once and return what is known of it.

        Raises:
            SettingsError: The address cannot be sent to; nothing left.
            Exception: What `gate` raised; nothing left.
        """
        sending = _Sending(connection=self, gate=gate)
        try:
            async with asyncio.timeout(self.deadline_s) as sending.limit:
                return await self._exchange(self._request(url, headers, body, sending), sending)
        except _Withheld as withheld:
            return withheld.reply
        except (httpx.InvalidURL, httpx.RequestError, OSError) as error:
            if sending.is_in_gate:
                raise  # the gate's own error, such as a full disk, is not the network's
            return sending.reply_after(error)

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
        await self._client.aclose()

    def _new_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=self.tls,
            trust_env=False,
            follow_redirects=False,
            # A cookie jar that fills up would get every later row refused with a 431.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            limits=httpx.Limits(max_connections=1, keepalive_expiry=2.0),
            # Longer than a gateway's own limit, so that a slow server answers before we leave.
            timeout=httpx.Timeout(connect=self.connect_s, write=10.0, read=60.0, pool=30.0),
        )

    async def _drop_if_spoiled(self) -> None:
        """Give the connection up if the server sent more than its answer.

        Those bytes would be read as the answer to the next request, and that is another row.
        """
        if any(_holds_more(link) for link in self._client._transport._pool.connections):  # type: ignore[attr-defined]  # noqa: SLF001 - no public name
            await self._client.aclose()
            self._client = self._new_client()

    def _request(
        self, url: str, headers: Mapping[str, str], body: bytes, sending: _Sending
    ) -> httpx.Request:
        return self._client.build_request(
            "POST", url, headers=dict(headers), content=body, extensions={"trace": sending}
        )

    async def _exchange(self, request: httpx.Request, sending: _Sending) -> Answer:
        try:
            response = await self._client.send(request, stream=True)
        except BaseException:
            # httpcore forgets a connection whose TLS handshake our deadline ended.
            if self._stream is not None:
                await self._stream.aclose()
            raise
        try:
            return sending.answer(await self._body_of(response))
        finally:
            await response.aclose()
            await self._drop_if_spoiled()

    async def _body_of(self, response: httpx.Response) -> bytes | None:
        """Return the body, None when it is longer than any answer that we know."""
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self.response_limit:
                return None
        return bytes(body)

    def opened(self, stream: Any) -> None:  # noqa: ANN401 - httpcore's own type
        """Keep the stream of the connection just made, to see later whether it still stands."""
        self._stream = stream

    def is_hung_up(self) -> bool:
        """Return whether the server ended the connection while nothing was under way."""
        return is_hung_up(self._stream.get_extra_info("socket"))


class _Withheld(Exception):
    """No error: the way out of httpx before the first byte."""

    def __init__(self, reply: NeverLeft) -> None:
        super().__init__()
        self.reply = reply


@dataclass(slots=True, kw_only=True, eq=False)
class _Sending:
    """Follows one request on its way; what happened stands here, whatever httpx raises."""

    connection: Connection
    gate: BeforeFirstByte
    limit: asyncio.Timeout = field(init=False)
    is_in_gate: bool = False
    left: bool = False
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        """Take one event of httpx's `trace` extension."""
        match event:
            case "connection.connect_tcp.complete" | "connection.start_tls.complete":
                self.connection.opened(info["return_value"])
            case "http11.send_request_headers.started":
                await self._pass_gate()
            case "http11.receive_response_headers.complete":
                _, self.status, _, headers = info["return_value"]
                self.headers = tuple(
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in headers
                )
            case _:
                pass

    async def _pass_gate(self) -> None:
        """Wait until the request may go; from here on it counts as having left."""
        self.limit.reschedule(None)
        self.is_in_gate = True
        may_go = await self.gate()
        self.is_in_gate = False
        if not may_go:
            raise _Withheld(NeverLeft(cause=NotTakenCause.HELD_BACK))
        if self.connection.is_hung_up():
            reason = "ConnectionClosedWhileWaiting"
            raise _Withheld(NeverLeft(cause=NotTakenCause.NO_CONNECTION, reason=reason))
        self.limit.reschedule(asyncio.get_running_loop().time() + self.connection.deadline_s)
        self.left = True

    def answer(self, body: bytes | None) -> Answer:
        """Return the answer whose status line has come."""
        assert self.status is not None  # noqa: S101 - httpx returned a response, so it came
        return Answer(status=self.status, headers=self.headers, body=body)

    def reply_after(self, error: Exception) -> Reply:
        """Return what is known after `error`; how far the request came outweighs its class."""
        if self.status is not None:
            return self.answer(None)
        reason = type(error).__name__
        if self.left:
            return AnswerLost(reason=reason)
        if isinstance(
            error, httpx.InvalidURL | httpx.UnsupportedProtocol | httpx.LocalProtocolError
        ):
            raise SettingsError(
                f"No request can be sent to the base address ({reason}).",
                todo="Correct SOLV_IMPORT_BASE_URL.",
            ) from None
        if _is_certificate_refused(error):
            return NeverLeft(cause=NotTakenCause.CERTIFICATE, reason=reason)
        return NeverLeft(cause=NotTakenCause.NO_CONNECTION, reason=reason)


def is_hung_up(connected: socket.socket) -> bool:
    """Return whether the other end closed or reset an open socket; nothing is read from it."""
    if connected.fileno() < 0:
        return True
    poll = select.poll()
    # Data alone is no sign: TLS 1.3 sends tickets after its handshake.
    poll.register(connected, getattr(select, "POLLRDHUP", 0))
    return bool(poll.poll(0))


def _holds_more(link: Any) -> bool:  # noqa: ANN401 - httpcore's own type
    """Return whether bytes wait behind the answer of a connection, also when nobody can tell."""
    parser = getattr(getattr(link, "_connection", None), "_h11_state", None)
    return parser is None or bool(parser.trailing_data[0])


def _is_certificate_refused(error: BaseException | None) -> bool:
    """Return whether a certificate that failed verification is behind `error`."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return what all connections share: TLS 1.2 or later, certificates always verified.

    Args:
        ca_file: PEM file of authorities to trust beside the public ones.

    Raises:
        SettingsError: `ca_file` cannot be read, or holds no certificate.
    """
    # httpx knows the public authorities on machines that have no list of them.
    tls = httpx.create_ssl_context(trust_env=False)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is None:
        return tls
    try:
        tls.load_verify_locations(cafile=ca_file)
    except OSError as error:
        raise SettingsError(
            f"The file of certificate authorities cannot be used ({type(error).__name__}).",
            todo="Let SOLV_IMPORT_CA_FILE name a readable PEM file.",
        ) from None
    return tls
