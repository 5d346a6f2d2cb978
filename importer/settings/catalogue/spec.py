"""What one setting is: how it is written in each place, and how its text is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.settings import parsing

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "SOLV_IMPORT_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One setting: how it is written in each place, and how its text is read."""

    name: str
    parse: Callable[[str], object]
    what: str
    default: str = ""
    """Read like any other text; "" means that it stays unset."""
    section: str = ""
    """The table of a TOML file that may hold it; "" means that no file may."""
    key: str = ""
    """Its name in that table, when it differs."""
    flag: str = ""
    is_secret: bool = False
    is_list: bool = False
    """Whether a file may give a list; elsewhere white space stands between its parts."""

    @property
    def variable(self) -> str:
        """Return the name of its environment variable."""
        return PREFIX + self.name.upper()

    @property
    def file_key(self) -> str:
        """Return its name in a file's table."""
        return self.key or self.name


def switch(name: str, what: str, *, section: str = "") -> Spec:
    """Return a setting that is on or off, with a flag of its own name."""
    flag = "--" + name.replace("_", "-")
    return Spec(
        name=name, parse=parsing.switch, what=what, default="false", section=section, flag=flag
    )
