"""A server that sends exact bytes and ends connections as it likes, and a clock to hand in."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import ssl


@dataclass(slots=True, kw_only=True, eq=False)
class Visit:
    """One connection, as the server sees it."""

    server: RawServer
    number: int
    """Counts the server's connections from 0."""
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> bytes:
        """Return the next whole request; b"" when the client closed instead."""
        request = b""
        while not _is_whole(request):
            chunk = await self.reader.read(65_536)
            if not chunk:
                return b""
            self.server.bytes_seen += len(chunk)
            request += chunk
        self.server.requests.append(request)
        return request

    async def send(self, data: bytes) -> None:
        """Write exactly these bytes."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """End the connection with an RST."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script: TypeAlias = Callable[[Visit], Awaitable[None]]


@dataclass(slots=True, kw_only=True, eq=False)
class RawServer:
    """What came in, in order of its arrival."""

    port: int = 0
    bytes_seen: int = 0
    visits: int = 0
    requests: list[bytes] = field(default_factory=list)
    is_visited: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, scheme: str = "http", host: str = "127.0.0.1") -> str:
        """Return the base address."""
        return f"{scheme}://{host}:{self.port}"


@asynccontextmanager
async def raw_server(
    script: Script, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Serve `script` on each connection; a connection ends when its script does."""
    served = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(server=served, number=served.visits, reader=reader, writer=writer)
        served.visits += 1
        served.is_visited.set()
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await script(visit)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # lets the transports close


@dataclass(slots=True)
class HandedInClock:
    """Time that passes only when somebody sleeps, or a test says so."""

    passed_s: float = 0.0
    slept_s: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """Return noon of a Monday, and what has passed since."""
        return datetime(2030, 1, 7, 12, tzinfo=UTC) + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        """Return a number that grows with it."""
        return 1_000 + self.passed_s

    async def sleep(self, seconds: float) -> None:
        """Let time pass, and others work."""
        self.passed_s += seconds
        self.slept_s.append(seconds)
        await asyncio.sleep(0)


def answer(body: bytes, *, status: int = 200, headers: str = "", reason: str = "Said") -> bytes:
    """Return a whole HTTP answer."""
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def always(data: bytes) -> Script:
    """Return a script that answers every request with the same bytes."""

    async def script(visit: Visit) -> None:
        while await visit.request():
            await visit.send(data)

    return script


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(end) and len(body) >= int(length[1] if length else 0)
