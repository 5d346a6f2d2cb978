"""Rows among each other, in other files and in earlier runs."""

from __future__ import annotations

from typing import Final

from importer.problems.entry import E, Entry, Example, N, W

ROWS: Final = {
    "IMP301": Entry(
        N,
        "same booking as an earlier row",
        "An earlier row of this file is the same booking.",
        "Nothing; it is not sent twice.",
        Example("rows 7 and 12 are the same visit", "row 7 is booked, row 12 is not sent"),
    ),
    "IMP302": Entry(
        N,
        "booked before",
        "An earlier run made this booking.",
        "Nothing; it is not sent again.",
        Example("row 7, booked last night", "row 7 is skipped and carries its booking id"),
    ),
    "IMP303": Entry(
        E,
        "changed after it was booked",
        "The row was booked before and holds other values now; it is not sent again.",
        "Change the booking in Solv, or put the old values back.",
        Example(
            "row 7, booked for 09:30, now says 10:30", "the old time, or a change made in Solv"
        ),
    ),
    "IMP304": Entry(
        E,
        "row copied with its row key",
        "Two rows carry the same row key.",
        "Clear the row_key cell of the copy.",
        Example("rows 7 and 8 with the same row_key", "row 8 with an empty row_key"),
    ),
    "IMP305": Entry(
        E,
        "same booking but for the middle name",
        "An earlier row of this file is the same booking, but its name cell holds another name.",
        "If it is another person, let the profile keep both names; if not, write them alike.",
        Example("Lee, Mary Ann and Lee, Mary Beth", 'the pattern "Last, First"'),
    ),
    "IMP306": Entry(
        E,
        "refused before",
        "Solv refused this very row in an earlier run; it is not sent again unchanged.",
        "Correct the row, or run with --retry-rejected.",
        Example("row 7, refused in June, unchanged", "row 7 with another phone number"),
    ),
    "IMP307": Entry(
        E,
        "may be booked already",
        "An earlier row or run sent this booking and its answer was lost.",
        "Settle it with reconcile; one decision settles both.",
        Example("row 7, whose answer was lost last night", "solv-import reconcile"),
    ),
    "IMP308": Entry(
        N,
        "left out",
        "The row was left out with --limit or --rows.",
        "Run again without the selection.",
        Example("row 900, with --limit 5", "the same command without --limit"),
    ),
    "IMP309": Entry(
        W,
        "perhaps the same visit twice",
        "A row above has the same location, the same day and all but the same patient.",
        "Look at both rows; both are sent. Delete one if they are the same visit.",
        Example("Ann Example in row 7, Anne Example in row 12", "row 12 deleted, or left if right"),
    ),
    "IMP310": Entry(
        E,
        "perhaps a visit that was moved",
        "This person has another booking to come at this location, which is not in the file.",
        "If the visit was moved, change it in Solv; if it is one more, add --allow-reschedules.",
        Example(
            "row 7, booked for the 7th last night, says the 9th today",
            "the booking changed in Solv, or --allow-reschedules",
        ),
    ),
}
