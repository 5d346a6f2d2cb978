"""A profile that reads rows otherwise than before: what is booked would not be known again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from importer.errors import OpenQuestion
from importer.ledger import planning
from importer.ledger.twins import grouped
from importer.model import ChangeAccepted, State
from importer.pipeline.booked_readings import booked_readings, kept_of, runs_unlike
from importer.pipeline.known_rows import newest_live
from importer.pipeline.profile_readings import Readings, changes_between, told
from importer.pipeline.stored_settings import is_of_profile, stored
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from sqlalchemy import Connection

    from importer.ledger import Earlier, History, RunRecord
    from importer.pipeline.intake import Intake
    from importer.pipeline.job import Job
    from importer.pipeline.profile_readings import Change, Kept, Reading
    from importer.validate import CheckedRow

_MARK_LENGTH = 8
_LEFT = (State.LEFT_OUT, State.SUPERSEDED)
"""Of rows that were left to a later run."""
_NEVER_BOOKED = frozenset({State.INVALID, State.BLANK})
_PERHAPS_ANOTHERS = frozenset({State.READY, State.DUPLICATE})


def prove_profile(job: Job, intake: Intake, digest: str) -> Job:
    """Raise if the profile makes other bookings of the same rows than when it booked some.

    A booking is recognized by location, time, birth date and names as the profile reads them.
    Read otherwise, the rows of an export that holds old visits, too, are new bookings. Rows that
    the ledger knows by their keys are recognized however they are read.

    Returns:
        The job, its mark taken away unless it has just let this file go on.

    Raises:
        OpenQuestion: It does, and nobody has accepted this change.
    """
    unmarked = replace(job, settings=replace(job.settings, accept_change=None))
    if job.settings.profile_file is None:
        return unmarked
    # An order that a person has just confirmed is about this file, not the profile's.
    kept_now = stored(replace(unmarked.settings, confirmed_orders={}))
    now: Kept = json.loads(kept_now)
    year = job.clock.now().year
    with job.ledger.history() as history:
        runs = [run for run in history.runs() if is_of_profile(run.settings, kept_now)]
        readings = Readings([now, *map(kept_of, runs_unlike(runs))])
        of_command = job.settings.runs_of_command
        booked = booked_readings(history, runs, readings, year=year, of_command=of_command)
        changes = booked.changes(readings.of(now), year=year)
        alike = _planned_alike(history, runs, readings, readings.of(now), year) if changes else ()
    if not changes or _is_known(job, intake, digest, alike):
        return unmarked
    name, mark = job.settings.profile_name, _mark(booked.settled_by, changes)
    if job.settings.accept_change != mark:
        raise _question(f"{intake.name}: profile {name}", booked.run_of(changes), changes, mark)
    job.observer.notice(
        f"profile {name} reads rows otherwise from now on ({told(changes)}): in an export, "
        f"rows that were booked before are booked anew"
    )
    return job


def _planned_alike(
    history: History, runs: Sequence[RunRecord], readings: Readings, now: Reading, year: int
) -> set[int]:
    """Return the numbers of the runs that read as now, after the last that booked otherwise."""
    found: set[int] = set()
    for run in reversed(runs):
        if not changes_between(readings.of(kept_of(run)), now, year=year):
            found.add(run.run_number)
        elif history.has_booked(run.run_number):
            break
    return found


def _is_known(job: Job, intake: Intake, digest: str, alike: Container[int]) -> bool:
    """Return whether the ledger has judged every row of a file before, as one of that key."""
    with job.ledger.history() as history:
        is_seen = history.newest_run_of(digest, intake.sheet) is not None
    if not is_seen and intake.plan.row_key is None:
        return False
    for checked in intake.chunks():
        rows = [row for row in checked.rows if not row.is_blank]
        chosen = [row for row in rows if job.selection.includes(row.row_number)]
        known = partial(_are_known, rows=chosen, of_file=(digest, intake.sheet), alike=alike)
        if not job.ledger.plan(known):
            return False
    return True


def _are_known(
    connection: Connection,
    *,
    rows: Sequence[CheckedRow],
    of_file: tuple[str, str],
    alike: Container[int],
) -> bool:
    minted = planning.keys_of_file(connection, *of_file, [row.row_number for row in rows])
    keys = [row.row_key or minted.get(row.row_number, "") for row in rows]
    by_key = planning.rows_by_key(connection, keys)
    earlier = [one for found in by_key.values() for one in found]
    roots = planning.rows_by_id(connection, [one.refers_to for one in earlier if one.refers_to])
    refused = [one.fingerprint for one in earlier if one.state is State.REJECTED]
    live = grouped(planning.live_by_fingerprint(connection, [f for f in refused if f]))
    return all(
        newest_live(found, roots) is not None or _is_judged(found, live, alike)
        for found in (by_key.get(key, ()) for key in keys)
    )


def _is_judged(rows: Iterable[Earlier], live: Container[bytes], alike: Container[int]) -> bool:
    """Return whether a row without a booking of its own has none by any other key, either.

    Of a row that was left out, nobody has looked whose booking it is. One that could have been
    sent, or was a duplicate, may be booked by another row since; it is known as long as nothing
    was booked by another reading. One that was refused may have been corrected in another file.
    """
    judged = [row for row in rows if row.state not in _LEFT]
    return bool(judged) and all(
        row.state in _NEVER_BOOKED
        or (row.state is State.REJECTED and (row.fingerprint or b"") not in live)
        or (row.state in _PERHAPS_ANOTHERS and row.run_number in alike)
        for row in judged
    )


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
