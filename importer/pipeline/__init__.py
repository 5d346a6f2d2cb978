"""The order of the stages: check a file, import it, carry on, and tell what came of it.

Nothing heavy is imported before a stage needs it: the ledger's lock is taken first.
"""

from __future__ import annotations

from importer.pipeline.auditing import verify_audit
from importer.pipeline.checking import check_file, question_of
from importer.pipeline.ending import RunReport
from importer.pipeline.fixing import fix_file
from importer.pipeline.importing import import_file, plan_file, resume_run
from importer.pipeline.inbox import imported_before, look_into, put_away, settings_for
from importer.pipeline.looking import run_statuses
from importer.pipeline.purging import purge, purge_plan
from importer.pipeline.reconciling import apply_decisions, unknown_worksheet
from importer.pipeline.rewriting import write_results_again
from importer.pipeline.verifying import verify_run

__all__ = [
    "RunReport",
    "apply_decisions",
    "check_file",
    "fix_file",
    "import_file",
    "imported_before",
    "look_into",
    "plan_file",
    "purge",
    "purge_plan",
    "put_away",
    "question_of",
    "resume_run",
    "run_statuses",
    "settings_for",
    "unknown_worksheet",
    "verify_audit",
    "verify_run",
    "write_results_again",
]
