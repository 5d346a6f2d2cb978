"""Draw what is wrong with a file: by problem, not by row."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from importer.cli.terminal import Signs, bold, counted, dim
from importer.problems import ProblemCode, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.problems import FileProblem
    from importer.reports import CheckReport, ProblemExample, ProblemGroup

_MOST_KINDS = 10
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_VALUE_WIDTH = 22
_LONGEST_VALUE = 60


def draw_check(report: CheckReport, signs: Signs, *, show_values: bool) -> Iterator[str]:
    """Yield the lines of a whole report."""
    yield _headline(report, signs)
    yield ""
    yield from draw_problems(report.groups, report.file_warnings, signs, show_values=show_values)
    yield _totals(report)
    yield ""
    yield _next_step(report) + (dim(f"   exit {int(report.exit_code)}") if report.exit_code else "")


def draw_problems(
    groups: Sequence[ProblemGroup],
    warnings: Sequence[FileProblem],
    signs: Signs,
    *,
    show_values: bool,
) -> Iterator[str]:
    """Yield one block a problem, the kinds with most rows first, then the file's warnings."""
    for group in groups[:_MOST_KINDS]:
        yield from _group(group, signs, show_values=show_values)
        yield ""
    if len(groups) > _MOST_KINDS:
        left = len(groups) - _MOST_KINDS
        yield dim(f"and {counted(left, 'more kind')}: --format concise lists them all")
        yield ""
    for code, problems in groupby(warnings, key=lambda problem: problem.code):
        yield from _file_warning(code, list(problems))
    if warnings:
        yield ""


def _headline(report: CheckReport, signs: Signs) -> str:
    parts = [bold(report.source_name)]
    if report.sheet:
        parts.append(f"sheet {report.sheet}")
    parts += [
        counted(report.rows_in, "row"),
        f"{report.columns_mapped} of {report.columns_total} columns mapped",
    ]
    return f" {signs.middle} ".join(parts)


def _label(code: ProblemCode) -> str:
    word = click.style(code.severity.value, fg=_COLORS[code.severity], bold=True)
    return word + bold(f"[{code.code}]")


def _group(group: ProblemGroup, signs: Signs, *, show_values: bool) -> Iterator[str]:
    what = f"{bold(group.field)}: {group.code.title}" if group.field else group.code.title
    count = bold(counted(group.rows, "row"))
    yield f"{_label(group.code)} {what} {signs.dash} {count}"
    if group.column_letter:
        quoted = f" {signs.open_quote}{group.heading}{signs.close_quote}" if group.heading else ""
        yield f"  {signs.corner} column {group.column_letter}{quoted}"
    width = max([5, *(len(str(example.row_number)) for example in group.examples)])
    for example in group.examples:
        found = _found(example, signs, show_values=show_values)
        if group.code is ProblemCode.REQUIRED_EMPTY:
            found = dim("(empty)")
        yield f"{example.row_number:>{width}} {signs.bar}  {found}".rstrip()
    if group.rows > len(group.examples) > 0:
        more = f"and {group.rows - len(group.examples):,} more"
        yield f"{'':>{width}} {signs.dots}  {dim(more)}"
    yield f"  = {bold('help')}: {group.code.fix}"


def _found(example: ProblemExample, signs: Signs, *, show_values: bool) -> str:
    # Text lines and spreadsheet rows part ways after a cell that holds a line break.
    is_apart = example.line not in {None, example.row_number}
    line = f"line {example.line}" if is_apart else ""
    value = one_line(example.value) if show_values else (signs.hidden if example.value else "")
    notes = ", ".join(note for note in (example.hint, line) if note)
    if not value:
        return dim(notes)
    return f"{value:<{_VALUE_WIDTH}}  {dim(notes)}".rstrip() if notes else value


def one_line(value: str) -> str:
    """Return the value without what could move the cursor or hide the rest of the screen."""
    plain = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in value)
    return plain if len(plain) <= _LONGEST_VALUE else plain[: _LONGEST_VALUE - 3] + "..."


def _file_warning(code: ProblemCode, problems: list[FileProblem]) -> Iterator[str]:
    yield f"{_label(code)} {code.sentence}"
    places = [" ".join(word for word in (p.place, p.hint) if word) for p in problems]
    if not any(problem.hint for problem in problems):
        places = [", ".join(place for place in places if place)]
    yield from (f"  {place}" for place in places if place)


def _totals(report: CheckReport) -> str:
    counts = (
        (report.ready, "ready", "green"),
        (report.invalid, "with errors", "red"),
        (report.duplicate, "duplicate", "yellow"),
        (report.blank, "blank", None),
    )
    words = [
        click.style(f"{count:,} {word}", fg=color)
        for count, word, color in counts
        if count or word in {"ready", "with errors"}
    ]
    kinds = sum(group.code.severity is Severity.ERROR for group in report.groups)
    if kinds:
        words.append(counted(kinds, "error kind"))
    return "   ".join(words)


def _next_step(report: CheckReport) -> str:
    if not report.invalid:
        return f"Next: {bold('solv-import run')} with the same file and flags"
    only_valid = bold("solv-import run ... --only-valid")
    return f"Next: correct the cells above and check again, or {only_valid}"


def concise(report: CheckReport) -> Iterator[str]:
    """Yield one line a kind of problem, fit for grep."""
    for group in report.groups:
        yield _concise_group(report.source_name, group)
    for problem in report.file_warnings:
        severity = problem.code.severity.value
        yield f"{report.source_name}: {severity}[{problem.code.code}] {problem.sentence()}"


def concise_errors(source_name: str, groups: Sequence[ProblemGroup]) -> Iterator[str]:
    """Yield one line a kind of error; warnings and notes are nothing wrong."""
    for group in groups:
        if group.code.severity is Severity.ERROR:
            yield _concise_group(source_name, group)


def _concise_group(source_name: str, group: ProblemGroup) -> str:
    column = f" column {group.column_letter}" if group.column_letter else ""
    rows = ",".join(str(example.row_number) for example in group.examples)
    return (
        f"{source_name}:{group.field or 'row'}{column}:"
        f" {group.code.severity.value}[{group.code.code}] {group.code.title}:"
        f" {counted(group.rows, 'row')}, first {rows or '-'}"
    )


def check_as_json(report: CheckReport, *, show_values: bool) -> dict[str, Any]:
    """Return the report as JSON holds it; values of cells only where they may be shown."""
    return {
        "type": "check",
        "source": report.source_name,
        "kind": report.kind,
        "sheet": report.sheet,
        "rows_in": report.rows_in,
        "ready": report.ready,
        "invalid": report.invalid,
        "duplicate": report.duplicate,
        "blank": report.blank,
        "columns_mapped": report.columns_mapped,
        "columns_total": report.columns_total,
        "problems": [group_as_json(group, show_values=show_values) for group in report.groups],
        "warnings": [
            {"code": problem.code.code, "place": problem.place, "hint": problem.hint}
            for problem in report.file_warnings
        ],
        "exit_code": int(report.exit_code),
        "exit_reason": report.exit_code.reason,
    }


def group_as_json(group: ProblemGroup, *, show_values: bool) -> dict[str, Any]:
    """Return one kind of problem as JSON holds it."""
    return {
        "code": group.code.code,
        "severity": group.code.severity.value,
        "title": group.code.title,
        "fix": group.code.fix,
        "field": group.field,
        "column": group.column_letter,
        "heading": group.heading,
        "rows": group.rows,
        "examples": [
            {"row": example.row_number, "line": example.line, "hint": example.hint}
            | ({"value": example.value} if show_values else {})
            for example in group.examples
        ],
    }
