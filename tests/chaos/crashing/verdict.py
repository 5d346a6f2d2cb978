"""What a scene shows after its last life: broken promises, by the judge of every layer and ours."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from importer.errors import ExitCode, ImporterError
from importer.ledger import History, LedgerFolder, target_of
from importer.verify import Violation
from tests.chaos.crashing.life import KILLED, TOO_LONG
from tests.chaos.judging import judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.settings import Settings
    from importer.verify import Evidence
    from tests.chaos.crashing.scene import Scene

_NEED_A_PERSON = {"invalid", "rejected"}


def broken(scene: Scene, workers: int, ends: list[int]) -> list[Violation]:
    """Return every promise that the scene shows to be broken; none when all were kept.

    Args:
        scene: After its last life.
        workers: How many requests each life had under way.
        ends: How each life ended.
    """
    if ends[-1] == TOO_LONG:
        return [Violation(invariant="I8", what="the last run never ended")]
    settings = scene.settings(workers)
    log = scene.write_log()
    most = scene.source.ambiguous + workers * ends.count(KILLED)
    try:
        evidence, violations = judged(
            settings, log, most_unknown=most, were_answers_read=KILLED not in ends
        )
        for run_id in _earlier_runs(scene, settings):
            # Its results are gone by right: those of the newest run stand in their place.
            violations += judged(settings, log, run_id=run_id, results=None, most_unknown=most)[1]
    except ImporterError as error:
        return [Violation(invariant="I2", what=f"nothing to judge: {error.message}")]
    return [
        *violations,
        *_results_are_right(scene, evidence, ends[-1]),
        *_left_behind(scene),
        *_others_ended_well(ends[:-1]),
    ]


def _earlier_runs(scene: Scene, settings: Settings) -> list[str]:
    """Return the runs of this file before the newest."""
    target = target_of(settings.base_url, settings.client_id)
    folder = LedgerFolder(settings.state_dir / target.folder_name)
    with History(folder.database) as history:
        runs = [run for run in history.runs() if run.source_name == scene.source.name]
    return [run.run_id for run in runs[:-1]]


def _results_are_right(scene: Scene, evidence: Evidence, code: int) -> Iterator[Violation]:
    """I2, I4 and the exit code: each row got what it deserves, and the run says so."""
    if evidence.results is None:
        words = scene.words()
        yield Violation(invariant="I2", what=f"no results; the run ended with {code}: {words}")
        return
    for row in evidence.results:
        fate = scene.source.rows.get(row.row_number)
        if fate is not None and row.status not in fate.value:
            what = f"row {row.row_number}: {row.status}, but it is {fate.name.lower()}"
            yield Violation(invariant="I4", what=what)
    deserved = _deserved_code(Counter(row.status for row in evidence.results))
    if code != deserved:
        what = f"the run ended with {code} instead of {int(deserved)}: {scene.words()}"
        yield Violation(invariant="exit code", what=what)


def _deserved_code(statuses: Counter[str]) -> ExitCode:
    if statuses["unknown"]:
        return ExitCode.UNKNOWN_OUTCOMES
    if any(statuses[word] for word in _NEED_A_PERSON):
        return ExitCode.NEEDS_A_PERSON
    return ExitCode.OK


def _left_behind(scene: Scene) -> Iterator[Violation]:
    """I10: of a killed process, no temporary file stays that may hold a patient's values."""
    kept = {"state", "config", scene.source.name, scene.source.results}
    if scene.source.before is not None:
        kept |= {scene.source.before.name, scene.source.before.results}
    for path in scene.folder.iterdir():
        if path.name not in kept:
            yield Violation(invariant="I10", what=f"{path.name} was left behind")


def _others_ended_well(ends: list[int]) -> Iterator[Violation]:
    """A life that never came to its hook ends as any other."""
    for end in ends:
        if end not in {KILLED, ExitCode.OK, ExitCode.NEEDS_A_PERSON, ExitCode.UNKNOWN_OUTCOMES}:
            yield Violation(invariant="exit code", what=f"an earlier run ended with {end}")
