"""A TCP proxy that does to each connection what a script says: forward, bend, cut, stall, reset.

It runs in a thread of its own. A script sees every connection when it is accepted, every request
at its first byte and every request whole; what it leaves alone goes through unchanged.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.chaos.network.wire import TlsWire, Wire

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterator

_HOST = "127.0.0.1"
_BACKLOG = 128
_READY_S = 15
LONG_S = 70.0
"""Longer than the importer's total deadline."""
_PLAIN_START = 10
"""So many bytes of a request say whether it books or signs in: `POST /v1/p` or `POST /v1/a`."""


class Over(Exception):
    """No error: the script has done with a connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One whole request, as it came."""

    head: bytes
    """With the empty line at its end."""
    body: bytes

    @property
    def is_booking(self) -> bool:
        """Return whether it asks for a booking."""
        return self.head.startswith(b"POST /v1/partner/bookings")


@dataclass(slots=True, kw_only=True, eq=False)
class Visit:
    """One connection of a client."""

    proxy: FaultProxy
    number: int
    """Counts the proxy's connections from 0."""
    wire: Wire
    tls: ssl.SSLContext | None
    """What it will shake hands with, unless the script says otherwise; None: in the clear."""
    requests: int = 0
    """Requests that began on it so far."""
    forwarded: int = 0
    """Requests of it that the server was given."""
    _unread: bytes = b""

    async def start(self) -> bytes:
        """Return the first bytes of the next request, left unread; b"" when the client is gone."""
        return self._unread[:_PLAIN_START] or await self.wire.peek(_PLAIN_START)

    async def read(self, count: int) -> bytes:
        """Read exactly so many bytes of the request and return them."""
        while len(self._unread) < count:
            await self._read_on(count - len(self._unread))
        return self._unread[:count]

    async def request(self) -> Request:
        """Return the next whole request.

        Raises:
            Over: The client ended before it was whole.
        """
        while (head_end := self._unread.find(b"\r\n\r\n") + 4) < 4:
            await self._read_on()
        head = self._unread[:head_end]
        found = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        end = head_end + int(found[1] if found else 0)
        while len(self._unread) < end:
            await self._read_on()
        request = Request(head=head, body=self._unread[head_end:end])
        self._unread = self._unread[end:]
        return request

    async def forward(self, request: Request) -> bytes:
        """Let the server behind the proxy have the request, and return its whole answer."""
        self.forwarded += 1
        return await self.proxy.ask(request)

    async def silence(self) -> None:
        """Say nothing for longer than any client should wait, until it has left."""
        await self.proxy.pass_time(LONG_S)
        await self.client_left()

    async def client_left(self) -> None:
        """Return when the client has ended the connection; what it sends is thrown away."""
        while await self.wire.receive():
            pass

    async def _read_on(self, most: int = 65_536) -> None:
        data = await self.wire.receive(most)
        if not data:
            raise Over
        self._unread += data


class Script:
    """What the proxy does; this one changes nothing."""

    async def connected(self, visit: Visit) -> None:
        """Act on a connection that was just accepted; nothing is read, TLS has not begun."""

    async def begun(self, visit: Visit) -> None:
        """Act at the first byte of a request; it is not read yet."""

    async def asked(self, visit: Visit, request: Request) -> None:
        """Answer a whole request.

        Raises:
            Over: The connection ends here.
        """
        await visit.wire.send(await visit.forward(request))


@dataclass(slots=True, kw_only=True, eq=False)
class FaultProxy:
    """Stands between a client and a server; made by `running_proxy`."""

    upstream: tuple[str, int] | None
    """Host and port of the server; None: there is none, the script answers everything."""
    script: Script
    tls: ssl.SSLContext | None = None
    port: int = field(default=0, init=False)
    visits: int = field(default=0, init=False)
    pass_time: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Lets so many seconds pass for the client; faster than they do, where its clock can leap."""
    last_booked: bytes | None = field(default=None, init=False)
    """The server's whole answer to the last booking request."""
    errors: list[BaseException] = field(default_factory=list, init=False)
    """What a script did wrong; connections that ended are none of it."""
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _listener: socket.socket = field(init=False)
    _fillers: list[socket.socket] = field(default_factory=list, init=False)
    _accepting: asyncio.Task[None] | None = field(default=None, init=False)
    _serving: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    @property
    def base_url(self) -> str:
        """Return the address that clients are given."""
        return f"{'http' if self.tls is None else 'https'}://{_HOST}:{self.port}"

    @property
    def is_listening(self) -> bool:
        """Return whether connections are accepted."""
        return self._accepting is not None

    # What scripts may do with the port itself; from the proxy's own loop

    def refuse(self) -> None:
        """Let nobody listen any more: who connects is refused."""
        self._stop_accepting()
        self._listener.close()
        self._bind()  # keeps the port: what is bound but does not listen refuses everybody

    def fill_queue(self) -> None:
        """Accept nobody, and fill the kernel's queue, so that who connects hears nothing."""
        self._stop_accepting()
        self._listener.listen(0)
        for _ in range(2):
            filler = socket.socket()
            filler.setblocking(False)  # noqa: FBT003 - its only argument
            with suppress(BlockingIOError):
                filler.connect((_HOST, self.port))
            self._fillers.append(filler)

    def listen(self) -> None:
        """Accept connections, as at the start."""
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        self._listener.listen(_BACKLOG)
        if self._accepting is None:
            self._accepting = self._loop.create_task(self._accept())

    def soon(self, act: Callable[[], object]) -> None:
        """Do something in the proxy's loop; for other threads."""
        with suppress(RuntimeError):  # it has ended meanwhile
            self._loop.call_soon_threadsafe(act)

    async def ask(self, request: Request) -> bytes:
        """Return the server's whole answer to a request, over a connection of its own."""
        assert self.upstream is not None, "no server stands behind this proxy"
        reader, writer = await asyncio.open_connection(*self.upstream)
        try:
            writer.write(request.head + request.body)
            head = await reader.readuntil(b"\r\n\r\n")
            found = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
            body = await (reader.readexactly(int(found[1])) if found else reader.read())
            if request.is_booking:
                self.last_booked = head + body
            return head + body
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    # The thread

    async def serve(self, ready: Callable[[], object], stopped: asyncio.Event) -> None:
        """Serve until stopped, and leave nothing open."""
        self._loop = asyncio.get_running_loop()
        self._bind()
        self.listen()
        ready()
        await stopped.wait()
        self._stop_accepting()
        for sock in (self._listener, *self._fillers):
            sock.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _bind(self) -> None:
        self._listener = socket.socket()
        self._listener.setblocking(False)  # noqa: FBT003 - its only argument
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((_HOST, self.port))
        self.port = self._listener.getsockname()[1]

    def _stop_accepting(self) -> None:
        if self._accepting is not None:
            self._loop.remove_reader(self._listener)  # at once, not when the task gets to it
            self._accepting.cancel()
            self._accepting = None

    async def _accept(self) -> None:
        while True:
            sock, _ = await self._loop.sock_accept(self._listener)
            visit = Visit(proxy=self, number=self.visits, wire=Wire(sock), tls=self.tls)
            self.visits += 1
            task = self._loop.create_task(self._serve(visit))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _serve(self, visit: Visit) -> None:
        try:
            await self.script.connected(visit)
            if visit.tls is not None:
                wire = TlsWire(visit.wire.sock, visit.tls)
                visit.wire = wire
                await wire.shake_hands()
            while await visit.start():
                visit.requests += 1
                await self.script.begun(visit)
                await self.script.asked(visit, await visit.request())
        except (Over, OSError, asyncio.IncompleteReadError):
            pass  # the script, the client or the server ended it; ssl.SSLError is an OSError
        except Exception as error:  # noqa: BLE001 - told to the test that runs the proxy
            self.errors.append(error)
        finally:
            visit.wire.close()


@contextmanager
def running_proxy(
    script: Script | None = None,
    *,
    before: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[FaultProxy]:
    """Run a proxy in a thread of this process; it listens when this gives it.

    Args:
        script: What it does; None forwards everything unchanged.
        before: The base URL of the server that it stands before, in the clear.
        tls: What it shakes hands with; None: clients come in the clear.

    Raises:
        AssertionError: A script failed; a broken script proves nothing.
    """
    parts = urlsplit(before or "")
    upstream = (parts.hostname, parts.port) if parts.hostname and parts.port else None
    proxy = FaultProxy(upstream=upstream, script=script or Script(), tls=tls)
    ready = threading.Event()
    stops: list[Callable[[], Any]] = []

    async def serve() -> None:
        stopped = asyncio.Event()
        stops.append(stopped.set)
        await proxy.serve(ready.set, stopped)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="fault-proxy", daemon=True)
    thread.start()
    assert ready.wait(_READY_S), "the proxy does not listen"
    try:
        yield proxy
    finally:
        proxy.soon(stops[0])
        thread.join()
    assert not proxy.errors, proxy.errors
