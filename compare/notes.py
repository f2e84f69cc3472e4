"""What was missing or odd about the evidence of a comparison, in plain words."""

import numpy as np

from gravity.audit.study import listed
from gravity.compare.evidence import ORIGINAL
from gravity.compare.study import Study


def notes(study: Study) -> list[str]:
    """What the source said, then what is not there: answers, checks, baselines and judges that qualified."""
    evidence = study.evidence
    said = list(evidence.notes)
    said += [f"{number:,} missing: {what}" for what, number in evidence.missing.items() if number]
    if study.silent:
        said.append(f"{study.silent:,} comparisons were answered by no judge: they are no ties and in no figure")
    if not evidence.qualified:
        said.append(
            "nobody has qualified on gold cases of writings: what these judges prefer, and what these checkers find, "
            "has an error that is not known"
        )
    unchecked = int((~np.isnan(study.words) & np.isnan(study.inventions))[:, _written(study)].sum())
    if unchecked:
        said.append(
            f"{unchecked:,} writings nobody checked: whether they invent is not known, and they may be preferred"
        )
    if evidence.writers and ORIGINAL not in study.writers:
        said.append("the original is not in the line-up: no writer is held against it")
    if evidence.writers and not study.prompt_only:
        said.append("no writer of the line-up stands for prompting alone: no writer is held against it")
    own = [writer.name for writer in evidence.writers if writer.card == "own" and writer.twin not in study.writers]
    if own:
        said.append(
            f"no writer differs from {listed(own)} in the card alone: how much of what readers prefer is "
            "personalisation is not measured"
        )
    return said


def _written(study: Study) -> list[int]:
    return [column for column, name in enumerate(study.writers) if name != ORIGINAL]
