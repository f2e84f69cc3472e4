"""An adapter's README shows how to write with it, to somebody who does not have Gravity."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.card import card as reader_card
from gravity.agents.prompting import prompt
from gravity.frameworks.loader import Library
from gravity.store.records import FactKind
from gravity.trainer.models.bases import Base, resolve_base
from gravity.trainer.settings import Settings
from gravity.trainer.training.card import card
from gravity.trainer.training.snippet import EXAMPLE_READER, EXAMPLE_TASK, VLLM_RANKS
from gravity.trainer.training.train import train
from tests.support import fact
from tests.trainer.commands import invoke
from tests.trainer.conftest import write_base

# Runs the snippet in a process that cannot import Gravity, from whatever folder, and says what the snippet made.
_WITHOUT_GRAVITY = """
import sys

class NoGravity:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("gravity", "trainer"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoGravity())
try:
    import gravity
except ModuleNotFoundError:
    pass
else:
    sys.exit("Gravity can be imported, so this shows nothing")
exec(sys.stdin.read())
print("roles", [message["role"] for message in messages])
print("written", output.shape[1] - inputs["input_ids"].shape[1])
print("adapter", model.active_adapter, sum(weight.abs().sum().item() > 0 for name, weight in model.named_parameters()
                                           if "lora_B" in name))
"""


def _snippet(readme: Path) -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return str(code)


def _run(adapter: Path) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_GRAVITY],
        cwd=adapter,
        input=_snippet(adapter / "README.md"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines()[-3:])


def _see_it_write(adapter: Path) -> None:
    made = _run(adapter)
    assert made["roles"] == "['system', 'user']"
    assert 1 <= int(made["written"]) <= 200
    # Seven linear layers in each of the two blocks, all of them trained.
    assert made["adapter"] == "default 14"


def test_the_snippet_writes_without_gravity(adapter: Path, base: Path) -> None:
    text = (adapter / "README.md").read_text(encoding="utf-8")
    assert f'base = "{base}"' in text
    assert "In its place put the base model's Hub id." in text
    _see_it_write(adapter)


def test_the_snippet_of_a_base_in_four_bits_writes_without_gravity(dataset: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="load_in_4bit needs the extra `quantized`")
    base = write_base(tmp_path / "base", "llama", hidden_size=64)
    train(Settings(dataset, tmp_path / "adapter", str(base), max_steps=2, load_in_4bit=True))
    _see_it_write(tmp_path / "adapter")


def test_the_snippet_of_a_base_in_gguf_writes_without_gravity(adapter: Path, base: Path, tmp_path: Path) -> None:
    result = invoke("gguf", base, "--output", tmp_path / "tiny.gguf")
    assert result.exit_code == 0, result.stderr
    copy = tmp_path / "adapter"
    shutil.copytree(adapter, copy)
    text = card(report_of(adapter), resolve_base(str(tmp_path / "tiny.gguf")))
    (copy / "README.md").write_text(text, encoding="utf-8")
    assert "the folder of the file `tiny.gguf` on the machine that trained the adapter. In its place put" in text
    assert "pip install peft transformers gguf" in text
    _see_it_write(copy)


@pytest.mark.parametrize(
    ("source", "present", "absent"),
    [
        (Base("org/model", "org/model"), 'base = "org/model"', "In its place"),
        (Base("package:box", "/site/box", "m.gguf"), "comes with the Python package box", "dtype="),
    ],
)
def test_the_card_says_what_the_base_is(source: Base, present: str, absent: str, adapter: Path) -> None:
    text = card(report_of(adapter), source)
    assert present in text
    assert absent not in text


@pytest.mark.parametrize(("rank", "served"), [(1, 1), (2, 8), (16, 16), (17, 32), (300, 320), (512, 512), (513, None)])
def test_the_card_says_which_rank_vllm_has_to_allow(rank: int, served: int | None, adapter: Path) -> None:
    report = report_of(adapter)
    report["settings"]["lora_r"] = rank
    text = card(report, Base("org/model", "org/model"))
    if served is None:
        assert "rank of 513 is more than vLLM serves (512): merge" in text
        assert "vllm serve" not in text
    else:
        command = f"vllm serve org/model --enable-lora --lora-modules reader=PATH --max-lora-rank {served}\n"
        assert command in text
        assert served in VLLM_RANKS


def test_a_quantized_base_is_served_by_the_model_it_was_made_of(adapter: Path) -> None:
    text = card(report_of(adapter), Base("package:box", "/site/my models", "m.gguf"))
    assert "vllm serve BASE --enable-lora" in text
    assert "vllm serve '/srv/my models' --enable-lora" in card(report_of(adapter), Base("x", "/srv/my models"))


def test_the_example_is_worded_as_gravity_words_it() -> None:
    library = Library()
    domain = library.domain("books")
    title, description = re.findall(r"^(?:Title|Description): (.*)$", EXAMPLE_TASK, re.MULTILINE)
    assert prompt("describe").render(domain=domain, title=title, description=description) == ("", EXAMPLE_TASK)

    told: list[tuple[FactKind, str, str]] = [
        ("demographic", "location", "Lisbon"),
        ("demographic", "occupation", "teacher"),
        ("interest", "Historical Fiction", "liked"),
        ("interest", "Sea Stories", "liked"),
        ("interest", "Romance", "disliked"),
        *(("facet", name, "high") for name in ("imagination", "intellect")),
        *(("facet", name, "low") for name in ("gregariousness", "activity")),
        *(("stance", seed.id, "agree") for seed in library.seeds.values() if seed.statement in EXAMPLE_READER),
    ]
    # A card tells what is surest first.
    facts = [fact(kind, name, value, 0.99 - number / 100) for number, (kind, name, value) in enumerate(told)]
    system = reader_card(facts, library.seeds, library.facets, domain).text
    assert system.strip() == EXAMPLE_READER


def report_of(adapter: Path) -> dict[str, Any]:
    return dict(json.loads((adapter / "training.json").read_text(encoding="utf-8")))
