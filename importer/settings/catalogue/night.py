"""Settings of a run that nobody watches: its inbox, its guards and limits, whom it tells."""

from __future__ import annotations

from importer.bounds import parse_row_bound, parse_row_spread, parse_time_of_day, parse_window
from importer.settings import parsing
from importer.settings.catalogue.spec import Spec, switch

LIMITS: tuple[Spec, ...] = (
    Spec(
        name="deadline",
        parse=parse_time_of_day,
        what="stop at this time of this machine's day: 05:30",
        section="run",
        flag="--deadline",
    ),
    Spec(
        name="window",
        parse=parse_window,
        what="send only between these times of this machine's day: 20:00-06:00",
        section="run",
        flag="--window",
    ),
    Spec(
        name="max_rejects",
        parse=parse_row_bound,
        what="stop when Solv refuses more rows than that: 50, 5% or off",
        default="off",
        section="run",
        flag="--max-rejects",
    ),
    Spec(
        name="canary",
        parse=parsing.whole_number(1, 1000),
        what="send the first so many one by one; stop if more than half are refused",
        section="run",
        flag="--canary",
    ),
    switch(
        "allow_reschedules",
        "book people who have another visit to come at the same location",
        section="run",
    ),
)
"""When a run stops, and whom it holds back."""

INBOX: tuple[Spec, ...] = (
    Spec(
        name="settle_s",
        parse=parsing.seconds(0, 3600),
        what="seconds that a file of a folder must stay as it is before it is read",
        default="5",
        section="inbox",
    ),
    Spec(
        name="move_to",
        parse=parsing.text,
        what="a folder or URL for files of an inbox that are imported",
        section="inbox",
        flag="--move-to",
    ),
    Spec(
        name="upload_results",
        parse=parsing.text,
        what="the URL of a folder that gets a copy of the results",
        section="inbox",
        flag="--upload-results",
    ),
    Spec(
        name="sftp_known_hosts",
        parse=parsing.existing_file,
        what="host keys of SFTP servers, beside those of ~/.ssh/known_hosts",
        section="inbox",
    ),
    Spec(
        name="sftp_key_file",
        parse=parsing.existing_file,
        what="the private key for SFTP; those of ~/.ssh and an agent when unset",
        section="inbox",
    ),
    Spec(
        name="sftp_password",
        parse=parsing.password,
        what="the password of the SFTP account, or of its key",
        is_secret=True,
    ),
    Spec(
        name="sftp_password_file",
        parse=parsing.path,
        what="a file of mode 0600 that holds that password",
        section="inbox",
    ),
)
"""Folders and addresses that files are taken from."""

GUARDS: tuple[Spec, ...] = (
    Spec(
        name="guard_no_rows",
        parse=parsing.switch,
        what="a file without rows holds the run",
        default="true",
        section="guards",
        key="no_rows",
    ),
    Spec(
        name="guard_rows",
        parse=parse_row_spread,
        what="how much of the usual number of rows may come: 0.5-2, or off",
        default="0.5-2",
        section="guards",
        key="rows",
    ),
    Spec(
        name="guard_invalid",
        parse=parse_row_bound,
        what="more invalid rows than that hold the run, --only-valid or not: 20%, 50 or off",
        default="20%",
        section="guards",
        key="invalid",
    ),
    Spec(
        name="guard_days_ahead",
        parse=parsing.or_off(parsing.whole_number(1, 3660)),
        what="visits further ahead than so many days hold the run: 400, or off",
        default="400",
        section="guards",
        key="days_ahead",
    ),
    Spec(
        name="guard_base_url",
        parse=parsing.base_url,
        what="the only address that runs with this profile may book at",
        section="guards",
        key="base_url",
    ),
    Spec(
        name="override",
        parse=parsing.guard_names,
        what="let one run pass guards, by the names that the message shows: rows,invalid",
        flag="--override",
    ),
)
"""What holds a run with a profile before its first request."""

MESSAGES: tuple[Spec, ...] = (
    Spec(
        name="message_targets",
        parse=parsing.targets,
        what="whom to tell when a person is needed, as Apprise writes them",
        section="messages",
        key="targets",
        is_secret=True,
        is_list=True,
    ),
    Spec(
        name="message_targets_file",
        parse=parsing.path,
        what="a file of mode 0600 with such targets, one a line",
        section="messages",
        key="targets_file",
    ),
    Spec(
        name="message_invalid",
        parse=parse_row_bound,
        what="so many invalid rows are usual: more are told, fewer are no reason: 5%, 50 or off",
        default="off",
        section="messages",
        key="invalid",
    ),
    Spec(
        name="message_rejected",
        parse=parse_row_bound,
        what="the same of rows that Solv refused",
        default="off",
        section="messages",
        key="rejected",
    ),
    Spec(
        name="heartbeat_url",
        parse=parsing.heartbeat,
        what="an address that is called at the start, after success and after failure",
        section="messages",
        is_secret=True,
    ),
)
"""Who is told."""

RECORDS: tuple[Spec, ...] = (
    Spec(
        name="log",
        parse=parsing.path,
        what="a file that gets a line of JSON for each event",
        section="run",
        flag="--log",
    ),
    Spec(
        name="metrics",
        parse=parsing.path,
        what="a .prom file for the textfile collector of Prometheus",
        section="run",
        flag="--metrics",
    ),
)
"""What is written for machines."""
