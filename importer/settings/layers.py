"""The places that settings come from, each read to plain text by setting name."""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values

from importer.errors import SettingsError
from importer.settings.catalogue import PREFIX, SPECS
from importer.settings.mapping import (
    KEYS,
    Tables,
    as_text,
    one_value,
    read_tables,
    require_known,
    several_values,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ALSO_READ = frozenset({PREFIX + "CONFIG_DIR"})
_SECRET_NAMES = {
    "client_secret": "the client secret",
    "source_password": "a password of workbooks",
    "message_targets": "targets of messages",
    "sftp_password": "the password for SFTP",
}
_SECRET_KEYS = frozenset(
    {"client_secret", "source_password", "secret", "password", "token", "access_token"}
)
_FILE_TABLES = (
    *("file", "columns", "joined", "split", "defaults", "dates", "values"),
    *("run", "inbox", "guards", "messages"),
)
_OF_THEIR_WORDS = frozenset({"columns", "joined", "split"})
"""Tables whose keys, or values, are headings."""
_FOR_GROUP_OR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one place says: setting -> text, never parsed, never shown."""

    origin: str
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    tables: Tables = field(default_factory=Tables)
    unknown: tuple[str, ...] = ()

    def name_of(self, setting: str) -> str:
        """Return where in this place the setting stands, for people."""
        spec = SPECS[setting]
        match self.origin:
            case "flag":
                return f"flag {spec.flag}"
            case "variable":
                return f"variable {spec.variable}"
            case ".env":
                return f".env {spec.variable}"
            case _:
                return f"{self.origin} [{spec.section}] {spec.file_key}"


def flag_layer(flags: Mapping[str, object]) -> Layer:
    """Return what the command line says; a flag that was not given is None."""
    given = {name: as_text(value) for name, value in flags.items() if value is not None}
    return Layer(origin="flag", texts=given)


def variable_layer(environ: Mapping[str, str], *, origin: str = "variable") -> Layer:
    """Return what the environment says; an empty variable is as good as none."""
    by_variable = {spec.variable: spec.name for spec in SPECS.values()}
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    texts = {by_variable[name]: ours[name] for name in ours if name in by_variable and ours[name]}
    unknown = tuple(sorted(set(ours) - set(by_variable) - _ALSO_READ))
    return Layer(origin=origin, texts=texts, unknown=unknown)


def dotenv_layer(path: Path) -> Layer:
    """Return what a .env file says; nothing when there is none.

    Raises:
        SettingsError: It holds the secret and others may read it, or it is not ours.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            status = os.fstat(stream.fileno())
            # A secret with a dollar sign in it must arrive as it is.
            found = dotenv_values(stream=stream, interpolate=False)
    except (FileNotFoundError, NotADirectoryError):
        return Layer(origin=".env")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(".env cannot be read.", todo="Correct or remove it.") from None
    layer = variable_layer({k: v for k, v in found.items() if v is not None}, origin=".env")
    if layer.texts and status.st_mode & stat.S_IWOTH:
        raise SettingsError(".env may be changed by anybody.", todo="Run: chmod 600 .env")
    for name in _SECRET_NAMES:
        if name in layer.texts:
            _require_private(status, ".env", name)
    return layer


def secret_from_file(path: Path, name: str) -> str:
    """Return the secret of that setting, which a private file holds.

    The end of its line is no part of it; of a password any other white space is.

    Raises:
        SettingsError: The file is missing, empty, or others may read it.
    """
    variable = f"{SPECS[name].variable}_FILE"
    shown = _shown(path, variable)
    try:
        with path.open(encoding="utf-8") as stream:
            _require_private(os.fstat(stream.fileno()), shown, name)
            found = stream.read(4096)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(
            f"{shown} cannot be read: {why}.",
            todo=f"{variable} names a file of mode 0600 that holds nothing but the secret.",
        ) from None
    secret = found.removesuffix("\n") if name == "source_password" else found.strip()
    if not secret:
        raise SettingsError(f"{shown} is empty.", todo=f"Write {_SECRET_NAMES[name]} into it.")
    return secret


def _shown(path: Path, variable: str) -> str:
    """Return how to name the secret's file: by its path, unless that may be the secret itself."""
    is_path = any(one.name and _is_there(one) for one in (path, *path.parents))
    return f"The secret file {path}" if is_path else f"The file that {variable} names"


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return False
    return True


def _require_private(status: os.stat_result, what: str, name: str) -> None:
    if status.st_mode & _forbidden(status):
        message = f"{what} holds {_SECRET_NAMES[name]}, and others may read it."
        raise SettingsError(message, todo="Take their permission away: chmod 600 on that file.")
    if what == ".env" and status.st_uid != os.getuid():
        raise SettingsError(f".env holds {_SECRET_NAMES[name]} and belongs to somebody else.")


def _forbidden(status: os.stat_result) -> int:
    """Return the permissions that a file with a secret must not give.

    A service manager lends a secret of root's by the group: systemd by an access list, Kubernetes
    by `fsGroup`. What root lets this user read, nobody else has opened.
    """
    is_lent = status.st_uid == 0 and os.geteuid() != 0
    return _FOR_GROUP_OR_OTHERS & ~stat.S_IRGRP if is_lent else _FOR_GROUP_OR_OTHERS


def toml_layer(path: Path, *, origin: str, is_profile: bool) -> Layer:
    """Return what a profile or config.toml says.

    Raises:
        SettingsError: It is missing, not TOML, holds a secret or a key nobody reads.
    """
    tables = tables_of(path, origin)
    texts: dict[str, str] = {}
    for table_name, table in tables.items():
        require_known(table_name, _FILE_TABLES, f"{origin}: [{table_name}]")
        if not isinstance(table, dict):
            raise SettingsError(f"{origin}: {table_name} must be a table, such as [{table_name}].")
        if table_name not in _OF_THEIR_WORDS:
            texts |= _table_texts(table_name, table, origin)
    if is_profile and "profile" in texts:
        raise SettingsError(f"{origin}: a profile cannot name another profile.")
    return Layer(origin=origin, texts=texts, tables=read_tables(tables, origin))


def tables_of(path: Path, origin: str) -> dict[str, Any]:
    """Return what stands in a TOML file that may travel.

    Raises:
        SettingsError: It is missing, not TOML, or holds a secret.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{origin} is not TOML: {error}.", todo=f"Correct {path}.") from None
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{origin} cannot be read.", todo=f"Look at {path}.") from None
    except (RecursionError, ValueError):
        # Its parser has no words for lists in lists without end, or a number of 5,000 digits.
        message = f"{origin} is nested too deeply, or holds a number that is too long."
        raise SettingsError(message, todo=f"Correct {path}.") from None
    _refuse_secrets(tables, origin)
    return tables


def _table_texts(table_name: str, table: Mapping[str, Any], origin: str) -> dict[str, str]:
    by_key = {s.file_key: s.name for s in SPECS.values() if s.section == table_name}
    also = KEYS.get(table_name, ())
    texts: dict[str, str] = {}
    for key, value in table.items():
        where = f"{origin}: [{table_name}] {key}"
        require_known(key, (*by_key, *also), where)
        if key in by_key:
            is_list = SPECS[by_key[key]].is_list
            texts[by_key[key]] = (several_values if is_list else one_value)(value, where)
    return texts


def _refuse_secrets(tables: Mapping[str, Any], origin: str) -> None:
    for key, value in tables.items():
        if key.lower() in _SECRET_KEYS:
            raise SettingsError(
                f"{origin} holds {key}: a file that travels must not hold a secret.",
                todo=f"Use {_variable_for(key)}, or {_variable_for(key)}_FILE.",
            )
        # A heading, or a clinic, may well be called "Token"; only a word is named here.
        if isinstance(value, dict) and key not in (*_OF_THEIR_WORDS, *KEYS["values"]):
            _refuse_secrets(value, origin)


def _variable_for(key: str) -> str:
    name = "source_password" if "password" in key.lower() else "client_secret"
    return SPECS[name].variable
