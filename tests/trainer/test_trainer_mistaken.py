"""What is given in another's place is called by its name, and an output that cannot be made is refused at once."""

import os
import sys
from pathlib import Path

import pytest

from tests.trainer.commands import invoke, refuses


@pytest.fixture
def places(adapter: Path, base: Path, dataset: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "adapter": str(adapter),
        "base": str(base),
        "dataset": str(dataset),
        "out": str(tmp_path / "out"),
        "weights": str(base / "model.safetensors"),
        "rows": str(dataset / "train.parquet"),
    }


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("train {dataset} --base {adapter}", 4, ["base {adapter} is an adapter", "trained on", "merge"]),
        ("evaluate {adapter} {dataset} --base {adapter}", 4, ["base {adapter} is an adapter"]),
        ("train {dataset} --base {dataset}", 4, ["base {dataset} is a dataset", "saved model"]),
        ("train {dataset} --base {weights}", 4, ["{weights} is a file of weights", "folder that holds it", "{base}"]),
        ("train {adapter}", 2, ["dataset {adapter} is an adapter", "exported dataset"]),
        ("train {base}", 2, ["dataset {base} is a whole model", "exported dataset"]),
        ("train {rows}", 2, ["{rows} is a Parquet file", "folder"]),
        ("evaluate {dataset} {adapter}", 2, ["changed places", "evaluate {adapter} {dataset}"]),
        ("evaluate {dataset} {dataset}", 4, ["adapter {dataset} is a dataset"]),
        ("merge {dataset}", 4, ["adapter {dataset} is a dataset", "folder of an adapter"]),
        ("merge {base}", 4, ["adapter {base} is a whole model"]),
        ("gguf {dataset}", 4, ["{dataset} is a dataset", "adapter", "merge"]),
        ("gguf {weights}", 4, ["{weights} is a file of weights", "folder"]),
    ],
)
def test_one_thing_given_for_another(
    line: str, code: int, words: list[str], places: dict[str, str], tmp_path: Path
) -> None:
    arguments = [word.format(**places) for word in line.split()]
    refuses(tmp_path, code, [word.format(**places) for word in words], *arguments, "--output", places["out"])


def test_a_lora_gguf_is_no_base(adapter: Path, dataset: Path, tmp_path: Path) -> None:
    lora, output = tmp_path / "lora.gguf", tmp_path / "out"
    assert invoke("gguf", adapter, "--output", lora).exit_code == 0
    refuses(
        tmp_path, 4, ["lora.gguf is an adapter", "trained on"], "train", dataset, "--base", lora, "--output", output
    )


def test_an_adapter_from_the_hub_is_no_base(adapter: Path) -> None:
    from gravity.trainer.errors import ModelError
    from gravity.trainer.models.bases import Base
    from gravity.trainer.models.loading import load

    with pytest.raises(ModelError, match="hub/adapter is an adapter"):
        load(Base("hub/adapter", str(adapter)))


_LONG = "n" * 300
_NEARLY = "n" * 250  # which the hidden name beside it, while it grows, is not


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("{rows}/out", ["cannot be made", "Not a directory"]),
        ("{rows}/of/out", ["cannot be made", "Not a directory"]),
        (f"{{out}}/{_LONG}", ["cannot be made", "too long"]),
        (f"{{out}}/{_NEARLY}", ["cannot be made", "too long"]),
        (f"{{out}}/{_LONG}/in", ["cannot be made", "too long"]),
        ("/proc/out", ["cannot be made"]),
        ("/dev/shm", ["mount point", "folder inside it"]),
        ("{out}/locked/out", ["cannot be made", "Permission denied"]),
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        "train {dataset} --base {base}",
        "evaluate {adapter} {dataset}",
        "ablate {dataset}",
        "transfer {dataset}",
        "merge {adapter}",
        "gguf {adapter}",
    ],
)
def test_an_output_that_cannot_be_made_is_refused_before_anything_is_read(
    line: str, output: str, words: list[str], places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing that reads data or models can be imported.
    for package in ("torch", "transformers", "pyarrow", "gguf", "safetensors"):
        monkeypatch.setitem(sys.modules, package, None)
    command, *arguments = line.format(**places).split()
    place = Path(output.format(**places))
    if output == "/dev/shm" and (not place.is_mount() or any(place.iterdir())):
        pytest.skip("no empty mount point here")
    if "locked" in output:
        if os.geteuid() == 0:
            pytest.skip("root may write everywhere")
        place.parent.mkdir(parents=True, mode=0o500)
    refuses(tmp_path, 2, words, command, *arguments, "--output", place)
