"""The headings, and settings that hold for the whole file."""

from __future__ import annotations

from typing import Final

from importer.problems.entry import E, Entry, Example, W

HEADINGS: Final = {
    "IMP101": Entry(
        E,
        "required column missing",
        "No heading could be matched to a field that every booking needs.",
        "Rename the heading, or map it under [columns] in a profile.",
        Example("First name, Last name, Contact", "First name, Last name, Phone"),
    ),
    "IMP102": Entry(
        E,
        "two columns for one field",
        "Two headings stand for the same booking field.",
        "Remove or rename one of them, or map just one in a profile.",
        Example("Phone, Mobile phone", '"Mobile phone" = "phone" under [columns]'),
    ),
    "IMP103": Entry(
        E,
        "column without a heading",
        "A column holds values but has no heading.",
        "Give it a heading, or empty it.",
        Example("First name, , Phone", "First name, Last name, Phone"),
    ),
    "IMP104": Entry(
        W,
        "column not sent",
        "The heading stands for no booking field; its values stay here.",
        "Nothing, or map it under [columns] in a profile.",
        Example("Insurance", "Insurance stays in the file"),
    ),
    "IMP105": Entry(
        E,
        "mapped heading not found",
        "The profile names a heading that this file does not have, or one column twice.",
        "Correct [columns], [joined] or [split] in the profile, or the heading in the file.",
        Example('"Cell #" = "phone", but the file says Cell No', '"Cell No" = "phone"'),
    ),
    "IMP106": Entry(
        E,
        "whose local time?",
        "Appointments are given without an offset, and no time zone is set.",
        "Name the clinic's zone: --timezone America/Chicago, or a profile's [dates] timezone.",
        Example("2030-01-07 09:30", "2030-01-07 09:30 with --timezone America/Chicago"),
    ),
    "IMP107": Entry(
        E,
        "day or month first?",
        "Dates such as 03/04/1985 can be read in two ways.",
        "Say which: --date-order MDY or DMY for all columns, or orders under [dates] in a profile.",
        Example("03/04/1985", "03/04/1985 with --date-order MDY"),
    ),
    "IMP108": Entry(
        E,
        "heading with look-alike letters",
        "The heading holds letters of another alphabet that only look like Latin ones.",
        "Type the heading again.",
        Example("Phone with a Cyrillic o", "Phone"),
    ),
    "IMP109": Entry(
        E,
        "row key of another ledger",
        "The file holds row keys that this ledger never gave out.",
        "Use the state folder that made these results, or delete the row_key column.",
        Example(
            "results made with another state folder", "the same file without its row_key column"
        ),
    ),
    "IMP110": Entry(
        E,
        "headings differ from the profile's",
        "The headings are not those that the profile was made for.",
        "If the change is right, correct the profile: solv-import map FILE --profile NAME.",
        Example('headings = ["Cell #"], but the file says Cell No', 'headings = ["Cell No"]'),
    ),
    "IMP111": Entry(
        W,
        "heading known by another name",
        "The heading is another name of a booking field, and is read as that.",
        "Nothing, if it is right; else map it under [columns] in a profile.",
        Example("Cell", "Cell is read as phone"),
    ),
    "IMP112": Entry(
        E,
        "the profile reads rows otherwise than before",
        "Rows that were booked would count as new ones, and be booked a second time.",
        "Import a file of new rows alone, and let it go on with --accept-change; else undo it.",
        Example("Lakeview = 4021 in June, 4022 in July", "a file without the visits of June"),
    ),
    "IMP113": Entry(
        E,
        "heading contradicts the order of dates",
        "The heading names another order of day and month than the settings.",
        "Correct whichever is wrong; an order holds where [file] headings has that very heading.",
        Example('DOB (DD/MM/YYYY) with order = "MDY"', 'DOB (DD/MM/YYYY) with order = "DMY"'),
    ),
}
