"""Sets up TRL's DPO trainer on a checked dataset."""

import sys
from pathlib import Path
from typing import Any

from trainer.data import Preferences
from trainer.errors import DatasetError
from trainer.models import on_cuda
from trainer.quiet import hushed
from trainer.settings import Settings


def prepare(settings: Settings, data: Preferences, model: Any, tokenizer: Any, folder: Path) -> tuple[Any, list[int]]:
    """Return a DPOTrainer that is ready to train, and the indices of the rows it trains on.

    The model gets a LoRA adapter on all linear layers; checkpoints will go to `folder`. Rows of more than
    `max_length` tokens are left out with a warning on standard error.

    Raises DatasetError when no row is left.
    """
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    from trainer.watch import Watch

    _score_answers_only()
    cuda = on_cuda()
    lora = LoraConfig(r=settings.rank, lora_alpha=settings.alpha, target_modules="all-linear", task_type="CAUSAL_LM")
    with hushed():
        config = DPOConfig(
            output_dir=str(folder),
            num_train_epochs=settings.epochs,
            max_steps=settings.max_steps or -1,
            per_device_train_batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            beta=settings.beta,
            seed=settings.seed,
            max_length=None,  # TRL would cut long rows; here they are left out whole, and counted
            bf16=cuda,
            use_cpu=not cuda,
            gradient_checkpointing=cuda,
            logging_steps=1,
            logging_nan_inf_filter=False,  # else a NaN would be logged as the loss of the step before
            include_num_input_tokens_seen="non_padding",
            save_steps=settings.save_steps,
            save_total_limit=2,
            disable_tqdm=True,
            report_to="none",
        )
        trainer: Any = DPOTrainer(
            model=model,
            args=config,
            train_dataset=data.train,
            processing_class=tokenizer,
            peft_config=lora,
            callbacks=[Watch()],
        )
    trainer.remove_callback(PrinterCallback)
    # With a name here PEFT would ask the Hub about the base at every checkpoint.
    trainer.model.peft_config["default"].base_model_name_or_path = ""
    kept = _short_enough(trainer.train_dataset, settings.max_length)
    trainer.train_dataset = trainer.train_dataset.select(kept)
    return trainer, kept


def _score_answers_only() -> None:
    # Off CUDA TRL puts every position through the language head and then drops those of the prompt, which
    # are most. Told that compact tiles are fine it leaves them out before: same figures, 40% less time on
    # the CPU. A TRL without this name would only be slower again.
    import trl.trainer.utils as utils

    vars(utils)["_use_triton"] = lambda device: True


def _short_enough(dataset: Any, max_length: int) -> list[int]:
    import pyarrow.compute as pc

    prompt, chosen, rejected = (
        pc.list_value_length(dataset.data.column(name)).to_pylist()
        for name in ("prompt_ids", "chosen_ids", "rejected_ids")
    )
    lengths = [p + max(c, r) for p, c, r in zip(prompt, chosen, rejected, strict=True)]
    kept = [index for index, length in enumerate(lengths) if length <= max_length]
    if not kept:
        raise DatasetError(
            f"all {len(lengths)} training rows are longer than --max-length {max_length} "
            f"(the shortest has {min(lengths)} tokens): raise it"
        )
    if len(kept) < len(lengths):
        print(
            f"warning: {len(lengths) - len(kept)} of {len(lengths)} training rows are longer than "
            f"--max-length {max_length} and left out (the longest has {max(lengths)} tokens)",
            file=sys.stderr,
        )
    return kept
