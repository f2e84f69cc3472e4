"""What is installed: one package, `gravity`, with its data and types, that leaves other projects' names alone."""

import json
import os
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.venvs import Venv

ROOT = Path(__file__).parents[2]
OPENAI_AGENTS = "openai-agents==0.24.0"
# One of each kind of data, so that a walk that finds nothing cannot pass for a wheel that holds everything.
DATA = {
    "gravity/py.typed",
    "gravity/agents/contrast/head.json",
    "gravity/audit/templates/report.html",
    "gravity/audit/measures/associations.yaml",
    "gravity/frameworks/data/cultures/br.yaml",
    "gravity/frameworks/data/seeds/wvs.jsonl",
    "gravity/prompts/judge.md",
    "gravity/store/dataset/card.md",
    "gravity/trainer/evaluation/texts/en.txt",
    "gravity/trainer/recipes/cpu-tiny.toml",
}

pytestmark = pytest.mark.slow


class Fresh(Venv):
    """An environment that has what Gravity needs, and of Gravity only what its wheel installed."""

    def run(self, command: str, *arguments: str) -> str:
        """What a command of the environment prints; it has to succeed. The checkout is out of its sight."""
        return self.call(command, *arguments, cwd=self.folder)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist and not from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True, stdout=subprocess.DEVNULL)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """The wheel and openai-agents, side by side."""
    made = Fresh(tmp_path_factory.mktemp("fresh"))
    venv.create(made.folder, with_pip=True)
    install = ("python", "-m", "pip", "install", "--quiet")
    made.run(*install, "--no-deps", str(wheel))
    # The packages that both need are those of the environment of the tests. Its editable Gravity does not come along:
    # Python does not follow the .pth files of a folder that a .pth file names.
    (made.packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    made.run(*install, OPENAI_AGENTS)
    return made


def test_the_wheel_holds_the_package_gravity_and_nothing_else(wheel: Path) -> None:
    files = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
    assert {name.partition("/")[0] for name in files} == {"gravity", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}
    checkout = {
        (Path(folder) / name).relative_to(ROOT).as_posix()
        for folder, _, names in os.walk(ROOT / "gravity", followlinks=True)
        for name in names
        if not folder.endswith("__pycache__")
    }
    assert checkout >= DATA
    assert {name for name in files if name.startswith("gravity/")} == checkout


def test_both_are_installed_and_neither_takes_the_others_name(fresh: Fresh) -> None:
    folders = (
        "agents",
        "audit",
        "benchmarks",
        "compare",
        "frameworks",
        "graphs",
        "prompts",
        "store",
        "tests",
        "trainer",
    )
    assert [name for name in folders if (fresh.packages / name).exists()] == ["agents"]
    code = "import agents, gravity, gravity.agents; print(agents.__file__, gravity.__file__, agents.Runner.__module__)"
    theirs, here, runner = fresh.run("python", "-c", code).split()
    assert Path(theirs).parent == fresh.packages / "agents"
    assert Path(here).parent == fresh.packages / "gravity"
    assert runner.partition(".")[0] == "agents"


def test_the_commands_run(fresh: Fresh) -> None:
    assert "curate" in fresh.run("gravity", "--help")
    assert json.loads(fresh.run("gravity", "frameworks", "--json"))["seeds"]
    assert "train" in fresh.run("gravity-trainer", "--help")


def test_a_users_type_checker_sees_the_types(fresh: Fresh, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from gravity.frameworks.statistics import wilson\nreveal_type(wilson)\n", encoding="utf-8")
    revealed = fresh.run("python", "-m", "mypy", f"--cache-dir={tmp_path}", "--strict", str(script))
    assert "gravity.frameworks.statistics.Interval" in revealed
