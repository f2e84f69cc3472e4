"""How much of the planted truth the pipeline recovers, and whether the label error that it reports holds.

Over `--runs` runs the stub endpoint plays every model with a given accuracy and position bias, which misses views and
finds some that are not there, each time with other errors; the models qualify, read and curate planted people, and
check samples. Two sets of people: the loud ones speak their values in every review, and the quiet ones write as real
readers do; the headline is what comes back of these. Prints the views found, kept and let through; the stances beside
the truth, where what is held and not shown is counted apart: a stance there is a guess, and one toward what is neither
shown nor held is made up; the constructs that came back as readers' seeds, of those that enough readers speak to on
both sides; values pairs a reader; and by lot the true label error beside the interval that sampling reported,
which has to cover it 95 times in 100 (`benchmarks.played_panels` plays panels that err as the profiler does, or
abstain, on lots by the hundred). With `--embedded` the models inside the packages do the work instead, once;
nobody reads views or checks then. The last line is JSON.

    python -m benchmarks.truth_recovered --runs 12 --accuracy 0.92 --position-bias 0.1
    python -m benchmarks.truth_recovered --people quiet --embedded
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.meaning import MeaningEmbedder
from benchmarks.recovery import Told, figures, line, share, table, told, wrong_labels
from gravity.config import Config
from gravity.project import Project
from gravity.store.embeddings import Embedder
from gravity.store.lots import lots
from gravity.store.records import Lot
from tests.stub.server import Stub
from tests.stub.truth import Character
from tests.support import SETS, People, curate, take_in

Judged = list[tuple[Lot, int, int]]


def played(character: Character, embedder: Embedder, seeds: int, sets: list[str]) -> dict[str, tuple[Told, Judged]]:
    """One run a set against the stub: what it made, and each checked lot with its wrong labels and its labels."""
    with Stub(character) as server, tempfile.TemporaryDirectory() as folder:
        given = {"kind": "openai", "base_url": server.url}

        def opened(name: str) -> Project:
            settings = Config.model_validate(
                {
                    "models": {name: {**given, "model": name} for name in ("stub", "judge")},
                    # Another model judges, and errs elsewhere: who infers labels has no vote on them.
                    "roles": {"profiler": "stub", "writer": "stub", "judges": ["judge"], "critics": []},
                    "store": {"path": Path(folder) / name},
                    "curate": {"seeds": seeds, "scenarios_per_seed": 2},
                }
            )
            made = Project(settings)
            made.stores.embedder = embedder
            return made

        first = opened("qualified")
        first.qualify()
        first.stores.database.close()
        found = {}
        for name in sets:
            shutil.copytree(Path(folder) / "qualified", Path(folder) / name)
            made = opened(name)
            recovered = _curated(made, SETS[name])
            every, confirmed = wrong_labels(recovered.labels), wrong_labels(recovered.confirmed)
            judged = []
            for lot in lots(made.stores.ledger, made.setup().record):
                # A bound on what was confirmed is held against that.
                wrong = (confirmed if lot.only_confirmed else every).get((lot.culture, lot.track))
                if lot.checked and wrong is not None:
                    judged.append((lot, *wrong))
            found[name] = recovered, judged
            made.stores.database.close()
        return found


def embedded(people: People) -> Told:
    """One run of the embedded default."""
    with tempfile.TemporaryDirectory() as folder:
        return _curated(Project(Config.model_validate({"store": {"path": Path(folder)}})), people)


def _curated(made: Project, people: People) -> Told:
    take_in(made, people=people)
    return told(made, curate(made), people)


def _all_played(given: argparse.Namespace, sets: list[str]) -> tuple[dict[str, Told], dict[str, list[bool]]]:
    """What all runs made, by set, and whether the interval of each checked lot covers its true error."""
    found, covers = {name: Told() for name in sets}, {name: list[bool]() for name in sets}
    print(f"{'run':>4} {'people':>6} {'lot':>14} {'pairs':>6} {'true error':>11} {'reported, 95%':>16} {'verdict':>9}")
    embedder = MeaningEmbedder()
    for number in range(given.runs):
        character = Character(
            given.accuracy, given.position_bias, missed=given.missed, invented=given.invented, seed=number
        )
        for name, (recovered, judged) in played(character, embedder, given.seeds, sets).items():
            found[name].add(recovered)
            for lot, errors, n in judged:
                covers[name].append(lot.low <= errors / n <= lot.high)
                reported, of = f"{lot.low:.1%} to {lot.high:.1%}", f"{lot.culture} {lot.track}"
                print(
                    f"{number:4} {name:>6} {of:>14} {n:6,} {errors / n:11.1%} {reported:>16} {lot.verdict:>9}",
                    flush=True,
                )
    return found, covers


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", choices=[*SETS, "both"], default="both")
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--accuracy", type=float, default=0.92)
    parser.add_argument("--position-bias", type=float, default=0.1)
    parser.add_argument("--missed", type=float, default=0.1, help="views that are not found, 0 to 1")
    parser.add_argument("--invented", type=float, default=0.1, help="reviews in which one is found that is not there")
    parser.add_argument("--embedded", action="store_true")
    given = parser.parse_args()
    sets = list(SETS) if given.people == "both" else [given.people]
    covers: dict[str, list[bool]] = {}
    if given.embedded:
        found = {name: embedded(SETS[name]) for name in sets}
    else:
        found, covers = _all_played(given, sets)
    result: dict[str, Any] = {"headline": "quiet"}
    for name in sets:
        print(f"\n{name} people{', the headline' if name == 'quiet' else ''}")
        print(*table(found[name]), sep="\n")
        said = figures(found[name])
        if covers.get(name):
            said["lots: reported interval holds the true error (bar 95%)"] = share(sum(covers[name]), len(covers[name]))
        for (culture, track), (errors, n) in wrong_labels(found[name].labels).items() if given.embedded else ():
            said[f"labels wrong: {culture} {track}"] = share(errors, n)
        print(*(line(*figure) for figure in said.items()), sep="\n")
        print(f"seeds that readers brought, all runs together: {dict(found[name].seeds)}")
        result[name] = said
    print(json.dumps(result))


if __name__ == "__main__":
    main()
