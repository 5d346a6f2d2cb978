"""The settings themselves, as one frozen value that every stage is handed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, assert_never

from importer.address import is_loopback_url
from importer.errors import SettingsError
from importer.model import ChangeAccepted, HeadingsAccepted, OrdersConfirmed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import time
    from zoneinfo import ZoneInfo

    from importer.bounds import RowBound, RowSpread, Window
    from importer.columns import ProfileColumns
    from importer.model import Confirmation, DateOrder, NamePattern
    from importer.rate import Rate

Verbosity = Literal[0, 1, 2]

_NEEDED = {
    "base_url": "where bookings go",
    "client_id": "which client signs in",
    "client_secret": "the client's secret",
}
"""What cannot be done without, and what each is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows of the file are meant; the others are `left out`."""

    limit: int | None = None
    """At most so many requests, from the top of the rows that `rows` lets through.

    Rows that are not sent anyway, such as invalid and skipped ones, do not count.
    """
    rows: tuple[tuple[int, int], ...] = ()
    """Spans of row numbers, both ends included; empty means all."""

    @property
    def is_everything(self) -> bool:
        """Return whether no row is left out."""
        return self.limit is None and not self.rows

    def includes(self, row_number: int) -> bool:
        """Return whether `rows` lets the row through; `limit` is for whoever counts."""
        return not self.rows or any(first <= row_number <= last for first, last in self.rows)

    def is_reached(self, to_send: int) -> bool:
        """Return whether `limit` lets no more than these requests go."""
        return self.limit is not None and to_send >= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that one command was told, and where each value came from."""

    # The server, and who we are there
    base_url: str
    """Without a slash at the end; "" when unset (see `require_target`)."""
    client_id: str
    client_secret: str = field(repr=False)
    grant_type: str
    ca_file: Path | None
    deadline_s: float
    trust_503: bool
    """Whether a 503 with Retry-After surely made no booking."""

    # The pace
    rate: Rate | None
    """None means no limit, which only a server on this machine gets."""
    in_flight: int | None
    """None means that the rate decides."""
    jitter_ms: int | None
    """None means that the kind of host decides."""

    # The file
    sheet: str | None
    header_row: int
    """0 when the file has no headings."""
    delimiter: str | None
    encoding: str | None
    """As Python spells it; None lets the bytes say."""
    source_password: str | None = field(repr=False)
    columns: Mapping[str, str]
    """Their heading -> API field, as a profile maps them."""
    joined: Mapping[str, tuple[str, ...]]
    """API field -> the headings of its date and of its time of day."""
    split: Mapping[str, NamePattern]
    """Their heading of whole names -> how they are written."""
    value_maps: Mapping[str, Mapping[str, str]]
    """API field -> their word -> its value; "" leaves the field out."""
    headings: tuple[str, ...]
    """The headings that the profile was made for; empty when it does not say."""
    timezone: ZoneInfo | None
    timezone_by_location: Mapping[str, ZoneInfo]
    date_order: DateOrder | None
    date_orders: Mapping[str, DateOrder]
    """Orders of single columns, by API field; they win over `date_order`."""
    two_digit_pivot: int | None
    pad_zip: bool
    text_location_ids: bool
    defaults: Mapping[str, str]
    """API field -> text for every row that has no value of its own."""

    # The run
    only_valid: bool
    limit: int | None
    rows: tuple[tuple[int, int], ...]
    accept_change: str | None
    """The mark of a changed profile that may go on, as the message that held it says."""
    retry_rejected: bool
    allow_duplicates: bool
    allow_walkin_scheduling: bool
    as_unknown: bool
    """Whether rows that may go are held as unknown instead: a lost ledger may have sent them."""
    dry_run: bool
    yes: bool
    non_interactive: bool
    results: Path | None
    summary: Path | None

    # When it stops, and whom it holds back
    deadline: time | None
    """Of this machine's day, as cron's times are."""
    window: Window | None
    """Of this machine's day, too."""
    max_rejects: RowBound | None
    canary: int | None
    allow_reschedules: bool

    # A run that nobody watches
    settle_s: float
    move_to: str | None
    upload_results: str | None
    sftp_known_hosts: Path | None
    sftp_key_file: Path | None
    sftp_password: str | None = field(repr=False)
    guard_no_rows: bool
    guard_rows: RowSpread | None
    guard_invalid: RowBound | None
    guard_days_ahead: int | None
    guard_base_url: str | None
    override: frozenset[str]
    """Guards that this one command passes."""
    message_targets: tuple[str, ...] = field(repr=False)
    message_invalid: RowBound | None
    message_rejected: RowBound | None
    heartbeat_url: str | None = field(repr=False)
    log: Path | None
    metrics: Path | None

    # What is said
    json: bool
    quiet: bool
    verbose: Verbosity
    show_values: bool

    # Where things are
    state_dir: Path
    profile: str | None
    """As it was named."""
    origins: Mapping[str, str]
    """Setting -> where its value came from, such as `flag --rate`."""
    confirmed_orders: Mapping[str, DateOrder] = field(default_factory=dict)
    """Orders that a person confirmed for this file."""
    accepted_headings: tuple[str, ...] = ()
    """Headings of a profile that a person lets this file differ from."""
    runs_of_command: tuple[str, ...] = ()
    """Runs that the same command has made of other files; an accepted change was about theirs."""
    profile_file: Path | None = None
    """Where the profile lies; an absolute path."""
    unknown_variables: tuple[str, ...] = ()
    """SOLV_IMPORT_ variables that no setting reads; most often a misspelling."""

    @property
    def profile_name(self) -> str:
        """Return the profile's name, whether it was named by its path or not; "" for none."""
        return Path(self.profile).stem if self.profile else ""

    @property
    def profile_columns(self) -> ProfileColumns:
        """Return what the profile says about columns."""
        from importer.columns import ProfileColumns  # noqa: PLC0415 - only when a file is read

        return ProfileColumns(
            mapped=self.columns, joined=self.joined, split=self.split, listed=self.headings
        )

    @property
    def by_flag(self) -> frozenset[str]:
        """Return the settings that a flag gave."""
        return frozenset(name for name, at in self.origins.items() if at.startswith("flag"))

    @property
    def knows_a_zone(self) -> bool:
        """Return whether a local time may be understood."""
        return self.timezone is not None or bool(self.timezone_by_location)

    @property
    def selection(self) -> Selection:
        """Return which rows are meant."""
        return Selection(limit=self.limit, rows=self.rows)

    @property
    def location_id(self) -> str | None:
        """Return the location of every row that names none."""
        return self.defaults.get("location_id")

    @property
    def is_loopback(self) -> bool:
        """Return whether the server is on this machine."""
        return is_loopback_url(self.base_url)

    def confirmed(self, answer: Confirmation) -> Settings:
        """Return the settings with what a person has said yes to."""
        match answer:
            case OrdersConfirmed(orders=orders):
                return replace(self, confirmed_orders={**self.confirmed_orders, **orders})
            case HeadingsAccepted(expected=expected):
                return replace(self, accepted_headings=expected)
            case ChangeAccepted(change=change):
                return replace(self, accept_change=change)
            case _:
                assert_never(answer)

    def require_target(self) -> None:
        """Raise unless the server and both credentials are known.

        Raises:
            SettingsError: Some are missing; the message names the variables of all of them.
        """
        _require(
            ("base_url", self.base_url),
            ("client_id", self.client_id),
            ("client_secret", self.client_secret),
        )

    def require_ledger(self) -> None:
        """Raise unless it is known whose ledger is meant: a server's and a client's.

        Raises:
            SettingsError: One is missing, or both; the message names their variables.
        """
        _require(("base_url", self.base_url), ("client_id", self.client_id))

    def request_settings(self) -> dict[str, Any]:
        """Return what changes the requests that a file becomes, ready for JSON.

        A run that carries on with other values than these would send other bookings.
        """
        zones = sorted(self.timezone_by_location.items())
        return {
            "sheet": self.sheet,
            "header_row": self.header_row,
            "delimiter": self.delimiter,
            "encoding": self.encoding,
            "columns": dict(sorted(self.columns.items())),
            "joined": {name: list(halves) for name, halves in sorted(self.joined.items())},
            "split": dict(sorted(self.split.items())),
            "value_maps": {
                name: dict(sorted(words.items())) for name, words in sorted(self.value_maps.items())
            },
            "timezone": None if self.timezone is None else self.timezone.key,
            "timezone_by_location": {location: zone.key for location, zone in zones},
            "date_order": self.date_order,
            "date_orders": dict(sorted(self.date_orders.items())),
            "confirmed_orders": dict(sorted(self.confirmed_orders.items())),
            "two_digit_pivot": self.two_digit_pivot,
            "pad_zip": self.pad_zip,
            "text_location_ids": self.text_location_ids,
            "defaults": dict(sorted(self.defaults.items())),
            "allow_walkin_scheduling": self.allow_walkin_scheduling,
        }


def _require(*needed: tuple[str, str]) -> None:
    """Raise unless each of these settings has a value; what is missing is named at once."""
    missing = [name for name, value in needed if not value]
    if not missing:
        return
    variables = [f"SOLV_IMPORT_{name.upper()}" for name in missing]
    told = [
        f"{variable} ({_NEEDED[name]})" for variable, name in zip(variables, missing, strict=True)
    ]
    sentence = f"{', '.join(told[:-1])} and {told[-1]} are not set."
    if len(missing) == 1:
        sentence = f"{variables[0]} is not set: {_NEEDED[missing[0]]}."
    to_set = variables[0] if len(missing) == 1 else "them"
    if "client_secret" in missing:
        to_set += "; SOLV_IMPORT_CLIENT_SECRET_FILE may name a file of mode 0600 with the secret"
    todo = f"Set {to_set}; `solv-import config show` says what is set and where."
    raise SettingsError(sentence, todo=todo)
