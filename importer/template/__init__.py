"""An empty workbook to type patients into, which imports without a question of its columns."""

from __future__ import annotations

from importer.template.columns import TemplateColumn, template_columns
from importer.template.workbook import DATA_SHEET, LAST_ROW
from importer.template.write import write_template

__all__ = [
    "DATA_SHEET",
    "LAST_ROW",
    "TemplateColumn",
    "template_columns",
    "write_template",
]
