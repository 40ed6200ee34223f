"""The contents of each image."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from typing import Any

import pytest
from docker.errors import ContainerError

from sra_testing.containers import ROOT, Stack
from sra_testing.deployments import list_variables, read_blueprint

# building has a limit of its own
pytestmark = [pytest.mark.containers, pytest.mark.timeout(420, func_only=True)]

PACKAGES = {
    "sra-gateway": ("gateway", "sra_shared"),
    "sra-fmp-ingest": ("fmp_ingest", "fmp_collectors", "sra_shared"),
    "sra-fundata-ingest": ("fundata_ingest", "sra_shared"),
    "sra-view-builder": ("view_builder", "sra_shared"),
    "sra-stand-in": ("sra_stand_in",),
}
OURS = {package for packages in PACKAGES.values() for package in packages} | {"sra_cli"}
# the command works in process with every one of them
PACKAGES["sra-cli"] = tuple(OURS)
# of the bases that are in use, and ours
ENVIRONMENT = {
    "PATH",
    "LANG",
    "SSL_CERT_FILE",
    "GPG_KEY",
    "PYTHON_VERSION",
    "PYTHON_SHA256",
    "PYTHON_SETUPTOOLS_VERSION",
} | {*("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PORT", "TMPDIR")}
ORPHAN = """
import os, time
reads, writes = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        os.write(writes, str(os.getpid()).encode())
    os._exit(0)
os.wait()
orphan = int(os.read(reads, 20))
for _ in range(200):
    if not os.path.exists(f"/proc/{orphan}"):
        break
    time.sleep(0.05)
print(open("/proc/1/comm").read().strip(), "buried" if not os.path.exists(f"/proc/{orphan}") else "a zombie")
"""


def run_in(stack: Stack, image: str, *command: str, **options: Any) -> str:
    chosen = {"remove": True, "network_mode": "none", "read_only": True, "entrypoint": ["tini", "--"]} | options
    output: bytes = stack.engine.containers.run(image, list(command), **chosen)
    return output.decode().strip()


@pytest.mark.parametrize("image", PACKAGES)
def test_image_contains_only_its_own_packages(built: Stack, image: str) -> None:
    script = f"import importlib.util as u; print(*(n for n in {sorted(OURS)} if u.find_spec(n)))"
    assert set(run_in(built, image, "python", "-c", script).split()) == set(PACKAGES[image])


@pytest.mark.parametrize("image", PACKAGES)
def test_image_contains_no_build_tools_and_no_leftovers(built: Stack, image: str) -> None:
    script = (
        "import os, pathlib, shutil; root = pathlib.Path('/');"
        "tools = [n for n in ('gcc', 'cc', 'make', 'git', 'curl', 'pip', 'pip3', 'uv', 'hatchling') if shutil.which(n)];"
        "pips = [p for at in ('usr', 'opt', 'root', 'home') for p in (root / at).rglob('*')"
        " if p.name in ('pip', 'ensurepip') or (p.suffix == '.whl' and p.name.startswith('pip-'))];"
        "left = [p for at in ('root', 'tmp', 'src', 'wheels', 'var/lib/apt/lists', 'var/cache/apt')"
        " for p in (root / at).rglob('*') if p.is_file() and p.name not in ('.bashrc', '.profile', 'lock')];"
        "print(os.getuid(), *tools, *pips, *left)"
    )
    # root sees what is hidden from the image's own user
    assert run_in(built, image, "python", "-c", script, user="0") == "0"


@pytest.mark.parametrize("image", PACKAGES)
def test_image_runs_as_a_plain_user_with_few_writable_folders(built: Stack, image: str) -> None:
    assert run_in(built, image, "python", "-c", "import os; print(os.getuid(), os.getgid())") == "10001 10001"
    for folder in ("/app", "/opt/venv", "/usr/local/bin", "/etc"):
        with pytest.raises(ContainerError, match="Permission denied"):
            run_in(built, image, "python", "-c", f"open('{folder}/x', 'w')", read_only=False)
    if image in ("sra-fmp-ingest", "sra-fundata-ingest"):
        script = "import tempfile; print(tempfile.NamedTemporaryFile().name)"
        volumes = ["/var/lib/sra/tmp"]
        assert run_in(built, image, "python", "-c", script, volumes=volumes).startswith("/var/lib/sra/tmp/")


@pytest.mark.parametrize("image", PACKAGES)
def test_image_has_an_init_that_reaps_orphans(built: Stack, image: str) -> None:
    assert run_in(built, image, "python", "-c", ORPHAN) == "tini buried"
    entrypoint = built.engine.images.get(image).attrs["Config"]["Entrypoint"]
    assert entrypoint[:2] == ["tini", "--"]


@pytest.mark.parametrize("image", PACKAGES)
def test_image_is_labelled_and_watched(built: Stack, image: str) -> None:
    config = built.engine.images.get(image).attrs["Config"]
    prefix = "org.opencontainers.image."
    labels = {name.removeprefix(prefix): value for name, value in config["Labels"].items() if name.startswith(prefix)}
    assert labels["title"] == image
    assert labels["revision"] == "unknown"
    assert set(labels) == {"title", "description", "version", "revision"}
    assert bool(config.get("Healthcheck")) == (image != "sra-cli")


def test_image_keeps_no_build_secret_of_render(built: Stack) -> None:
    blueprint = read_blueprint()
    for service in blueprint["services"]:
        mark = secrets.token_hex(16)
        handed = {name: f"{name}-{mark}" for name in list_variables(service, blueprint)} | {"RENDER_GIT_COMMIT": "abc1"}
        words = [word for name, value in handed.items() for word in ("--build-arg", f"{name}={value}")]
        tag = f"{service['name']}:handed-{mark[:6]}"
        command = ["docker", "build", "--quiet", "--tag", tag, "--file", service["dockerfilePath"], *words, "."]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        image = built.engine.images.get(tag)
        try:
            assert mark not in json.dumps([image.attrs, image.history()])
            assert image.attrs["Config"]["Labels"]["org.opencontainers.image.revision"] == "abc1"
        finally:
            built.engine.images.remove(tag)


@pytest.mark.parametrize("image", PACKAGES)
def test_image_carries_no_secret(built: Stack, image: str) -> None:
    found = built.engine.images.get(image)
    assert {entry.split("=")[0] for entry in found.attrs["Config"]["Env"]} <= ENVIRONMENT
    history = "\n".join(str(layer["CreatedBy"]) for layer in found.history())
    assert not re.search(
        r"(?i)(token|secret|password|api_?key)\w*[=:]\s*\S|://[^/\s:]+:[^/\s@]+@|AKIA[0-9A-Z]{16}", history
    )


def test_no_private_file_is_sent_to_a_build(built: Stack) -> None:
    recipe = "FROM python:3.13-slim\nCOPY . /context\n"
    tag = f"sra-context:{secrets.token_hex(3)}"
    command = ["docker", "build", "--quiet", "--tag", tag, "--file", "-", "."]
    done = subprocess.run(command, cwd=ROOT, input=recipe, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    try:
        script = "import pathlib; print(*pathlib.Path('/context').rglob('*'), sep='\\n')"
        sent = run_in(built, tag, "-c", script, entrypoint=["python"]).splitlines()
    finally:
        built.engine.images.remove(tag)
    assert "/context/shared/pyproject.toml" in sent
    # CSV files that are part of a package are in its src, a vendor's data is not
    private = re.compile(
        r"/\.(?!python-version)|\.(token|pem|key|log)$|^(?!.*/src/).*\.csv$"
        r"|/context/(?!shared|FMP|services|cli|fundata|tests|requ)"
    )
    assert [path for path in sent if private.search(path)] == []
    assert [path for path in sent if path.startswith("/context/tests/") and "stand_in" not in path] == []
