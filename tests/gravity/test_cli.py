"""What everyone meets first: help, exit codes, and errors of one line."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import typer

from gravity import cli
from tests.gravity.conftest import Filled
from tests.gravity.support import ROOT, Done, environment, gravity, here, toml

COMMANDS = sorted(typer.main.get_command(cli.app).commands)  # type: ignore[attr-defined]
HEAVY = ("torch", "chromadb", "langgraph", "llama_cpp", "langchain_openai", "transformers", "sqlalchemy")


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    look = (
        "import atexit, runpy, sys\n"
        f"atexit.register(lambda: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr))\n"
        "sys.argv = ['gravity', '--help']\n"
        "runpy.run_module('gravity', run_name='__main__')\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", look], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert (process.returncode, process.stderr) == (0, "[]\n")
    for command in COMMANDS:
        assert command in process.stdout
    assert "Exit codes: 0 done" in process.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_shows_an_example(command: str, tmp_path: Path) -> None:
    done = here(tmp_path, command, "--help")
    assert (done.code, done.errors) == (0, "")
    assert f"Example: gravity {command}" in done.output
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True)
class Case:
    """A command that must fail: its configuration, the code it must end with, and what it must say."""

    arguments: Sequence[str]
    code: int
    says: Sequence[str]
    configuration: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)


NOBODY = "http://127.0.0.1:9/v1"
GGUF = """
[models]
g = {kind = "llama-cpp", path = "model.gguf"}
contrast = {kind = "contrast"}
[roles]
profiler = "contrast"
writer = "g"
judges = ["contrast"]
critics = []
"""
CASES = {
    "a wrong path": Case(
        ["ingest", "no-such-file.jsonl", "--format", "amazon-2023"], 3, ["no-such-file.jsonl", "No such"]
    ),
    "broken TOML": Case(["status"], 2, ["gravity.toml is not TOML"], "[roles\n"),
    "an unknown model in a role": Case(
        ["curate"], 2, ["roles.writer", "'nobody'"], toml(NOBODY).replace('writer = "stub"', 'writer = "nobody"')
    ),
    "not a GGUF": Case(["curate"], 4, ["model.gguf is not a GGUF file"], GGUF, {"model.gguf": b"PK\x03\x04"}),
    "an unknown culture": Case(
        ["ingest", "reviews.jsonl", "--format", "amazon-2023", "--culture", "atlantis"],
        2,
        ["there is no culture 'atlantis'", "br, in"],
        None,
        {"reviews.jsonl": b"{}\n"},
    ),
}
# The same, but within this process.
QUICK = {
    "an unknown pair": Case(["show", "zzz"], 2, ["no single pair begins with 'zzz'"], toml(NOBODY)),
    "no such GGUF": Case(["curate"], 4, ["model.gguf", "No such file"], GGUF),
    "a store that is a file": Case(["status"], 5, [".gravity"], toml(NOBODY), {".gravity": b""}),
    "no readers yet": Case(["curate"], 2, ["run `gravity ingest` first"], toml(NOBODY)),
    "no run yet": Case(["status"], 2, ["run `gravity curate` first"], toml(NOBODY)),
    "a database nobody knows": Case(
        ["status"], 5, ["'nosql://x' is not one SQLAlchemy can use"], toml(NOBODY, store={"database": "nosql://x"})
    ),
    "an unknown layout": Case(
        ["ingest", "x", "--format", "csv"],
        2,
        ["there is no layout 'csv' of reviews: known are amazon-2023, amazon-2014"],
    ),
    "no material folder": Case(["curate"], 3, ["none: there is no such mat"], 'material = "none"\n' + toml(NOBODY)),
    "an empty material folder": Case(["frameworks"], 3, ["holds none of frameworks.yaml"], 'material = "."\n'),
    "a domain without a file": Case(["curate"], 3, ["music.yaml: no such file"], 'domain = "music"\n' + toml(NOBODY)),
}


def prepared(case: Case, folder: Path) -> Path:
    if case.configuration is not None:
        (folder / "gravity.toml").write_text(case.configuration, encoding="utf-8")
    for file, content in case.files.items():
        (folder / file).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """How the cases ended, each run as a process in a folder of its own, two at a time."""

    def run(name: str) -> Done:
        return gravity(prepared(CASES[name], tmp_path_factory.mktemp("case")), *CASES[name].arguments)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(CASES, pool.map(run, CASES), strict=True))


def fails(done: Done, code: int, says: Sequence[str]) -> None:
    assert done.code == code, done
    assert done.output == ""
    assert done.errors.startswith("error: ") and done.errors.count("\n") == 1, done.errors
    for text in says:
        assert text in done.errors


@pytest.mark.parametrize("name", CASES)
def test_an_expected_error_is_one_line_and_its_exit_code(name: str, outcomes: dict[str, Done]) -> None:
    fails(outcomes[name], CASES[name].code, CASES[name].says)


@pytest.mark.parametrize("name", QUICK)
def test_another_expected_error_is_one_line_and_its_exit_code(name: str, tmp_path: Path) -> None:
    case = QUICK[name]
    fails(here(prepared(case, tmp_path), *case.arguments), case.code, case.says)


def test_an_endpoint_that_is_not_there(filled: Filled, tmp_path: Path) -> None:
    copy_of(filled, tmp_path)
    changes = {"GRAVITY_MODELS__STUB__BASE_URL": NOBODY, "GRAVITY_MODELS__STUB__RETRIES": "0"}
    # Another address is another model, of which the store knows no qualification.
    done = gravity(tmp_path, "curate", "--unqualified", **changes)
    notice, _, error = done.errors.strip().rpartition("\nerror: ")
    assert notice.startswith(
        "Unqualified (br, in, jp, us: no scenario judge, no pair judge, no reader of views, no profiler; expired"
    )
    fails(Done(done.code, done.output, f"error: {error}\n"), 4, ["model 'stub'", NOBODY, "cannot be reached"])


def copy_of(filled: Filled, folder: Path) -> None:
    shutil.copytree(filled.folder / ".gravity", folder / ".gravity")
    shutil.copy(filled.folder / "gravity.toml", folder)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["curate", "--culture", "atlantis"], 2, ["there is no culture 'atlantis'"]),
        (["preview", "--culture", "atlantis"], 2, ["there is no culture 'atlantis'"]),
        (["status", "--run", "zzz"], 2, ["no single run begins with 'zzz'"]),
        (["export", "out", "--run", "zzz"], 2, ["no single run begins with 'zzz'"]),
        (["show", "zzz"], 2, ["no single pair begins with 'zzz'"]),
        (["show", ""], 2, ["no single pair begins with ''"]),
        (["status", "--config", "none.toml"], 2, ["cannot read the configuration none.toml"]),
        (["export", "/proc/dataset"], 5, ["cannot write the dataset to /proc/dataset"]),
        (["write", "--reader", "nobody", "--title", "T", "--description", "D"], 2, ["reader 'nobody' has no profile"]),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else None,
)
def test_an_expected_error_on_a_filled_store(
    filled: Filled, arguments: list[str], code: int, says: Sequence[str]
) -> None:
    fails(here(filled.folder, *arguments), code, says)


def test_vectors_of_another_embedder_are_refused(
    filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_of(filled, tmp_path)
    monkeypatch.setenv("GRAVITY_EMBEDDINGS__MODEL", "another")
    fails(here(tmp_path, "curate", "--unqualified"), 5, ["were made by openai:hash64 and not by openai:another"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["ingest"],
        ["ingest", "x"],
        ["curate", "--readers", "0"],
        ["status", "-x"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_code_2_and_no_traceback(arguments: list[str], tmp_path: Path) -> None:
    done = here(tmp_path, *arguments)
    assert (done.code, done.output) == (2, "")
    assert "Traceback" not in done.errors and "Error" in done.errors
    assert list(tmp_path.iterdir()) == []


def test_the_script_of_the_package_is_this_command() -> None:
    import tomllib

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert declared["gravity"] == "gravity.cli:main"
