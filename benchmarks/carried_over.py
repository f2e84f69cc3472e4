"""How often stances that are carried over are right, against what they promise, and how many there are.

Readers are simulated: each has a position on every dimension, a stance toward every seed that follows from it by
chance, and two halves of reviews that show few of these stances, some of them misread. `--shown` gives how many a
half shows, of seeds drawn at random; of them a share `--misread` is turned round. `--spread` is how far apart the
readers lie, in log-odds: at 0 nothing can be carried over, at 2.5 a reader who takes one side of a dimension takes the
same side of its next seed some 80 times in 100. Then all is done as in a run: the model is fitted, split halves test
it, what they promise is calibrated, and stances are carried over that reach `--confidence`; they are held against the
planted ones. Prints a line for each density, and then one line of JSON.

    python -m benchmarks.carried_over
    python -m benchmarks.carried_over --readers 400 --shown 3 10 30 --spread 1.5 --misread 0.1
"""

import argparse
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from gravity.agents.carrying import Carrier
from gravity.agents.degrees import CarryingOver, HalfTest, calibrated, calibrations, split_halves, taken
from gravity.frameworks.statistics import wilson
from gravity.store.records import Fact, Provenance, Shown
from tests.agents.planted_stances import Planted

OPPOSITE = {"agree": "disagree", "disagree": "agree"}
BINS = (0.5, 0.6, 0.7, 0.8, 0.9)


def halves(planted: Planted, each: int, misread: float, chance: int) -> list[Shown]:
    """What the halves of all readers show, misreadings and all."""
    rng, seeds, found = np.random.default_rng(chance), list(planted.axes), []
    for reader in planted.readers:
        for half in (0, 1):
            for place in rng.choice(len(seeds), min(each, len(seeds)), replace=False):
                one = planted.everything[reader, seeds[place]]
                stance = "agree" if one.agrees else "disagree"
                stance = OPPOSITE[stance] if rng.random() < misread else stance
                found.append(Shown(run="", reader=reader, seed=one.seed, half=half, stance=stance, confidence=0.9))
    return found


def profiles(planted: Planted, shown: list[Shown]) -> Iterator[tuple[str, list[Fact]]]:
    """The stances of each reader's profile: those shown, where the halves do not contradict one another."""
    known: dict[str, dict[str, set[str]]] = {}
    for one in shown:
        known.setdefault(one.reader, {}).setdefault(one.seed, set()).add(one.stance)
    for reader in planted.readers:
        facts = []
        for seed in planted.axes:
            said = known.get(reader, {}).get(seed, set())
            value, evidence = (next(iter(said)) if len(said) == 1 else "unknown"), ["review"] * bool(said)
            facts.append(
                Fact(
                    run="",
                    reader=reader,
                    kind="stance",
                    name=seed,
                    value=value,
                    confidence=0.9,
                    evidence=evidence,
                    made_by=Provenance(model="simulated"),
                )
            )
        yield reader, facts


def measure(given: argparse.Namespace, each: int) -> dict[str, Any]:
    """One density."""
    planted = Planted(
        given.readers, given.seeds, given.dimensions, given.seed_spread, given.spread, chance=given.chance
    )
    shown = halves(planted, each, given.misread, given.chance + 1)
    begun = time.perf_counter()
    tests = split_halves(shown, planted.axes)
    maps = calibrations(tests)
    carrier = Carrier(CarryingOver(taken(shown, planted.axes), planted.axes), maps, planted.axes)
    found, sure, right = 0, list[float](), list[bool]()
    for reader, facts in profiles(planted, shown):
        found += sum(fact.value != "unknown" for fact in facts)
        for fact in carrier.carried(reader, facts):
            sure.append(fact.confidence)
            right.append((fact.value == "agree") == planted.everything[reader, fact.name].agrees)
    seconds = time.perf_counter() - begun
    kept = [n for n, each_sure in enumerate(sure) if each_sure >= given.confidence]
    mapped = [test for test in calibrated(tests, maps) if _counts(test, given.confidence)]
    hits, contradicted = sum(right[n] for n in kept), sum(not test.right for test in mapped)
    return {
        "shown_a_half": each,
        "shown_a_reader": found / given.readers,
        "carried_a_reader": len(kept) / given.readers,
        "coverage": len(kept) / max(1, given.readers * given.seeds - found),
        "right": hits / len(kept) if kept else None,
        "right_interval": list(wilson(hits, len(kept))) if kept else None,
        "promised": sum(sure[n] for n in kept) / len(kept) if kept else None,
        "tests": len(mapped),
        "contradicted": contradicted / len(mapped) if mapped else None,
        "contradicted_interval": list(wilson(contradicted, len(mapped))) if mapped else None,
        "by_confidence": list(_bins(sure, right)),
        "seconds": seconds,
    }


def _counts(test: HalfTest, confidence: float) -> bool:
    return test.source == "carried over" and test.probability >= confidence


def _bins(sure: list[float], right: list[bool]) -> Iterator[dict[str, Any]]:
    for low in BINS:
        places = [n for n, each in enumerate(sure) if low <= each < low + 0.1]
        if places:
            promised, hits = sum(sure[n] for n in places) / len(places), sum(right[n] for n in places)
            yield {"from": low, "n": len(places), "promised": promised, "right": hits / len(places)}


def _share(value: float | None, interval: list[float] | None = None) -> str:
    if value is None:
        return "not measured"
    return f"{value:.1%}" + (f" [{interval[0]:.1%}, {interval[1]:.1%}]" if interval else "")


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--dimensions", type=int, default=30)
    parser.add_argument("--shown", type=int, nargs="+", default=[3, 5, 10, 20, 40], help="stances that a half shows")
    parser.add_argument("--spread", type=float, default=2.5, help="of readers on a dimension, in log-odds")
    parser.add_argument("--seed-spread", type=float, default=0.7, help="of seeds, in log-odds")
    parser.add_argument("--misread", type=float, default=0.05, help="share of shown stances that are turned round")
    parser.add_argument("--confidence", type=float, default=0.6, help="from which a stance is carried over")
    parser.add_argument("--chance", type=int, default=0, help="another number draws other readers")
    given = parser.parse_args()
    rows = []
    for each in given.shown:
        row = measure(given, each)
        rows.append(row)
        right = _share(row["right"], row["right_interval"])
        contradicted = _share(row["contradicted"], row["contradicted_interval"])
        print(
            f"{row['shown_a_reader']:5.1f} shown a reader, {row['carried_a_reader']:5.1f} carried over "
            f"({row['coverage']:.1%} of the rest): right {right}, promised {_share(row['promised'])}; split halves "
            f"contradict {contradicted}, n={row['tests']:,}; {row['seconds']:.0f} s",
            flush=True,
        )
        for part in row["by_confidence"]:
            promised = f"promised {part['promised']:.1%}, right {part['right']:.1%}"
            print(f"      {part['from']:.1f} and above: {promised}, n={part['n']:,}")
    print(json.dumps({"carried_over": {**vars(given), "densities": rows}}))


if __name__ == "__main__":
    main()
