"""What lies at a path, so that one given in another's place is called by its name."""

from pathlib import Path

ADAPTER, DATASET, MODEL = "an adapter", "a dataset", "a whole model"

_FOLDERS = {
    "adapter_config.json": ADAPTER,
    "train.parquet": DATASET,
    "data/train-*.parquet": DATASET,
    "config.json": MODEL,
}
_FILES = {
    ".gguf": "a GGUF file",
    ".safetensors": "a file of weights",
    ".bin": "a file of weights",
    ".json": "a JSON file",
    ".parquet": "a Parquet file",
}


def kind(path: Path) -> str | None:
    """Return in words what a folder or a file is, None where it is not there or nothing that is known here."""
    if path.is_dir():
        return next((name for file, name in _FOLDERS.items() if any(path.glob(file))), None)
    return _FILES.get(path.suffix, "a file") if path.is_file() else None
