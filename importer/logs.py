"""Sets up logs: to standard error and a file, JSON Lines without a terminal, and no patient."""

from __future__ import annotations

import logging
import os
import sys
import threading
from functools import partial
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from importer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from io import TextIOWrapper
    from pathlib import Path

    from importer.model import Clock

    Event = MutableMapping[str, Any]
    Processor = Callable[[Any, str, Event], Event]

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_FILE_BYTES = 10_000_000
_OLDER_FILES = 5

_MAY_BE_LOGGED = frozenset(
    {
        "event", "level", "timestamp", "run", "row", "rows", "line", "field", "code", "column",
        "status", "state", "http_status", "booking_id", "attempt", "cause", "reason", "error",
        "wait_s", "seconds", "done", "total", "booked", "rejected", "unknown", "waiting",
        "skipped", "rate", "eta_s", "limit", "in_flight", "requests", "worker", "server_ids",
        "exit_code", "version", "ledger", "host", "setting", "origin", "signal", "chunk",
        "command", "name", "profile", "file", "files", "rows_in", "to_send", "duplicate",
        "invalid", "left_out", "blank", "not_sent", "is_resumed", "is_held", "target", "beat",
    }
)  # fmt: skip
"""The only keys whose values are written: a new one is added here on purpose."""

_TRACES = frozenset({"exc_info", "exception", "stack_info", "stack"})
"""Texts of exceptions, which quote values; `error` carries the class's name instead."""


class LogFile(RotatingFileHandler):
    """A file of JSON Lines for its owner, of at most 10 MB and five older ones beside it."""

    failure: OSError | None = None
    """Why a line is missing in it; a run goes on without."""

    def __init__(self, path: Path, *, is_detailed: bool = False) -> None:
        """Open it for more lines.

        Args:
            path: Where it is.
            is_detailed: Whether it gets every step, too, such as what became of a row.

        Raises:
            SettingsError: It cannot be written.
        """
        try:
            super().__init__(path, maxBytes=_FILE_BYTES, backupCount=_OLDER_FILES, encoding="utf-8")
        except OSError as error:
            raise SettingsError(
                f"The log {path} cannot be written: {error.strerror}.",
                todo="Make its folder, or get the right to write there, or name another place.",
            ) from None
        self.setLevel(logging.DEBUG if is_detailed else logging.INFO)

    def _open(self) -> TextIOWrapper:
        private = partial(os.open, mode=0o600)
        return open(self.baseFilename, "a", encoding="utf-8", opener=private)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging names it so
        """Remember that a line was lost, as on a full disk."""
        del record
        error = sys.exc_info()[1]
        self.failure = error if isinstance(error, OSError) else OSError(0, type(error).__name__)

    def close(self) -> None:
        """Close it, though a full disk may still refuse what is left of its last line."""
        try:
            super().close()
        except OSError as error:
            self.failure = error


def configure_logs(
    verbosity: int,
    *,
    stream: TextIO | None = None,
    file: LogFile | None = None,
    clock: Clock | None = None,
    command: str = "",
) -> None:
    """Send logs of this level and above to `stream` (standard error when None).

    Args:
        verbosity: 0 for warnings, 1 for what happens, 2 for every step.
        stream: Where to; lines for people on a terminal, JSON Lines otherwise.
        file: Gets JSON Lines as well, of its own level and above.
        clock: Tells the time of a line, the machine when None.
        command: Named by each line as its run, until a run is bound; "" for none.
    """
    out = sys.stderr if stream is None else stream
    level = _LEVELS[min(verbosity, 2)]
    to_json = structlog.processors.JSONRenderer(sort_keys=True)
    renderer: Any = to_json
    if out.isatty():
        renderer = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *([_naming(command)] if command else []),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True) if not clock else _stamp(clock),
            keep_only_known_keys,
            *([_also_to(file, to_json, level)] if file else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            min(level, file.level) if file else level
        ),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    silence_libraries()


def _naming(command: str) -> Processor:
    """Return what names command and run on every line, in whatever thread it is logged."""

    def name(_logger: object, _method: str, event: Event) -> Event:
        event["command"] = command
        event.setdefault("run", command)
        return event

    return name


def _stamp(clock: Clock) -> Processor:
    def stamp(_logger: object, _method: str, event: Event) -> Event:
        event["timestamp"] = f"{clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"
        return event

    return stamp


def _also_to(file: LogFile, to_json: Any, level: int) -> Processor:  # noqa: ANN401
    """Return what writes an event to a file, and lets it go on when it is of `level` or above."""
    numbers = logging.getLevelNamesMapping()

    def write(logger: object, method: str, event: Event) -> Event:
        number = numbers[event["level"].upper()]
        if number >= file.level:
            # A copy: whoever renders an event may take it apart.
            file.handle(logging.makeLogRecord({"msg": to_json(logger, method, dict(event))}))
        if number < level:
            raise structlog.DropEvent
        return event

    return write


def keep_only_known_keys(_logger: object, _method: str, event: Event) -> Event:
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
