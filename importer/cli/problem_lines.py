"""What is wrong with a file, a line at a time: for grep, and for a build that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.cli.terminal import counted
from importer.printable import printable
from importer.problems import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.problems import FileProblem
    from importer.reports import Finding, ProblemGroup

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_NOTHING = "-"


def concise(path: str, finding: Finding) -> str:
    """Return a problem of a row as `file:row:column code field sentence`, fit for grep.

    What does not apply is a dash, so that every line has the same words in the same places.
    """
    found, code = finding.found, finding.code
    hint = f" ({found.hint})" if found.hint else ""
    where = f"{path}:{found.row_number}:{finding.column_letter or _NOTHING}"
    return f"{where} {code.code} {finding.field or _NOTHING} {code.sentence}{hint}"


def concise_of_file(path: str, problem: FileProblem) -> str:
    """Return a problem of a whole file in the same form."""
    return f"{path}:{_NOTHING}:{_NOTHING} {problem.code.code} {_NOTHING} {problem.sentence()}"


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
        f" {counted(group.rows, 'row')}, first {rows or _NOTHING}"
    )


def annotation(path: str, finding: Finding, *, show_values: bool) -> str:
    """Return a problem of a row as a workflow command, which GitHub shows beside the line.

    Its logs are read by many, so a value stands in it only where somebody asked for it.
    """
    found, code = finding.found, finding.code
    words = [f"Row {found.row_number}"]
    words += [f"column {finding.column_letter}"] if finding.column_letter else []
    sentences = [f"{', '.join(words)}: {code.sentence}", found.hint and f"({found.hint})"]
    if show_values and found.value:
        sentences.append(f"Found: {found.value}.")
    place = {"file": path, "line": str(found.line or found.row_number)}
    title = " ".join(word for word in (code.code, finding.field) if word)
    text = " ".join(sentence for sentence in (*sentences, code.fix) if sentence)
    return _command(_COMMANDS[code.severity], place | {"title": title}, text)


def annotation_of_file(path: str, problem: FileProblem) -> str:
    """Return a problem of a whole file as a workflow command."""
    place = {"file": path, "title": problem.code.code}
    text = f"{problem.sentence()} {problem.code.fix}"
    return _command(_COMMANDS[problem.code.severity], place, text)


def annotation_of_error(path: str, code: str, text: str) -> str:
    """Return what stopped the check of a file as a workflow command."""
    return _command("error", {"file": path, "title": code}, text)


def _command(name: str, properties: dict[str, str], text: str) -> str:
    told = ",".join(f"{key}={_in_property(value)}" for key, value in properties.items() if value)
    return f"::{name} {told}::{_in_text(text)}"


def _in_text(text: str) -> str:
    plain = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    # Whoever reads the log has a terminal, too.
    return printable(plain, "\N{REPLACEMENT CHARACTER}")


def _in_property(text: str) -> str:
    return _in_text(text).replace(":", "%3A").replace(",", "%2C")
