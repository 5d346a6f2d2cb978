"""A profile that reads rows otherwise than before: what is booked would not be known again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from importer.errors import OpenQuestion
from importer.ledger import planning
from importer.model import ChangeAccepted, State
from importer.pipeline.profile_readings import Readings, changes_between, told
from importer.pipeline.stored_settings import is_of_profile, stored
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from importer.ledger import History, RunRecord
    from importer.pipeline.intake import Intake
    from importer.pipeline.job import Job
    from importer.pipeline.profile_readings import Change, Kept, Reading
    from importer.validate import CheckedRow

_MARK_LENGTH = 8
_LEFT = (State.LEFT_OUT, State.SUPERSEDED)
"""Of rows that were left to a later run."""


def refuse_changed_profile(job: Job, intake: Intake, digest: str) -> None:
    """Raise if the profile makes other bookings of the same rows than when it last booked some.

    A booking is recognized by location, time, birth date and names as the profile reads them.
    Read otherwise, the rows of an export that holds old visits, too, are new bookings. Rows that
    the ledger knows by their keys are recognized however they are read.

    Raises:
        OpenQuestion: It does, and nobody has accepted this change.
    """
    # An order that a person has just confirmed is about this file, not the profile's.
    kept_now = stored(replace(job.settings, confirmed_orders={}))
    now: Kept = json.loads(kept_now)
    with job.ledger.history() as history:
        runs = [run for run in history.runs() if is_of_profile(run.settings, kept_now)]
        readings = Readings([now, *map(_kept, _unlike(runs))])
        newest, before = _booked_by(history, runs, readings)
    changes = changes_between(before, readings.of(now), year=job.clock.now().year)
    if not changes or _is_known(job, intake, digest):
        return
    name, mark = job.settings.profile_name, _mark(newest, changes)
    if job.settings.accept_change != mark:
        raise _question(f"{intake.name}: profile {name}", newest, changes, mark)
    job.observer.notice(
        f"profile {name} reads rows otherwise from now on ({told(changes)}): in an export, "
        f"rows that were booked before are booked anew"
    )


def _booked_by(history: History, runs: list[RunRecord], readings: Readings) -> tuple[str, Reading]:
    """Return what the rows that are booked were read by, and the newest run that settled it.

    A run of rows that the ledger knew by their keys, such as corrected results, says nothing
    of the rows that other files brought: it only adds what no run before it said.
    """
    newest = ""
    before: Reading = {}
    by_settings = {run.settings: readings.of(_kept(run)) for run in _unlike(runs)}
    for run in runs:
        found = by_settings[run.settings]
        if newest and found.items() <= before.items():
            continue
        if not history.has_booked(run.run_number):
            continue
        is_first = not newest or history.has_booked(run.run_number, only_new=True)
        before = before | found if is_first else found | before
        newest = run.run_id if is_first else newest
    return newest, before


def _unlike(runs: list[RunRecord]) -> Iterable[RunRecord]:
    """Return one run of each kind; most nights have the same settings."""
    return {run.settings: run for run in runs}.values()


def _is_known(job: Job, intake: Intake, digest: str) -> bool:
    """Return whether the ledger has judged every row of a file before, as one of that key."""
    with job.ledger.history() as history:
        is_seen = history.newest_run_of(digest, intake.sheet) is not None
    if not is_seen and intake.plan.row_key is None:
        return False
    for checked in intake.chunks():
        rows = [row for row in checked.rows if not row.is_blank]
        chosen = [row for row in rows if job.selection.includes(row.row_number)]
        known = partial(_are_known, rows=chosen, digest=digest, sheet=intake.sheet)
        if not job.ledger.plan(known):
            return False
    return True


def _are_known(
    connection: Connection, *, rows: Sequence[CheckedRow], digest: str, sheet: str
) -> bool:
    of_file = planning.keys_of_file(connection, digest, sheet, [row.row_number for row in rows])
    keys = [row.row_key or of_file.get(row.row_number, "") for row in rows]
    by_key = planning.rows_by_key(connection, keys)
    # A row that was left out has a key, but nobody has looked whose booking it is.
    judged = {k for k, found in by_key.items() if any(e.state not in _LEFT for e in found)}
    return judged.issuperset(keys)


def _kept(run: RunRecord) -> Kept:
    kept: Kept = json.loads(run.settings)
    return kept


def _mark(run_id: str, changes: list[Change]) -> str:
    """Return a mark of these changes since that run; it fits no other change, and no later one."""
    text = json.dumps([run_id, *changes])
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_LENGTH]


def _question(whose: str, run_id: str, changes: list[Change], mark: str) -> OpenQuestion:
    code = ProblemCode.PROFILE_CHANGED
    return OpenQuestion(
        f"{whose} reads rows otherwise than in run {run_id}: {told(changes)}. {code.sentence}",
        todo=f"{code.fix} The mark of this change: --accept-change {mark}.",
        code=code.code,
        question="Is no row of this file booked already?",
        answer=ChangeAccepted(change=mark),
    )
