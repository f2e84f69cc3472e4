"""The snippet on an adapter's card writes where nothing but what it names is installed."""

import re
import shutil
from pathlib import Path

import pytest

from gravity.trainer.models.bases import resolve_base
from gravity.trainer.training.card import card
from tests.toolboxes.environments import environment
from tests.trainer.commands import invoke
from tests.trainer.test_trainer_card import report_of

pytestmark = [pytest.mark.toolboxes, pytest.mark.timeout(1200)]

_SHOWN = """
import importlib.util
print([name for name in ("gravity", "trl", "datasets", "gguf") if importlib.util.find_spec(name)])
print(output.shape[1] - inputs["input_ids"].shape[1])
print(sum(weight.abs().sum().item() > 0 for name, weight in model.named_parameters() if "lora_B" in name))
"""


def _see_it_write(name: str, adapter: Path, packages: str, others: list[str]) -> None:
    text = (adapter / "README.md").read_text(encoding="utf-8")
    assert re.findall("`pip install (.*?)`", text) == [packages]
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    installed, written, trained = environment(name).run("python", "-c", code + _SHOWN, cwd=adapter).splitlines()[-3:]
    assert installed == str(others)
    assert 1 <= int(written) <= 200
    # Seven linear layers in each of the two blocks.
    assert int(trained) == 14


def test_the_snippet_needs_transformers_and_peft_alone(adapter: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(adapter, tmp_path / "adapter")
    _see_it_write("peft", copy, packages="peft transformers", others=[])


def test_the_snippet_of_a_base_in_gguf_needs_gguf_as_well(adapter: Path, base: Path, tmp_path: Path) -> None:
    result = invoke("gguf", base, "--output", tmp_path / "tiny.gguf")
    assert result.exit_code == 0, result.stderr
    copy = shutil.copytree(adapter, tmp_path / "adapter")
    text = card(report_of(adapter), resolve_base(str(tmp_path / "tiny.gguf")))
    (copy / "README.md").write_text(text, encoding="utf-8")
    _see_it_write("gguf", copy, packages="peft transformers gguf", others=["gguf"])
