"""Bugs that are planted on purpose: each layer must catch those that are its to catch.

A planted bug is a switch: a function that puts one wrong thing in the place of a right one, in
this process or, by `python -m tests.chaos.planted NAME COMMAND...`, in the command line's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Replace: TypeAlias = Callable[[Any, str, object], None]
"""Puts a value in the place of an attribute, and takes it back when the test is over."""
Bug: TypeAlias = Callable[[Replace], None]

BUGS: dict[str, Bug] = {}
"""Name -> what plants it. Modules named `tests.chaos.bugs.*` fill it."""


def bug(name: str) -> Callable[[Bug], Bug]:
    """Return a decorator that lists a bug."""

    def listed(plant: Bug) -> Bug:
        assert name not in BUGS, name
        BUGS[name] = plant
        return plant

    return listed


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Have one bug in this process; None has none, so that one test can do both."""
    replaced: list[tuple[Any, str, object]] = []

    def replace(owner: Any, attribute: str, value: object) -> None:
        replaced.append((owner, attribute, owner.__dict__[attribute]))
        setattr(owner, attribute, value)

    load_bugs()
    try:
        if name is not None:
            BUGS[name](replace)
        yield
    finally:
        for owner, attribute, value in reversed(replaced):
            setattr(owner, attribute, value)


def load_bugs() -> None:
    """Import every module of bugs."""
    from importlib import import_module  # noqa: PLC0415 - the bugs import this module
    from pathlib import Path  # noqa: PLC0415 - as above

    for path in sorted((Path(__file__).parent / "bugs").glob("*.py")):
        import_module(f"tests.chaos.bugs.{path.stem}")


def main() -> None:
    """Run the command line with one bug in it."""
    from importer.__main__ import main as solv_import  # noqa: PLC0415 - after the bug is known
    from tests.chaos import planted as this  # noqa: PLC0415 - not `__main__`, where BUGS is empty

    this.load_bugs()
    if len(sys.argv) < 3 or sys.argv[1] not in this.BUGS:
        names = "\n  ".join(sorted(this.BUGS))
        sys.exit(f"python -m tests.chaos.planted NAME COMMAND...; NAME is one of\n  {names}")
    with this.planted(sys.argv.pop(1)):
        solv_import()


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as `python -m` does
    main()
