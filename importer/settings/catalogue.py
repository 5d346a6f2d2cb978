"""Every setting once: its variable, its flag, its place in a file, its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.rate import parse_rate
from importer.settings import parsing

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "SOLV_IMPORT_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One setting: how it is written in each place, and how its text is read."""

    name: str
    parse: Callable[[str], object]
    what: str
    default: str = ""
    """Read like any other text; "" means that it stays unset."""
    section: str = ""
    """The table of a TOML file that may hold it; "" means that no file may."""
    key: str = ""
    """Its name in that table, when it differs."""
    flag: str = ""
    is_secret: bool = False

    @property
    def variable(self) -> str:
        """Return the name of its environment variable."""
        return PREFIX + self.name.upper()

    @property
    def file_key(self) -> str:
        """Return its name in a file's table."""
        return self.key or self.name


def _server() -> tuple[Spec, ...]:
    return (
        Spec(
            name="base_url", parse=parsing.base_url, what="the Partner API's address", section="run"
        ),
        Spec(
            name="client_id", parse=parsing.visible, what="the client id from Solv", section="run"
        ),
        Spec(name="client_secret", parse=parsing.visible, what="its secret", is_secret=True),
        Spec(
            name="client_secret_file",
            parse=parsing.path,
            what="a file of mode 0600 that holds the secret",
            section="run",
        ),
        Spec(
            name="grant_type",
            parse=parsing.visible,
            what="how the token is asked for",
            default="service_api",
            section="run",
        ),
        Spec(
            name="ca_file",
            parse=parsing.existing_file,
            what="certificates to trust beside the usual ones (PEM)",
            section="run",
        ),
        Spec(
            name="deadline_s",
            parse=parsing.seconds(1, 600),
            what="seconds until an answer counts as lost",
            default="65",
            section="run",
        ),
        Spec(
            name="trust_503",
            parse=parsing.switch,
            what="503 with Retry-After surely made no booking (ask Solv first)",
            default="false",
            section="run",
        ),
    )


def _pace() -> tuple[Spec, ...]:
    return (
        Spec(
            name="rate",
            parse=parse_rate,
            what="bookings in a span of time: 2/s, 10/min, 100/h",
            default="2/s",
            section="run",
            flag="--rate",
        ),
        Spec(
            name="in_flight",
            parse=parsing.whole_number(1, 200),
            what="requests under way at once; the rate decides when unset",
            section="run",
            flag="--in-flight",
        ),
        Spec(
            name="jitter_ms",
            parse=parsing.whole_number(0, 5000),
            what="how much the way to the server may vary; the host decides when unset",
            section="run",
        ),
    )


def _file() -> tuple[Spec, ...]:
    return (
        Spec(
            name="sheet",
            parse=parsing.text,
            what="the sheet to read",
            section="file",
            flag="--sheet",
        ),
        Spec(
            name="header_row",
            parse=parsing.whole_number(0, 1000),
            what="the row that holds the headings; 0 when there are none",
            default="1",
            section="file",
            flag="--header-row",
        ),
        Spec(
            name="delimiter",
            parse=parsing.delimiter,
            what="what stands between cells: , ; | or tab",
            section="file",
            flag="--delimiter",
        ),
        Spec(
            name="encoding",
            parse=parsing.encoding,
            what="the encoding of text that is not UTF-8, such as cp1252",
            section="file",
            flag="--encoding",
        ),
        Spec(
            name="source_password",
            parse=parsing.password,
            what="the password of an encrypted workbook",
            is_secret=True,
        ),
        Spec(
            name="source_password_file",
            parse=parsing.path,
            what="a file of mode 0600 that holds that password",
            section="file",
        ),
    )


def _dates() -> tuple[Spec, ...]:
    return (
        Spec(
            name="timezone",
            parse=parsing.zone,
            what="the clinic's zone, for times without an offset",
            section="dates",
            flag="--timezone",
        ),
        Spec(
            name="date_order",
            parse=parsing.date_order,
            what="MDY or DMY, for dates such as 03/04/1985",
            section="dates",
            key="order",
            flag="--date-order",
        ),
        Spec(
            name="two_digit_pivot",
            parse=parsing.whole_number(0, 99),
            what="years of two digits up to this are 20xx, above 19xx",
            section="dates",
        ),
    )


def _values() -> tuple[Spec, ...]:
    return (
        Spec(
            name="pad_zip",
            parse=parsing.switch,
            what="fill ZIP codes up to five digits",
            default="false",
            section="values",
        ),
        Spec(
            name="text_location_ids",
            parse=parsing.switch,
            what="location ids may hold letters",
            default="false",
            section="values",
        ),
    )


def _defaults() -> tuple[Spec, ...]:
    def spec(name: str, parse: Callable[[str], object], what: str, flag: str = "") -> Spec:
        return Spec(name=name, parse=parse, what=what, section="defaults", flag=flag)

    return (
        spec(
            "location_id", parsing.location, "the location of rows that name none", "--location-id"
        ),
        spec("visit_type_id", parsing.positive_id, "the visit type of rows that name none"),
        spec("reason", parsing.text, "the reason of rows that name none"),
        spec("is_walk_in", parsing.yes_or_no, "whether rows that do not say are walk-ins"),
        spec("paperwork_status", parsing.text, "the paperwork status of rows that name none"),
        spec("attribution", parsing.text, "the attribution of rows that name none"),
    )


def _switch(name: str, what: str, *, section: str = "") -> Spec:
    flag = "--" + name.replace("_", "-")
    return Spec(
        name=name, parse=parsing.switch, what=what, default="false", section=section, flag=flag
    )


def _run() -> tuple[Spec, ...]:
    return (
        _switch("only_valid", "send the valid rows although others are invalid", section="run"),
        Spec(
            name="limit",
            parse=parsing.whole_number(1, 10_000_000),
            what="send at most so many rows; those after them are left out",
            flag="--limit",
        ),
        Spec(
            name="rows",
            parse=parsing.row_spans,
            what="only these rows: 3,7-9",
            flag="--rows",
        ),
        Spec(
            name="accept_change",
            parse=parsing.mark,
            what="let a changed profile go on, by the mark that the message shows",
            flag="--accept-change",
        ),
        _switch("retry_rejected", "send unchanged rows again that Solv refused before"),
        _switch("allow_duplicates", "send rows of one file that are the same booking"),
        _switch(
            "allow_walkin_scheduling", "book walk-in times too (a query parameter)", section="run"
        ),
        _switch("dry_run", "check the file and say what would be sent; send nothing"),
        # No file may answer for a person: a profile travels, and would answer everywhere.
        _switch("yes", "do not ask before sending"),
        _switch("non_interactive", "never ask anything"),
        Spec(name="results", parse=parsing.path, what="where the results go", flag="--results"),
        Spec(
            name="summary", parse=parsing.path, what="where the JSON summary goes", flag="--summary"
        ),
    )


def _talk() -> tuple[Spec, ...]:
    return (
        _switch("json", "JSON on standard output"),
        _switch("quiet", "say only what went wrong"),
        Spec(name="verbose", parse=parsing.verbosity, what="log more", default="0", flag="-v"),
        _switch("show_values", "show values of cells although the output is no terminal"),
        Spec(name="state_dir", parse=parsing.path, what="ledgers, spool and keys", section="run"),
        Spec(
            name="profile",
            parse=parsing.text,
            what="a profile's name or path",
            section="run",
            flag="--profile",
        ),
    )


_GROUPS = (_server(), _pace(), _file(), _dates(), _values(), _defaults(), _run(), _talk())

SPECS: dict[str, Spec] = {spec.name: spec for group in _GROUPS for spec in group}
"""Name -> setting, in the order people read them."""

DEFAULT_FIELDS: tuple[str, ...] = tuple(s.name for s in SPECS.values() if s.section == "defaults")
"""The booking fields that may stand once for all rows."""
