"""What cannot work says so in one clear sentence, with its exit code, and sends nothing."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.cli_kit import read_results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli, Finished

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]


@pytest.fixture
def server(run_cli: Cli, start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """Return a sandbox that the command is set to send to."""
    server = start_sandbox()
    run_cli.target(server)
    return server


@pytest.fixture
def source(make_row: Make, write_csv: Write) -> Path:
    """Return a file of one good row."""
    return write_csv([make_row(2)])


def assert_one_sentence(finished: Finished, code: int, *words: str) -> None:
    """One error, of that exit code, that names what a person must look at."""
    assert finished.code == code, finished.err
    assert len(finished.errors) == 1, finished.err
    for word in words:
        assert word in finished.err
    assert finished.out.count("\n") <= 2


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"CLIENT_SECRET": "wrong"}, 4, ("refused the sign-in", "CLIENT_SECRET")),
        ({"BASE_URL": ""}, 2, ("SOLV_IMPORT_BASE_URL",)),
        ({"CLIENT_ID": ""}, 2, ("SOLV_IMPORT_CLIENT_ID",)),
        ({"CLIENT_SECRET": ""}, 2, ("SOLV_IMPORT_CLIENT_SECRET",)),
        ({"BASE_URL": "http://solv.example.com", "RATE": "2/s"}, 2, ("https",)),
        ({"BASE_URL": "https://solv.example.com", "RATE": "2/s"}, 2, ("--yes",)),
        ({"BASE_URL": "https://solv.example.com", "YES": "true"}, 2, ("none",)),
        ({"RATE": "fast"}, 2, ("SOLV_IMPORT_RATE",)),
    ],
    ids=["secret", "url", "id", "no-secret", "http", "unattended", "no-limit", "rate"],
)
def test_settings_that_cannot_work_are_named(
    settings: dict[str, str],
    code: int,
    words: tuple[str, ...],
    server: Sandbox,
    run_cli: Cli,
    source: Path,
) -> None:
    finished = run_cli(
        "run", source, env={f"SOLV_IMPORT_{name}": value for name, value in settings.items()}
    )

    assert_one_sentence(finished, code, *words)
    assert server.requests() == []
    assert len(server.all_requests()) == ("CLIENT_SECRET" in settings and code == 4)


def test_a_client_without_the_scope_is_told_whom_to_ask(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], source: Path
) -> None:
    server = start_sandbox(granted_scopes=("read:locations",))
    run_cli.target(server)

    finished = run_cli("run", source)

    assert_one_sentence(finished, 4, "write:bookings")
    assert finished.counts == {"not_sent": 1}
    assert server.requests() == []


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("server")
def test_a_host_that_nobody_answers_at_is_named(run_cli: Cli, source: Path) -> None:
    with socket.socket() as nobody:  # bound and not listening, so nobody else gets the port
        nobody.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{nobody.getsockname()[1]}"
        finished = run_cli("run", source, env={"SOLV_IMPORT_BASE_URL": f"http://{place}"})

    assert_one_sentence(finished, 5, "127.0.0.1")
    assert finished.counts == {"not_sent": 1}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", ("empty.csv", "empty")),
        ("report.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", ("report.csv", "PDF")),
        ("page.xlsx", b"<html><body><table><tr><td>Ada</td></tr></table></body></html>", ("HTML",)),
        ("cut.xlsx", b"PK\x03\x04" + bytes(60), ("cut.xlsx",)),
        ("names.csv", b"Ada,Sample,3125550142\nBea,Sample,3125550143\n", ("heading", "phone")),
        ("missing.csv", b"", ("no such file", "missing.csv")),
    ],
)
def test_a_file_that_is_no_list_of_patients_is_refused(
    name: str,
    content: bytes,
    words: tuple[str, ...],
    server: Sandbox,
    run_cli: Cli,
    tmp_path: Path,
) -> None:
    source = tmp_path / name
    if name != "missing.csv":
        source.write_bytes(content)

    finished = run_cli("run", source)

    assert finished.code == 3
    assert len(finished.errors) == 1
    for word in words:
        assert word.lower() in finished.err.lower()
    assert server.all_requests() == []


def test_a_missing_column_is_named_with_the_heading_that_comes_near(
    server: Sandbox, run_cli: Cli, make_row: Make, write_csv: Write
) -> None:
    finished = run_cli("run", write_csv([make_row(2)], birth_date="Date of Brith"))

    assert_one_sentence(finished, 3, "birth_date", "column D")
    assert "Brith" not in finished.err + finished.out  # a heading may be a patient
    assert server.all_requests() == []


def test_a_column_that_nobody_knows_is_listed_and_not_sent(
    server: Sandbox, run_cli: Cli, make_row: Make, write_csv: Write
) -> None:
    finished = run_cli("run", write_csv([make_row(2) | {"Shoe Size": "CanaryForty"}]))

    assert finished.code == 0
    assert "column I" in finished.err
    assert read_results(finished.results)[2]["Shoe Size"] == "CanaryForty"
    (booking,) = server.bookings()
    assert "CanaryForty" not in str(booking.fields)


def test_results_that_cannot_be_written_are_found_out_before_anything_is_sent(
    server: Sandbox, run_cli: Cli, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")

    finished = run_cli("run", source, "--results", tmp_path / "file" / "r.xlsx")

    assert_one_sentence(finished, 2, "r.xlsx")
    assert server.all_requests() == []


def test_a_state_folder_that_cannot_be_made_is_named(
    server: Sandbox, run_cli: Cli, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    place = {"SOLV_IMPORT_STATE_DIR": str(tmp_path / "file" / "state")}

    finished = run_cli("run", source, env=place)

    assert_one_sentence(finished, 2, "SOLV_IMPORT_STATE_DIR")
    assert server.all_requests() == []


@pytest.mark.timeout(60)
def test_a_second_run_is_turned_away_and_told_who_holds_the_ledger(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    server = start_sandbox(latency_s=0.2)
    run_cli.target(server)
    first = run_cli.start("run", write_csv(make_row(n) for n in range(2, 22)), "--in-flight", "1")
    while not server.requests():
        assert first.process.poll() is None
        time.sleep(0.05)

    second = run_cli("run", write_csv([make_row(60)], name="other.csv"))
    assert first.process.poll() is None
    done = first.finish()

    assert_one_sentence(second, 7, f"process {first.process.pid}")
    assert done.code == 0
    assert len(server.bookings()) == 20
