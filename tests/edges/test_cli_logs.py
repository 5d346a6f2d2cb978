"""What reaches a log, and what never does."""

from __future__ import annotations

import io
import json
import logging
import threading
from typing import TYPE_CHECKING

import pytest
import structlog

from importer.logs import configure_logs, keep_only_known_keys

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Put logs back as they were."""
    hook, root = threading.excepthook, logging.getLogger().handlers[:]
    yield
    threading.excepthook = hook
    logging.getLogger().handlers[:] = root
    structlog.reset_defaults()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_without_a_terminal_a_log_line_is_a_json_object() -> None:
    stream = io.StringIO()
    configure_logs(0, stream=stream)
    structlog.get_logger().warning("row rejected", row=7, code="IMP220")
    line = json.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "row rejected", "level": "warning", "row": 7, "code": "IMP220"}


def test_on_a_terminal_it_is_a_line_for_people() -> None:
    stream = Terminal()
    configure_logs(0, stream=stream)
    structlog.get_logger().warning("row rejected", row=7)
    assert "row rejected" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize(("verbosity", "levels"), [(0, 1), (1, 2), (2, 3), (9, 3)])
def test_verbosity_lets_more_levels_through(verbosity: int, levels: int) -> None:
    stream = io.StringIO()
    configure_logs(verbosity, stream=stream)
    log = structlog.get_logger()
    log.warning("a")
    log.info("b")
    log.debug("c")
    assert len(stream.getvalue().splitlines()) == levels


def test_a_key_that_is_not_known_to_be_harmless_is_left_out() -> None:
    kept = keep_only_known_keys(None, "info", {"event": "e", "row": 3, "patient": "Canary"})
    assert kept == {"event": "e", "row": 3, "patient": "[left out]"}


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["file", "terminal"])
def test_the_text_of_an_exception_is_never_logged(stream: io.StringIO) -> None:
    configure_logs(2, stream=stream)
    try:
        int("Canary Patient")
    except ValueError:
        structlog.get_logger().exception("it broke", error="ValueError")
    assert "it broke" in stream.getvalue()
    assert "Canary" not in stream.getvalue()


def test_a_library_has_no_way_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger().handlers.clear()
    configure_logs(2, stream=io.StringIO())
    logging.getLogger("httpx").error("Canary Patient")
    assert capsys.readouterr().err == ""


def test_a_thread_that_dies_leaves_its_kind_but_not_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = io.StringIO()
    configure_logs(0, stream=stream)

    def die() -> None:
        raise RuntimeError("Canary Patient")

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    assert json.loads(stream.getvalue())["error"] == "RuntimeError"
    assert "Canary" not in stream.getvalue() + capsys.readouterr().err
