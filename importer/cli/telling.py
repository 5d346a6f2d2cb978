"""What a command tells when it begins and ends: its log, its metrics, a message, a heartbeat.

Nothing of it changes what was booked, or the exit code; what could not be told is said on
standard error.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec

import structlog

from importer import __version__
from importer.cli.failures import code_of
from importer.cli.terminal import can_answer, say
from importer.cli.watching import Watched
from importer.clock import SystemClock
from importer.errors import ExitCode, ImporterError
from importer.logs import LogFile, configure_logs
from importer.pipeline.telling import (
    CommandEnd,
    FileEnd,
    beat_of,
    heartbeat_of,
    measure,
    needs_a_person,
    send,
    summary_of_command,
)
from importer.problems import ProblemCode
from importer.results import write_summary
from importer.signals import kept_waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.messages import Heartbeat
    from importer.model import Clock
    from importer.pipeline import RunReport
    from importer.reports import Observer
    from importer.settings import Settings

_P = ParamSpec("_P")


@contextmanager
def told(command: str, settings: Settings, clock: Clock | None = None) -> Iterator[Account]:
    """Lend the account of a command; when the block ends, however it does, its end is told.

    Args:
        command: Its name, such as `run`.
        settings: What is told, and to whom.
        clock: The time; the machine's when None.

    Raises:
        SettingsError: The log cannot be written.
    """
    account = Account(settings=settings, clock=clock or SystemClock())
    try:
        account.begin(command)
        yield account
    except BaseException as error:
        account.failed(error)
        raise
    finally:
        account.tell()


@dataclass(slots=True, kw_only=True)
class Account:
    """What a command did so far, with each of its files."""

    settings: Settings
    clock: Clock
    exit_code: ExitCode = ExitCode.OK
    """What the command will return; to be set before the block ends."""
    sums_up: bool = False
    """Whether one summary is written of all files, as of a folder's."""
    _files: list[FileEnd] = field(default_factory=list, init=False)
    _report: RunReport | None = field(default=None, init=False)
    _watched: Watched | None = field(default=None, init=False)
    _why: str = field(default="", init=False)
    """What ended the command before any file was begun."""
    _bookings: int = field(default=0, init=False)
    _sending_s: float = field(default=0.0, init=False)
    _began_s: float = field(default=0.0, init=False)
    _log: LogFile | None = field(default=None, init=False)
    _heartbeat: Heartbeat | None = field(default=None, init=False)

    def begin(self, command: str) -> None:
        """Set the log up, and call the heartbeat.

        Raises:
            SettingsError: The log cannot be written.
        """
        configure_logs(self.settings.verbose, clock=self.clock)
        structlog.contextvars.clear_contextvars()
        self._began_s = self.clock.monotonic()
        if self._is_unwatched():
            self._heartbeat = heartbeat_of(self.settings, self.clock)
        if self._heartbeat is not None:
            self._heartbeat.start()
        self._open_log()
        profile = self.settings.profile_name
        structlog.get_logger().info("began", name=command, profile=profile, version=__version__)

    def _open_log(self) -> None:
        settings, number = self.settings, f"{self.clock.now():%Y-%m-%d}-{secrets.token_hex(3)}"
        command, file = f"command-{number}", None
        configure_logs(settings.verbose, clock=self.clock, command=command)
        if settings.log is not None:
            file = LogFile(settings.log, is_detailed=settings.verbose > 1)
            configure_logs(settings.verbose, file=file, clock=self.clock, command=command)
        self._log = file

    def _is_unwatched(self) -> bool:
        """Return whether nobody is there who could have been asked, and so knows."""
        return self.settings.yes or self.settings.non_interactive or not can_answer()

    def each(self, work: Callable[_P, ExitCode]) -> Callable[_P, ExitCode]:
        """Return the same work on a file, with how it ended kept for the account."""

        def kept(*args: _P.args, **kwargs: _P.kwargs) -> ExitCode:
            self._report = self._watched = None
            try:
                code = work(*args, **kwargs)
            except BaseException as error:
                self._add(code_of(error), error)
                raise
            self._add(code)
            return code

        return kept

    def watch(self, observer: Observer) -> Watched:
        """Return an observer that also keeps the account of the file that is imported now."""
        shows_values = self.settings.show_values
        self._watched = Watched(observer=observer, clock=self.clock, shows_values=shows_values)
        return self._watched

    def note(self, report: RunReport) -> None:
        """Keep how the run of the file ended that is imported now."""
        self._report = report

    @property
    def results_path(self) -> Path | None:
        """Return where the results of the file are that is imported now."""
        return self._report.results_path if self._report else None

    @property
    def run_ids(self) -> tuple[str, ...]:
        """Return the runs of the files that this command has imported so far."""
        return tuple(file.run_id for file in self._files if file.run_id)

    def failed(self, error: BaseException) -> None:
        """Keep what ended the command."""
        self.exit_code = code_of(error)
        self._why = error.message if isinstance(error, ImporterError) else ""
        structlog.get_logger().info("failed", error=type(error).__name__)

    def _add(self, code: ExitCode, error: BaseException | None = None) -> None:
        """Add the end of a file, and log it."""
        report, run_id = self._report, self._watched.run_id if self._watched else ""
        end = FileEnd(
            exit_code=code,
            run_id=report.summary.run_id if report else run_id,
            summary=report.summary if report else None,
            problem=error.code if isinstance(error, ImporterError) else "",
            is_edited=report is not None and _is_edited(report),
        )
        self._files.append(end)
        if self._watched is not None:
            self._bookings += self._watched.bookings
            self._sending_s += self._watched.sending_s
        log = structlog.get_logger().bind(file=len(self._files), exit_code=int(code))
        if report is not None:
            why = report.stop.why if report.stop else ""
            log.info("file ended", reason=why, **report.summary.counts())
        else:
            log.info("file failed", code=end.problem, error=type(error).__name__)
        structlog.contextvars.unbind_contextvars("run")

    def tell(self) -> None:
        """Tell how the command ended; a request to stop waits for that, a second one does not."""
        with kept_waiting() as waiting:
            end = self._end()
            try:
                for step in self._steps():
                    _do(step, end)
            finally:
                self._close_log()
                waiting.take()  # the command has ended by itself

    def _steps(self) -> tuple[Callable[[CommandEnd], None], ...]:
        return (
            self._log_end,
            self._sum_up,
            self._measure,
            self._await_heartbeat,
            self._send_message,
            self._end_heartbeat,
        )

    def _end(self) -> CommandEnd:
        return CommandEnd(
            exit_code=self.exit_code,
            files=tuple(self._files),
            ended_at=self.clock.now(),
            duration_s=self.clock.monotonic() - self._began_s,
            bookings=self._bookings,
            sending_s=self._sending_s,
        )

    def _log_end(self, end: CommandEnd) -> None:
        structlog.get_logger().info(
            "ended",
            exit_code=int(end.exit_code),
            seconds=round(end.duration_s, 3),
            files=len(end.files),
            **end.totals(),
        )

    def _sum_up(self, end: CommandEnd) -> None:
        """Write the summary of a folder, or of a command that began no file: never last night's."""
        path = self.settings.summary
        is_told = bool(end.files) and not self.sums_up  # by the import itself
        is_of_another = end.exit_code is ExitCode.LEDGER_BUSY
        if path is None or path.is_dir() or is_told or is_of_another:
            return
        try:
            write_summary(path, summary_of_command(end, self.settings, why=self._why))
        except ImporterError as error:
            say(f"warning: {error.message}")

    def _await_heartbeat(self, _end: CommandEnd) -> None:
        if self._heartbeat is not None:
            _warn_of_heartbeat(self._heartbeat.started())

    def _measure(self, end: CommandEnd) -> None:
        try:
            measure(end, self.settings)
        except OSError as error:
            _warn("the metrics could not be written", reason=error.strerror or "")

    def _send_message(self, end: CommandEnd) -> None:
        is_due = self._is_unwatched() and needs_a_person(end, self.settings)
        if not is_due or not self.settings.message_targets:
            return
        for delivery in send(end, self.settings, self.clock):
            if delivery.why_not:
                _warn("the message was not sent", target=delivery.target, reason=delivery.why_not)
            else:
                structlog.get_logger().info("the message was sent", target=delivery.target)

    def _end_heartbeat(self, end: CommandEnd) -> None:
        beat = beat_of(end)
        if self._heartbeat is not None and beat is not None:
            _warn_of_heartbeat(self._heartbeat.end(beat))

    def _close_log(self) -> None:
        if self._log is None:
            return
        self._log.close()
        configure_logs(self.settings.verbose, clock=self.clock)
        if self._log.failure is not None:
            say(f"warning: the log lacks lines: {self._log.failure.strerror}.")


def _is_edited(report: RunReport) -> bool:
    return any(group.code is ProblemCode.BOOKED_ROW_EDITED for group in report.groups)


def _do(step: Callable[[CommandEnd], None], end: CommandEnd) -> None:
    """Do one step; what was booked is booked and the exit code stands, so the others follow."""
    try:
        step(end)
    except Exception as error:  # noqa: BLE001 - as above
        say(f"warning: how this ended could not be told in full: {type(error).__name__}.")


def _warn(event: str, **facts: str) -> None:
    """Say what could not be told; it is no error of the run."""
    place, reason = facts.get("target", ""), facts["reason"]
    say(f"warning: {event}{f' to {place}' if place else ''}: {reason}.")
    structlog.get_logger().info(event, **facts)


def _warn_of_heartbeat(why: str) -> None:
    if why:
        _warn("the heartbeat could not be called", reason=why)
