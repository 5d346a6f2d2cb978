"""What reaches a log, and what never does."""

from __future__ import annotations

import io
import json
import logging
import os
import stat
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from importer.errors import SettingsError
from importer.logs import LogFile, configure_logs, keep_only_known_keys

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


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_file_gets_what_happens_though_standard_error_gets_warnings_only(tmp_path: Path) -> None:
    stream, path = io.StringIO(), tmp_path / "import.log"
    with closing(LogFile(path)) as file:
        configure_logs(0, stream=stream, file=file, command="command-1")
        log = structlog.get_logger()
        log.debug("row", row=7)
        log.info("planned", to_send=3, patient="Canary")
        log.warning("it smells")
    assert [line["event"] for line in lines_of(path)] == ["planned", "it smells"]
    assert json.loads(stream.getvalue())["event"] == "it smells"
    assert "Canary" not in path.read_text("utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_detailed_file_gets_every_row_and_is_added_to(tmp_path: Path) -> None:
    path = tmp_path / "import.log"
    for _ in range(2):
        with closing(LogFile(path, is_detailed=True)) as file:
            configure_logs(0, stream=io.StringIO(), file=file)
            structlog.get_logger().debug("row", row=7)
    assert [line["row"] for line in lines_of(path)] == [7, 7]


def test_every_line_names_a_run_in_any_thread(tmp_path: Path) -> None:
    path = tmp_path / "import.log"
    with closing(LogFile(path)) as file:
        configure_logs(0, stream=io.StringIO(), file=file, command="command-1")
        log = structlog.get_logger()
        log.info("began")
        with structlog.contextvars.bound_contextvars(run="2026-11-22-7f3a9c"):
            log.info("planned")
            thread = threading.Thread(target=lambda: log.info("elsewhere"))
            thread.start()
            thread.join()
    assert [line["run"] for line in lines_of(path)] == [
        "command-1",
        "2026-11-22-7f3a9c",
        "command-1",
    ]
    assert {line["command"] for line in lines_of(path)} == {"command-1"}


def test_a_full_file_makes_room_and_five_older_ones_stay(tmp_path: Path) -> None:
    path = tmp_path / "import.log"
    with closing(LogFile(path)) as file:
        configure_logs(0, stream=io.StringIO(), file=file, command="command-1")
        for number in range(8):
            structlog.get_logger().info("planned", to_send=number)
            os.truncate(path, 10_000_000)  # full, and still not a byte of the disk is used
    files = sorted(tmp_path.iterdir())
    assert [found.name for found in files] == [
        "import.log",
        *(f"import.log.{number}" for number in range(1, 6)),
    ]
    assert {stat.S_IMODE(found.stat().st_mode) for found in files} == {0o600}
    assert b'"to_send": 7' in path.read_bytes()


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written: Is a directory"):
        LogFile(tmp_path)


def test_a_full_disk_is_remembered_and_raises_nothing() -> None:
    with closing(LogFile(Path("/dev/full"))) as file:
        configure_logs(0, stream=io.StringIO(), file=file)
        structlog.get_logger().info("planned")
    assert file.failure is not None
    assert file.failure.strerror == "No space left on device"
