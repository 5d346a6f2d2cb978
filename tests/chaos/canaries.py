"""Patients that nobody has, one to a row, and a search for them in every form and every place."""

from __future__ import annotations

import base64
import re
import stat
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SECRET = "qzsecret-5f0c9b"
_TOKEN = "sbx-"
"""How every token of the sandbox begins."""
_STEMS = (
    *("qzfirst", "qzlast", "qzmail", "qzreason", "qzstreet", "qzunit", "qzcity", "qzattr", "qzurl"),
    *("qzmrn", "qzextra", "qzheading", "qzbad", SECRET, _TOKEN),
)
_DIGITS = (
    rb"312\D{0,3}555\D{0,2}01\d\d",  # a phone, however it is written
    rb"1931[-/.]0?7[-/.]\d",  # a birth date
    rb"0?7[-/.]\d{1,2}[-/.]1931",
    rb"jul(y)?[^0-9a-z]{1,2}\d{1,2}.{1,3}1931",
    rb"(?<![0-9a-f])193107\d\d(?![0-9a-f])",  # not within a hash
    rb"2091[-/.]0?3[-/.]\d",  # an appointment
    rb"0?3[-/.]\d{1,2}[-/.]2091",
    rb"(?<![0-9a-f])209103\d\d(?![0-9a-f])",
)
_TELLING = 6
"""Fewer signs of base64 stand in every long text."""
_MAY_HOLD_PATIENTS = re.compile(r"(^|/)(visits\.csv|\.?visits\.csv\.results\.xlsx.*)$|/spool/")
"""The source, the results made of it, also half of them, and the private copy of a run."""


def patient(number: int) -> dict[str, str]:
    """Return one row; what it holds stands in no other."""
    name = "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}")
    born = date(1931, 7, 1) + timedelta(days=number % 31)
    return {
        "First Name": f"Qzfirst{name}",
        "Last Name": f"Qzlast{name}",
        "Phone": f"(312) 555-01{number % 100:02}",
        "Birth Date": born.isoformat(),
        "Appointment Date": f"2091-03-{number % 28 + 1:02}T{number // 28 % 24:02}:15:00-06:00",
        "Location ID": "4021",
        "Email": f"qzmail{name}@example.com",
        "Reason": f"qzreason{name}",
        "Birth Sex": "female",
        "Address Street": f"{number} Qzstreet{name}",
        "Address Street Secondary": f"Qzunit{name}",
        "Address City": f"Qzcity{name}",
        "Address State": "IL",
        "Address Zip": "60699",
        "Attribution": f"qzattr{name}",
        "Custom Booking Management URL": f"https://example.com/qzurl{name}",
        "EMR Patient ID": f"QZMRN{number}",
        "Qzheading": f"qzextra{name}",
    }


BAD: Mapping[str, str] = {
    "First Name": "Qzbad\u202efirst",
    "Last Name": "Qzbad\tlast 4",
    "Phone": "qzbad 312",
    "Birth Date": "qzbad 1/2",
    "Appointment Date": "qzbad at noon",
    "Location ID": "qzbadplace",
    "Email": "qzbad at example",
    "Birth Sex": "qzbadsex",
    "Address State": "Qzbadstate",
    "Address Zip": "qzbadzip",
    "Custom Booking Management URL": "javascript:qzbad",
}
"""Heading -> what no row may hold there."""


def _forms() -> Iterator[bytes]:
    """Yield what to look for: every stem, in every form that hides it from a plain search."""
    for stem in _STEMS:
        yield re.escape(stem.encode())
        yield re.escape(stem.encode("utf-16-le"))
        yield re.escape(stem.encode("utf-16-be"))
        yield re.escape(stem.encode().hex().encode())
        yield re.escape(quote(stem, safe="").encode())
        yield re.escape("".join(f"%{byte:02x}" for byte in stem.encode()).encode())
        yield re.escape("".join(f"\\u{ord(sign):04x}" for sign in stem).encode())


def _coded() -> Iterator[bytes]:
    """Yield the stems in base64, at each of the three places where a text may begin in it."""
    for stem in _STEMS:
        for case in (stem, stem.capitalize(), stem.upper()):
            for before, start in enumerate((0, 2, 3)):
                text = b"\0" * before + case.encode()
                same = base64.b64encode(text)[start : len(text) * 8 // 6]
                if len(same) >= _TELLING:
                    yield re.escape(same)


_PLAIN = re.compile(b"|".join([*_forms(), *_DIGITS]), re.IGNORECASE)
_BASE64 = re.compile(b"|".join(_coded()))


def found_in(content: bytes) -> list[str]:
    """Return the canaries in it, in the form that they have there."""
    seen = {match[0] for search in (_PLAIN, _BASE64) for match in search.finditer(content)}
    return sorted(match.decode("ascii", "backslashreplace") for match in seen)


def leaks_under(folder: Path) -> dict[str, list[str]]:
    """Return each file that holds a patient and may not, or that others may read; and why."""
    found: dict[str, list[str]] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        is_private = name.startswith("state/") or ".results.xlsx" in name
        if is_private and stat.S_IMODE(path.stat().st_mode) & 0o077:
            found[name] = ["others may read it"]
        elif path.is_file() and name.startswith("tmp/"):
            found[name] = ["left behind", *found_in(path.read_bytes())]
        elif path.is_file() and not _MAY_HOLD_PATIENTS.search(f"/{name}"):
            seen = found_in(path.read_bytes())
            found |= {name: seen} if seen else {}
    return found
