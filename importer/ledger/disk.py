"""What the ledger asks of a disk: durable small files, and a local file system."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
"""Where Linux lists what is mounted where; other systems have no such file."""

_NETWORK_KINDS = (
    "nfs", "cifs", "smb", "9p", "sshfs", "afs", "ceph", "glusterfs", "lustre", "davfs", "s3fs",
    "gcsfuse", "rclone",
)  # fmt: skip
_NOT_OURS_TO_SYNC = {errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP}
"""A folder that we may enter but not open, or on a file system that syncs no folders."""
_ESCAPED = re.compile(r"\\([0-7]{3})")


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` so that after a power loss it holds the old content or the new."""
    temporary = path.with_name(f".{path.name}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a private folder whose own name is durable, so that no power loss takes it away.

    Syncing what is inside a folder does not promise that the folder itself is still there.
    """
    if not folder.parent.is_dir():
        make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        sync_folder(folder.parent)  # each time: whoever made it may have been killed before
    except OSError as error:
        if error.errno not in _NOT_OURS_TO_SYNC:
            raise


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    sync(folder, os.O_DIRECTORY)


def sync(path: Path, flags: int = 0) -> None:
    """Make what stands at `path` durable."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def disk_kind(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the kind of file system under `path`, "" where the system does not say."""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    inside = path.resolve()
    best, kind = -1, ""
    for line in lines:
        _, point, fs_type, *_ = line.split(" ")
        place = Path(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), point))
        if inside.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), fs_type
    return kind


def is_network_disk(kind: str) -> bool:
    """Return whether locks and syncs cannot be trusted on a file system of this kind."""
    return kind.removeprefix("fuse.").startswith(_NETWORK_KINDS)
