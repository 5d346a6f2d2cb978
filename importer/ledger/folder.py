"""The folder of one target's ledger: where each file stands, who may read it, and on what disk."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from importer.errors import LedgerError, SettingsError

Phase: TypeAlias = Literal["opening", "open", "closed"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_NETWORK_DISKS = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs")


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
    """Return the target that `base_url` and `client_id` name."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").lower()
    address = f"{parts.scheme}://{host}"
    if host in _LOOPBACK or host.startswith("127."):
        address = f"{parts.scheme}://127.0.0.1"
    elif parts.port is not None:
        address += f":{parts.port}"
    digest = hashlib.sha256(f"{address}\n{client_id}".encode()).hexdigest()
    return Target(address=address, digest=digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What the file beside the ledger says; together with the ledger it shows an old copy."""

    ledger_id: str
    opening: int
    phase: Phase


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
    def rescue_file(self) -> Path:
        """Return the file for answers that the ledger could not take."""
        return self.path / "rescue.bin"

    @property
    def spool(self) -> Path:
        """Return the folder that holds patient values while a run needs them."""
        return self.path / "spool"

    def prepare(self) -> None:
        """Make the folders, private, on a disk that keeps its promises.

        Raises:
            SettingsError: They cannot be made or written.
            LedgerError: The disk is a network disk, where locks and syncs cannot be trusted.
        """
        try:
            for folder in (self.path.parent, self.path, self.spool):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.path, self.spool):
                folder.chmod(0o700)
        except OSError as error:
            raise SettingsError(
                f"the state folder {self.path} cannot be used: {error.strerror}",
                todo="name a folder that you may write with SOLV_IMPORT_STATE_DIR",
            ) from None
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise SettingsError(
                f"the state folder {self.path} is read-only",
                todo="name a folder that you may write with SOLV_IMPORT_STATE_DIR",
            )
        kind = disk_kind(self.path)
        if kind.startswith(_NETWORK_DISKS):
            raise LedgerError(
                f"the state folder {self.path} is on a network disk ({kind})",
                todo="name a folder on a local disk with SOLV_IMPORT_STATE_DIR",
            )

    def read_sidecar(self) -> Sidecar | None:
        """Return what the sidecar says, None when there is none."""
        try:
            told = json.loads(self.sidecar_file.read_text())
            return Sidecar(
                ledger_id=str(told["ledger_id"]),
                opening=int(told["opening"]),
                phase=told["phase"],
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise LedgerError(f"{self.sidecar_file} cannot be read", todo=RESTORE) from None

    def write_sidecar(self, sidecar: Sidecar) -> None:
        """Replace the sidecar, durably."""
        text = json.dumps(
            {"ledger_id": sidecar.ledger_id, "opening": sidecar.opening, "phase": sidecar.phase}
        )
        write_durably(self.sidecar_file, text.encode())

    def read_key(self) -> bytes | None:
        """Return the fingerprint key, None when there is none."""
        try:
            return self.key_file.read_bytes()
        except FileNotFoundError:
            return None

    def make_key(self) -> bytes:
        """Make a random key of 256 bits, durably."""
        key = secrets.token_bytes(32)
        write_durably(self.key_file, key)
        return key


RESTORE = (
    "restore the whole state folder from a backup made after its last run; or, to start anew, "
    "move the folder away and treat every row sent since that backup as unknown: look each one "
    "up in Solv before it is imported again"
)


def key_id(key: bytes) -> str:
    """Return a name for the key that does not reveal it."""
    return hashlib.sha256(b"solv-import key id\n" + key).hexdigest()[:16]


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` so that after a power loss it holds the old content or the new."""
    temporary = path.with_name(f".{path.name}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, content)
        os.fsync(fd)
    finally:
        os.close(fd)
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def disk_kind(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Return the kind of file system under `path`, "" where the system does not say."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    inside = path.resolve()
    best, kind = -1, ""
    for line in lines:
        _, point, fs_type, *_ = line.split(" ")
        place = Path(point.replace("\\040", " "))
        if inside.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), fs_type
    return kind
