"""Exports a run as a dataset folder that `datasets.load_dataset` opens and TRL trains on.

`train.parquet` and `test.parquet` hold the vetted pairs of lots that may leave, in TRL's preference format;
beside them a dataset card and, written last, `manifest.json` with counts and checksums. Readers are split between
train and test, and so are seeds and items: a pair of a train reader about a test seed, or the other way round, is
left out and counted.
"""

import hashlib
import json
import math
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from jinja2 import Environment, StrictUndefined

from gravity.store.errors import StoreError
from gravity.store.ledger import Ledger
from gravity.store.lots import lots
from gravity.store.profile import lines
from gravity.store.records import Fact, Lot, Pair, Run, Scenario, content_id

SPLITS = ("train", "test")
MIXED = ("test reader, train seed or item", "train reader, test seed or item")
MANIFEST = "manifest.json"
BATCH = 1_000
CARD = Path(__file__).parent / "dataset_card.md"

_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
_VOTES = pa.list_(
    pa.struct(
        [
            ("judge", pa.string()),
            ("order", pa.string()),
            ("endorses", pa.string()),
            ("confidence", pa.float64()),
            ("prompt", pa.string()),
        ]
    )
)
_CHECKS = pa.list_(
    pa.struct(
        [
            ("judge", pa.string()),
            ("order", pa.string()),
            ("prefers", pa.string()),
            ("confidence", pa.float64()),
            ("prompt", pa.string()),
        ]
    )
)
_PROFILE = pa.list_(pa.struct([(name, pa.string()) for name in ("component", "framework", "seed", "text")]))
SCHEMA = pa.schema(
    [
        ("prompt", _MESSAGES),
        ("chosen", _MESSAGES),
        ("rejected", _MESSAGES),
        ("id", pa.string()),
        ("reader", pa.string()),
        ("culture", pa.string()),
        ("track", pa.string()),
        ("framework", pa.string()),
        ("dimension", pa.string()),
        ("seed", pa.string()),
        ("item", pa.string()),
        ("book", pa.string()),
        ("scenario", pa.string()),
        ("verdict", pa.string()),
        ("reason", pa.string()),
        ("basis", pa.string()),
        ("confidence", pa.float64()),
        ("evidence", pa.list_(pa.string())),
        ("profile", _PROFILE),
        ("votes", _VOTES),
        ("checks", _CHECKS),
        ("decision", pa.string()),
        ("lot", pa.string()),
        ("qualified", pa.bool_()),
        ("models", pa.list_(pa.string())),
        ("prompt_hashes", pa.list_(pa.string())),
        ("run", pa.string()),
    ]
)


@dataclass(frozen=True)
class Export:
    """What was written: rows by split, pairs left out by reason, and the counts of the card."""

    folder: Path
    rows: dict[str, int]
    left_out: dict[str, int]
    by_culture_and_track: dict[str, int]
    lots: list[Lot]
    unqualified: int


def export(ledger: Ledger, run: Run, folder: Path, test_share: float, overwrite: bool) -> Export:
    """Writes the run's vetted pairs to `folder`, whole or not at all.

    `test_share` (0 to 1) of the readers of each culture, and of the seeds and items, go to the test split.
    Raises StoreError where the folder is taken or cannot be written.
    """
    target = folder.resolve()
    building = target.with_name(f".{target.name}.building")
    try:
        if target.exists() and any(target.iterdir()):
            if not overwrite:
                raise StoreError(f"{folder} is not empty: choose another folder, or add --overwrite")
            if not (target / MANIFEST).exists():
                raise StoreError(f"{folder} holds no {MANIFEST}, so it is no dataset and is not overwritten")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        result = _write(ledger, run, building, folder, test_share)
        if target.exists():
            shutil.rmtree(target)
        building.rename(target)
    except OSError as error:
        raise StoreError(f"cannot write the dataset to {folder}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return result


def _write(ledger: Ledger, run: Run, building: Path, folder: Path, test_share: float) -> Export:
    gate = Gate(ledger, run)
    held_out = _held_out((pair for pair in ledger.pairs(run.id) if gate.bars(pair) is None), test_share)
    unqualified = 0
    rows: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    cells: Counter[tuple[str, str]] = Counter()
    writers = {split: pq.ParquetWriter(building / f"{split}.parquet", SCHEMA) for split in SPLITS}
    waiting: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    trail = _Trail(ledger, run.id, gate)

    def flush(split: str) -> None:
        writers[split].write_table(pa.Table.from_pylist(waiting[split], schema=SCHEMA))
        waiting[split].clear()

    for pair in ledger.pairs(run.id):
        where = gate.bars(pair) or _place(pair, held_out)
        if where not in SPLITS:
            left_out[where] += 1
            continue
        waiting[where].append(trail.row(pair))
        rows[where] += 1
        unqualified += not pair.qualified
        cells[pair.culture, pair.track] += 1
        if len(waiting[where]) == BATCH:
            flush(where)
    for split in SPLITS:
        # An empty row group is one that `datasets` does not read.
        if waiting[split]:
            flush(split)
        writers[split].close()
    mixed = sum(n for reason, n in left_out.items() if reason in MIXED)
    if mixed and not rows.total():
        raise StoreError(
            f"the split between train and test leaves none of the {mixed} pairs that could leave, so few they are: "
            "curate more, or set curate.test_share to 0"
        )
    if not rows.total():
        raise StoreError(f"run {run.id} has no vetted pairs to export: see `gravity status`")
    result = Export(
        folder=folder,
        rows={split: rows[split] for split in SPLITS},
        left_out=dict(sorted(left_out.items())),
        by_culture_and_track={f"{culture} {track}": n for (culture, track), n in sorted(cells.items())},
        lots=list(gate.lots.values()),
        unqualified=unqualified,
    )
    (building / "README.md").write_text(_card(run, result), encoding="utf-8")
    names = [*(f"{split}.parquet" for split in SPLITS), "README.md"]
    manifest = {
        "run": run.id,
        "rows": result.rows,
        "left_out": result.left_out,
        "by_culture_and_track": result.by_culture_and_track,
        "unqualified": result.unqualified,
        "lots": [lot.model_dump() for lot in result.lots],
        "sha256": {name: hashlib.sha256((building / name).read_bytes()).hexdigest() for name in names},
        "settings": run.settings,
    }
    # Written last, so that its presence means that the rest is complete.
    (building / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
    return result


def _held_out(pairs: Iterable[Pair], share: float) -> set[tuple[str, str]]:
    """The readers of each culture, and the seeds and items, that belong to the test split."""
    groups: dict[str, set[tuple[str, str]]] = {}
    for pair in pairs:
        groups.setdefault(f"readers {pair.culture}", set()).add(("reader", pair.reader))
        if pair.track != "interests":
            groups.setdefault(pair.track, set()).add(("subject", pair.subject))
    held: set[tuple[str, str]] = set()
    for members in groups.values():
        ordered = sorted(members, key=lambda member: content_id("split", *member))
        # Someone is held out wherever there are two to choose from.
        count = math.ceil(share * len(ordered)) if len(ordered) > 1 and share > 0 else 0
        held.update(ordered[: min(count, len(ordered) - 1)])
    return held


def _place(pair: Pair, held_out: set[tuple[str, str]]) -> str:
    reader = ("reader", pair.reader) in held_out
    if pair.track == "interests":
        return "test" if reader else "train"
    subject = ("subject", pair.subject) in held_out
    if reader == subject:
        return "test" if reader else "train"
    return MIXED[0] if reader else MIXED[1]


class Gate:
    """Says which pairs may leave: vetted ones of lots that were vetted, rest on ratings, or are marked as unqualified
    and so unchecked, and whatever a person has kept."""

    def __init__(self, ledger: Ledger, run: Run) -> None:
        self.lots = {(lot.culture, lot.track): lot for lot in lots(ledger, run)}
        self.checks = ledger.checks(run.id)
        self.decisions = ledger.decisions(run.id)

    def bars(self, pair: Pair) -> str | None:
        """Why a pair may not leave; None if it may."""
        if pair.verdict != "vetted":
            return f"verdict {pair.verdict}"
        if pair.id in self.decisions:
            return None
        lot, check = self.lots[pair.culture, pair.track], self.checks.get(pair.id)
        if check is not None and check.prefers == "rejected":
            return "the panel preferred the other side"
        if check is not None and check.prefers is None and lot.whole:
            return "the panel did not confirm it"
        # Where nobody has qualified nobody could check; the rows are marked as unqualified instead.
        if lot.verdict in ("vetted", "ratings") or (lot.verdict == "unchecked" and not pair.qualified):
            return None
        return f"lot {pair.culture} {pair.track}: {lot.verdict}"


class _Trail:
    """Joins a pair with the fact and the scenario that it rests on."""

    def __init__(self, ledger: Ledger, run: str, gate: "Gate") -> None:
        self._gate = gate
        self._ledger = ledger
        self._run = run
        self._facts: dict[str, dict[tuple[str, str], Fact]] = {}
        self._scenarios: dict[str, Scenario | None] = {}

    def row(self, pair: Pair) -> dict[str, Any]:
        fact = self._fact(pair)
        scenario = self._scenario(pair.scenario) if pair.scenario else None
        votes = scenario.rounds[-1].votes if scenario else []
        makers = [m for m in (fact.made_by if fact else None, scenario.draft.made_by if scenario else None) if m]
        makers += [fact.checked_by] if fact and fact.checked_by else []
        makers += [vote.made_by for vote in votes]
        check, decision = self._gate.checks.get(pair.id), self._gate.decisions.get(pair.id)
        makers += [choice.made_by for choice in (check.choices if check else [])]
        # A held pair that a person kept can be all that there is of its culture and track.
        lot = self._gate.lots.get((pair.culture, pair.track))
        hashes = {*pair.prompts.values(), *(maker.prompt for maker in makers if maker.prompt)}
        return {
            **pair.model_dump(include={name for name in SCHEMA.names if name in Pair.model_fields}),
            "seed": pair.subject if pair.track == "values" else None,
            "item": pair.subject if pair.track == "personality" else None,
            "book": pair.subject if pair.track == "interests" else None,
            "confidence": fact.confidence if fact else None,
            "evidence": fact.evidence if fact else [],
            "profile": [
                line for message in pair.prompt if message["role"] == "system" for line in lines(message["content"])
            ],
            "votes": [
                {
                    "judge": vote.judge,
                    "order": vote.order,
                    "endorses": vote.endorses,
                    "confidence": vote.confidence,
                    "prompt": vote.made_by.prompt,
                }
                for vote in votes
            ],
            "checks": [
                {
                    "judge": choice.judge,
                    "order": choice.order,
                    "prefers": choice.prefers,
                    "confidence": choice.confidence,
                    "prompt": choice.made_by.prompt,
                }
                for choice in (check.choices if check else [])
            ],
            "decision": f"{decision.decided} by {decision.by}" if decision else None,
            "lot": lot.verdict if lot else None,
            "models": list(dict.fromkeys(maker.model for maker in makers)),
            "prompt_hashes": sorted(hashes),
        }

    def _fact(self, pair: Pair) -> Fact | None:
        if pair.fact is None:
            return None
        if pair.reader not in self._facts:
            # A page of pairs mixes readers; a bounded number of profiles is kept.
            if len(self._facts) > BATCH:
                self._facts.clear()
            facts = self._ledger.facts(self._run, pair.reader)
            self._facts[pair.reader] = {(fact.kind, fact.name): fact for fact in facts}
        kind, name = pair.fact
        return self._facts[pair.reader].get((kind, name))

    def _scenario(self, identity: str) -> Scenario | None:
        if identity not in self._scenarios:
            self._scenarios[identity] = self._ledger.scenario(identity)
        return self._scenarios[identity]


def _card(run: Run, result: Export) -> str:
    # `datasets` opens no folder whose card names a split without rows.
    filled = [split for split in SPLITS if result.rows[split]]
    header = {
        "pretty_name": "Gravity preference pairs",
        "task_categories": ["text-generation"],
        "tags": ["preference", "dpo", "trl", "synthetic", "personalization"],
        "size_categories": [_size(sum(result.rows.values()))],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"{split}.parquet"} for split in filled],
            }
        ],
    }
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    template = environment.from_string(CARD.read_text(encoding="utf-8"))
    return template.render(
        header=yaml.safe_dump(header, sort_keys=False).strip(), run=run, result=result, columns=SCHEMA.names
    )


def _size(rows: int) -> str:
    for bound, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M")):
        if rows < bound:
            return name
    return "n>1M"
