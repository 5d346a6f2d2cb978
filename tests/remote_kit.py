"""A real SFTP server on this machine, in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "clinic", "let-me-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpServer:
    """An SFTP server that shows one folder of this machine as its root."""

    port: int
    root: Path
    known_hosts: Path
    """Its key, as a client knows it."""
    key_file: Path
    """A client's key that it lets in."""

    def url(self, path: str = "") -> str:
        """Return the address of a folder or file of it."""
        return f"sftp://{USER}@127.0.0.1:{self.port}/{path}"


@contextmanager
def sftp_server(folder: Path) -> Iterator[SftpServer]:
    """Serve `folder/root` by SFTP on a port of its own."""
    root = folder / "root"
    root.mkdir(parents=True)
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    host_key.write_private_key(folder / "host")
    client_key = asyncssh.generate_private_key("ssh-ed25519")
    client_key.write_private_key(folder / "id")
    (folder / "id").chmod(0o600)
    client_key.write_public_key(folder / "authorized")
    words = [sys.executable, "-m", "tests.remote_kit", str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            public = host_key.export_public_key().decode().strip()
            (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
            yield SftpServer(
                port=port, root=root, known_hosts=folder / "known_hosts", key_file=folder / "id"
            )
        finally:
            process.kill()


class _Account(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


async def _serve(folder: Path) -> None:
    """Serve until somebody kills this process."""
    root = str(folder / "root").encode()
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_Account,
        server_host_keys=[str(folder / "host")],
        authorized_client_keys=str(folder / "authorized"),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=root),
    )
    sys.stdout.write(f"{server.get_port()}\n")
    sys.stdout.flush()
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
