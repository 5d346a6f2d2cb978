"""Judge one state of a recorded tape again: `python -m tests.chaos.power TAPE INSTANT NUMBER`.

The files of the state are left beside the tape, to be looked at.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from tests.chaos.power.checking import lay_out
from tests.chaos.power.facts import instants_of
from tests.chaos.power.recording import read_tape
from tests.chaos.power.sweeping import state_of, violations_of


def main(folder: str, at: str, number: str) -> None:
    """Print what is broken in that state, and where its files are."""
    tape = read_tape(Path(folder))
    instant = next(instants_of(tape, [int(at)]))
    image = state_of(instant, int(number))
    place = tape.folder / f"state-{at}-{number}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    lay_out(image, place)
    print(f"event {at} of {len(tape.events)}, {len(instant.left)} requests have left: {place}")
    found = violations_of(image, instant, tape, number=int(number), opens=True, carries_on=True)
    for violation in found:
        print(f"{violation.invariant}: {violation.what}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.power")
    parser.add_argument("tape", help="the folder of a recorded tape")
    parser.add_argument("instant", help="after how many events of it the power goes")
    parser.add_argument("number", help="which of the disks that this may leave")
    told = parser.parse_args()
    main(told.tape, told.instant, told.number)
