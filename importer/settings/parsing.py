"""Text of a setting to its value; each raises ValueError with what is expected."""

from __future__ import annotations

import codecs
import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from importer.address import AddressError, base_url_of, is_loopback_url
from importer.model import DELIMITER_NAMES, GUARD_NAMES, NAME_PATTERNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.model import DateOrder, NamePattern

_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})
_NO_FILES = frozenset({"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape"})
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_LOCATION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MARK = re.compile(r"[0-9a-f]{8}")
_SPAN = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_TARGET = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_OPEN_SCHEMES = frozenset({"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms"})
_OPEN_KEYS = frozenset(
    {"to", "cc", "bcc", "from", "name", "reply", "smtp", "mode", "format", "method", "overflow"}
)
_FIRST_DATA_ROW = 1


def text(word: str) -> str:
    """Return the text without white space around it."""
    if not word.strip():
        raise ValueError("it is empty")
    return word.strip()


def switch(word: str) -> bool:
    """Return whether the word says yes."""
    folded = word.strip().lower()
    if folded in _YES | _NO:
        return folded in _YES
    raise ValueError("say true or false")


def yes_or_no(word: str) -> str:
    """Return `true` or `false`, for a booking field."""
    return "true" if switch(word) else "false"


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers within bounds."""

    def read(word: str) -> int:
        stripped = word.strip()
        if re.fullmatch(r"[0-9]{1,9}", stripped) and least <= int(stripped) <= most:
            return int(stripped)
        raise ValueError(f"give a whole number from {least} to {most}")

    return read


def seconds(least: float, most: float) -> Callable[[str], float]:
    """Return a reader of seconds within bounds."""

    def read(word: str) -> float:
        stripped = word.strip()
        if (
            re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", stripped)
            and least <= float(stripped) <= most
        ):
            return float(stripped)
        raise ValueError(f"give seconds from {least:g} to {most:g}")

    return read


def verbosity(word: str) -> int:
    """Return how much is logged: 0, 1 or 2."""
    return whole_number(0, 2)(str(min(int(word), 2)) if word.strip().isdecimal() else word)


def visible(word: str) -> str:
    """Return a credential: visible ASCII, so that it fits into a header."""
    stripped = word.strip()
    if _VISIBLE.fullmatch(stripped):
        return stripped
    raise ValueError("only visible ASCII characters can be sent")


def path(word: str) -> Path:
    """Return the path, `~` expanded."""
    return Path(text(word)).expanduser()


def existing_file(word: str) -> Path:
    """Return the path of a file that is there."""
    found = path(word)
    if not found.is_file():
        raise ValueError("there is no such file")
    return found


def zone(word: str) -> ZoneInfo:
    """Return the time zone of that IANA name."""
    try:
        return ZoneInfo(text(word))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = _near_zone(word.strip())
        hint = f"; the nearest is {near}" if near else ", such as America/Chicago"
        raise ValueError(f"give an IANA name{hint}") from None


def _near_zone(word: str) -> str:
    """Return the zone whose name, or whose city, is nearest; "" when none is near."""
    wanted = word.casefold().replace(" ", "_")
    by_name = {name.casefold(): name for name in sorted(available_timezones())}
    by_city = {name.rpartition("/")[2]: found for name, found in by_name.items()}
    for known, cutoff in ((by_name, 0.85), (by_city, 0.75), (by_name, 0.7)):
        near = difflib.get_close_matches(wanted, known, n=1, cutoff=cutoff)
        if near:
            return known[near[0]]
    return ""


def date_order(word: str) -> DateOrder:
    """Return which of day and month comes first."""
    match word.strip().upper():
        case "MDY":
            return "MDY"
        case "DMY":
            return "DMY"
        case _:
            raise ValueError("say MDY or DMY")


def name_pattern(word: str) -> NamePattern:
    """Return how names are written."""
    for known in NAME_PATTERNS:
        if word.strip() == known:
            return known
    raise ValueError("say " + " or ".join(f'"{known}"' for known in NAME_PATTERNS))


def delimiter(word: str) -> str:
    """Return the one character between cells."""
    found = DELIMITER_NAMES.get(word.strip().lower(), word)
    if found not in DELIMITER_NAMES.values():
        raise ValueError("give one of , ; | or the word tab")
    return found


def encoding(word: str) -> str:
    """Return the name that Python has for a text encoding."""
    try:
        name = codecs.lookup(text(word)).name
        # Some codecs of that list turn bytes into bytes; they decode no text.
        b" ".decode(name, "replace")
    except (LookupError, ValueError):
        raise ValueError("give a name such as cp1252, latin-1 or utf-16-le") from None
    if name.replace("_", "-") in _NO_FILES:
        raise ValueError("no file is written in it")
    return "utf-8" if name in ("utf-8-sig", "ascii") else name


def mark(word: str) -> str:
    """Return the mark of a change, as a message showed it."""
    stripped = word.strip().lower()
    if _MARK.fullmatch(stripped):
        return stripped
    raise ValueError("give the mark that the message shows, such as 1f0c9a3e")


def password(word: str) -> str:
    """Return a password as it is, white space included."""
    if not word:
        raise ValueError("it is empty")
    return word


def location(word: str) -> str:
    """Return a location id as text."""
    stripped = word.strip()
    if _LOCATION.fullmatch(stripped):
        return stripped
    raise ValueError("give the location's number, such as 4021")


def location_key(word: str) -> str:
    """Return a location id that stands for a row's own; it must be written as rows are read."""
    found = location(word)
    if found != word or (found.isdecimal() and found != str(int(found))):
        raise ValueError("write the location's number without zeros before it, such as 4021")
    return found


def or_empty(read: Callable[[str], str]) -> Callable[[str], str]:
    """Return a reader that lets an empty text through: the field is left out then."""
    return lambda word: read(word) if word.strip() else ""


def or_off(read: Callable[[str], int]) -> Callable[[str], int | None]:
    """Return a reader of what `read` reads, or of the word `off`."""
    return lambda word: None if word.strip().lower() == "off" else read(word)


def guard_names(word: str) -> frozenset[str]:
    """Return the guards that `rows,invalid` names."""
    named = frozenset(part for part in word.replace(",", " ").lower().split())
    if named and named <= set(GUARD_NAMES):
        return named
    raise ValueError(f"name guards: {', '.join(GUARD_NAMES)}")


def targets(word: str) -> tuple[str, ...]:
    """Return targets of messages, with white space between them."""
    found = tuple(word.split())
    if not found or not all(_TARGET.fullmatch(one) for one in found):
        raise ValueError(
            "write them as mailto://..., json://... or another scheme that Apprise knows"
        )
    if any(_asks(one, "verify") & _NO for one in found):
        raise ValueError("certificates are always verified; name an authority with ca_file instead")
    return found


def _asks(target: str, name: str) -> set[str]:
    """Return what a target's query says of one thing."""
    query = parse_qs(target.partition("?")[2], keep_blank_values=True)
    return {word.lower() for key, words in query.items() if key.lower() == name for word in words}


def is_without_secret(target: str) -> bool:
    """Return whether a target surely holds no password and no token.

    That is an address of mail or of a plain webhook which nobody signs in to. What else its query
    says must be known to be harmless: Apprise takes passwords and headers there, too.
    """
    scheme, _, rest = target.partition("://")
    place, _, query = rest.partition("?")
    keys = {key.lower() for key in parse_qs(query, keep_blank_values=True)}
    is_open = scheme.lower() in _OPEN_SCHEMES and keys <= _OPEN_KEYS
    return is_open and ":" not in place.rpartition("@")[0]


def heartbeat(word: str) -> str:
    """Return the address of a heartbeat: https, or http on this machine."""
    stripped = word.strip()
    is_safe = stripped.startswith("https://") or is_loopback_url(stripped)
    if _VISIBLE.fullmatch(stripped) and is_safe and stripped.startswith("http"):
        return stripped
    raise ValueError("give an address that begins with https://")


def one_of(*words: str) -> Callable[[str], str]:
    """Return a reader of one of these words, whatever its case."""

    def read(word: str) -> str:
        if word.strip().lower() not in words:
            raise ValueError(f"say {' or '.join(words)}")
        return word.strip().lower()

    return read


def state_letters(word: str) -> str:
    """Return the two letters of a US state, in capitals."""
    if re.fullmatch(r"[A-Za-z]{2}", word.strip()):
        return word.strip().upper()
    raise ValueError("give the state's two letters, such as IL")


def positive_id(word: str) -> str:
    """Return an id of digits, as text."""
    stripped = word.strip()
    if re.fullmatch(r"[0-9]{1,15}", stripped):
        return stripped
    raise ValueError("give a whole number")


def base_url(word: str) -> str:
    """Return the base address of the API in one spelling."""
    try:
        return base_url_of(word)
    except AddressError as error:
        whole = "" if "://" in word else _with_scheme(word.strip())
        hint = f"; write {whole}" if whole else ""
        raise ValueError(f"it {error.why}{hint}") from None


def _with_scheme(word: str) -> str:
    """Return the address that lacks only its beginning, "" when it lacks more.

    What is no plain address is not repeated: it may hold a password.
    """
    try:
        whole = base_url_of(f"https://{word}")
    except AddressError:
        return ""
    return base_url_of(f"http://{word}") if is_loopback_url(whole) else whole


def row_spans(word: str) -> tuple[tuple[int, int], ...]:
    """Return the spans that `3,7-9` names, both ends included."""
    expected = "name rows as the spreadsheet numbers them, such as 3,7-9"
    spans: list[tuple[int, int]] = []
    for part in word.replace(" ", "").split(","):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise ValueError(expected)
        first, last = int(match[1]), int(match[2] or match[1])
        if not _FIRST_DATA_ROW <= first <= last:
            raise ValueError(expected)
        spans.append((first, last))
    return tuple(spans)
