"""The body of Create Booking: what is taken, and the 422 for what is not, in two dialects.

Source:
    Solv Partner API, Create Booking, request body; the coercion of FastAPI with Pydantic 1
    and 2, as measured for this model.
"""

from __future__ import annotations

import email.message
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.sandbox.config import Dialect

Problem: TypeAlias = dict[str, Any]
"""One entry of a 422's `detail`."""

_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})
_FALSE = frozenset({"0", "off", "f", "false", "n", "no"})


class UnreadableBodyError(ValueError):
    """The body is not text; FastAPI answers 400 to it."""


class Booking(BaseModel):
    """The request fields, as documented; unknown keys are ignored."""

    first_name: str
    last_name: str
    phone: str
    birth_date: str
    appointment_date: str
    location_id: int
    is_walk_in: bool | None = None
    email: str | None = None
    reason: str | None = None
    birth_sex: str | None = None
    address_street: str | None = None
    address_street_secondary: str | None = None
    address_city: str | None = None
    address_state: str | None = None
    address_zip: str | None = None
    attribution: str | None = None
    custom_booking_management_url: str | None = None
    emr_patient_id: str | None = None
    paperwork_status: str | None = None
    visit_type_id: int | None = None

    def __repr__(self) -> str:
        """Name the type only: the fields are a patient's."""
        return "Booking(...)"

    __str__ = __repr__


class AliasedBooking(Booking):
    """The same, where a location may also go by its public six-character id."""

    location_id: int | str  # type: ignore[assignment] # wider than its base


class TokenCall(BaseModel):
    """The fields of a token call."""

    client_id: str
    client_secret: str
    grant_type: str
    scope: str

    def __repr__(self) -> str:
        """Name the type only: a secret is among the fields."""
        return "TokenCall(...)"

    __str__ = __repr__


class ExternalChange(BaseModel):
    """The fields of changing a booking by its EMR id."""

    external_location_id: str
    service_id: str
    status: str


class ExternalCancel(BaseModel):
    """The fields of canceling a booking by its EMR id."""

    external_location_id: str
    service_id: str
    cancellation_reason: str | None = None


class ExternalReschedule(BaseModel):
    """The fields of rescheduling a booking by its EMR id."""

    appointment_date: str
    external_location_id: str
    service_id: str


_OPTIONAL_BOOL: TypeAdapter[bool | None] = TypeAdapter(bool | None)
_OPTIONAL_INT: TypeAdapter[int | None] = TypeAdapter(int | None)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Checked:
    """The fields of a body as the server takes them, and what is wrong with it."""

    fields: dict[str, Any]
    problems: list[Problem]

    def __repr__(self) -> str:
        """Count the problems: they may quote the body."""
        return f"Checked({len(self.problems)} problems)"


def check_body(
    model: type[BaseModel], raw: bytes, content_type: str | None, dialect: Dialect
) -> Checked:
    """Return what a FastAPI endpoint makes of a JSON body of `model`.

    Raises:
        UnreadableBodyError: The body is not UTF-8.
    """
    if not raw:
        return Checked({}, [_missing(["body"], None, dialect)])
    if not _is_json(content_type, dialect):
        parsed: Any = raw.decode(errors="replace")
    else:
        try:
            parsed = json.loads(raw)
        except json.JSONDecodeError as error:
            return Checked({}, [_broken_json(error, dialect)])
        except (UnicodeDecodeError, RecursionError):
            raise UnreadableBodyError from None
    return _check_v1(model, parsed) if dialect == "v1" else _check_v2(model, parsed)


def check_query_bool(
    name: str, text: str | None, dialect: Dialect
) -> tuple[bool | None, list[Problem]]:
    """Return an optional yes-or-no query parameter, and what is wrong with it."""
    return _check_query(name, text, dialect, (_OPTIONAL_BOOL, _v1_bool))


def check_query_int(
    name: str, text: str | None, dialect: Dialect
) -> tuple[int | None, list[Problem]]:
    """Return an optional whole-number query parameter, and what is wrong with it."""
    return _check_query(name, text, dialect, (_OPTIONAL_INT, _v1_int))


def _check_query(
    name: str,
    text: str | None,
    dialect: Dialect,
    takers: tuple[TypeAdapter[_T | None], Callable[[object], _T]],
) -> tuple[_T | None, list[Problem]]:
    if text is None:
        return None, []
    try:
        return (takers[0].validate_python(text) if dialect == "v2" else takers[1](text)), []
    except ValidationError as error:
        return None, _located(error, "query", name)
    except _NotTaken as refusal:
        return None, [_v1_problem(["query", name], refusal)]


def _is_json(content_type: str | None, dialect: Dialect) -> bool:
    """Tell whether the body counts as JSON; without the header, only Pydantic 1's FastAPI did."""
    if not content_type:
        return dialect == "v1"
    header = email.message.Message()
    header["content-type"] = content_type
    subtype = header.get_content_subtype()
    is_application = header.get_content_maintype() == "application"
    return is_application and (subtype == "json" or subtype.endswith("+json"))


def _missing(loc: list[str | int], given: object, dialect: Dialect) -> Problem:
    if dialect == "v1":
        return {"loc": loc, "msg": "field required", "type": "value_error.missing"}
    return {"type": "missing", "loc": loc, "msg": "Field required", "input": given}


def _broken_json(error: json.JSONDecodeError, dialect: Dialect) -> Problem:
    if dialect == "v2":
        return {
            "type": "json_invalid",
            "loc": ["body", error.pos],
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": error.msg},
        }
    return {
        "loc": ["body", error.pos],
        "msg": str(error),
        "type": "value_error.jsondecode",
        "ctx": {
            "msg": error.msg,
            "doc": error.doc,  # the whole body comes back, patients included: so it did
            "pos": error.pos,
            "lineno": error.lineno,
            "colno": error.colno,
        },
    }


def _check_v2(model: type[BaseModel], parsed: object) -> Checked:
    if not isinstance(parsed, dict):
        problem = {
            "type": "model_attributes_type",
            "loc": ["body"],
            "msg": "Input should be a valid dictionary or object to extract fields from",
            "input": parsed,
        }
        return Checked({}, [problem])
    try:
        return Checked(model.model_validate(parsed).model_dump(), [])
    except ValidationError as error:
        return Checked({}, _located(error, "body"))


def _located(error: ValidationError, *place: str) -> list[Problem]:
    """Return Pydantic 2's errors as FastAPI words them, in their place of the request."""
    found = json.loads(error.json(include_url=False))
    return [problem | {"loc": [*place, *problem["loc"]]} for problem in found]


class _NotTaken(ValueError):
    """Pydantic 1 refuses a value."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind)
        self.kind = kind
        self.message = message


def _check_v1(model: type[BaseModel], parsed: object) -> Checked:
    """Return what Pydantic 1 made of a body."""
    if not isinstance(parsed, dict):
        refusal = _NotTaken("type_error.dict", "value is not a valid dict")
        return Checked({}, [_v1_problem(["body"], refusal)])
    taken: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, field in model.model_fields.items():
        is_required = field.is_required()
        if name not in parsed:
            taken[name] = None
            if is_required:
                problems.append(_missing(["body", name], parsed, "v1"))
            continue
        try:
            taken[name] = _v1_value(field.annotation, parsed[name], is_required=is_required)
        except _NotTaken as refusal:
            problems.append(_v1_problem(["body", name], refusal))
    return Checked(taken, problems)


def _v1_problem(loc: list[str | int], refusal: _NotTaken) -> Problem:
    return {"loc": loc, "msg": refusal.message, "type": refusal.kind}


def _v1_value(annotation: object, given: object, *, is_required: bool) -> object:
    if given is None:
        if is_required:
            raise _NotTaken("type_error.none.not_allowed", "none is not an allowed value")
        return None
    return _V1_COERCIONS[annotation](given)


def _v1_str(given: object) -> str:
    """Return text as it is and numbers as their text; True is a number here."""
    if isinstance(given, (str, int, float)):
        return str(given)
    raise _NotTaken("type_error.str", "str type expected")


def _v1_int(given: object) -> int:
    """Return a number cut to whole, or what `int` makes of a text."""
    if isinstance(given, (str, int, float)):
        try:
            return int(given)
        except (ValueError, OverflowError):
            pass
    raise _NotTaken("type_error.integer", "value is not a valid integer")


def _v1_int_or_str(given: object) -> int | str:
    """Return the first of the two that takes it."""
    try:
        return _v1_int(given)
    except _NotTaken:
        return _v1_str(given)


def _v1_bool(given: object) -> bool:
    """Return the yes or no that a word, 0 or 1 stands for."""
    word = given.lower() if isinstance(given, str) else str(given).lower()
    if isinstance(given, float) and given in {0.0, 1.0}:
        return bool(given)
    if isinstance(given, (str, int)) and word in _TRUE | _FALSE:
        return word in _TRUE
    raise _NotTaken("type_error.bool", "value could not be parsed to a boolean")


_V1_COERCIONS: dict[object, Callable[[object], object]] = {
    str: _v1_str,
    str | None: _v1_str,
    int: _v1_int,
    int | str: _v1_int_or_str,
    int | None: _v1_int,
    bool | None: _v1_bool,
}
