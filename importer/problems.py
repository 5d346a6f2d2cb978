"""The catalogue of problems: code, title, sentence and fix, which feed every surface.

IMP0xx the file · 1xx its headings and settings · 2xx one cell · 3xx between rows, files and
runs · 4xx Solv's answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Self


class Severity(StrEnum):
    """How much a problem weighs."""

    ERROR = "error"
    """The row, or for IMP0xx and IMP1xx the file, is not sent."""
    WARNING = "warning"
    """It is sent; somebody may want to look."""
    NOTE = "note"
    """Nothing is wrong."""


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE


class ProblemCode(Enum):
    """Every problem that a person may be told about; the value is its code."""

    severity: Severity
    title: str
    sentence: str
    fix: str

    def __new__(  # noqa: D102 - what an enum needs to give its members attributes
        cls, code: str, severity: Severity, title: str, sentence: str, fix: str
    ) -> Self:
        member = object.__new__(cls)
        member._value_ = code
        member.severity = severity
        member.title = title
        member.sentence = sentence
        member.fix = fix
        return member

    @property
    def code(self) -> str:
        """Return the code, such as `IMP220`."""
        return str(self.value)

    # The file
    SOURCE_NOT_FOUND = (
        "IMP001",
        _E,
        "file cannot be opened",
        "The file is missing, is a folder, or may not be read.",
        "Check the path and its permissions.",
    )
    SOURCE_EMPTY = (
        "IMP002",
        _E,
        "empty file",
        "The file holds nothing at all.",
        "Export it again; a file of 0 bytes is often an export that was cut off.",
    )
    SOURCE_NOT_A_SPREADSHEET = (
        "IMP003",
        _E,
        "not a spreadsheet",
        "The content is neither delimited text nor a workbook.",
        "Save it as CSV (UTF-8) or XLSX and try again.",
    )
    SOURCE_TYPE_MISMATCH = (
        "IMP004",
        _E,
        "content and name differ",
        "The content is of another type than the name says.",
        "Rename it to its real type, or save it as CSV or XLSX.",
    )
    SOURCE_ENCODING = (
        "IMP005",
        _E,
        "text encoding not recognized",
        "The bytes are not UTF-8, so letters with accents could come out wrong.",
        "Save it as CSV UTF-8, or name its encoding with --encoding.",
    )
    QUOTE_NOT_CLOSED = (
        "IMP006",
        _E,
        "quotation mark never closed",
        "A quoted cell opens and never ends, so the rows after it cannot be told apart.",
        "Close or remove the quotation mark in the line named.",
    )
    DELIMITER_UNCLEAR = (
        "IMP007",
        _E,
        "delimiter not clear",
        "No single delimiter of comma, semicolon, tab and bar gives every row the same width.",
        "Name it with --delimiter, or save the file again with one delimiter.",
    )
    SHEET_UNCLEAR = (
        "IMP008",
        _E,
        "which sheet?",
        "The workbook has more than one visible sheet.",
        "Name the one to read with --sheet.",
    )
    SHEET_NOT_FOUND = (
        "IMP009",
        _E,
        "no such sheet",
        "The workbook has no sheet of that name.",
        "Name one of the sheets listed.",
    )
    SOURCE_ENCRYPTED = (
        "IMP010",
        _E,
        "password-protected workbook",
        "The workbook is encrypted.",
        "Set SOLV_IMPORT_SOURCE_PASSWORD to its password, or save a copy without one.",
    )
    SOURCE_CORRUPT = (
        "IMP011",
        _E,
        "damaged workbook",
        "The workbook is cut off or damaged.",
        "Open it in your spreadsheet program, save it again, and try again.",
    )
    SOURCE_TOO_LARGE = (
        "IMP012",
        _E,
        "larger than the safe limit",
        "The file would unpack to more than this program accepts.",
        "Split it into smaller files.",
    )
    SOURCE_ACTIVE_CONTENT = (
        "IMP013",
        _E,
        "document type definition inside",
        "The workbook holds XML entities, which no spreadsheet program writes.",
        "Save it again from your spreadsheet program.",
    )
    ARCHIVE_UNCLEAR = (
        "IMP014",
        _E,
        "which file in the archive?",
        "The archive does not hold just one file.",
        "Unpack it, and name the file that holds the patients.",
    )
    HEADER_ROW_UNCLEAR = (
        "IMP015",
        _E,
        "no headings in the first row",
        "The first row does not hold column headings.",
        "Name the row of the headings with --header-row, or add one.",
    )
    TABLES_UNCLEAR = (
        "IMP016",
        _E,
        "more than one table",
        "A second table stands below or beside the first one.",
        "Keep one table in the file, or on the sheet.",
    )
    PASSWORD_WRONG = (
        "IMP017",
        _E,
        "wrong password",
        "The password does not open the workbook.",
        "Set SOLV_IMPORT_SOURCE_PASSWORD to its password, or save a copy without one.",
    )
    SOURCE_CHANGING = (
        "IMP018",
        _E,
        "still being written",
        "The file changed while it was read.",
        "Wait until it is complete, then run again; let others move it here when it is.",
    )
    ROW_TOO_WIDE = (
        "IMP020",
        _E,
        "more cells than headings",
        "The row has more cells than there are headings, so its cells may have moved.",
        "Put quotation marks around the cell that holds the delimiter.",
    )
    ROW_TOO_NARROW = (
        "IMP021",
        _E,
        "fewer cells than headings",
        "The row has fewer cells than there are headings, so its cells may have moved.",
        "Add the missing cells, or remove the line break inside a cell.",
    )
    CELL_NOT_DECODABLE = (
        "IMP022",
        _E,
        "bytes that are not text",
        "The cell holds bytes that are not UTF-8.",
        "Type the text of this cell again.",
    )
    CELL_CONTROL_CHARACTER = (
        "IMP023",
        _E,
        "control character",
        "The cell holds an invisible control character.",
        "Type the text of this cell again.",
    )
    CELL_ERROR_VALUE = (
        "IMP024",
        _E,
        "spreadsheet error",
        "The cell shows an error such as #N/A or #REF!.",
        "Mend the formula, or type the value.",
    )
    FORMULA_NOT_CALCULATED = (
        "IMP025",
        _E,
        "formula never calculated",
        "The cell holds a formula whose result was never saved.",
        "Open the workbook in a spreadsheet program, save it, and try again.",
    )
    CELL_TOO_LONG = (
        "IMP026",
        _E,
        "text too long",
        "The cell holds more text than a booking may carry.",
        "Shorten it.",
    )
    HEADER_REPEATED = (
        "IMP027",
        _E,
        "headings again",
        "The row repeats the headings, as joined exports do.",
        "Delete the row.",
    )
    STRAY_QUOTE = (
        "IMP028",
        _E,
        "quotation mark inside a cell",
        "A quotation mark stands in the middle of a cell.",
        "Double it, or remove it.",
    )
    CELL_MERGED = (
        "IMP029",
        _E,
        "merged cells",
        "The cell is merged with another one, which alone holds the value.",
        "Split the merged cells, and fill in each of them.",
    )
    FORMULA_VALUE_USED = (
        "IMP030",
        _W,
        "formula",
        "The cell holds a formula; the result saved with it is used.",
        "Nothing, if the value is right.",
    )
    HIDDEN_SHEET = (
        "IMP031",
        _W,
        "hidden sheet not read",
        "The workbook has hidden sheets, which are not read.",
        "Name one with --sheet to read it.",
    )
    HIDDEN_ROWS = (
        "IMP032",
        _W,
        "hidden rows",
        "The sheet has hidden or filtered rows; they are read as well.",
        "Delete them if they should not be booked.",
    )
    MACROS_IGNORED = (
        "IMP033",
        _W,
        "macros ignored",
        "The workbook holds macros; only its values are read.",
        "Nothing.",
    )
    END_OF_FILE_MARK = (
        "IMP034",
        _W,
        "old end-of-file mark",
        "The file ends with Ctrl-Z, which is ignored.",
        "Nothing.",
    )

    ENCODING_DETECTED = (
        "IMP035",
        _W,
        "old text encoding",
        "The text is not UTF-8; it is read in the one other encoding that makes sense of it.",
        "Look at names with accents; if they are right, name it with --encoding.",
    )
    SOURCE_DECRYPTED = (
        "IMP036",
        _W,
        "opened with its password",
        "The workbook was opened with its password; the results have none.",
        "Keep the results as private as the workbook.",
    )
    COMMENT_LINE = (
        "IMP040",
        _E,
        "comment line",
        "The row begins with #, as comments do.",
        "Delete the row, or the # if it is a patient.",
    )
    FOOTER_ROW = (
        "IMP041",
        _E,
        "total or footer",
        "The row is a total, a footer or a line, not a patient.",
        "Delete the row.",
    )
    DATE_BEFORE_MARCH_1900 = (
        "IMP042",
        _E,
        "date before March 1900",
        "Spreadsheet programs count the days before March 1900 in different ways.",
        "Type the date as text: YYYY-MM-DD.",
    )

    # Headings and settings of the whole file
    COLUMN_MISSING = (
        "IMP101",
        _E,
        "required column missing",
        "No heading could be matched to a field that every booking needs.",
        "Rename the heading, or map it under [columns] in a profile.",
    )
    COLUMN_TWICE = (
        "IMP102",
        _E,
        "two columns for one field",
        "Two headings stand for the same booking field.",
        "Remove or rename one of them, or map just one in a profile.",
    )
    HEADING_BLANK = (
        "IMP103",
        _E,
        "column without a heading",
        "A column holds values but has no heading.",
        "Give it a heading, or empty it.",
    )
    COLUMN_UNKNOWN = (
        "IMP104",
        _W,
        "column not sent",
        "The heading stands for no booking field; its values stay here.",
        "Nothing, or map it under [columns] in a profile.",
    )
    PROFILE_COLUMN_MISSING = (
        "IMP105",
        _E,
        "mapped heading not found",
        "The profile maps a heading that this file does not have.",
        "Correct [columns] in the profile, or the heading in the file.",
    )
    TIMEZONE_NEEDED = (
        "IMP106",
        _E,
        "whose local time?",
        "Appointments are given without an offset, and no time zone is set.",
        "Name the clinic's zone: --timezone America/Chicago, or a profile's [dates] timezone.",
    )
    DATE_ORDER_NEEDED = (
        "IMP107",
        _E,
        "day or month first?",
        "Dates such as 03/04/1985 can be read in two ways.",
        "Say which: --date-order MDY or DMY, or order under [dates] in a profile.",
    )
    HEADING_LOOKALIKE = (
        "IMP108",
        _E,
        "heading with look-alike letters",
        "The heading holds letters of another alphabet that only look like Latin ones.",
        "Type the heading again.",
    )
    ROW_KEY_FOREIGN = (
        "IMP109",
        _E,
        "row key of another ledger",
        "The file holds row keys that this ledger never gave out.",
        "Use the state folder that made these results, or delete the row_key column.",
    )

    # One cell
    REQUIRED_EMPTY = (
        "IMP200",
        _E,
        "required value missing",
        "A field that every booking needs is empty.",
        "Fill it in.",
    )
    TEXT_INVISIBLE = (
        "IMP201",
        _W,
        "invisible characters removed",
        "The cell held characters that cannot be seen; they were removed.",
        "Nothing.",
    )
    TEXT_BIDI = (
        "IMP202",
        _E,
        "text that changes its direction",
        "The cell holds a character that reverses how text is shown.",
        "Type the text again.",
    )
    TEXT_EMOJI = (
        "IMP203",
        _W,
        "emoji",
        "The cell holds an emoji.",
        "Remove it if it does not belong to the name.",
    )
    APOSTROPHE_REMOVED = (
        "IMP204",
        _W,
        "leading apostrophe removed",
        "The cell began with the apostrophe that spreadsheets use to mark text.",
        "Nothing.",
    )
    DATE_UNREADABLE = (
        "IMP210",
        _E,
        "not a date",
        "The text is not a date in a form that can be read without guessing.",
        "Write it as YYYY-MM-DD.",
    )
    DATE_TWO_DIGIT_YEAR = (
        "IMP212",
        _E,
        "year of two digits",
        "The century is missing.",
        "Write the year with four digits.",
    )
    DATE_PARTIAL = (
        "IMP213",
        _E,
        "incomplete date",
        "Day, month or year is missing.",
        "Write the whole date as YYYY-MM-DD.",
    )
    DATE_SERIAL = (
        "IMP214",
        _E,
        "number instead of a date",
        "The cell holds a bare number, not a date.",
        "Format the cell as a date, or write YYYY-MM-DD.",
    )
    DATE_NOT_IN_CALENDAR = (
        "IMP215",
        _E,
        "no such day",
        "This day is not in the calendar.",
        "Correct the day or the month.",
    )
    BIRTH_DATE_IN_FUTURE = (
        "IMP216",
        _E,
        "birth date in the future",
        "The birth date has not come yet.",
        "Correct it; a year of two digits is a common cause.",
    )
    BIRTH_DATE_TOO_OLD = (
        "IMP217",
        _E,
        "birth date too long ago",
        "The birth date lies more than 130 years back.",
        "Correct it.",
    )
    BIRTH_DATE_TODAY = (
        "IMP218",
        _W,
        "born today",
        "The birth date is today.",
        "Nothing, if the patient is a newborn.",
    )
    BIRTH_DATE_HAS_TIME = (
        "IMP219",
        _E,
        "birth date with a time",
        "The birth date carries a time of day.",
        "Remove the time.",
    )
    PHONE_NOT_US = (
        "IMP220",
        _E,
        "not a US phone number",
        "A US phone number has ten digits, and neither area code nor exchange begins with 0 or 1.",
        "Correct the number.",
    )
    PHONE_LETTERS = (
        "IMP221",
        _E,
        "letters in the phone number",
        "The phone number holds letters.",
        "Write it in digits.",
    )
    PHONE_TWO_NUMBERS = (
        "IMP222",
        _E,
        "two phone numbers",
        "The cell holds more than one phone number.",
        "Keep one.",
    )
    PHONE_EXTENSION = (
        "IMP223",
        _W,
        "extension left out",
        "The number is sent without its extension.",
        "Nothing.",
    )
    PHONE_UNASSIGNED = (
        "IMP224",
        _W,
        "area code not in use",
        "The number has the right form, but its area code or exchange is not known to be in use.",
        "Check it.",
    )
    SCIENTIFIC_PRECISION_LOST = (
        "IMP225",
        _E,
        "digits lost",
        "The number was saved in scientific notation, and its last digits are gone.",
        "Format the column as text and type the number again.",
    )
    PHONE_FOREIGN = (
        "IMP226",
        _E,
        "phone number of another country",
        "Only US numbers can be booked.",
        "Give a US number.",
    )
    APPOINTMENT_NO_TIME = (
        "IMP230",
        _E,
        "time of day missing",
        "The appointment has a date but no time.",
        "Add the time, such as 2030-01-07 09:30.",
    )
    APPOINTMENT_IN_PAST = (
        "IMP231",
        _E,
        "appointment in the past",
        "The time of the appointment has passed.",
        "Correct it, or leave the row out.",
    )
    APPOINTMENT_DST_GAP = (
        "IMP232",
        _E,
        "hour that does not exist",
        "On that night clocks skip this hour.",
        "Correct the time, or write it with its offset.",
    )
    APPOINTMENT_DST_OVERLAP = (
        "IMP233",
        _E,
        "hour that comes twice",
        "On that night clocks show this hour twice.",
        "Write it with its offset, such as 2030-11-03T01:30:00-05:00.",
    )
    APPOINTMENT_UNREADABLE = (
        "IMP234",
        _E,
        "not a date and time",
        "The text is not a date and time in a form that can be read without guessing.",
        "Write it as YYYY-MM-DD HH:MM.",
    )
    INTEGER_NOT_EXACT = (
        "IMP240",
        _E,
        "not a whole number",
        "The field needs a whole number, such as 4021.",
        "Correct it.",
    )
    INTEGER_TOO_LARGE = (
        "IMP241",
        _E,
        "number too large",
        "The number is larger than a spreadsheet keeps exactly.",
        "Format the column as text and type the number again.",
    )
    BOOLEAN_UNKNOWN = (
        "IMP250",
        _E,
        "neither yes nor no",
        "The field takes yes or no.",
        "Write yes or no.",
    )
    BIRTH_SEX_UNKNOWN = (
        "IMP251",
        _E,
        "value not known",
        "The field takes male or female.",
        "Write male or female, or leave it empty.",
    )
    EMAIL_INVALID = (
        "IMP260",
        _E,
        "not an e-mail address",
        "The text is not an e-mail address.",
        "Correct it, or leave it empty.",
    )
    EMAIL_TWO = (
        "IMP261",
        _E,
        "two e-mail addresses",
        "The cell holds more than one address.",
        "Keep one.",
    )
    EMAIL_MAILTO = (
        "IMP262",
        _W,
        "mailto: removed",
        "The address began with mailto:, which was removed.",
        "Nothing.",
    )
    ZIP_INVALID = (
        "IMP270",
        _E,
        "not a ZIP code",
        "A ZIP code has five digits, or five and four.",
        "Correct it.",
    )
    LEADING_ZERO_LOST = (
        "IMP271",
        _E,
        "leading zero lost",
        "The ZIP code has fewer than five digits: a spreadsheet took its zero away.",
        "Format the column as text and type it again, or set pad_zip = true in a profile.",
    )
    ZIP_FOREIGN = (
        "IMP272",
        _W,
        "postal code of another country",
        "The postal code is not of the US; it is sent as it is.",
        "Nothing, if it is right.",
    )
    ZIP_PADDED = (
        "IMP273",
        _W,
        "leading zero put back",
        "The ZIP code was filled up to five digits, as the profile says.",
        "Nothing.",
    )
    STATE_UNKNOWN = (
        "IMP274",
        _E,
        "not a US state",
        "The text is neither the name nor the two letters of a US state.",
        "Write its two letters.",
    )
    URL_NOT_HTTPS = (
        "IMP280",
        _E,
        "not an https address",
        "Only addresses that begin with https:// are sent.",
        "Correct it, or leave it empty.",
    )

    # Between rows, files and runs
    DUPLICATE_IN_FILE = (
        "IMP301",
        _N,
        "same booking as an earlier row",
        "An earlier row of this file is the same booking.",
        "Nothing; it is not sent twice.",
    )
    ALREADY_BOOKED = (
        "IMP302",
        _N,
        "booked before",
        "An earlier run made this booking.",
        "Nothing; it is not sent again.",
    )
    BOOKED_ROW_EDITED = (
        "IMP303",
        _E,
        "changed after it was booked",
        "The row was booked before and holds other values now; it is not sent again.",
        "Change the booking in Solv, or put the old values back.",
    )
    ROW_KEY_COPIED = (
        "IMP304",
        _E,
        "row copied with its row key",
        "Two rows carry the same row key.",
        "Clear the row_key cell of the copy.",
    )
    REJECTED_BEFORE = (
        "IMP306",
        _E,
        "refused before",
        "Solv refused this very row in an earlier run; it is not sent again unchanged.",
        "Correct the row, or run with --retry-rejected.",
    )
    UNKNOWN_BEFORE = (
        "IMP307",
        _E,
        "may be booked already",
        "An earlier row or run sent this booking and its answer was lost.",
        "Settle it with reconcile; one decision settles both.",
    )
    LEFT_OUT = (
        "IMP308",
        _N,
        "left out",
        "The row was left out with --limit or --rows.",
        "Run again without the selection.",
    )

    # What Solv answered
    API_REJECTED = (
        "IMP400",
        _E,
        "refused by Solv",
        "Solv refused the row; there is no booking.",
        "Read Solv's words in the results, correct the row and run it again.",
    )
    API_FIELD_REFUSED = (
        "IMP401",
        _E,
        "value refused by Solv",
        "Solv refused a value of this row; there is no booking.",
        "Correct the cell named and run it again.",
    )
    API_FORBIDDEN = (
        "IMP403",
        _E,
        "not permitted at this location",
        "Solv does not let this client book at this location.",
        "Ask Solv for the location, or correct location_id.",
    )
    API_NOT_FOUND = (
        "IMP404",
        _E,
        "location or visit type unknown",
        "Solv does not know the location or the visit type.",
        "Correct location_id or visit_type_id.",
    )
    API_CONFLICT = (
        "IMP409",
        _E,
        "time taken or already booked",
        "Solv says that the time is taken, or that the booking exists.",
        "Look at the clinic's queue, then choose another time.",
    )
    OUTCOME_UNKNOWN = (
        "IMP410",
        _E,
        "may or may not be booked",
        "The request left, and no readable answer came back.",
        "Look it up in Solv, then settle it with reconcile.",
    )
    NOT_SENT = (
        "IMP411",
        _N,
        "not sent yet",
        "The run ended before this row was sent.",
        "Run the same command again; it carries on.",
    )
    BOOKING_CANCELLED = (
        "IMP412",
        _N,
        "booking cancelled",
        "The booking was marked as cancelled; the row may be booked again.",
        "Run the file itself again to book it anew; else do nothing.",
    )


ASIDES = frozenset({ProblemCode.HEADER_REPEATED, ProblemCode.COMMENT_LINE, ProblemCode.FOOTER_ROW})
"""Problems of rows that nobody meant to book; nothing else needs to be said of such a row."""

_BY_CODE = {problem.code: problem for problem in ProblemCode}


def problem_of(code: str) -> ProblemCode:
    """Return the problem with this code, such as `IMP220`; KeyError when there is none."""
    return _BY_CODE[code]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """One thing that is wrong, or worth a look, with one row."""

    row_number: int
    """As the spreadsheet shows it; data from 2."""
    code: ProblemCode
    field: str = ""
    """The API field, "" when it is about the row."""
    column: int | None = None
    """The source's column, from 0; None when it has none."""
    hint: str = ""
    """A few words for this case, never a value of the row."""

    @property
    def is_error(self) -> bool:
        """Return whether it keeps the row from being sent."""
        return self.code.severity is Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """One thing that is wrong, or worth a look, with a whole file or its settings."""

    code: ProblemCode
    place: str = ""
    """Where: sheet, line, column letters; never a value of a row."""
    hint: str = ""

    @property
    def is_error(self) -> bool:
        """Return whether it keeps the file from being read."""
        return self.code.severity is Severity.ERROR

    def sentence(self) -> str:
        """Return the one sentence that a person reads."""
        words = [self.place + ":" if self.place else "", self.code.sentence, self.hint]
        return " ".join(word for word in words if word)
