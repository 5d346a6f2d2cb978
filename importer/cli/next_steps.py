"""What a person does after a run, read off its counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.cli.terminal import counted
from importer.errors import ExitCode
from importer.guards import GUARD
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.reports import ProblemGroup
    from importer.results import Summary
    from importer.settings import Selection, Settings


def next_steps(
    summary: Summary, groups: Sequence[ProblemGroup], settings: Settings
) -> Iterator[str]:
    """Yield one line for each kind of row that waits for somebody, the most urgent first."""
    if summary.unknown:
        rows = counted(summary.unknown, "row")
        yield f"{rows} may or may not be booked: solv-import reconcile {summary.run_id}"
    yield from _send_the_rest(summary, settings)
    yield from _correct(summary, groups)
    edited = _rows_with(groups, ProblemCode.BOOKED_ROW_EDITED)
    if edited:
        rows = counted(edited, "row")
        yield f"{rows} changed after the booking: change it in Solv, or put the old values back"
    moved = min(_rows_with(groups, ProblemCode.POSSIBLE_RESCHEDULE), summary.left_out)
    if moved:
        rows = counted(moved, "row")
        yield f"{rows} may be visits that were moved: change them in Solv, or --allow-reschedules"
    yield from _left_out(replace(summary, left_out=summary.left_out - moved), settings.selection)


def _send_the_rest(summary: Summary, settings: Settings) -> Iterator[str]:
    if not summary.not_sent or summary.why.startswith(GUARD):
        return  # what a guard asks for has been said
    resume = f"solv-import resume {summary.run_id}"
    is_held = summary.exit_code == ExitCode.SOURCE and summary.invalid and not settings.only_valid
    if is_held:
        rows = counted(summary.not_sent, "valid row")
        yield f"{rows} held back by the invalid ones; to send them without: {resume} --only-valid"
    else:
        rows = counted(summary.not_sent, "row")
        yield f"{rows} not sent yet; carry on with: {resume}"


def _correct(summary: Summary, groups: Sequence[ProblemGroup]) -> Iterator[str]:
    if summary.invalid:
        rows = counted(summary.invalid, "invalid row")
        yield f"{rows}: correct the red cells in the results and run that very file again"
    before = min(_rows_with(groups, ProblemCode.REJECTED_BEFORE), summary.rejected)
    if summary.rejected - before:
        rows = counted(summary.rejected - before, "row")
        yield f"{rows} refused by Solv: what_to_fix says why; correct them in the results, run that"
    if before:
        rows = counted(before, "row")
        yield f"{rows} refused in an earlier run: correct them, or run again with --retry-rejected"


def _left_out(summary: Summary, selection: Selection) -> Iterator[str]:
    if not summary.left_out:
        return
    flags = [
        flag
        for flag, is_set in (("--rows", selection.rows), ("--limit", selection.limit))
        if is_set
    ]
    without = " and ".join(flags) or "the selection"
    if selection.rows and summary.left_out + summary.blank == summary.rows_in:
        rows = counted(summary.rows_in, "row")
        yield f"no row was selected: --rows names none of the file's {rows}, which begin at row 2"
    else:
        rows = counted(summary.left_out, "row")
        yield f"{rows} left out: run again without {without}"


def _rows_with(groups: Sequence[ProblemGroup], code: ProblemCode) -> int:
    return sum(group.rows for group in groups if group.code is code)
