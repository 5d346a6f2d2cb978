"""Sets up logs: to standard error, JSON Lines without a terminal, and no patient in them."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)

_MAY_BE_LOGGED = frozenset(
    {
        "event", "level", "timestamp", "run", "row", "rows", "line", "field", "code", "column",
        "status", "state", "http_status", "booking_id", "attempt", "cause", "reason", "error",
        "wait_s", "seconds", "done", "total", "booked", "rejected", "unknown", "waiting",
        "skipped", "rate", "eta_s", "limit", "in_flight", "requests", "worker", "server_ids",
        "exit_code", "version", "ledger", "host", "setting", "origin", "signal", "chunk",
    }
)  # fmt: skip
"""The only keys whose values are written: a new one is added here on purpose."""

_TRACES = frozenset({"exc_info", "exception", "stack_info", "stack"})
"""Texts of exceptions, which quote values; `error` carries the class's name instead."""


def configure_logs(verbosity: int, *, stream: TextIO | None = None) -> None:
    """Send logs of this level and above to `stream` (standard error when None).

    Args:
        verbosity: 0 for warnings, 1 for what happens, 2 for every step.
        stream: Where to; lines for people on a terminal, JSON Lines otherwise.
    """
    out = sys.stderr if stream is None else stream
    renderer: Any = structlog.processors.JSONRenderer(sort_keys=True)
    if out.isatty():
        renderer = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_only_known_keys,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[min(verbosity, 2)]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    silence_libraries()


def keep_only_known_keys(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Return the event with every value left out whose key is not known to be harmless."""
    named = (key for key in event if key not in _TRACES)
    return {key: event[key] if key in _MAY_BE_LOGGED else "[left out]" for key in named}


def silence_libraries() -> None:
    """Keep libraries and dying threads from writing what they hold to standard error.

    Their log lines and exception texts quote cells, bodies and headers; what matters of
    them reaches our own log as a class name.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())
    threading.excepthook = _thread_died


def _thread_died(died: threading.ExceptHookArgs) -> None:
    structlog.get_logger().error("a thread died", error=died.exc_type.__name__)
