"""What was found odd about the importer: one line per file that it did not take as it should."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import importer
from tests.odd.checking import LONGEST_S, LONGEST_WAIT_S
from tests.odd.model import HEADINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.odd.model import Cells, OddFile

MOST_MB = 1_024
_EXITS = {0, 1, 3}
_BLANK = (None, "")
_HALF = re.compile("[\ud800-\udfff]+")


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What came of a folder of files."""

    findings: list[str] = field(default_factory=list)
    files: int = 0
    accepted: int = 0
    rows: int = 0
    cells: int = 0
    """Compared with what was written, and the same."""
    held: int = 0
    """Cells of rows that are not sent."""
    slowest_s: float = 0.0
    peak_mb: float = 0.0


def judge(files: Sequence[OddFile], folder: Path, places: Iterable[str] = ()) -> Verdict:
    """Check files that stand in the folder, and places that are none, in one process."""
    verdict = Verdict()
    by_name = {file.name: file for file in files}
    asked = [
        *({"name": f.name, "flags": f.flags, "grows": f.grows.hex()} for f in files),
        *({"name": name, "flags": (), "grows": ""} for name in places),
    ]
    for told in _told(asked, folder, verdict):
        verdict.files += 1
        verdict.slowest_s = max(verdict.slowest_s, told["seconds"])
        verdict.peak_mb = max(verdict.peak_mb, told["peak_mb"])
        file = by_name.get(told["name"])
        must_be = file.must_be if file else "refused"
        found = [*_of_command(told, must_be), *(_of_cells(told, file, verdict) if file else ())]
        verdict.findings += [f"{told['name']!r}: {one}" for one in found]
    return verdict


def _told(
    asked: Sequence[dict[str, Any]], folder: Path, verdict: Verdict
) -> Iterator[dict[str, Any]]:
    """Yield what the process said of each file; a file that ended it is a finding."""
    rest = list(asked)
    while rest:
        done = 0
        for told in _lines(rest, folder):
            done += "name" in told
            if "name" in told:
                yield told
        if done == len(rest):
            return
        verdict.findings.append(
            f"{rest[done]['name']!r}: ended the process, or waited {LONGEST_WAIT_S} s"
        )
        verdict.files += 1
        rest = rest[done + 1 :]


def _lines(asked: Sequence[dict[str, Any]], folder: Path) -> Iterator[dict[str, Any]]:
    reading, writing = os.pipe()
    root = str(Path(importer.__file__).parents[1])
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": root,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
    }
    with tempfile.TemporaryFile() as listed:
        listed.write("".join(json.dumps(one) + "\n" for one in asked).encode("ascii"))
        listed.seek(0)
        command = [sys.executable, "-m", "tests.odd.checking", str(writing), str(folder)]
        process = subprocess.Popen(command, stdin=listed, pass_fds=[writing], env=environ, cwd=root)
    with process:
        os.close(writing)
        with os.fdopen(reading, encoding="ascii") as lines:
            yield from map(json.loads, lines)


def _of_command(told: dict[str, Any], must_be: str) -> Iterator[str]:
    """Yield what is wrong with how the command ended."""
    code, said = told["exit"], told["err"]
    if "Traceback" in said or "panicked" in said or code not in _EXITS:
        yield f"exit {code}: {said[-600:]}"
        return
    if told["seconds"] > LONGEST_S or told["peak_mb"] > MOST_MB:
        yield f"{told['seconds']:.1f} s, {told['peak_mb']:.0f} MB"
    if any(not (sign.isprintable() or sign == "\n") for sign in said):
        yield f"standard error holds what a terminal obeys: {said!r}"
    document = json.loads(told["out"])
    if document["exit_code"] != code:
        yield f"exit {code}, but the document says {document['exit_code']}"
    if code == 3 and not (document.get("message") and document.get("todo")):
        yield "refused without a sentence"
    if must_be and (must_be == "refused") is not (code == 3):
        yield f"should be {must_be}, exit {code}: {document.get('message', '')}"
    if code in {0, 1}:
        states = [document[name] for name in ("ready", "invalid", "duplicate", "blank")]
        if sum(states) != document["rows_in"] or bool(document["invalid"]) is not (code == 1):
            yield f"counts {states} of {document['rows_in']} rows, exit {code}"


def _of_cells(told: dict[str, Any], file: OddFile, verdict: Verdict) -> Iterator[str]:
    """Yield each cell of a row that would be sent and says something else than was written."""
    if "rows" not in told or file.grows:
        return
    verdict.accepted += 1
    rows = {int(number): cells for number, cells in told["rows"].items()}
    verdict.rows += len(rows)
    if file.written is None:
        return
    if "ENCODING_DETECTED" in told["warned"]:
        return  # the person is told to look at the names
    last = max(rows, default=1)
    for number, cells in file.written.items():
        if file.is_cut and number >= last:
            break
        yield from _of_row(number, cells, rows.get(number), told, verdict)
    more = [n for n in rows if n not in file.written and any(rows[n])]
    if more and not file.is_cut:
        yield f"rows that nobody wrote: {more[:5]}"


def _of_row(
    number: int, cells: Cells, read: list[str] | None, told: dict[str, Any], verdict: Verdict
) -> Iterator[str]:
    if read is None:
        if not all(value in _BLANK or not str(value).strip() for value in cells):
            yield f"row {number} is missing"
        return
    if told["states"][str(number)] == "invalid":
        verdict.held += len(cells)
        return
    for column, value in enumerate(cells):
        text = read[column] if column < len(read) else ""
        if says(text, value):
            verdict.cells += 1
        elif "\ufffd" in text and told["headings"][column] == HEADINGS[-1]:
            verdict.held += 1  # seen to be no text, and sent nowhere
        else:
            yield f"row {number}, column {column + 1}: {value!r:.80} was written, {text!r:.80} read"


def says(text: str, value: object) -> bool:
    """Return whether the text of a cell is the value that was written, in any of its spellings."""
    match value:
        case None | str():
            return _same_text(text, value or "")
        case bool():
            return text.lower() == str(value).lower()
        case int() | float():
            return _is_number(text) and math.isclose(float(text), value, rel_tol=1e-15)
        case dt.date() | dt.time():
            return _is_moment(text, value)
        case _:
            return False


def _is_moment(text: str, value: dt.date | dt.time) -> bool:
    if isinstance(value, dt.time):
        return text == value.isoformat()
    is_whole = isinstance(value, dt.datetime)
    return _moment(text) == (value if is_whole else dt.datetime.combine(value, dt.time()))


def _same_text(text: str, value: str) -> bool:
    """Return whether two texts are the same; a workbook has one line end only.

    Half a character can be written nowhere: in a column that is not sent, its place is shown.
    """
    if _HALF.search(value):
        return text == _HALF.sub("\ufffd", value)
    if not (text + value).strip():
        return True
    return text == value or text == value.replace("\r\n", "\n").replace("\r", "\n")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None
