"""A secret that root lends: by the group, as systemd and Kubernetes do, and no further."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from importer.errors import SettingsError
from importer.settings.layers import secret_from_file
from tests.chaos.needs import need

SOMEBODY = 65_534


@pytest.mark.parametrize(("mode", "is_taken"), [(0o440, True), (0o640, True), (0o444, False)])
def test_a_file_of_roots_may_be_read_by_the_group(mode: int, *, is_taken: bool) -> None:
    need("" if os.geteuid() == 0 else "only root can lend a file of root's")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        secret = Path(folder) / "client-secret"
        secret.write_text("lent")
        os.chown(secret, 0, SOMEBODY)
        secret.chmod(mode)
        os.setegid(SOMEBODY)
        os.seteuid(SOMEBODY)
        try:
            if is_taken:
                assert secret_from_file(secret, "client_secret") == "lent"
            else:
                with pytest.raises(SettingsError, match="others may read it"):
                    secret_from_file(secret, "client_secret")
        finally:
            os.seteuid(0)
            os.setegid(0)


def test_a_file_of_ones_own_is_private(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("open")
    secret.chmod(0o640)
    with pytest.raises(SettingsError, match="others may read it"):
        secret_from_file(secret, "client_secret")
