"""The names and numbers in the content of an OpenDocument spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

from importer.problems import ProblemCode
from importer.reading.package import refuse_doctype

if TYPE_CHECKING:
    from importer.errors import SourceError
    from importer.reading.table import Place

_NAMESPACE = "urn:oasis:names:tc:opendocument:xmlns:"
TABLE, OFFICE, TEXT = (f"{_NAMESPACE}{n}:1.0 " for n in ("table", "office", "text"))
STYLE, DRAW, NUMBER = (f"{_NAMESPACE}{n}:1.0 " for n in ("style", "drawing", "datastyle"))
CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
VALUE_TYPE, FORMULA = f"{OFFICE}value-type", f"{TABLE}formula"
ROWS_REPEATED = f"{TABLE}number-rows-repeated"
COLUMNS_REPEATED = f"{TABLE}number-columns-repeated"


def xml_parser(place: Place) -> expat.XMLParserType:
    """Return a parser that gives each name with its namespace."""
    parser = expat.ParserCreate(namespace_separator=" ")
    refuse_doctype(parser, place)
    return parser


def count(attributes: dict[str, str], name: str, most: int) -> int:
    """Return how often something comes; ValueError when that cannot be."""
    number = int(attributes.get(name, "1"))
    if not 0 < number <= most:
        raise ValueError
    return number


def unsure(place: Place) -> SourceError:
    """Return the error for cells that two readers do not read alike."""
    sentence = (
        "Drawings, tables, fields or text lie in its cells in a way that cannot be told for sure."
    )
    return place.refuse(ProblemCode.SOURCE_CORRUPT, sentence, todo="Save it as XLSX.")
