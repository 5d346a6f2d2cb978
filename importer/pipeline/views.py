"""What a run is about to do, counted from the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model import State
from importer.posting import in_flight_of, spacing_s_of
from importer.rate import rate_text
from importer.reports import PlanView, totals_of

if TYPE_CHECKING:
    from importer.ledger import RunRecord
    from importer.pipeline.groups import Grouping
    from importer.pipeline.intake import Intake
    from importer.pipeline.job import Job


def plan_view(
    job: Job, run: RunRecord, intake: Intake, grouping: Grouping, *, left: int | None
) -> PlanView:
    """Return the plan as people see it before the first request.

    Args:
        job: Where it goes, and how fast.
        run: Which run.
        intake: Its file.
        grouping: The problems of its rows.
        left: How many of its requests go now, when it carries on; None for a new run.
    """
    with job.ledger.history() as history:
        counts = history.counts(run.run_number)
        kinds = history.problem_kinds(run.run_number)
    settings, to_send = job.settings, counts.get(State.READY, 0) if left is None else left
    spacing_s = spacing_s_of(settings)
    return PlanView(
        run_id=run.run_id,
        source_name=run.source_name,
        base_url=settings.base_url,
        is_loopback=settings.is_loopback,
        is_resumed=left is not None,
        ledger=job.ledger.folder.database,
        results=job.results,
        rate=rate_text(settings.rate),
        in_flight=in_flight_of(settings),
        rows_in=sum(counts.values()),
        to_send=to_send,
        **totals_of(counts),
        estimated_s=to_send * spacing_s if spacing_s else None,
        is_held=bool(counts.get(State.INVALID)) and not (settings.only_valid or run.is_accepted),
        groups=grouping.groups_of(kinds),
        file_warnings=intake.warnings(sum(counts.values())),
    )
