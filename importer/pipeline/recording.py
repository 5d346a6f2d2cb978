"""What the audit tells of a run: hashes, counts and choices, nothing that stands in a file."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import TYPE_CHECKING

from importer import __version__
from importer.audit import AuditKind, Entry
from importer.ledger import changes, planning
from importer.reports import totals_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.ledger import NewRun, RowRecord, RunRecord
    from importer.pipeline.job import Job
    from importer.reports import PlanView
    from importer.results import Summary
    from importer.settings import Settings


def admit(job: Job, run: NewRun, run_number: int) -> None:
    """Let a run send whose rows are all registered, and tell what it is made of."""
    now = job.clock.now()
    with job.ledger.history() as history:
        counts = history.counts(run_number)
    entry = Entry(
        kind=AuditKind.PLANNED,
        facts={
            "run": run.run_id,
            "source_sha256": run.source_digest,
            "rows": sum(counts.values()),
            **totals_of(counts),
            "profile": job.settings.profile_name or "",
            "settings_sha256": digest_of_settings(run.settings),
            "version": __version__,
        },
    )
    change = partial(planning.finish_planning, run_number=run_number, at=now.isoformat())
    job.ledger.tell(entry, change, at=now)


def accept(job: Job, run: RunRecord, plan: PlanView) -> None:
    """Write down that a plan may be sent: who let it, and past what."""
    settings = job.settings
    facts: dict[str, object] = {
        "run": run.run_id,
        "how": _how(settings, plan),
        "to_send": plan.to_send,
        "is_resumed": plan.is_resumed,
        "leaves_invalid": plan.invalid,
        "overrides": sorted(settings.override),
        "accepted_change": settings.accept_change or "",
        "accepted_headings": bool(settings.accepted_headings),
        "confirmed_orders": bool(settings.confirmed_orders),
        "allows": [name for name in _ALLOWANCES if getattr(settings, name)],
    }
    change = partial(planning.update_run, run_number=run.run_number, is_accepted=1)
    entry = Entry(kind=AuditKind.ACCEPTED, facts=facts)
    job.ledger.tell(entry, change, at=job.clock.now())


_ALLOWANCES = ("retry_rejected", "allow_duplicates", "allow_reschedules", "only_valid")


def _how(settings: Settings, plan: PlanView) -> str:
    """Return who let a plan go; invalid rows are left behind by nobody but a person."""
    if plan.is_held:
        return "terminal"
    if settings.yes:
        return "--yes"
    return "loopback" if settings.is_loopback else "terminal"


def note_end(job: Job, run: RunRecord, summary: Summary) -> None:
    """Write down how a run ended.

    Raises:
        LedgerError: The ledger, or the audit, cannot be written.
    """
    counts = summary.counts()
    entry = Entry(
        kind=AuditKind.ENDED,
        facts={
            "run": run.run_id,
            "exit_code": summary.exit_code,
            "rows": summary.rows_in,
            **counts,
            "requests": summary.requests,
        },
    )
    change = partial(
        planning.update_run,
        run_number=run.run_number,
        ended_at=summary.ended_at,
        exit_code=summary.exit_code,
        ended_counts=json.dumps(counts),
    )
    job.ledger.tell(entry, change, at=job.clock.now())


def release(job: Job, run: RunRecord, rows: Sequence[RowRecord]) -> None:
    """Put rejected rows of a run back to `ready`, as the operator asked."""
    if not rows:
        return
    entry = Entry(
        kind=AuditKind.RELEASED,
        facts={"run": run.run_id, "rows": [row.row_number for row in rows]},
    )
    change = partial(changes.release, row_ids=[row.row_id for row in rows])
    job.ledger.tell(entry, change, at=job.clock.now())


def digest_of_settings(kept: str) -> str:
    """Return the SHA-256 of the settings that a run keeps."""
    return hashlib.sha256(kept.encode()).hexdigest()
