"""One accepted connection, byte by byte: read late or never, and ended in every possible way."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_MOST = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Wire:
    """A connection in the clear; nothing is read before somebody asks for it."""

    def __init__(self, sock: socket.socket) -> None:
        """Hold an accepted socket."""
        sock.setblocking(False)  # noqa: FBT003 - its only argument
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self._loop = asyncio.get_running_loop()

    async def peek(self, count: int) -> bytes:
        """Return what comes first and leave it in the kernel; b"" when the client has ended."""
        while True:
            await self._readable()
            try:
                return self.sock.recv(count, socket.MSG_PEEK)
            except BlockingIOError:
                continue

    async def receive(self, most: int = _MOST) -> bytes:
        """Return the next bytes, b"" at the client's end."""
        return await self._loop.sock_recv(self.sock, most)

    async def send(self, data: bytes) -> None:
        """Send exactly these bytes."""
        await self._loop.sock_sendall(self.sock, data)

    async def send_and_end(self, data: bytes) -> None:
        """Send bytes and an orderly end in one segment, so that nobody sees one without it."""
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        await self.send(data)
        self.end()

    def end(self) -> None:
        """Say that nothing more will come (FIN); what the client sends is still taken."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """End with an RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.sock.close()

    def close(self) -> None:
        """End; the kernel makes an RST of it when bytes were left unread."""
        self.sock.close()

    async def _readable(self) -> None:
        """Return when there is something to read, an end included."""
        waiting = self._loop.create_future()
        fd = self.sock.fileno()

        def ready() -> None:
            if not waiting.done():
                waiting.set_result(None)

        self._loop.add_reader(fd, ready)
        try:
            await waiting
        finally:
            self._loop.remove_reader(fd)


class TlsWire(Wire):
    """The same under TLS; an end without `close_notify` unless it is asked for."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        """Hold an accepted socket whose client is about to shake hands."""
        super().__init__(sock)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._peeked = b""

    async def shake_hands(self) -> None:
        """Return when both sides agree.

        Raises:
            ssl.SSLError: They do not; the client has been told why.
        """
        await self._pumped(self._tls.do_handshake)

    async def peek(self, count: int) -> bytes:
        """Return what comes first; the next `receive` returns it again."""
        if not self._peeked:
            self._peeked = await self.receive(count)
        return self._peeked

    async def receive(self, most: int = _MOST) -> bytes:
        """Return the next bytes, b"" at the client's end, with or without `close_notify`."""
        if self._peeked:
            peeked, self._peeked = self._peeked, b""
            return peeked
        try:
            return await self._pumped(lambda: self._tls.read(most))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def send(self, data: bytes) -> None:
        """Send exactly these bytes, encrypted."""
        await self._pumped(lambda: self._tls.write(data))

    async def send_and_end(self, data: bytes) -> None:
        """Send bytes, `close_notify` and an orderly end."""
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        await self.send(data)
        await self.say_goodbye()
        self.end()

    async def say_goodbye(self) -> None:
        """Send `close_notify`; the client's own is not waited for."""
        with suppress(ssl.SSLError):  # it asks for the client's
            self._tls.unwrap()
        await self._flush()

    async def send_raw(self, data: bytes) -> None:
        """Send bytes past TLS, such as a record that cannot be decrypted."""
        await super().send(data)

    async def _pumped(self, act: Callable[[], T]) -> T:
        """Return what an act of the TLS engine comes to, carrying its bytes to and fro."""
        while True:
            try:
                done = act()
            except ssl.SSLWantReadError:
                await self._flush()
            except ssl.SSLError:
                await self._flush()  # the alert that says what is wrong
                raise
            else:
                await self._flush()
                return done
            if data := await super().receive():
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await super().send(data)
