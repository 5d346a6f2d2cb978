"""Settings of the server, who we are there, and the pace."""

from __future__ import annotations

from importer.rate import parse_rate
from importer.settings import parsing
from importer.settings.catalogue.spec import Spec

SERVER: tuple[Spec, ...] = (
    Spec(name="base_url", parse=parsing.base_url, what="the Partner API's address", section="run"),
    Spec(name="client_id", parse=parsing.visible, what="the client id from Solv", section="run"),
    Spec(name="client_secret", parse=parsing.visible, what="its secret", is_secret=True),
    Spec(
        name="client_secret_file",
        parse=parsing.path,
        what="a file of mode 0600 that holds the secret",
        section="run",
    ),
    Spec(
        name="grant_type",
        parse=parsing.visible,
        what="how the token is asked for",
        default="service_api",
        section="run",
    ),
    Spec(
        name="ca_file",
        parse=parsing.existing_file,
        what="certificates to trust beside the usual ones (PEM)",
        section="run",
    ),
    Spec(
        name="deadline_s",
        parse=parsing.seconds(1, 600),
        what="seconds until an answer counts as lost",
        default="65",
        section="run",
    ),
    Spec(
        name="trust_503",
        parse=parsing.switch,
        what="503 with Retry-After surely made no booking (ask Solv first)",
        default="false",
        section="run",
    ),
)
"""Where bookings go, and as whom."""


PACE: tuple[Spec, ...] = (
    Spec(
        name="rate",
        parse=parse_rate,
        what="bookings in a span of time: 2/s, 10/min, 100/h",
        default="2/s",
        section="run",
        flag="--rate",
    ),
    Spec(
        name="in_flight",
        parse=parsing.whole_number(1, 200),
        what="requests under way at once; the rate decides when unset",
        section="run",
        flag="--in-flight",
    ),
    Spec(
        name="jitter_ms",
        parse=parsing.whole_number(0, 5000),
        what="how much the way to the server may vary; the host decides when unset",
        section="run",
    ),
)
"""How fast."""
