"""Lay the places that settings come from over one another, once."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.address import is_loopback_url
from importer.errors import SettingsError
from importer.folding import folded
from importer.settings.catalogue import DEFAULT_FIELDS, SPECS
from importer.settings.folders import config_folder, state_folder
from importer.settings.layers import (
    Layer,
    dotenv_layer,
    flag_layer,
    secret_from_file,
    toml_layer,
    variable_layer,
)
from importer.settings.mapping import TABLE_NAMES, Tables
from importer.settings.parsing import is_without_secret, targets
from importer.settings.values import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DEFAULT = "default"


def load_settings(
    flags: Mapping[str, object], *, environ: Mapping[str, str], folder: Path
) -> Settings:
    """Return the settings of one command, each with where it came from.

    Args:
        flags: Setting -> value as given on the command line; None where it was not.
        environ: The environment.
        folder: The working folder, whose `.env` is read.

    Raises:
        SettingsError: A value cannot be used, or a file holds what it must not.
    """
    first = [flag_layer(flags), variable_layer(environ), dotenv_layer(folder / ".env")]
    config = _config_layer(config_folder(environ))
    file = _profile_file([*first, config], config_folder(environ))
    profile = _profile_layer(file)
    layers = [*first, profile, config]
    values, origins = _take(layers)
    values["client_secret"] = _secret("client_secret", values, origins) or ""
    values["source_password"] = _secret("source_password", values, origins)
    values["sftp_password"] = _secret("sftp_password", values, origins)
    named = _secret("message_targets", values, origins)
    values["message_targets"] = _targets(named, origins["message_targets"])
    values["state_dir"] = values["state_dir"] or state_folder(environ)
    values["defaults"] = _defaults(values)
    values |= _tables(layers, origins)
    values["profile_file"] = file.absolute() if file else None
    settings = _settings(values, origins, layers)
    _refuse_contradictions(settings)
    return settings


def _settings(
    values: dict[str, Any], origins: Mapping[str, str], layers: Sequence[Layer]
) -> Settings:
    unknown = tuple(name for layer in layers for name in layer.unknown)
    for name in ("base_url", "client_id"):
        values[name] = values[name] or ""
    values["rows"] = values["rows"] or ()
    values["override"] = values["override"] or frozenset()
    return Settings(**values, origins=origins, unknown_variables=unknown)


def _take(layers: Sequence[Layer]) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, spec in SPECS.items():
        layer = next((layer for layer in layers if name in layer.texts), None)
        origins[name] = _DEFAULT if layer is None else layer.name_of(name)
        text = spec.default if layer is None else layer.texts[name]
        try:
            values[name] = spec.parse(text) if layer is not None or text else None
        except ValueError as error:
            # Only our own readers raise here; their sentences never repeat the value.
            raise SettingsError(f"{origins[name]} cannot be used: {error}.") from None
    return values, origins


def _secret(name: str, values: dict[str, Any], origins: dict[str, str]) -> Any:  # noqa: ANN401
    """Return a secret from its own place or from the file that is named, whichever wins."""
    own, from_file = origins[name], origins.pop(f"{name}_file")
    path = values.pop(f"{name}_file")
    if path is None or (own != _DEFAULT and _place(own) < _place(from_file)):
        return values[name] or None
    if own != _DEFAULT and _place(own) == _place(from_file):
        variable = SPECS[name].variable
        raise SettingsError(
            f"Both {variable} and {variable}_FILE are set.", todo="Keep one of them."
        )
    origins[name] = f"{from_file} ({path})"
    return secret_from_file(path, name)


def _targets(named: str | tuple[str, ...] | None, origin: str) -> tuple[str, ...]:
    """Return the targets of messages; a file of them is read like a variable.

    Raises:
        SettingsError: One cannot be used, or may hold a secret in a file that travels.
    """
    try:
        if isinstance(named, str):
            return targets(named)
    except ValueError as error:
        raise SettingsError(f"{origin} cannot be used: {error}.") from None
    is_travelling = origin.startswith(("profile", "config.toml"))
    if is_travelling and not all(map(is_without_secret, named or ())):
        raise SettingsError(
            f"{origin} holds a target that may be secret: a file that travels names such targets "
            "by targets_file, the path of a file of mode 0600.",
            todo="Write the target into that file, or into SOLV_IMPORT_MESSAGE_TARGETS.",
        )
    return named or ()


def _place(origin: str) -> int:
    order = ("variable", ".env", "profile", "config.toml")
    return next(i for i, word in enumerate(order) if origin.startswith(word))


def _defaults(values: dict[str, Any]) -> dict[str, str]:
    taken = {name: values.pop(name) for name in DEFAULT_FIELDS}
    return {name: text for name, text in taken.items() if text is not None}


def _tables(layers: Sequence[Layer], origins: dict[str, str]) -> dict[str, Any]:
    """Return each table from the nearest place that has it, whole: tables are not mixed."""
    taken: dict[str, Any] = {}
    for name in TABLE_NAMES:
        layer = next((layer for layer in layers if getattr(layer.tables, name)), None)
        origins[name] = layer.origin if layer else _DEFAULT
        taken[name] = getattr(layer.tables if layer else Tables(), name)
    # A flag for the whole file wins over the orders of single columns in a profile.
    one = next((n for n, layer in enumerate(layers) if "date_order" in layer.texts), len(layers))
    if not any(layer.tables.date_orders for layer in layers[: one + 1]):
        origins["date_orders"], taken["date_orders"] = _DEFAULT, {}
    return taken


def _config_layer(folder: Path) -> Layer:
    path = folder / "config.toml"
    if not path.exists():
        return Layer(origin="config.toml")
    return toml_layer(path, origin="config.toml", is_profile=False)


def _profile_file(layers: Sequence[Layer], folder: Path) -> Path | None:
    named = next((layer.texts["profile"] for layer in layers if "profile" in layer.texts), None)
    return None if named is None else _existing(named.strip(), folder)


def _profile_layer(path: Path | None) -> Layer:
    if path is None:
        return Layer(origin="profile")
    return toml_layer(path, origin=f"profile {path.stem}", is_profile=True)


def is_profile_path(named: str) -> bool:
    """Return whether a profile is named by its path; else it is one of the settings folder."""
    return "/" in named or named.endswith(".toml")


def profile_path(named: str, folder: Path) -> Path:
    """Return where the profile of that name or path lies, or would lie.

    Args:
        named: As `--profile` says it.
        folder: The settings folder.
    """
    if is_profile_path(named):
        return Path(named).expanduser()
    return folder / "profiles" / f"{named}.toml"


def _existing(named: str, settings_folder: Path) -> Path:
    path = profile_path(named, settings_folder)
    if path.is_file():
        return path
    if is_profile_path(named):
        raise SettingsError(
            f"There is no profile at {path}.", todo="Check --profile, or SOLV_IMPORT_PROFILE."
        )
    folder = path.parent
    known = sorted(found.stem for found in folder.glob("*.toml"))
    near = difflib.get_close_matches(named, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Profiles are TOML files in {folder}."
    raise SettingsError(f"There is no profile called {named}.", todo=hint)


def _refuse_contradictions(settings: Settings) -> None:
    if settings.rate is None and settings.base_url and not is_loopback_url(settings.base_url):
        raise SettingsError(
            f"{settings.origins['rate']} is `none`, which is only for a server on this machine.",
            todo="Name the limit that Solv agreed to, such as --rate 2/s.",
        )
    if not settings.text_location_ids:
        _refuse_text_locations(settings)
    _refuse_zones_of_words(settings)


def _refuse_text_locations(settings: Settings) -> None:
    mapped = settings.value_maps.get("location_id", {}).values()
    zoned = settings.timezone_by_location.keys()
    for origin, locations in (
        (settings.origins["location_id"], [settings.location_id or "0"]),
        (f"{settings.origins['value_maps']} [values.location_id]", mapped),
        (f"{settings.origins['timezone_by_location']}: [dates.timezones]", zoned),
    ):
        if not all(map(str.isdecimal, locations)):
            raise SettingsError(
                f"{origin} cannot be used: give the location's number.",
                todo="Set text_location_ids = true under [values] if Solv's ids have letters.",
            )


def _refuse_zones_of_words(settings: Settings) -> None:
    """Raise if a zone is given to a clinic's own word: only the id that it stands for has one."""
    origin = settings.origins["timezone_by_location"]
    words = settings.value_maps.get("location_id", {})
    if not words or origin != settings.origins["value_maps"]:
        return
    own = {folded(word) for word in words} - {folded(place) for place in words.values()}
    for place in settings.timezone_by_location:
        if folded(place) in own:
            raise SettingsError(
                f"{origin}: [dates.timezones] {place} is a word of [values.location_id].",
                todo="Give the location that the word stands for, such as 4021.",
            )
