"""Stops a run whose model is not answered again and again for the same reason."""

from dataclasses import dataclass, field

from gravity.agents.errors import BUDGET, ModelError, NotAnsweredError

REFUSALS_IN_A_ROW = 5


@dataclass
class Breaker:
    """Counts, by model and over all of its roles, the questions in a row that nobody answered for a like reason.

    At `limit` it raises ModelError. An answer of the model ends the row. A spent budget is no fault of a model's.
    """

    limit: int = REFUSALS_IN_A_ROW
    _rows: dict[str, tuple[str, int]] = field(default_factory=dict)
    _batches: dict[str, str] = field(default_factory=dict)

    def answered(self, model: str) -> None:
        """The model has answered."""
        self._rows.pop(model, None)

    def not_answered(self, model: str, error: NotAnsweredError) -> None:
        """Nobody answered. Raises ModelError where that is the `limit`-th time in a row."""
        # A batch that failed as a whole failed once, however many questions were in it.
        if error.kind == BUDGET or (error.batch and error.batch == self._batches.get(model)):
            return
        self._batches[model] = error.batch
        kind, times = self._rows.get(model, (error.kind, 0))
        times = times + 1 if kind == error.kind else 1
        self._rows[model] = (error.kind, times)
        if times >= self.limit:
            told = str(error).rstrip(".")
            raise ModelError(
                f"model '{model}': {times} questions in a row were not answered ({error.kind}): {told}. They stay "
                "open: mend that and start again, or raise limits.refusals_in_a_row"
            ) from None
