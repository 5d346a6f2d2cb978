"""Where settings and state live on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Mapping

_APP = "solv-import"


def config_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of config.toml and profiles/."""
    named = environ.get("SOLV_IMPORT_CONFIG_DIR")
    return Path(named).expanduser() if named else Path(platformdirs.user_config_dir(_APP))


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of ledgers, spool and keys, unless a file says otherwise."""
    named = environ.get("SOLV_IMPORT_STATE_DIR")
    return Path(named).expanduser() if named else Path(platformdirs.user_state_dir(_APP))


def bug_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of bug reports, found without reading any other setting."""
    return state_folder(environ) / "bugs"
