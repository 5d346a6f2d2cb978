"""What became of every row, as files that people and scripts read."""

from __future__ import annotations

from importer.results.advice import what_to_do
from importer.results.atomic import digest_of, prove_writable, write_atomically
from importer.results.copies import write_copy
from importer.results.model import ErrorKind, ResultRow, Summary
from importer.results.places import (
    dated_results_path,
    default_results_path,
    prove_columns,
    prove_places,
    safe_target,
)
from importer.results.summary import write_summary
from importer.results.text import csv_text, xlsx_text
from importer.results.worksheet import (
    Decision,
    UnknownRow,
    read_decisions,
    write_worksheet,
)
from importer.results.write import ResultsKind, results_kind, write_results

__all__ = [
    "Decision",
    "ErrorKind",
    "ResultRow",
    "ResultsKind",
    "Summary",
    "UnknownRow",
    "csv_text",
    "dated_results_path",
    "default_results_path",
    "digest_of",
    "prove_columns",
    "prove_places",
    "prove_writable",
    "read_decisions",
    "results_kind",
    "safe_target",
    "what_to_do",
    "write_atomically",
    "write_copy",
    "write_results",
    "write_summary",
    "write_worksheet",
    "xlsx_text",
]
