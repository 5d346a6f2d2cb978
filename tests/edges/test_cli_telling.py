"""The account of a command: what its end tells, however it comes."""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from importer.cli.telling import told
from importer.cli.watching import Watched
from importer.clock import SystemClock
from importer.errors import ExitCode, LedgerBusy, LedgerError
from importer.settings import Settings, load_settings
from tests.edges.terminal_kit import Terminal
from tests.listeners import webhook
from tests.rows import invented_row, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.reports import PlanView, ProgressView
    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli
    from tests.listeners import Webhook

CANARY = "Qalast"


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Put logs back as they were."""
    hook, root = threading.excepthook, logging.getLogger().handlers[:]
    yield
    threading.excepthook = hook
    logging.getLogger().handlers[:] = root
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


def settings_of(folder: Path, hook: Webhook) -> Settings:
    environ = {
        "SOLV_IMPORT_CONFIG_DIR": str(folder),
        "SOLV_IMPORT_MESSAGE_TARGETS": hook.target,
        "SOLV_IMPORT_HEARTBEAT_URL": f"{hook.url}/beat",
        "SOLV_IMPORT_LOG": str(folder / "import.log"),
        "SOLV_IMPORT_METRICS": str(folder / "import.prom"),
        "SOLV_IMPORT_NON_INTERACTIVE": "true",
    }
    return load_settings({}, environ=environ, folder=folder)


def logged(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "import.log").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError(CANARY), ExitCode.BUG),
        (LedgerError(CANARY), ExitCode.LEDGER),
        (LedgerBusy(CANARY), ExitCode.LEDGER_BUSY),
        (KeyboardInterrupt(CANARY), ExitCode.INTERRUPTED),
    ],
)
def test_whatever_ends_a_command_is_told_by_its_code_alone(
    error: BaseException, code: ExitCode, tmp_path: Path, hook: Webhook
) -> None:
    def fail() -> ExitCode:
        raise error

    settings = settings_of(tmp_path, hook)
    with pytest.raises(type(error)), told("run", settings) as account:
        account.exit_code = account.each(fail)()

    is_told = code in {ExitCode.BUG, ExitCode.LEDGER}
    assert hook.paths == ["/beat/start", *(["/", "/beat/fail"] if is_told else [])]
    assert logged(tmp_path)[-1]["event"] == ("the message was sent" if is_told else "ended")
    (ended,) = (line for line in logged(tmp_path) if line["event"] == "ended")
    assert (ended["exit_code"], ended["files"]) == (code, 1)
    assert f'solv_import_exit_code{{profile=""}} {float(code)}' in (
        (tmp_path / "import.prom").read_text("utf-8")
    )
    for text in (*map(str, hook.requests), (tmp_path / "import.log").read_text("utf-8")):
        assert CANARY not in text


def test_who_sits_at_the_terminal_needs_no_message_unless_it_is_the_lines_of_cron(
    tmp_path: Path, hook: Webhook, start_sandbox: Callable[..., Sandbox]
) -> None:
    server = start_sandbox()
    environ = {
        "SOLV_IMPORT_BASE_URL": server.base_url,
        "SOLV_IMPORT_CLIENT_ID": server.config.client_id,
        "SOLV_IMPORT_CLIENT_SECRET": server.config.client_secret,
        "SOLV_IMPORT_MESSAGE_TARGETS": hook.target,
        "SOLV_IMPORT_HEARTBEAT_URL": f"{hook.url}/beat",
    }
    rows = [invented_row(2), invented_row(3, phone="555-014")]
    source = write_rows(tmp_path / "visits.csv", rows)
    words = ("run", str(source))
    with Terminal(arguments=words, folder=tmp_path, environ=environ) as terminal:
        terminal.expect("[y/N]").type("n\n")
        assert terminal.ended() == 3
    assert hook.requests == []
    with Terminal(arguments=(*words, "--yes"), folder=tmp_path, environ=environ) as terminal:
        assert terminal.ended() == 3
    assert hook.paths == ["/beat/start", "/", "/beat/fail"]


def test_a_pause_that_the_server_asks_for_is_logged_once(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], tmp_path: Path
) -> None:
    server = start_sandbox()
    run_cli.target(server)
    server.fault_next("429,wait=1", 1)
    source = write_rows(tmp_path / "visits.csv", [invented_row(n) for n in range(2, 8)])
    done = run_cli("run", source, "--log", tmp_path / "import.log")
    assert done.code == 0
    (pause,) = (one for one in logged(tmp_path) if one["event"] == "paused by the server")
    assert 0 < pause["wait_s"] <= 1
    assert pause["run"] == done.summary["run_id"]


class Silent:
    """An observer that says nothing."""

    def planned(self, plan: PlanView) -> bool:
        raise NotImplementedError

    def progress(self, counts: ProgressView) -> None:
        pass

    def notice(self, text: str) -> None:
        pass


@pytest.mark.parametrize(("shows_values", "said"), [(False, CANARY), (True, "")])
def test_a_sentence_that_may_show_what_a_terminal_sees_is_not_logged(
    shows_values: bool,  # noqa: FBT001 - a case
    said: str,
    tmp_path: Path,
    hook: Webhook,
) -> None:
    settings = settings_of(tmp_path, hook)
    with told("run", settings):
        observer = Watched(observer=Silent(), clock=SystemClock(), shows_values=shows_values)
        observer.notice(CANARY)
    (notice,) = (line for line in logged(tmp_path) if line["event"] == "notice")
    assert notice["reason"] == said
