"""Draw what is wrong with a file: by problem, not by row."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from importer.cli.remedies import help_of
from importer.cli.terminal import Signs, bold, counted, dim
from importer.printable import printable
from importer.problems import ProblemCode, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.problems import FileProblem
    from importer.reports import CheckReport, FixReport, ProblemExample, ProblemGroup

_MOST_KINDS = 10
_MORE_ROWS = 50
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_VALUE_WIDTH = 22
_LONGEST_VALUE = 60


def draw_check(
    report: CheckReport,
    chosen: CheckReport,
    signs: Signs,
    *,
    show_values: bool,
    codes: frozenset[ProblemCode] = frozenset(),
) -> Iterator[str]:
    """Yield the lines of a whole report.

    Args:
        report: What was found, all of which is counted.
        chosen: The same with the problems that are drawn, and no others.
        signs: What the terminal can show.
        show_values: Whether values of cells are for whoever sees it.
        codes: What was chosen by, then all of it is drawn; empty draws the most frequent ones.
    """
    yield _headline(report, signs)
    yield ""
    yield from draw_problems(
        chosen.groups,
        chosen.file_warnings,
        signs,
        show_values=show_values,
        most=len(report.groups) if codes else _MOST_KINDS,
        profile=report.profile,
    )
    if codes:
        names = ", ".join(sorted(code.code for code in codes))
        yield dim(f"Only {names} is shown; the counts are of everything.")
        yield ""
    yield _totals(report)
    yield ""


def fixed_line(report: CheckReport, fixed: FixReport) -> str:
    """Return what a corrected copy differs in, and what is left for a person."""
    changed = sum(fixed.cells.values())
    by_code = ", ".join(f"{count:,} {code.code}" for code, count in fixed.cells.items())
    cells = counted(changed, "cell") + (f" ({by_code})" if changed else "")
    missed = report.fixable - changed
    left = [counted(report.invalid, "row") + " with errors"]
    left += [f"{counted(missed, 'suggestion')} that no cell can hold"] if missed else []
    return f"Corrected copy: {bold(str(fixed.path))}, {cells} changed. Left: {', '.join(left)}."


def draw_problems(
    groups: Sequence[ProblemGroup],
    warnings: Sequence[FileProblem],
    signs: Signs,
    *,
    show_values: bool,
    most: int = _MOST_KINDS,
    profile: str = "",
) -> Iterator[str]:
    """Yield one block a problem, the kinds with most rows first, then the file's warnings."""
    for group in groups[:most]:
        yield from _group(group, signs, show_values=show_values)
        told = help_of(group, profile, show_values=show_values)
        yield f"  {_frame('=')} {bold('help')}: {told}"
        yield ""
    if len(groups) > most:
        kinds = counted(len(groups) - most, "more kind")
        yield dim(f"and {kinds}: solv-import check ... --format concise names every row")
        yield ""
    for code, problems in groupby(warnings, key=lambda problem: problem.code):
        yield from _file_warning(code, list(problems))
    if warnings:
        yield ""


def _headline(report: CheckReport, signs: Signs) -> str:
    parts = [bold(report.source_name)]
    if report.sheet:
        parts.append(f"sheet {report.sheet}")
    mapped, total = (_number(n) for n in (report.columns_mapped, report.columns_total))
    rows = "row" if report.rows_in == 1 else "rows"
    parts += [f"{_number(report.rows_in)} {rows}", f"{mapped} of {total} columns mapped"]
    if report.profile:
        parts.append(f"profile {report.profile}")
    return f" {signs.middle} ".join(parts)


def _number(count: int) -> str:
    return click.style(f"{count:,}", fg="cyan", bold=True)


def _frame(sign: str) -> str:
    return click.style(sign, fg="blue")


def _label(code: ProblemCode) -> str:
    word = click.style(code.severity.value, fg=_COLORS[code.severity], bold=True)
    return word + bold(f"[{code.code}]")


def _group(group: ProblemGroup, signs: Signs, *, show_values: bool) -> Iterator[str]:
    what = f"{bold(group.field)}: {group.code.title}" if group.field else group.code.title
    count = bold(counted(group.rows, "row"))
    fixable = click.style("  fixable", fg="green") if group.fixable else ""
    yield f"{_label(group.code)} {what} {signs.dash} {count}{fixable}"
    if group.column_letter:
        quoted = f" {signs.open_quote}{group.heading}{signs.close_quote}" if group.heading else ""
        yield f"  {_frame(signs.corner)} column {group.column_letter}{quoted}"
    width = max([5, *(len(str(example.row_number)) for example in group.examples)])
    for example in group.examples:
        found = _found(example, signs, show_values=show_values)
        if group.code is ProblemCode.REQUIRED_EMPTY:
            found = dim("(empty)")
        row = _frame(f"{example.row_number:>{width}} {signs.bar}")
        yield f"{row}  {found}" if found else row
    if group.rows > len(group.examples) > 0:
        more = f"and {group.rows - len(group.examples):,} more"
        command = f"solv-import check ... --select {group.code.code} --show {_MORE_ROWS}"
        yield f"{'':>{width}} {_frame(signs.dots)}  {dim(f'{more}: {command}')}"


def _found(example: ProblemExample, signs: Signs, *, show_values: bool) -> str:
    # Text lines and spreadsheet rows part ways after a cell that holds a line break.
    is_apart = example.line not in {None, example.row_number}
    line = f"line {example.line}" if is_apart else ""
    value = one_line(example.value) if show_values else (signs.hidden if example.value else "")
    hints = ", ".join(note for note in (example.hint, line) if note)
    better = f"{signs.arrow} {one_line(example.suggestion)}" if example.suggestion else ""
    parts = [
        click.style(better, fg="green") if better and show_values else "",
        dim(hints) if hints else "",
    ]
    notes = "  ".join(part for part in parts if part)
    return f"{value:<{_VALUE_WIDTH}}  {notes}" if value and notes else value or notes


def one_line(value: str) -> str:
    """Return the value without what could move the cursor or hide the rest of the screen."""
    plain = printable(value, "\N{REPLACEMENT CHARACTER}")
    return plain if len(plain) <= _LONGEST_VALUE else plain[: _LONGEST_VALUE - 3] + "..."


def _file_warning(code: ProblemCode, problems: list[FileProblem]) -> Iterator[str]:
    yield f"{_label(code)} {code.sentence}"
    places = [" ".join(word for word in (p.place, p.details) if word) for p in problems]
    if not any(problem.details for problem in problems):
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
    fixable = sum(group.fixable > 0 for group in report.groups)
    told = [counted(kinds, "error kind")] if kinds else []
    told += [f"{counted(fixable, 'kind')} fixable"] if fixable else []
    return "   ".join([*words, *([", ".join(told)] if told else [])])


def next_steps(report: CheckReport, fix: str) -> Iterator[str]:
    """Yield what to do now, and the exit code where it is not 0.

    Args:
        report: What was found.
        fix: The command that writes a corrected copy; "" where none is to be written.
    """
    if fix and not report.questions:
        corrections = counted(report.fixable, "certain correction")
        yield f"Next: {bold(fix)} writes a copy with {corrections}"
    code = dim(f"   exit {int(report.exit_code)}") if report.exit_code else ""
    yield _next_step(report) + code


def _next_step(report: CheckReport) -> str:
    if report.questions:
        return "Next: answer with the flag, or the line for a profile, named above"
    if not report.invalid:
        return f"Next: {bold('solv-import run')} with the same file and flags"
    only_valid = bold("solv-import run ... --only-valid")
    return f"Next: correct the cells above and check again, or {only_valid}"
