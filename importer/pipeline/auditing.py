"""Proving the audit: every line as it was written, and the ledger as its lines say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.audit import AuditKind, Flaw, read_chain
from importer.errors import LedgerBusy, LedgerError, SettingsError
from importer.ledger import AUDIT_PUT_BACK, LedgerFolder, is_held, key_id, tip_in
from importer.pipeline.ledgers import folder_of, history_of
from importer.pipeline.recording import digest_of_settings
from importer.reports import AuditLine, AuditReport, totals_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.audit import Chain, Line
    from importer.ledger import History, RunRecord
    from importer.model import State
    from importer.settings import Settings


def verify_audit(run_id: str | None, settings: Settings) -> AuditReport:
    """Return what is wrong with the audit file, and where it and the ledger say otherwise.

    Args:
        run_id: Also return the lines that tell of this run.
        settings: Whose ledger.

    Raises:
        SettingsError: There is no such run.
        LedgerBusy: A run is under way.
        LedgerError: Ledger, key or audit file cannot be read.
    """
    folder = folder_of(settings)
    if is_held(folder.lock_file):
        raise LedgerBusy(
            "a run of this target is under way, and its audit grows",
            todo="verify it when it has ended: solv-import status says so",
        )
    with history_of(settings) as history:
        if run_id is not None and history.run(run_id) is None:
            raise SettingsError(
                f"there is no run {run_id} for this target",
                todo="list the runs with: solv-import status",
            )
        key = _key(folder, history)
        sidecar = folder.read_sidecar()
        is_closed = sidecar is not None and sidecar.phase == "closed"
        content, tip = _content(folder), tip_in(history.facts())
        chain = read_chain(content, tip, key, is_closed=is_closed)
        flaws = [*chain.flaws, *_against(chain, history)]
    return AuditReport(
        path=folder.audit_file,
        lines=len(chain.lines),
        flaws=tuple((flaw.line, flaw.what) for flaw in flaws),
        run_id=run_id,
        of_run=tuple(_told_of(chain, run_id)) if run_id is not None else (),
        unknown_lines=sum(line is not None and line.number > tip.number for line in chain.lines),
    )


def _key(folder: LedgerFolder, history: History) -> bytes:
    """Return the key of the ledger.

    Raises:
        LedgerError: It is missing, or is another one.
    """
    key = folder.read_key()
    if key is None or key_id(key) != history.facts().get("key_id"):
        what = "is missing" if key is None else "has changed"
        raise LedgerError(
            f"the fingerprint key {folder.key_file} {what}, and with it the proof of the audit",
            todo="put the key back; solv-import run says how to recover",
        )
    return key


def _content(folder: LedgerFolder) -> bytes:
    try:
        return folder.audit_file.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise LedgerError(
            f"the audit file {folder.audit_file} cannot be read: {error.strerror}",
            todo=AUDIT_PUT_BACK,
        ) from None


@dataclass(slots=True)
class _Story:
    """What the lines tell of one run, and where."""

    planned: tuple[int, Line] | None = None
    ended: tuple[int, Line] | None = None
    purged: int | None = None


def _stories(chain: Chain) -> dict[str, _Story]:
    """Return what the lines that can be believed tell, by run id."""
    stories: dict[str, _Story] = {}
    for place, line in chain.told():
        facts = line.entry.facts
        if line.entry.kind is AuditKind.PURGED:
            for run_id in facts["runs"]:
                stories.setdefault(run_id, _Story()).purged = place
        elif line.entry.kind is AuditKind.PLANNED:
            stories.setdefault(facts["run"], _Story()).planned = (place, line)
        elif line.entry.kind is AuditKind.ENDED:
            stories.setdefault(facts["run"], _Story()).ended = (place, line)
    return stories


def _against(chain: Chain, history: History) -> Iterator[Flaw]:
    """Yield where the ledger does not hold what the lines tell, or no line tells what it holds.

    What lines that were altered or lost have told, nobody knows: then nothing is missed.
    """
    stories = _stories(chain)
    runs: dict[str, RunRecord] = {run.run_id: run for run in history.runs()}
    for run_id, story in stories.items():
        if run_id in runs:
            counts = history.counts(runs[run_id].run_number)
            yield from _compared(runs[run_id], story, counts)
        elif story.planned is not None:
            yield Flaw(line=story.planned[0], what=f"run {run_id} is not in the ledger")
    if not chain.flaws:
        yield from _untold(chain, stories, list(runs.values()), history.decision_count())


def _untold(
    chain: Chain, stories: dict[str, _Story], runs: Sequence[RunRecord], decisions: int
) -> Iterator[Flaw]:
    """Yield what the ledger holds, and no line of a whole file tells of."""
    end = len(chain.lines) + 1
    for run in runs:
        story = stories.get(run.run_id, _Story())
        missing = {
            "was planned": story.planned is None,
            "ended": story.ended is None and run.ended_counts is not None,
            "was purged": story.purged is None and run.purged_at is not None,
        }
        for what in (what for what, is_missing in missing.items() if is_missing):
            yield Flaw(line=end, what=f"no line tells that run {run.run_id} {what}")
    told = sum(
        len(line.entry.facts["rows"])
        for _, line in chain.told()
        if line.entry.kind is AuditKind.DECIDED
    )
    if told != decisions:
        yield Flaw(line=end, what=f"{told} decisions are told of, {decisions} are in the ledger")


def _told_of(chain: Chain, run_id: str) -> Iterator[AuditLine]:
    """Yield the lines that tell of one run."""
    for place, line in chain.told():
        facts = line.entry.facts
        if facts.get("run") == run_id or run_id in facts.get("runs", {}):
            yield AuditLine(
                line=place,
                at=line.at,
                kind=line.entry.kind.value,
                who=f"{line.who.user}@{line.who.host}",
                facts=facts["runs"][run_id] if "runs" in facts else facts,
            )


def _compared(run: RunRecord, story: _Story, counts: Mapping[State, int]) -> Iterator[Flaw]:
    """Yield where the ledger says otherwise of a run than the lines that tell of it."""
    if story.planned is not None:
        place, line = story.planned
        told, rows = line.entry.facts, sum(counts.values())
        if told["source_sha256"] != run.source_digest or told["rows"] != rows:
            yield Flaw(line=place, what=f"run {run.run_id} is of another file in the ledger")
        if told["settings_sha256"] != digest_of_settings(run.settings):
            yield Flaw(line=place, what=f"run {run.run_id} has other settings in the ledger")
    if story.ended is not None:
        place, line = story.ended
        told, kept = line.entry.facts, json.loads(run.ended_counts or "{}")
        is_same = bool(kept) and all(told[name] == count for name, count in kept.items())
        # What is decided later makes more rows booked, never fewer.
        if not is_same or totals_of(counts)["booked"] < told["booked"]:
            yield Flaw(line=place, what=f"run {run.run_id} has other counts in the ledger")
    if story.purged is not None and run.purged_at is None:
        yield Flaw(line=story.purged, what=f"run {run.run_id} is not purged in the ledger")
