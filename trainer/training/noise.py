"""Policy and reference have to be one function of the tokens: chance is switched off, and the first step shows it.

Before its first step an adapter changes nothing, so log-ratios are zero and DPO's loss is ln 2. A model that drops or
shakes something at random while it trains shows there, and would be taught its own noise.
"""

import re
from typing import TYPE_CHECKING, Any

from gravity.trainer.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor

# Models also drop without a Dropout module: attention weights, residuals and whole layers, by a number they keep. And
# Mixtral and DBRX shake what they route; PhiMoE's `router_jitter_noise` is another thing, which its answers depend on.
_RATES = re.compile(r"(^|_)(drop|dropout|layerdrop|[a-z]*pdrop)(_|$)|^(input_)?jitter_noise$|^moe_jitter_eps$")


def switch_off_chance(model: Any) -> None:
    """Set every rate of dropout and of noise to 0, in modules and in the configuration that they read."""
    import torch

    dropouts = torch.nn.modules.dropout._DropoutNd
    for module in model.modules():
        if isinstance(module, dropouts):
            module.p = 0.0
        _set_to_zero(module)
        if getattr(module, "config", None) is not None:
            _set_to_zero(module.config)
    _set_to_zero(model.config.get_text_config())


def drift(ratios: tuple["Tensor", "Tensor"], tokens: "Tensor") -> "Tensor":
    """Return for each pair by how much its answers' log-probabilities are off the reference's, in nats per token.

    `ratios` are the log-ratios of chosen and rejected, `tokens` (pairs, 2) the lengths of both answers.
    """
    import torch

    return (torch.stack(ratios, 1).detach().abs() / tokens).mean(1)


def check_first_step(drifted: float, tolerance: float) -> None:
    """Raise TrainingError where the mean drift of the first step's pairs is more than rounding."""
    if not drifted <= tolerance:
        raise TrainingError(
            f"the first step's log-probabilities are off the reference's by {drifted:.2g} nats per token (rounding: at "
            f"most {tolerance:g}), though the adapter does nothing yet: the model drops or shakes something at random "
            "while it trains that cannot be switched off here, use another base"
        )


def _set_to_zero(owner: Any) -> None:
    for name, value in list(vars(owner).items()):
        if isinstance(value, float) and value > 0 and _RATES.search(name):
            setattr(owner, name, 0.0)
