"""An export arrives whole in TRL, LLaMA-Factory and axolotl, by the configurations that its card prints."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.toolboxes.conftest import last_json
from tests.toolboxes.environments import environment

pytestmark = [pytest.mark.toolboxes, pytest.mark.timeout(1200)]

# What `trl dpo` does, up to the training itself.
_TRL = """
import json, sys
from trl import DPOTrainer
from trl.scripts.dpo import main, make_parser

def show(trainer, **kwargs):
    decode = trainer.processing_class.decode
    rows = [[decode(row[name]) for name in ("prompt_ids", "chosen_ids", "rejected_ids")]
            for row in trainer.train_dataset]
    print(json.dumps(rows))
    sys.exit()

DPOTrainer.train = show
main(*make_parser().parse_args_and_config(fail_with_unknown_args=False))
"""

_LLAMA_FACTORY = """
import json, sys, yaml
from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer

model, data, training, _, _ = get_train_args(yaml.safe_load(open(sys.argv[1])))
tokenizer = load_tokenizer(model)["tokenizer"]
template = get_template_and_fix_tokenizer(tokenizer, data)
found = get_dataset(template, model, data, training, stage="rm", tokenizer=tokenizer)

def sides(row, name):
    ids, labels = row[f"{name}_input_ids"], row[f"{name}_labels"]
    said = sum(label == -100 for label in labels)
    return [tokenizer.decode(part, clean_up_tokenization_spaces=False) for part in (ids[:said], ids[said:])]

def rows_of(split):
    for row in found[split + "_dataset"]:
        (prompt, chosen), (again, rejected) = sides(row, "chosen"), sides(row, "rejected")
        assert prompt == again
        yield [prompt, chosen, rejected]

print(json.dumps({split: list(rows_of(split)) for split in ("train", "eval")}))
"""

_AXOLOTL = """
import json, sys
from axolotl.cli.config import load_cfg
from axolotl.loaders import load_tokenizer
from axolotl.utils.data.rl import prepare_preference_datasets

cfg = load_cfg(sys.argv[1])
found, _ = prepare_preference_datasets(cfg, load_tokenizer(cfg))
print(json.dumps([[row[name] for name in ("prompt", "chosen", "rejected")] for row in found]))
"""

ON_CPU = {"report_to": "none", "use_cpu": True}
Config = Callable[..., Path]
Row = list[str]


def arrived(rows: list[Row]) -> list[Row]:
    """The rows that a script printed; what a template puts after the end of an answer does not count."""
    return sorted([prompt, chosen.rstrip(), rejected.rstrip()] for prompt, chosen, rejected in rows)


def test_the_command_line_of_trl_trains(config: Config, tmp_path: Path) -> None:
    given = {"max_steps": 2, "per_device_train_batch_size": 2, "logging_steps": 1}
    environment("trl").run("trl", "dpo", "--config", config("TRL", save_steps=2, **ON_CPU, **given), cwd=tmp_path)
    state = json.loads((tmp_path / "out" / "checkpoint-2" / "trainer_state.json").read_text(encoding="utf-8"))
    assert [entry["step"] for entry in state["log_history"] if "rewards/chosen" in entry] == [1, 2]
    assert (tmp_path / "out" / "adapter_model.safetensors").is_file()


def test_all_rows_arrive_in_trl(config: Config, rows: dict[str, list[Row]], tmp_path: Path) -> None:
    file = config("TRL", **ON_CPU)
    printed = environment("trl").run("python", "-c", _TRL, "--config", file, cwd=tmp_path)
    assert arrived(last_json(printed)) == rows["train"]


def test_all_rows_arrive_in_llama_factory(config: Config, rows: dict[str, list[Row]], tmp_path: Path) -> None:
    file = config("LLaMA-Factory", eval_dataset="gravity_test", report_to="none")
    found = last_json(environment("llamafactory").run("python", "-c", _LLAMA_FACTORY, file, cwd=tmp_path))
    assert arrived(found["train"]) == rows["train"]
    assert arrived(found["eval"]) == rows["test"]


def test_all_rows_arrive_in_axolotl(config: Config, rows: dict[str, list[Row]], tmp_path: Path) -> None:
    file = config("axolotl", dataset_prepared_path=str(tmp_path / "prepared"))
    found = last_json(environment("axolotl").run("python", "-c", _AXOLOTL, file, cwd=tmp_path))
    assert arrived(found) == rows["train"]
