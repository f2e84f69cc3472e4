"""The generator, the bases it accepts, and the command line's first words."""

import subprocess
import sys
from pathlib import Path

import pytest

from gravity.trainer.errors import ModelError
from gravity.trainer.models.bases import resolve_base
from gravity.trainer.models.generate import Generator

_ASK = [
    {"role": "system", "content": "Reader 1. This reader loves freedom."},
    {"role": "user", "content": "Describe The Salt Road."},
]


def test_an_adapter_changes_what_is_written_and_can_be_switched_off(base: Path, adapter: Path) -> None:
    adapted, plain = Generator(None, adapter), Generator(str(base))
    expected = plain.write(_ASK, max_new_tokens=12)
    assert adapted.write(_ASK, max_new_tokens=12) != expected
    assert adapted.write(_ASK, max_new_tokens=12, adapted=False) == expected
    assert plain.write(_ASK, max_new_tokens=12, adapted=False) == expected


def test_a_seed_fixes_a_sample_and_leaves_the_callers_generator_alone(base: Path) -> None:
    import torch

    generator = Generator(str(base))
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one = generator.write(_ASK, max_new_tokens=12, seed=1)
    assert torch.rand(1) == expected
    assert generator.write(_ASK, max_new_tokens=12, seed=1) == one
    assert generator.write(_ASK, max_new_tokens=12, seed=2) != one


def test_more_than_the_model_attends_to_is_refused(base: Path) -> None:
    with pytest.raises(ModelError, match="256"):
        Generator(str(base)).write(_ASK, max_new_tokens=250)


def test_a_folder_that_is_no_adapter_is_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"adapter_model\.safetensors"):
        Generator(str(base), tmp_path)


def test_a_package_is_searched_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "carries_a_model"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    (package / "data" / "a.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(tmp_path)
    found = resolve_base("package:carries_a_model")
    assert (found.name, found.location, found.gguf) == (
        "package:carries_a_model",
        str(package / "data"),
        "a.gguf",
    )
    (package / "b.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=r"2 \.gguf files"):
        resolve_base("package:carries_a_model")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import runpy, sys\nsys.argv = ['gravity-trainer', '--help']\n"
        "try:\n    runpy.run_module('gravity.trainer', run_name='__main__')\n"
        "finally:\n    print({'torch', 'transformers', 'trl', 'peft', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Example: gravity-trainer train" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.slow
def test_the_packaged_gguf_loads_and_writes(packaged: Generator) -> None:
    ask = [{"role": "user", "content": "What is the capital of France? Answer in one word."}]
    assert "Paris" in packaged.write(ask, max_new_tokens=8)
