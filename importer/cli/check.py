"""`solv-import check`: what would be refused, and why."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from importer.cli import problem_lines as lines
from importer.cli.asking import asking, is_asked
from importer.cli.code_names import problems_named
from importer.cli.failures import WANTS_JSON, tell_people
from importer.cli.files import each_file
from importer.cli.options import READING, setting_options, settings_of, words_of
from importer.cli.passwords import with_password
from importer.cli.problem_json import (
    check_as_json,
    finding_as_json,
    fixed_as_json,
    summary_as_json,
)
from importer.cli.problem_view import draw_check, fixed_line, next_steps
from importer.cli.shell import command as command_class
from importer.cli.terminal import json_line, put, say, signs
from importer.clock import SystemClock
from importer.errors import SourceError
from importer.problems import ProblemCode, Severity
from importer.reports import Look

if TYPE_CHECKING:
    from importer.errors import ExitCode
    from importer.reports import CheckReport, Finding, FixReport
    from importer.settings import Settings

_FORMS = ("full", "concise", "json", "jsonl", "github")
_A_LINE_A_ROW = frozenset({"concise", "jsonl", "github"})
_SHOWN = 5


@click.command(
    "check",
    cls=command_class(
        "check",
        ("solv-import check visits.xlsx", "everything that is wrong, by problem"),
        ("solv-import check june.csv --profile lakeside", "with a saved mapping"),
        ("solv-import check june.csv --select IMP220 --show 0", "every row of one problem"),
        (
            "solv-import check june.csv --fix june.fixed.csv",
            "a copy, corrected where it is certain",
        ),
        ("solv-import check *.csv --format concise", "one line a row that has a problem"),
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@setting_options(*READING, "allow_duplicates")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMS),
    default="full",
    show_default=True,
    help="How to print it.",
)
@click.option("--select", metavar="CODE[,CODE]", help="Only these problems; all are counted.")
@click.option(
    "--show",
    type=click.IntRange(min=0),
    metavar="N",
    help="How many rows of each problem; 0 is all.  [default: 5; all where a row is a line]",
)
@click.option(
    "--fix",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a copy of one file with every correction that is certain.",
)
@setting_options("show_values", "json", "quiet")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    form: str,
    select: str | None,
    show: int | None,
    fix: Path | None,
    **_flags: object,
) -> None:
    """Say what would be refused; send nothing.

    Values of cells are shown on a terminal only. Exit 0 when every row may be sent, 1 when some
    may not, 3 when the file cannot be used; --select and --show change nothing about it.
    """
    codes = problems_named(select)
    if fix is not None and len(files) > 1:
        raise click.UsageError("--fix writes the copy of one file; name one.", ctx)
    # What is printed as annotations goes into a log that many may read.
    settings = settings_of(ctx, trusts_terminal=form != "github")
    shape = "json" if settings.json else form
    ctx.meta[WANTS_JSON] = shape in {"json", "jsonl"}
    flags = words_of(ctx, (*READING, "allow_duplicates"))
    asked = _Asked(shape=shape, codes=codes, show=show, fix=fix, flags=flags, settings=settings)
    ctx.exit(each_file(ctx, files, lambda source: check_one(source, asked)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What of the problems is shown, and how."""

    shape: str
    codes: frozenset[ProblemCode]
    """Only these; empty means all."""
    show: int | None
    """So many rows of each, 0 for all; None for what suits the shape."""
    fix: Path | None
    """Where a corrected copy goes; None for none."""
    flags: tuple[str, ...]
    """How the file is read, as the command line says it."""
    settings: Settings

    @property
    def most(self) -> int | None:
        """Return how many rows of each problem are shown; None for all of them."""
        shown = self.show
        if shown is None:
            shown = 0 if self.shape in _A_LINE_A_ROW else _SHOWN
        return shown or None

    def includes(self, code: ProblemCode) -> bool:
        """Return whether a problem is shown."""
        is_quieted = self.settings.quiet and code.severity is not Severity.ERROR
        is_kept = not is_quieted or self.shape in {"json", "jsonl"}
        return is_kept and (not self.codes or code in self.codes)


def check_one(source: Path, asked: _Asked) -> ExitCode:
    """Check one file, print what was found, and return its exit code."""

    def work(settings: Settings) -> ExitCode:
        return _check(source, replace(asked, settings=settings))

    # Lines for a program that have been printed cannot be taken back after an answer.
    ask = asking if asked.shape == "full" else with_password
    try:
        return ask(asked.settings, work)
    except SourceError as error:
        if asked.shape == "github":
            put(lines.annotation_of_error(str(source), error.code, error.message))
        raise


def _check(source: Path, asked: _Asked) -> ExitCode:
    """Check one file as far as its open questions let it go.

    Raises:
        SourceError: The file cannot be used, or something about it must be answered first.
    """
    from importer.pipeline import check_file, question_of  # noqa: PLC0415 - pandas is slow

    settings = asked.settings
    report = check_file(source, settings, clock=SystemClock(), look=_look(source, asked))
    question = question_of(report)
    if question is not None and asked.shape == "json":
        raise question
    fixed = _fixed(source, asked)
    _print(report, fixed, str(source), asked)
    if fixed is not None and asked.shape != "full":
        say(fixed_line(report, fixed))
    # Whoever is asked has an answer to give first.
    if asked.shape == "full" and not settings.quiet and not is_asked(question, settings):
        is_offered = fixed is None and report.fixable and report.can_be_fixed
        for line in next_steps(report, _fix_command(source, asked) if is_offered else ""):
            put(line)
    if question is None:
        return report.exit_code
    if asked.shape == "full":
        raise question
    tell_people(question)
    return report.exit_code


def _fix_command(source: Path, asked: _Asked) -> str:
    """Return what to type for a corrected copy beside the file, read with the same flags."""
    copy = source.with_name(f"{source.stem}.fixed{source.suffix}")
    return shlex.join(["solv-import", "check", str(source), *asked.flags, "--fix", str(copy)])


def _look(source: Path, asked: _Asked) -> Look:
    # What has to be kept is kept for a person; lines are printed as they come.
    if asked.shape in _A_LINE_A_ROW:
        teller = _Teller(str(source), asked)
        return Look(examples=0, tell=teller, tells_spelling=asked.fix is not None)
    return Look(examples=asked.most, tells_spelling=asked.fix is not None)


def _fixed(source: Path, asked: _Asked) -> FixReport | None:
    from importer.pipeline import fix_file  # noqa: PLC0415 - pandas is slow

    if asked.fix is None:
        return None
    return fix_file(source, asked.fix, asked.settings, clock=SystemClock())


def _chosen(report: CheckReport, asked: _Asked) -> CheckReport:
    """Return the report with only the problems that are shown; the counts are of all."""
    return replace(
        report,
        groups=tuple(group for group in report.groups if asked.includes(group.code)),
        file_warnings=tuple(p for p in report.file_warnings if asked.includes(p.code)),
    )


@dataclass(slots=True)
class _Teller:
    """Prints each problem of each row as soon as it is found, so that none has to be kept."""

    path: str
    asked: _Asked
    _told: Counter[tuple[ProblemCode, str, str]] = field(default_factory=Counter)

    def __call__(self, finding: Finding) -> None:
        """Print it, while few like it were."""
        if not self.asked.includes(finding.code):
            return
        kind = (finding.code, finding.field, finding.column_letter)
        self._told[kind] += 1
        if self.asked.most is None or self._told[kind] <= self.asked.most:
            put(self._line(finding))

    def _line(self, finding: Finding) -> str:
        show_values = self.asked.settings.show_values
        match self.asked.shape:
            case "jsonl":
                found = finding_as_json(finding, self.path, show_values=show_values)
                return json_line(found)
            case "github":
                return lines.annotation(self.path, finding, show_values=show_values)
            case _:
                return lines.concise(self.path, finding)


def _print(report: CheckReport, fixed: FixReport | None, path: str, asked: _Asked) -> None:
    settings, chosen = asked.settings, _chosen(report, asked)
    more = {} if fixed is None else {"fixed": fixed_as_json(fixed)}
    match asked.shape:
        case "json":
            found = check_as_json(chosen, show_values=settings.show_values)
            put(json_line(found | more))
        case "jsonl":
            put(json_line(summary_as_json(chosen) | more))
        case "github":
            for problem in chosen.file_warnings:
                put(lines.annotation_of_file(path, problem))
        case "concise":
            for problem in chosen.file_warnings:
                put(lines.concise_of_file(path, problem))
        case _ if settings.quiet:
            for line in lines.concise_errors(report.source_name, chosen.groups):
                put(line)
        case _:
            _draw(report, chosen, fixed, asked)


def _draw(report: CheckReport, chosen: CheckReport, fixed: FixReport | None, asked: _Asked) -> None:
    """Print everything for people."""
    codes, show_values = asked.codes, asked.settings.show_values
    for line in draw_check(report, chosen, signs(), show_values=show_values, codes=codes):
        put(line)
    if fixed is not None:
        put(fixed_line(report, fixed))
