"""The judge of every layer: `importer.verify` over what a run left behind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from importer.clock import SystemClock
from importer.pipeline.verifying import evidence_of, read_server_log
from importer.settings import load_settings
from importer.verify import Violation, verify

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from importer.settings import Settings
    from importer.verify import Evidence


def judged(
    settings: Settings,
    request_log: Path,
    *,
    run_id: str | None = None,
    source: Path | None = None,
    **told: Any,
) -> tuple[Evidence, list[Violation]]:
    """Return the evidence of one run, the newest unless named, and what it shows to be broken.

    Nobody edits results here: those that are not as they were written are a broken promise.

    Args:
        settings: Whose ledger.
        request_log: The sandbox's.
        run_id: Which run.
        source: The file, when its private copy and its place are gone.
        told: What only the test knows, as `Evidence` names it: `limit`, `most_unknown`,
            `were_answers_read`.
    """
    found = evidence_of(
        run_id,
        settings,
        clock=SystemClock(),
        source=source,
        server=read_server_log(request_log),
    )
    evidence = replace(found, **told)
    violations = verify(evidence)
    if evidence.results_not_judged and "results" not in told:
        violations.append(Violation(invariant="I2", what=evidence.results_not_judged))
    return evidence, violations


def settings_from(environ: Mapping[str, str], folder: Path) -> Settings:
    """Return the settings that a command with this environment would have."""
    return load_settings({}, environ=dict(environ), folder=folder)
