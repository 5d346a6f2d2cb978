"""What Solv answered, and what became of a row without an answer."""

from __future__ import annotations

from typing import Final

from importer.problems.entry import E, Entry, Example, N

ANSWERS: Final = {
    "IMP400": Entry(
        E,
        "refused by Solv",
        "Solv refused the row; there is no booking.",
        "Read Solv's words in the results, correct the row and run it again.",
        Example("row 7: 400 Bad Request", "row 7 as Solv's words ask for it"),
    ),
    "IMP401": Entry(
        E,
        "value refused by Solv",
        "Solv refused a value of this row; there is no booking.",
        "Correct the cell named and run it again.",
        Example("row 7: 422, phone", "row 7 with another phone number"),
    ),
    "IMP403": Entry(
        E,
        "not permitted at this location",
        "Solv does not let this client book at this location.",
        "Ask Solv for the location, or correct location_id.",
        Example("location_id 4021: 403", "location_id 4022, which the client may book"),
    ),
    "IMP404": Entry(
        E,
        "location or visit type unknown",
        "Solv does not know the location or the visit type.",
        "Correct location_id or visit_type_id.",
        Example("location_id 40210: 404", "location_id 4021"),
    ),
    "IMP409": Entry(
        E,
        "time taken or already booked",
        "Solv says that the time is taken, or that the booking exists.",
        "Look at the clinic's queue, then choose another time.",
        Example("2030-01-07 09:30: 409", "2030-01-07 09:45"),
    ),
    "IMP410": Entry(
        E,
        "may or may not be booked",
        "The request left, and no readable answer came back.",
        "Look it up in Solv, then settle it with reconcile.",
        Example("row 7: the line went dead after it was sent", "solv-import reconcile"),
    ),
    "IMP411": Entry(
        N,
        "not sent yet",
        "The run ended before this row was sent.",
        "Run the same command again; it carries on.",
        Example("stopped by Ctrl-C before row 900", "the same command again"),
    ),
    "IMP412": Entry(
        N,
        "booking cancelled",
        "The booking was marked as cancelled; the row may be booked again.",
        "Run the file itself again to book it anew; else do nothing.",
        Example("row 7, cancelled with reconcile", "row 7 may be sent again"),
    ),
}
