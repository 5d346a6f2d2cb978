"""A record with a cell changed reads as before but for that cell."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from importer.problems import ProblemCode
from importer.reading import Edit
from importer.reading.csv_copy import edited_record

CELLS = st.lists(st.text('ab ,;"\n\té\u200b', max_size=6), min_size=2, max_size=6)
ENDS = st.sampled_from(["\n", "\r\n", ""])
QUOTING = st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])


@given(
    cells=CELLS,
    delimiter=st.sampled_from(",;\t"),
    end=ENDS,
    quoting=QUOTING,
    afters=st.dictionaries(st.integers(0, 5), st.text('xy ,;"', min_size=1, max_size=6)),
)
def test_an_edited_record_reads_as_before_but_for_its_edits(
    cells: list[str], delimiter: str, end: str, quoting: int, afters: dict[int, str]
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerow(cells)
    written = text.getvalue().removesuffix("\r\n") + end
    wanted = {column: after for column, after in afters.items() if column < len(cells)}
    edits = [
        Edit(2, column, cells[column], after, ProblemCode.TEXT_INVISIBLE)
        for column, after in wanted.items()
    ]
    raw, made = edited_record(written, cells, edits, delimiter)
    (read,) = csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter, strict=True)
    assert read == [wanted.get(column, cell) for column, cell in enumerate(cells)]
    assert len(made) == len(wanted)
    assert raw.endswith(end)
    if not wanted:
        assert raw == written
