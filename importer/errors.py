"""Errors that stop a run; each says what to do next.

ImporterError            exit
├─ SettingsError          2   fix a flag, a variable or the settings file
├─ SourceError            3   fix the file or its mapping: nothing was sent
│  ├─ OpenQuestion        3   the same; at a terminal, one yes settles it
│  └─ HeadingsElsewhere   3   the same; name the row of the headings
├─ CredentialsError       4   renew the client id or secret, or ask for the scope
├─ StoppedEarly           5   run it again later: it carries on
├─ LedgerBusy             7   another run holds the ledger
└─ LedgerError            8   post nothing until the ledger is sound
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

from importer.printable import printable

if TYPE_CHECKING:
    from importer.model import Confirmation


class ExitCode(IntEnum):
    """What the process returns; the names stand in the JSON summary as `exit_reason`."""

    OK = 0
    NEEDS_A_PERSON = 1
    USAGE = 2
    SOURCE = 3
    CREDENTIALS = 4
    STOPPED_EARLY = 5
    UNKNOWN_OUTCOMES = 6
    LEDGER_BUSY = 7
    LEDGER = 8
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def reason(self) -> str:
        """Return the name as the summary spells it, such as `stopped_early`."""
        return self.name.lower()


EXIT_MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "every row is booked, a duplicate or blank; check found nothing",
    ExitCode.NEEDS_A_PERSON: "finished; a person must see invalid, refused or left-out rows",
    ExitCode.USAGE: "wrong use or settings",
    ExitCode.SOURCE: "file or mapping unusable, or invalid rows hold the run: nothing was sent",
    ExitCode.CREDENTIALS: "sign-in or permission refused",
    ExitCode.STOPPED_EARLY: "stopped early: run it again, it carries on",
    ExitCode.UNKNOWN_OUTCOMES: "some outcomes are unknown and will not be sent again: reconcile",
    ExitCode.LEDGER_BUSY: "another run holds this ledger",
    ExitCode.LEDGER: "the ledger cannot be trusted: nothing is sent; verify: a broken promise",
    ExitCode.BUG: "a bug; a report without patient data was written",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C, state saved",
    ExitCode.TERMINATED: "stopped by SIGTERM, state saved",
}
"""One line each, printed by `--help` and in the README."""

EXIT_ACTIONS: dict[ExitCode, str] = {
    ExitCode.OK: "nothing",
    ExitCode.NEEDS_A_PERSON: "look today: the results name the rows that need a person",
    ExitCode.USAGE: "fix the settings; nothing, or not everything, was sent",
    ExitCode.SOURCE: "fix the file or its mapping; nothing was sent",
    ExitCode.CREDENTIALS: "fix the credentials; nothing, or not everything, was sent",
    ExitCode.STOPPED_EARLY: "run the same command again: it carries on where it stopped",
    ExitCode.UNKNOWN_OUTCOMES: "settle the unknown rows; they are not sent again by themselves",
    ExitCode.LEDGER_BUSY: "nothing: another run is under way; the next one takes its turn",
    ExitCode.LEDGER: "stop and read the message: run nothing until somebody has looked",
    ExitCode.BUG: "report the file that it names",
    ExitCode.INTERRUPTED: "nothing is wrong: it was asked to stop; the same command carries on",
    ExitCode.TERMINATED: "nothing is wrong: it was asked to stop; the same command carries on",
}
"""What each asks of a person, as messages say it; docs/nightly.md says what to type."""

_WORST_FIRST = (
    ExitCode.BUG,
    ExitCode.LEDGER,
    ExitCode.UNKNOWN_OUTCOMES,
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.CREDENTIALS,
    ExitCode.STOPPED_EARLY,
    ExitCode.USAGE,
    ExitCode.SOURCE,
    ExitCode.LEDGER_BUSY,
    ExitCode.NEEDS_A_PERSON,
    ExitCode.OK,
)


def worst(*codes: ExitCode) -> ExitCode:
    """Return the code that wins when several apply."""
    return min(codes, key=_WORST_FIRST.index, default=ExitCode.OK)


def _printable(text: str) -> str:
    """Return a text for a terminal; a file's name may hold anything."""
    return printable(text, lambda sign: ascii(sign)[1:-1])


class ImporterError(Exception):
    """Stops the run; its text is one sentence for a person, without any patient value."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, message: str, *, todo: str = "", code: str = "") -> None:
        """Keep what happened, what to do about it, and the problem code if it has one."""
        self.message = _printable(message)
        super().__init__(self.message)
        self.todo = _printable(todo)
        self.code = code


class SettingsError(ImporterError):
    """A flag, a variable or the settings file is wrong or missing."""

    exit_code = ExitCode.USAGE


class SourceError(ImporterError):
    """The file or its mapping cannot be used; nothing was sent."""

    exit_code = ExitCode.SOURCE


class OpenQuestion(SourceError):
    """The file cannot be used before somebody has answered; a yes is enough."""

    def __init__(
        self,
        message: str,
        *,
        todo: str,
        code: str,
        question: str,
        answer: Confirmation,
    ) -> None:
        """Keep what to ask, and what a yes says."""
        super().__init__(message, todo=todo, code=code)
        self.question = question
        self.answer = answer


class HeadingsElsewhere(SourceError):
    """The row of the headings holds none, and another row may."""

    def __init__(self, message: str, *, todo: str, code: str, row: int) -> None:
        """Keep the number of the row that may hold them."""
        super().__init__(message, todo=todo, code=code)
        self.row = row


class CredentialsError(ImporterError):
    """The client id, the secret or the scope was refused."""

    exit_code = ExitCode.CREDENTIALS


class StoppedEarly(ImporterError):
    """The run stopped before its end; the same command carries on."""

    exit_code = ExitCode.STOPPED_EARLY


class LedgerBusy(ImporterError):
    """Another run holds the ledger."""

    exit_code = ExitCode.LEDGER_BUSY


class LedgerError(ImporterError):
    """The ledger cannot be trusted or written: nothing may be sent."""

    exit_code = ExitCode.LEDGER
