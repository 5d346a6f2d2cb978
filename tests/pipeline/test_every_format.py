"""The same rows, whatever they come in, are the same bookings: none is sent twice."""

from __future__ import annotations

import gzip
import zipfile
from typing import TYPE_CHECKING

import pytest

from importer.errors import ExitCode, SourceError
from importer.problems import ProblemCode
from tests.acceptance.cli_kit import read_results
from tests.edges.reading_kit import encrypted
from tests.edges.workbook_kit import Sheet, write_book
from tests.pipeline.desk import counts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.pipeline.desk import Desk
    from tests.rows import Row

FORMS = ["csv.gz", "zip", "utf-16", "cp1252", "xls", "xlsb", "ods", "encrypted"]
PASSWORD = "swordfish"


def written(tmp_path: Path, form: str, rows: Sequence[Row]) -> Path:
    """Write rows in one of the forms."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    text = "".join(",".join(line) + "\r\n" for line in lines)
    path = tmp_path / f"visits.{form}"
    match form:
        case "csv.gz":
            path.write_bytes(gzip.compress(text.encode()))
        case "zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("visits.csv", text)
        case "utf-16" | "cp1252":
            path = tmp_path / f"{form}.csv"
            path.write_text(text, encoding=form, newline="")
        case "encrypted":
            path = tmp_path / "locked.xlsx"
            plain = write_book(tmp_path, "xlsx", Sheet(rows=lines))
            path.write_bytes(encrypted(plain, PASSWORD))
        case _:
            path = write_book(tmp_path, form, Sheet(rows=lines))
    return path


@pytest.mark.parametrize("form", FORMS)
def test_rows_of_one_form_are_recognized_in_another(
    form: str, tmp_path: Path, desk: Callable[..., Desk], make_row: Callable[..., Row]
) -> None:
    rows = [make_row(n, first_name="José") for n in range(2, 7)]
    at = desk()
    at.environ["SOLV_IMPORT_SOURCE_PASSWORD"] = PASSWORD

    first = at.run(written(tmp_path, form, rows))
    again = at.run(written(tmp_path, "xls" if form == "ods" else "ods", rows))

    assert counts_of(first) == {"booked": 5}
    assert (counts_of(again), again.exit_code) == ({"skipped": 5}, ExitCode.OK)
    assert len(at.requests) == 5
    shown = read_results(first.results_path)
    assert {row["first_name"] for row in shown.values()} == {"José"}


def test_a_run_of_an_encrypted_workbook_leaves_no_plain_copy(
    tmp_path: Path, desk: Callable[..., Desk], make_row: Callable[..., Row]
) -> None:
    """Stopped before its end, it keeps the file as it was handed in, and no password."""
    rows = [make_row(n) for n in range(2, 7)]
    at = desk()
    path = written(tmp_path, "encrypted", rows)
    with pytest.raises(SourceError) as caught:
        at.run(path)
    assert caught.value.code == ProblemCode.SOURCE_ENCRYPTED.code
    at.environ["SOLV_IMPORT_SOURCE_PASSWORD"] = PASSWORD
    at.run(path, limit="2")
    kept = [f for f in (tmp_path / "state").rglob("*") if f.is_file()]
    assert kept
    for file in kept:
        content = file.read_bytes()
        assert PASSWORD.encode() not in content
        assert not content.startswith(b"PK")
