"""The guards of a profile: what they look at, and what they hold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from importer.errors import ExitCode, SourceError
from importer.guards import NIGHTS, Guards, Held, Sighting, held_by, sentence_of
from importer.model import State
from importer.pipeline.stored_settings import has_profile, is_of_profile
from importer.posting import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.ledger import History, RunRecord, Spool
    from importer.pipeline.job import Job
    from importer.reports import PlanView
    from importer.settings import Settings

_FINISHED = (ExitCode.OK, ExitCode.NEEDS_A_PERSON)


def refuse_other_server(settings: Settings) -> None:
    """Raise if the profile belongs to another server than the one that is set.

    Raises:
        SourceError: It does, and nobody has overridden the guard.
    """
    own = settings.guard_base_url
    if own is None or own == settings.base_url or "server" in settings.override:
        return
    held = Held("server", f"this profile books at {own}, and {settings.base_url} is set")
    raise SourceError(
        sentence_of([held]),
        todo="Correct SOLV_IMPORT_BASE_URL, or once: --override server.",
    )


def guarded(job: Job, plan: PlanView, run: RunRecord, spool: Spool) -> PlanView:
    """Return the plan with what holds it.

    A run whose plan was accepted before carries on: what it is has been looked at. One that was
    held is held again, also when it is resumed without its profile.
    """
    if not has_profile(run.settings) or run.is_accepted or job.settings.as_unknown:
        return plan
    seen = _seen(job, plan, run, spool)
    held = held_by(_guards_of(job.settings), seen)
    return replace(plan, held_by=tuple(h for h in held if h.guard not in job.settings.override))


def stop_of(held: tuple[Held, ...]) -> Stop:
    """Return how a run ends that guards hold."""
    names = ",".join(one.guard for one in held)
    return Stop(
        exit_code=ExitCode.SOURCE,
        why=f"{sentence_of(held)}; nothing was sent",
        todo=f"if the file is right, run it once with --override {names}",
    )


def _guards_of(settings: Settings) -> Guards:
    return Guards(
        no_rows=settings.guard_no_rows,
        rows=settings.guard_rows,
        invalid=settings.guard_invalid,
        days_ahead=settings.guard_days_ahead,
    )


def _seen(job: Job, plan: PlanView, run: RunRecord, spool: Spool) -> Sighting:
    with job.ledger.history() as history:
        usual = [] if _is_of_results(run) else list(islice(_usual(history, run), NIGHTS))
    far_ahead = _far_ahead(job, spool)
    first = next(far_ahead, 0)
    return Sighting(
        rows=plan.rows_in - plan.blank,
        invalid=plan.invalid,
        usual=usual[::-1],
        far_ahead=bool(first) + sum(1 for _ in far_ahead),
        first_far_ahead=first,
    )


def _usual(history: History, run: RunRecord) -> Iterator[int]:
    """Yield the rows of earlier runs of the profile that came to their end, the newest first."""
    for earlier in reversed(history.runs()):
        is_like = earlier.run_number < run.run_number and earlier.exit_code in _FINISHED
        if (
            is_like
            and is_of_profile(earlier.settings, run.settings)
            and not _is_of_results(earlier)
        ):
            counts = history.counts(earlier.run_number)
            yield sum(counts.values()) - counts.get(State.BLANK, 0)


def _is_of_results(run: RunRecord) -> bool:
    """Return whether the source was results of an earlier run: a few rows, corrected."""
    return bool(json.loads(run.settings).get("is_results"))


def _far_ahead(job: Job, spool: Spool) -> Iterator[int]:
    """Yield the row numbers of planned visits that lie further ahead than they may."""
    days = job.settings.guard_days_ahead
    if days is None:
        return
    latest = job.clock.now() + timedelta(days=days)
    for request in spool.requests():
        if request.appointment_at > latest:
            yield request.row_number
