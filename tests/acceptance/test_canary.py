"""What patients wrote stands in the spool, the results and the worksheets, and nowhere else."""

from __future__ import annotations

import itertools
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.echo_server import answering, echoes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli, Finished

    Write = Callable[..., Path]

pytestmark = pytest.mark.timeout(120)

CANARIES = {
    "First Name": "Qafirst",
    "Last Name": "Qalast",
    "Phone": "(312) 555-0187",
    "Birth Date": "1931-07-19",
    "Appointment Date": "2091-03-17T08:45:00-05:00",
    "Location ID": "4021",
    "Email": "qamail@example.com",
    "Reason": "qareason",
    "Birth Sex": "female",
    "Address Street": "77 Qastreet",
    "Address Street Secondary": "Qaunit",
    "Address City": "Qacity",
    "Address State": "IL",
    "Address Zip": "60699",
    "Attribution": "qaattribution",
    "Custom Booking Management URL": "https://example.com/qaurl",
    "EMR Patient ID": "QAMRN7",
    "Qaheading": "qaextra",
}
SENT = (
    *("qafirst", "qalast", "5550187", "555-0187", "1931-07-19", "2091-03-17", "qamail", "qareason"),
    *("qastreet", "qaunit", "qacity", "60699", "qaattribution", "qaurl", "qamrn7", "qaextra"),
    "qaheading",
)
INVALID = {
    "First Name": "Qa\u202ebidi",
    "Phone": "qaphone 312",
    "Birth Date": "qabirth 1/2",
    "Appointment Date": "qaappointment",
    "Location ID": "qalocation",
    "Email": "qa at qamail",
    "Birth Sex": "qasex",
    "Address State": "Qastate",
    "Address Zip": "qazip",
    "Custom Booking Management URL": "javascript:qaurl",
}
REFUSED = ("qa\u202ebidi", "qaphone", "qabirth", "qaappointment", "qalocation", "qa at", "qasex")
TOKENS = (*SENT, *REFUSED, "qastate", "qazip")


def patients(count: int) -> list[dict[str, str]]:
    """Return rows full of canaries, no two the same booking."""
    return [
        CANARIES | {"Appointment Date": f"2091-03-17T08:{minute:02}:00-05:00"}
        for minute in range(count)
    ]


def found_in(content: bytes) -> list[str]:
    """Return the canaries in it."""
    plain = content.lower()
    return [token for token in TOKENS if token.encode() in plain]


def assert_clean(cli: Cli, *finished: Finished) -> None:
    """No canary in what was printed, nor in any file that is no spool, result or worksheet."""
    for one in finished:
        assert found_in((one.out + one.err).encode()) == []
    files = [path for path in cli.folder.rglob("*") if path.is_file()]
    outside = [path for path in files if "spool" not in path.relative_to(cli.folder).parts]
    assert any(path.name == "ledger.db" for path in outside)
    assert {str(path): found_in(path.read_bytes()) for path in outside} == {
        str(path): [] for path in outside
    }
    for path in files:
        if cli.state_dir in path.parents:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def proc_texts(pid: int) -> Iterable[bytes]:
    """Return what other users of the machine may see of a process."""
    for name in ("cmdline", "environ"):
        yield Path(f"/proc/{pid}/{name}").read_bytes()


def test_servers_that_quote_patients_put_none_into_the_ledger_or_the_output(
    run_cli: Cli, write_csv: Write
) -> None:
    source = write_csv([*patients(30), CANARIES | INVALID])
    with answering(echoes) as url:
        run_cli.environ |= {
            "SOLV_IMPORT_BASE_URL": url,
            "SOLV_IMPORT_CLIENT_ID": "some-client",
            "SOLV_IMPORT_CLIENT_SECRET": "some-secret",
        }
        held = run_cli("run", source, "-vv")
        sent = run_cli("run", source, "--only-valid", "-vv", "--in-flight", 1)
        told = run_cli("status", "--json")

    assert held.code == 3
    assert sent.code == 6
    assert sent.counts["booked"] > 0
    assert sent.counts["rejected"] > 0
    assert sent.counts["unknown"] > 0
    assert found_in(sent.results.read_bytes()) == []  # a ZIP; what it holds is tested elsewhere
    assert stat.S_IMODE(sent.results.stat().st_mode) == 0o600
    assert_clean(run_cli, held, sent, told)


def test_a_killed_run_leaves_patients_in_its_spool_only(
    run_cli: Cli, start_sandbox: Callable[..., Sandbox], write_csv: Write, tmp_path: Path
) -> None:
    server = start_sandbox(latency_s=0.05)
    run_cli.target(server)
    server.fault_next("latency,seconds=0", 5)
    server.fault_next("500,commit=yes", 1)
    source = write_csv(patients(40))
    running = run_cli.start("run", source, "--json", "--in-flight", 2)
    while len(server.requests()) < 10:
        assert running.process.poll() is None
        time.sleep(0.02)
    seen = list(proc_texts(running.process.pid))
    running.process.kill()
    out, err = running.process.communicate()

    assert [found_in(text) for text in (*seen, out.encode(), err.encode())] == [[]] * 4
    assert_clean(run_cli)
    assert any(found_in(path.read_bytes()) for path in run_cli.state_dir.rglob("*.jsonl"))

    done = run_cli("run", source, "--json")
    sheet = tmp_path / "sheet.csv"
    worksheet = run_cli("reconcile", done.summary["run_id"], "--worksheet", sheet)
    assert done.code == worksheet.code == 6
    assert_clean(run_cli, done, worksheet)
    assert "qalast" in found_in(sheet.read_bytes())
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_file_without_headings_shows_nobody(
    kind: str,
    command: str,
    run_cli: Cli,
    start_sandbox: Callable[..., Sandbox],
    write_csv: Write,
    write_xlsx: Write,
) -> None:
    run_cli.target(start_sandbox())
    rows = [dict(zip(CANARIES.values(), row.values(), strict=True)) for row in patients(3)]
    source = write_csv(rows) if kind == "csv" else write_xlsx(rows)

    finished = run_cli(command, source)

    assert finished.code == 3
    assert found_in((finished.out + finished.err).encode()) == []
    leaked = itertools.chain.from_iterable(
        found_in(path.read_bytes()) for path in run_cli.folder.rglob("*") if path.is_file()
    )
    assert list(leaked) == []  # the private copy of a refused file is gone as well
