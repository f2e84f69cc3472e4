"""Linear layers with a LoRA adapter, and the gated MLPs made of them, as functions of their own for CPUs.

The adapter is added to the weight for the length of a product, W + s B A, which costs a few hundredths of it and
saves the passes over what the layer gives out. All is float32, so only the rounding differs. A gated MLP keeps its
input and what its two gates give, works through the tokens some at a time, so that the rest stays in the processor's
cache, and computes the rest again in the backward pass.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gravity.trainer.sharing.products import product

# Bytes of an MLP's inner activations that are worked on at once: what fits into a core's cache beside the weights.
_AT_ONCE = 2 << 20
_CHECKED_ROWS = 4
_TOLERANCE = 1e-4


class Layer(NamedTuple):
    """The weight of a linear layer (out, in), its bias or None, and its adapter: A (r, in), B (out, r), s."""

    weight: Tensor
    bias: Tensor | None
    down: Tensor
    up: Tensor
    scale: float

    def whole(self) -> Tensor:
        """Return the weight with the adapter added."""
        return torch.addmm(self.weight, self.up, self.down, alpha=self.scale) if self.scale else self.weight

    def gradients(self, given: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of A and B from what the layer was given (n, in) and the gradient of what it gave."""
        narrow = product(gradient, self.up.t()).mul_(self.scale)
        low = product(given, self.down).mul_(self.scale)
        return product(narrow.t(), given.t()), product(low.t(), gradient.t()).t()


def quicken(model: Any) -> None:
    """Let the LoRA layers of a PEFT model on a CPU, and the gated MLPs made of them, compute as said above.

    Layers of another kind than `LoraConfig(target_modules="all-linear")` makes of a float32 torch.nn.Linear stay as
    they are. An MLP is gated where act_fn, gate_proj, up_proj and down_proj are its parts and it gives what
    down_proj(act_fn(gate_proj(x)) * up_proj(x)) does, which the first of each class is tried for.
    """
    checked: dict[type, bool] = {}
    layers: set[Any] = set()
    modules: list[Any] = list(model.modules())
    for module in modules:
        if _plain(module):
            module.forward = _Forward(module)
            layers.add(module)
    for module in modules:
        parts = [getattr(module, name, None) for name in ("gate_proj", "up_proj", "down_proj")]
        if not callable(getattr(module, "act_fn", None)) or not layers.issuperset(parts):
            continue
        if any(part.base_layer.bias is not None for part in parts if part is not None):
            continue
        quick = _GatedForward(module, parts)
        if checked.setdefault(type(module), _same(module, quick)):
            module.forward = quick


def _plain(layer: Any) -> bool:
    from peft.tuners.lora.layer import Linear

    if type(layer) is not Linear:
        return False
    base: Any = layer.base_layer
    return (
        type(base) is torch.nn.Linear
        and base.weight.device.type in ("cpu", "meta")
        and base.weight.dtype == torch.float32
        and not base.weight.requires_grad
        and list(layer.lora_A) == ["default"]
        and not layer.lora_variant
        and isinstance(layer.lora_dropout["default"], torch.nn.Identity)
        and layer.lora_B["default"].bias is None
    )


def _parts(layer: Any) -> Layer:
    base = layer.base_layer
    return Layer(
        base.weight, base.bias, layer.lora_A["default"].weight, layer.lora_B["default"].weight, layer.scaling["default"]
    )


class _Forward:
    """The forward pass of one LoRA layer."""

    def __init__(self, layer: Any) -> None:
        self._layer, self._before = layer, layer.forward

    def __call__(self, given: Tensor, *arguments: Any, **options: Any) -> Tensor:
        layer = self._layer
        if layer.merged or layer.active_adapters != ["default"]:
            found: Tensor = self._before(given, *arguments, **options)
            return found
        if layer.disable_adapters:
            return _Frozen.apply(given, layer.base_layer.weight, layer.base_layer.bias)  # type: ignore[no-untyped-call,no-any-return]
        return _Adapted.apply(given, *_parts(layer))  # type: ignore[no-untyped-call,no-any-return]


class _GatedForward:
    """The forward pass of one gated MLP."""

    def __init__(self, module: Any, layers: list[Any]) -> None:
        self._act, self._layers, self._before = module.act_fn, layers, module.forward

    def __call__(self, given: Tensor) -> Tensor:
        layers = self._layers
        if any(layer.merged or layer.active_adapters != ["default"] for layer in layers):
            found: Tensor = self._before(given)
            return found
        # With the adapter off it is nothing that is added.
        scales = [0.0 if layer.disable_adapters else layer.scaling["default"] for layer in layers]
        tensors = [part for layer in map(_parts, layers) for part in (layer.weight, layer.down, layer.up)]
        return _Gated.apply(given, self._act, scales, *tensors)  # type: ignore[no-untyped-call,no-any-return]


def _same(module: Any, quick: Callable[[Tensor], Tensor]) -> bool:
    """Say whether both give the same for a few random rows."""
    weight = module.gate_proj.base_layer.weight
    if weight.device.type == "meta":  # no values: only what it would keep is asked
        return True
    rows = torch.linspace(-1, 1, _CHECKED_ROWS * weight.shape[1]).sin().view(1, _CHECKED_ROWS, -1)
    with torch.no_grad():
        try:
            expected = module(rows)
        except TypeError:
            return False
        return torch.allclose(quick(rows), expected, rtol=_TOLERANCE, atol=_TOLERANCE * float(expected.abs().max()))


class _Frozen(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, given: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(weight)
        found = product(given.flatten(0, -2), weight).view(*given.shape[:-1], -1)
        return found if bias is None else found.add_(bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (weight,) = ctx.saved_tensors
        return product(gradients[0].flatten(0, -2), weight.t()).view(*gradients[0].shape[:-1], -1), None, None


class _Adapted(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, given: Tensor, weight: Tensor, bias: Tensor | None, down: Tensor, up: Tensor, scale: float
    ) -> Tensor:
        ctx.save_for_backward(given, weight, down, up)
        ctx.scale = scale
        whole = Layer(weight, bias, down, up, scale).whole()
        found = product(given.flatten(0, -2), whole).view(*given.shape[:-1], -1)
        return found if bias is None else found.add_(bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        given, weight, down, up = ctx.saved_tensors
        layer = Layer(weight, None, down, up, ctx.scale)
        gradient = gradients[0].flatten(0, -2)
        d_given = product(gradient, layer.whole().t()).view(given.shape) if ctx.needs_input_grad[0] else None
        d_down, d_up = layer.gradients(given.flatten(0, -2), gradient)
        return d_given, None, None, d_down, d_up, None


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, given: Tensor, act: Callable[[Tensor], Tensor], scales: list[float], *tensors: Tensor
    ) -> Tensor:
        rows = given.flatten(0, -2)
        gates = Layer(tensors[0], None, tensors[1], tensors[2], scales[0]).whole()
        ups = Layer(tensors[3], None, tensors[4], tensors[5], scales[1]).whole()
        downs = Layer(tensors[6], None, tensors[7], tensors[8], scales[2]).whole()
        found, kept = torch.empty_like(rows), []
        for part in _pieces(len(rows), gates.shape[0] * rows.element_size()):
            gate, up = product(rows[part], gates), product(rows[part], ups)
            found[part] = product(act(gate).mul_(up), downs)
            kept += [gate, up]
        ctx.act, ctx.scales = act, scales
        ctx.save_for_backward(given, *tensors, *kept)
        return found.view_as(given)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        given, *saved = ctx.saved_tensors
        layers = [Layer(saved[3 * n], None, saved[3 * n + 1], saved[3 * n + 2], ctx.scales[n]) for n in range(3)]
        kept = iter(saved[9:])
        gates, ups, downs = (layer.whole() for layer in layers)
        rows, gradient = given.flatten(0, -2), gradients[0].flatten(0, -2)
        found: list[Tensor] = [torch.zeros_like(part) for layer in layers for part in (layer.down, layer.up)]
        d_rows = torch.empty_like(rows)
        for part in _pieces(len(rows), gates.shape[0] * rows.element_size()):
            gate, up = next(kept).detach().requires_grad_(), next(kept)
            with torch.enable_grad():
                active = ctx.act(gate)
            inner = active.detach() * up
            d_inner = product(gradient[part], downs.t())
            d_up = d_inner * active.detach()
            (d_gate,) = torch.autograd.grad(active, gate, d_inner.mul_(up))
            d_rows[part] = product(d_gate, gates.t()).add_(product(d_up, ups.t()))
            for number, (layer, rows_in, d_out) in enumerate(
                zip(layers, (rows[part], rows[part], inner), (d_gate, d_up, gradient[part]), strict=True)
            ):
                for place, more in enumerate(layer.gradients(rows_in, d_out)):
                    found[2 * number + place] += more
        parts = [(None, found[2 * number], found[2 * number + 1]) for number in range(3)]
        return (d_rows.view_as(given), None, None, *(tensor for three in parts for tensor in three))


def _pieces(rows: int, bytes_a_row: int) -> Iterator[slice]:
    size = max(64, _AT_ONCE // bytes_a_row)
    return (slice(at, at + size) for at in range(0, rows, size))
