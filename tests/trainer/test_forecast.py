"""What is forecast of memory and work is what training then uses and computes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gravity.trainer.models import room
from gravity.trainer.settings import Settings
from gravity.trainer.sharing.attention import Batches
from gravity.trainer.training import gpus, planning
from gravity.trainer.training.memory import FEWEST_TOKENS, Forecast, forecast
from gravity.trainer.training.skeleton import passed, skeleton
from tests.trainer.commands import invoke, refuses

GIB = 2**30
TOKENS, LABELS = 700, 350


def _config(layers: int, **sizes: int) -> Any:
    from transformers import AutoConfig

    shape = {"hidden_size": 64, "intermediate_size": 160, "num_attention_heads": 4, "num_key_value_heads": 2}
    return AutoConfig.for_model("llama", vocab_size=500, num_hidden_layers=layers, **{**shape, **sizes})


def _settings(**options: Any) -> Settings:
    return Settings(Path("data"), Path("out"), **options)


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_few_layers_tell_of_many(device: str, checkpointing: bool) -> None:
    settings = _settings(gradient_checkpointing=checkpointing)
    drawn_out = forecast(_config(9), settings, device, LABELS / TOKENS)
    whole = passed(skeleton(_config(9), settings, device == "cuda"), TOKENS, LABELS)
    assert drawn_out.kept(TOKENS) == pytest.approx(whole.kept, rel=0.02)
    assert drawn_out.peak(TOKENS) == pytest.approx(whole.peak, rel=0.05)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_what_a_pass_keeps_is_what_a_real_one_saves(checkpointing: bool, base: Path, tmp_path: Path) -> None:
    from accelerate import Accelerator

    from gravity.trainer.models.loading import load
    from gravity.trainer.sharing.logps import answer_logps
    from gravity.trainer.sharing.tokens import Pair
    from gravity.trainer.training.session import Session

    model, _ = load(str(base))
    draw = torch.Generator().manual_seed(0)
    prompt, chosen, rejected = (torch.randint(3, 300, (n,), generator=draw).int().numpy() for n in (900, 200, 200))
    settings = _settings(gradient_checkpointing=checkpointing, max_tokens=4096, attention="shared")
    session = Session(settings, [Pair(prompt, chosen, rejected)], model, Accelerator(cpu=True))
    batch = session.batches.make([Pair(prompt, chosen, rejected)])
    own = {value.untyped_storage().data_ptr() for value in session.model.parameters()}
    saved: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        answer_logps(session.model.train(), batch)
    used = sum(size for place, size in saved.items() if place not in own)
    found = forecast(model.config, settings, "cpu", 400 / batch.tokens).kept(batch.tokens)
    # With checkpointing the hooks see what is kept outside of the layers, and not each layer's input.
    assert found > used if checkpointing else found == pytest.approx(used, rel=0.15)


def test_tokens_are_chosen_to_fit() -> None:
    found = forecast(_config(30, hidden_size=576, intermediate_size=1536), _settings(), "cpu", 0.5)
    chosen = [found.most_tokens(room, "cpu") for room in (0.1 * GIB, 1 * GIB, 2 * GIB, 100 * GIB)]
    assert chosen[0] is None and chosen[3] == 4096
    assert FEWEST_TOKENS <= chosen[1] < chosen[2] < 4096  # type: ignore[operator]
    assert found.needs(int(chosen[2] or 0)).growth < 2 * GIB
    assert found.needs(int(chosen[2] or 0)).growth > 1 * GIB


def test_weights_count_by_their_bytes() -> None:
    whole, packed = (forecast(_config(4), _settings(), "cuda", 0.5, bytes_a_weight=size) for size in (2, 0.5))
    linear = 4 * (64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 160)
    assert whole.needs(1000).weights - packed.needs(1000).weights == 1.5 * linear
    assert whole.needs(1000).growth == packed.needs(1000).growth
    assert whole.parameters[0] == linear


def test_a_run_without_a_size_chooses_one_and_says_so_and_its_figures_do_not_change(
    dataset: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gravity.trainer.training.train import train

    def run(name: str, **options: Any) -> dict[str, Any]:
        return train(Settings(dataset, tmp_path / name, str(base), max_steps=2, batch_size=16, **options))

    small = Forecast(lambda tokens: 1000 * tokens, lambda tokens: 1000 * tokens, (0, 0, 0), 4, 4)
    roomy = run("roomy")
    monkeypatch.setattr(planning, "free", lambda device: 600_000)
    monkeypatch.setattr(planning, "forecast", lambda *arguments: small)
    tight, told = run("tight"), run("told", max_tokens=999)
    assert (roomy["memory"]["max_tokens"], roomy["memory"]["chosen_by"]) == (4096, "free memory")
    assert tight["memory"]["max_tokens"] == 384 and tight["memory"]["forecast_bytes"] == 384_000
    assert told["memory"] == {"max_tokens": 999, "chosen_by": "setting"}
    assert tight["trained_tokens"] > roomy["trained_tokens"]
    for one, other in zip(roomy["log"], tight["log"], strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)


def test_a_model_that_cannot_be_forecast_still_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: Any) -> Forecast:
        raise RuntimeError("no such shape")

    monkeypatch.setattr(planning, "forecast", fails)
    monkeypatch.setattr(planning, "label_share", lambda *arguments: 0.5)
    batches = Batches("shared", 0, torch.device("cpu"))
    schedule: Any = type("Schedule", (), {"rows": lambda self, step: [0]})()
    said = planning.sized(batches, _settings(), None, [], schedule, sharded=False)
    assert said["max_tokens"] == 4096 and "no such shape" in said["no_forecast"]


def test_free_memory_is_the_least_of_machine_and_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   5000 kB\n", encoding="ascii")
    monkeypatch.setattr(room, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(room, "_CGROUP", tmp_path)
    assert room.free("cpu") == 5000 * 1024
    (tmp_path / "memory.current").write_text("1000\n", encoding="ascii")
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert room.free("cpu") == 5000 * 1024
    (tmp_path / "memory.max").write_text("4000\n", encoding="ascii")
    assert room.free("cpu") == 3000
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    assert room.free("cpu") == 1000


@pytest.mark.parametrize(
    ("device", "rate"),
    [
        ("NVIDIA H200", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA A100-SXM4-40GB", 312e12),
        ("NVIDIA GeForce RTX 3090", 71e12),
        ("NVIDIA L40S", 362e12),
        ("Tesla T4", None),
        ("NVIDIA RTX 6000 Ada Generation", None),
    ],
)
def test_chips_are_known_by_cudas_names(device: str, rate: float | None) -> None:
    assert gpus.rate_of(device) == rate


def _dry(command: Callable[..., Any], dataset: Path, output: Path, *arguments: str | Path) -> Any:
    return command(dataset, "--output", output, "--dry-run", *arguments)


def test_a_dry_run_counts_the_tokens_that_training_computes_and_writes_nothing(
    command: Callable[..., Any], dataset: Path, tmp_path: Path
) -> None:
    options = ("--batch-size", "8", "--max-tokens", "300", "--max-steps", "5")
    found = _dry(command, dataset, tmp_path / "out", *options, "--json")
    assert found.exit_code == 0 and not list(tmp_path.iterdir())
    said = json.loads(found.stdout)
    assert command(dataset, "--output", tmp_path / "out", *options).exit_code == 0
    report = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    assert said["tokens"]["steps"] == report["trained_tokens"]
    assert said["tokens"]["unshared_steps"] == report["unshared_tokens"]
    assert said["number_of_steps"] == report["steps"] and said["fits"] and said["device"] == "cpu"
    assert said["max_tokens"] == 300 >= said["largest_pack"]
    assert said["seconds"]["steps"] > said["seconds"]["reference"] > 0


@pytest.fixture
def eight_billion(base: Path, tmp_path: Path) -> Path:
    """A base of 8 billion weights of which there is only the configuration and a tokenizer."""
    import shutil

    from benchmarks.dpo_vs_trl import LLAMA_8B

    folder = tmp_path / "8b"
    shutil.copytree(base, folder, ignore=lambda *_: ["model.safetensors"])
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **LLAMA_8B, "head_dim": 128}), encoding="utf-8")
    return folder


def test_a_dry_run_says_what_to_change_where_it_does_not_fit(
    command: Callable[..., Any], dataset: Path, eight_billion: Path, tmp_path: Path
) -> None:
    def dry(*arguments: str) -> tuple[dict[str, Any], str]:
        words: tuple[str | Path, ...] = ("--base", eight_billion, "--gpu", *arguments)
        said = json.loads(_dry(command, dataset, tmp_path / "out", *words, "--json").stdout)
        return said, str(_dry(command, dataset, tmp_path / "out", *words).stdout)

    fits, text = dry("H100")
    assert fits["fits"] and fits["memory"]["weights"] == pytest.approx(2 * 8.03e9, rel=0.001)
    assert "it fits" in text and "data sheet" in text
    kept, text = dry("rtx 4090", "--no-gradient-checkpointing", "--max-tokens", "4096")
    assert not kept["fits"] and ("--max-tokens to" in text or "--gradient-checkpointing" in text)
    small, text = dry("T4")
    assert not small["fits"] and "the base alone does not fit" in text
    assert small["seconds"] is None and "--teraflops" in text
    given, _ = dry("T4", "--teraflops", "10")
    assert given["seconds"]["steps"] == pytest.approx(given["flops"]["steps"] / 1e13)


def test_dry_runs_refuse_in_one_line(dataset: Path, base: Path, tmp_path: Path) -> None:
    words = ("train", dataset, "--output", tmp_path / "out", "--base", base)
    refuses(tmp_path, 2, ["--gpu TPU", "H100", "T4"], *words, "--dry-run", "--gpu", "TPU")
    refuses(tmp_path, 2, ["add --dry-run"], *words, "--json")
    refuses(tmp_path, 2, ["is not a folder"], "train", tmp_path / "no", "--output", tmp_path / "out", "--dry-run")
    assert invoke("train", "--help").exit_code == 0
