"""Who is told of a run that nobody watches, by real mail, real webhooks and real files."""

from __future__ import annotations

import json
import os
import signal
import ssl
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from prometheus_client.parser import text_string_to_metric_families

from tests.listeners import mail_server, webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.acceptance.cli_kit import Cli
    from tests.listeners import Webhook

    Make = Callable[..., dict[str, str]]
    Write = Callable[..., Path]

pytestmark = pytest.mark.timeout(90)

CANARIES = {"first_name": "Qafirst", "last_name": "Qalast"}
SECRET = "qasecret-token"


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


@pytest.fixture
def cli(run_cli: Cli, start_sandbox: Callable[..., Sandbox]) -> Cli:
    """Return the command with a profile, a log and metrics, sending to a sandbox."""
    run_cli.target(start_sandbox())
    profile = run_cli.folder / "northside.toml"
    profile.write_text("[run]\nonly_valid = true\n[guards]\nrows = 'off'\n", "utf-8")
    run_cli.environ |= {
        "SOLV_IMPORT_PROFILE": str(profile),
        "SOLV_IMPORT_LOG": str(run_cli.folder / "import.log"),
        "SOLV_IMPORT_METRICS": str(run_cli.folder / "northside.prom"),
    }
    return run_cli


def logged(cli: Cli) -> list[dict[str, Any]]:
    """Return the lines of the log."""
    text = (cli.folder / "import.log").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def measured(cli: Cli) -> dict[str, float]:
    """Return the figures of the metrics by name, or name and status; all of one profile."""
    text = (cli.folder / "northside.prom").read_text("utf-8")
    samples = [s for f in text_string_to_metric_families(text) for s in f.samples]
    assert {sample.labels["profile"] for sample in samples} == {"northside"}
    return {
        f"{one.name}:{one.labels['status']}" if "status" in one.labels else one.name: one.value
        for one in samples
    }


def invalid(row: dict[str, str]) -> dict[str, str]:
    return row | {"phone": "555-014"}


def test_a_night_without_a_problem_tells_nobody_but_the_monitor(
    cli: Cli, hook: Webhook, make_row: Make, write_csv: Write
) -> None:
    source = write_csv([make_row(2), make_row(3)])
    told = {
        "SOLV_IMPORT_MESSAGE_TARGETS": hook.target,
        "SOLV_IMPORT_HEARTBEAT_URL": f"{hook.url}/beat?create=1",
    }
    done = cli("run", source, env=told)

    assert done.code == 0
    assert hook.messages == []
    assert hook.paths == ["/beat/start?create=1", "/beat?create=1"]
    figures = measured(cli)
    assert figures["solv_import_exit_code"] == 0
    assert figures["solv_import_rows:booked"] == 2
    assert figures["solv_import_rows:unknown"] == 0
    assert figures["solv_import_bookings_per_second"] > 0
    assert figures["solv_import_duration_seconds"] > 0
    last = figures["solv_import_last_run_timestamp_seconds"]
    assert figures["solv_import_last_success_timestamp_seconds"] == last
    assert abs(last - time.time()) < 60
    assert stat.S_IMODE((cli.folder / "northside.prom").stat().st_mode) == 0o644
    assert list(cli.folder.glob(".northside*")) == []


def test_one_message_names_run_counts_and_what_to_do_and_no_patient(
    cli: Cli, hook: Webhook, make_row: Make, write_csv: Write
) -> None:
    rows = [make_row(2), make_row(3) | CANARIES, invalid(make_row(4) | CANARIES)]
    source = write_csv(rows, name="Qalast visits.csv", first_name="Qaheading First Name")
    profile = cli.folder / "northside.toml"
    heading = '[columns]\n"Qaheading First Name" = "first_name"\n'
    profile.write_text(profile.read_text("utf-8") + heading, "utf-8")
    with mail_server() as box:
        mail = f"mailto://127.0.0.1:{box.port}?to=desk@example.com&from=cron@example.com"
        done = cli(
            "run", source, "-vv", env={"SOLV_IMPORT_MESSAGE_TARGETS": f"{hook.target} {mail}"}
        )

    assert done.code == 1
    (message,) = hook.messages
    ((sender, to, letter),) = box.mails
    run_id = done.summary["run_id"]
    assert message["title"] == letter["Subject"] == "solv-import northside: exit 1, needs a person"
    assert (sender, to) == ("cron@example.com", ["desk@example.com"])
    assert message["message"].splitlines() == [
        "Profile: northside",
        "Exit code 1: finished; a person must see invalid, refused or left-out rows.",
        "What to do: look today: the results name the rows that need a person.",
        "",
        f"run {run_id} (exit 1): 3 in = 2 booked + 1 invalid",
        "",
        f"More: solv-import status {run_id}",
    ]
    plain = letter.get_body(("plain",))
    assert plain is not None
    assert f"run {run_id} (exit 1): 3 in = 2 booked + 1 invalid" in plain.get_content()
    log = (cli.folder / "import.log").read_text("utf-8")
    figures = (cli.folder / "northside.prom").read_text("utf-8")
    for text in (*map(str, hook.requests), *map(str, box.raw), log, figures):
        for value in (*CANARIES.values(), "Qaheading", "visits.csv", str(cli.folder)):
            assert value.lower() not in text.lower()


def test_every_line_of_the_log_names_its_run_and_begins_before_there_is_one(
    cli: Cli, make_row: Make, write_csv: Write
) -> None:
    done = cli("run", write_csv([make_row(2)], name="a.csv"))
    second = cli("run", write_csv([make_row(3), make_row(4)], name="b.csv"))

    assert (done.code, second.code) == (0, 0)
    lines = [line for line in logged(cli) if line["command"] == logged(cli)[-1]["command"]]
    assert [line["event"] for line in lines] == ["began", "planned", "file ended", "ended"]
    command, run_id = lines[0]["command"], second.summary["run_id"]
    assert command.startswith("command-")
    assert [line["run"] for line in lines] == [command, run_id, run_id, command]
    assert lines[1]["to_send"] == 2
    assert lines[-1] | {"booked": 2, "exit_code": 0, "files": 1} == lines[-1]
    assert all({"timestamp", "level"} <= line.keys() for line in lines)
    assert stat.S_IMODE((cli.folder / "import.log").stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written_ends_the_command_before_anything_is_sent(
    cli: Cli, hook: Webhook, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    server = start_sandbox()
    cli.target(server)
    done = cli(
        "run",
        write_csv([make_row(2)]),
        "--log",
        cli.folder / "nowhere" / "import.log",
        env={"SOLV_IMPORT_MESSAGE_TARGETS": hook.target},
    )
    assert done.code == 2
    assert "error: The log" in done.err
    assert server.all_requests() == []
    (message,) = hook.messages
    assert "No file was begun." in message["message"]
    assert measured(cli)["solv_import_exit_code"] == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_a_disk_that_is_full_for_the_log_stops_no_booking(
    cli: Cli, make_row: Make, write_csv: Write
) -> None:
    done = cli("run", write_csv([make_row(2)]), "--log", "/dev/full")
    assert (done.code, done.counts) == (0, {"booked": 1})
    assert "warning: the log lacks lines: No space left on device." in done.err


def test_metrics_that_cannot_be_written_change_nothing(
    cli: Cli, make_row: Make, write_csv: Write
) -> None:
    done = cli("run", write_csv([make_row(2)]), "--metrics", cli.folder / "nowhere" / "a.prom")
    assert done.code == 0
    assert "warning: the metrics could not be written: No such file or directory." in done.err


def test_a_run_that_fails_is_told_and_keeps_the_time_of_the_last_success(
    cli: Cli, hook: Webhook, make_row: Make, write_csv: Write
) -> None:
    told = {
        "SOLV_IMPORT_MESSAGE_TARGETS": hook.target,
        "SOLV_IMPORT_HEARTBEAT_URL": f"{hook.url}/beat",
    }
    assert cli("run", write_csv([make_row(2)]), env=told).code == 0
    before = measured(cli)
    hook.requests.clear()
    broken = write_csv([make_row(3)], phone="Qalast")

    done = cli("run", broken, env=told)

    assert done.code == 3
    assert hook.paths == ["/beat/start", "/", "/beat/fail"]
    assert "no run (exit 3): IMP1" in hook.messages[0]["message"]
    assert "Qalast" not in hook.messages[0]["message"]
    after = measured(cli)
    kept, run = (
        "solv_import_last_success_timestamp_seconds",
        "solv_import_last_run_timestamp_seconds",
    )
    assert after["solv_import_exit_code"] == 3
    assert after[kept] == before[kept] < after[run]
    assert after["solv_import_rows:booked"] == 0


def test_several_files_are_one_message_and_their_figures_are_added(
    cli: Cli, hook: Webhook, make_row: Make, write_csv: Write
) -> None:
    good = write_csv([make_row(2), make_row(3)], name="a.csv")
    bad = write_csv([make_row(4), invalid(make_row(5))], name="b.csv")
    words = ("run", good, bad, "--results", cli.folder, "--summary", cli.folder / "tmp")
    done = cli(*words, env={"SOLV_IMPORT_MESSAGE_TARGETS": hook.target})
    assert done.code == 1
    (message,) = hook.messages
    lines = [line for line in message["message"].splitlines() if line.startswith("run ")]
    assert [line.partition(": ")[2] for line in lines] == [
        "2 in = 1 booked + 1 invalid",
        "2 in = 2 booked",
    ]
    assert measured(cli)["solv_import_rows:booked"] == 3


@pytest.mark.parametrize("what", ["refused", "gone", "unknown"])
def test_a_message_that_cannot_be_sent_is_said_and_changes_nothing(
    what: str, cli: Cli, hook: Webhook, make_row: Make, write_csv: Write
) -> None:
    hook.status = 500
    place = hook.target.partition("://")[2]
    target = {
        "gone": f"json://user:{SECRET}@127.0.0.1:1/{SECRET}",
        "unknown": f"nobody://{SECRET}",
    }.get(what, f"json://user:{SECRET}@{place}/{SECRET}")
    source = write_csv([make_row(2), invalid(make_row(3))])
    done = cli("run", source, env={"SOLV_IMPORT_MESSAGE_TARGETS": target})

    assert (done.code, done.counts) == (1, {"booked": 1, "invalid": 1})
    assert len(hook.requests) == (what == "refused")
    (line,) = (
        line for line in done.err.splitlines() if "warning: the message was not sent" in line
    )
    assert "target 1 of 1" in line
    assert "the message was not sent" in {line["event"] for line in logged(cli)}
    assert SECRET not in done.err + done.out + (cli.folder / "import.log").read_text("utf-8")


def test_a_heartbeat_that_cannot_be_called_or_leads_elsewhere_changes_nothing(
    cli: Cli, hook: Webhook, make_row: Make, write_csv: Write
) -> None:
    hook.status = 302
    source = write_csv([make_row(2)])
    done = cli("run", source, env={"SOLV_IMPORT_HEARTBEAT_URL": f"{hook.url}/{SECRET}"})
    assert done.code == 0
    assert hook.paths == [f"/{SECRET}/start", f"/{SECRET}"]
    assert "warning: the heartbeat could not be called: the answer was 302." in done.err
    gone = cli("run", source, env={"SOLV_IMPORT_HEARTBEAT_URL": f"http://127.0.0.1:1/{SECRET}"})
    assert gone.code == 0
    assert "warning: the heartbeat could not be called: ConnectError." in gone.err
    assert SECRET not in done.err + gone.err + (cli.folder / "import.log").read_text("utf-8")


def test_rows_within_their_bound_are_no_reason_for_a_message(
    cli: Cli, hook: Webhook, make_row: Make, write_csv: Write
) -> None:
    source = write_csv([make_row(2), make_row(3), make_row(4), invalid(make_row(5))])
    told = {"SOLV_IMPORT_MESSAGE_TARGETS": hook.target}
    within = cli("run", source, env=told | {"SOLV_IMPORT_MESSAGE_INVALID": "25%"})
    assert (within.code, hook.messages) == (1, [])
    beyond = cli("run", source, env=told | {"SOLV_IMPORT_MESSAGE_INVALID": "24%"})
    assert beyond.code == 1
    assert "  invalid: 1, and at most 24% is usual" in hook.messages[0]["message"].splitlines()


def test_a_run_that_is_stopped_by_sigterm_is_told(
    cli: Cli, hook: Webhook, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    server = start_sandbox(latency_s=0.2)
    cli.target(server)
    told = {
        "SOLV_IMPORT_MESSAGE_TARGETS": hook.target,
        "SOLV_IMPORT_HEARTBEAT_URL": f"{hook.url}/beat",
    }
    source = write_csv(make_row(n) for n in range(2, 42))
    running = cli.start("run", source, "--in-flight", 2, env=told)
    while len(server.requests()) < 4:
        assert running.process.poll() is None
        time.sleep(0.02)
    running.process.send_signal(signal.SIGTERM)
    stopped = running.finish()

    assert stopped.code == 143
    assert hook.paths == ["/beat/start", "/", "/beat/fail"]
    assert hook.messages[0]["title"] == "solv-import northside: exit 143, terminated"
    assert "not sent" in hook.messages[0]["message"]
    assert measured(cli)["solv_import_exit_code"] == 143

    hook.requests.clear()
    resumed = cli("resume", "--in-flight", 20, env=told)
    assert resumed.code == 0
    assert hook.paths == ["/beat/start", "/beat"]
    assert measured(cli)["solv_import_rows:booked"] == 40
    assert logged(cli)[-1] | {"exit_code": 0, "booked": 40} == logged(cli)[-1]


def test_a_sigterm_while_somebody_is_told_changes_neither_message_nor_exit_code(
    cli: Cli, hook: Webhook, make_row: Make, write_csv: Write
) -> None:
    hook.is_silent = True
    source = write_csv([make_row(2), invalid(make_row(3))])
    running = cli.start("run", source, env={"SOLV_IMPORT_MESSAGE_TARGETS": hook.target})
    while not hook.requests:
        assert running.process.poll() is None
        time.sleep(0.02)
    running.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    hook.ended.set()
    ended = running.finish()
    assert (ended.code, len(hook.messages)) == (1, 1)
    assert "the message was sent" in {line["event"] for line in logged(cli)}


def test_a_second_cron_is_no_reason_for_a_message_and_no_failure(
    cli: Cli, hook: Webhook, start_sandbox: Callable[..., Sandbox], make_row: Make, write_csv: Write
) -> None:
    server = start_sandbox(latency_s=0.2)
    cli.target(server)
    told = {
        "SOLV_IMPORT_MESSAGE_TARGETS": hook.target,
        "SOLV_IMPORT_HEARTBEAT_URL": f"{hook.url}/beat",
    }
    source = write_csv(make_row(n) for n in range(2, 22))
    first = cli.start("run", source, "--in-flight", 1)
    while not server.requests():
        assert first.process.poll() is None
        time.sleep(0.02)
    second = cli("run", source, "--summary", cli.folder / "second.json", env=told)
    assert second.code == 7
    assert hook.paths == ["/beat/start"]
    assert measured(cli)["solv_import_exit_code"] == 7
    assert first.finish().code == 0


def test_the_clinics_own_authority_is_trusted_by_mail_webhook_and_heartbeat(
    cli: Cli, make_row: Make, write_csv: Write
) -> None:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    ca_file = cli.folder / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    source = write_csv([make_row(2), invalid(make_row(3))])
    with mail_server(tls) as box, webhook(tls) as hook:
        mail = (
            f"mailtos://127.0.0.1:{box.port}?mode=starttls"
            "&to=desk@example.com&from=cron@example.com"
        )
        told = {
            "SOLV_IMPORT_MESSAGE_TARGETS": f"{mail} {hook.target}",
            "SOLV_IMPORT_HEARTBEAT_URL": f"{hook.url}/beat",
        }
        strange = cli("run", source, env=told)
        assert (strange.code, box.mails, hook.requests) == (1, [], [])
        assert strange.err.count("warning:") == 4
        trusted = cli("run", source, env=told | {"SOLV_IMPORT_CA_FILE": str(ca_file)})
    assert trusted.code == 1
    assert "warning" not in trusted.err
    assert (len(box.mails), hook.paths) == (1, ["/beat/start", "/", "/beat"])


@pytest.mark.parametrize("flag", ["--json", "--quiet"])
def test_json_and_quiet_are_still_told_and_say_what_was_not(
    flag: str, cli: Cli, hook: Webhook, make_row: Make, write_csv: Write
) -> None:
    hook.status = 500
    source = write_csv([make_row(2), invalid(make_row(3))])
    done = cli("run", source, flag, env={"SOLV_IMPORT_MESSAGE_TARGETS": hook.target})
    assert (done.code, len(hook.messages)) == (1, 1)
    assert "warning: the message was not sent to target 1 of 1 (json)" in done.err
    if flag == "--json":
        assert json.loads(done.out.splitlines()[-1])["type"] == "summary"
