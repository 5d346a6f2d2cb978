"""Play one crash again and print what it breaks: `python -m tests.chaos.crashing csv 4 HOOK`.

    python -m tests.chaos.crashing KIND WORKERS [HOOK [HOOK2]] [--bug NAME] [--hooks]

KIND is csv, xlsx or second; a HOOK is written as in the message of a failed test, such as
`network.send:return:3`; --hooks lists those that the last life passes, and how often.
"""

from __future__ import annotations

import argparse
import sys

from tests.chaos.crashing.client import Client
from tests.chaos.crashing.hooks import Hook
from tests.chaos.crashing.sources import SOURCES


def main() -> int:
    """Return 1 if a promise was broken."""
    words = argparse.ArgumentParser(prog="python -m tests.chaos.crashing", description=__doc__)
    words.formatter_class = argparse.RawDescriptionHelpFormatter
    words.add_argument("kind", choices=sorted(SOURCES))
    words.add_argument("workers", type=int)
    words.add_argument("crashes", metavar="HOOK", nargs="*", type=Hook.parse)
    words.add_argument("--bug", help="plant this one in every life")
    words.add_argument("--hooks", action="store_true", help="list what the last life passes")
    told = words.parse_args()
    with Client() as client:
        played = client.play(
            told.kind, told.workers, told.crashes, bug=told.bug, records=told.hooks
        )
    for hook in played.passed:
        sys.stdout.write(f"{hook.name}:{hook.event} {hook.count}\n")
    ends = ", ".join("killed" if end < 0 else f"exit {end}" for end in played.ends)
    sys.stdout.write(f"{ends}: {played.told}\n")
    return 1 if played.violations else 0


if __name__ == "__main__":
    sys.exit(main())
