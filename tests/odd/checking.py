"""One process that checks file after file: the command line, and the cells that it would send.

A line of JSON per file on the descriptor that it is given; a file that hangs ends the process,
and one that takes too much memory is seen in the peak that every line carries.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import sys
import threading
import time
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.cli.shell import shell
from importer.errors import ImporterError
from importer.pipeline.intake import take_in
from importer.pipeline.row_rules import passed_problem
from importer.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_S = 20.0
"""No file takes longer, in seconds of the processor: the machine may be busy."""
LONGEST_WAIT_S = 120.0
"""A file that waits for something, as for a pipe that nobody writes, ends the process."""
_ENVIRON = {"SOLV_IMPORT_TIMEZONE": "America/Chicago", "SOLV_IMPORT_NON_INTERACTIVE": "true"}


def main() -> None:
    """Check the files that standard input lists, one JSON object a line."""
    results = os.fdopen(int(sys.argv[1]), "w", encoding="ascii", buffering=1)
    folder = Path(sys.argv[2])
    os.environ.update(_ENVIRON)
    warnings.simplefilter("ignore")  # as the command does
    for line in sys.stdin:
        asked = json.loads(line)
        results.write(json.dumps({"begun": asked["name"]}) + "\n")
        signal.setitimer(signal.ITIMER_REAL, LONGEST_WAIT_S)
        told = _checked(folder / asked["name"], asked["flags"], bytes.fromhex(asked["grows"]))
        signal.setitimer(signal.ITIMER_REAL, 0)
        results.write(json.dumps({"name": asked["name"]} | told) + "\n")


def _checked(path: Path, flags: Sequence[str], grows: bytes) -> dict[str, Any]:
    begun = time.process_time()
    with _growing(path, grows):
        told = _commanded(["check", "--json", *flags, "--", str(path)])
    told["seconds"] = time.process_time() - begun
    if told["exit"] in {0, 1} and not grows:
        told |= _read(path, flags)
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    return told


def _commanded(arguments: list[str]) -> dict[str, Any]:
    """Run the command line in this process; what compiled code says is heard, too."""
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    voice, words = os.dup(2), os.memfd_create("words")
    os.dup2(words, 2)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            shell(arguments, prog_name="solv-import")
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - whatever it is, a user would see it
        err.write(traceback.format_exc())
    os.dup2(voice, 2)
    os.close(voice)
    heard = os.pread(words, 10_000, 0).decode(errors="replace")
    os.close(words)
    return {"exit": code, "out": out.getvalue(), "err": err.getvalue() + heard}


def _read(path: Path, flags: Sequence[str]) -> dict[str, Any]:
    """Return the cells of each row, whether it would be sent, and the columns with problems."""
    given = {flags[0].lstrip("-").replace("-", "_"): flags[1]} if flags else {}
    settings = load_settings(given, environ=_ENVIRON, folder=path.parent)
    now = datetime.now(UTC)
    rows: dict[int, list[str]] = {}
    states: dict[int, str] = {}
    try:
        intake = take_in(path, settings, now=now)
        for checked in intake.chunks():
            cells = checked.chunk.frame.itertuples(index=False, name=None)
            for row, texts in zip(checked.rows, cells, strict=True):
                is_ready = row.request is not None and not passed_problem(row, now, intake.plan)
                rows[row.row_number] = list(texts)
                states[row.row_number] = (
                    "blank" if row.is_blank else "ready" if is_ready else "invalid"
                )
    except ImporterError as error:
        return {"changed": str(error)}
    warned = [warning.code.name for warning in intake.warnings(rows_in=1)]
    return {"rows": rows, "states": states, "warned": warned, "headings": intake.table.headings}


@contextlib.contextmanager
def _growing(path: Path, grows: bytes) -> Any:
    """Write behind a file for as long as the block lasts, if there is something to write."""
    if not grows:
        yield
        return
    ended = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not ended.is_set() and file.tell() < 5_000_000:
                file.write(grows)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()


if __name__ == "__main__":
    main()
