"""Planted bugs that the crash sweeps must catch: in what is written when, and in reading."""

from __future__ import annotations

import asyncio
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from importer.clock import SystemClock
from importer.ledger import Spool, changes
from importer.ledger.schema import row_table
from importer.ledger.writer import Writer
from importer.model import State
from importer.pipeline.job import Unobserved
from importer.pipeline.planning import Planner
from importer.posting import Session, post_run
from importer.posting.records import Records, durable
from importer.reading.rows import _Batch
from tests.chaos.planted import bug

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from importer.ledger import PlannedRequest
    from importer.model import Outcome
    from importer.reading import Chunk
    from importer.validate import CheckedRow
    from tests.chaos.planted import Replace

_NOTHING = ["NA", "N/A", "NaN", "NULL", "None", "n/a", "nan", "null"]
"""What pandas takes for an empty cell unless it is told not to."""


@bug("record-after-success")
def record_after_success(replace: Replace) -> None:
    """The ledger hears of a request only when there is an answer."""
    record_outcome = Records.record

    async def claim(self: Records, request: PlannedRequest, at: datetime) -> bool:  # noqa: ARG001 - the signature of what it replaces
        return True

    async def record(self: Records, request: PlannedRequest, outcome: Outcome) -> Outcome:
        await durable(self.ledger.claim(request.row_id, self.clock.now()))
        return await record_outcome(self, request, outcome)

    replace(Records, "claim", claim)
    replace(Records, "record", record)


@bug("sending-resent-at-start")
def sending_resent_at_start(replace: Replace) -> None:
    """A row found `sending` at start-up counts as never sent."""

    def interrupt_sending(connection: Connection, at: str) -> int:  # noqa: ARG001 - the signature of what it replaces
        found = update(row_table).where(row_table.c.state == State.SENDING)
        return connection.execute(found.values(state=State.READY)).rowcount

    replace(changes, "interrupt_sending", interrupt_sending)


@bug("group-commit-acks-early")
def group_commit_acks_early(replace: Replace) -> None:
    """A change is acknowledged when it is applied, before its COMMIT has returned."""

    def commit(self: Writer, batch: list[Any]) -> None:
        with self._connection.begin():
            for change in batch:
                change.done.set_result(change.apply(self._connection))
            self._before_commit(self._connection)

    replace(Writer, "_commit", commit)


@bug("blank-rows-dropped")
def blank_rows_dropped(replace: Replace) -> None:
    """Blank rows are no rows, as `skip_blank_lines` has it."""
    replace(_Batch, "add_blank", lambda self, number, line: None)  # noqa: ARG005 - the signature of what it replaces


@bug("default-na-parsing")
def default_na_parsing(replace: Replace) -> None:
    """Cells such as `NA` are read as empty."""
    take_chunk = _Batch.take

    def take(self: _Batch) -> Chunk:
        chunk = take_chunk(self)
        frame = chunk.frame
        return changed(chunk, frame=frame.mask(frame.isin(_NOTHING), ""))

    replace(_Batch, "take", take)


@bug("post-before-full-validation")
def post_before_full_validation(replace: Replace) -> None:
    """Each chunk of the file is sent as soon as it is planned; the next one is not read yet."""
    plan_chunk = Planner.plan

    def plan(self: Planner, rows: list[CheckedRow]) -> list[PlannedRequest]:
        requests = plan_chunk(self, rows)
        self.ledger.finish_planning(self.run_number, self.now)
        spool = Spool(self.ledger.folder.spool / "early")
        spool.prepare()
        with spool.request_writer() as write:
            for request in requests:
                write(request)
        session = Session(
            settings=self.settings,
            ledger=self.ledger,
            spool=spool,
            clock=SystemClock(),
            observer=Unobserved(),
            run_id="early",
            rows=len(requests),
            wait_s=0.0,
            paused_s=0.0,
        )
        asyncio.run(post_run(session))
        return []

    replace(Planner, "plan", plan)
