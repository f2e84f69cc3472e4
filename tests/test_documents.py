"""What the documents tell people to write works: Python runs, TOML loads, and commands have their options."""

import ast
import re
import shlex
import tomllib
from pathlib import Path

import pytest

import gravity as library
from gravity.config import Config
from gravity.store.qualifications import Qualifications
from tests.gravity.support import ROOT, here, toml
from tests.stub.server import Stub
from tests.support import REVIEWS, with_made_up
from tests.trainer.commands import invoke

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "audit/README.md", "trainer/README.md", "frameworks/README.md")


def blocks(document: str, language: str = "") -> list[str]:
    """The code blocks of a document in a language; those in none by default."""
    found: list[str] = []
    fence: str | None = None
    for line in (ROOT / document).read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            fence = line.removeprefix("```") if fence is None else None
            if fence == language:
                found.append("")
        elif fence is not None and fence == language:
            found[-1] += f"{line}\n"
    return found


def commands() -> list[str]:
    """Every command line of ours that stands in a document, in a block or between backticks."""
    found: list[str] = []
    for document in DOCUMENTS:
        text = (ROOT / document).read_text(encoding="utf-8")
        lines = [line.strip() for block in blocks(document) for line in block.splitlines()]
        lines += re.findall(r"`((?:gravity|gravity-trainer) [^`]+)`", text)
        found += [line.partition("#")[0].strip() for line in lines]
    return sorted({line for line in found if re.match(r"(gravity|gravity-trainer) [a-z]", line)})


def test_there_are_commands_to_look_at() -> None:
    assert len(commands()) > 20


@pytest.mark.parametrize("line", commands())
def test_a_command_in_a_document_has_the_options_that_it_is_given(line: str, tmp_path: Path) -> None:
    program, *words = shlex.split(line.replace("...", "x"))
    names = [word for word in words if re.fullmatch(r"[a-z]+", word)]
    if program == "gravity-trainer":
        done = invoke(names[0], "--help")
        code, text = done.exit_code, done.stdout
    else:
        group = names[:2] if names[:2] == ["frameworks", "import"] else names[:1]
        shown = here(tmp_path, *group, "--help")
        code, text = shown.code, shown.output
    assert code == 0, line
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in text, f"{line}: there is no {word}"


def test_the_configuration_of_the_readme_loads() -> None:
    (example,) = (block for block in blocks("README.md", "toml") if "[roles]" in block)
    config = Config(**tomllib.loads(example))
    assert config.roles.judges == ["large", "other", "local"]


def run(code: str, folder: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs an example where a configuration, reviews and a served model are at hand."""
    monkeypatch.chdir(folder)
    # Played models never err, and then nobody knows what a panel makes of errors: some are made up.
    keep = Qualifications.keep
    monkeypatch.setattr(Qualifications, "keep", lambda kept, rows: keep(kept, [with_made_up(row) for row in rows]))
    text = toml(stub.url, curate={"seeds": 2, "scenarios_per_seed": 1}, judging={"cases": 24})
    (folder / "gravity.toml").write_text(text, encoding="utf-8")
    # The readers of one culture, under the name that the example has.
    rows = [line for line in REVIEWS.read_text(encoding="utf-8").splitlines() if "planted-us" in line]
    (folder / "reviews.jsonl.gz").write_text("\n".join(rows), encoding="utf-8")
    exec(compile(ast.parse(code), "example", "exec"), {})


def test_the_example_of_the_readme_runs(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = blocks("README.md", "python")
    run(example, tmp_path, stub, monkeypatch)
    assert (tmp_path / "out" / "dataset" / "train.parquet").exists()
    assert (tmp_path / "out" / "audit" / "report.html").exists()
    assert "'profiled':" in capsys.readouterr().out


def test_the_example_in_the_docstring_of_the_package_runs(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = str(library.__doc__).splitlines()
    example = "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    ") or not line)
    assert "import gravity" in example
    run(example, tmp_path, stub, monkeypatch)
    assert (tmp_path / "out" / "dataset" / "train.parquet").exists()
