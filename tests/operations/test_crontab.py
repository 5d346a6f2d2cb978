"""The line of the crontab does what the page says, in the environment that cron gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from importer.cli.run import command as run
from tests.operations.night_kit import INSTALLED, ROOT, arguments_of, crontab_line

if TYPE_CHECKING:
    from importer.sandbox import Sandbox
    from tests.operations.night_kit import Machine

FIELDS = re.compile(r"(?P<times>(?:\S+\s+){5})(?P<command>/\S.*)")
LARGEST = (59, 23, 31, 12, 7)


def test_the_line_is_one_that_cron_reads() -> None:
    found = FIELDS.fullmatch(crontab_line())
    assert found is not None
    for field, largest in zip(found["times"].split(), LARGEST, strict=True):
        assert field == "*" or 0 <= int(field) <= largest
    assert found["command"].startswith(f"{INSTALLED}/solv-import run ")
    assert "%" not in found["command"], "cron ends a line there"


def test_its_flags_are_those_of_the_command() -> None:
    with run.make_context("run", arguments_of(crontab_line())) as ctx:
        given = {name: value for name, value in ctx.params.items() if value}
    assert (given["yes"], given["non_interactive"], given["profile"]) == (True, True, "northside")


def test_the_page_shows_the_same_line() -> None:
    assert f"```crontab\n{crontab_line()}\n```" in (ROOT / "docs" / "nightly.md").read_text("utf-8")


@pytest.mark.timeout(90)
def test_three_nights_by_that_line(machine: Machine, server: Sandbox) -> None:
    night = crontab_line().split(maxsplit=5)[5]
    machine.dropped("visits.csv", 2, 3, 4)
    assert machine.type(night).returncode == 0, machine.type("cat /srv/import/cron.log").stdout
    assert len(server.bookings()) == 3
    assert [path.name for path in machine.drop.iterdir()] == ["done"]
    done = sorted(path.name for path in (machine.drop / "done").iterdir())
    assert done[0] == "visits.csv"
    assert re.fullmatch(r"visits\.csv\.[0-9-]+\.results\.xlsx", done[1])

    machine.dropped("visits.csv", 2, 3, 4)
    assert machine.type(night).returncode == 0
    assert machine.type(night).returncode == 0  # an empty folder
    assert len(server.requests()) == 3
    log = machine.type("cat /srv/import/cron.log").stdout
    assert "3 in = 3 booked" in log
    assert "visits.csv was imported before" in log
    assert "Ada" not in log


@pytest.mark.timeout(60)
def test_doctor_and_a_dry_run_before_the_first_night(machine: Machine, server: Sandbox) -> None:
    machine.dropped("visits.csv", 2, 3)
    looked = machine.type(
        f"{INSTALLED}/solv-import doctor /drop --profile northside --move-to /drop/done"
    )
    planned = machine.type(f"{INSTALLED}/solv-import run /drop --profile northside --dry-run")
    assert (looked.returncode, planned.returncode) == (0, 0), looked.stdout + planned.stderr
    assert "2 to send" in planned.stdout
    assert server.requests() == []
