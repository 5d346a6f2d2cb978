"""What a person should do now, read off the totals of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import ExitCode
from importer.guards import GUARD
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from importer.results.model import Summary


def what_to_do(
    summary: Summary, *, status_column: str, edited: int = 0, moved: int = 0
) -> tuple[str, ...]:
    """Return the next steps, most urgent first.

    Args:
        summary: The run's totals.
        status_column: The letter of the status column in the results.
        edited: How many booked rows were changed after the booking.
        moved: How many rows may be visits that were moved.
    """
    steps = (
        *_settle_unknown(summary),
        *_correct(summary, status_column),
        *_change_in_solv(edited),
        *_change_moved(moved),
        *_send_the_rest(summary, moved),
    )
    return steps or ("Nothing: no row needs you.",)


def _settle_unknown(summary: Summary) -> tuple[str, ...]:
    if not summary.unknown:
        return ()
    step = (
        f"{_rows(summary.unknown)} may or may not be booked, and will not be sent again. "
        f"Type: solv-import reconcile {summary.run_id}. It lists them; look each one up in Solv "
        "and write down what you found."
    )
    return (step,)


def _correct(summary: Summary, status_column: str) -> tuple[str, ...]:
    words = [word for word in ("invalid", "rejected") if getattr(summary, word)]
    if not words:
        return ()
    wanted = " and ".join(f"'{word}'" for word in words)
    find = (
        f"Open the sheet Results. Filter column {status_column} (status) on {wanted}. "
        "Red cells are the ones to change; what_to_fix says how."
    )
    again = (
        "Save this file and run it again, with the same profile and flags: "
        "solv-import run THIS_FILE. "
        "Booked rows are not sent again. Leave the grey columns as they are."
    )
    return find, again


def _change_in_solv(edited: int) -> tuple[str, ...]:
    if not edited:
        return ()
    code = ProblemCode.BOOKED_ROW_EDITED.code
    step = (
        f"{_rows(edited)} changed after the booking ({code} in the sheet Errors): "
        "change it in Solv, or put the old values back."
    )
    return (step,)


def _change_moved(moved: int) -> tuple[str, ...]:
    if not moved:
        return ()
    code = ProblemCode.POSSIBLE_RESCHEDULE.code
    step = (
        f"{_rows(moved)} may be visits that were moved ({code} in the sheet Errors): change them "
        "in Solv, or run the file again with --allow-reschedules."
    )
    return (step,)


def _send_the_rest(summary: Summary, moved: int) -> tuple[str, ...]:
    steps = []
    if summary.not_sent and summary.why.startswith(GUARD):
        steps.append(
            f"{_rows(summary.not_sent)} not sent: {summary.why}. If the file is right, run it "
            "once with --override and the name of the guard."
        )
    elif summary.not_sent and summary.invalid and summary.exit_code == ExitCode.SOURCE:
        steps.append(
            f"{_rows(summary.not_sent)} could be sent but waited for the others. "
            "Correct those first, or add --only-valid to send these now."
        )
    elif summary.not_sent:
        steps.append(
            f"{_rows(summary.not_sent)} not sent yet. Run the same command again: it carries on."
        )
    left_out = summary.left_out - moved
    if left_out:
        steps.append(f"{_rows(left_out)} left out by --limit or --rows. Run again without it.")
    return tuple(steps)


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"
