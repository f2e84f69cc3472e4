"""`--card-in user` puts the reader's card before the user's message, in training, at evaluation and when writing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.models.transformers import TransformersWriter
from gravity.trainer.models.writer import Request, write_one
from gravity.trainer.placing import placed
from gravity.trainer.settings import Settings
from gravity.trainer.training.train import train
from tests.trainer.commands import invoke
from tests.trainer.conftest import planted_rows, write_base, write_split
from tests.trainer.plain import plain_score

# Gemma's way with a system message.
_NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] | trim }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def _said(*messages: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in messages]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (_said(("system", "A card."), ("user", "Hello?")), _said(("user", "A card.\n\nHello?"))),
        (_said(("user", "Hello?")), _said(("user", "Hello?"))),
        (
            _said(
                ("system", "A."), ("system", "B."), ("user", "C"), ("assistant", "D"), ("system", "E"), ("user", "F")
            ),
            _said(("user", "A.\n\nB.\n\nC"), ("assistant", "D"), ("user", "E\n\nF")),
        ),
    ],
)
def test_the_card_stands_before_the_users_words(messages: list[dict[str, str]], expected: list[dict[str, str]]) -> None:
    assert placed(messages, "user") == expected
    assert placed(messages, "system") == messages


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_base(tmp_path_factory.mktemp("no-system"), "llama")
    (folder / "chat_template.jinja").write_text(_NO_SYSTEM, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def placed_adapter(strict: Path, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("placed") / "adapter"
    settings = Settings(
        dataset, output, str(strict), card_in="user", max_steps=60, batch_size=8, learning_rate=5e-3, warmup_steps=10
    )
    report = train(settings)
    assert report["settings"]["card_in"] == "user"
    assert report["last"]["rewards/accuracies"] == 1
    return output


def test_a_card_in_the_users_message_is_learned_and_read_when_writing(placed_adapter: Path, rows: Any) -> None:
    writer = TransformersWriter(None, placed_adapter, max_tokens=12)
    as_data, by_hand = rows[0]["prompt"], placed(rows[0]["prompt"], "user")
    assert len(by_hand) == 1
    assert write_one(writer, Request(tuple(as_data))) == write_one(writer, Request(tuple(by_hand)))
    assert writer.by["card_in"] == "user"


def test_evaluation_puts_it_there_too(placed_adapter: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from gravity.trainer.models.loading import load

    rows = [row | {"seed": f"s{number}"} for number, row in enumerate(planted_rows())]
    write_split(tmp_path / "data" / "train.parquet", [row for row in rows if row["reader"] != "r7"])
    held = [row for row in rows if row["reader"] == "r7"]
    write_split(tmp_path / "data" / "test.parquet", held)
    result = invoke("evaluate", placed_adapter, tmp_path / "data", "--output", tmp_path / "evaluation")
    assert result.exit_code == 0, result.stderr
    margins = pq.read_table(tmp_path / "evaluation" / "margins.parquet").to_pylist()
    model, tokenizer = load(None, placed_adapter)
    for one, row in zip(margins, held, strict=True):
        by_hand = {**row, "prompt": placed(row["prompt"], "user")}
        assert one["adapter, log-prob"] == pytest.approx(plain_score(model, tokenizer, by_hand).margin, abs=1e-3)


def test_the_cards_snippet_puts_it_there_too(placed_adapter: Path) -> None:
    text = (placed_adapter / "README.md").read_text(encoding="utf-8")
    assert 'messages = [{"role": "user", "content": f"{reader}\\n\\n{task}"}]' in text
    assert "message begins with a card of the reader" in text


def test_an_experiment_reads_it_from_the_recipe(strict: Path, tmp_path: Path) -> None:
    from gravity.trainer.dataset.splits import TRAIN, split
    from gravity.trainer.experiments.retrain import trained_and_tested

    def same(rows: Any) -> Any:
        return rows

    write_split(tmp_path / "train.parquet", planted_rows())
    recipe = {"base": str(strict), "card_in": "user", "max_steps": 1, "batch_size": 4}
    source = split(tmp_path, TRAIN)
    found = trained_and_tested(tmp_path / "variant", source, same, planted_rows()[:2], recipe)
    assert len(found.margins) == 2
    report = json.loads((tmp_path / "variant" / "adapter" / "training.json").read_text(encoding="utf-8"))
    assert report["settings"]["card_in"] == "user"


def test_without_it_the_command_names_it(
    strict: Path, dataset: Path, tmp_path: Path, command: Callable[..., Any]
) -> None:
    result = command(dataset, "--base", strict, "--output", tmp_path / "out")
    assert result.exit_code == 4
    assert "System role not supported" in result.stderr
    assert "--card-in user" in result.stderr
