"""Where results go, and how they get there whole."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from importer.errors import SettingsError
from importer.model import State
from importer.results import (
    ResultRow,
    Summary,
    default_results_path,
    digest_of,
    prove_writable,
    safe_target,
    write_atomically,
    write_results,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
RUN = "2030-01-07-7f3a9c"
NOBODY = 65534


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def put(
    path: Path, data: bytes = b"new", before_replace: Callable[[str], None] | None = None
) -> str:
    def write(file: IO[bytes]) -> None:
        file.write(data)

    return write_atomically(path, write, before_replace)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write anywhere; drop that right for a while, if we have it."""
    user = os.geteuid()
    if user:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_write_returns_the_digest_of_what_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    digest = put(path, b"patients")
    assert path.read_bytes() == b"patients"
    assert digest == hashlib.sha256(b"patients").hexdigest() == digest_of(path)


def test_written_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.touch(mode=0o644)
    before = os.umask(0)
    try:
        put(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_temporary_file_is_for_its_owner_only_from_the_start(tmp_path: Path) -> None:
    def write(file: IO[bytes]) -> None:
        (temp,) = tmp_path.iterdir()
        assert temp.name.startswith(".a.csv.")
        assert temp.name.endswith(".tmp")
        assert temp.stat().st_mode & 0o777 == 0o600
        file.write(b"x")

    write_atomically(tmp_path / "a.csv", write)
    assert names_in(tmp_path) == ["a.csv"]


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    put(path, b"old")

    def fail(file: IO[bytes]) -> None:
        file.write(b"half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_atomically(path, fail)
    assert (names_in(tmp_path), path.read_bytes()) == (["a.csv"], b"old")


def test_digest_is_told_before_the_file_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    put(path, b"old")
    told = []

    def note(digest: str) -> None:
        told.append((digest, path.read_bytes()))

    digest = put(path, b"new", note)
    assert told == [(digest, b"old")]
    assert digest_of(path) == digest


def test_digest_that_cannot_be_noted_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    put(path, b"old")

    def fail(_: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        put(path, b"new", fail)
    assert (names_in(tmp_path), path.read_bytes()) == (["a.csv"], b"old")


def test_link_at_the_target_is_replaced_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / "a.csv").symlink_to(victim)
    put(tmp_path / "a.csv")
    assert victim.read_bytes() == b"mine"
    assert not (tmp_path / "a.csv").is_symlink()


WRITER = """
import sys
from pathlib import Path
from importer.model import State
from importer.results import ResultRow, Summary, write_results
def rows():
    for number in range(2, 5002):
        yield ResultRow(row_number=number, cells=("x" * 100,), status=State.BOOKED)
        if number == 4000:
            print("half", flush=True)
            sys.stdin.read()
summary = Summary(run_id="r", exit_code=0, exit_reason="ok", source="s", rows_in=5000,
                  booked=5000, started_at="", ended_at="")
write_results(Path(sys.argv[1]), headings=["a"], rows=rows(), summary=summary, errors=[],
              work_dir=Path(sys.argv[2]))
"""


@contextmanager
def half_written(path: Path, work: Path) -> Iterator[subprocess.Popen[str]]:
    """Lend a process that has written four fifths of the results and waits."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(work)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "half\n"
        yield child


def write_one_row(path: Path, work: Path) -> None:
    row = ResultRow(row_number=2, cells=("a",), status=State.BOOKED)
    summary = Summary(
        run_id="r",
        exit_code=0,
        exit_reason="ok",
        source="s",
        rows_in=1,
        booked=1,
        started_at="",
        ended_at="",
    )
    write_results(path, headings=["a"], rows=iter([row]), summary=summary, errors=[], work_dir=work)


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a[1]*.csv"])
def test_killed_writer_harms_nothing_and_is_swept_up(tmp_path: Path, name: str) -> None:
    out, work = tmp_path / "out", tmp_path / "work"
    out.mkdir()
    work.mkdir()
    path = out / name
    path.write_bytes(b"old")
    (out / f".{name}.notours.tmp").touch()
    (out / ".b.csv.0123456789ab.tmp").touch()
    with half_written(path, work) as child:
        child.send_signal(signal.SIGKILL)
    assert path.read_bytes() == b"old"
    assert len(names_in(out)) == 4
    assert len(names_in(work)) == (name == "a.xlsx")
    write_one_row(path, work)
    assert names_in(out) == sorted([f".{name}.notours.tmp", ".b.csv.0123456789ab.tmp", name])
    assert names_in(work) == []
    assert path.read_bytes() != b"old"


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_living_writer_is_not_swept_up(tmp_path: Path, name: str) -> None:
    out, work = tmp_path / "out", tmp_path / "work"
    out.mkdir()
    work.mkdir()
    with half_written(out / name, work) as child:
        write_one_row(out / name, work)
        size = (out / name).stat().st_size
        child.communicate("")
        assert child.returncode == 0
    assert names_in(out) == [name]
    assert (out / name).stat().st_size > size
    assert names_in(work) == []


FULL = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, -1))
from importer.errors import SettingsError
sys.stdin.read()
try:
    exec(sys.argv.pop(1))
except SettingsError as error:
    print(error.message)
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))  # coverage writes a file at the end
"""


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.xlsx"])
def test_full_disk_is_one_sentence_and_the_old_file_stays(tmp_path: Path, name: str) -> None:
    """A limit on the size of files stands for the disk; the system reports it the same way."""
    path = tmp_path / name
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", FULL, WRITER, str(path), str(tmp_path)],
        cwd=ROOT,
        input="",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == f"{path} cannot be written: File too large."
    assert (names_in(tmp_path), path.read_bytes()) == ([name], b"old")


def test_name_taken_for_a_leftover_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep may hold the new file for an instant, before its writer has locked it."""
    real, tried = fcntl.flock, []

    def flock(handle: int, operation: int) -> None:
        tried.append(handle)
        if len(tried) == 1:
            raise BlockingIOError
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    put(tmp_path / "a.csv")
    assert len(tried) == 2
    assert (tmp_path / "a.csv").read_bytes() == b"new"


def test_file_system_without_locks_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    put(tmp_path / "a.csv")
    assert names_in(tmp_path) == ["a.csv"]


@pytest.mark.parametrize(("number", "is_harmless"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_only_a_folder_that_cannot_be_synced_is_forgiven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, is_harmless: bool
) -> None:
    real = os.fsync

    def fsync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with nullcontext() if is_harmless else pytest.raises(SettingsError):
        put(tmp_path / "a.csv")


def test_proof_of_writing_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes(b"old")
    prove_writable(tmp_path / "a.csv")
    prove_writable(tmp_path / "b.csv")
    assert names_in(tmp_path) == ["b.csv"]
    assert (tmp_path / "b.csv").read_bytes() == b"old"


def test_missing_folder_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such folder") as caught:
        prove_writable(tmp_path / "no" / "a.csv")
    assert "Make the folder" in caught.value.todo


@pytest.mark.parametrize("check", [prove_writable, digest_of, put])
def test_folder_or_device_is_no_target(tmp_path: Path, check: object) -> None:
    (tmp_path / "a.csv").mkdir()
    assert callable(check)
    with pytest.raises(SettingsError):
        check(tmp_path / "a.csv")
    assert names_in(tmp_path) == ["a.csv"]


def test_pipe_is_no_target_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(SettingsError, match="not a file"):
        prove_writable(tmp_path / "a.csv")
    with pytest.raises(SettingsError, match="not a file"):
        safe_target(tmp_path / "a.csv", set().__contains__, RUN)


def test_read_only_folder_is_found_before_anything_is_sent() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        with as_nobody(), pytest.raises(SettingsError, match="Permission denied") as caught:
            prove_writable(Path(name) / "a.csv")
        assert caught.value.todo
        Path(name).chmod(0o700)


def test_file_of_ours_is_written_again_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.results.xlsx"
    assert safe_target(path, set().__contains__, RUN) == path
    assert safe_target(path, {put(path)}.__contains__, RUN) == path


def test_edited_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.results.xlsx"
    ours = put(path)
    path.write_bytes(b"corrected by hand")
    second = safe_target(path, {ours}.__contains__, RUN)
    assert second.name == f"a.csv.results.{RUN}.xlsx"
    second.write_bytes(b"another hand")
    third = safe_target(path, {ours}.__contains__, RUN)
    assert third.name == f"a.csv.results.{RUN}-2.xlsx"
    latest = put(third)
    assert safe_target(path, {latest}.__contains__, RUN) == third
    third.write_bytes(b"and again")
    assert safe_target(path, {latest}.__contains__, RUN).name == f"a.csv.results.{RUN}-3.xlsx"
    assert path.read_bytes() == b"corrected by hand"


def test_foreign_file_is_never_overwritten_when_we_wrote_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.touch()
    assert safe_target(path, set().__contains__, RUN).name == f"a.{RUN}.xlsx"


@pytest.mark.parametrize(
    ("source", "results"),
    [
        ("northside.csv", "northside.csv.results.xlsx"),
        ("northside.xlsx", "northside.xlsx.results.xlsx"),
        ("visits", "visits.results.xlsx"),
        ("a.csv.results.xlsx", "a.csv.results-2.xlsx"),
        ("a.csv.results.csv", "a.csv.results-2.xlsx"),
        ("a.csv.results-2.xlsx", "a.csv.results-3.xlsx"),
        ("a.csv.results-9.XLSX", "a.csv.results-10.xlsx"),
        (f"a.csv.results.{RUN}.xlsx", "a.csv.results-2.xlsx"),
        (f"a.csv.results-2.{RUN}-3.xlsx", "a.csv.results-3.xlsx"),
        ("lab.results.march.xlsx", "lab.results.march.xlsx.results.xlsx"),
        (".results.xlsx", ".results.xlsx.results.xlsx"),
    ],
)
def test_default_place_is_beside_the_source(source: str, results: str) -> None:
    assert default_results_path(Path("/clinic") / source) == Path("/clinic") / results


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "y" * 201 + ".csv"])
def test_name_too_long_is_cut_and_stays_distinct(tmp_path: Path, name: str) -> None:
    path = default_results_path(tmp_path / name)
    other = default_results_path(tmp_path / (name[:-1] + "z"))
    assert path != other
    put(path)
    put(other)
    assert len(names_in(tmp_path)) == 2
