"""Write the folder of odd files and check every one: `python -m tests.odd FOLDER [SEED]`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.odd.folder import odd_files, write, write_places
from tests.odd.judging import judge


def main() -> None:
    """Check all of them and say what was found; exit 1 when something was."""
    folder, seed = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    folder.mkdir(parents=True)
    files = list(odd_files(seed))
    for file in files:
        write(file, folder)
    verdict = judge(files, folder, write_places(folder))
    print(*verdict.findings, sep="\n")
    print(
        f"{verdict.files} files, {verdict.accepted} accepted with {verdict.rows:,} rows; "
        f"{verdict.cells:,} cells as written, {verdict.held:,} in rows that are not sent; "
        f"{verdict.slowest_s:.1f} s and {verdict.peak_mb:.0f} MB at most; "
        f"{len(verdict.findings)} findings"
    )
    sys.exit(bool(verdict.findings))


if __name__ == "__main__":
    main()
