"""What one answer would settle for a whole file, and how sure the file itself is of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from importer.errors import OpenQuestion
from importer.example import is_example_date
from importer.headings import noted_order
from importer.lettering import column_letter
from importer.model import DATE_FIELDS, ORDER_WORDS, OrdersConfirmed
from importer.pipeline.file_errors import error_of, sentence_of
from importer.problems import FileProblem, ProblemCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from importer.columns import ColumnPlan
    from importer.errors import SourceError
    from importer.model import DateOrder
    from importer.normalize import DateRules, OrderEvidence
    from importer.reading import Table
    from importer.validate import CheckedRow

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
    noted: Mapping[str, DateOrder] = field(default_factory=dict)
    """The order that a heading itself names, by API field; it is shown, and decides nothing."""
    settled: frozenset[str] = frozenset()
    """Fields whose order was given by somebody who knew the heading."""

    @property
    def turned(self) -> dict[str, int]:
        """Return the columns by field whose own dates a spreadsheet may have changed round."""
        return {name: self.columns[name] for name, of in self.evidence.items() if of.is_turned}

    def decided(self, rules: DateRules) -> DateRules:
        """Return the rules with the columns in which no date that fits both can be read."""
        mixed = frozenset(
            name
            for name, found in self.evidence.items()
            if found.is_mixed or found.contradicts(rules.of(name).order)
        )
        return replace(rules, mixed_fields=mixed)

    def undecided(self, rules: DateRules) -> tuple[str, ...]:
        """Return the fields whose order nobody has given, or whose heading contradicts it."""
        return tuple(
            name
            for name, found in self.evidence.items()
            if not found.is_mixed
            and (rules.of(name).order is None or self._is_contradicted(name, rules))
        )

    def problems(self, rules: DateRules) -> tuple[FileProblem, ...]:
        """Return the question of each undecided field, with its evidence."""
        return tuple(self._problem(name, rules) for name in self.undecided(rules))

    def orders(self, rules: DateRules) -> dict[str, DateOrder]:
        """Return the order of each undecided field that one yes may settle.

        It is the only one that the dates leave; where they leave both, the one that was given
        or that the heading names.
        """
        found = ((name, self._likely(name, rules.of(name).order)) for name in self.undecided(rules))
        return {name: order for name, order in found if order is not None}

    def _is_contradicted(self, name: str, rules: DateRules) -> bool:
        given, noted = rules.of(name).order, self.noted.get(name)
        return None not in (given, noted) and given != noted and name not in self.settled

    def _likely(self, name: str, given: DateOrder | None) -> DateOrder | None:
        fitting = self.evidence[name].order
        if given is not None and fitting is not None and given != fitting:
            return None  # a yes to what no date fits would help nobody
        return fitting or given or self.noted.get(name)

    def _problem(self, name: str, rules: DateRules) -> FileProblem:
        given, noted = rules.of(name).order, self.noted.get(name)
        told = [str(self.evidence[name])]
        told += [f"the heading says {ORDER_WORDS[noted]}"] if noted else []
        told += [f"the settings say {ORDER_WORDS[given]}"] if given else []
        code = ProblemCode.DATE_ORDER_CONTRADICTED if given else ProblemCode.DATE_ORDER_NEEDED
        place = f"{name} in column {column_letter(self.columns[name])}"
        return FileProblem(code=code, place=place, hint=", ".join(told))


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
        return (*self.zone.problems(), *self.orders.problems(self.rules))

    def confirmable(self) -> dict[str, DateOrder]:
        """Return the order by field that one yes would settle, nothing where that is not all."""
        left = self.orders.orders(self.rules)
        is_all = len(left) == len(self.orders.undecided(self.rules))
        return {} if self.zone.problems() or not is_all else left

    def raise_open(self, name: str) -> None:
        """Raise if something is open.

        Raises:
            OpenQuestion: Each column has one likely order; a person may say that it is right.
            SourceError: It needs more than a yes.
        """
        question = question_about(name, self.problems(), self.confirmable())
        if question is not None:
            raise question


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
    contradicted = ProblemCode.DATE_ORDER_CONTRADICTED
    is_contradicted = any(problem.code is contradicted for problem in problems)
    return OpenQuestion(
        f"{name}: {sentence_of(problems)}",
        todo=contradicted.fix if is_contradicted else how_to_say(confirmable),
        code=problems[0].code.code,
        question=f"Read {words}?",
        answer=OrdersConfirmed(orders=dict(confirmable)),
    )


def survey_orders(
    table: Table, plan: ColumnPlan, rules: DateRules, settled: frozenset[str]
) -> OrderSurvey:
    """Read the columns of dates to their end and return what they say of their order.

    Args:
        table: The file.
        plan: Which columns hold dates.
        rules: What the settings say of dates.
        settled: Fields whose order was given by somebody who knew the heading.

    Raises:
        SourceError: Something further down makes the whole file unusable.
    """
    from importer.normalize import OrderEvidence  # noqa: PLC0415 - only when a file is read

    columns = {name: plan.fields[name] for name in DATE_FIELDS if name in plan.fields}
    evidence = {name: OrderEvidence() for name in columns}
    for chunk in table.chunks(date_columns=columns.values()):
        for name, column in columns.items():
            texts = chunk.frame[column].tolist()
            evidence[name].add((t for t in texts if not is_example_date(name, t)), rules)
            typed = chunk.frame[column].loc[list(chunk.typed_dates.get(column, ()))].tolist()
            evidence[name].add_typed(t for t in typed if not is_example_date(name, t))
    ordered = {name: found for name, found in evidence.items() if found.is_ordered}
    named = ((name, noted_order(table.headings[column])) for name, column in columns.items())
    return OrderSurvey(
        evidence=ordered,
        columns=columns,
        noted={name: order for name, order in named if order is not None},
        settled=settled,
    )


def how_to_say(orders: Mapping[str, DateOrder]) -> str:
    """Return how a profile or a flag says these orders, and no more than these.

    An order for all columns is advised only where all were asked about.
    """
    different = set(orders.values())
    flag = f"--date-order {min(different)}"
    if len(different) == 1 and set(orders) == set(DATE_FIELDS):
        line = f'order = "{min(different)}" under [dates] in a profile'
        return f"If that is right, say {flag}, or {line}."
    lines = ", ".join(f'{name} = "{order}"' for name, order in orders.items())
    said = f"If that is right, say orders = {{ {lines} }} under [dates] in a profile"
    also = f", or {flag}, which means every column of dates" if len(different) == 1 else ""
    return f"{said}{also}."
