"""Every problem by name and code; its words stand in the module of its group."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, Self

from importer.problems.answers import ANSWERS
from importer.problems.cells import CELLS
from importer.problems.file import FILE
from importer.problems.headings import HEADINGS
from importer.problems.rows import ROWS

if TYPE_CHECKING:
    from importer.problems.entry import Example, Severity

_ENTRIES = FILE | HEADINGS | CELLS | ROWS | ANSWERS

GROUPS: Final = {
    "0": "The file",
    "1": "Its headings, and settings of the whole file",
    "2": "One cell",
    "3": "Between rows, files and runs",
    "4": "What Solv answered",
}
"""First digit of a code -> what its group is about."""


class ProblemCode(Enum):
    """Every problem that a person may be told about; the value is its code."""

    severity: Severity
    title: str
    sentence: str
    fix: str
    example: Example

    def __new__(cls, code: str) -> Self:  # noqa: D102 - how an enum gives its members attributes
        entry = _ENTRIES[code]
        member = object.__new__(cls)
        member._value_ = code
        member.severity = entry.severity
        member.title = entry.title
        member.sentence = entry.sentence
        member.fix = entry.fix
        member.example = entry.example
        return member

    @property
    def code(self) -> str:
        """Return the code, such as `IMP220`."""
        return str(self.value)

    @property
    def group(self) -> str:
        """Return the first digit of the code, a key of `GROUPS`."""
        return self.code[len("IMP")]

    # The file
    SOURCE_NOT_FOUND = "IMP001"
    SOURCE_EMPTY = "IMP002"
    SOURCE_NOT_A_SPREADSHEET = "IMP003"
    SOURCE_TYPE_MISMATCH = "IMP004"
    SOURCE_ENCODING = "IMP005"
    QUOTE_NOT_CLOSED = "IMP006"
    DELIMITER_UNCLEAR = "IMP007"
    SHEET_UNCLEAR = "IMP008"
    SHEET_NOT_FOUND = "IMP009"
    SOURCE_ENCRYPTED = "IMP010"
    SOURCE_CORRUPT = "IMP011"
    SOURCE_TOO_LARGE = "IMP012"
    SOURCE_ACTIVE_CONTENT = "IMP013"
    ARCHIVE_UNCLEAR = "IMP014"
    HEADER_ROW_UNCLEAR = "IMP015"
    TABLES_UNCLEAR = "IMP016"
    PASSWORD_WRONG = "IMP017"  # noqa: S105 - a code
    SOURCE_CHANGING = "IMP018"
    ROW_TOO_WIDE = "IMP020"
    ROW_TOO_NARROW = "IMP021"
    CELL_NOT_DECODABLE = "IMP022"
    CELL_CONTROL_CHARACTER = "IMP023"
    CELL_ERROR_VALUE = "IMP024"
    FORMULA_NOT_CALCULATED = "IMP025"
    CELL_TOO_LONG = "IMP026"
    HEADER_REPEATED = "IMP027"
    STRAY_QUOTE = "IMP028"
    CELL_MERGED = "IMP029"
    FORMULA_VALUE_USED = "IMP030"
    HIDDEN_SHEET = "IMP031"
    HIDDEN_ROWS = "IMP032"
    MACROS_IGNORED = "IMP033"
    END_OF_FILE_MARK = "IMP034"
    ENCODING_DETECTED = "IMP035"
    SOURCE_DECRYPTED = "IMP036"
    NO_ROWS = "IMP037"
    HIDDEN_COLUMN = "IMP038"
    COMMENT_LINE = "IMP040"
    FOOTER_ROW = "IMP041"
    DATE_BEFORE_MARCH_1900 = "IMP042"
    EXAMPLE_ROW = "IMP043"
    EXAMPLE_LEFT_OVER = "IMP044"
    CELL_NOT_TEXT = "IMP045"
    CELL_SHOWN_OTHERWISE = "IMP046"
    DATE_BELOW_ZERO = "IMP047"

    # The headings, and settings that hold for the whole file
    COLUMN_MISSING = "IMP101"
    COLUMN_TWICE = "IMP102"
    HEADING_BLANK = "IMP103"
    COLUMN_UNKNOWN = "IMP104"
    PROFILE_COLUMN_MISSING = "IMP105"
    TIMEZONE_NEEDED = "IMP106"
    DATE_ORDER_NEEDED = "IMP107"
    HEADING_LOOKALIKE = "IMP108"
    ROW_KEY_FOREIGN = "IMP109"
    HEADINGS_CHANGED = "IMP110"
    HEADING_SYNONYM = "IMP111"
    PROFILE_CHANGED = "IMP112"
    DATE_ORDER_CONTRADICTED = "IMP113"

    # One cell, by booking field
    REQUIRED_EMPTY = "IMP200"
    TEXT_INVISIBLE = "IMP201"
    TEXT_BIDI = "IMP202"
    TEXT_EMOJI = "IMP203"
    APOSTROPHE_REMOVED = "IMP204"
    WRITTEN_OTHERWISE = "IMP205"
    NAME_NOT_SPLIT = "IMP206"
    VALUE_NOT_MAPPED = "IMP207"
    TEXT_FORMULA_READ = "IMP208"
    TEXT_IS_FORMULA = "IMP209"
    DATE_UNREADABLE = "IMP210"
    DATE_ORDER_MIXED = "IMP211"
    DATE_TWO_DIGIT_YEAR = "IMP212"
    DATE_PARTIAL = "IMP213"
    DATE_SERIAL = "IMP214"
    DATE_NOT_IN_CALENDAR = "IMP215"
    BIRTH_DATE_IN_FUTURE = "IMP216"
    BIRTH_DATE_TOO_OLD = "IMP217"
    BIRTH_DATE_TODAY = "IMP218"
    BIRTH_DATE_HAS_TIME = "IMP219"
    PHONE_NOT_US = "IMP220"
    PHONE_LETTERS = "IMP221"
    PHONE_TWO_NUMBERS = "IMP222"
    PHONE_EXTENSION = "IMP223"
    PHONE_UNASSIGNED = "IMP224"
    SCIENTIFIC_PRECISION_LOST = "IMP225"
    PHONE_FOREIGN = "IMP226"
    APPOINTMENT_NO_TIME = "IMP230"
    APPOINTMENT_IN_PAST = "IMP231"
    APPOINTMENT_DST_GAP = "IMP232"
    APPOINTMENT_DST_OVERLAP = "IMP233"
    APPOINTMENT_UNREADABLE = "IMP234"
    TIME_UNREADABLE = "IMP235"
    JOINED_PARTS_DIFFER = "IMP236"
    APPOINTMENT_SPAN = "IMP237"
    DATE_PERHAPS_TURNED = "IMP238"
    INTEGER_NOT_EXACT = "IMP240"
    INTEGER_TOO_LARGE = "IMP241"
    BOOLEAN_UNKNOWN = "IMP250"
    BIRTH_SEX_UNKNOWN = "IMP251"
    EMAIL_INVALID = "IMP260"
    EMAIL_TWO = "IMP261"
    EMAIL_MAILTO = "IMP262"
    ZIP_INVALID = "IMP270"
    LEADING_ZERO_LOST = "IMP271"
    ZIP_FOREIGN = "IMP272"
    ZIP_PADDED = "IMP273"
    STATE_UNKNOWN = "IMP274"
    URL_NOT_HTTPS = "IMP280"

    # Rows among each other, in other files and in earlier runs
    DUPLICATE_IN_FILE = "IMP301"
    ALREADY_BOOKED = "IMP302"
    BOOKED_ROW_EDITED = "IMP303"
    ROW_KEY_COPIED = "IMP304"
    MIDDLE_NAME_DIFFERS = "IMP305"
    REJECTED_BEFORE = "IMP306"
    UNKNOWN_BEFORE = "IMP307"
    LEFT_OUT = "IMP308"
    SUSPECTED_DUPLICATE = "IMP309"
    POSSIBLE_RESCHEDULE = "IMP310"

    # What Solv answered, and what became of a row without an answer
    API_REJECTED = "IMP400"
    API_FIELD_REFUSED = "IMP401"
    API_FORBIDDEN = "IMP403"
    API_NOT_FOUND = "IMP404"
    API_CONFLICT = "IMP409"
    OUTCOME_UNKNOWN = "IMP410"
    NOT_SENT = "IMP411"
    BOOKING_CANCELLED = "IMP412"


ASIDES: Final = frozenset(
    {ProblemCode.HEADER_REPEATED, ProblemCode.COMMENT_LINE, ProblemCode.FOOTER_ROW}
)
"""Problems of rows that nobody meant to book; nothing else needs to be said of such a row."""


def problem_of(code: str) -> ProblemCode:
    """Return the problem with this code, such as `IMP220`; KeyError when there is none."""
    try:
        return ProblemCode(code)
    except ValueError:
        raise KeyError(code) from None
