"""The catalogue of problems, which feeds every surface; and problems that were found.

IMP0xx the file · 1xx its headings and settings · 2xx one cell · 3xx between rows, files and
runs · 4xx Solv's answers. A new one is a name in `codes` and an entry in its group's module.
"""

from __future__ import annotations

from importer.problems.codes import ASIDES, GROUPS, ProblemCode, problem_of
from importer.problems.entry import Example, Severity
from importer.problems.found import FileProblem, RowProblem

__all__ = [
    "ASIDES",
    "GROUPS",
    "Example",
    "FileProblem",
    "ProblemCode",
    "RowProblem",
    "Severity",
    "problem_of",
]
