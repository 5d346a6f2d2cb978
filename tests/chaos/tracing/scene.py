"""One small import of its own: a file, a state folder, a sandbox in another process, the judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count, islice
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from importer.ledger import LedgerFolder, target_of
from importer.model import State
from importer.verify import Violation
from tests.acceptance.cli_kit import Cli, read_results
from tests.chaos.judging import judged, settings_from
from tests.chaos.tracing.command_lines import Order
from tests.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from importer.sandbox import Sandbox
    from importer.settings import Settings
    from importer.verify import Evidence
    from tests.chaos.tracing.command_lines import ForkServer, Life
    from tests.chaos.tracing.strace import Tracing

IN_FLIGHT = 2
AS_EVER = 6
"""How an import ends that nothing disturbs: one answer is lost, so one row is unknown."""
FAULTS: Mapping[int, str] = {2: "fault:commit-then-drop", 4: "fault:422-string"}
"""Place in the file -> what its row asks of the sandbox: one lost answer, one refusal."""
_LAST_PATIENT = 12_500
"""Whoever comes after it is not born yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What scenes share: they differ by their patients, so that one server's log serves all."""

    folder: Path
    sandbox: Sandbox
    request_log: Path
    make_row: Callable[..., dict[str, str]]
    patients: Iterator[int] = field(default_factory=lambda: count(2))
    """Their numbers, each once."""


@dataclass(slots=True, kw_only=True)
class Scene:
    """One import: its places, its settings, and what is true of it in the end."""

    ground: Ground
    kind: str
    rows: int = 6
    rate: str = "none"
    bug: str | None = None
    state_dir: Path | None = None
    """Where the ledger goes, when it is not in the scene's own folder."""
    source_dir: Path | None = None
    """Where source and results go, when it is not in the scene's own folder."""
    extra: tuple[str, ...] = ()
    """What else the command line says."""
    source: Path = field(init=False)
    cli: Cli = field(init=False)

    def __post_init__(self) -> None:
        """Write the file, and make the folders."""
        patients = list(islice(self.ground.patients, self.rows))
        assert patients[-1] <= _LAST_PATIENT
        folder = self.ground.folder / f"{self.kind}-{patients[0]}"
        environ = {"SOLV_IMPORT_IN_FLIGHT": str(IN_FLIGHT), "SOLV_IMPORT_RATE": self.rate}
        self.cli = Cli(folder=folder, environ=environ)
        self.cli.target(self.ground.sandbox)
        if self.state_dir is not None:
            self.cli.environ["SOLV_IMPORT_STATE_DIR"] = str(self.state_dir)
        self.source = (self.source_dir or folder / "desk") / "visits.csv"
        self.source.parent.mkdir(exist_ok=True)
        write_rows(
            self.source,
            (
                self.ground.make_row(patient, reason=FAULTS.get(place, ""))
                for place, patient in enumerate(patients)
            ),
        )

    @property
    def order(self) -> Order:
        """Return the command line that imports the file."""
        return Order(
            arguments=["run", self.source, "--yes", *self.extra],
            environ=self.cli.environ,
            folder=self.cli.folder / "work",
            bug=self.bug,
        )

    def live(self, server: ForkServer, name: str, tracing: Tracing | None = None) -> Life:
        """Start the command line; its streams and its trace go to a folder of that name."""
        return server.start(self.order, self.cli.folder / name, tracing)

    @property
    def settings(self) -> Settings:
        """Return what that command line goes by."""
        return settings_from(self.cli.environ, self.cli.folder)

    @property
    def ledger(self) -> LedgerFolder:
        """Return where its ledger stands."""
        target = target_of(self.settings.base_url, self.settings.client_id)
        return LedgerFolder(self.settings.state_dir / target.folder_name)

    @property
    def results(self) -> Path:
        """Return where its results go."""
        return self.source.with_name(f"{self.source.name}.results.xlsx")

    def half_results(self) -> list[Violation]:
        """Return whether a file stands under the final name that is not whole."""
        if not self.results.exists():
            return []
        try:
            shown = len(read_results(self.results))
        except (BadZipFile, KeyError, OSError, ValueError) as error:
            shown, why = 0, type(error).__name__
        else:
            why = f"{shown} of {self.rows} rows"
        if shown == self.rows:
            return []
        return [Violation(invariant="I2", what=f"half a results file under its name: {why}")]

    def judged(self, **told: Any) -> tuple[Evidence, list[Violation]]:
        """Return what the newest run shows, and what is broken; its end must have come."""
        evidence, violations = judged(self.settings, self.ground.request_log, **told)
        left = [row.row_number for row in evidence.ledger if row.state is State.READY]
        if left:
            what = f"rows {left} were never sent, although the run could end"
            violations.append(Violation(invariant="I8", what=what))
        return evidence, violations
