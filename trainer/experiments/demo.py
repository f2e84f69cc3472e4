"""`gravity-trainer demo`: can the trainer be seen to learn? A planted taste, from nothing to a verdict in seconds.

Everything is made here: a random base, readers whose card says what they like, pairs, an adapter trained with the
defaults, and its evaluation on readers and seeds that training has not seen, with their own card and with another
reader's.
"""

from pathlib import Path
from typing import Any

from gravity.trainer.errors import TrainingError
from gravity.trainer.evaluation.evaluate import evaluate
from gravity.trainer.evaluation.report import answers
from gravity.trainer.experiments.planted import planted_rows, texts_of, write_base, write_dataset
from gravity.trainer.output import check_free
from gravity.trainer.settings import Settings
from gravity.trainer.training.train import train

_READERS, _SEEDS = 24, 24
_TEST_READERS, _TEST_SEEDS = 12, 12


def demo(output: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make, train and evaluate in `output`, and return the reports of the training and of the evaluation.

    `output` gets base, dataset, adapter and evaluation. Raises UsageError where it is taken.
    """
    check_free(output)
    rows = planted_rows("train", _READERS, _SEEDS)
    # The adapter will record where its base is, so that is made in its place at once.
    base = write_base(output / "base", texts_of(rows))
    data = write_dataset(output / "dataset", rows, planted_rows("test", _TEST_READERS, _TEST_SEEDS))
    trained = train(Settings(dataset=data, output=output / "adapter", base=str(base)))
    return trained, evaluate(output / "adapter", data, output / "evaluation")


def verdict(evaluated: dict[str, Any]) -> list[str]:
    """Return what the evaluation answers, and last whether the card was read.

    Raises TrainingError where it was not.
    """
    over = evaluated["cells"][0]["differences"]["adapter - shuffled"]
    if evaluated["verdicts"]["adapter - shuffled"] != "yes":
        raise TrainingError(
            f"the planted taste was not learned: own card less another reader's is {over.text(signed=True)} in "
            "accuracy, where an installation that works comes to about +0.5"
        )
    return [
        *answers(evaluated),
        "It learned to read the card of readers that it had not seen. Another reader's card misleads it only where "
        "that reader holds the other taste, which about half do.",
    ]
