"""What the trainer does with each architecture, on tiny random models: prints the table of trainer/README.md.

    OMP_NUM_THREADS=1 python -m benchmarks.architectures

Each model trains for some steps with `--attention shared` and with `plain`, on a CPU in float32; the difference is the
greatest of a step's losses between the two.
"""

import re
import tempfile
from pathlib import Path

import numpy as np

from gravity.trainer.errors import ModelError
from gravity.trainer.markdown import table
from gravity.trainer.settings import Attention
from gravity.trainer.training.session import Session
from tests.trainer.architectures import CASES, Case, trained
from tests.trainer.conftest import write_base

WAYS: tuple[Attention, ...] = ("shared", "plain")


def outcome(case: Case, tokenizer: Path) -> tuple[tuple[str, str, str], float]:
    """Train one architecture both ways; return what came of each, what has no LoRA, and by how much losses differ."""
    found: list[Session | str] = []
    with tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            try:
                found.append(trained(case, way, tokenizer, Path(folder)))
            except ModelError as error:
                found.append(str(error))
    sessions = [one for one in found if isinstance(one, Session)]
    losses = np.array([[record["loss"] for record in session.loop.log] for session in sessions])
    shared, plain = (_short(one) if isinstance(one, str) else "trains" for one in found)
    without = ", ".join(sessions[0].covered["without"]) if sessions else ""
    return (shared, plain, without or "-"), float(np.ptp(losses, 0).max()) if len(sessions) == 2 else float("nan")


def main() -> None:
    """Print the table, with the architectures of one outcome in one row."""
    rows: dict[tuple[str, str, str], list[tuple[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        base = write_base(Path(folder), "llama")
        for name, case in CASES.items():
            came, differs = outcome(case, base)
            rows.setdefault(came, []).append((name, differs))
    cells = [
        [", ".join(name for name, _ in those), *came[:2], _greatest([differs for _, differs in those]), came[2]]
        for came, those in rows.items()
    ]
    print(table(["model", "shared", "plain", "losses differ by", "no LoRA on"], cells))


def _greatest(differences: list[float]) -> str:
    greatest = max(differences)
    return "-" if np.isnan(greatest) else f"{greatest:.0e}"


def _short(error: str) -> str:
    """Leave out the remedy, which is the same in a column, names and figures."""
    return re.sub(r" \([^)]*\)|^the (model|architecture \w+) | of the architecture \w+", "", error.split(": ")[0])


if __name__ == "__main__":
    main()
