"""SFTP through fsspec, with a server that is known beforehand: no stranger gets a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import paramiko  # type: ignore[import-untyped]
from fsspec.implementations.sftp import SFTPFileSystem  # type: ignore[import-untyped]

from importer.errors import CredentialsError

if TYPE_CHECKING:
    from pathlib import Path

    from importer.inbox.remote import Access


class _KnownServer(SFTPFileSystem):  # type: ignore[misc] # fsspec has no types
    """An SFTP server whose host key stands in a file of known hosts."""

    def __init__(self, host: str, *, known_hosts: Path | None, **ssh: Any) -> None:  # noqa: ANN401 - paramiko's
        self._known_hosts = known_hosts
        super().__init__(host, **ssh)

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        self.client.load_system_host_keys()
        if self._known_hosts is not None:
            self.client.load_system_host_keys(str(self._known_hosts))
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        try:
            self.client.connect(self.host, **self.ssh_kwargs)
            self.ftp = self.client.open_sftp()
        except BaseException:
            self.client.close()
            raise


def sftp_files(url: str, access: Access, *, timeout_s: float) -> SFTPFileSystem:
    """Return the files of an SFTP server.

    Raises:
        CredentialsError: It refuses us, or is not the server that we know.
        OSError: It cannot be reached.
    """
    parts = urlsplit(url)
    assert parts.hostname is not None  # noqa: S101 - who calls has looked
    try:
        return _KnownServer(
            parts.hostname,
            known_hosts=access.known_hosts,
            skip_instance_cache=True,
            port=parts.port or 22,
            username=unquote(parts.username) if parts.username else None,
            password=access.password,
            key_filename=str(access.key_file) if access.key_file else None,
            timeout=timeout_s,
            banner_timeout=timeout_s,
            auth_timeout=timeout_s,
        )
    except paramiko.BadHostKeyException:
        raise CredentialsError(
            f"{parts.hostname} is not the server that known_hosts has",
            todo="ask who runs it whether its key has changed; never go on without an answer",
        ) from None
    except paramiko.AuthenticationException:
        raise CredentialsError(
            f"{parts.hostname} refuses the account", todo="check its name, key and password"
        ) from None
    except paramiko.SSHException as error:
        if "not found in known_hosts" not in str(error):
            raise ConnectionError from None
        raise CredentialsError(
            f"{parts.hostname} is in no file of known hosts",
            todo=f"add its key once: ssh-keyscan {parts.hostname} >> ~/.ssh/known_hosts, and "
            f"compare it with what its owner says",
        ) from None
