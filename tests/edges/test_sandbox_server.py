"""Starting and ending the sandbox: warm, quiet, quick and repeatable."""

from __future__ import annotations

import http.client
import logging
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from importer.sandbox import Limit, SandboxConfig, running_sandbox
from tests.edges.sandbox_kit import book, client_of, signed_in

ROOT = Path(__file__).parents[2]
SERVE = """
from importer.sandbox import SandboxConfig, serve
serve(SandboxConfig(), lambda url, log_path: print(url, log_path, flush=True))
"""


def python(source: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(source)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_importing_the_package_loads_no_web_framework() -> None:
    process = python("""
        import sys
        import importer.sandbox
        print(sorted({"fastapi", "uvicorn", "pydantic", "starlette"} & set(sys.modules)))
    """)
    assert process.communicate()[0] == "[]\n"


def test_the_sandbox_imports_nothing_of_the_client() -> None:
    process = python("""
        import sys
        from importer.sandbox import running_sandbox
        with running_sandbox():
            pass
        ours = {name for name in sys.modules if name.startswith(("importer.", "schemas"))}
        print(sorted(name for name in ours if not name.startswith("importer.sandbox")))
    """)
    assert process.communicate()[0] == "[]\n"


def test_the_warm_up_leaves_no_trace() -> None:
    config = SandboxConfig(limit=Limit(requests=1, window_s=60), faults={"500": 0.5}, seed=3)
    with running_sandbox(config) as sandbox:
        assert sandbox.log_path.read_bytes() == b""
        assert sandbox.counts() == {"requests": 0, "bookings": 0, "statuses": {}, "duplicates": 0}
        assert signed_in(sandbox)
        sandbox.set_limit(None)
        sandbox.fault_rate("500", 0)
        assert book(signed_in(sandbox)).json()["id"] == 100_001


def test_a_stranger_cannot_pass_for_the_warm_up() -> None:
    with running_sandbox() as sandbox:
        client_of(sandbox, **{"x-sandbox-warm-up": "guess"}).get("/v1/partner/locations/4021")
        assert len(sandbox.all_requests()) == 1


def test_the_same_seed_gives_the_same_tokens_and_ids() -> None:
    seen = []
    for seed in (5, 5, 6):
        with running_sandbox(SandboxConfig(seed=seed)) as sandbox:
            client = signed_in(sandbox)
            seen.append((client.headers["Authorization"], book(client).json()["id"]))
    assert seen[0] == seen[1] != seen[2]


def test_two_sandboxes_run_side_by_side() -> None:
    with running_sandbox() as first, running_sandbox() as second:
        assert first.base_url != second.base_url
        book(signed_in(first))
        assert (len(first.bookings()), len(second.bookings())) == (1, 0)


def test_a_port_that_is_taken_is_an_error_in_the_callers_thread() -> None:
    with running_sandbox() as first:
        port = int(first.base_url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), running_sandbox(SandboxConfig(port=port)):
            pass


def test_the_same_port_can_be_used_again_at_once() -> None:
    with running_sandbox() as first:
        port = int(first.base_url.rpartition(":")[2])
        book(signed_in(first))
    with running_sandbox(SandboxConfig(port=port)) as second:
        assert second.base_url == first.base_url
        assert book(signed_in(second)).status_code == 200


def test_nothing_listens_after_the_end() -> None:
    before = set(threading.enumerate())  # other tests' servers among them
    with running_sandbox() as sandbox:
        host, port = sandbox.base_url.removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1)
    assert "sandbox" not in {thread.name for thread in set(threading.enumerate()) - before}


def test_the_end_does_not_wait_for_idle_connections() -> None:
    with running_sandbox() as sandbox:
        host, port = sandbox.base_url.removeprefix("http://").split(":")
        idle = http.client.HTTPConnection(host, int(port), timeout=5)
        idle.request("GET", "/admin/counts")
        assert idle.getresponse().read()
        started = time.monotonic()
    assert time.monotonic() - started < 5
    idle.close()


def test_an_idle_connection_is_closed_after_the_keep_alive() -> None:
    with running_sandbox(SandboxConfig(keep_alive_s=1)) as sandbox:
        host, port = sandbox.base_url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as kept:
            kept.sendall(b"GET /admin/counts HTTP/1.1\r\nHost: sandbox\r\n\r\n")
            assert kept.recv(65_536)
            while kept.recv(65_536):
                pass


def test_ipv6_works() -> None:
    with running_sandbox(SandboxConfig(host="::1")) as sandbox:
        assert sandbox.base_url.startswith("http://[::1]:")
        assert book(signed_in(sandbox)).status_code == 200


def test_the_server_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="importer.sandbox")
    with running_sandbox() as sandbox:
        client = signed_in(sandbox)
        for fault in ("commit-then-drop", "commit-then-reset", "garbage", "truncated"):
            book(client, reason=f"fault:{fault},times=0")
        book(client, phone=None)
    assert [record for record in caplog.records if record.name == "importer.sandbox"] == []


class FailingClock:
    """Tells the time until it is told to fail."""

    def __init__(self, *, is_failing: bool) -> None:
        self.is_failing = is_failing

    def __call__(self) -> float:
        if self.is_failing:
            raise ValueError("Ada Testperson")
        return 2_000_000_000.0


def test_a_bug_in_the_sandbox_is_a_500_and_names_its_place_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FailingClock(is_failing=False)
    with running_sandbox(SandboxConfig(clock=clock)) as sandbox:
        client = signed_in(sandbox)
        clock.is_failing = True
        answer = book(client)
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert sandbox.requests()[0].status == 500
    assert "ValueError at " in caplog.text
    assert "Ada" not in caplog.text


def test_a_server_that_cannot_warm_up_does_not_start_and_leaves_nothing_open() -> None:
    clock = FailingClock(is_failing=True)
    before = set(threading.enumerate())  # other tests' servers among them
    with (
        pytest.raises(ValueError, match="Expecting value"),
        running_sandbox(SandboxConfig(clock=clock)),
    ):
        pass
    assert "sandbox" not in {thread.name for thread in set(threading.enumerate()) - before}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_in_order(number: signal.Signals) -> None:
    process = python(SERVE)
    assert process.stdout is not None
    url, log_path = process.stdout.readline().split()
    host, port = url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    connection.request("GET", "/admin/counts")
    assert connection.getresponse().status == 200
    process.send_signal(number)
    output, errors = process.communicate(timeout=10)
    connection.close()
    assert (process.returncode, output, errors) == (0, "", "")
    assert not Path(log_path).exists()
