"""How the rows that a profile has booked were read: every reading since the last one accepted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.pipeline.profile_readings import Readings, changes_between

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from importer.ledger import History, RunRecord
    from importer.pipeline.profile_readings import Change, Kept, Reading


@dataclass(slots=True)
class BookedReadings:
    """What rows were booked by, setting by setting; a setting may have several values.

    Results that were corrected are not asked about, and book rows by whatever the profile says
    that day. Until a person has accepted one reading, none of them is the right one.
    """

    settled_by: str = field(default="", init=False)
    """The newest run that changed something here."""
    _runs: dict[str, dict[str, RunRecord]] = field(default_factory=dict, init=False)
    """Setting -> value -> the run that first booked a row by it."""

    def holds(self, reading: Reading) -> bool:
        """Return whether rows were booked by every value of a reading."""
        return all(value in self._runs.get(key, ()) for key, value in reading.items())

    def add(self, reading: Reading, run: RunRecord) -> None:
        """Take note that a run has booked rows by a reading, beside those there are."""
        for key, value in reading.items():
            self._runs.setdefault(key, {}).setdefault(value, run)
        self.settled_by = run.run_id

    def accept(self, reading: Reading, run: RunRecord) -> None:
        """Let a reading that a person accepted, and a run has booked rows by, be the only one."""
        self._runs |= {key: {value: run} for key, value in reading.items()}
        self.settled_by = run.run_id

    def changes(self, now: Reading, *, year: int) -> list[Change]:
        """Return each setting that some rows were booked by another value of."""
        return [
            change
            for key in sorted(self._runs.keys() & now.keys())
            for value in sorted(self._runs[key])
            for change in changes_between({key: value}, {key: now[key]}, year=year)
        ]

    def run_of(self, changes: Iterable[Change]) -> str:
        """Return the newest run that booked rows by what has changed."""
        runs = (self._runs[key][value] for key, value, _ in changes)
        return max(runs, key=lambda run: run.run_number).run_id


def booked_readings(
    history: History,
    runs: Sequence[RunRecord],
    readings: Readings,
    *,
    year: int,
    of_command: Collection[str],
) -> BookedReadings:
    """Return what the rows that some runs have booked were read by.

    Args:
        history: The ledger.
        runs: Those of one profile, the oldest first.
        readings: Returns what each of them read.
        year: The one that it is.
        of_command: Runs of the command that asks: what was accepted was about their files only.
    """
    found, accepted = BookedReadings(), None
    by_settings = {run.settings: readings.of(kept_of(run)) for run in runs_unlike(runs)}
    for run in runs:
        reading = by_settings[run.settings]
        if kept_of(run).get("accepted_change") and run.run_id not in of_command:
            accepted = reading
        if accepted is None and found.holds(reading):
            continue
        if not history.has_booked(run.run_number):
            continue
        if accepted is not None and not changes_between(accepted, reading, year=year):
            found.accept(reading, run)
        else:
            found.add(reading, run)
        accepted = None
    return found


def runs_unlike(runs: Iterable[RunRecord]) -> Iterable[RunRecord]:
    """Return one run of each kind; most nights have the same settings."""
    return {run.settings: run for run in runs}.values()


def kept_of(run: RunRecord) -> Kept:
    """Return what a run keeps of its settings."""
    kept: Kept = json.loads(run.settings)
    return kept
