"""Settings of the file: how it is read, and what stands for every row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.settings import parsing
from importer.settings.catalogue.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Callable


FILE: tuple[Spec, ...] = (
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
"""How a file is read."""


def _default(name: str, parse: Callable[[str], object], what: str, flag: str = "") -> Spec:
    return Spec(name=name, parse=parse, what=what, section="defaults", flag=flag)


DEFAULTS: tuple[Spec, ...] = (
    _default(
        "location_id", parsing.location, "the location of rows that name none", "--location-id"
    ),
    _default("visit_type_id", parsing.positive_id, "the visit type of rows that name none"),
    _default("reason", parsing.text, "the reason of rows that name none"),
    _default("is_walk_in", parsing.yes_or_no, "whether rows that do not say are walk-ins"),
    _default("paperwork_status", parsing.text, "the paperwork status of rows that name none"),
    _default("attribution", parsing.text, "the attribution of rows that name none"),
)
"""What stands for every row that has no value of its own."""
