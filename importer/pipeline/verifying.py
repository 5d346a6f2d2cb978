"""Gathering the evidence of one run: its source, its ledger, its results, the request log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from importer.errors import LedgerBusy, SettingsError
from importer.identity import canonical_body
from importer.ledger import OtherRuns, Spool, is_held
from importer.model import State
from importer.pipeline.ledgers import folder_of, history_of
from importer.pipeline.reporting import reopened
from importer.pipeline.results_read import results_of
from importer.sandbox import body_hmac, read_log_key, read_request_log
from importer.verify import Evidence, Held, Seen, Violation, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from importer.ledger import Asked, History, RowRecord, RunRecord
    from importer.model import Clock
    from importer.pipeline.intake import Intake
    from importer.sandbox import LoggedRequest
    from importer.settings import Settings

_TOLD_WHOLE = frozenset({"", "201", "latency", "expire-tokens"})
"""Faults with which the answer leaves the sandbox as it should."""
_NEVER = OtherRuns()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLog:
    """What a server says it was asked, and by which hash it names bodies."""

    requests: Sequence[Seen]
    """Booking requests, in the order of their arrival."""
    arrivals_s: Sequence[float]
    """Arrivals of every request, sign-ins included."""
    hash_of: Callable[[bytes], str]
    """Body -> the `body` of its request."""


def read_server_log(path: Path) -> ServerLog:
    """Return what the request log of a sandbox tells.

    Raises:
        SettingsError: It, or its key beside it, cannot be read.
    """
    try:
        key, logged = read_log_key(path), read_request_log(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{path.name} cannot be read as a request log ({type(error).__name__})",
            todo="name the file that `solv-import sandbox --log` wrote, its key beside it",
        ) from None
    return server_log_of(logged, key)


def server_log_of(logged: Sequence[LoggedRequest], key: bytes) -> ServerLog:
    """Return what these requests of a sandbox tell."""
    return ServerLog(
        requests=[_seen(request) for request in logged if request.is_booking],
        arrivals_s=[request.mono for request in logged],
        hash_of=lambda body: body_hmac(key, body) or "",
    )


def evidence_of(
    run_id: str | None,
    settings: Settings,
    *,
    clock: Clock,
    source: Path | None = None,
    results: Path | None = None,
    server: ServerLog | None = None,
) -> Evidence:
    """Return what is known of one run; nothing is written.

    Args:
        run_id: Which run; None means the newest.
        settings: Whose ledger.
        clock: The time.
        source: The file that was imported, when it is no longer where it was.
        results: The results, when they are not where they were written.
        server: What the server says it was asked.

    Raises:
        SettingsError: There is no such run, or the results are not ours.
        SourceError: The source is gone, or is not the file that was imported.
        LedgerError: There is no ledger, or it cannot be read.
    """
    with history_of(settings) as history:
        run = history.run(run_id)
        if run is None:
            raise SettingsError(
                f"there is no run {run_id or ''}".rstrip() + " for this target",
                todo="list the runs with: solv-import status",
            )
        spool = Spool(folder_of(settings).spool / run.run_id)
        intake = reopened(run, spool, settings, source, clock)
        bodies = list(_bodies(intake, server))
        held = held_rows(history, run, dict(bodies))
        found = results_of(history, run, results)
        asked = None if server is None else rows_asking(history, run, dict(bodies))
    return Evidence(
        source_rows=[number for number, _ in bodies],
        ledger=held,
        run_id=run.run_id,
        results=found.rows,
        results_name=found.name,
        results_not_judged=found.not_judged,
        asked=asked,
        requests=None if server is None else server.requests,
        arrivals_s=() if server is None else server.arrivals_s,
        planned_s=datetime.fromisoformat(run.planned_at).timestamp(),
        is_503_trusted=settings.trust_503,
    )


def verify_run(
    run_id: str | None,
    settings: Settings,
    *,
    clock: Clock,
    source: Path | None = None,
    request_log: Path | None = None,
    limit: tuple[int, float] | None = None,
) -> tuple[Evidence, list[Violation]]:
    """Return what is known of one run, and every promise that it shows to be broken.

    Args:
        run_id: Which; None means the newest.
        settings: Whose ledger, and where the results are when not where they were written.
        clock: The time.
        source: The file that was imported, when it is no longer where it was.
        request_log: The request log of a sandbox.
        limit: At most so many requests in any window of so many seconds.

    Raises:
        SettingsError: There is no such run, or the log or the results are not ours.
        SourceError: The source is gone, or is not the file that was imported.
        LedgerBusy: A run is under way.
        LedgerError: There is no ledger, or it cannot be read.
    """
    if is_held(folder_of(settings).lock_file):
        raise LedgerBusy(
            "a run of this target is under way, and what is known of it changes",
            todo="verify it when it has ended: solv-import status says so",
        )
    server = None if request_log is None else read_server_log(request_log)
    found = evidence_of(
        run_id, settings, clock=clock, source=source, results=settings.results, server=server
    )
    evidence = replace(found, limit=limit)
    return evidence, verify(evidence)


def _seen(request: LoggedRequest) -> Seen:
    fault = (request.fault or "").partition(",")[0]
    return Seen(
        arrived_s=request.at,
        status=request.status,
        is_committed=request.committed,
        booking_id=request.booking_id,
        body=request.body_hmac or "",
        booking=(request.natural_key or "") if request.committed else "",
        is_whole=request.is_answered and fault in _TOLD_WHOLE,
    )


def _bodies(intake: Intake, server: ServerLog | None) -> Iterator[tuple[int, str]]:
    """Yield every row number of the source with the hash of what it would send."""
    for checked in intake.chunks():
        for row in checked.rows:
            if server is None or row.request is None:
                yield row.row_number, ""
            else:
                yield row.row_number, server.hash_of(canonical_body(row.request))


def held_rows(history: History, run: RunRecord, bodies: dict[int, str]) -> list[Held]:
    """Return what the ledger holds of a run.

    Args:
        history: The ledger.
        run: Which run.
        bodies: Row number -> the hash of what it would send.
    """
    others = history.other_runs(run.run_number)
    return [
        _held(row, bodies.get(row.row_number, ""), others.get(row.row_id, _NEVER))
        for row in history.rows(run.run_number)
    ]


def rows_asking(history: History, run: RunRecord, bodies: dict[int, str]) -> dict[str, int]:
    """Return by body how many rows of all runs ask for it, those allowed again counted so often.

    Two rows that differ in what is not sent, such as a middle name, may have one body. Of a
    request that no row of this run asks for, nobody can tell the body, so it counts for each.

    Args:
        history: The ledger.
        run: Which run.
        bodies: Row number -> the hash of what it would send.
    """
    requests: dict[str, set[bytes]] = {}
    for row in history.rows(run.run_number):
        if row.request is not None and bodies.get(row.row_number):
            requests.setdefault(bodies[row.row_number], set()).add(row.request)
    known = {request for own in requests.values() for request in own}
    asked = history.asked(run.run_number)
    print_of = {one.request: one.fingerprint for one in asked}
    by_print: dict[bytes, list[Asked]] = {}
    for one in asked:
        by_print.setdefault(one.fingerprint, []).append(one)
    found = {}
    for body, own in requests.items():
        prints = {print_of[request] for request in own if request in print_of}
        same = [one for fingerprint in prints for one in by_print[fingerprint]]
        most = sum(one.most for one in same if one.request in own or one.request not in known)
        found[body] = max(1, most)
    return found


def _held(row: RowRecord, body: str, elsewhere: OtherRuns) -> Held:
    return Held(
        row_number=row.row_number,
        state=row.state,
        booking_id=row.booking_id,
        # One that was left out was not looked up, so nobody can tell whose booking it is; of one
        # that went over to a later run, that run tells.
        body="" if row.state in {State.LEFT_OUT, State.SUPERSEDED} else body,
        occurrence=row.occurrence,
        is_reference=row.refers_to is not None,
        allowed_again=row.releases + row.is_cancelled,
        is_settled=row.is_settled,
        requests_elsewhere=elsewhere.requests,
        occurrences_anywhere=elsewhere.occurrences,
        allowed_elsewhere=elsewhere.released + elsewhere.cancelled,
        cancelled_elsewhere=elsewhere.cancelled,
        is_live_elsewhere=elsewhere.is_live,
    )
