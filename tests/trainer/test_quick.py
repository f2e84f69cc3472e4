"""What is computed otherwise on a CPU gives what the model gave before: values, gradients, with the adapter off too."""

from typing import Any

import pytest
import torch

from gravity.trainer.sharing import products
from gravity.trainer.sharing.head import token_logps
from gravity.trainer.sharing.linear import _GatedForward
from gravity.trainer.sharing.logps import add_head
from gravity.trainer.sharing.quick import quicken

WIDTH, WORDS, TOKENS = 32, 50, 70


def _adapted(model_type: str, **settings: Any) -> Any:
    """A random decoder with an adapter that does something."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    sizes = {"hidden_size": WIDTH, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = AutoConfig.for_model(
        model_type, vocab_size=WORDS, num_key_value_heads=2, head_dim=8, pad_token_id=0, eos_token_id=1, **sizes
    )
    for name, value in settings.items():
        setattr(config, name, value)
    decoders: Any = AutoModelForCausalLM
    model = decoders.from_config(config).eval()
    add_head(model)
    lora = LoraConfig(r=4, lora_alpha=6, target_modules="all-linear", task_type="CAUSAL_LM")
    adapted: Any = get_peft_model(model, lora)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return adapted


def _scored(model: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return log-probabilities of random labels, every third place without one, and the gradients of their sum."""
    draw = torch.Generator().manual_seed(1)
    ids, labels = (torch.randint(2, WORDS, (2, TOKENS), generator=draw) for _ in range(2))
    labels[:, ::3] = -100
    model.zero_grad()
    found = model(input_ids=ids, shift_labels=labels, use_cache=False, fused_lm_head=True).log_probs
    found = found.masked_fill(labels < 0, 0)
    (found * torch.linspace(0.5, 2, TOKENS)).sum().backward()
    return found.detach(), {name: value.grad for name, value in model.named_parameters() if value.grad is not None}


@pytest.mark.parametrize("wide", [True, False], ids=["onednn", "otherwise"])
@pytest.mark.parametrize(
    ("model_type", "gated", "settings"),
    [
        ("llama", 2, {}),
        ("qwen2", 2, {}),  # biases
        ("gemma2", 2, {"final_logit_softcapping": 5.0}),  # gelu, capped logits
        ("gpt_neox", 0, {}),
    ],
)
def test_values_and_gradients_are_those_of_peft_and_trl(
    model_type: str, gated: int, settings: dict[str, Any], wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "_wide", lambda: wide and torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
    model = _adapted(model_type, **settings)
    expected, gradients = _scored(model)
    with torch.no_grad(), model.disable_adapter():
        off = model(input_ids=torch.arange(2, 40)[None]).logits
    quicken(model)
    assert sum(isinstance(module.forward, _GatedForward) for module in model.modules()) == gated
    found, ours = _scored(model)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert ours.keys() == gradients.keys() and len(ours) >= 2 * 2 * 4
    for name, value in gradients.items():
        assert torch.dist(ours[name], value) < 1e-4 * value.norm(), name
    with torch.no_grad(), model.disable_adapter():
        torch.testing.assert_close(model(input_ids=torch.arange(2, 40)[None]).logits, off, rtol=1e-4, atol=1e-5)


def test_an_mlp_that_only_looks_gated_stays_as_it_is() -> None:
    model = _adapted("llama")
    mlp = type(model.get_base_model().model.layers[0].mlp)

    class Other(mlp):  # type: ignore[misc,valid-type]
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.down_proj(self.act_fn(self.gate_proj(x)) + self.up_proj(x))  # type: ignore[no-any-return]

    for layer in model.get_base_model().model.layers:
        layer.mlp.__class__ = Other
    expected, _ = _scored(model)
    quicken(model)
    assert not any(isinstance(module.forward, _GatedForward) for module in model.modules())
    torch.testing.assert_close(_scored(model)[0], expected, rtol=1e-4, atol=1e-5)


def test_token_logps_are_log_softmax_over_several_tiles_and_none_at_all() -> None:
    torch.manual_seed(0)
    hidden, weight = torch.randn(150, WIDTH, requires_grad=True), torch.randn(WORDS, WIDTH)
    labels, factors = torch.randint(0, WORDS, (150,)), torch.randn(150)
    expected = (hidden @ weight.t()).log_softmax(-1).gather(1, labels[:, None])[:, 0]
    found = token_logps(hidden, weight, labels)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    (ours,), (theirs,) = (torch.autograd.grad((out * factors).sum(), hidden) for out in (found, expected))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    assert token_logps(hidden[:0], weight, labels[:0]).shape == (0,)
