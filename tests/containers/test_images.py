"""What is in each image, and what is not."""

from __future__ import annotations

import pytest
from docker.errors import ContainerError

from sra_testing.containers import Stack

pytestmark = pytest.mark.containers

PACKAGES = {
    "sra-gateway": ("gateway", "sra_shared"),
    "sra-fmp-ingest": ("fmp_ingest", "fmp_collectors", "sra_shared"),
    "sra-fundata-ingest": ("fundata_ingest", "sra_shared"),
    "sra-view-builder": ("view_builder", "sra_shared"),
    "sra-stand-in": ("sra_stand_in",),
}
OURS = {package for packages in PACKAGES.values() for package in packages} | {"sra_cli"}


def run_in(stack: Stack, image: str, *command: str) -> str:
    output: bytes = stack.engine.containers.run(image, list(command), remove=True, network_mode="none", read_only=True)
    return output.decode().strip()


@pytest.mark.parametrize("image", PACKAGES)
def test_image_holds_its_own_packages_and_no_other_of_ours(built: Stack, image: str) -> None:
    script = f"import importlib.util as u; print(*(n for n in {sorted(OURS)} if u.find_spec(n)))"
    assert set(run_in(built, image, "python", "-c", script).split()) == set(PACKAGES[image])


@pytest.mark.parametrize("image", PACKAGES)
def test_image_has_no_compiler_no_cache_and_a_plain_user(built: Stack, image: str) -> None:
    script = (
        "import os, pathlib, shutil;"
        "print(os.getuid(), *(n for n in ('gcc', 'cc', 'git', 'curl', 'hatchling') if shutil.which(n)),"
        " *pathlib.Path('/opt/venv').rglob('site-packages/pip'), *pathlib.Path('/root/.cache').glob('*'))"
    )
    assert run_in(built, image, "python", "-c", script) == "10001"
    with pytest.raises(ContainerError):
        run_in(built, image, "python", "-c", "open('/app/x', 'w')")


@pytest.mark.parametrize("image", PACKAGES)
def test_image_carries_no_secret(built: Stack, image: str) -> None:
    found = built.engine.images.get(image)
    text = "\n".join([*found.attrs["Config"]["Env"], *(str(layer["CreatedBy"]) for layer in found.history())])
    for word in ("TOKEN", "SECRET", "PASSWORD", "API_KEY"):
        assert word not in text.upper()
    assert found.attrs["Config"]["Healthcheck"]
    assert found.attrs["Config"]["Labels"]["org.opencontainers.image.title"] == image
