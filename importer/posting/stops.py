"""When to stop the whole run: the server, the settings or the sheet must be wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from importer.errors import ExitCode
from importer.model import NotTaken, NotTakenCause, Outcome, Rejected, RunStop, Unknown

AMBIGUOUS_IN_A_ROW: Final = 5
FIRST_ALIKE: Final = 5
FIRST_REJECTED: Final = 20
ROWS_WITHOUT_CONNECTION: Final = 5
WITHOUT_CONNECTION_S: Final = 60.0
LONGEST_PAUSE_S: Final = 900.0

_FORBIDDEN = 403
_NOT_FOUND = 404
_REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why a run stops before its end."""

    exit_code: ExitCode
    why: str
    todo: str = ""
    frees: int | None = None
    """Answers of this status were about the run, not its rows, which go back to `ready`."""


@dataclass(slots=True)
class Stops:
    """Watches the answers of one process, in the order in which they come.

    Units: seconds on the monotonic clock.
    """

    _statuses: list[int | None] = field(default_factory=list, init=False)
    """Of the first answers: the status of a rejection, None for anything else."""
    _ambiguous: int = field(default=0, init=False)
    _lost_s: float = field(default=-math.inf, init=False)
    """When the last request left whose answer was ambiguous."""
    _rows_unreached: int = field(default=0, init=False)
    _unreached_since_s: float | None = field(default=None, init=False)
    _nothing_taken_since_s: float | None = field(default=None, init=False)

    def after(self, outcome: Outcome, now_s: float, *, left_s: float) -> Stop | None:
        """Return why the run must stop after this outcome, None when it may go on.

        Args:
            outcome: What came of a request.
            now_s: When it came.
            left_s: When the request left.
        """
        if isinstance(outcome, NotTaken):
            return self._after_not_taken(outcome, now_s)
        self._has_connection()
        self._nothing_taken_since_s = None
        if len(self._statuses) < FIRST_REJECTED:
            refused = outcome.http_status if isinstance(outcome, Rejected) else None
            self._statuses.append(refused)
        if isinstance(outcome, Unknown):
            self._ambiguous += 1
            self._lost_s = max(self._lost_s, left_s)
            return _too_ambiguous(self._ambiguous) or _too_long(outcome.retry_after_s)
        if left_s > self._lost_s:  # what left before an outage says nothing of its end
            self._ambiguous = 0
        return self._after_rejection(outcome) if isinstance(outcome, Rejected) else None

    def after_row_without_connection(self) -> Stop | None:
        """Note a row that could not be sent although it was tried again."""
        self._rows_unreached += 1
        if self._rows_unreached >= ROWS_WITHOUT_CONNECTION:
            return _unreachable(f"{self._rows_unreached} rows in a row could not connect")
        return None

    def _has_connection(self) -> None:
        self._rows_unreached = 0
        self._unreached_since_s = None

    def _after_not_taken(self, outcome: NotTaken, now_s: float) -> Stop | None:
        if outcome.stop is RunStop.GATEWAY_REFUSED:
            return Stop(
                exit_code=ExitCode.CREDENTIALS,
                why="the gateway refused the client id",
                todo="check SOLV_IMPORT_CLIENT_ID, and that it belongs to this base URL",
            )
        if outcome.cause is NotTakenCause.CERTIFICATE:
            return Stop(
                exit_code=ExitCode.USAGE,
                why="the server's certificate is not trusted",
                todo="check the base URL; for a private certificate authority name its file",
            )
        if outcome.left:
            self._has_connection()
            return _too_long(outcome.retry_after_s) or self._after_refusal(outcome, now_s)
        if outcome.cause is NotTakenCause.NO_CONNECTION:
            return self._after_no_connection(now_s)
        return None

    def _after_refusal(self, outcome: NotTaken, now_s: float) -> Stop | None:
        """Note an answer that says "not now", such as a 429."""
        if self._nothing_taken_since_s is None:
            self._nothing_taken_since_s = now_s
        minutes = (now_s - self._nothing_taken_since_s) / 60
        if minutes * 60 <= LONGEST_PAUSE_S:
            return None
        return _throttled(
            f"the server has said nothing but {outcome.http_status} for {minutes:.0f} minutes"
        )

    def _after_no_connection(self, now_s: float) -> Stop | None:
        """Note a failed try to connect; the time of our own pauses before it does not count."""
        if self._unreached_since_s is None:
            self._unreached_since_s = now_s
        silent_s = now_s - self._unreached_since_s
        if silent_s > WITHOUT_CONNECTION_S:
            return _unreachable(f"no connection for {silent_s:.0f} seconds")
        return None

    def _after_rejection(self, outcome: Rejected) -> Stop | None:
        alike = outcome.http_status if set(self._statuses) == {outcome.http_status} else None
        if outcome.stop is RunStop.WRONG_ADDRESS:
            return _wrong_address(outcome.http_status, frees=alike)
        if alike is not None and len(self._statuses) == FIRST_ALIKE:
            if alike == _FORBIDDEN:
                return Stop(
                    exit_code=ExitCode.CREDENTIALS,
                    why=f"the first {FIRST_ALIKE} answers were all 403",
                    todo="ask Solv which locations this client may book at",
                    frees=alike,
                )
            if alike == _NOT_FOUND:
                return _wrong_address(alike, frees=alike)
        if len(self._statuses) == FIRST_REJECTED and None not in self._statuses:
            return Stop(
                exit_code=ExitCode.STOPPED_EARLY,
                why=f"the first {FIRST_REJECTED} rows were all refused",
                todo="read Solv's words in the results: the mapping is probably wrong",
            )
        return None


def _too_ambiguous(in_a_row: int) -> Stop | None:
    if in_a_row < AMBIGUOUS_IN_A_ROW:
        return None
    return Stop(
        exit_code=ExitCode.UNKNOWN_OUTCOMES,
        why=f"{in_a_row} answers in a row did not say whether there is a booking",
        todo="settle the unknown rows with reconcile, then run again",
    )


def _too_long(asked_s: float | None) -> Stop | None:
    if asked_s is None or asked_s <= LONGEST_PAUSE_S:
        return None
    return _throttled(f"the server asks for a pause of {asked_s / 60:.0f} minutes")


def _unreachable(why: str) -> Stop:
    return Stop(
        exit_code=ExitCode.STOPPED_EARLY,
        why=why,
        todo="check the network and the base URL, then run the same command again",
    )


def _throttled(why: str) -> Stop:
    return Stop(
        exit_code=ExitCode.STOPPED_EARLY,
        why=why,
        todo="run the same command again later, with a lower --rate",
    )


def _wrong_address(status: int, *, frees: int | None) -> Stop:
    kind = "redirected" if status in _REDIRECTS else f"answered {status}"
    return Stop(
        exit_code=ExitCode.USAGE,
        why=f"the server {kind}: this does not look like the Partner API",
        todo="check SOLV_IMPORT_BASE_URL",
        frees=frees,
    )
