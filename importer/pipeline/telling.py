"""How a command ended, in the words of a message: for a person, and only when one is needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from importer import __version__
from importer.api import tls_context
from importer.errors import EXIT_ACTIONS, EXIT_MEANINGS, ExitCode
from importer.guards import GUARD
from importer.messages import Beat, Delivery, Heartbeat, Message, send_message
from importer.metrics import Measured, write_metrics
from importer.problems import problem_of
from importer.reports import COUNT_NAMES
from importer.results import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from importer.bounds import RowBound
    from importer.model import Clock
    from importer.reports import Totals
    from importer.settings import Settings

_NOBODY_NEEDED: Final = frozenset({ExitCode.OK, ExitCode.LEDGER_BUSY, ExitCode.INTERRUPTED})
"""All is well; another run is under way, and tells its own end; whoever pressed Ctrl-C knows."""
_RAN_TO_ITS_END: Final = frozenset({ExitCode.OK, ExitCode.NEEDS_A_PERSON})
_SAYS_NOTHING: Final = frozenset({ExitCode.LEDGER_BUSY, ExitCode.INTERRUPTED})
"""Neither a success nor a failure of the import: another command will tell, or is awaited."""
_FILES_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEnd:
    """How the import of one file ended."""

    exit_code: ExitCode
    run_id: str = ""
    """"" when it ended before it had a run."""
    summary: Summary | None = None
    """None when it failed as a whole."""
    problem: str = ""
    """The code of the problem that stopped it, such as `IMP104`; "" for none."""
    is_edited: bool = False
    """Whether a booked row was changed in it: a person must see that, and no count says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnd:
    """How a command ended, with each of its files that was begun."""

    exit_code: ExitCode
    files: tuple[FileEnd, ...]
    ended_at: datetime
    duration_s: float
    bookings: int
    """Made by this command, not by earlier ones of the same runs."""
    sending_s: float

    def totals(self) -> dict[str, int]:
        """Return the counts of all files together, by their names."""
        counts = [file.summary.counts() for file in self.files if file.summary is not None]
        return {name: sum(count[name] for count in counts) for name in COUNT_NAMES}

    @property
    def is_success(self) -> bool:
        """Return whether it ran to its end; rows that need a person are told by a message."""
        return self.exit_code in _RAN_TO_ITS_END


def summary_of_command(end: CommandEnd, settings: Settings, *, why: str = "") -> Summary:
    """Return the counts of all files of a command in one summary.

    Args:
        end: How it ended.
        settings: Where its bookings went.
        why: What ended it before it began any file.
    """
    runs = [file.summary for file in end.files if file.summary is not None]
    failed = [file.problem or file.exit_code.reason for file in end.files if file.summary is None]
    ended_at = end.ended_at.isoformat(timespec="seconds")
    began_at = end.ended_at - timedelta(seconds=end.duration_s)
    reasons = [*(run.why for run in runs), *(f"a file was not imported: {w}" for w in failed), why]
    return Summary(
        run_id=runs[0].run_id if len(runs) == 1 else "",
        exit_code=int(end.exit_code),
        exit_reason=end.exit_code.reason,
        source=runs[0].source if len(runs) == 1 else "",
        rows_in=sum(run.rows_in for run in runs),
        **cast("Totals", end.totals()),
        requests=sum(run.requests for run in runs),
        waits_429=sum(run.waits_429 for run in runs),
        started_at=began_at.isoformat(timespec="seconds"),
        ended_at=ended_at,
        target=settings.base_url,
        results=runs[0].results if len(runs) == 1 else "",
        version=__version__,
        why="; ".join(dict.fromkeys(filter(None, reasons))),
        runs=tuple(run.run_id for run in runs),
    )


def heartbeat_of(settings: Settings, clock: Clock) -> Heartbeat | None:
    """Return the heartbeat that the settings name, None when they name none."""
    if settings.heartbeat_url is None:
        return None
    return Heartbeat(settings.heartbeat_url, partial(tls_context, settings.ca_file), clock)


def beat_of(end: CommandEnd) -> Beat | None:
    """Return what the heartbeat tells of a command, None when it is left to another one."""
    if end.exit_code in _SAYS_NOTHING:
        return None
    return Beat.SUCCESS if end.is_success else Beat.FAILURE


def needs_a_person(end: CommandEnd, settings: Settings) -> bool:
    """Return whether somebody must be told of a command.

    Rows within a bound that the settings set are usual: for them alone nobody is told.
    """
    if any(passed_bounds(file, settings) for file in end.files):
        return True
    codes = {end.exit_code, *(file.exit_code for file in end.files)} - _NOBODY_NEEDED
    if codes != {ExitCode.NEEDS_A_PERSON}:
        return bool(codes)
    ends = [file for file in end.files if file.exit_code is ExitCode.NEEDS_A_PERSON]
    return not ends or not all(_is_usual(file, settings) for file in ends)


def passed_bounds(file: FileEnd, settings: Settings) -> list[str]:
    """Return what of a file is more than the settings let pass, such as `invalid: 7, ...`."""
    if file.summary is None:
        return []
    return [
        f"{word}: {count:,}, and at most {bound} is usual"
        for word, count, bound in _bounded(file.summary, settings)
        if bound is not None and bound.is_passed_by(count, of=file.summary.rows_in)
    ]


def _is_usual(file: FileEnd, settings: Settings) -> bool:
    """Return whether nothing needs a person but rows of kinds that have a bound."""
    summary = file.summary
    if summary is None or summary.left_out or file.is_edited:
        return False
    bounded = _bounded(summary, settings)
    is_each_bounded = all(bound is not None for _, count, bound in bounded if count)
    return is_each_bounded and any(count for _, count, _ in bounded)


def _bounded(summary: Summary, settings: Settings) -> tuple[tuple[str, int, RowBound | None], ...]:
    return (
        ("invalid", summary.invalid, settings.message_invalid),
        ("rejected", summary.rejected, settings.message_rejected),
    )


def message_of(end: CommandEnd, settings: Settings) -> Message:
    """Return what a person is told: run ids and counts, and no name of a file."""
    code, profile = end.exit_code, settings.profile_name
    named = f"solv-import {profile}" if profile else "solv-import"
    return Message(
        subject=f"{named}: exit {int(code)}, {code.reason.replace('_', ' ')}",
        body="\n".join(
            [
                f"Profile: {profile or 'none'}",
                f"Exit code {int(code)}: {EXIT_MEANINGS[code]}.",
                f"What to do: {EXIT_ACTIONS[code]}.",
                "",
                *_file_lines(end, settings),
                "",
                f"More: {_more(end)}",
            ]
        ),
    )


def _file_lines(end: CommandEnd, settings: Settings) -> Iterator[str]:
    first = sorted(end.files, key=lambda file: file.exit_code in _NOBODY_NEEDED)
    for file in first[:_FILES_SHOWN]:
        yield _file_line(file)
        yield from _guard_lines(file)
        yield from (f"  {passed}" for passed in passed_bounds(file, settings))
    if len(first) > _FILES_SHOWN:
        yield f"and {len(first) - _FILES_SHOWN:,} more files"
    if not first:
        yield "No file was begun."


def _guard_lines(file: FileEnd) -> Iterator[str]:
    """Yield what holds a run, which is counts and row numbers, and how to let it pass once."""
    why = file.summary.why if file.summary is not None else ""
    if why.startswith(GUARD):
        yield f"  {why}"
        yield "  If the file is right: the same command once with --override and the guard's name."


def _file_line(file: FileEnd) -> str:
    what = f"run {file.run_id}" if file.run_id else "no run"
    if file.summary is not None:
        return f"{what} (exit {int(file.exit_code)}): {file.summary.conservation_line()}"
    code = problem_of(file.problem) if file.problem else None
    why = f"{code.code}, {code.title}" if code else EXIT_MEANINGS[file.exit_code]
    return f"{what} (exit {int(file.exit_code)}): {why}"


def _more(end: CommandEnd) -> str:
    needing = [f.run_id for f in end.files if f.run_id and f.exit_code not in _NOBODY_NEEDED]
    match needing or [file.run_id for file in end.files if file.run_id]:
        case []:
            return "what the command wrote to standard error, or its log"
        case [run_id]:
            return f"solv-import status {run_id}"
        case _:
            return "solv-import status"


def send(end: CommandEnd, settings: Settings, clock: Clock) -> list[Delivery]:
    """Send the one message of a command; return what became of it at each target."""
    return send_message(
        message_of(end, settings),
        settings.message_targets,
        clock,
        ca_file=settings.ca_file,
        public=tls_context,
    )


def measure(end: CommandEnd, settings: Settings) -> None:
    """Write the metrics of a command, if they are asked for.

    Raises:
        OSError: They cannot be written.
    """
    if settings.metrics is None:
        return
    rate = end.bookings / end.sending_s if end.sending_s > 0 else 0.0
    write_metrics(
        settings.metrics,
        Measured(
            profile=settings.profile_name,
            rows=end.totals(),
            duration_s=end.duration_s,
            bookings_per_s=rate,
            ended_at_s=end.ended_at.timestamp(),
            exit_code=int(end.exit_code),
            is_success=end.is_success,
        ),
    )
