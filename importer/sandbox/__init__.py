"""A stand-in Partner API, written from its documents; it shares no code with the client.

Importing this package is cheap; the web framework is loaded when a server starts.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from importer.sandbox.config import (
    SCOPES,
    Dialect,
    Limit,
    LimitHeaders,
    Location,
    Policy,
    SandboxConfig,
)
from importer.sandbox.faults import (
    BODY_FAULTS,
    PASSING_FAULTS,
    SPECIAL_STATUSES,
    WIRE_FAULTS,
    Fault,
    parse_fault,
)
from importer.sandbox.handle import Sandbox
from importer.sandbox.limit import most_in_window
from importer.sandbox.request_log import (
    LoggedRequest,
    body_hmac,
    key_path_of,
    read_log_key,
    read_request_log,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "BODY_FAULTS",
    "PASSING_FAULTS",
    "SCOPES",
    "SPECIAL_STATUSES",
    "WIRE_FAULTS",
    "Dialect",
    "Fault",
    "Limit",
    "LimitHeaders",
    "Location",
    "LoggedRequest",
    "Policy",
    "Sandbox",
    "SandboxConfig",
    "body_hmac",
    "key_path_of",
    "most_in_window",
    "parse_fault",
    "read_log_key",
    "read_request_log",
    "running_sandbox",
    "serve",
]


@contextlib.contextmanager
def running_sandbox(config: SandboxConfig | None = None) -> Iterator[Sandbox]:
    """Run a sandbox in a thread of this process; it listens, warm, when this gives it.

    Raises:
        OSError: The address is taken, or the log cannot be written.
        ValueError: A configured fault does not exist.
    """
    from importer.sandbox import server  # noqa: PLC0415 - the web framework costs half a second

    with server.running_sandbox(config or SandboxConfig()) as sandbox:
        yield sandbox


def serve(config: SandboxConfig, on_listening: Callable[[str, Path], None]) -> None:
    """Run a sandbox until SIGINT or SIGTERM; to be called from the main thread.

    Args:
        config: How it behaves.
        on_listening: Told the base URL and the request log's path when it listens, warm.

    Raises:
        OSError: The address is taken, or the log cannot be written.
        ValueError: A configured fault does not exist.
    """
    from importer.sandbox import server  # noqa: PLC0415 - the web framework costs half a second

    server.serve(config, on_listening)
