"""What `gravity-trainer train --dry-run` forecasts of a CPU, against what training then uses.

Each case is a decoder with random weights, up to SmolLM2-135M's shape, that trains one step in a process of its own,
with gradient checkpointing off and on. Memory is how far the process's resident set grew over that with the model
loaded and every library imported; seconds are those of the process, for reference and step.

    OMP_NUM_THREADS=1 python -m benchmarks.dry_run_forecast
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.dpo_vs_trl import pairs_of

PREFIX, PAIRS = 600, 16
_SMALL = {"hidden_size": 256, "intermediate_size": 1024, "num_attention_heads": 8, "num_key_value_heads": 8}
_MIDDLE = {"hidden_size": 384, "intermediate_size": 1536, "num_attention_heads": 6, "num_key_value_heads": 2}
_SMOL = {"hidden_size": 576, "intermediate_size": 1536, "num_attention_heads": 9, "num_key_value_heads": 3}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt_neox 12 layers x 256": ("gpt_neox", {**_SMALL, "num_hidden_layers": 12, "vocab_size": 8192}),
    "llama 8 layers x 256": ("llama", {**_SMALL, "num_hidden_layers": 8, "vocab_size": 8192}),
    "qwen2 16 layers x 384": ("qwen2", {**_MIDDLE, "num_hidden_layers": 16, "vocab_size": 32000}),
    "llama 30 layers x 576 (SmolLM2-135M)": (
        "llama",
        {**_SMOL, "num_hidden_layers": 30, "vocab_size": 49152, "tie_word_embeddings": True},
    ),
}


def measure(case: str, checkpointing: bool) -> dict[str, float]:
    """Forecast a step, take it, and say what it used, in this process."""
    import numpy as np
    import torch
    from accelerate import Accelerator
    from transformers import AutoConfig, AutoModelForCausalLM

    from gravity.trainer.settings import Settings
    from gravity.trainer.sharing.attention import Batches
    from gravity.trainer.training.dry_run import REACHED, measured_rate
    from gravity.trainer.training.memory import forecast
    from gravity.trainer.training.planning import course, label_share
    from gravity.trainer.training.session import Session
    from gravity.trainer.training.work import flops, work

    model_type, shape = CASES[case]
    config = AutoConfig.for_model(model_type, max_position_embeddings=2048, **shape)
    decoders: Any = AutoModelForCausalLM
    model = decoders.from_config(config, dtype=torch.float32).eval()
    pairs = pairs_of(PAIRS, PREFIX, PAIRS, config.vocab_size)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(
            folder,
            folder,
            batch_size=PAIRS,
            pairs_per_prefix=PAIRS,
            max_tokens=4096,
            gradient_checkpointing=checkpointing,
            num_train_epochs=1,
        )
        planned = course(settings, pairs, np.arange(len(pairs)))
        met = planned.met(planned.steps)
        batches = Batches("shared", 4096, torch.device("cpu"))
        found = forecast(config, settings, "cpu", label_share(batches, pairs, met))
        load = work(batches, pairs, planned, met)
        operations = flops(config, found.parameters[0], load.reference, gradients=False, again=False)
        operations += flops(config, found.parameters[0], load.steps, gradients=True, again=checkpointing)
        rate = measured_rate(config) * REACHED["cpu"]
        import trl.trainer.utils  # noqa: F401  all that a session imports is there before

        before = _status("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
        session = Session(settings, pairs, model, Accelerator(cpu=True))
        started = time.process_time()
        session.begin(folder).run(folder, None, lambda record: None)
        seconds = time.process_time() - started
    return {
        "forecast_bytes": found.needs(load.steps.longest).growth,
        "used_bytes": _status("VmHWM") - before,
        "forecast_seconds": operations / rate,
        "used_seconds": seconds,
    }


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=tuple(CASES), default=list(CASES), help="all unless named")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure[0], arguments.measure[1] == "on")))
        return
    results = []
    titles = f"{'forecast':>9} {'used':>9} {'ratio':>6} {'seconds':>8} {'used':>7} {'ratio':>6}"
    print(f"{'':<37} {'checkpointing':>13} {titles}")
    for case in arguments.cases:
        for checkpointing in ("off", "on"):
            words = [sys.executable, "-m", "benchmarks.dry_run_forecast", "--measure", case, checkpointing]
            done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
            found = json.loads(done.stdout.splitlines()[-1])
            ratios = [found[f"forecast_{what}"] / found[f"used_{what}"] for what in ("bytes", "seconds")]
            print(
                f"{case:<37} {checkpointing:>13} {found['forecast_bytes'] / 2**20:>5.0f} MiB "
                f"{found['used_bytes'] / 2**20:>5.0f} MiB {ratios[0]:>6.2f} {found['forecast_seconds']:>8.1f} "
                f"{found['used_seconds']:>7.1f} {ratios[1]:>6.2f}",
                flush=True,
            )
            memory, seconds = ratios
            results.append({"case": case, "checkpointing": checkpointing, "memory": memory, "time": seconds, **found})
    worst = {what: max(abs(result[what] - 1) for result in results) for what in ("memory", "time")}
    print(json.dumps({"worst": worst, "results": results}))


if __name__ == "__main__":
    main()
