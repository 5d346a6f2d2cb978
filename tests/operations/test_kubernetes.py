"""The CronJob runs the command as it is, alone, and without rights."""

from __future__ import annotations

from typing import Any

import yaml

from importer.cli.run import command as run
from importer.settings import SPECS
from tests.operations.night_kit import PAGES

DRAIN_S = 20
CLAIM, JOB = yaml.safe_load_all((PAGES / "kubernetes-cronjob.yaml").read_text("utf-8"))
POD: dict[str, Any] = JOB["spec"]["jobTemplate"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]


def test_nights_do_not_overlap_and_are_not_repeated() -> None:
    assert (JOB["kind"], JOB["apiVersion"]) == ("CronJob", "batch/v1")
    assert JOB["spec"]["concurrencyPolicy"] == "Forbid"
    assert JOB["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert POD["restartPolicy"] == "Never"
    assert POD["terminationGracePeriodSeconds"] >= DRAIN_S + 60


def test_it_may_do_nothing_but_write_its_volumes() -> None:
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["automountServiceAccountToken"] is False
    rights = CONTAINER["securityContext"]
    assert rights["readOnlyRootFilesystem"] is True
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}


def test_the_arguments_are_those_of_the_command() -> None:
    command, *arguments = CONTAINER["args"]
    assert command == "run"
    assert all(isinstance(word, str) for word in arguments), "YAML has made a time of one"
    with run.make_context("run", arguments) as ctx:
        assert ctx.params["deadline"] == "05:30"
        assert ctx.params["yes"]
        assert ctx.params["non_interactive"]


def test_the_variables_are_settings() -> None:
    names = {one["name"] for one in CONTAINER["env"]} - {"TZ"}
    assert names <= {spec.variable for spec in SPECS.values()}
    assert "SOLV_IMPORT_CLIENT_SECRET" not in names, "it stands in a file"


def test_every_mount_has_its_volume_and_every_place_its_mount() -> None:
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in POD["volumes"]}
    env = {one["name"]: one["value"] for one in CONTAINER["env"]}
    assert env["SOLV_IMPORT_STATE_DIR"].startswith(mounts["state"] + "/")
    assert env["SOLV_IMPORT_CLIENT_SECRET_FILE"].startswith(mounts["secret"] + "/")
    assert "/tmp" in mounts.values()  # noqa: S108 - its path in the container


def test_one_pod_alone_mounts_the_state() -> None:
    (state,) = (volume for volume in POD["volumes"] if volume["name"] == "state")
    assert state["persistentVolumeClaim"]["claimName"] == CLAIM["metadata"]["name"]
    assert CLAIM["spec"]["accessModes"] == ["ReadWriteOncePod"]
