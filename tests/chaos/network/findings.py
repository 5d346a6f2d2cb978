"""What one case shows to be broken: by the evidence, by the outcome table, by the repetition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.verify import Violation
from tests.chaos.network.runs import open_scene

if TYPE_CHECKING:
    from pathlib import Path

    from importer.sandbox import Sandbox
    from tests.chaos.network.cases import Case
    from tests.chaos.network.runs import Outcome, Scene

_FIRST_ROW = 2
_BREAKER = 5
_FOR_EVER = 1_000_000
_EXIT_CODES = {"booked": 0, "rejected": 1, "not sent": 5, "unknown": 6}
"""Of a run in which one row has that word and the others are booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one case showed."""

    case: Case
    violations: list[Violation]
    struck: int
    struck_used: int
    """How often the fault was met on a connection that had been used."""


def play(case: Case, folder: Path, sandbox: Sandbox, source: Path) -> Finding:
    """Import a file through a proxy with one fault, then again without, and judge both."""
    with open_scene(folder, sandbox, source, case.fault, workers=case.workers) as scene:
        warms_up = case.position == "first" and not case.is_fresh
        at = case.strikes_at + warms_up
        first = scene.strike(
            case.fault,
            range(at, at + 1),
            is_fresh=case.is_fresh,
            warms_up=warms_up,
            settled_first=case.settled_first,
        )
        again = scene.repeat()
        found = [
            *first.violations,
            *differences(case, first),
            *again.violations,
            *not_carried_on(first, again),
            *_seen_elsewhere(scene),
        ]
    return _finding(case, first, found)


def play_outage(case: Case, folder: Path, sandbox: Sandbox, source: Path) -> Finding:
    """Import a file while every request from a row on meets a fault, then again without."""
    with open_scene(folder, sandbox, source, case.fault, workers=case.workers) as scene:
        first = scene.strike(case.fault, range(case.strikes_at, _FOR_EVER), is_fresh=case.is_fresh)
        again = scene.repeat()
        found = [
            *first.violations,
            *_too_many_unknown(case, first),
            *again.violations,
            *not_carried_on(first, again),
            *_seen_elsewhere(scene),
        ]
    return _finding(case, first, found)


def _finding(case: Case, first: Outcome, violations: list[Violation]) -> Finding:
    striker = first.striker
    return Finding(
        case=case,
        violations=violations,
        struck=striker.struck,
        struck_used=striker.struck_used,
    )


def _too_many_unknown(case: Case, outcome: Outcome) -> list[Violation]:
    """Return whether one outage left more rows unknown than were in flight, and five."""
    if outcome.crash:
        return [Violation(invariant="I2", what=f"the run ended with {outcome.crash}: no results")]
    unknown = sum(word == "unknown" for word in outcome.words.values())
    if unknown <= case.workers + _BREAKER and outcome.exit_code == _EXIT_CODES["unknown"]:
        return []
    return [Violation(invariant="I11", what=f"{unknown} unknown, exit {outcome.exit_code}")]


def _seen_elsewhere(scene: Scene) -> list[Violation]:
    """Return what the servers behind the proxy should not have seen."""
    found = []
    if scene.elsewhere.visits:
        found.append(Violation(invariant="I10", what="another host was sent the request"))
    if scene.sandbox.duplicates():
        found.append(Violation(invariant="I1", what="the server holds a booking twice"))
    return found


def differences(case: Case, outcome: Outcome) -> list[Violation]:
    """Return where a run differs from what the outcome table says."""
    if outcome.crash:
        return [Violation(invariant="I2", what=f"the run ended with {outcome.crash}: no results")]
    victim = _victim_of(case, outcome)
    word = outcome.words.get(victim, "not there")
    found = []
    if word not in _words_expected(case):
        what = f"row {victim}: {word}, the table says {sorted(_words_expected(case))}"
        found.append(Violation(invariant=case.expected.invariant, what=what))
    for row in outcome.words:
        tries = _tries_expected(case, outcome, row, is_victim=row == victim)
        if outcome.sent[row] != tries:
            what = f"row {row}: {outcome.sent[row]} whole requests, {tries} expected"
            found.append(Violation(invariant="I1", what=what))
        if row != victim and outcome.words[row] not in _words_of_others(case, row, victim):
            what = f"row {row}: {outcome.words[row]}, though nothing went wrong with it"
            found.append(Violation(invariant="I4", what=what))
    code = case.expected.exit_code
    if outcome.exit_code != (_EXIT_CODES.get(word) if code is None else code):
        found.append(Violation(invariant="I4", what=f"exit {outcome.exit_code} with {word}"))
    return found


def _victim_of(case: Case, outcome: Outcome) -> int:
    """Return the row that met the fault; of several workers' rows the one that shows it."""
    if outcome.victims:
        return outcome.victims[0]
    marked = [row for row, word in outcome.words.items() if word not in {"booked", "not sent"}]
    return marked[0] if case.workers > 1 and marked else _FIRST_ROW + case.strikes_at


def _words_expected(case: Case) -> frozenset[str]:
    is_freed = case.expected.is_freed_if_first and case.position == "first"
    return frozenset({"not sent"}) if is_freed else case.expected.words


def _words_of_others(case: Case, row: int, victim: int) -> frozenset[str]:
    """Return what may become of a row that met no fault."""
    if not case.expected.ends_run:
        return frozenset({"booked"})
    if case.workers > 1:  # who was under way when the run was stopped
        return frozenset({"booked", "not sent"})
    return frozenset({"booked" if row < victim else "not sent"})


def _tries_expected(case: Case, outcome: Outcome, row: int, *, is_victim: bool) -> int:
    """Return how many whole requests of a row must have come to the proxy."""
    warm_up = row == _FIRST_ROW and outcome.striker.warms_up
    word = outcome.words[row]
    if not is_victim:
        return warm_up + (word == "booked")
    tries = case.expected.tries if word == "booked" else 1
    # What was ended before it had come whole is no request that anybody saw.
    return warm_up + tries - (not outcome.victims)


def not_carried_on(first: Outcome, again: Outcome) -> list[Violation]:
    """Return where the repeated command sent another row than those that surely were not taken."""
    if again.crash:
        return [Violation(invariant="I2", what=f"the repetition ended with {again.crash}")]
    owed = {row: 1 for row, word in first.words.items() if word == "not sent"}
    found = []
    if dict(again.sent) != owed and first.words:
        what = f"repeated: rows {sorted(again.sent.elements())} sent, owed were {sorted(owed)}"
        found.append(Violation(invariant="I1", what=what))
    for row, word in first.words.items():
        settled = {"booked", "skipped"} if word in {"booked", "not sent"} else {word}
        if again.words.get(row) not in settled:
            what = f"row {row}: {word} at first, {again.words.get(row)} when repeated"
            found.append(Violation(invariant="I4", what=what))
    return found
