"""Streams that are closed, full or left by their reader stop no command."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PRINT_LIMITS = """
import atexit, resource, sys
from importer.__main__ import main
atexit.register(lambda: print(resource.getrlimit(resource.RLIMIT_CORE), file=sys.stderr))
main()
"""
TALK = """
import sys
from importer.cli import streams
streams._PATIENCE_S = 0.2
streams.open_streams()
for number in range(40_000):
    print(number, file=sys.stderr)
print("all is said", flush=True)
"""
COMMAND = f"{sys.executable} -m importer explain --json"


def shell(line: str, folder: Path) -> tuple[int, str]:
    """Return the exit code and what stands in the file `err`."""
    done = subprocess.run(["/bin/sh", "-c", line], cwd=folder, check=False, capture_output=True)
    said = folder / "err"
    told = said.read_text("utf-8") if said.exists() else ""
    return done.returncode, told + done.stderr.decode()


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_error(closed: str, tmp_path: Path) -> None:
    assert shell(f"{COMMAND} {closed}", tmp_path) == (0, "")


def test_output_that_a_full_disk_did_not_take_is_told(tmp_path: Path) -> None:
    code, told = shell(f"{COMMAND} >/dev/full", tmp_path)
    assert (code, told) == (2, "error: standard output could not be written\n")


def test_messages_that_a_full_disk_did_not_take_are_no_error(tmp_path: Path) -> None:
    assert shell(f"{COMMAND} 2>/dev/full", tmp_path) == (0, "")


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    line = f"{{ {COMMAND} 2>err; echo $? >code; }} | head -1"
    shell(line, tmp_path)
    assert (tmp_path / "code").read_text("ascii") == "0\n"
    assert (tmp_path / "err").read_text("utf-8") == ""


def test_a_reader_of_messages_who_stops_reading_stops_nothing(tmp_path: Path) -> None:
    """Answers come meanwhile, and a request to stop must be heard."""
    script = tmp_path / "talk.py"
    script.write_text(TALK, "utf-8")
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=pipe, stderr=pipe, text=True
    ) as talking:
        assert talking.stdout is not None
        assert talking.stdout.readline() == "all is said\n"
        _, told = talking.communicate()

    assert talking.returncode == 0
    assert told.startswith("0\n1\n2\n")
    assert "39999" not in told


def test_no_core_file_may_be_made(tmp_path: Path) -> None:
    """It would hold every patient that the process holds."""
    script = tmp_path / "limits.py"
    script.write_text(PRINT_LIMITS, "utf-8")
    done = subprocess.run(
        [sys.executable, str(script), "--version"], check=True, capture_output=True, text=True
    )
    assert done.stderr == "(0, 0)\n"
