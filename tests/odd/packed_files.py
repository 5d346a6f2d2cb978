"""Archives, files that were cut off or changed on their way, and odd names."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.odd.model import OddFile, numbered, odd_rows, typed_rows
from tests.odd.raw_sheets import packed
from tests.odd.text_files import text_of
from tests.odd.workbooks import book, of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_ODD_NAMES = (
    *("two words.csv", "ünïcode 山.csv", "-rf.csv", "--help.csv", "%s%n.csv", "[red]x[/red].csv"),
    *("a'b\"c.csv", "$(x).csv", "*.csv", "new\nline.csv", "\x1b[31mred.csv", "\u202egnp.csv"),
    *(
        "UPPER.CSV",
        "dots..csv",
        ".hidden.csv",
        "no-suffix",
        "two.tar.csv",
        "CON.csv",
        "a" * 200 + ".csv",
    ),
    *(
        "~$lock.csv",
        "report.results.csv",
        "x.csv.bak",
        "😀.csv",
        "semi;colon.csv",
        "back\\slash.csv",
    ),
)
_MEMBERS = (
    "../up.csv",
    "/etc/top.csv",
    "folder/in.csv",
    "C:\\in.csv",
    "no-suffix",
    "two words.csv",
)


def archives(chance: Random) -> Iterator[OddFile]:
    """Yield files that are packed, once, twice or with others."""
    rows = odd_rows(chance, 8)
    text = text_of(rows).encode("utf-8", "surrogatepass")
    written, sheet = numbered(rows), book(typed := typed_rows(chance, 5))
    yield OddFile(name="plain.csv.gz", content=gzip.compress(text), written=written)
    yield OddFile(name="book.xlsx.gz", content=gzip.compress(sheet), written=numbered(typed))
    yield OddFile(name="twice.csv.gz.gz", content=gzip.compress(gzip.compress(text)))
    yield OddFile(name="one.zip", content=packed({"a.csv": text}), written=written)
    yield OddFile(name="book.zip", content=packed({"a.xlsx": sheet}), written=numbered(typed))
    yield OddFile(name="two.zip", content=packed({"a.csv": text, "b.csv": text}), must_be="refused")
    yield OddFile(name="none.zip", content=packed({}), must_be="refused")
    yield OddFile(name="folder.zip", content=packed({"a/": b""}), must_be="refused")
    yield OddFile(name="mac.zip", content=packed({"a.csv": text, "__MACOSX/._a.csv": b"x"}))
    yield OddFile(name="inner.zip", content=packed({"a.zip": packed({"a.csv": text})}))
    for number, member in enumerate(_MEMBERS):
        yield OddFile(name=f"member-{number}.zip", content=packed({member: text}), written=written)
    parts = gzip.compress(text[:100]) + gzip.compress(text[100:])
    yield OddFile(name="in-two-parts.csv.gz", content=parts, written=written)
    yield OddFile(name="with-tail.csv.gz", content=gzip.compress(text) + b"tail", written=written)
    for name, content in {
        "as.xlsx": text,
        "as.csv": sheet,
        "as.xls": sheet,
        "as.ods": sheet,
    }.items():
        yield OddFile(name=f"named-{name}", content=content, must_be="refused")
    for name, head in _MAGIC.items():
        yield OddFile(name=name, content=head + text, must_be="refused")


_MAGIC = {
    "page.html": b"<!DOCTYPE html><table>",
    "table.xls": b"<html><table><tr><td>",
    "data.json": b'{"rows": [',
    "print.pdf": b"%PDF-1.7\n",
    "image.csv": b"\x89PNG\r\n\x1a\n",
    "data.parquet": b"PAR1",
    "rows.db": b"SQLite format 3\x00",
    "sheet.xml": b'<?xml version="1.0"?><Workbook>',
    "saved.mht": b"MIME-Version: 1.0\n",
    "more.7z": b"7z\xbc\xaf\x27\x1c",
    "old.doc": bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600),
}


def names(chance: Random) -> Iterator[OddFile]:
    """Yield one plain file under every odd name."""
    rows = odd_rows(chance, 3, nasty=("plain",))
    for name in _ODD_NAMES:
        yield OddFile(name=name, content=text_of(rows).encode(), written=numbered(rows))


def damaged(chance: Random) -> Iterator[OddFile]:
    """Yield files that were cut off, or in which bits turned."""
    for whole in _whole(chance):
        is_sealed = not whole.name.endswith((".csv", ".xls"))
        for number in range(6):
            size = chance.randrange(1, len(whole.content))
            written = whole.written if is_sealed or whole.name.endswith(".csv") else None
            yield replace(
                whole,
                name=f"cut-{number}-{whole.name}",
                content=whole.content[:size],
                written=written,
                is_cut=True,
            )
        for number in range(6):
            content = bytearray(whole.content)
            for _ in range(chance.choice((1, 1, 8))):
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            # A check sum seals the archives: what is read of them is what was written.
            yield replace(
                whole,
                name=f"bits-{number}-{whole.name}",
                content=bytes(content),
                written=whole.written if is_sealed else None,
            )
        at = chance.randrange(len(whole.content))
        holed = whole.content[:at] + bytes(512) + whole.content[at + 512 :]
        yield replace(
            whole,
            name=f"hole-{whole.name}",
            content=holed,
            written=whole.written if is_sealed else None,
        )


def _whole(chance: Random) -> Iterator[OddFile]:
    rows = odd_rows(chance, 30, nasty=("plain", "O'Neil", "ümläut"))
    text = text_of(rows).encode()
    yield OddFile(name="text.csv", content=text, written=numbered(rows))
    yield OddFile(name="text.csv.gz", content=gzip.compress(text), written=numbered(rows))
    yield OddFile(name="text.zip", content=packed({"a.csv": text}), written=numbered(rows))
    yield from (
        of_kind(kind, "book", typed_rows(chance, 20)) for kind in ("xlsx", "xls", "xlsb", "ods")
    )


def growing(chance: Random) -> Iterator[OddFile]:
    """Yield files behind which somebody writes while they are read."""
    rows = odd_rows(chance, 3_000, nasty=("plain",))
    text = text_of(rows).encode()
    for number in range(3):
        yield OddFile(
            name=f"growing-{number}.csv",
            content=text,
            written=numbered(rows),
            grows=text_of(rows[:400]).encode(),
        )
    half = io.BytesIO()
    with zipfile.ZipFile(half, "w") as archive:
        archive.writestr("a.csv", text)
    yield OddFile(name="growing.zip", content=half.getvalue(), grows=b"more" * 1_000)
