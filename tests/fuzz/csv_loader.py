"""The CSV loader: what it accepts reads as the csv module reads it, row by row."""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import TYPE_CHECKING

from importer.reading import csv as reading_csv
from importer.reading.heading_row import trimmed_headings
from tests.fuzz.target import Target, loaded, refused_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tests.edges.reading_kit import Outcome
    from tests.fuzz.target import Replace

_WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"delimiter": ";"},
    {"delimiter": "tab"},
    {"header_row": 0, "delimiter": ","},
    {"header_row": 2},
    {"encoding": "cp1252"},
    {"encoding": "utf-16-le"},
    {"chunk_rows": 2},
)
"""The first byte of an input chooses one."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_SEP = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)
_ROWS = "first,last,phone\r\nAda,Sample,312-555-0142\r\n"
_SEEDS = (
    _ROWS,
    "a;b;c\n1;2;3\n\n4;5;6\n",
    'name\tnote\nAda\t"two\nlines"\n',
    'x,y\n"a ""quoted"" word",\n,,\n',
    "sep=;\na;b\n1;2\n",
    "title\nfirst,last\nAda,Sample\nTotal: 1,\n",
    "a,b\r1,2\r3,4\r\x1a",
    '\ufefffirst,last\nJosé,"O\'Neil"\n',
    'a,b\n1,"open\n2,3\n',
    'a,b\n1,x"y\n#N/A,\x00\n',
    "a,b,\n1,2,\n3,4,\n# note\na,b,\n",
)


def judge(content: bytes) -> None:
    """Read a file in one of the ways, and compare each row that may be sent."""
    way, text = _WAYS[content[0] % len(_WAYS)] if content else {}, content[1:]
    outcome = loaded(text, "patients.csv", **way)
    written = _text(text, way.get("encoding"))
    if outcome is None or written is None or outcome.warnings.count("ENCODING_DETECTED"):
        return
    delimiters = ",;\t|" + "".join(_SEP.findall(written[:8]))
    readings = [list(_records(written, delimiter)) for delimiter in delimiters]
    header_row = way.get("header_row", 1)
    if min(map(len, readings)) < header_row and not any(
        _headings(records, header_row) == outcome.headings for records in readings
    ):
        return  # headings with a stray mark, which the csv module refuses
    assert any(_agrees(outcome, records, header_row) for records in readings), "other cells"


def _text(content: bytes, encoding: str | None) -> str | None:
    """Return the text of a file, None where no strict decoder reads it."""
    mark, codec = next((m for m in _MARKS if content.startswith(m[0])), (b"", encoding or "utf-8"))
    try:
        text = content[len(mark) :].decode(codec)
    except UnicodeDecodeError:
        return None
    bare = text.rstrip("\r\n\x1a")
    tail, is_marked, _ = text[len(bare) :].partition("\x1a")
    return bare + tail if is_marked and not codec.startswith("utf-16") else text


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield what the csv module reads, up to what it refuses."""
    lines = io.StringIO(text, newline="")
    if not _SEP.fullmatch(lines.readline()):
        lines.seek(0)
    try:
        yield from csv.reader(lines, delimiter=delimiter, strict=True)
    except csv.Error:
        return


def _headings(records: list[list[str]], header_row: int) -> tuple[str, ...]:
    return trimmed_headings(records[header_row - 1]) if 0 < header_row <= len(records) else ()


def _agrees(outcome: Outcome, records: list[list[str]], header_row: int) -> bool:
    """Return whether every row that may be sent holds the cells of its record, and no others."""
    if header_row and _headings(records, header_row) != outcome.headings:
        return False
    refused, width = refused_rows(outcome), len(outcome.headings)
    for number, record in enumerate(records[header_row:], start=header_row + 1):
        cells = outcome.rows.get(number, [""] * width)
        if number in refused or not "".join((*record, *cells)).strip():
            continue
        if [*cells, *record[width:]] != [*record, *[""] * (width - len(record))]:
            return False
        if "".join(record[width:]).strip():
            return False
    return True


def _plant(replace: Replace) -> None:
    """Take the white space away that stands around cells, without a word."""
    right = reading_csv.records

    def records(*args: Any) -> Iterator[Any]:
        for record in right(*args):
            yield record._replace(cells=[cell.strip() for cell in record.cells])

    replace(reading_csv, "records", records)


TARGET = Target(
    name="csv",
    judge=judge,
    seeds=lambda: (
        bytes([way]) + text.encode(codec)
        for way, codec in enumerate(("utf-8", "utf-8", "utf-8", "utf-8", "utf-8", "cp1252"))
        for text in _SEEDS
        if codec == "utf-8" or "\ufeff" not in text
    ),
    words=(
        *(b",", b";", b"\t", b"|", b'"', b'""', b"\r", b"\n", b"\r\n", b" ", b"\x1a", b"\x00"),
        *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"sep=;", b"#N/A", b"first", b"phone"),
        *(b"\xc2\x85", b"\xe2\x80\xa8", b"\xc3\xa9", b"\xe9", b"Total", b'",\n"', b"\x0b", b"\x0c"),
    ),
    plant=_plant,
)
