"""A copy of a source in which everything that is certain is corrected."""

from __future__ import annotations

from collections import Counter
from typing import IO, TYPE_CHECKING

from importer.errors import SettingsError
from importer.normalize import is_empty
from importer.pipeline.checking import intake_for
from importer.reading import Edit, Edits, prove_unchanged, source_digest
from importer.reports import FixReport
from importer.results import write_copy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.model import Clock
    from importer.pipeline.intake import Intake
    from importer.problems import ProblemCode
    from importer.reading import Chunk
    from importer.settings import Settings
    from importer.validate import CheckedRow


def fix_file(source: Path, target: Path, settings: Settings, *, clock: Clock) -> FixReport:
    """Write `source` again with every certain suggestion applied, and nothing else changed.

    Raises:
        SourceError: The source as a whole cannot be used, or somebody writes it meanwhile.
        SettingsError: The copy cannot be written there, or would be of another type.
    """
    digest = source_digest(source)
    intake = intake_for(source, settings, now=clock.now(), tells_spelling=True)
    copy = intake.table.copy
    if copy is None:
        raise SettingsError(
            f"--fix cannot write {source.name} again: it is of a kind that is only read.",
            todo="Save it as CSV, or as XLSX without macros or a password, first.",
        )
    _prove_target(source, target)
    made: Counter[ProblemCode] = Counter()

    def write(file: IO[bytes]) -> None:
        made.update(copy(Edits(_edits(intake)), file))
        # The edits are of the file that was read: in another one they would be of other patients.
        prove_unchanged(source, digest)

    write_copy(target, write, state_dir=settings.state_dir)
    return FixReport(path=target, cells=dict(sorted(made.items(), key=lambda item: item[0].code)))


def _edits(intake: Intake) -> Iterator[Edit]:
    """Yield the cells to change, in the order of the rows."""
    for checked in intake.chunks_with(intake.questions()):
        for position, row in enumerate(checked.rows):
            yield from _edits_of(row, checked.chunk, position)


def _edits_of(row: CheckedRow, chunk: Chunk, position: int) -> Iterator[Edit]:
    """Yield the cells of one row to change; `position` is its line in the chunk's frame."""
    for problem in row.problems:
        if not problem.suggestion or problem.column is None:
            continue
        before = str(chunk.frame[problem.column].iat[position])
        # An empty cell took a default, which stands in the settings.
        if not is_empty(before):
            yield Edit(row.row_number, problem.column, before, problem.suggestion, problem.code)


def _prove_target(source: Path, target: Path) -> None:
    if target.suffix.lower() != source.suffix.lower():
        raise SettingsError(
            f"--fix {target.name}: the copy is of the type of its source.",
            todo=f"Name a file that ends in {source.suffix}.",
        )
    if target.exists() and source.exists() and target.samefile(source):
        raise SettingsError(
            "--fix would write over the source itself.", todo="Name another file with --fix."
        )
