"""Compose: valid by its own tool, nothing reachable from outside, every secret from the environment."""

import re
import shutil
import subprocess

import pytest
import yaml

pytestmark = pytest.mark.slow


@pytest.fixture
def project(deploy, tmp_path):
    """A copy of deploy/ in which the example of the environment is in force."""
    folder = tmp_path / "deploy"
    shutil.copytree(deploy, folder)
    shutil.copyfile(folder / ".env.example", folder / ".env")
    return folder


@pytest.fixture
def resolved(project, tool):
    """The compose file as docker-compose understands it."""
    compose = tool("docker-compose", "apt-get install docker-compose")
    command = [compose, "--file", project / "compose.yaml", "config"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=project)
    assert (ran.returncode, ran.stderr) == (0, "")
    return yaml.safe_load(ran.stdout)


def test_docker_compose_accepts_the_file(resolved):
    assert set(resolved["services"]) == {"attributor", "postgres", "prometheus", "grafana"}


def test_without_its_secrets_nothing_starts(project, tool):
    compose = tool("docker-compose", "apt-get install docker-compose")
    (project / ".env").unlink()
    command = [compose, "--file", project / "compose.yaml", "config"]
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=project, env={"PATH": "/usr/bin:/bin"}
    )
    assert ran.returncode != 0
    assert "set it in .env" in ran.stderr


def test_everything_listens_on_this_machine_only(resolved):
    ports = [port for service in resolved["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


def test_every_service_restarts_and_tells_how_it_is_and_every_image_is_pinned(deploy):
    services = yaml.safe_load((deploy / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for name, service in services.items():
        assert service["restart"] == "unless-stopped"
        assert "healthcheck" in service or name == "attributor", "the image of the daemon brings its own"
        assert re.search(r":[\w.-]+$", service["image"])
        assert not service["image"].endswith(":latest")


def test_every_file_that_is_mounted_exists(deploy):
    services = yaml.safe_load((deploy / "compose.yaml").read_text(encoding="utf-8"))["services"]
    mounts = [mount.split(":")[0] for service in services.values() for mount in service["volumes"]]
    ours = [mount for mount in mounts if mount.startswith("./")]
    assert len(ours) == 4
    assert all((deploy / mount).exists() for mount in ours)


def test_the_example_of_the_environment_names_every_variable_and_no_other(deploy):
    text = (deploy / "compose.yaml").read_text(encoding="utf-8")
    wanted = set(re.findall(r"\$\{(\w+):\?", text))
    lines = (deploy / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {line.split("=")[0] for line in lines if "=" in line and not line.startswith("#")}
    assert named == wanted | {"COMPOSE_PROJECT_NAME"}
