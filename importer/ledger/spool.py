"""The private copy of a run: its source, its planned requests and the server's own words."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from importer.ledger.disk import make_folder, write_durably
from importer.model import RowKey

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """One request that may be sent, as it will be sent."""

    row_id: int
    row_number: int
    row_key: RowKey
    appointment_at: datetime
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Spool:
    """One run's folder of patient values, 0700; it goes when the run needs it no more."""

    path: Path

    @property
    def requests_file(self) -> Path:
        """Return the file of planned requests."""
        return self.path / "requests.jsonl"

    @property
    def answers_file(self) -> Path:
        """Return the file of the server's own words about any row of any run of this target.

        It outlives the runs: a row that was refused once is told why in every later run.
        """
        return self.path.parent / "answers.jsonl"

    @property
    def work(self) -> Path:
        """Return the folder for temporary files of the writers."""
        return self.path / "work"

    def prepare(self) -> None:
        """Make the folders, private and without leftovers of a killed writer."""
        shutil.rmtree(self.work, ignore_errors=True)
        make_folder(self.path)
        self.work.mkdir(mode=0o700, exist_ok=True)

    def place_for(self, source_name: str) -> Path:
        """Return where the copy of the source goes; it keeps its name, for the messages."""
        folder = self.path / "source"
        shutil.rmtree(folder, ignore_errors=True)
        make_folder(folder)
        return folder / source_name

    def source(self) -> Path | None:
        """Return the copy of the source, None when it is gone."""
        folder = self.path / "source"
        return next(folder.iterdir(), None) if folder.is_dir() else None

    @contextmanager
    def request_writer(self) -> Iterator[Callable[[PlannedRequest], None]]:
        """Lend a function that adds one request to a new file of them."""
        with os.fdopen(_open_new(self.requests_file), "w", encoding="utf-8") as lines:
            yield lambda request: _write(lines, request)

    def requests(self) -> Iterator[PlannedRequest]:
        """Yield the planned requests, in the order of the file."""
        with self.requests_file.open(encoding="utf-8") as lines:
            for line in lines:
                row_id, row_number, row_key, at, body = json.loads(line)
                yield PlannedRequest(
                    row_id=row_id,
                    row_number=row_number,
                    row_key=RowKey(row_key),
                    appointment_at=datetime.fromisoformat(at),
                    body=body.encode(),
                )

    def keep_words(self, row_key: str, text: str) -> None:
        """Keep what the server said about a row; it may echo the patient."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self.answers_file, flags, 0o600)
        try:
            # The line break comes first too: a line that a crash cut short spoils no other.
            os.write(fd, f"\n{json.dumps([row_key, text])}\n".encode())
        finally:
            os.close(fd)

    def words(self) -> dict[str, str]:
        """Return what the server said, by row key; a line cut short by a crash is left out."""
        try:
            lines = self.answers_file.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return {}
        said: dict[str, str] = {}
        for line in lines:
            try:
                row_key, text = json.loads(line)
            except ValueError:
                continue
            said[row_key] = text
        return said

    def forget_words(self, keys: Collection[str]) -> None:
        """Delete what the server said about these rows, and lines that a crash cut short."""
        kept = [[key, text] for key, text in self.words().items() if key not in keys]
        if self.answers_file.exists():
            lines = (f"{json.dumps(pair)}\n" for pair in kept)
            write_durably(self.answers_file, "".join(lines).encode())

    def remove(self) -> None:
        """Delete everything: no row of the run needs it any more."""
        shutil.rmtree(self.path, ignore_errors=True)


def _open_new(path: Path) -> int:
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _write(lines: TextIO, request: PlannedRequest) -> None:
    values = [
        request.row_id,
        request.row_number,
        request.row_key,
        request.appointment_at.isoformat(),
        request.body.decode(),
    ]
    lines.write(json.dumps(values) + "\n")
