"""Delimited text: every dialect, many encodings, and shapes that exports have."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING

from tests.odd.model import HEADINGS, OddFile, numbered, odd_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_QUOTINGS = {"all": csv.QUOTE_ALL, "few": csv.QUOTE_MINIMAL}
_ENDS = {"crlf": "\r\n", "lf": "\n", "cr": "\r"}
_LETTERS = (
    "José",
    "Müller",
    "Łukasz",
    "Жанна",
    "Σωκράτης",
    "山田",
    "김민수",
    "O’Neil",
    "naïve – x",
    "ليلى",
)
_ENCODINGS = (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"),
    *("iso8859-15", "cp1250", "iso8859-2", "cp1251", "koi8-r", "cp1253", "cp1256", "mac-roman"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "cp437", "cp037", "utf-7"),
)


def text_of(rows: Sequence[Sequence[str]], *, delimiter: str = ",", end: str = "\r\n") -> str:
    """Return rows as CSV of the usual kind."""
    return _text(rows, delimiter, csv.QUOTE_MINIMAL, end)


def _text(rows: Sequence[Sequence[str]], delimiter: str, quoting: int, end: str) -> str:
    return "".join(_line(row, delimiter, quoting) + end for row in rows)


def _line(row: Sequence[str], delimiter: str, quoting: int) -> str:
    """Return one record; its writer must not know the line end, or it would quote no other."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerow(row)
    return text.getvalue().removesuffix("\r\n")


def dialects(chance: Random) -> Iterator[OddFile]:
    """Yield every delimiter with every quoting, line end and mark."""
    for name, delimiter in _DELIMITERS.items():
        for quoted, quoting in _QUOTINGS.items():
            for end_name, end in _ENDS.items():
                for mark in (b"", codecs.BOM_UTF8):
                    rows = odd_rows(chance, 12)
                    text = _text(rows, delimiter, quoting, end)
                    yield OddFile(
                        name=f"{name}-{quoted}-{end_name}-{len(mark)}.csv",
                        content=mark + text.encode("utf-8", "surrogatepass"),
                        written=numbered(rows),
                    )


def encodings(chance: Random) -> Iterator[OddFile]:
    """Yield text of each encoding, without a word about it and with its name given."""
    for codec in _ENCODINGS:
        letters = [text for text in _LETTERS if _fits(text, codec)] or ["Ada"]
        rows = odd_rows(chance, 10, nasty=letters)
        content = text_of(rows).encode(codec)
        yield OddFile(name=f"{codec}.csv", content=content, written=numbered(rows))
        if codec == "utf-7":  # which no file is written in
            continue
        yield OddFile(
            name=f"{codec}-named.csv",
            content=content,
            written=numbered(rows),
            flags=("--encoding", codec),
        )


def _fits(text: str, codec: str) -> bool:
    try:
        return text.encode(codec).decode(codec) == text
    except UnicodeError:
        return False


def shapes(chance: Random) -> Iterator[OddFile]:
    """Yield shapes that exports and people give to a file."""
    rows = odd_rows(chance, 6, nasty=("plain", "x y", "O'Neil"))
    text, head = text_of(rows), ",".join(HEADINGS)
    last = text.rstrip("\r\n")
    yield _plain("plain.csv", text, rows, must_be="read")
    yield _plain("plain.txt", text, rows, must_be="read")
    yield _plain("plain.tsv", text_of(rows, delimiter="\t"), rows, must_be="read")
    yield _plain("no-last-line-end.csv", last, rows, must_be="read")
    yield _plain("ctrl-z.csv", f"{text}\x1a", rows, must_be="read")
    yield _plain("blank-lines-behind.csv", text + "\r\n" * 500, rows, must_be="read")
    yield _plain("delimiters-behind.csv", text + ",,,,,,,,\r\n" * 500, rows)
    yield _plain("sep.csv", "sep=;\r\n" + text_of(rows, delimiter=";"), rows, must_be="read")
    for sign in ("a", '"', " ", "\x01", "é"):
        yield OddFile(name=f"sep-{ord(sign)}.csv", content=f"sep={sign}\n{text}".encode())
    comma_behind = text.replace("\r\n", ",\r\n")
    yield _plain("comma-behind-every-line.csv", comma_behind, rows)
    yield OddFile(name="title.csv", content=f"Patients of June\r\n\r\n{text}".encode())
    blanks = [rows[0], [""] * len(HEADINGS), *rows[1:]]
    yield _plain("blank-row.csv", text_of(blanks), blanks, must_be="read")
    for name, line in {
        "total": "Total: 6,,,,,,,,",
        "comment": "# exported,,,,,,,,",
        "again": head,
        "narrow": "Ada,Sample",
        "wide": "a,b,c,d,e,f,g,h,i,j,k",
        "stray": 'Ada "the,Sample,x,x,x,x,x,x,x',
        "open": '"Ada,Sample,x,x,x,x,x,x,x',
        "na": "#N/A,#REF!,x,x,x,x,x,x,x",
    }.items():
        yield OddFile(name=f"line-{name}.csv", content=f"{text}{line}\r\n".encode(), written=None)
        yield OddFile(
            name=f"line-{name}-first.csv", content=text.replace(head, f"{head}\r\n{line}").encode()
        )
    yield OddFile(name="empty.csv", content=b"", must_be="refused")
    yield OddFile(name="white.csv", content=b" \r\n\t\r\n", must_be="refused")
    yield OddFile(name="headings-only.csv", content=f"{head}\r\n".encode(), written={})
    yield OddFile(name="mark-only.csv", content=codecs.BOM_UTF8, must_be="refused")
    yield OddFile(
        name="twice.csv", content=text.replace("reason", "phone").encode(), must_be="refused"
    )
    yield OddFile(
        name="no-phone.csv", content=text.replace("phone", "fax").encode(), must_be="refused"
    )
    yield OddFile(
        name="homoglyph.csv", content=text.replace("phone", "рhone").encode(), must_be="refused"
    )
    yield OddFile(name="nul-heading.csv", content=text.replace("reason", "rea\x00son").encode())


def _plain(name: str, text: str, rows: Sequence[Sequence[str]], *, must_be: str = "") -> OddFile:
    return OddFile(name=name, content=text.encode(), written=numbered(rows), must_be=must_be)


def sizes(chance: Random) -> Iterator[OddFile]:
    """Yield what is too large, or nearly."""
    rows = odd_rows(chance, 20_000, nasty=("plain",))
    yield _plain("many-rows.csv", text_of(rows), rows, must_be="read")
    for size in (32_767, 32_768, 200_000, 3_000_000):
        rows = odd_rows(chance, 3, nasty=("plain",))
        rows[2][8] = "x" * size
        yield _plain(f"cell-{size}.csv", text_of(rows), rows)
    yield OddFile(name="one-line.csv", content=b"a," * 6_000_000)
    yield OddFile(name="never-closed.csv", content=b'a,b\n"' + b"x\n" * 6_000_000)
    yield OddFile(name="quotes.csv", content=b"a,b\n" + b'""' * 1_000_000 + b",x\n")
    wide = ",".join((*HEADINGS, *(f"c{number}" for number in range(16_000))))
    yield OddFile(name="wide.csv", content=f"{wide}\n{text_of(rows[1:])}".encode())
    yield OddFile(name="too-wide.csv", content=b"," * 20_000 + b"\n")
    yield OddFile(name="quote-in-each.csv", content=b"a,b\n" + b'x"y,z\n' * 20_000)
    yield OddFile(name="noise.csv", content=chance.randbytes(100_000))
    yield OddFile(name="noise.txt", content=bytes(chance.choices(range(9, 127), k=100_000)))
