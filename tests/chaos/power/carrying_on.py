"""The next command after a power loss, on what the disk still holds, judged by the server's log."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from importer.errors import ExitCode, ImporterError, SettingsError, SourceError
from importer.sandbox import SandboxConfig, body_hmac, key_path_of, read_log_key, running_sandbox
from importer.verify import Violation
from tests.chaos.judging import judged
from tests.chaos.power.checking import laid_out
from tests.pipeline.desk import Desk

if TYPE_CHECKING:
    from tests.chaos.power.disk import Image
    from tests.chaos.power.facts import Instant
    from tests.chaos.power.recording import Tape

_ENDS = frozenset({ExitCode.OK, ExitCode.NEEDS_A_PERSON, ExitCode.UNKNOWN_OUTCOMES})


def violations_by_carrying_on(
    image: Image, instant: Instant, tape: Tape, *, resumes: bool
) -> list[Violation]:
    """Return what is broken after the file of that instant was imported once more.

    The server knows every booking request that had left, whether its answer came or not.

    Args:
        image: What the disk holds.
        instant: When the power failed.
        tape: What was going on.
        resumes: `resume` comes first; it may say that there is nothing to resume.
    """
    source = _source_of(tape, instant.at)
    with laid_out(image) as root:
        log = root / "requests.jsonl"
        _write_log_until(instant, tape.request_log, log)
        with running_sandbox(SandboxConfig(log_path=log, has_row_markers=False)) as sandbox:
            desk = Desk(folder=root, sandbox=sandbox)
            try:
                if resumes:
                    _resume(desk)
                report = desk.run(root / source)
            except ImporterError as error:
                said = error.message.replace(f"{root}/", "")
                return [Violation(invariant="carrying on", what=f"exit {error.exit_code}: {said}")]
        _, violations = judged(
            desk.settings(), log, run_id=report.summary.run_id, source=root / source
        )
    if report.exit_code not in _ENDS:
        violations.append(Violation(invariant="carrying on", what=f"exit {report.exit_code}"))
    return violations


def _resume(desk: Desk) -> None:
    """Carry the newest unfinished run on, unless there is none or its copy has gone."""
    try:
        desk.resume()
    except (SettingsError, SourceError):
        return


def _source_of(tape: Tape, at: int) -> str:
    """Return the file that the command of an instant imports; one that imports none, the last."""
    begun = [step for start, step in zip(tape.starts, tape.steps, strict=True) if start < at]
    imported = [step.words[1] for step in begun if step.words[0] == "run"]
    return str(Path(imported[-1]).relative_to(tape.root))


def _write_log_until(instant: Instant, whole: Path, log: Path) -> None:
    """Write the server's log as if it had been stopped after the requests that had left."""
    shutil.copy(key_path_of(whole), key_path_of(log))
    key = read_log_key(whole)
    left = Counter(body_hmac(key, exchange.body) for exchange in instant.left)
    lines = [json.loads(line) for line in whole.read_text("utf-8").splitlines()]
    kept = set()
    for line in lines:
        if line["event"] == "answered" and left[line.get("body_hmac")] > 0:
            left[line["body_hmac"]] -= 1
            kept.add(line["n"])
    told = [json.dumps(line) + "\n" for line in lines if line["n"] in kept]
    log.write_text("".join(told), "utf-8")
