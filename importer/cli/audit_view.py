"""What `verify --audit` says: which lines are not what they were, and what tells of a run."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from importer.cli.terminal import counted, put, say
from importer.errors import ExitCode

if TYPE_CHECKING:
    from importer.reports import AuditLine, AuditReport
    from importer.settings import Settings

_MOST_SHOWN = 20
_NOT_TOLD = ("run", "version", "source_sha256", "settings_sha256", "rows")


def verify_audit_of(run_id: str | None, settings: Settings) -> ExitCode:
    """Prove the audit file and print what it is worth."""
    from importer.pipeline import verify_audit  # noqa: PLC0415 - SQLAlchemy is slow to import

    report = verify_audit(run_id, settings)
    if settings.json:
        put(json.dumps(_as_json(report)))
    else:
        _tell(report)
    return ExitCode.LEDGER if report.flaws else ExitCode.OK


def _tell(report: AuditReport) -> None:
    for line in report.of_run:
        put(_as_text(line))
    for number, what in report.flaws[:_MOST_SHOWN]:
        put(f"line {number}: {what}")
    if len(report.flaws) > _MOST_SHOWN:
        put(f"and {len(report.flaws) - _MOST_SHOWN:,} more: see them all with --json")
    if report.flaws:
        say(f"{report.path} is not what it was: {counted(len(report.flaws), 'finding')}.")
    else:
        lines = counted(report.lines, "line")
        say(f"{report.path}: {lines}, each as it was written, and the ledger agrees.")
    if report.unknown_lines:
        say("A crash came after the last line: the next run says what became of it.")


def _as_text(line: AuditLine) -> str:
    """Return a line for people, without hashes and what is none or no."""
    told = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in line.facts.items()
        if value and name not in _NOT_TOLD and not isinstance(value, list)
    ]
    lists = [f"{name} {len(v)}" for name, v in line.facts.items() if isinstance(v, list) and v]
    return f"line {line.line}  {line.at}  {line.who}  {line.kind}  {', '.join([*told, *lists])}"


def _as_json(report: AuditReport) -> dict[str, object]:
    return {
        "type": "audit",
        "path": str(report.path),
        "lines": report.lines,
        "flaws": [{"line": number, "what": what} for number, what in report.flaws],
        "unknown_lines": report.unknown_lines,
        "run_id": report.run_id,
        "of_run": [asdict(line) for line in report.of_run],
    }
