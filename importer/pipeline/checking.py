"""Checking a file: everything that an import would refuse, and nothing sent."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from importer.errors import ExitCode
from importer.identity import identify
from importer.model import State
from importer.near_duplicates import NearDuplicates
from importer.pipeline.groups import Grouping
from importer.pipeline.intake import take_in
from importer.pipeline.questions import question_about
from importer.pipeline.row_rules import (
    ENOUGH_BYTES,
    MiddleNames,
    passed_problem,
    suspected_problem,
)
from importer.reports import CheckReport, Look

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from importer.errors import SourceError
    from importer.model import Clock
    from importer.pipeline.intake import Intake
    from importer.problems import RowProblem
    from importer.reading import Chunk
    from importer.settings import Settings
    from importer.validate import CheckedRow


def check_file(
    source: Path, settings: Settings, *, clock: Clock, look: Look | None = None
) -> CheckReport:
    """Return what an import would refuse; no ledger is needed and nothing is sent.

    Raises:
        SourceError: The file as a whole cannot be used.
    """
    look = look or Look()
    now = clock.now()
    intake = intake_for(source, settings, now=now, tells_spelling=look.tells_spelling)
    survey = _Survey(now=now, grouping=Grouping(intake.table.headings, look), intake=intake)
    questions = intake.questions()
    for checked in intake.chunks_with(questions):
        for position, row in enumerate(checked.rows):
            survey.add(checked.chunk, position, row, allow_duplicates=settings.allow_duplicates)
    report = replace(survey.report(), profile=settings.profile_name)
    asked = questions.problems()
    if not asked:
        return report
    confirmable = questions.confirmable()
    return replace(report, questions=asked, confirmable=confirmable, exit_code=ExitCode.SOURCE)


def question_of(report: CheckReport) -> SourceError | None:
    """Return what must be answered before the file can be imported, None when nothing is open."""
    return question_about(report.source_name, report.questions, report.confirmable)


def intake_for(source: Path, settings: Settings, *, now: datetime, tells_spelling: bool) -> Intake:
    """Return the file as an import takes it in; its rows tell of their spelling, or count it.

    Raises:
        SourceError: It cannot be read, or required columns are missing.
    """
    intake = take_in(source, settings, now=now)
    rules = replace(intake.rules, tells_spelling=tells_spelling, counts_spelling=True)
    return replace(intake, rules=rules)


@dataclass(slots=True, kw_only=True)
class _Survey:
    """Counts what would become of every row."""

    now: datetime
    grouping: Grouping
    intake: Intake
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), init=False)
    _seen: set[bytes] = field(default_factory=set, init=False)
    _visits: NearDuplicates = field(default_factory=NearDuplicates, init=False)
    _middle_names: MiddleNames = field(default_factory=MiddleNames, init=False)
    _counts: Counter[State] = field(default_factory=Counter, init=False)
    _respelled: int = field(default=0, init=False)

    def add(self, chunk: Chunk, position: int, row: CheckedRow, *, allow_duplicates: bool) -> None:
        """Count one row and its problems; `position` is its line in the chunk's frame."""
        self.grouping.add(chunk, position, row)
        self._respelled += row.respelled
        state, problem = self._fate_of(row, allow_duplicates=allow_duplicates)
        self._counts[state] += 1
        if problem is not None:
            self.grouping.count(chunk, position, row, problem)

    def _fate_of(
        self, row: CheckedRow, *, allow_duplicates: bool
    ) -> tuple[State, RowProblem | None]:
        """Return what would become of a row, and the problem that only a run finds."""
        if row.is_blank:
            return State.BLANK, None
        passed = passed_problem(row, self.now, self.intake.plan)
        if row.request is None or row.appointment_at is None:
            return State.INVALID, passed
        if passed is not None:
            return State.INVALID, passed
        identity = identify(row.request, row.appointment_at, self._key)
        fingerprint = identity.fingerprint[:ENOUGH_BYTES]
        if fingerprint in self._seen and not allow_duplicates:
            problem = self._middle_names.problem_of(row, fingerprint)
            return State.INVALID if problem.is_error else State.DUPLICATE, problem
        self._seen.add(fingerprint)
        self._middle_names.add(row, fingerprint)
        return State.READY, suspected_problem(row, self._visits)

    def report(self) -> CheckReport:
        """Return the report."""
        intake, counts, groups = self.intake, self._counts, self.grouping.groups()
        return CheckReport(
            source_name=intake.name,
            sheet=intake.table.sheet,
            kind=intake.table.kind,
            rows_in=counts.total(),
            columns_mapped=len(intake.plan.sources),
            columns_total=len(intake.source_columns),
            ready=counts[State.READY],
            invalid=counts[State.INVALID],
            duplicate=counts[State.DUPLICATE],
            blank=counts[State.BLANK],
            groups=groups,
            fixable=self._respelled + sum(group.fixable for group in groups),
            can_be_fixed=intake.table.copy is not None,
            file_warnings=intake.warnings(counts.total()),
            exit_code=ExitCode.NEEDS_A_PERSON if counts[State.INVALID] else ExitCode.OK,
        )
