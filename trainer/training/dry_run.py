"""What a run would take in memory and time, before anything is loaded but a configuration and a tokenizer."""

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from gravity.trainer.dataset.files import read
from gravity.trainer.errors import ModelError, UsageError, brief
from gravity.trainer.models.bases import Base, resolve_base
from gravity.trainer.models.loading import load_tokenizer, on_cuda
from gravity.trainer.models.outline import blank, configuration
from gravity.trainer.models.room import free
from gravity.trainer.quiet import silenced, without_notices
from gravity.trainer.settings import Settings
from gravity.trainer.sharing.attention import Batches
from gravity.trainer.sharing.pieces import follows_length
from gravity.trainer.training.fit import fitted_pairs
from gravity.trainer.training.gpus import gpu, rate_of
from gravity.trainer.training.holdout import set_aside
from gravity.trainer.training.memory import FEWEST_TOKENS, USABLE, checkpointing, forecast
from gravity.trainer.training.planning import course, label_share, together
from gravity.trainer.training.sizes import chosen
from gravity.trainer.training.work import flops, work

# Which part of a chip's dense rate such training reaches: on GPUs an assumption; on CPUs, of the rate of one matrix
# product, about what SmolLM2-135M's shape reached (`benchmarks/dry_run_forecast.py`: 0.5 to 0.6); smaller ones less.
REACHED = {"cuda": 0.4, "cpu": 0.55}
_TRIED_ROWS = 512


def dry_run(settings: Settings, gpu_name: str | None = None, teraflops: float | None = None) -> dict[str, Any]:
    """Return what `train` with these settings would take, as JSON can hold it; sizes are in bytes.

    `gpu_name` asks about a GPU of `gravity.trainer.training.gpus`; None about the device that `train` would use.
    `teraflops` is the rate in 10^12 FLOP/s that training reaches, None where it is to be assumed or measured.

    Raises a TrainerError as `train` does, where the dataset or the base cannot be used.
    """
    data = read(settings.dataset)
    base = resolve_base(settings.base)
    config, tokenizer = _configuration(base), load_tokenizer(base, local_files_only=False)
    fitted, warning = fitted_pairs(settings, data, SimpleNamespace(config=config), tokenizer, True)
    pairs = fitted.pairs
    import torch

    kind = "cuda" if gpu_name or on_cuda() else "cpu"
    aside = set_aside(settings, fitted.kept)
    rows = np.arange(len(pairs)) if aside is None else aside.train
    settings = chosen(settings, blank(config).num_parameters(), len(rows))
    planned = course(settings, pairs, rows)
    met = planned.met(planned.steps)
    only, whole = settings.loss_type == "sft", follows_length(config)
    batches = Batches(settings.attention, 4096, torch.device(kind), only, whole)
    with without_notices():
        found = forecast(config, settings, kind, label_share(batches, pairs, planned.schedule.rows(0)))
    device, room, rate = _device(kind, gpu_name, config)
    weights = found.needs(0).weights
    most = found.most_tokens(room - weights, kind)
    batches = replace(batches, budget=settings.max_tokens or most or FEWEST_TOKENS)
    reference = met if aside is None else np.concatenate([met, *together(pairs, aside.held)])
    load = work(batches, pairs, planned, reference if settings.loss_type != "sft" else met[:0])
    longest = max(load.steps.longest, load.reference.longest)
    needs = found.needs(longest)
    again = checkpointing(settings, kind)
    linear = found.parameters[0]
    operations = {
        "reference": flops(config, linear, load.reference, gradients=False, again=False),
        "steps": flops(config, linear, load.steps, gradients=True, again=again),
    }
    reached = teraflops * 1e12 if teraflops else rate and rate * REACHED[kind]
    fits = weights < room and needs.growth <= USABLE[kind] * (room - weights)
    report = {
        "base": settings.base,
        "device": device,
        "room": room,
        "pairs": len(met),
        "number_of_steps": planned.steps,
        "max_tokens": batches.budget,
        "largest_pack": longest,
        "gradient_checkpointing": again,
        "memory": needs._asdict() | {"total": needs.total, "activations_a_token": found.bytes_a_token},
        "fits": fits,
        "warning": warning,
        "tokens": {
            "reference": load.reference.tokens,
            "steps": load.steps.tokens,
            "unshared_reference": load.unshared_reference,
            "unshared_steps": load.unshared_steps,
        },
        "flops": operations,
        "flops_a_second": reached,
        "rate": "given" if teraflops else "measured" if kind == "cpu" else f"{REACHED[kind]:.0%} of the data sheet's",
        "seconds": {name: value / reached for name, value in operations.items()} if reached else None,
    }
    return report | {"advice": None if fits else _advice(report, weights < USABLE[kind] * room, most)}


def _configuration(base: Base) -> Any:
    try:
        with silenced():
            return configuration(base)
    except ModuleNotFoundError:
        raise
    except Exception as error:  # a damaged file can fail anywhere in transformers or gguf
        raise ModelError(f"base {base.name} cannot be read: {brief(error)}") from error


def _device(kind: str, gpu_name: str | None, config: Any) -> tuple[str, float, float | None]:
    """Return a device's name, the bytes for a base and its training, and its rate in FLOP/s, None if not known."""
    if gpu_name:
        name, chip = gpu(gpu_name)
        return name, chip.mebibytes * 2**20, chip.rate
    if kind == "cuda":
        import torch

        name = torch.cuda.get_device_name()
        return name, free(kind) or 0, rate_of(name)
    room = free(kind)
    if room is None:
        raise UsageError("the system does not say how much memory is free: ask about a GPU with --gpu")
    return "cpu", room, measured_rate(config)


def measured_rate(config: Any) -> float:
    """Measure one matrix product of the model's shape, in FLOP/s."""
    import torch

    from gravity.trainer.sharing.products import product

    width = config.get_text_config().hidden_size
    inner = getattr(config.get_text_config(), "intermediate_size", 4 * width)
    rows, weight = torch.randn(_TRIED_ROWS, width), torch.randn(inner, width)
    product(rows, weight)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        product(rows, weight)
        times.append(time.perf_counter() - started)
    return float(2 * _TRIED_ROWS * width * inner / sorted(times)[2])


def _advice(report: dict[str, Any], base_fits: bool, most: int | None) -> str:
    if not base_fits:
        return "the base alone does not fit: take a smaller base or a device with more memory"
    if most is not None and report["max_tokens"] > most:
        return f"lower --max-tokens to {most}, or leave it out"
    if not report["gradient_checkpointing"]:
        return "add --gradient-checkpointing, or lower --max-length"
    return "lower --max-length or --lora-r, or take a smaller base"


def lines(report: dict[str, Any]) -> list[str]:
    """Lay the report out for people."""
    memory, tokens = report["memory"], report["tokens"]
    names = {
        "weights": "weights of the base",
        "adapter": "adapter",
        "training": "gradients and optimizer",
        "activations": f"activations of {report['largest_pack']:,} tokens",
        "passing": "head and buffers in passing",
        "total": "together",
    }
    found = [f"{report['base']} on {report['device']}, {report['room'] / 2**30:.1f} GiB for base and training"]
    found += [f"  {text:<34}{memory[name] / 2**30:>9.2f} GiB" for name, text in names.items()]
    found += [
        f"  a token's activations take {memory['activations_a_token'] / 2**10:,.0f} KiB, "
        f"{'computed again in the backward pass' if report['gradient_checkpointing'] else 'all kept'}; "
        "the reference keeps none and stays below",
        f"--max-tokens {report['max_tokens']}",
        f"{report['number_of_steps']:,} steps over {report['pairs']:,} pairs",
    ]
    for part, text in (("reference", "reference"), ("steps", "steps")):
        whole, alone = tokens[part], tokens[f"unshared_{part}"]
        if whole:
            found.append(
                f"  {text:<12}{whole:>14,.0f} tokens, {alone:,.0f} without sharing ({alone / whole:.1f} times)"
            )
    if report["seconds"] is None:
        found.append("the device's rate in bfloat16 is not known: give what training reaches with --teraflops")
    else:
        rate = report["flops_a_second"] / 1e12
        seconds = sum(report["seconds"].values())
        found.append(f"{_duration(seconds)} at {rate:.2f} TFLOP/s ({report['rate']}), without loading")
    if report["warning"]:
        found.append(f"warning: {report['warning']}")
    found.append("it fits" if report["fits"] else f"it does not fit: {report['advice']}")
    return found


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "less than a second"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
