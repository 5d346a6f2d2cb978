"""The ledger of one target: intent on disk before the first byte, and what came of it."""

from importer.ledger.audit_file import PUT_BACK as AUDIT_PUT_BACK
from importer.ledger.audit_file import tip_in
from importer.ledger.decisions import Refusal, Ruling
from importer.ledger.folder import LedgerFolder, Target, key_id, target_of
from importer.ledger.history import History
from importer.ledger.ledger import Ledger, PaceMemory, open_ledger
from importer.ledger.lock import is_held, refuse_if_held
from importer.ledger.opening import prove_sound
from importer.ledger.records import (
    Asked,
    Earlier,
    NewRun,
    OtherRuns,
    PlannedRow,
    ProblemKind,
    ProblemRecord,
    RowRecord,
    RunRecord,
)
from importer.ledger.spool import PlannedRequest, Spool

__all__ = [
    "AUDIT_PUT_BACK",
    "Asked",
    "Earlier",
    "History",
    "Ledger",
    "LedgerFolder",
    "NewRun",
    "OtherRuns",
    "PaceMemory",
    "PlannedRequest",
    "PlannedRow",
    "ProblemKind",
    "ProblemRecord",
    "Refusal",
    "RowRecord",
    "Ruling",
    "RunRecord",
    "Spool",
    "Target",
    "is_held",
    "key_id",
    "open_ledger",
    "prove_sound",
    "refuse_if_held",
    "target_of",
    "tip_in",
]
