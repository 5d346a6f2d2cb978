"""Runs the sandbox: in a thread of this process, or alone until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
import signal
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import uvicorn

from importer.sandbox.app import build_app
from importer.sandbox.front import FrontDoor
from importer.sandbox.handle import Sandbox
from importer.sandbox.request_log import RequestLog
from importer.sandbox.state import SandboxState
from importer.sandbox.warm_up import warm_up
from importer.sandbox.wire import SandboxProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.sandbox.config import SandboxConfig

_T = TypeVar("_T")
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not bound
_LOG_NAME = "requests.jsonl"
_ROUNDS = 5
"""Steps of the loop until a connection that was just accepted is there to be cut, and closed."""


class _Server(uvicorn.Server):
    """A uvicorn server that warms up first, leaves signals alone and stops at once."""

    def __init__(self, state: SandboxState, on_ready: Callable[[], None]) -> None:
        self._secret = secrets.token_hex()
        super().__init__(_uvicorn_config(state, self._secret))
        self._state = state
        self._stop = asyncio.Event()
        self._on_ready = on_ready

    def stop(self) -> None:
        """End the server; to be called in its event loop."""
        self._stop.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs us."""
        yield

    async def main_loop(self) -> None:
        """Warm up, say so, then serve until stopped; the date header is set once a second."""
        await self.on_tick(0)
        await self._warm_up()
        self._state.become_ready()
        self._on_ready()
        while not self._stop.is_set():
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stop.wait()

    async def _warm_up(self) -> None:
        """Send the server its own first requests; when that fails, leave nothing open."""
        address = reachable(self.servers[0].sockets[0])
        try:
            await asyncio.to_thread(warm_up, address, self._state.config, self._secret)
        except BaseException:
            await self.shutdown()
            raise

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut every connection and end every request; what was answered stands in the log."""
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for _ in range(_ROUNDS):
            self._cut_connections()
            await asyncio.sleep(0)
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self.servers:
            await server.wait_closed()

    def _cut_connections(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, SandboxProtocol):
                connection.cut()


def _uvicorn_config(state: SandboxState, secret: str) -> uvicorn.Config:
    """Return a configuration that changes nothing outside the server, such as logging."""
    wire = type(
        "SandboxConnection",
        (SandboxProtocol,),
        {"state": state, "warm_up_secret": secret.encode()},
    )
    return uvicorn.Config(
        FrontDoor(build_app(state), state),
        http=wire,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        proxy_headers=False,
        timeout_keep_alive=state.config.keep_alive_s,
    )


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket that has the address, but does not listen yet."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off: else 40 ms a request.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def reachable(sock: socket.socket) -> tuple[str, int]:
    """Return the address by which this machine reaches a bound socket."""
    host, port = sock.getsockname()[:2]
    return _EVERYWHERE.get(host, host), port


def base_url_of(sock: socket.socket) -> str:
    """Return the URL of a bound socket."""
    host, port = reachable(sock)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def _open_log(config: SandboxConfig) -> Iterator[RequestLog]:
    """Give the log as configured, or one in a private folder that goes with the server."""
    with contextlib.ExitStack() as stack:
        if config.log_path is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-"))
            path = Path(folder) / _LOG_NAME
        else:
            path = config.log_path
        log = RequestLog(path)
        stack.callback(log.close)
        yield log


@contextlib.contextmanager
def running_sandbox(config: SandboxConfig) -> Iterator[Sandbox]:
    """Run a sandbox in a thread of this process; it listens, warm, when this gives it.

    Raises:
        OSError: The address is taken, or the log cannot be written.
        ValueError: A configured fault does not exist.
    """
    with bound_socket(config.host, config.port) as sock, _open_log(config) as log:
        state = SandboxState(config, log)
        runner = _Thread(state, sock)
        runner.start()
        sandbox = Sandbox(base_url_of(sock), state, runner.call)
        try:
            yield sandbox
        finally:
            runner.end()
            sandbox.remember()


class _Thread:
    """The server's thread and event loop."""

    def __init__(self, state: SandboxState, sock: socket.socket) -> None:
        self._state = state
        self._sock = sock
        self._settled = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: _Server | None = None
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    def start(self) -> None:
        """Return when the server listens; raise what kept it from that."""
        self._thread.start()
        self._settled.wait()
        if self._failure is not None:
            raise self._failure

    def call(self, act: Callable[[], _T]) -> _T:
        """Return what `act` returns in the server's event loop, between two of its steps."""
        if self._loop is None or not self._thread.is_alive():
            return act()

        async def acted() -> _T:
            return act()

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result()

    def end(self) -> None:
        """Stop the server and wait for its thread."""
        if self._server is not None:
            self.call(self._server.stop)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that waits for us
            self._failure = failure
        finally:
            self._settled.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = _Server(self._state, self._settled.set)
        await self._server.serve(sockets=[self._sock])


def serve(config: SandboxConfig, on_listening: Callable[[str, Path], None]) -> None:
    """Run a sandbox until SIGINT or SIGTERM; to be called from the main thread.

    Args:
        config: How it behaves.
        on_listening: Told the base URL and the request log's path when it listens, warm.

    Raises:
        OSError: The address is taken, or the log cannot be written.
        ValueError: A configured fault does not exist.
    """
    with bound_socket(config.host, config.port) as sock, _open_log(config) as log:
        state = SandboxState(config, log)
        url = base_url_of(sock)

        def on_ready() -> None:
            # A full collection over the framework's objects would stamp arrivals 20 ms late.
            gc.collect()
            gc.freeze()
            on_listening(url, log.path)

        asyncio.run(_serve_until_signal(state, sock, on_ready))


async def _serve_until_signal(
    state: SandboxState, sock: socket.socket, on_ready: Callable[[], None]
) -> None:
    server = _Server(state, on_ready)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    try:
        await server.serve(sockets=[sock])
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
