"""What tests of whole runs start from: invented rows, files of them, a sandbox, the command."""

from __future__ import annotations

import csv
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import Workbook

from tests.rows import invented_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli
    from tests.rows import Row


@pytest.fixture(scope="session")
def make_row() -> Callable[..., Row]:
    """Return a maker of rows; every number is another patient at another time."""
    return invented_row


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of CSV files."""

    def write(rows: Iterable[Row], name: str = "visits.csv", **headings: str) -> Path:
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(_lines(rows, headings))
        return tmp_path / name

    return write


@pytest.fixture
def write_xlsx(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of workbooks."""

    def write(rows: Iterable[Row], name: str = "visits.xlsx", **headings: str) -> Path:
        workbook = Workbook()
        for line in _lines(rows, headings):
            workbook.worksheets[0].append(line)
        workbook.save(tmp_path / name)
        return tmp_path / name

    return write


def _lines(rows: Iterable[Row], headings: dict[str, str]) -> list[list[str]]:
    """Return the headings, changed where `headings` says so, and the rows under them."""
    listed = list(rows)
    return [[headings.get(name, name) for name in listed[0]], *(list(r.values()) for r in listed)]


@pytest.fixture
def start_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Return a starter of sandboxes, each with switches of its own."""
    from importer.sandbox import SandboxConfig, running_sandbox  # noqa: PLC0415 - slow

    with ExitStack() as stack:

        def start(**switches: Any) -> Sandbox:
            return stack.enter_context(running_sandbox(SandboxConfig(**switches)))

        yield start


@pytest.fixture
def run_cli(tmp_path: Path) -> Iterator[Cli]:
    """Return the command, with a state folder and an environment of its own."""
    from tests.acceptance.cli_kit import Cli  # noqa: PLC0415 - most tests need none

    cli = Cli(folder=tmp_path / "cli")
    yield cli
    cli.stop()


def pytest_configure() -> None:
    """Hear signals, and so let commands hear them, also where tests run in the background."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            is_ctrl_c = number is signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_ctrl_c else signal.SIG_DFL)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case with bytes by its argument: their content may hold the time of day."""
    return argname if isinstance(val, bytes) else None
