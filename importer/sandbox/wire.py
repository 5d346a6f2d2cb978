"""The connection below the app: stamps arrivals, and does what no ASGI app can.

A uvicorn protocol class; the app finds the connection of a request as `scope["state"]["wire"]`
and the request itself as `scope["state"]["call"]`.
"""

from __future__ import annotations

import logging
import socket
import struct
import time
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from importer.sandbox.state import Call

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from importer.sandbox.state import SandboxState

log = logging.getLogger("importer.sandbox")
log.addHandler(logging.NullHandler())

ADMIN_PATH = "/admin"
WARM_UP_HEADER = b"x-sandbox-warm-up"

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_LINGER_S = 1.0


class SandboxProtocol(H11Protocol):
    """One connection; subclassed per server, which sets `state` and `warm_up_secret`."""

    state: SandboxState
    warm_up_secret: bytes

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Make the connection known to the requests that come over it."""
        super().__init__(config, server_state, {**app_state, "wire": self}, _loop)
        self.logger = log
        self.access_log = False
        self._first_byte: tuple[float, float] | None = None
        self._last_bytes = (0.0, 0.0)
        self._announced: object = None
        self._is_deaf = False

    def data_received(self, data: bytes) -> None:
        """Stamp the first byte of a request, then read on."""
        if self._is_deaf:
            return
        self._last_bytes = (time.time(), time.monotonic())
        if self._first_byte is None and self.conn.their_state is not h11.SEND_BODY:
            self._first_byte = self._last_bytes
        super().data_received(data)

    def handle_events(self) -> None:
        """Announce the request whose head has come, before the app runs."""
        super().handle_events()
        self._note_new_call()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and log that it came."""
        call = self._broken_call()
        if call is not None:
            self.state.answered(call, 400)
        super().send_400_response(msg)

    def connection_lost(self, exc: Exception | None) -> None:
        """Log bytes that never became a request, then clean up."""
        if self._first_byte is not None and not self._is_deaf:
            self.state.answered(self._arrived(None, None), None)
        super().connection_lost(exc)

    def _broken_call(self) -> Call | None:
        """Return the call whose bytes stopped being HTTP: in its body, or before it was one."""
        if self.cycle is None or not self.cycle.more_body:
            return self._arrived(None, None)
        self._note_new_call()
        call: Call | None = self.scope["state"]["call"]
        return call

    def _note_new_call(self) -> None:
        """Put the call of a request whose head has just come into its scope."""
        if self.cycle is not None and self.cycle is not self._announced:
            self._announced = self.cycle
            self.scope["state"]["call"] = self._announce()

    def _announce(self) -> Call | None:
        """Return the call of the request just read; None for an admin call."""
        path, method = self.scope["path"], self.scope["method"]
        if path == ADMIN_PATH or path.startswith(ADMIN_PATH + "/"):
            self._first_byte = None
            return None
        if dict(self.headers).get(WARM_UP_HEADER) == self.warm_up_secret:
            self._first_byte = None
            return Call(n=0, mono=self._last_bytes[1], method=method, path=path)
        return self._arrived(method, path)

    def _arrived(self, method: str | None, path: str | None) -> Call:
        at, mono = self._first_byte or self._last_bytes
        self._first_byte = None
        n = self.state.log.arrived(at=at, mono=mono, method=method, path=path)
        return Call(n=n, mono=mono, method=method or "", path=path or "")

    def send_raw(self, content: bytes) -> None:
        """Send bytes as they are."""
        if not self.transport.is_closing():
            self.transport.write(content)

    def drop(self) -> None:
        """Let the client see an orderly end of the stream, whatever it still sends."""
        self._take_over()
        if self.transport.is_closing():
            return
        # A close with unread bytes would reset instead: end our side, and read into the void.
        self.transport.write_eof()
        self.transport.resume_reading()
        self.loop.call_later(_LINGER_S, self.transport.abort)

    def reset(self) -> None:
        """Let the client see a reset."""
        self._take_over()
        sock: socket.socket | None = self.transport.get_extra_info("socket")
        if sock is not None and not self.transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()

    def cut(self) -> None:
        """End the connection at once, without an answer; for the end of the server."""
        self._take_over()
        self.transport.abort()

    def _take_over(self) -> None:
        """Keep uvicorn from answering on a connection that we end ourselves."""
        self._is_deaf = True
        self._unset_keepalive_if_required()
        if self.cycle is not None:
            self.cycle.disconnected = True
