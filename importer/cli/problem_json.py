"""What is wrong with a file, as scripts read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importer.reports import CheckReport, Finding, FixReport, ProblemExample, ProblemGroup


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
        "fixable": report.fixable,
        "columns_mapped": report.columns_mapped,
        "columns_total": report.columns_total,
        "problems": [group_as_json(group, show_values=show_values) for group in report.groups],
        "warnings": [
            {"code": problem.code.code, "place": problem.place, "hint": problem.details}
            for problem in report.file_warnings
        ],
        "questions": [
            {
                "code": problem.code.code,
                "place": problem.place,
                "hint": problem.hint,
                "fix": problem.code.fix,
            }
            for problem in report.questions
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
        "fixable": group.fixable,
        "examples": [
            _example_as_json(example, show_values=show_values) for example in group.examples
        ],
    }


def summary_as_json(report: CheckReport) -> dict[str, Any]:
    """Return the report as the last line of JSON Lines: the rows stand in the lines above."""
    found = check_as_json(report, show_values=False)
    kinds = [{k: v for k, v in kind.items() if k != "examples"} for kind in found["problems"]]
    return found | {"type": "summary", "problems": kinds}


def fixed_as_json(fixed: FixReport) -> dict[str, Any]:
    """Return what a corrected copy differs in as JSON holds it."""
    by_code = {code.code: count for code, count in fixed.cells.items()}
    return {"path": str(fixed.path), "cells": sum(by_code.values()), "by_code": by_code}


def finding_as_json(finding: Finding, source_name: str, *, show_values: bool) -> dict[str, Any]:
    """Return one problem of one row as JSON holds it."""
    return {
        "type": "problem",
        "source": source_name,
        "code": finding.code.code,
        "severity": finding.code.severity.value,
        "field": finding.field,
        "column": finding.column_letter,
        **_example_as_json(finding.found, show_values=show_values),
        "sentence": finding.code.sentence,
        "fix": finding.code.fix,
    }


def _example_as_json(example: ProblemExample, *, show_values: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"row": example.row_number, "line": example.line, "hint": example.hint}
    told["fixable"] = bool(example.suggestion)
    if show_values:
        told["value"] = example.value
        told |= {"suggestion": example.suggestion} if example.suggestion else {}
    return told
