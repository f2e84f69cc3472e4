"""Shared-prefix DPO against TRL's DPOTrainer: pairs per second, tokens computed, peak memory, at three prefix lengths.

Both train a LoRA of rank 16 with DPO on the same pairs in one run, each measurement in a process of its own. On a
CPU the model is SmolLM2-135M in float32, on CUDA Llama-3.1-8B's architecture with random weights in bfloat16, where
the FLOPs achieved are set against the chip's dense bfloat16 rate. A pair's time is that of its steps and of its
share of the reference: TRL computes the reference in each step, the trainer once beforehand. On a CPU seconds are
those of the process (set OMP_NUM_THREADS=1), so that other programs on the machine count little. Questions have 80
tokens and answers 52, as those of the shipped scenario pairs do; the tokens themselves are random.

    python -m benchmarks.dpo_vs_trl --device cpu
    python -m benchmarks.dpo_vs_trl --device cuda
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

QUESTION, ANSWER = 80, 52
# What goes through the model at once, in order of preference: the first that fits into memory is kept for all prefixes.
WAYS: dict[str, dict[str, list[dict[str, Any]]]] = {
    "cpu": {
        "ours": [{"pairs": 16, "steps": 1, "max_tokens": 4096, "checkpointing": False}],
        "trl": [{"pairs": 1, "steps": 2, "checkpointing": False}],
    },
    "cuda": {
        "ours": [
            {"pairs": 64, "steps": 4, "max_tokens": 8192, "checkpointing": False},
            {"pairs": 64, "steps": 4, "max_tokens": 4096, "checkpointing": False},
            {"pairs": 64, "steps": 4, "max_tokens": 16384, "checkpointing": True},
        ],
        "trl": [
            {"pairs": 8, "steps": 4, "checkpointing": False},
            {"pairs": 4, "steps": 6, "checkpointing": False},
            {"pairs": 16, "steps": 3, "checkpointing": True},
        ],
    },
}
WARM_STEPS = {"cpu": 0, "cuda": 1}
OUT_OF_MEMORY = 75
LLAMA_8B: dict[str, Any] = {
    "vocab_size": 128256,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "rms_norm_eps": 1e-5,
    "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0},
    "tie_word_embeddings": False,
}


def pairs_of(count: int, prefix: int, together: int, vocabulary: int) -> list[Any]:
    from gravity.trainer.sharing.tokens import Pair

    random = np.random.default_rng(0)

    def draw(length: int) -> Any:
        return random.integers(0, vocabulary, length).astype(np.int32)

    cards = [draw(prefix) for _ in range(-(-count // together))]
    prompts = [np.concatenate([cards[number // together], draw(QUESTION)]) for number in range(count)]
    return [Pair(prompt, draw(ANSWER), draw(ANSWER)) for prompt in prompts]


def model_on(device: str, saved: str) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    if device == "cpu":
        return AutoModelForCausalLM.from_pretrained(saved, dtype=torch.float32, local_files_only=True)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = LlamaForCausalLM(LlamaConfig(**LLAMA_8B))
    torch.set_default_dtype(torch.float32)
    return model


def ours(model: Any, device: str, prefix: int, way: dict[str, Any], folder: Path) -> dict[str, float]:
    from accelerate import Accelerator

    from gravity.trainer.settings import Settings
    from gravity.trainer.training.session import Session

    warm = WARM_STEPS[device]
    pairs = pairs_of(way["pairs"] * (way["steps"] + warm), prefix, way["pairs"], model.config.vocab_size)
    settings = Settings(
        folder,
        folder,
        batch_size=way["pairs"],
        pairs_per_prefix=way["pairs"],
        max_tokens=way["max_tokens"],
        gradient_checkpointing=way["checkpointing"],
        num_train_epochs=1,
    )
    session = Session(settings, pairs, model, Accelerator(cpu=device == "cpu"))
    if warm:  # compiles what the timed pass uses
        session.begin(new_folder(folder / "warm"))
    started = now(device)
    loop = session.begin(new_folder(folder / "timed"))
    reference = (now(device) - started) / len(pairs)
    times, tokens = [now(device)], [0]

    def on_step(_: dict[str, float]) -> None:
        times.append(now(device))
        tokens.append(loop.tokens)

    loop.run(folder, None, on_step)
    return rates(times, tokens, way, warm, reference)


def trl(model: Any, device: str, prefix: int, way: dict[str, Any], folder: Path) -> dict[str, float]:
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import TrainerCallback
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    warm = WARM_STEPS[device]
    pairs = pairs_of(way["pairs"] * (way["steps"] + warm), prefix, 64, model.config.vocab_size)
    columns = {name: [getattr(pair, name).tolist() for pair in pairs] for name in ("prompt", "chosen", "rejected")}
    times, tokens = [now(device)], [0]

    class Clock(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            times[0] = now(device)

        def on_step_end(self, *_: Any, **__: Any) -> None:
            times.append(now(device))
            tokens.append(tokens[-1] + 2 * way["pairs"] * (prefix + QUESTION + ANSWER))

    config = DPOConfig(
        output_dir=str(folder),
        beta=0.3,
        max_length=None,
        per_device_train_batch_size=way["pairs"],
        max_steps=way["steps"] + warm,
        bf16=device == "cuda",
        use_cpu=device == "cpu",
        activation_checkpointing=way["checkpointing"],
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
    )
    message = [{"role": "user", "content": "a"}]
    trainer: Any = DPOTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list([dict.fromkeys(("prompt", "chosen", "rejected"), message)]),
        processing_class=tokenizer(),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
        callbacks=[Clock()],
    )
    # The tokens as they are: there is no text that would give random ones.
    trainer.train_dataset = Dataset.from_dict({f"{name}_ids": column for name, column in columns.items()})
    trainer.train()
    return rates(times, tokens, way, warm, 0.0)


def rates(times: list[float], tokens: list[int], way: dict[str, Any], warm: int, reference: float) -> dict[str, float]:
    steps = np.diff(times)[warm:] / way["pairs"]
    return {
        "seconds_a_pair": float(steps.mean()) + reference,
        "fastest_step": float(steps.min()) + reference,
        "slowest_step": float(steps.max()) + reference,
        "tokens_a_pair": (tokens[-1] - tokens[warm]) / (len(steps) * way["pairs"]),
        "pairs_timed": len(steps) * way["pairs"],
    }


def tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    fast_tokenizer: Any = PreTrainedTokenizerFast  # transformers does not type it
    return fast_tokenizer(
        tokenizer_object=Tokenizer(WordLevel({"a": 0, "<end>": 1}, unk_token="a")),
        eos_token="<end>",
        pad_token="<end>",
        chat_template="{% for message in messages %}a{% endfor %}",
    )


def flops_a_token(config: Any, length: float) -> float:
    """FLOPs of a token's layers, forward only: 2 a weight, and attention over `length` tokens on average."""
    head = config.hidden_size // config.num_attention_heads
    attention = config.hidden_size * (2 * config.hidden_size + 2 * config.num_key_value_heads * head)
    weights = attention + 3 * config.hidden_size * config.intermediate_size
    return float(config.num_hidden_layers * (2 * weights + 4 * config.hidden_size * length))


def achieved(config: Any, prefix: int, found: dict[str, float]) -> float:
    """FLOP/s on the tokens computed: reference forward, forward, and gradients of activations.

    The base is frozen, so no gradient of its weights is computed; the adapter's own work, some hundredths of the
    layers', and what checkpointing computes again are left out. The language head meets the answers only.
    """
    layers = flops_a_token(config, (prefix + QUESTION + ANSWER) / 2) * found["tokens_a_pair"]
    head = 2 * config.hidden_size * config.vocab_size * 2 * ANSWER
    return float(3 * (layers + head) / found["seconds_a_pair"])


def now(device: str) -> float:
    if device == "cuda":
        import torch

        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def new_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Take one measurement in this process."""
    import torch

    way = json.loads(arguments.way)
    model = model_on(arguments.device, arguments.saved)
    with tempfile.TemporaryDirectory() as folder:
        try:
            timings = {"ours": ours, "trl": trl}[arguments.measure](
                model, arguments.device, arguments.prefix[0], way, Path(folder)
            )
        except (torch.OutOfMemoryError, MemoryError):
            sys.exit(OUT_OF_MEMORY)
    found: dict[str, Any] = dict(timings)
    if arguments.device == "cuda":
        from gravity.trainer.training.gpus import rate_of

        name = torch.cuda.get_device_name()
        peak = rate_of(name)
        rate = achieved(model.config, arguments.prefix[0], timings)
        found |= {"device": name, "teraflops": rate / 1e12, "mfu": rate / peak if peak else None}
        memory = torch.cuda.max_memory_allocated()
    else:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return found | {"peak_gib": memory / 2**30, "way": way}


def in_own_process(
    arguments: argparse.Namespace, which: str, prefix: int, saved: str, ways: list[dict[str, Any]]
) -> Any:
    """Measure in a process of its own; ways that do not fit into memory are dropped from `ways`."""
    while ways:
        words = [sys.executable, "-m", "benchmarks.dpo_vs_trl", "--device", arguments.device, "--measure", which]
        words += ["--prefix", str(prefix), "--saved", saved, "--way", json.dumps(ways[0])]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0:
            return json.loads(done.stdout.splitlines()[-1])
        if done.returncode != OUT_OF_MEMORY or len(ways) == 1:
            sys.exit(f"measuring {which} at a prefix of {prefix} failed: see above")
        print(f"{which} {ways.pop(0)}: out of memory, trying less", file=sys.stderr)
    raise AssertionError


def compare(arguments: argparse.Namespace, saved: str) -> list[dict[str, Any]]:
    results = []
    ways = {which: list(found) for which, found in WAYS[arguments.device].items()}
    print(
        f"{'prefix':>6} {'':>5} {'pairs/s':>9} {'slowest':>9} {'fastest':>9} {'tokens/pair':>11} {'GiB':>6} {'MFU':>6}"
    )
    for prefix in arguments.prefix:
        rounds = [one_round(arguments, prefix, saved, ways) for _ in range(arguments.rounds)]
        times = sorted(found["trl"]["seconds_a_pair"] / found["ours"]["seconds_a_pair"] for found in rounds)
        print(
            f"{prefix:>6} {statistics.median(times):.2f} times the pairs per second "
            f"({times[0]:.2f} to {times[-1]:.2f} in {len(times)} rounds)",
            flush=True,
        )
        results.append({"prefix": prefix, "times_faster": times, "rounds": rounds})
    return results


def one_round(
    arguments: argparse.Namespace, prefix: int, saved: str, ways: dict[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    """Measure both, one after the other."""
    row: dict[str, Any] = {}
    for which in ("trl", "ours"):
        found = row[which] = in_own_process(arguments, which, prefix, saved, ways[which])
        rates = [1 / found[name] for name in ("seconds_a_pair", "slowest_step", "fastest_step")]
        mfu = f"{found['mfu']:6.1%}" if found.get("mfu") else f"{'':>6}"
        print(
            f"{prefix:>6} {which:>5} " + " ".join(f"{rate:9.3f}" for rate in rates),
            f"{found['tokens_a_pair']:11.1f} {found['peak_gib']:6.2f} {mfu}",
            flush=True,
        )
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), required=True)
    parser.add_argument("--prefix", type=int, nargs="+", default=[300, 600, 1200], help="tokens")
    parser.add_argument("--rounds", type=int, default=1, help="measurements of both at each prefix")
    for hidden in ("--measure", "--saved", "--way"):
        parser.add_argument(hidden, default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments)))
        return
    import torch

    with tempfile.TemporaryDirectory() as saved:
        if arguments.device == "cpu":
            from gravity.trainer.models.bases import DEFAULT_BASE
            from gravity.trainer.models.loading import load

            load(DEFAULT_BASE)[0].save_pretrained(saved)
        results = compare(arguments, saved)
    threads = torch.get_num_threads()
    print(json.dumps({"device": arguments.device, "threads": threads, "load": os.getloadavg()[0], "results": results}))


if __name__ == "__main__":
    main()
