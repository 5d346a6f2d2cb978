"""What runs have left: the ledger and whether it is sound, who holds it, how the last one ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from importer.cli.checkup.finding import Finding, Health, warning, wrong
from importer.cli.terminal import counted
from importer.errors import EXIT_MEANINGS, ExitCode, LedgerBusy, LedgerError
from importer.ledger import History, is_held, prove_sound, refuse_if_held, target_of
from importer.ledger.folder import RESTORE
from importer.pipeline.ledgers import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.ledger import RunRecord
    from importer.settings import Settings

_BACKUP_PAGE = "docs/operations/backup.md"
_FINE = (ExitCode.OK, ExitCode.NEEDS_A_PERSON)


def lock(settings: Settings) -> Iterator[Finding]:
    """Yield who holds the ledger, so that a run would end at once."""
    try:
        refuse_if_held(folder_of(settings).lock_file)
    except LedgerBusy as busy:
        yield Finding(
            what="lock",
            health=Health.WARNING,
            detail=busy.message,
            todo=busy.todo,
            exit_code=busy.exit_code,
        )
    else:
        yield Finding(what="lock", detail="nobody holds the ledger")


def ledger(settings: Settings) -> Iterator[Finding]:
    """Yield whether the ledger of this target would be opened, without writing to it."""
    folder = folder_of(settings)
    sidecar = None
    try:
        if not is_held(folder.lock_file):
            sidecar = prove_sound(folder, target_of(settings.base_url, settings.client_id))
    except LedgerError as error:
        if not is_held(folder.lock_file):  # else a run has just begun, and changes it
            yield _unsound(error)
            return
    if is_held(folder.lock_file):
        yield Finding(what="ledger", detail=f"{folder.database}: in use, so not looked into")
    elif sidecar is None or not folder.database.exists():
        yield Finding(what="ledger", detail=_none_yet(settings))
    else:
        with History(folder.database) as history:
            runs = counted(len(history.runs()), "run")
        after = "" if sidecar.phase == "closed" else ", as a crash or a power loss leaves it"
        detail = f"{folder.database}: sound, {runs}, {sidecar.phase}{after}"
        yield Finding(what="ledger", detail=detail)


def _unsound(error: LedgerError) -> Finding:
    found = wrong("ledger", error)
    if error.todo != RESTORE:
        return found
    todo = f"{error.todo[0].upper()}{error.todo[1:]}. {_BACKUP_PAGE} tells how, step by step."
    return replace(found, todo=todo)


def _none_yet(settings: Settings) -> str:
    """Return that there is no ledger, and whose there are: a corrected address is another one."""
    folder = settings.state_dir
    others = sum(1 for _ in folder.glob("*/ledger.db")) if folder.is_dir() else 0
    beside = f"; {counted(others, 'ledger')} of other servers or client ids" if others else ""
    return f"none for this target yet (the first run makes it){beside}"


def last_run(settings: Settings) -> Iterator[Finding]:
    """Yield when the last run was, and how it ended."""
    folder = folder_of(settings)
    if not folder.database.is_file():
        return
    with History(folder.database) as history:
        run = history.run(None)
    if run is None:
        yield Finding(what="last run", detail="none yet")
        return
    began = datetime.fromisoformat(run.started_at).astimezone()
    detail = f"{run.run_id}, {began:%Y-%m-%d %H:%M}"
    if run.exit_code is None:
        yield _unended(run, detail, is_under_way=is_held(folder.lock_file))
        return
    code = ExitCode(run.exit_code)
    detail += f": exit code {code:d}, {EXIT_MEANINGS[code]}"
    if code in _FINE:
        yield Finding(what="last run", detail=detail)
    else:
        yield warning("last run", detail, "docs/nightly.md says what this exit code asks for.")


def _unended(run: RunRecord, detail: str, *, is_under_way: bool) -> Finding:
    if is_under_way:
        return Finding(what="last run", detail=f"{detail}: under way")
    return warning(
        "last run",
        f"{detail}: it was cut off before its end",
        f"Run the same command again, or: solv-import resume {run.run_id}",
    )


def unknown_rows(settings: Settings) -> Iterator[Finding]:
    """Yield the runs that have rows which nobody has settled."""
    folder = folder_of(settings)
    if not folder.database.is_file():
        return
    with History(folder.database) as history:
        unknown = history.unknown()
    for run_id, rows in unknown.items():
        yield warning(
            "unknown rows",
            f"{counted(rows, 'row')} of run {run_id} may or may not be booked",
            f"Settle them: solv-import reconcile {run_id}",
        )
