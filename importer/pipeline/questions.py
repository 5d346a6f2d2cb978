"""What one answer would settle for a whole file, and how sure the file itself is of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from importer.errors import OpenQuestion
from importer.model import DATE_FIELDS
from importer.pipeline.file_errors import error_of, sentence_of
from importer.problems import FileProblem, ProblemCode
from importer.reading import column_letter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from importer.columns import ColumnPlan
    from importer.errors import SourceError
    from importer.model import DateOrder
    from importer.normalize import DateRules, OrderEvidence
    from importer.reading import Table
    from importer.validate import CheckedRow

ORDER_WORDS: Mapping[str, str] = {"MDY": "month/day", "DMY": "day/month"}

_ROWS_NAMED = 5


class ZoneQuestion:
    """Whose local time it is, asked once for all rows without an offset or a zone."""

    def __init__(self) -> None:
        """Start with no row that asks."""
        self._count = 0
        self._first: list[int] = []

    def add(self, rows: Iterable[CheckedRow]) -> None:
        """Count the rows that wait for a zone."""
        for row in rows:
            codes = {problem.code for problem in row.problems}
            if ProblemCode.TIMEZONE_NEEDED in codes and not _has_wrong_location(row):
                self._count += 1
                if len(self._first) < _ROWS_NAMED:
                    self._first.append(row.row_number)

    def problems(self) -> tuple[FileProblem, ...]:
        """Return the question with the first rows that ask it, nothing when none does."""
        if not self._count:
            return ()
        first = ", ".join(str(number) for number in self._first)
        asking = "row asks" if self._count == 1 else "rows ask"
        hint = f"{self._count:,} {asking}, first {first}"
        return (FileProblem(code=ProblemCode.TIMEZONE_NEEDED, hint=hint),)


def _has_wrong_location(row: CheckedRow) -> bool:
    """Return whether the row has no zone only because it has no location."""
    return any(p.field == "location_id" and p.is_error for p in row.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSurvey:
    """What the columns of dates say about their order of day and month.

    By column, not by file: an export may hold appointments as its own program writes them
    beside birth dates as some other one did, and a 13th in one column proves nothing about
    the other.
    """

    evidence: Mapping[str, OrderEvidence]
    """By API field, for columns that hold dates of three numbers."""
    columns: Mapping[str, int]

    def decided(self, rules: DateRules) -> DateRules:
        """Return the rules with the columns in which no date that fits both can be read."""
        mixed = frozenset(name for name, found in self.evidence.items() if found.is_mixed)
        return replace(rules, mixed_fields=mixed)

    def undecided(self, rules: DateRules) -> tuple[str, ...]:
        """Return the fields whose order nobody has given."""
        return tuple(
            name
            for name, found in self.evidence.items()
            if rules.of(name).order is None and not found.is_mixed
        )

    def problems(self, names: Iterable[str]) -> tuple[FileProblem, ...]:
        """Return the question of each of these fields, with its evidence."""
        return tuple(
            FileProblem(
                code=ProblemCode.DATE_ORDER_NEEDED,
                place=f"{name} in column {column_letter(self.columns[name])}",
                hint=str(self.evidence[name]),
            )
            for name in names
        )

    def orders(self, names: Iterable[str]) -> dict[str, DateOrder]:
        """Return the only order that is possible, where the column leaves just one."""
        found = ((name, self.evidence[name].order) for name in names)
        return {name: order for name, order in found if order is not None}


@dataclass(slots=True, kw_only=True)
class FileQuestions:
    """What must be answered before a file can be imported, gathered while it is read."""

    orders: OrderSurvey
    rules: DateRules
    """As the settings say; what they leave open is asked."""
    zone: ZoneQuestion = field(default_factory=ZoneQuestion)

    def decided(self) -> DateRules:
        """Return the rules by which the rows are read."""
        return self.orders.decided(self.rules)

    def problems(self) -> tuple[FileProblem, ...]:
        """Return each open question with its evidence."""
        return (*self.zone.problems(), *self.orders.problems(self._undecided()))

    def confirmable(self) -> dict[str, DateOrder]:
        """Return the order by field that one yes would settle, nothing where that is not all."""
        names = self._undecided()
        left = self.orders.orders(names)
        return {} if self.zone.problems() or len(left) < len(names) else left

    def raise_open(self, name: str) -> None:
        """Raise if something is open.

        Raises:
            OpenQuestion: Each column leaves just one order; a person may say that it is right.
            SourceError: It needs more than a yes.
        """
        question = question_about(name, self.problems(), self.confirmable())
        if question is not None:
            raise question

    def _undecided(self) -> tuple[str, ...]:
        return self.orders.undecided(self.rules)


def question_about(
    name: str, problems: tuple[FileProblem, ...], confirmable: Mapping[str, DateOrder]
) -> SourceError | None:
    """Return the open questions of a file as the error that stops it, None when there are none.

    Args:
        name: The file.
        problems: What is open.
        confirmable: The order by field that a yes settles; empty when it would not be enough.
    """
    if not confirmable:
        return error_of(name, problems)
    words = ", ".join(f"{column} as {ORDER_WORDS[order]}" for column, order in confirmable.items())
    return OpenQuestion(
        f"{name}: {sentence_of(problems)}",
        todo=f"If that is right, {how_to_say(confirmable)}.",
        code=ProblemCode.DATE_ORDER_NEEDED.code,
        question=f"Read {words}?",
        answers={"confirmed_orders": dict(confirmable)},
    )


def survey_orders(table: Table, plan: ColumnPlan, rules: DateRules) -> OrderSurvey:
    """Read the columns of dates to their end and return what they say of their order.

    Raises:
        SourceError: Something further down makes the whole file unusable.
    """
    from importer.normalize import OrderEvidence  # noqa: PLC0415 - only when a file is read

    columns = {name: plan.fields[name] for name in DATE_FIELDS if name in plan.fields}
    evidence = {name: OrderEvidence() for name in columns}
    for chunk in table.chunks():
        for name, column in columns.items():
            evidence[name].add(chunk.frame[column].tolist(), rules)
    ordered = {name: found for name, found in evidence.items() if found.is_ordered}
    return OrderSurvey(evidence=ordered, columns=columns)


def how_to_say(orders: Mapping[str, DateOrder]) -> str:
    """Return how a flag or a profile says these orders, "" for none."""
    if not orders:
        return ""
    if len(set(orders.values())) == 1:
        (order,) = set(orders.values())
        return f'say --date-order {order}, or order = "{order}" under [dates] in a profile'
    lines = ", ".join(f'{name} = "{order}"' for name, order in orders.items())
    return f"say orders = {{ {lines} }} under [dates] in a profile"
