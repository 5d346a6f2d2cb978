"""Whatever comes between two runs, nobody is booked oftener than the rows of one file ask for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TYPE_CHECKING

import pytest

from importer.errors import ImporterError
from tests.acceptance.cli_kit import read_results
from tests.pipeline.desk import bookings_per_patient, statuses
from tests.pipeline.test_twins import ANN, BETH, PROFILE, twin
from tests.pipeline.test_verifying import broken, decide
from tests.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.pipeline import RunReport
    from tests.pipeline.desk import Desk

    Rows = list[dict[str, str]]

CLEO = twin("Cleo", "312-555-0111")
BOB = twin("", "312-555-0122") | {"Patient": "Moe, Bob"}
PEOPLE = (ANN, BETH, CLEO, BOB)
UNSENT = twin("", "12") | {"Patient": "Poe, Eve"}


def phone_of(row: dict[str, str]) -> str:
    return row["phone"][-4:]


@dataclass(slots=True)
class Office:
    """A desk at which files come in as they do in a clinic, and what its rows have asked for."""

    at: Desk
    chance: Random
    profile: str
    wants_twins: bool
    reports: list[RunReport] = field(default_factory=list)
    files: list[tuple[Path, Rows]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    """By phone, how often one file has asked for a person at most."""
    cancelled: Counter[str] = field(default_factory=Counter)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def run(self, source: Path, rows: Rows, **flags: bool) -> None:
        """Import a file; a question or a refusal is an answer, too."""
        allows = flags.get("allow_duplicates", False)
        for phone, times in Counter(map(phone_of, rows)).items():
            self.asked[phone] = max(self.asked[phone], times if allows else 1)
        try:
            self.reports.append(self.at.run(source, profile=self.profile, **flags))
        except ImporterError:
            return

    def flags(self) -> dict[str, bool]:
        allows = self.wants_twins and self.chance.random() < 0.7
        return {"allow_duplicates": allows, "only_valid": self.chance.random() < 0.8}

    def some_file(self) -> None:
        """Let a new file come."""
        rows = self.chance.sample(PEOPLE, k=self.chance.randint(1, 2))
        if self.chance.random() < 0.2:
            rows = [*rows, *rows]
        if self.chance.random() < 0.2:
            rows = [*rows, UNSENT]
        self.new_file(rows, **self.flags())

    def new_file(self, rows: Rows, **flags: bool) -> None:
        number = next(self.numbers)
        noted = [row | {"Note": str(number)} for row in rows]
        source = write_rows(self.at.folder / f"{number}.csv", noted)
        self.files.append((source, rows))
        self.run(source, rows, **flags)

    def held_file(self) -> None:
        """Let a file wait for its invalid row."""
        rows = self.chance.sample(PEOPLE, k=self.chance.randint(2, 4))
        self.new_file([*rows, UNSENT], allow_duplicates=self.wants_twins, only_valid=False)

    def held_file_again(self) -> None:
        """Send the rest of the first file, which was held, after all."""
        self.run(*self.files[0], allow_duplicates=self.wants_twins, only_valid=True)

    def file_again(self) -> None:
        """Let a file come again; its run is carried on, or planned anew."""
        if self.files:
            self.run(*self.chance.choice(self.files), **self.flags())

    def stopped_file(self) -> None:
        """Let a run stop after its first booking."""
        self.at.refuse_after_the_first()
        self.some_file()
        self.at.let_all_go()

    def resume(self) -> None:
        """Carry the newest unfinished run on."""
        try:
            self.reports.append(self.at.resume(only_valid=True))
        except ImporterError:
            return

    def results(self) -> None:
        """Let results come back, sorted, corrected and edited."""
        if not self.reports:
            return
        rows = list(read_results(self.chance.choice(self.reports).results_path).values())
        self.chance.shuffle(rows)
        for row in rows:
            if row["phone"] == UNSENT["phone"]:
                row.update(self.chance.choice(PEOPLE))
            if self.chance.random() < 0.2:
                row["row_key"] = ""
        if len(rows) > 1 and self.chance.random() < 0.3:
            first, second = rows[0], rows[1]
            first["row_key"], second["row_key"] = second["row_key"], first["row_key"]
        number = next(self.numbers)
        source = write_rows(self.at.folder / f"{number}.csv", rows)
        self.files.append((source, rows))
        self.run(source, rows, **self.flags())

    def cancel(self) -> None:
        """Say that a booking of the newest run was cancelled in Solv."""
        if not self.reports:
            return
        rows = read_results(self.reports[-1].results_path)
        booked = [n for n, word in statuses(self.reports[-1]).items() if word == "booked"]
        if booked:
            number = self.chance.choice(booked)
            run = self.reports[-1].summary.run_id
            decide(self.at, self.reports[-1], {number: "cancelled"})
            self.reports = [one for one in self.reports if one.summary.run_id != run]
            self.cancelled[phone_of(rows[number])] += 1

    def booked(self) -> Counter[str]:
        """Return how often each person was booked, by the server's own count."""
        return Counter(str(one.fields["phone"])[-4:] for one in self.at.sandbox.bookings())

    def judge(self) -> None:
        """Fail if a body was booked oftener than rows asked for it."""
        assert self.booked() <= self.asked + self.cancelled
        if not self.wants_twins:
            most = 1 + max(self.cancelled.values(), default=0) * len(self.cancelled)
            assert max(bookings_per_patient(self.at.requests).values(), default=0) <= most


@pytest.mark.parametrize("wants_twins", [True, False], ids=["twins wanted", "never twins"])
@pytest.mark.parametrize("seed", range(12))
def test_nobody_is_booked_oftener_than_asked_and_nobody_is_lost(
    seed: int, *, wants_twins: bool, desk: Callable[..., Desk], tmp_path: Path
) -> None:
    (tmp_path / "clinic.toml").write_text(PROFILE, encoding="utf-8")
    office = Office(desk(), Random(seed), str(tmp_path / "clinic.toml"), wants_twins)
    between = (
        office.some_file,
        office.some_file,
        office.results,
        office.stopped_file,
        office.cancel,
    )
    after = (*between, office.file_again, office.resume)
    steps = (
        office.held_file,
        *office.chance.choices(between, k=2),
        office.held_file_again,
        *office.chance.choices(after, k=3),
    )
    for step in steps:
        step()
        office.judge()
    if wants_twins:
        # Everybody stands in the last file, so no row can be taken for one that was edited.
        rows = office.chance.sample(PEOPLE, k=len(PEOPLE))
        office.new_file(rows, allow_duplicates=True, only_valid=True)
        office.judge()
        assert all(
            office.booked()[phone] > office.cancelled[phone] for phone in map(phone_of, rows)
        )
        assert broken(office.at, office.reports[-1]) == []
