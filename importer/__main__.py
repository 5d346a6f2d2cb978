"""Start the command line: `solv-import`, or `python -m importer`."""

from __future__ import annotations

import sys
import warnings


def main() -> None:
    """Run one command and exit with its code."""
    if not sys.warnoptions:
        # A library's warning may quote a cell, and it would land in somebody's log.
        warnings.simplefilter("ignore")
    from importer.cli.shell import shell  # noqa: PLC0415 - after warnings are off

    shell(prog_name="solv-import", complete_var="_SOLV_IMPORT_COMPLETE")


if __name__ == "__main__":
    main()
