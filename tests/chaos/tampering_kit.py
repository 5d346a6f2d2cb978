"""A clinic whose ledger was tampered with, and the command that is run on it afterwards."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from click.testing import CliRunner

from importer.cli.shell import shell
from importer.ledger import LedgerFolder
from importer.sandbox import SandboxConfig, running_sandbox
from tests.edges.ledger_kit import contents
from tests.pipeline.desk import Desk, Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.sandbox import Sandbox

Moment: TypeAlias = Literal["closed", "crashed"]
"""How the last process before the tampering ended."""

Row: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """State folders of one machine, as they were at some moments of its life."""

    folder: Path
    sandbox: Sandbox
    visits: Path
    """Some rows of it are booked, the others are not."""

    def state(self, moment: str) -> Path:
        """Return the state folder of a moment.

        `older`: after the first run; `closed`: after the second. `earlier` and `crashed` are two
        moments of one opening, `before` is one of the opening before that; all three as a kill
        would have left them.
        """
        return self.folder / moment

    def scene(self, moment: str, place: Path) -> Scene:
        """Return a copy of a moment, to be tampered with."""
        shutil.copytree(self.state(moment), place / "state")
        return Scene(clinic=self, place=place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, and whom it asked."""

    code: int
    errors: list[str]
    """What it said had stopped it."""
    help: list[str]
    requests: int
    """Everything that reached the server meanwhile, sign-ins included."""
    bookings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One state folder, to be tampered with and used again."""

    clinic: Clinic
    place: Path

    @property
    def state(self) -> Path:
        """Return the state folder."""
        return self.place / "state"

    @property
    def ledger(self) -> LedgerFolder:
        """Return the ledger of the clinic's target."""
        return ledger_in(self.state)

    @property
    def log(self) -> Path:
        """Return the ledger's write-ahead log."""
        return self.ledger.path / "ledger.db-wal"

    def of(self, moment: str) -> LedgerFolder:
        """Return the same ledger at another moment."""
        return ledger_in(self.clinic.state(moment))

    def put_back(self, moment: str, *names: str) -> None:
        """Replace files of the ledger by those of another moment; what was not there is not."""
        for name in names:
            there = self.of(moment).path / name
            (self.ledger.path / name).unlink(missing_ok=True)
            if there.exists():
                shutil.copy(there, self.ledger.path / name)

    def tinker(self, *statements: str) -> None:
        """Change the ledger as any other program may."""
        with closing(sqlite3.connect(self.ledger.database)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def import_visits(self) -> Ended:
        """Run the file again, as last night's command did."""
        return self.command("run", str(self.clinic.visits), "--results", str(self.place / "r.csv"))

    def command(self, *words: str) -> Ended:
        """Run the real command."""
        sandbox = self.clinic.sandbox
        seen, booked = len(sandbox.all_requests()), len(sandbox.requests())
        environ = environ_of(sandbox, self.state)
        told = CliRunner().invoke(shell, [*words], env=environ)
        assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
        said = told.stderr.splitlines()
        return Ended(
            code=told.exit_code,
            errors=[line for line in said if line.startswith("error")],
            help=[line for line in said if line.startswith("help")],
            requests=len(sandbox.all_requests()) - seen,
            bookings=len(sandbox.requests()) - booked,
        )

    def files(self) -> dict[str, bytes]:
        """Return every file of the ledger."""
        return contents(self.ledger)


def environ_of(sandbox: Sandbox, state: Path) -> dict[str, str]:
    """Return the settings of the clinic, as variables."""
    return {
        "SOLV_IMPORT_BASE_URL": sandbox.base_url,
        "SOLV_IMPORT_CLIENT_ID": sandbox.config.client_id,
        "SOLV_IMPORT_CLIENT_SECRET": sandbox.config.client_secret,
        "SOLV_IMPORT_STATE_DIR": str(state),
        "SOLV_IMPORT_CONFIG_DIR": str(state.parent / "config"),
        "SOLV_IMPORT_RATE": "none",
        "SOLV_IMPORT_IN_FLIGHT": "1",
        "SOLV_IMPORT_NON_INTERACTIVE": "true",
        "NO_COLOR": "1",
    }


def ledger_in(state: Path) -> LedgerFolder:
    """Return the only ledger of a state folder."""
    (path,) = (entry for entry in state.iterdir() if (entry / "spool").is_dir())
    return LedgerFolder(path)


@contextmanager
def open_clinic(folder: Path, make_row: Callable[..., Row]) -> Iterator[Clinic]:
    """Give a clinic that has run a few files, one of them killed on its way."""
    visits = write_rows(folder / "visits.csv", [make_row(n) for n in range(2, 9)])
    first = write_rows(folder / "first.csv", [make_row(2)])
    second = write_rows(folder / "second.csv", [make_row(3)])
    with running_sandbox(SandboxConfig()) as sandbox:
        desk = Desk(folder=folder, sandbox=sandbox)
        desk.run(first)
        shutil.copytree(folder / "state", folder / "older")
        _run_and_copy(desk, second, {1: "before"})
        shutil.copytree(folder / "state", folder / "closed")
        _run_and_copy(desk, visits, {2: "earlier", 4: "crashed"})
        yield Clinic(folder=folder, sandbox=sandbox, visits=visits)


def _run_and_copy(desk: Desk, source: Path, moments: dict[int, str]) -> None:
    """Run a file, one row at a time, and copy the state folder after so many answers."""
    answers = 0

    def look(_: object) -> None:
        nonlocal answers
        answers += 1
        if answers in moments:
            shutil.copytree(desk.folder / "state", desk.folder / moments[answers])

    desk.observer = Recorder(on_progress=look)
    desk.run(source, in_flight=1)
    desk.observer = Recorder()


def write_rows(path: Path, rows: list[Row]) -> Path:
    """Write a file of rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)
    return path
