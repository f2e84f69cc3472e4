"""An export as it leaves the store, and a tiny base whose template trims what it is given, as Llama's does."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from gravity.store.database import Database
from gravity.store.dataset import export
from gravity.store.ledger import Ledger
from gravity.store.records import Pair
from gravity.trainer.training.snippet import EXAMPLE_READER, EXAMPLE_TASK
from tests.store import build
from tests.trainer.conftest import adapter, base, dataset

__all__ = ["adapter", "base", "dataset"]

RUN = build.run(record=build.SURE)
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] | trim }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def planted() -> list[Pair]:
    """Pairs of twelve readers, with what texts have: lines, quotes, other scripts, white space at the ends."""
    pairs = []
    for number in range(12):
        card = f"{EXAMPLE_READER}\n- Reader {number} says \"não\", 'いいえ' and नहीं. \U0001f4d6"
        chosen = f"  The road {number} is long: “wait”, she said.\n\nNobody waits \\ for <b>salt</b>.\n"
        rejected = f"The road {number} is short.\tIt ends at the church {{content}}, {number}%. "
        pairs.append(
            build.pair(
                RUN,
                f"us{number}",
                f"B{number}",
                "interests",
                prompt=[{"role": "system", "content": card}, {"role": "user", "content": EXAMPLE_TASK}],
                chosen=[{"role": "assistant", "content": chosen}],
                rejected=[{"role": "assistant", "content": rejected}],
            )
        )
    return pairs


def rendered(pairs: list[Pair]) -> list[list[str]]:
    """Prompt, chosen and rejected of each pair as the base's template words them, in order."""

    def side(messages: list[dict[str, str]]) -> str:
        return f"{messages[0]['content'].strip()}<|im_end|>"

    rows = []
    for pair in pairs:
        system, user = (message["content"].strip() for message in pair.prompt)
        prompt = f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n"
        rows.append([prompt, side(pair.chosen), side(pair.rejected)])
    return sorted(rows)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset folder that holds the pairs of `planted`, ten to train on and two to test with."""
    database = Database("sqlite://")
    ledger = Ledger(database)
    ledger.open_run(RUN)
    ledger.add_pairs(planted())
    folder = tmp_path_factory.mktemp("exported") / "dataset"
    assert export(ledger, RUN, folder, test_share=0.15, overwrite=False).rows == {"train": 10, "test": 2}
    database.close()
    return folder


@pytest.fixture(scope="session")
def rows(exported: Path) -> dict[str, list[list[str]]]:
    """What has to arrive of each split."""
    ids = {
        split: set(pq.read_table(exported / f"{split}.parquet").column("id").to_pylist()) for split in ("train", "test")
    }
    return {split: rendered([pair for pair in planted() if pair.id in held]) for split, held in ids.items()}


@pytest.fixture(scope="session")
def trimming(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny base with a template that trims, and with room for a card."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("trimming")
    models: Any = AutoModelForCausalLM
    model = models.from_pretrained(base)
    model.config.max_position_embeddings = 2048
    model.save_pretrained(folder)
    tokenizers: Any = AutoTokenizer
    tokenizer = tokenizers.from_pretrained(base)
    tokenizer.chat_template, tokenizer.model_max_length = TEMPLATE, 2048
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def config(exported: Path, trimming: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the configuration which the card prints for a tool, with more or other settings."""

    def write(tool: str, **settings: Any) -> Path:
        card = (exported / "README.md").read_text(encoding="utf-8")
        (text,) = re.findall(rf"^```yaml\n# {tool}\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)
        filled = text.replace("DATASET", str(exported)).replace("BASE", str(trimming))
        given = yaml.safe_load(filled) | {"output_dir": str(tmp_path / "out")} | settings
        (tmp_path / "dpo.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
        return tmp_path / "dpo.yaml"

    return write


def last_json(printed: str) -> Any:
    """What a script printed last, among what libraries print."""
    return json.loads(printed.strip().splitlines()[-1])
