"""What stands in `what_to_fix`: the row's problems in words, the errors first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model import State
from importer.problems import ProblemCode, Severity

if TYPE_CHECKING:
    from importer.ledger import ProblemRecord, RowRecord

_OF_STATE = {
    State.READY: ProblemCode.NOT_SENT,
    State.SENDING: ProblemCode.OUTCOME_UNKNOWN,
    State.SKIPPED: ProblemCode.ALREADY_BOOKED,
    State.LEFT_OUT: ProblemCode.LEFT_OUT,
    State.SUPERSEDED: ProblemCode.NOT_SENT,
}
"""What is told of a row in that state that has no problem of its own."""


def what_to_fix(record: RowRecord, problems: list[ProblemRecord], words: str) -> str:
    """Return what a person should know of a row, "" when it is simply booked.

    Args:
        record: The row in the ledger.
        problems: Its problems.
        words: The server's own, if it said any.
    """
    told = sorted(problems, key=lambda problem: problem.code.severity is not Severity.ERROR)
    sentences = [_sentence(problem) for problem in told]
    usual = _OF_STATE.get(record.state)
    is_told = any(p.code is usual or p.code.severity is Severity.ERROR for p in problems)
    if usual is not None and not is_told:
        sentences.insert(0, f"{usual.sentence} {usual.fix}")
    if record.reason:
        sentences.append(f"Reason: {record.reason}.")
    if words:
        sentences.append(f"Solv said: {words}")
    return " ".join(sentences)


def _sentence(problem: ProblemRecord) -> str:
    about = f"{problem.field}: " if problem.field else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{about}{problem.code.sentence.removesuffix('.')}{hint}. {problem.code.fix}"
