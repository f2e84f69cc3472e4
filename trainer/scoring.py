"""Log-probabilities of the answers of preference pairs under a model, without gradients."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Score:
    """Sums of log-probabilities (natural, at most 0) of both answers given the prompt, and their token counts."""

    chosen: float
    rejected: float
    chosen_tokens: int
    rejected_tokens: int

    @property
    def margin(self) -> float:
        """How much likelier the chosen answer is than the rejected, in nats."""
        return self.chosen - self.rejected


def score(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Row],
    *,
    max_tokens: int,
    progress: Callable[[int], object] = lambda done: None,
) -> list[Score]:
    """Score the answers of each row, of which `prompt`, `chosen` and `rejected` are message lists.

    Tokens are TRL's: the prompt by the chat template with its opening of the assistant's turn, then what the
    template makes of the answer. At most `max_tokens` tokens, padding included, are computed at once, except that
    a longer sequence is computed alone. `progress` is told how many rows have just been done.
    """
    texts = [_tokens(tokenizer, row, name) for row in rows for name in ("chosen", "rejected")]
    sums = [0.0] * len(texts)
    waiting = [2] * len(rows)
    for batch in _batches([len(ids) for ids, _ in texts], max_tokens):
        for index, value in zip(batch, _sums(model, tokenizer, [texts[index] for index in batch]), strict=True):
            sums[index] = value
            waiting[index // 2] -= 1
        progress(len({index // 2 for index in batch if waiting[index // 2] == 0}))
    counts = [len(ids) - prompt for ids, prompt in texts]
    return [Score(sums[at], sums[at + 1], counts[at], counts[at + 1]) for at in range(0, len(texts), 2)]


def length(tokenizer: Any, row: Row) -> int:
    """Tokens of a row's prompt with the longer of its answers."""
    return max(len(_tokens(tokenizer, row, name)[0]) for name in ("chosen", "rejected"))


def _tokens(tokenizer: Any, row: Row, name: str) -> tuple[list[int], int]:
    prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=True)["input_ids"]
    whole = tokenizer.apply_chat_template([*row["prompt"], *row[name]], return_dict=True)["input_ids"]
    return list(whole), len(prompt)


def _batches(lengths: list[int], max_tokens: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > max_tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _sums(model: Any, tokenizer: Any, texts: list[tuple[list[int], int]]) -> list[float]:
    """Pad on the left, so that the answers end together and logits are made for the last positions only."""
    import torch

    longest = max(len(ids) for ids, _ in texts)
    kept = max(len(ids) - prompt for ids, prompt in texts) + 1
    ids = torch.full((len(texts), longest), tokenizer.pad_token_id)
    mask = torch.zeros_like(ids)
    answers = torch.zeros((len(texts), kept - 1), dtype=torch.bool)
    for line, (tokens, prompt) in enumerate(texts):
        ids[line, longest - len(tokens) :] = torch.tensor(tokens)
        mask[line, longest - len(tokens) :] = 1
        answers[line, kept - 1 - (len(tokens) - prompt) :] = True
    ids, mask, answers = (tensor.to(model.device) for tensor in (ids, mask, answers))
    with torch.inference_mode():
        logits = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0),
            logits_to_keep=kept,
        ).logits
    logps = logits[:, :-1].float().log_softmax(-1).gather(2, ids[:, longest - kept + 1 :, None])[..., 0]
    return [float(value) for value in (logps * answers).sum(1).tolist()]
