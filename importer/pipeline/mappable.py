"""What a file says about the profile that it needs: its headings, and facts about its cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.headings import heading_key
from importer.lettering import column_letter
from importer.pipeline.intake import open_columns, today_of
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime
    from pathlib import Path

    import pandas as pd

    from importer.columns import ColumnPlan, ProfileColumns
    from importer.reading import Chunk, Table
    from importer.settings import Settings
    from importer.suggestions import ColumnFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class MappableFile:
    """A file that is open, and which of its columns a profile may name."""

    name: str
    table: Table
    headings: dict[int, str] = field(repr=False)
    """Their headings by column; those of our results and empty ones left out."""
    plan: ColumnPlan
    """What is known already: by name, or by the profile that was given."""
    profile: ProfileColumns
    today: date

    @property
    def mappable(self) -> list[int]:
        """Return the columns whose heading stands there once."""
        keys = [heading_key(text) for text in self.headings.values()]
        return [c for c, text in self.headings.items() if keys.count(heading_key(text)) == 1]

    def samples(self, count: int) -> dict[int, list[str]]:
        """Return the first different values of each column, among the first rows."""
        found: dict[int, list[str]] = {column: [] for column in self.headings}
        for chunk in islice(self.table.chunks(), 1):
            frame = _table_rows(chunk)
            for column, texts in found.items():
                filled = (text for text in frame[column].tolist() if text.strip())
                texts.extend(islice(dict.fromkeys(filled), count))
        return found

    def facts(
        self, columns: Collection[int], *, names: Collection[int] = (), dates: Collection[int] = ()
    ) -> dict[int, ColumnFacts]:
        """Read the file to its end and return what these columns hold.

        Args:
            columns: Which.
            names: Those of them that may hold whole names.
            dates: Those of them that may hold dates or times.

        Raises:
            SourceError: Something further down makes the whole file unusable.
        """
        from importer.suggestions import ColumnFacts  # noqa: PLC0415 - only when a file is read

        found = {column: ColumnFacts() for column in columns}
        for chunk in self.table.chunks():
            frame = _table_rows(chunk)
            for column, facts in found.items():
                texts = frame[column].tolist()
                facts.add(texts, is_name=column in names, is_date=column in dates)
        return found


_ASIDES = frozenset({ProblemCode.FOOTER_ROW, ProblemCode.COMMENT_LINE, ProblemCode.HEADER_REPEATED})


def _table_rows(chunk: Chunk) -> pd.DataFrame:
    """Return the rows of a chunk without totals, comments and headings that come again."""
    asides = {problem.row_number for problem in chunk.problems if problem.code in _ASIDES}
    return chunk.frame[~chunk.frame.index.isin(asides)] if asides else chunk.frame


def open_for_mapping(path: Path, settings: Settings, *, now: datetime) -> MappableFile:
    """Open a file whose headings shall be mapped.

    Raises:
        SourceError: It cannot be read, or has a patient where headings should be: a profile
            lies in git, and must hold none.
    """
    from importer.suggestions import looks_like_data  # noqa: PLC0415 - only when a file is read

    profile = settings.profile_columns
    table, plan = open_columns(path, settings, path.name)
    headings = {c: text for c, text in enumerate(table.headings) if c not in plan.ours and text}
    like_data = [column_letter(c) for c, text in headings.items() if looks_like_data(text)]
    if like_data:
        raise SourceError(
            f"{path.name}: the heading of column {', '.join(like_data[:6])} looks like a patient's "
            "data, which must not stand in a profile.",
            todo="Name the row of the headings with --header-row, or give the column a heading.",
            code=ProblemCode.HEADER_ROW_UNCLEAR.code,
        )
    return MappableFile(
        name=path.name,
        table=table,
        headings=headings,
        plan=plan,
        profile=profile,
        today=today_of(settings, now),
    )
