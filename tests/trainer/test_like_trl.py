"""Losses, gradients and optimizer steps are those of TRL's DPOTrainer, on a tiny model in float32."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.models.loading import load
from gravity.trainer.settings import LossType, Settings
from gravity.trainer.sharing.tokens import Pair, tokenize
from gravity.trainer.training.fit import fit
from gravity.trainer.training.session import Session

Rows = list[dict[str, Any]]
# Relative; rounding in float32 that is summed in another order.
TOLERANCE = 2e-4
STEPS = 4
WORDS = "old village river custom freedom night harbor salt orchard leaves glad family town rule back she"
CUT = 141
FIGURES = (
    "loss",
    "grad_norm",
    "rewards/chosen",
    "rewards/rejected",
    "rewards/margins",
    "logps/chosen",
    "logps/rejected",
)


def personal_rows(words_in_card: int, pairs_per_reader: int) -> Rows:
    """16 pairs whose cards have so many words, and questions and answers of many lengths."""
    words = WORDS.split()
    rows = []
    for number in range(16):
        reader = number // pairs_per_reader
        card = " ".join(words[(reader + 3 * at) % len(words)] for at in range(words_in_card))
        answers = [
            " ".join(words[(number * step + at) % len(words)] for at in range(1 + number % 6)) for step in (5, 7)
        ]
        rows.append(
            {
                "prompt": [
                    {"role": "system", "content": f"Reader {reader}. {card}"},
                    {"role": "user", "content": " ".join(words[: 1 + number % 5]) + f" {number}?"},
                ],
                "chosen": [{"role": "assistant", "content": f"The {answers[0]}."}],
                "rejected": [{"role": "assistant", "content": f"The {answers[1]} instead."}],
            }
        )
    return rows


CASES = {
    "no prefix": {"words_in_card": 0, "pairs_per_reader": 16},
    "short prefix": {"words_in_card": 8, "pairs_per_reader": 8},
    "long prefix": {"words_in_card": 60, "pairs_per_reader": 8},
    "one pair a reader": {"words_in_card": 30, "pairs_per_reader": 1},
}


def _ours(base: Path, rows: Rows, settings: Settings, folder: Path) -> tuple[Any, list[Pair], Session]:
    from accelerate import Accelerator

    folder.mkdir(parents=True, exist_ok=True)
    model, tokenizer = load(str(base))
    fitted = fit(tokenize(tokenizer, rows), settings.max_length, settings.truncation_mode, "it")
    session = Session(settings, fitted.pairs, model, Accelerator(cpu=True))
    order = [fitted.kept[row] for step in range(session.steps) for row in session.schedule.rows(step)]
    return order, fitted.pairs, session


def _theirs(base: Path, rows: Rows, settings: Settings, folder: Path, **options: Any) -> Any:
    from datasets import Dataset
    from peft import LoraConfig
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    model, tokenizer = load(str(base))
    assert settings.learning_rate is not None
    config = DPOConfig(
        output_dir=str(folder),
        loss_type=[settings.loss_type],
        beta=settings.beta,
        learning_rate=settings.learning_rate,
        max_length=settings.max_length,
        per_device_train_batch_size=settings.batch_size,
        max_steps=STEPS,
        seed=settings.seed,
        logging_steps=1,
        train_sampling_strategy="sequential",
        use_cpu=True,
        bf16=False,
        activation_checkpointing=False,
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
        **options,
    )
    lora = LoraConfig(
        r=settings.lora_r, lora_alpha=settings.lora_alpha, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    return DPOTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=lora,
    )


def _adapter(model: Any) -> dict[str, Any]:
    return {name.replace("module.", ""): value.detach() for name, value in model.named_parameters() if "lora" in name}


@pytest.fixture
def compare(base: Path, tmp_path: Path) -> Callable[..., None]:
    """Return a function that trains both ways and compares every step and the adapters that come out."""
    import torch

    def run(rows: Rows, **options: Any) -> None:
        settings = Settings(
            tmp_path, tmp_path, str(base), max_steps=STEPS, learning_rate=1e-2, **{"batch_size": 4, **options}
        )
        order, _, session = _ours(base, rows, settings, tmp_path / "ours")
        # What is left out here TRL has to leave out too.
        order += [index for index in range(len(rows)) if index not in order]
        theirs = _theirs(base, [rows[index] for index in order], settings, tmp_path / "theirs")
        # Both draw the adapter from the same seed.
        for name, value in _adapter(theirs.model).items():
            assert torch.equal(_adapter(session.model)[name], value)
        session.train(tmp_path / "ours", None, lambda record: None)
        theirs.train()
        log = [record for record in theirs.state.log_history if "loss" in record]
        assert len(log) == len(session.loop.log) == STEPS
        for expected, found in zip(log, session.loop.log, strict=True):
            for name in FIGURES:
                if name in found:
                    assert found[name] == pytest.approx(expected[name], rel=TOLERANCE, abs=1e-4), (name, found["step"])
        for name, value in _adapter(theirs.model).items():
            # AdamW divides a gradient by its size, so where one is all but zero its rounding moves a weight.
            assert torch.dist(_adapter(session.model)[name], value) < 1e-2 * value.norm()

    return run


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("loss_type", ["sigmoid", "ipo"])
def test_training_is_that_of_trl(case: str, loss_type: LossType, compare: Callable[..., None]) -> None:
    compare(personal_rows(**CASES[case]), loss_type=loss_type)


@pytest.mark.parametrize(
    "options",
    [
        {"loss_type": "sft"},
        {"max_length": CUT, "truncation_mode": "keep_start", "batch_size": 3},
        {"max_tokens": 60},
        {"attention": "plain"},
        {"attention": "plain", "max_tokens": 300, "loss_type": "ipo"},
        {"gradient_checkpointing": True},
        {"batch_size": 3, "pairs_per_prefix": 2},
    ],
    ids=str,
)
def test_so_it_is_when(options: dict[str, Any], compare: Callable[..., None]) -> None:
    compare(personal_rows(**CASES["long prefix"]), **options)


def test_truncation_leaves_something_to_cut(base: Path) -> None:
    _, tokenizer = load(str(base))
    pairs = list(tokenize(tokenizer, personal_rows(**CASES["long prefix"])))
    fitted = fit(pairs, CUT, "keep_start", "it")
    assert fitted.cut > 3
    assert fitted.left_out > 1


@pytest.mark.parametrize(("case", "loss_type"), [("long prefix", "sigmoid"), ("one pair a reader", "ipo")])
def test_gradients_are_those_of_trl(case: str, loss_type: LossType, base: Path, tmp_path: Path) -> None:
    import torch

    rows = personal_rows(**CASES[case])
    settings = Settings(
        tmp_path, tmp_path, str(base), loss_type=loss_type, learning_rate=1e-2, max_steps=1, batch_size=16
    )
    order, _, session = _ours(base, rows, settings, tmp_path / "ours")
    theirs = _theirs(base, [rows[index] for index in order], settings, tmp_path / "theirs")
    # A fresh adapter does nothing, and half of its gradients are zero: give both one that does something.
    torch.manual_seed(1)
    for name, ours in _adapter(session.model).items():
        ours.normal_(std=0.1)
        _adapter(theirs.model)[name].copy_(ours)
    loop = session.begin(tmp_path / "ours")
    record = loop.backward(session.schedule.rows(0))
    loss = theirs.compute_loss(theirs.model, theirs.data_collator([theirs.train_dataset[i] for i in range(16)]))
    loss.backward()
    assert record["loss"] == pytest.approx(loss.item(), rel=1e-5)
    expected = {name: value.grad for name, value in theirs.model.named_parameters() if value.requires_grad}
    for name, value in session.model.named_parameters():
        if value.requires_grad:
            assert torch.dist(value.grad, expected[name]) < 1e-4 * expected[name].norm(), name
