"""A short learning-rate search: the same few steps at each of some rates, told apart on readers and seeds held out.

As in fastai and Lightning it suggests a rate and trains nothing to keep. Base and reference are computed once, and the
adapter begins anew with each rate.
"""

import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gravity.trainer.clusters import Clusters
from gravity.trainer.dataset.files import read
from gravity.trainer.dataset.splits import TRAIN, split
from gravity.trainer.errors import DivergedError, UsageError
from gravity.trainer.intervals import Estimate, mean
from gravity.trainer.models.bases import resolve_base
from gravity.trainer.models.loading import load
from gravity.trainer.progress import ProgressBar
from gravity.trainer.quiet import without_notices
from gravity.trainer.settings import Settings
from gravity.trainer.training.early_stopping import row_figures
from gravity.trainer.training.fit import fitted_pairs
from gravity.trainer.training.holdout import Key, hold_out, keys
from gravity.trainer.training.processes import join, place
from gravity.trainer.training.session import Session
from gravity.trainer.training.sizes import size_of

_FACTORS = (0.1, 0.3, 1, 3, 10)  # of the rate of the model's size
_STEPS = 20
_MOST = 0.5  # of readers and of seeds: a short run needs few to train on, telling rates apart needs many


@dataclass(frozen=True)
class Tried:
    """What a rate came to on the rows held out, all None where it diverged; `margin` is that of implicit reward."""

    learning_rate: float
    loss: float | None = None
    accuracy: float | None = None
    margin: Estimate | None = None

    @property
    def verdict(self) -> str:
        """Say whether it learned: where the whole interval of the margin lies above 0."""
        if self.margin is None:
            return "diverged"
        if not self.margin.sufficient:
            return "insufficient"
        return "learns" if self.margin.above(0) else "not shown"


@dataclass(frozen=True)
class Search:
    """Rates tried, each for as many `steps` of `batch_size` pairs, and the rows and readers held out."""

    tried: list[Tried]
    steps: int
    batch_size: int
    rows: int
    readers: int
    seeds: int

    @property
    def suggested(self) -> float | None:
        """Return the rate with the lowest held-out loss among those that learn, None where none does."""
        learns = [(one.loss, one.learning_rate) for one in self.tried if one.verdict == "learns"]
        return min(learns)[1] if learns else None


def find_learning_rate(settings: Settings) -> Search:
    """Try rates around that of the model's size and return what each came to; nothing is written.

    The number of steps is `settings.max_steps`, else what the size needs.

    Raises a TrainerError, UsageError for a loss without rewards among them.
    """
    if settings.loss_type == "sft":
        raise UsageError("--find-lr compares margins, which --loss-type sft has none of: use sigmoid or ipo")
    data, base = read(settings.dataset), resolve_base(settings.base)
    accelerator = join()
    four_bit = settings.load_in_4bit
    model, tokenizer = load(base, load_in_4bit=four_bit, place=place(accelerator, four_bit))
    fitted, _ = fitted_pairs(settings, data, model, tokenizer, accelerator.is_main_process)
    read_keys = keys(split(settings.dataset, TRAIN))
    whose = [read_keys[row] for row in fitted.kept]
    aside = hold_out(whose, settings.seed, _MOST)
    size = size_of(model.num_parameters())
    steps = settings.max_steps or max(_STEPS, size.steps)
    short = dataclasses.replace(
        settings, max_steps=steps, save_steps=steps, early_stopping_patience=None, eval_steps=None
    )
    tried = []
    with tempfile.TemporaryDirectory() as folder, without_notices():
        session = Session(short, fitted.pairs, model, accelerator, aside)
        held = [whose[row] for row in session.held]
        rates = [float(f"{size.learning_rate * factor:.0e}") for factor in _FACTORS]
        for rate, figures in _figures(session, rates, Path(folder)):
            tried.append(Tried(rate) if figures is None else _tried(rate, figures, held))
    return Search(tried, steps, short.batch_size, len(held), aside.readers, aside.subjects)


def _figures(session: Session, rates: Sequence[float], folder: Path) -> Iterator[tuple[float, dict[str, Any] | None]]:
    """Yield each rate with its figures of the rows held out, None where it diverged."""
    import torch

    named = session.model.named_parameters()
    trained = {name: parameter for name, parameter in named if parameter.requires_grad}
    fresh = {name: parameter.detach().clone() for name, parameter in trained.items()}
    first = session.begin(folder)
    for rate in rates:
        with torch.no_grad():
            for name, parameter in trained.items():
                parameter.copy_(fresh[name])
        settings = dataclasses.replace(session.settings, learning_rate=rate)
        loop = dataclasses.replace(first, settings=settings, log=[])
        with ProgressBar(f"{rate:.0e}", loop.steps, "step") as bar:
            try:
                loop.run(folder, None, bar.step)
            except DivergedError:
                yield rate, None
                continue
        found = row_figures(loop, session.held.tolist())
        yield rate, {name: values.cpu().double().numpy() for name, values in found.items()}


def _tried(rate: float, figures: dict[str, Any], held: Sequence[Key]) -> Tried:
    margins = figures["rewards/margins"]
    if not np.isfinite(margins).all():
        return Tried(rate)
    # Seeds cluster rows only where a column names them.
    seeds = {"subjects": [str(about) for _, about in held]} if any(about for _, about in held) else {}
    clusters = Clusters.of(readers=[reader for reader, _ in held], **seeds)
    return Tried(
        rate, float(figures["loss"].mean()), float(figures["rewards/accuracies"].mean()), mean(margins, clusters)
    )


def lines(search: Search) -> list[str]:
    """Lay out a search as a table, with the suggestion, or that there is none, as the last line."""
    head = f"{'learning rate':<15}{'held-out loss':>14}{'accuracy':>10}  {'margin':<24}verdict"
    table = [head]
    for one in search.tried:
        loss, accuracy = (f"{value:.3f}" if value is not None else "" for value in (one.loss, one.accuracy))
        margin = one.margin.text(signed=True) if one.margin is not None else ""
        table.append(f"{one.learning_rate:<15.0e}{loss:>14}{accuracy:>10}  {margin:<24}{one.verdict}")
    how = (
        f"{search.steps} steps of {search.batch_size} pairs at each rate, on {search.rows} rows of {search.readers} "
        f"readers and {search.seeds} seeds held out"
    )
    if search.suggested is not None:
        return [*table, f"suggested: --learning-rate {search.suggested:.0e} ({how}); nothing was written"]
    if all(one.verdict in ("insufficient", "diverged") for one in search.tried):
        return [*table, f"no suggestion: too few rows, readers or seeds to tell ({how}); nothing was written"]
    return [*table, f"no rate was shown to learn ({how}): try more --max-steps; nothing was written"]
