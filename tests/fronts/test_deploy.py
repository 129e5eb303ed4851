"""The files under docs/deploy, judged by the programs that will read them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import pytest

from tests.fronts.fronts import RECIPES
from xdr_bridge.config import Settings, Sources

DEPLOY = RECIPES.parent / "deploy"
# Less is better; 9.6 is a unit that says nothing.
_MOST_EXPOSURE = 3.0


def run(*command: str) -> str:
    """Run a program that must succeed; return what it says."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    program = shutil.which(command[0], path=path)
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        [program, *command[1:]], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def documents() -> list[dict]:  # type: ignore[type-arg]
    yaml = pytest.importorskip("yaml")
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8")))


def test_systemd_takes_the_units() -> None:
    with TemporaryDirectory() as name:
        for kind in ("service", "socket"):
            text = (DEPLOY / f"xdr-bridge.{kind}").read_text("utf-8")
            # verify wants the program to be there.
            text = text.replace("/opt/xdr-bridge/bin/xdr-bridge", shutil.which("true") or "")
            # What is commented out is to be in order too.
            text = re.sub(r"^#(LoadCredential=)", r"\1", text, flags=re.MULTILINE)
            (Path(name) / f"xdr-bridge.{kind}").write_text(text, "utf-8")
        units = [f"{name}/xdr-bridge.{kind}" for kind in ("service", "socket")]
        assert run("systemd-analyze", "verify", *units) == ""


def test_the_service_is_hardened() -> None:
    said = run("systemd-analyze", "security", "--offline=true", f"{DEPLOY}/xdr-bridge.service")
    found = re.search(r"Overall exposure level for xdr-bridge.service: ([0-9.]+)", said)
    assert found is not None
    assert float(found[1]) < _MOST_EXPOSURE


def test_hadolint_takes_the_dockerfile() -> None:
    assert run("hadolint", f"{DEPLOY}/Dockerfile") == ""


def test_the_dockerfile_says_options_that_there_are() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    said = re.findall(r"XDR_BRIDGE_([A-Z_]+)=(\S+)", text)
    settings = Settings(api="http://api:9000", **{name.lower(): value for name, value in said})
    assert (settings.host, settings.port, settings.admin_port) == ("0.0.0.0", 8780, 8781)
    assert f"EXPOSE {settings.port}" in text
    assert f":{settings.admin_port}/healthz" in text


def test_kubernetes_takes_the_manifests() -> None:
    validate = pytest.importorskip("kubernetes_validate")
    kinds = []
    for document in documents():
        validate.validate(document, "1.34", strict=True)
        kinds.append(document["kind"])
    assert kinds == [
        "ConfigMap",
        "Deployment",
        "Service",
        "PodDisruptionBudget",
        "HorizontalPodAutoscaler",
    ]


def test_the_manifests_fit_the_bridge(tmp_path: Path) -> None:
    by_kind = {document["kind"]: document for document in documents()}
    path = tmp_path / "bridge.toml"
    path.write_text(by_kind["ConfigMap"]["data"]["bridge.toml"], "utf-8")
    settings = Sources({}, environ={}, config=str(path)).load().settings
    pod = by_kind["Deployment"]["spec"]["template"]["spec"]
    (bridge,) = pod["containers"]
    assert bridge["ports"][0]["containerPort"] == settings.port
    pause = int(bridge["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause + settings.stop_seconds
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        (_, _, code) = bridge[probe]["exec"]["command"]
        compile(code, probe, "exec")
        assert f"127.0.0.1:{settings.admin_port}/" in code
        # The probe's own patience is the longer one.
        assert bridge[probe]["timeoutSeconds"] > int(re.findall(r"timeout=(\d+)", code)[0])
    # An API that does not answer is found out within a probe.
    assert settings.connect_seconds < bridge["readinessProbe"]["timeoutSeconds"]
    labels = by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert by_kind["Service"]["spec"]["selector"] == labels
    assert by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels


def test_compose_fits_the_files_beside_it() -> None:
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    environment = services["bridge"]["environment"]
    names = {name.removeprefix("XDR_BRIDGE_").lower() for name in environment}
    assert names <= set(Settings.model_fields)
    for service in services.values():
        for volume in service.get("volumes", []):
            assert (DEPLOY / volume.split(":")[0]).is_file()
    text = (DEPLOY / "nginx-bridges.conf").read_text("utf-8")
    assert "server bridge:8780" in text
    build = services["bridge"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_the_windows_service_is_xml_and_fits() -> None:
    service = ElementTree.parse(DEPLOY / "xdr-bridge-service.xml").getroot()
    assert service.findtext("arguments", "").split()[0] == "serve"
    seconds = int(service.findtext("stoptimeout", "").split()[0])
    assert seconds > Settings(api="http://api:9000").stop_seconds


def test_the_schema_of_compose_is_met() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    assert "ok" in run("check-jsonschema", *schema, f"{DEPLOY}/compose.yaml")
