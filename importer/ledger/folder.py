"""The folder of one target's ledger: where each file stands, and who may read it."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from importer.address import is_loopback_host
from importer.errors import LedgerError, SettingsError
from importer.ledger.disk import (
    MOUNTS,
    disk_kind,
    is_network_disk,
    make_folder,
    write_durably,
)

if TYPE_CHECKING:
    from pathlib import Path

Phase: TypeAlias = Literal["opening", "open", "closing", "closed"]

KEY_BYTES = 32
_USUAL_PORTS = {"https": 443, "http": 80}

RESTORE = (
    "restore the whole state folder from a backup made after its last run; or, to start anew, "
    "move the folder away and treat every row sent since that backup as unknown: hold their files "
    "with solv-import run FILE --as-unknown before anything else is imported"
)
"""What to do about a ledger that cannot be trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom bookings go to: scheme, host and client id; its port counts except on loopback."""

    address: str
    digest: str
    """SHA-256 of address and client id: the client id itself is not written down."""

    @property
    def folder_name(self) -> str:
        """Return a name that is safe on every disk."""
        host = urlsplit(self.address).hostname or "target"
        return f"{host.replace(':', '-')}-{self.digest[:10]}"


def target_of(base_url: str, client_id: str) -> Target:
    """Return the target that `base_url` and `client_id` name, however the address is spelled."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").rstrip(".")
    address = f"{parts.scheme}://{host}"
    if is_loopback_host(host):
        address = f"{parts.scheme}://127.0.0.1"
    elif parts.port not in (None, _USUAL_PORTS.get(parts.scheme)):
        address += f":{parts.port}"
    digest = hashlib.sha256(f"{address}\n{client_id}".encode()).hexdigest()
    return Target(address=address, digest=digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What the file beside the ledger says; together with the ledger it shows an old copy."""

    ledger_id: str
    opening: int
    phase: Phase
    commits: int = 0
    """How many batches the ledger had taken when it was closed; 0 while it is open."""

    def __post_init__(self) -> None:
        """Check what was read from the disk.

        Raises:
            ValueError: It is nothing that we write.
        """
        is_counted = type(self.opening) is int and self.opening > 0
        if not is_counted or self.phase not in get_args(Phase):
            raise ValueError("no sidecar of ours")

    @property
    def is_first(self) -> bool:
        """Return whether the ledger was never open yet, so that nothing was ever sent."""
        return self.opening == 1 and self.phase == "opening"


@dataclass(frozen=True, slots=True)
class LedgerFolder:
    """Where the files of one target stand."""

    path: Path

    @property
    def database(self) -> Path:
        """Return the ledger itself."""
        return self.path / "ledger.db"

    @property
    def lock_file(self) -> Path:
        """Return the file that the OS lock is on."""
        return self.path / "ledger.lock"

    @property
    def key_file(self) -> Path:
        """Return the file of the fingerprint key."""
        return self.path / "ledger.key"

    @property
    def sidecar_file(self) -> Path:
        """Return the file of the opening counter."""
        return self.path / "ledger.opening.json"

    @property
    def commits_file(self) -> Path:
        """Return the file that tells how many changes the ledger has taken."""
        return self.path / "ledger.commits"

    @property
    def rescue_file(self) -> Path:
        """Return the file for answers that the ledger could not take."""
        return self.path / "rescue.bin"

    @property
    def audit_file(self) -> Path:
        """Return the file that tells who did what, line by line."""
        return self.path / "audit.jsonl"

    @property
    def spool(self) -> Path:
        """Return the folder that holds patient values while a run needs them."""
        return self.path / "spool"

    def prepare(self, mounts: Path = MOUNTS) -> None:
        """Make the folders, private, on a disk that keeps its promises.

        Raises:
            SettingsError: They cannot be made or written.
            LedgerError: The disk is a network disk, where locks and syncs cannot be trusted.
        """
        kind = disk_kind(self.path, mounts)
        if is_network_disk(kind):
            raise LedgerError(
                f"the state folder {self.path} is on a network disk ({kind})",
                todo="name a folder on a local disk with SOLV_IMPORT_STATE_DIR",
            )
        try:
            for folder in (self.path.parent, self.path, self.spool):
                make_folder(folder)
            for folder in (self.path, self.spool):
                folder.chmod(0o700)
        except OSError as error:
            raise SettingsError(
                f"the state folder {self.path} cannot be used: {error.strerror}",
                todo="name a folder that you may write with SOLV_IMPORT_STATE_DIR",
            ) from None

    def read_sidecar(self) -> Sidecar | None:
        """Return what the sidecar says, None when there is none.

        Raises:
            LedgerError: It does not say what we write.
        """
        try:
            told = json.loads(self.sidecar_file.read_bytes())
            sidecar = Sidecar(**told)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            raise LedgerError(f"{self.sidecar_file} cannot be read", todo=RESTORE) from None
        return sidecar

    def write_sidecar(self, sidecar: Sidecar) -> None:
        """Replace the sidecar, durably."""
        write_durably(self.sidecar_file, json.dumps(asdict(sidecar)).encode())

    def read_key(self) -> bytes | None:
        """Return the fingerprint key, None when there is none."""
        try:
            return self.key_file.read_bytes()
        except FileNotFoundError:
            return None

    def make_key(self) -> bytes:
        """Make a random key of 256 bits, durably."""
        key = secrets.token_bytes(KEY_BYTES)
        write_durably(self.key_file, key)
        return key


def key_id(key: bytes) -> str:
    """Return a name for the key that does not reveal it."""
    return hashlib.sha256(b"solv-import key id\n" + key).hexdigest()[:16]
