"""Writes the dataset folder, whole or not at all.

`train.parquet` and `test.parquet` hold the pairs that may leave, in TRL's preference format; beside them
`dataset_info.json`, by which LLaMA-Factory finds them, a dataset card and, written last, `manifest.json` with counts
and checksums.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gravity.store.dataset.describing import INFO, MANIFEST, write_card, write_info, write_manifest
from gravity.store.dataset.exported import Export
from gravity.store.dataset.gate import Gate
from gravity.store.dataset.rows import SCHEMA, Rows
from gravity.store.dataset.split import MIXED, SPLITS, Split
from gravity.store.dataset.variant import Variant, Varied, differs
from gravity.store.distinction import distinctions
from gravity.store.errors import StoreError
from gravity.store.facets import Facets, below
from gravity.store.ledger import Ledger
from gravity.store.rated_lots import rated
from gravity.store.records import Pair
from gravity.store.reliability import at
from gravity.store.runs import Run

BATCH = 1_000


def export(
    ledger: Ledger, run: Run, folder: Path, test_share: float, overwrite: bool, variant: Variant | None = None
) -> Export:
    """Writes the run's vetted pairs to `folder`, whole or not at all; or what a variant makes of them.

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
        result = _write(ledger, run, building, folder, test_share, variant)
        write_info(result, building / INFO)
        write_card(run, result, building / "README.md")
        write_manifest(run, result, building)
        if target.exists():
            shutil.rmtree(target)
        building.rename(target)
    except OSError as error:
        raise StoreError(f"cannot write the dataset to {folder}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return result


def _write(
    ledger: Ledger, run: Run, building: Path, folder: Path, test_share: float, variant: Variant | None
) -> Export:
    """Writes the parquet files."""
    gate = Gate(ledger, run)

    def passed() -> Iterator[Pair]:
        return (pair for pair in ledger.pairs(run.id) if gate.why_not(pair) is None)

    split = Split(run, passed(), test_share)
    remake = variant.begin(passed(), split.readers) if variant else None
    joined = Rows(ledger, run, gate, variant is None or variant.own_labels)
    rows: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    not_made: Counter[str] = Counter()  # by a variant, though they are in train or test
    cells: Counter[tuple[str, str]] = Counter()
    differ: Counter[tuple[str, str]] = Counter()
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
        made = remake(pair) if remake else pair
        if isinstance(made, str):
            not_made[made] += 1
            continue
        waiting[place].append(joined.row(made))
        rows[place] += 1
        unqualified += not pair.qualified
        cells[pair.culture, pair.track] += 1
        differ[pair.culture, pair.track] += differs(made, pair)
        if len(waiting[place]) == BATCH:
            flush(place)
    for name in SPLITS:
        # An empty row group is one that `datasets` does not read.
        if waiting[name]:
            flush(name)
        writers[name].close()
    if not rows.total():
        raise StoreError(_nothing_left(run, sum(left_out[reason] for reason in MIXED), not_made))
    plain = variant is None
    varied = Varied(name=variant.name, definition=variant.definition, differ=_named(differ)) if variant else None
    facets = Facets(ledger.database).reliability(run.id)
    least = run.settings.curate.get("min_reliability", 0.0)
    sure = run.settings.curate.get("min_confidence", 0.0)
    doubtful = below(facets, least, sorted({culture for culture, _ in cells}))
    return Export(
        folder=folder,
        rows={name: rows[name] for name in SPLITS},
        left_out=dict(sorted((left_out + not_made).items())),
        by_culture_and_track=_named(cells),
        lots=list(gate.lots.values()) if plain else [],
        rated=list(rated(ledger, run.id).values()) if plain else [],
        unqualified=unqualified,
        facets=facets if plain else [],
        doubtful={culture: sorted(names) for culture, names in doubtful.items() if names},
        reliability=at(ledger.reliability(run.id), sure) if plain else [],
        distinctions=distinctions(ledger, run.id) if plain else [],
        variant=varied,
    )


def _named(cells: Counter[tuple[str, str]]) -> dict[str, int]:
    return {f"{culture} {track}": n for (culture, track), n in sorted(cells.items())}


def _nothing_left(run: Run, mixed: int, not_made: Counter[str]) -> str:
    if not_made:
        (reason, _), *_ = not_made.most_common(1)
        return f"this variant leaves out all {not_made.total():,} pairs of run {run.id}, most since {reason}"
    if not mixed:
        return f"run {run.id} has no vetted pairs to export: see `gravity status`"
    return (
        f"none of the {mixed:,} pairs of run {run.id} fits into train or test, since each has a reader of one and a "
        "seed or item of the other: curate more readers, or set curate.test_share to 0 to export all of them as train"
    )
