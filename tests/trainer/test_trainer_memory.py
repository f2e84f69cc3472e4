"""A base that does not fit into the machine's memory is refused before it is loaded; what fits never is."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gravity.trainer.models import loading, memory
from gravity.trainer.models.memory import Memory
from tests.trainer.commands import invoke, refuses

_WEIGHTS = 2 * (32 * 32 * 2 + 32 * 16 * 2 + 3 * 32 * 64 + 2 * 32) + 32  # of two layers, without the embeddings


@pytest.fixture
def needed(base: Path) -> int:
    """The bytes that the tiny base takes in float32."""
    from transformers import AutoTokenizer

    return 4 * (_WEIGHTS + 2 * 32 * len(AutoTokenizer.from_pretrained(base)))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Return a function that gives this machine, which is to have no CUDA, so much memory."""
    monkeypatch.setattr(loading, "on_cuda", lambda: False)

    def has(total: int, free: int) -> None:
        monkeypatch.setattr(memory, "_memory", lambda: Memory(total, free))

    return has


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """See that nothing is loaded."""

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the base was loaded")

    monkeypatch.setattr(loading, "_open", never)


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize("line", ["train {dataset} --base {base}", "merge {adapter}"])
def test_what_cannot_fit_is_refused_with_both_figures(
    line: str, needed: int, machine: Any, adapter: Path, base: Path, dataset: Path, tmp_path: Path
) -> None:
    machine(needed - 1, needed - 1)
    words = [str(base), f"{needed / 4e9:.3g} billion weights", f"{needed / 2**30:.3g} GiB in float32", "GPU", "smaller"]
    arguments = line.format(adapter=adapter, base=base, dataset=dataset).split()
    refuses(tmp_path, 4, words, *arguments, "--output", tmp_path / "out")


def test_what_fits_is_not_refused_and_warned_of_where_little_is_free(
    needed: int, machine: Any, adapter: Path, tmp_path: Path
) -> None:
    machine(needed, needed)
    result = invoke("merge", adapter, "--output", tmp_path / "fits")
    assert (result.exit_code, result.stderr) == (0, "")
    machine(needed, needed - 1)
    result = invoke("merge", adapter, "--output", tmp_path / "tight")
    (line,) = result.stderr.strip().splitlines()
    assert result.exit_code == 0
    assert line.startswith("warning: ")
    assert "are free" in line


def test_a_gguf_counts_unpacked(needed: int, machine: Any, base: Path, dataset: Path, tmp_path: Path) -> None:
    assert invoke("gguf", base, "--output", tmp_path / "base.gguf").exit_code == 0
    machine(needed - 1, needed - 1)
    words = ["base.gguf", f"{needed / 2**30:.3g} GiB in float32"]
    arguments = ("train", dataset, "--base", tmp_path / "base.gguf", "--output", tmp_path / "out")
    refuses(tmp_path, 4, words, *arguments)


def test_a_model_on_the_hub_is_not_fetched_for_nothing(
    machine: Any, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    def offline(*_: Any, local_files_only: bool) -> None:
        assert local_files_only, "it was fetched"
        raise OSError("not in the cache")

    class Hub:
        def model_info(self, *_: Any, **__: Any) -> Any:
            return SimpleNamespace(safetensors=SimpleNamespace(total=8_000_000_000))

    monkeypatch.setattr(loading, "_open", offline)
    monkeypatch.setattr(huggingface_hub, "HfApi", Hub)
    machine(16 << 30, 8 << 30)
    words = ["8 billion weights", "29.8 GiB", "16 GiB of memory"]
    arguments = ("train", dataset, "--recipe", "one-gpu-8b", "--output", tmp_path / "out")
    refuses(tmp_path, 4, words, *arguments)


def test_this_machine_has_memory() -> None:
    found = memory._memory()
    assert 0 < found.free <= found.total


def test_no_free_memory_is_not_taken_for_an_unknown_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free", lambda device: 0)
    assert memory._memory().free == 0
    monkeypatch.setattr(memory, "free", lambda device: None)
    assert memory._memory().free > 0
