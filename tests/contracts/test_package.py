"""The wheel, built from the sdist as an installer would, holds the four packages and what they need to run."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"triage", "triage_tools", "triage_evals", "triage_tui"}


def build(folder: Path, target: str, out: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names in the wheel that is built from the sdist."""
    folder = tmp_path_factory.mktemp("build")
    with tarfile.open(build(ROOT, "sdist", folder / "sdist")) as archive:
        archive.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    with zipfile.ZipFile(build(source, "wheel", folder / "wheel")) as wheel:
        return wheel.namelist()


def test_the_top_level_is_exactly_the_four_packages(names: list[str]) -> None:
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == PACKAGES


def test_every_module_and_data_file_is_in_the_wheel(names: list[str]) -> None:
    for place, package in (("", "triage"), ("tools", "triage_tools"), ("evals", "triage_evals"), ("tui", "triage_tui")):
        base = ROOT / place
        files = {path.relative_to(base) for path in (base / package).rglob("*") if path.is_file()}
        wanted = {path.as_posix() for path in files if "__pycache__" not in path.parts}
        assert wanted <= set(names)
    assert {f"triage/prompts/{path.name}" for path in (ROOT / "prompts").glob("*.md")} <= set(names)


def test_licence_and_notice_go_along(names: list[str]) -> None:
    licences = {name.rsplit("/", 1)[-1] for name in names if ".dist-info/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


def test_the_only_script_is_triage() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"triage": "triage.cli:main"}
