"""One target under atheris, in a process of its own: libFuzzer ends it as it pleases."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import warnings


def main() -> None:
    """Fuzz one target: NAME, then what libFuzzer takes."""
    import atheris  # noqa: PLC0415 - only here: nothing else needs it

    name, *arguments = sys.argv[1:]
    # Branches are counted in modules that are imported here, and the importer imports late.
    with atheris.instrument_imports(include=["importer"]):
        for package in ("normalize", "reading", "settings"):
            whole = importlib.import_module(f"importer.{package}")
            for module in pkgutil.iter_modules(whole.__path__):
                importlib.import_module(f"{whole.__name__}.{module.name}")
        importlib.import_module("importer.outcomes")
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
    if "PLANTED" in os.environ:
        targets[name].plant(setattr)
    warnings.simplefilter("error")
    atheris.Setup([sys.argv[0], *arguments], targets[name].judge)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
