"""How much of the planted truth the pipeline recovers, and whether the label error that it reports holds.

Over `--runs` runs the stub endpoint plays every model with a given accuracy and position bias, each time with
other errors; the models qualify, curate the planted readers and check samples. Prints the confusion of stances
with the truth, and by lot the true label error beside the interval that sampling reported, which has to cover it
95 times in 100. With `--embedded` the models inside the packages do the work instead, once; nobody checks then.

    python -m benchmarks.truth_recovered --runs 12 --accuracy 0.92 --position-bias 0.1
    python -m benchmarks.truth_recovered --embedded
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from gravity.config import Config
from gravity.frameworks.statistics import wilson
from gravity.project import Project
from gravity.store.lots import lots
from gravity.store.records import Lot
from tests.stub.server import Stub
from tests.stub.truth import Character
from tests.support import curate, project, run_id, take_in, truth

STANCES = ("agree", "disagree", "unknown")
Cell = tuple[str, str]


def played(character: Character, seeds: int) -> tuple[Counter[Cell], list[tuple[Lot, int, int]]]:
    """One run against the stub: its stances, and each checked lot with its wrong labels and its labels."""
    with Stub(character) as server, tempfile.TemporaryDirectory() as folder:
        settings = Config.model_validate(
            {
                "models": {"stub": {"kind": "openai", "model": "stub", "base_url": server.url}},
                "roles": {"profiler": "stub", "writer": "stub", "judges": ["stub"], "critics": []},
                "store": {"path": Path(folder)},
                "curate": {"seeds": seeds, "scenarios_per_seed": 2},
            }
        )
        first = project(settings)
        first.qualify()
        made = project(settings)
        take_in(made)
        curate(made)
        wrong = _wrong(made)
        checked = [lot for lot in lots(made.stores.ledger, made.setup().record) if lot.checked]
        judged = [(lot, *wrong[lot.culture, lot.track]) for lot in checked]
        stances = _stances(made)
        made.stores.database.close()
        return stances, judged


def embedded() -> tuple[Counter[Cell], dict[Cell, tuple[int, int]]]:
    """One run of the embedded default: its stances, and wrong labels and labels by culture and track."""
    with tempfile.TemporaryDirectory() as folder:
        made = Project(Config.model_validate({"store": {"path": Path(folder)}}))
        take_in(made)
        curate(made)
        return _stances(made), _wrong(made)


def _stances(made: Project) -> Counter[Cell]:
    """How often a true stance (first) came out as which (second)."""
    known, found = truth(), Counter[Cell]()
    for reader in made.stores.corpus.readers():
        for fact in made.stores.ledger.facts(run_id(made), reader.id):
            if fact.kind == "stance":
                found[known[reader.id]["stances"].get(fact.name, "unknown"), fact.value] += 1
    return found


def _wrong(made: Project) -> dict[Cell, tuple[int, int]]:
    """By culture and track the vetted pairs whose label contradicts the truth, and those that it speaks of."""
    known, wrong, total = truth(), Counter[Cell](), Counter[Cell]()
    for pair in made.stores.ledger.pairs(run_id(made), "vetted"):
        if pair.fact is None:
            continue
        kind, name = pair.fact
        true = known[pair.reader]["stances" if kind == "stance" else "traits"].get(name, "unknown")
        if true not in ("agree", "disagree", "high", "low"):
            continue
        said = next(
            f.value for f in made.stores.ledger.facts(run_id(made), pair.reader) if [f.kind, f.name] == pair.fact
        )
        total[pair.culture, pair.track] += 1
        wrong[pair.culture, pair.track] += said != true
    return {cell: (wrong[cell], total[cell]) for cell in sorted(total)}


def _print_stances(found: Counter[Cell]) -> dict[str, float]:
    print(f"\n{'true stance':>12} {'came out as':>12} " + " ".join(f"{s:>10}" for s in STANCES))
    for true in STANCES:
        print(f"{true:>12} {'':>12} " + " ".join(f"{found[true, said]:10,}" for said in STANCES))
    taken = sum(found[true, said] for true in STANCES[:2] for said in STANCES[:2])
    right = found["agree", "agree"] + found["disagree", "disagree"]
    known = sum(n for (true, _), n in found.items() if true in STANCES[:2])
    made_up = sum(found["unknown", said] for said in STANCES[:2])
    none = sum(n for (true, _), n in found.items() if true == "unknown")
    for what, some, n in (
        ("right, of those taken where there is one", right, taken),
        ("taken, of those there are", taken, known),
        ("taken, where there is none to tell", made_up, none),
    ):
        low, high = wilson(some, n)
        print(f"{what}: {some / max(n, 1):.1%} [{low:.1%}, {high:.1%}] n={n:,}")
    return {"accuracy": right / max(taken, 1), "coverage": taken / max(known, 1), "made_up": made_up / max(none, 1)}


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--accuracy", type=float, default=0.92)
    parser.add_argument("--position-bias", type=float, default=0.1)
    parser.add_argument("--embedded", action="store_true")
    given = parser.parse_args()
    figures: dict[str, Any] = {}
    stances = Counter[Cell]()
    if given.embedded:
        stances, wrong = embedded()
        print(f"{'lot':>18} {'wrong labels':>13} {'of':>6}")
        for (culture, track), (errors, n) in wrong.items():
            print(f"{culture + ' ' + track:>18} {errors / n:13.1%} {n:6,}")
            figures[f"{culture} {track}"] = {"label_error": errors / n, "n": n}
    else:
        covered, judged = 0, 0
        print(f"{'run':>4} {'lot':>16} {'pairs':>6} {'true error':>11} {'reported, 95%':>16} {'verdict':>9}")
        for number in range(given.runs):
            character = Character(given.accuracy, given.position_bias, seed=number)
            told, checked = played(character, given.seeds)
            stances += told
            for lot, errors, n in checked:
                error = errors / n
                judged += 1
                covered += lot.low <= error <= lot.high
                reported = f"{lot.low:.1%} to {lot.high:.1%}"
                name = f"{lot.culture} {lot.track}"
                print(f"{number:4} {name:>16} {n:6,} {error:11.1%} {reported:>16} {lot.verdict:>9}", flush=True)
        low, high = wilson(covered, judged)
        print(f"covered: {covered} of {judged} lots, {covered / judged:.1%} [{low:.1%}, {high:.1%}]; the bar is 95%")
        figures["covered"] = covered / judged
        figures["lots"] = judged
    figures |= _print_stances(stances)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
