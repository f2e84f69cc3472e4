"""Writes the dataset folder, whole or not at all.

`train.parquet` and `test.parquet` hold the pairs that may leave, in TRL's preference format; beside them
`dataset_info.json`, by which LLaMA-Factory finds them, a dataset card and, written last, `manifest.json` with counts
and checksums.
"""

import hashlib
import json
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from jinja2 import Environment, StrictUndefined

from gravity.store.dataset.gate import Gate
from gravity.store.dataset.rows import SCHEMA, SINGLE, Rows
from gravity.store.dataset.split import MIXED, SPLITS, Split
from gravity.store.distinction import Distinction, distinctions
from gravity.store.errors import StoreError
from gravity.store.facets import FacetReliability, Facets, below
from gravity.store.ledger import Ledger
from gravity.store.rated_lots import Rated, rated
from gravity.store.records import Lot
from gravity.store.reliability import Reliability, at
from gravity.store.runs import Run

MANIFEST = "manifest.json"
# LLaMA-Factory looks for a file of this name in its `dataset_dir`.
INFO = "dataset_info.json"
BATCH = 1_000
CARD = Path(__file__).parent / "card.md"


@dataclass(frozen=True)
class Export:
    """What was written: rows by split, pairs left out by reason, and the counts of the card; `reliability` is that of
    stances as sure as the run asks for, `facets` that of facets and traits, and `doubtful` are by culture the facets
    that make no pairs for want of it. `distinctions` say how far labels tell readers apart, and `rated` what later
    ratings say of labels that rest on ratings."""

    folder: Path
    rows: dict[str, int]
    left_out: dict[str, int]
    by_culture_and_track: dict[str, int]
    lots: list[Lot]
    rated: list[Rated]
    unqualified: int
    reliability: list[Reliability]
    distinctions: list[Distinction]
    facets: list[FacetReliability]
    doubtful: dict[str, list[str]]


def export(ledger: Ledger, run: Run, folder: Path, test_share: float, overwrite: bool) -> Export:
    """Writes the run's vetted pairs to `folder`, whole or not at all.

    `test_share` (0 to 1) of the readers of each culture, and of the seeds and items, go to the test split.
    Raises StoreError where the folder is taken or cannot be written, or no pair is left to write.
    """
    target = folder.resolve()
    building = target.with_name(f".{target.name}.building")
    try:
        if target.exists() and any(target.iterdir()):
            if not overwrite:
                raise StoreError(f"{folder} is not empty: choose another folder, or add --overwrite")
            if not (target / MANIFEST).exists():
                raise StoreError(
                    f"{folder} is not a dataset, since it holds no {MANIFEST}, and is not overwritten: choose another "
                    "folder"
                )
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        result = _write(ledger, run, building, folder, test_share)
        _write_info(result, building / INFO)
        _write_card(run, result, building / "README.md")
        _write_manifest(run, result, building)
        if target.exists():
            shutil.rmtree(target)
        building.rename(target)
    except OSError as error:
        raise StoreError(f"cannot write the dataset to {folder}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return result


def _write(ledger: Ledger, run: Run, building: Path, folder: Path, test_share: float) -> Export:
    """Writes the parquet files."""
    gate = Gate(ledger, run)
    split = Split(run, (pair for pair in ledger.pairs(run.id) if gate.why_not(pair) is None), test_share)
    joined = Rows(ledger, run, gate)
    rows: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    cells: Counter[tuple[str, str]] = Counter()
    unqualified = 0
    writers = {name: pq.ParquetWriter(building / f"{name}.parquet", SCHEMA) for name in SPLITS}
    waiting: dict[str, list[dict[str, Any]]] = {name: [] for name in SPLITS}

    def flush(name: str) -> None:
        writers[name].write_table(pa.Table.from_pylist(waiting[name], schema=SCHEMA))
        waiting[name].clear()

    for pair in ledger.pairs(run.id):
        place = gate.why_not(pair) or split.place(pair)
        if place not in SPLITS:
            left_out[place] += 1
            continue
        waiting[place].append(joined.row(pair))
        rows[place] += 1
        unqualified += not pair.qualified
        cells[pair.culture, pair.track] += 1
        if len(waiting[place]) == BATCH:
            flush(place)
    for name in SPLITS:
        # An empty row group is one that `datasets` does not read.
        if waiting[name]:
            flush(name)
        writers[name].close()
    facets = Facets(ledger.database).reliability(run.id)
    least = run.settings.curate.get("min_reliability", 0.0)
    doubtful = below(facets, least, sorted({culture for culture, _ in cells}))
    if not rows.total():
        raise StoreError(_nothing_left(run, sum(left_out[reason] for reason in MIXED)))
    return Export(
        folder=folder,
        rows={name: rows[name] for name in SPLITS},
        left_out=dict(sorted(left_out.items())),
        by_culture_and_track={f"{culture} {track}": n for (culture, track), n in sorted(cells.items())},
        lots=list(gate.lots.values()),
        rated=list(rated(ledger, run.id).values()),
        unqualified=unqualified,
        facets=facets,
        doubtful={culture: sorted(names) for culture, names in doubtful.items() if names},
        reliability=at(ledger.reliability(run.id), run.settings.curate.get("min_confidence", 0.0)),
        distinctions=distinctions(ledger, run.id),
    )


def _nothing_left(run: Run, mixed: int) -> str:
    if not mixed:
        return f"run {run.id} has no vetted pairs to export: see `gravity status`"
    return (
        f"none of the {mixed:,} pairs of run {run.id} fits into train or test, since each has a reader of one and a "
        "seed or item of the other: curate more readers, or set curate.test_share to 0 to export all of them as train"
    )


def _write_info(result: Export, file: Path) -> None:
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


def _write_card(run: Run, result: Export, file: Path) -> None:
    # `datasets` opens no folder whose card names a split without rows.
    filled = [name for name in SPLITS if result.rows[name]]
    header = {
        "pretty_name": "Gravity preference pairs",
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


def _write_manifest(run: Run, result: Export, folder: Path) -> None:
    names = [*(f"{name}.parquet" for name in SPLITS), INFO, "README.md"]
    manifest = {
        "run": run.id,
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
    # Written last, so that its presence means that the rest is complete.
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
