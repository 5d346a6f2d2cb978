"""The words of the template: its notes, its prompts, and the sheet that says how to use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.template.columns import TemplateColumn

HOW_TO_TITLE = "How to fill in this workbook"
COLUMN_TABLE = ("column", "required", "what it is", "how to write it", "such as")
_SWITCHES = {"true": "yes", "false": "no"}
_MOST_SHOWN = 120
"""Characters of a list that are shown in full; the cell itself offers the whole."""


def note_of(column: TemplateColumn) -> str:
    """Return the note on a heading: what it is, how it is written, whether it is required."""
    lines = [column.meaning, _form_of(column)]
    lines += [f"Such as: {column.sample}"] if column.sample and not column.choices else []
    lines.append(_need_of(column))
    return "\n".join(line for line in lines if line)


def table_of(columns: Sequence[TemplateColumn]) -> Iterator[tuple[str, ...]]:
    """Yield a line for each column, under the headings of `COLUMN_TABLE`."""
    for column in columns:
        required = "yes" if column.is_required else ""
        form = " ".join(filter(None, (_form_of(column), _empty_of(column))))
        yield column.heading, required, column.meaning, form, column.sample


def steps_of(sheet: str, profile: str) -> Iterator[str]:
    """Yield what to do with the workbook, step by step, in plain words.

    Args:
        sheet: The sheet to type into.
        profile: The name of the profile that it was made for, "" for none.
    """
    told = f" --profile {profile}" if profile else ""
    yield (
        f"Type one patient a row into the sheet {sheet}, below the headings. Leave the headings "
        "as they are. Columns that you do not need may stay empty."
    )
    yield (
        "Under a dark heading every row needs a value; a column under a grey one may stay empty. "
        "Point at a heading to read what belongs there."
    )
    yield (
        "All cells are text, so that no date, phone number or ZIP code changes while you type. "
        "When you paste, paste values only (Paste Special, Values)."
    )
    yield "Where a cell has a list, choose from it; other words are refused."
    yield (
        "The grey row is an example. It is recognized and never booked: leave it, or delete it. "
        "If you type over it, type over all of its cells: a row that still holds a part of the "
        "example is refused, so that nobody is booked with it."
    )
    yield "Save it as an Excel workbook (.xlsx) and send it back to whoever gave it to you."
    yield (
        f"To look for mistakes, type in a terminal: solv-import check FILE{told}. It names row, "
        "column and what to do, and sends nothing."
    )
    yield (
        f"To book, type: solv-import run FILE{told}. The same file again books nobody twice: "
        "what is booked is skipped."
    )


def _form_of(column: TemplateColumn) -> str:
    if not column.choices:
        return column.form
    shown = "; ".join(column.choices)
    return f"Choose from the list{f': {shown}' if len(shown) <= _MOST_SHOWN else ''}."


def _need_of(column: TemplateColumn) -> str:
    return "Required." if column.is_required else _empty_of(column) or "May stay empty."


def _empty_of(column: TemplateColumn) -> str:
    default = _SWITCHES.get(column.default, column.default)
    return f"Empty means {default}." if default else ""
