"""Time and peak memory of an audit of many pairs: read from a dataset folder and from a store, measured, reported.

Each is a process of its own. Texts are all different, which is the worst case: in a real dataset scenes are shared.

    python -m benchmarks.audit_speed --pairs 400000
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.audit_planted import CULTURES, Planted
from benchmarks.curate_overhead import apart, peak
from gravity.audit.examine import examine
from gravity.audit.from_folder import from_folder
from gravity.audit.from_store import from_store
from gravity.audit.report import write
from gravity.audit.settings import AuditSettings
from gravity.frameworks.loader import Library
from gravity.store.database import Database
from gravity.store.dataset import SCHEMA
from gravity.store.ledger import Ledger
from gravity.store.records import Fact, Pair, Provenance
from gravity.store.runs import Run

LIMITS = {"seconds": 120.0, "memory_mb": 2_048.0}
READERS, BATCH = 500, 5_000


def pairs(count: int) -> Iterator[dict[str, Any]]:
    """Pairs with texts of their own, over the readers of four cultures and all seeds."""
    random, library = np.random.default_rng(0), Library()
    seeds, planted = list(library.seeds.values()), Planted(100, library=library)
    words = [planted._text(int(size)) for size in random.integers(26, 35, 5_000)]
    for number in range(count):
        culture, seed = CULTURES[number % 4], seeds[int(random.integers(len(seeds)))]
        reader = f"{culture}-{random.integers(READERS)}"
        agree = int(reader.split("-")[1]) * 7 % 3 > 0
        sides = [
            f"{words[int(place)]} {number} {side}." for side, place in enumerate(random.integers(len(words), size=2))
        ]
        message = [[{"role": "assistant", "content": side}] for side in sides]
        yield {
            "id": f"{number:016d}", "run": "r", "reader": reader, "culture": culture, "track": "values",
            "framework": seed.framework, "dimension": seed.dimension, "subject": seed.id, "seed": seed.id,
            "takes": "agree" if agree else "disagree", "scenario": None, "fact": ["stance", seed.id], "profile": [],
            "prompts": {}, "reason": "", "qualified": True,
            "prompt": [{"role": "user", "content": f"{words[number % 5_000]} {number}"}],
            "chosen": message[0], "rejected": message[1], "verdict": "vetted" if random.random() < 0.9 else "held",
            "basis": f"the reader would {'agree' if agree else 'disagree'} with: {seed.statement}",
        }  # fmt: skip


def fill_folder(folder: Path, count: int) -> dict[str, float]:
    """A dataset folder, written a batch at a time; returns the seconds that it took."""
    begun = time.perf_counter()
    with pq.ParquetWriter(folder / "train.parquet", SCHEMA) as writer:
        waiting: list[dict[str, Any]] = []
        for pair in pairs(count):
            waiting.append({name: pair.get(name) for name in SCHEMA.names})
            if len(waiting) == BATCH:
                writer.write_table(pa.Table.from_pylist(waiting, schema=SCHEMA))
                waiting.clear()
        if waiting:
            writer.write_table(pa.Table.from_pylist(waiting, schema=SCHEMA))
    return {"fill_s": time.perf_counter() - begun}


def fill_store(folder: Path, count: int) -> dict[str, float]:
    """A store with the pairs and a profile of every reader; returns the seconds that it took."""
    begun = time.perf_counter()
    database, library = Database(f"sqlite:///{folder / 'store.sqlite'}"), Library()
    ledger, maker = Ledger(database), Provenance(model="m")
    ledger.open_run(Run(id="r"))
    for culture in CULTURES:
        for number in range(READERS):
            reader, value = f"{culture}-{number}", "agree" if number * 7 % 3 > 0 else "disagree"
            kept = {"confidence": 0.8, "evidence": ["e"], "made_by": maker}
            facts = [Fact(run="r", reader=reader, kind="stance", name=s, value=value, **kept) for s in library.seeds]
            ledger.add_profile("r", reader, facts)
    waiting: list[Pair] = []
    for pair in pairs(count):
        waiting.append(Pair.model_validate({name: pair[name] for name in Pair.model_fields}))
        if len(waiting) == BATCH:
            ledger.add_pairs(waiting)
            waiting.clear()
    ledger.add_pairs(waiting)
    database.close()
    return {"fill_s": time.perf_counter() - begun}


def run(kind: str, folder: Path) -> dict[str, float]:
    """Audits what is in the folder, and returns seconds by stage and the peak memory of this process."""
    begun, library = time.perf_counter(), Library()
    if kind == "folder":
        evidence = from_folder(folder)
    else:
        evidence = from_store(Database(f"sqlite:///{folder / 'store.sqlite'}"), Run(id="r"), library)
    read = time.perf_counter()
    made = examine(evidence, AuditSettings(), library)
    measured = time.perf_counter()
    write(made, folder / "out")
    done = time.perf_counter()
    return {
        "pairs": len(evidence.pairs), "read_s": read - begun, "measure_s": measured - read, "report_s": done - measured,
        "seconds": done - begun, "cpu_s": time.process_time(), "memory_mb": peak(),
    }  # fmt: skip


def main() -> None:
    """Parses the command line, fills, measures, prints the table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=400_000)
    given = parser.parse_args()
    figures = {}
    for kind, fill in (("folder", fill_folder), ("store", fill_store)):
        with tempfile.TemporaryDirectory() as folder:
            found = {**apart(fill, Path(folder), given.pairs), **apart(run, kind, Path(folder))}
            made = {name: round(value, 1) for name, value in found.items()}
        made |= {f"{name}_of_limit": round(made[name] / limit, 3) for name, limit in LIMITS.items()}
        figures[kind] = made
        print(kind, *(f"{name} {value:,}" for name, value in made.items()), flush=True)
    print(json.dumps({"audit_speed": figures}))


if __name__ == "__main__":
    main()
