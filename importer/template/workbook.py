"""The template as a workbook: a sheet to type into, how to do it, and lists to choose from."""

from __future__ import annotations

from itertools import zip_longest
from math import ceil
from typing import IO, TYPE_CHECKING

from importer.lettering import column_letter
from importer.reading.workbook import TEMPLATE_NAME, TEMPLATE_OTHER_SHEETS
from importer.results.xlsx import Pen, Sheet, Style, streamed_workbook
from importer.template.how_to import COLUMN_TABLE, HOW_TO_TITLE, note_of, steps_of, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from importer.template.columns import TemplateColumn

DATA_SHEET = "Patients"
LAST_ROW = 5_000
"""The last row of which lists are offered; columns are text to their end."""

_HOW_TO, _LISTS = TEMPLATE_OTHER_SHEETS
_INLINE_LIMIT = 255
"""The longest list, commas included, that Excel takes in a cell's rule; longer ones are areas."""
_PROMPT_LIMIT = 255
_LETTER_PAPER = 1
_PAGES_WIDE = 2
"""On one page so many columns would be too small to read."""
_LINE_HEIGHT, _LETTER_WIDTH = 15, 0.88
"""Points; and how wide a letter is beside a digit, in which columns are measured."""
_TABLE_WIDTHS = (26, 10, 44, 52, 28)


def write_workbook(
    file: IO[bytes],
    columns: Sequence[TemplateColumn],
    *,
    sheet: str,
    profile: str,
    work_dir: Path,
) -> None:
    """Write the template; the same columns make the same bytes.

    Args:
        file: Where it goes.
        columns: In their order.
        sheet: The name of the sheet to type into.
        profile: The name of the profile that it was made for, "" for none.
        work_dir: A folder that nobody else can write into.

    Raises:
        OSError: `file` or `work_dir` cannot be written.
    """
    title = "Patients to book"
    with streamed_workbook(file, work_dir, title=title, made_at="", properties={}) as workbook:
        pen = Pen(workbook)
        areas = _areas(columns)
        data = workbook.add_worksheet(sheet)
        _write_data(data, pen, columns)
        for number, column in enumerate(columns):
            if column.choices:
                _offer(data, number, column, areas.get(number, ""))
        _write_how_to(workbook.add_worksheet(_HOW_TO), pen, columns, list(steps_of(sheet, profile)))
        if areas:
            _write_lists(workbook.add_worksheet(_LISTS), pen, [columns[n] for n in areas])
        # By this name our reader knows which sheets hold no patients.
        workbook.define_name(TEMPLATE_NAME, f"='{_HOW_TO}'!$A$1")


def _write_data(sheet: Sheet, pen: Pen, columns: Sequence[TemplateColumn]) -> None:
    """Write the headings with their notes and the example, and set the sheet up."""
    text = pen.format(Style.TEXT)
    for number, column in enumerate(columns):
        style = Style.HEADING if column.is_required else Style.OUR_HEADING
        sheet.set_column(number, number, column.width, text)
        pen.text(sheet, (0, number), column.title, style)
        pen.note(sheet, (0, number), note_of(column))
    for number, column in enumerate(columns):
        pen.text(sheet, (1, number), column.example)
    last = len(columns) - 1
    sheet.conditional_format(1, 0, LAST_ROW - 1, last, _while_example(pen, columns))
    sheet.ignore_errors({"number_stored_as_text": f"A1:{_cell(LAST_ROW, last)}"})
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(_LETTER_PAPER)
    sheet.fit_to_pages(_PAGES_WIDE, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&F&RPage &P of &N")


def _while_example(pen: Pen, columns: Sequence[TemplateColumn]) -> dict[str, object]:
    """Return the rule that greys a row as long as it holds the example's phone number."""
    phone = next(n for n, column in enumerate(columns) if column.field == "phone")
    criteria = f'=${column_letter(phone)}2="{columns[phone].example}"'
    return {"type": "formula", "criteria": criteria, "format": pen.rule(Style.EXAMPLE)}


def _offer(sheet: Sheet, number: int, column: TemplateColumn, area: str) -> None:
    """Offer a column's words in its cells and refuse all others."""
    refusal = f"{column.heading} takes the words of its list only. Empty the cell, or choose one."
    title = "Choose from the list"
    rule = {
        "validate": "list",
        "source": area or list(column.choices),
        "input_title": title,
        "input_message": note_of(column)[:_PROMPT_LIMIT],
        "error_type": "stop",
        "error_title": title,
        "error_message": refusal[:_PROMPT_LIMIT],
    }
    if sheet.data_validation(1, number, LAST_ROW - 1, number, rule):
        message = f"no list could be written for {column.field}"
        raise ValueError(message)


def _areas(columns: Sequence[TemplateColumn]) -> Mapping[int, str]:
    """Return by column where its words stand, for those that no rule can hold itself."""
    areas: dict[int, str] = {}
    for number, column in enumerate(columns):
        is_long = len(",".join(column.choices)) > _INLINE_LIMIT
        if is_long or any(sign in word for word in column.choices for sign in ',"'):
            letters = column_letter(len(areas))
            last = len(column.choices) + 1
            areas[number] = f"='{_LISTS}'!${letters}$2:${letters}${last}"
    return areas


def _write_lists(sheet: Sheet, pen: Pen, columns: Sequence[TemplateColumn]) -> None:
    for number, column in enumerate(columns):
        sheet.set_column(number, number, max(column.width, 30), pen.format(Style.TEXT))
        pen.text(sheet, (0, number), column.heading, Style.OUR_HEADING)
    sheet.freeze_panes(1, 0)
    words = zip_longest(*(column.choices for column in columns), fillvalue="")
    for line, row in enumerate(words, start=1):
        for number, word in enumerate(row):
            pen.text(sheet, (line, number), word)


def _write_how_to(
    sheet: Sheet, pen: Pen, columns: Sequence[TemplateColumn], steps: Sequence[str]
) -> None:
    sheet.hide_gridlines(2)
    for number, width in enumerate(_TABLE_WIDTHS):
        sheet.set_column(number, number, width)
    pen.text(sheet, (0, 0), HOW_TO_TITLE, Style.TITLE)
    across = sum(_TABLE_WIDTHS)
    for number, step in enumerate(steps, start=1):
        sheet.set_row(number, _height((f"{number}. {step}",), (across,)) + 3)
        sheet.merge_range(number, 0, number, len(_TABLE_WIDTHS) - 1, "", pen.format(Style.WRAPPED))
        pen.text(sheet, (number, 0), f"{number}. {step}", Style.WRAPPED)
    top = len(steps) + 2
    for number, heading in enumerate(COLUMN_TABLE):
        pen.text(sheet, (top, number), heading, Style.HEADING)
    for line, cells in enumerate(table_of(columns), start=top + 1):
        sheet.set_row(line, _height(cells, _TABLE_WIDTHS))
        for number, text in enumerate(cells):
            pen.text(sheet, (line, number), text, Style.WRAPPED)
    sheet.set_landscape()
    sheet.set_paper(_LETTER_PAPER)
    sheet.fit_to_pages(1, 0)


def _height(texts: Sequence[str], widths: Sequence[int]) -> int:
    """Return how high a row must be for wrapped texts in columns of these widths, in points."""
    lines = (
        ceil(len(text) * _LETTER_WIDTH / width) for text, width in zip(texts, widths, strict=True)
    )
    return _LINE_HEIGHT * max(1, *lines)


def _cell(row: int, column: int) -> str:
    return f"{column_letter(column)}{row}"
