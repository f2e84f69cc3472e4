"""An adapter that learned to read the profile is shown to have done so, by the command and its files."""

import json
from pathlib import Path

import pytest

from gravity.trainer.settings import Settings
from gravity.trainer.training.train import train
from tests.trainer.commands import invoke, refuses
from tests.trainer.plain import plain_score
from tests.trainer.tastes import RECIPE, split, write_dataset


@pytest.fixture(scope="module")
def tastes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("tastes"), split("train", 6, 6), split("test", 6, 12))


@pytest.fixture(scope="module")
def reader(base: Path, tastes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that reads the views on the card."""
    output = tmp_path_factory.mktemp("reader") / "adapter"
    train(Settings(dataset=tastes, output=output, base=str(base), **RECIPE))
    return output


@pytest.fixture(scope="module")
def evaluation(reader: Path, tastes: Path) -> Path:
    output = reader.parent / "evaluation"
    result = invoke("evaluate", reader, tastes, "--output", output)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == f"evaluation {output} is written: 216 rows"
    assert "does the reader's own profile beat another's? yes: +" in " ".join(result.stdout.split())
    return output


def test_the_figures_show_that_it_reads_the_profile(evaluation: Path, base: Path) -> None:
    report = json.loads((evaluation / "report.json").read_text(encoding="utf-8"))
    every = report["cells"][0]
    accuracy = {name: figures["accuracy"] for name, figures in every["conditions"].items()}
    assert accuracy["adapter"]["value"] > 0.95
    # 3 of the 5 other readers of a culture have the other taste, so a scorer that obeys the card is right in 2 of 5.
    assert accuracy["shuffled"]["low"] < 0.4 < accuracy["shuffled"]["high"] + 0.05
    # Both answers are chosen equally often, and neither model can know which without a card.
    assert accuracy["no profile"]["value"] == pytest.approx(0.5, abs=0.01)
    assert accuracy["base"]["value"] == pytest.approx(0.5, abs=0.01)
    assert every["differences"]["adapter - shuffled"]["low"] > 0.3
    # The answers differ by a token, and which is liked has nothing to do with it.
    assert abs(every["length"]["correlation"]["value"]) < 0.5
    assert every["conditions"]["adapter"]["brier"]["value"] < 0.1
    assert (report["base"], report["beta"], report["rows"]) == (str(base), 0.3, 216)
    assert report["left_out"] == {"longer than the model attends to": 0}
    assert set(report["perplexity"]) == {"en", "pt", "ja", "hi"}
    for estimates in report["perplexity"].values():
        change = estimates["adapter"]["value"] / estimates["base"]["value"]
        assert estimates["ratio"]["value"] == pytest.approx(change)
        assert estimates["ratio"]["clusters"] == {"paragraphs": 12}


def test_margins_are_kept_row_by_row(evaluation: Path, reader: Path, base: Path, tastes: Path) -> None:
    import pyarrow.parquet as pq

    from gravity.trainer.evaluation.heldout import held_out
    from gravity.trainer.models.loading import load

    margins = pq.read_table(evaluation / "margins.parquet").to_pylist()
    rows = held_out(tastes).rows
    assert [one["id"] for one in margins] == [row["id"] for row in rows]
    model, tokenizer = load(str(base), reader)
    for one, row in list(zip(margins, rows, strict=True))[::40]:
        own = plain_score(model, tokenizer, row).margin
        with model.disable_adapter():
            plain = plain_score(model, tokenizer, row).margin
        assert one["adapter, log-prob"] == pytest.approx(own, abs=1e-3)
        assert one["base"] == pytest.approx(plain, abs=1e-3)
        assert one["adapter"] == pytest.approx(0.3 * (own - plain), abs=1e-3)


def test_the_report_is_readable_and_its_plots_are_there(evaluation: Path) -> None:
    text = (evaluation / "report.md").read_text(encoding="utf-8")
    assert "| does the reader's own profile beat another's? | yes | +0." in text
    assert "| 216 | 12 | 18 |" in text
    assert "The adapter differs from its base" in text
    assert "| jp | values | 72 | 6 | 12 |" in text
    assert "insufficient" in text
    for name in ("accuracy", "calibration", "length"):
        assert f"({name}.png)" in text
        assert (evaluation / f"{name}.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert sorted(path.name for path in evaluation.iterdir()) == [
        "accuracy.png", "calibration.png", "length.png", "margins.parquet", "report.json", "report.md",
    ]  # fmt: skip


def test_an_adapter_that_hardly_differs_is_not_called_worse(base: Path, tastes: Path, tmp_path: Path) -> None:
    # The learning rate of a large model, and two steps.
    still = tmp_path / "still"
    train(Settings(dataset=tastes, output=still, base=str(base), learning_rate=5e-5, max_steps=2, batch_size=8))
    result = invoke("evaluate", tmp_path / "still", tastes, "--output", tmp_path / "evaluation")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[1].startswith("The adapter hardly differs from its base: in the mean it moves")
    report = json.loads((tmp_path / "evaluation" / "report.json").read_text(encoding="utf-8"))
    assert set(report["verdicts"].values()) == {"it hardly differs from its base"}
    assert report["change"]["hardly differs"] is True
    assert 0 < report["change"]["nats"] < 0.05
    text = (tmp_path / "evaluation" / "report.md").read_text(encoding="utf-8")
    assert "--learning-rate" in text
    assert "worse" not in text.partition("## How to read this")[0]


def test_rounding_is_told_from_what_an_adapter_learned(reader: Path, base: Path, tastes: Path) -> None:
    import torch

    from gravity.trainer.evaluation.heldout import held_out
    from gravity.trainer.evaluation.scorer import rounding, scorer_of
    from gravity.trainer.models.loading import load

    rows = held_out(tastes).rows[::4]
    model, tokenizer = load(str(base), reader)
    before, _ = scorer_of(model, tokenizer, "system", lambda done: None)(rows[:4])
    exact = rounding(model, tokenizer, "system", rows)
    assert 0 < exact < 0.001
    after, _ = scorer_of(model, tokenizer, "system", lambda done: None)(rows[:4])
    assert [one.margin for one in after] == pytest.approx([one.margin for one in before])
    for name, weight in model.named_parameters():
        if "lora" not in name:
            weight.data = weight.data.to(torch.bfloat16)
    assert rounding(model, tokenizer, "system", rows) > 2 * exact


@pytest.mark.parametrize(
    ("what", "code", "words"),
    [
        ("no test rows", 3, ["test.parquet", "no rows"]),
        ("no test split", 3, ["test.parquet", "missing"]),
        ("no culture", 3, ["no column culture"]),
        ("no seed, item or book", 3, ["no column seed"]),
        ("no subject", 3, ["test.parquet row 3", "seed"]),
        ("not held out", 3, ["train-us0", "both splits"]),
        ("no dataset", 2, ["nowhere"]),
        ("no adapter", 4, ["adapter_config.json"]),
        ("no base", 4, ["not found"]),
        ("another base", 4, ["trained on another base"]),
        ("output taken", 2, ["not empty"]),
    ],
)
def test_bad_input(
    what: str, code: int, words: list[str], reader: Path, base: Path, tmp_path: Path, tastes: Path
) -> None:
    adapter, dataset, output, options = reader, tmp_path / "dataset", tmp_path / "out", []
    _spoil(what, dataset)
    if what == "no dataset":
        dataset = tmp_path / "nowhere"
    elif what == "no adapter":
        adapter = tmp_path
    elif what == "no base":
        options = ["--base", "./not/there"]
    elif what == "another base":
        options = ["--base", str(_shallower(base, tmp_path))]
    elif what == "output taken":
        output.mkdir()
        (output / "thesis.txt").write_text("years of work", encoding="utf-8")
    refuses(tmp_path, code, words, "evaluate", adapter, dataset, "--output", output, *options)


def _spoil(what: str, folder: Path) -> None:
    train_rows, test_rows = split("train", 2, 3), split("test", 2, 3)
    for rows in (train_rows, test_rows):
        for row in rows:
            if what == "no culture":
                del row["culture"]
            if what == "no seed, item or book":
                del row["seed"], row["item"], row["book"]
    if what == "no subject":
        test_rows[2]["seed"] = None
    if what == "not held out":
        test_rows[0]["reader"] = train_rows[0]["reader"]
    write_dataset(folder, train_rows, test_rows)
    if what == "no test rows":
        import pyarrow.parquet as pq

        pq.write_table(pq.read_table(folder / "test.parquet").slice(0, 0), folder / "test.parquet")
    if what == "no test split":
        (folder / "test.parquet").unlink()


def _shallower(base: Path, folder: Path) -> Path:
    """A base with a layer less: PEFT would load the adapter and only warn of what is left over."""
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    config = LlamaConfig.from_pretrained(base)
    config.num_hidden_layers -= 1
    LlamaForCausalLM(config).save_pretrained(folder / "shallower")
    AutoTokenizer.from_pretrained(base).save_pretrained(folder / "shallower")
    return folder / "shallower"
