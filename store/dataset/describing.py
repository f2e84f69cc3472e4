"""What stands beside the rows of a dataset: how LLaMA-Factory reads them, the card, and the manifest."""

import hashlib
import json
from pathlib import Path

import yaml
from jinja2 import Environment, StrictUndefined

from gravity.store.dataset.exported import Export
from gravity.store.dataset.rows import SCHEMA, SINGLE
from gravity.store.dataset.split import SPLITS
from gravity.store.runs import Run

MANIFEST = "manifest.json"
# LLaMA-Factory looks for a file of this name in its `dataset_dir`.
INFO = "dataset_info.json"
CARD = Path(__file__).parent / "card.md"


def write_info(result: Export, file: Path) -> None:
    """Tells LLaMA-Factory how to read the splits: `gravity`, and `gravity_test` where there are test rows."""
    reading = {
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {"messages": "prompt", **SINGLE},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    }
    names = {"train": "gravity", "test": "gravity_test"}
    info = {names[split]: {"file_name": f"{split}.parquet", **reading} for split in SPLITS if result.rows[split]}
    file.write_text(json.dumps(info, indent=2), encoding="utf-8")


def write_card(run: Run, result: Export, file: Path) -> None:
    """Writes the card, as the Hub accepts it."""
    # `datasets` opens no folder whose card names a split without rows.
    filled = [name for name in SPLITS if result.rows[name]]
    header = {
        "pretty_name": f"Gravity preference pairs{f', {result.variant.name}' if result.variant else ''}",
        "task_categories": ["text-generation"],
        "tags": ["preference", "dpo", "trl", "synthetic", "personalization"],
        "size_categories": [_size(sum(result.rows.values()))],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": name, "path": f"{name}.parquet"} for name in filled],
            }
        ],
    }
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    template = environment.from_string(CARD.read_text(encoding="utf-8"))
    text = template.render(
        header=yaml.safe_dump(header, sort_keys=False).strip(), run=run, result=result, columns=SCHEMA.names
    )
    file.write_text(text, encoding="utf-8")


def _size(rows: int) -> str:
    for bound, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M")):
        if rows < bound:
            return name
    return "n>1M"


def write_manifest(run: Run, result: Export, folder: Path) -> None:
    """Writes counts, settings and checksums. Written last, so that its presence means that the rest is complete."""
    names = [*(f"{name}.parquet" for name in SPLITS), INFO, "README.md"]
    manifest = {
        "run": run.id,
        "variant": result.variant.model_dump() if result.variant else None,
        "rows": result.rows,
        "left_out": result.left_out,
        "by_culture_and_track": result.by_culture_and_track,
        "unqualified": result.unqualified,
        "lots": [lot.model_dump() for lot in result.lots],
        "rated": [lot.model_dump() for lot in result.rated],
        "reliability": [row.model_dump() for row in result.reliability],
        "distinctions": [row.model_dump() for row in result.distinctions],
        "facet_reliability": [row.as_json() for row in result.facets],
        "facets_without_pairs": result.doubtful,
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names},
        "settings": run.settings.model_dump(mode="json"),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
