"""What a run was told: flags, variables, .env, profile and config.toml, gathered once."""

from __future__ import annotations

from importer.settings.catalogue import SPECS
from importer.settings.folders import bug_folder, config_folder, state_folder
from importer.settings.gathering import is_profile_path, load_settings, profile_path
from importer.settings.values import Selection, Settings

__all__ = [
    "SPECS",
    "Selection",
    "Settings",
    "bug_folder",
    "config_folder",
    "is_profile_path",
    "load_settings",
    "profile_path",
    "state_folder",
]
