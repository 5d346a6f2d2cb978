"""Every setting once: its variable, its flag, its place in a file, its default."""

from __future__ import annotations

from importer.settings.catalogue.night import GUARDS, INBOX, LIMITS, MESSAGES, RECORDS
from importer.settings.catalogue.run import RUN, TALK
from importer.settings.catalogue.server import PACE, SERVER
from importer.settings.catalogue.source import DEFAULTS, FILE
from importer.settings.catalogue.spec import PREFIX, Spec

__all__ = ["DEFAULT_FIELDS", "PREFIX", "SPECS", "Spec"]

SPECS: dict[str, Spec] = {
    spec.name: spec
    for group in (
        *(SERVER, PACE, FILE, DEFAULTS, RUN, LIMITS),
        *(INBOX, GUARDS, MESSAGES, RECORDS, TALK),
    )
    for spec in group
}
"""Name -> setting, in the order people read them."""

DEFAULT_FIELDS: tuple[str, ...] = tuple(spec.name for spec in DEFAULTS)
"""The booking fields that may stand once for all rows."""
