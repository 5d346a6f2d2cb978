"""The ledger of one target: intent on disk before the first byte, and what came of it."""

from importer.ledger.decisions import Refusal, Ruling
from importer.ledger.folder import LedgerFolder, Target, target_of
from importer.ledger.history import History
from importer.ledger.ledger import Ledger, PaceMemory, open_ledger
from importer.ledger.lock import is_held
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
    "open_ledger",
    "target_of",
]
