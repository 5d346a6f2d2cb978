"""Settings of one run: which rows go, where its results are, what is said."""

from __future__ import annotations

from importer.settings import parsing
from importer.settings.catalogue.spec import Spec, switch

RUN: tuple[Spec, ...] = (
    switch("only_valid", "send the valid rows although others are invalid", section="run"),
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
    switch("retry_rejected", "send unchanged rows again that Solv refused before"),
    switch("allow_duplicates", "send rows of one file that are the same booking"),
    switch("allow_walkin_scheduling", "book walk-in times too (a query parameter)", section="run"),
    switch("as_unknown", "send nothing: hold the rows as unknown, when a ledger is lost"),
    switch("dry_run", "check the file and say what would be sent; send nothing"),
    # No file may answer for a person: a profile travels, and would answer everywhere.
    switch("yes", "do not ask before sending"),
    switch("non_interactive", "never ask anything"),
    Spec(name="results", parse=parsing.path, what="where the results go", flag="--results"),
    Spec(name="summary", parse=parsing.path, what="where the JSON summary goes", flag="--summary"),
)
"""Which rows go, and where what came of them is written."""


TALK: tuple[Spec, ...] = (
    switch("json", "JSON on standard output"),
    switch("quiet", "say only what went wrong"),
    Spec(name="verbose", parse=parsing.verbosity, what="log more", default="0", flag="-v"),
    switch("show_values", "show values of cells although the output is no terminal"),
    Spec(name="state_dir", parse=parsing.path, what="ledgers, spool and keys", section="run"),
    Spec(
        name="profile",
        parse=parsing.text,
        what="a profile's name or path",
        section="run",
        flag="--profile",
    ),
)
"""What is said, and where things are."""
