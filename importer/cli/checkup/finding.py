"""How one thing is that `doctor` looks at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from importer.errors import ExitCode

if TYPE_CHECKING:
    from importer.errors import ImporterError


class Health(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one thing is, and what to do when it is not well."""

    what: str
    health: Health = Health.OK
    detail: str
    todo: str = ""
    exit_code: ExitCode = ExitCode.OK
    """What a run would end with because of it."""


def warning(what: str, detail: str, todo: str) -> Finding:
    """Return that a thing is not as it should be, and holds no run."""
    return Finding(what=what, health=Health.WARNING, detail=detail, todo=todo)


def wrong(what: str, error: ImporterError) -> Finding:
    """Return what would stop a run."""
    return Finding(
        what=what,
        health=Health.WRONG,
        detail=error.message,
        todo=error.todo or "Correct that, then type the same command again.",
        exit_code=error.exit_code,
    )
