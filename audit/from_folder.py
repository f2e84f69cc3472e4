"""Reads a dataset folder, Gravity's own or any in TRL's preference format with a culture column, into tidy tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

from gravity.audit import evidence
from gravity.audit.evidence import Evidence
from gravity.audit.from_store import last_message
from gravity.audit.tables import build, rows_of
from gravity.store.errors import InputError
from gravity.store.records import content_id

NEEDED = ("chosen", "rejected", "culture")
OPTIONAL = ("id", "reader", "track", "framework", "dimension", "takes", "scenario", "verdict", "prompt", "votes")
SUBJECTS = ("subject", "seed", "item", "book", "category")
BATCH = 5_000


def from_folder(folder: Path) -> Evidence:
    """The evidence in the folder's parquet or JSON-lines files.

    Raises InputError where there is no such file, a needed column is missing, or there are no rows.
    """
    files = _files(folder)
    columns = {path: _names(_open(path)) for path in files}
    names = {name for held in columns.values() for name in held}
    for path, held in columns.items():
        missing = [name for name in NEEDED if name not in held]
        if missing:
            raise InputError(f"{path} has no column {missing[0]!r}: an audit needs {', '.join(NEEDED)}")
    votes: dict[tuple[str, str, str], dict[str, Any]] = {}
    pairs = build(_pairs(files, votes), evidence.PAIRS)
    if not len(pairs):
        raise InputError(f"the dataset {folder} has no rows")
    absent = [name for name in (*OPTIONAL, "subject") if name not in names]
    if names & set(SUBJECTS):
        absent = [name for name in absent if name != "subject"]
    notes = [f"the dataset has no column {', '.join(absent)}: what rests on it is left out"] if absent else []
    notes.append(
        "a dataset folder holds what was kept: gates, profiles and refused scenarios can only be audited in the store"
    )
    if votes:
        notes.append("its votes are about scenarios that passed, so judges look steadier there than they are")
    return Evidence(
        source=f"dataset {folder.resolve().name}",
        pairs=pairs,
        votes=build(votes.values(), evidence.VOTES),
        readers=build(_readers(pairs), evidence.READERS),
        notes=tuple(notes),
    )


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"there is no dataset folder {folder}")
    for ending in ("parquet", "jsonl", "json"):
        found = sorted(p for p in (*folder.glob(f"*.{ending}"), *folder.glob(f"data/*.{ending}")))
        if found := [path for path in found if path.name != "manifest.json"]:
            return found
    raise InputError(f"{folder} holds no .parquet or .jsonl file")


def _open(path: Path) -> Any:
    try:
        return pq.ParquetFile(path) if path.suffix == ".parquet" else pj.read_json(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None


def _names(opened: Any) -> list[str]:
    names: list[str] = (opened.schema_arrow if isinstance(opened, pq.ParquetFile) else opened.schema).names
    return names


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    opened, wanted = _open(path), {*NEEDED, *OPTIONAL, *SUBJECTS}
    names = [name for name in _names(opened) if name in wanted]
    if isinstance(opened, pq.ParquetFile):
        yield from opened.iter_batches(batch_size=BATCH, columns=names)
    else:
        yield from opened.select(names).to_batches(max_chunksize=BATCH)


def _pairs(files: list[Path], votes: dict[tuple[str, str, str], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The pairs; the votes of their scenarios, which stand at each pair of a scenario, go into `votes` once."""
    for path in files:
        number = 0
        for batch in _batches(path):
            for row in batch.to_pylist():
                number += 1
                yield _pair(row, f"{path.name}:{number}", votes)


def _pair(row: dict[str, Any], place: str, votes: dict[tuple[str, str, str], dict[str, Any]]) -> dict[str, Any]:
    def text(name: str) -> str | None:
        return str(row[name]) if row.get(name) not in (None, "") else None

    task = last_message(row.get("prompt"))
    subject = next((found for name in SUBJECTS if (found := text(name))), None)
    # Rows that share a prompt are as good as one seed: their answers are not independent.
    cluster = subject or content_id(task or place)
    culture, scenario = text("culture"), text("scenario")
    for vote in row.get("votes") or ():
        key = (scenario or cluster, str(vote.get("judge")), str(vote.get("order")))
        given = {name: vote.get(name) for name in ("judge", "order", "endorses", "confidence")}
        votes.setdefault(key, {**given, "scenario": key[0], "culture": culture, "seed": cluster})
    return {
        "id": text("id") or place,
        "reader": text("reader") or place,
        "culture": culture,
        "track": text("track") or "all",
        "framework": text("framework"),
        "dimension": text("dimension"),
        "subject": cluster,
        "scenario": scenario,
        "takes": text("takes"),
        "verdict": text("verdict"),
        "task": task,
        "chosen": last_message(row["chosen"]),
        "rejected": last_message(row["rejected"]),
    }


def _readers(pairs: pa.Table) -> Iterator[dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    for row in rows_of(pairs.select(["reader", "culture"])):
        if row["culture"] is not None:
            known.setdefault(row["reader"], {"id": row["reader"], "culture": row["culture"]})
    yield from known.values()
