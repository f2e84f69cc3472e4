"""The losses, by TRL's definitions, on sums of log-probabilities over the answers of n pairs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def sigmoid(chosen_logratios: "Tensor", rejected_logratios: "Tensor", beta: float) -> "Tensor":
    """DPO's loss of each pair (Rafailov et al. 2023, eq. 7): -log sigmoid(beta * difference of log-ratios)."""
    from torch.nn.functional import logsigmoid

    return -logsigmoid(beta * (chosen_logratios - rejected_logratios))


def ipo(
    chosen_logratios: "Tensor",
    rejected_logratios: "Tensor",
    chosen_tokens: "Tensor",
    rejected_tokens: "Tensor",
    beta: float,
) -> "Tensor":
    """IPO's loss of each pair (Azar et al. 2023, eq. 17), `beta` being its tau.

    The log-ratios are averaged over the answers' tokens, as TRL does with the consent of IPO's authors.
    """
    difference = chosen_logratios / chosen_tokens - rejected_logratios / rejected_tokens
    return (difference - 1 / (2 * beta)) ** 2


def sft(chosen_logps: "Tensor", tokens_a_pair: float) -> "Tensor":
    """Cross-entropy of each chosen answer, scaled so that the mean over pairs is the mean over a step's tokens.

    `tokens_a_pair` is the mean number of tokens of the step's chosen answers.
    """
    return -chosen_logps / tokens_a_pair
