"""What writing with a GGUF base and an adapter takes: llama.cpp against transformers.

Each way opens the base and a random LoRA of rank 16 in a process of its own and writes the same few descriptions, with
a card and a request of usual length. Told are the seconds until it can write, its peak memory, and the processor
seconds of a description, which count little of what else the machine does (set OMP_NUM_THREADS=1); `batch` is
transformers with all descriptions at a time. The base is the packaged SmolLM2-135M, and with `--shape 1.5b` a model of
Qwen2.5-1.5B's shape with random 4-bit weights, which is made in a temporary folder and needs 9 GB of memory in
transformers. The last line is JSON.

    OMP_NUM_THREADS=1 python -m benchmarks.write_speed
    OMP_NUM_THREADS=1 python -m benchmarks.write_speed --shape 1.5b --descriptions 2
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from gravity.trainer.models.bases import DEFAULT_BASE, Base, resolve_base
from gravity.trainer.models.loading import found_base, load_tokenizer

WAYS = ("llama.cpp", "transformers", "batch")
BOOKS = ("The Salt Road", "The Last Orchard", "North of the River", "The Glass Harbor")
# Qwen2.5-1.5B's, but for the tokens: SmolLM2's, and as many that stand for nothing as it has more.
QWEN: dict[str, Any] = {
    "vocab_size": 151936,
    "hidden_size": 1536,
    "intermediate_size": 8960,
    "num_hidden_layers": 28,
    "num_attention_heads": 12,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
    "rms_norm_eps": 1e-6,
}


def write_shape(file: Path) -> None:
    """Writes a GGUF of Qwen2.5-1.5B's shape: random weights, 4-bit but for the embeddings, which are 8-bit."""
    import gguf

    tokenizer = json.loads(load_tokenizer(resolve_base(DEFAULT_BASE)).backend_tokenizer.to_str())
    tokens = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get)
    special = {token["content"] for token in tokenizer["added_tokens"]}
    vocabulary = [*tokens, *(f"[PAD{number}]" for number in range(len(tokens), QWEN["vocab_size"]))]
    kinds = [gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in tokens]
    kinds += [gguf.TokenType.UNUSED] * (len(vocabulary) - len(tokens))
    writer = gguf.GGUFWriter(file, "qwen2")
    writer.add_block_count(QWEN["num_hidden_layers"])
    writer.add_context_length(QWEN["max_position_embeddings"])
    writer.add_embedding_length(QWEN["hidden_size"])
    writer.add_feed_forward_length(QWEN["intermediate_size"])
    writer.add_head_count(QWEN["num_attention_heads"])
    writer.add_head_count_kv(QWEN["num_key_value_heads"])
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(QWEN["rms_norm_eps"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(vocabulary)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    hidden, inner = QWEN["hidden_size"], QWEN["intermediate_size"]
    keys = QWEN["num_key_value_heads"] * hidden // QWEN["num_attention_heads"]
    random = np.random.default_rng(0)

    def quantized(name: str, rows: int, columns: int, kind: Any) -> None:
        block, size = gguf.GGML_QUANT_SIZES[kind]
        blocks = random.integers(0, 256, (rows, columns // block, size), dtype=np.uint8)
        # A block begins with its scale.
        blocks[..., :2] = np.frombuffer(np.float16(0.004 if size < block else 0.0003).tobytes(), dtype=np.uint8)
        writer.add_tensor(name, blocks.reshape(rows, -1), raw_dtype=kind)

    quantized("token_embd.weight", QWEN["vocab_size"], hidden, gguf.GGMLQuantizationType.Q8_0)
    for layer in range(QWEN["num_hidden_layers"]):
        for name, rows, columns in (
            ("attn_q", hidden, hidden),
            ("attn_k", keys, hidden),
            ("attn_v", keys, hidden),
            ("attn_output", hidden, hidden),
            ("ffn_gate", inner, hidden),
            ("ffn_up", inner, hidden),
            ("ffn_down", hidden, inner),
        ):
            quantized(f"blk.{layer}.{name}.weight", rows, columns, gguf.GGMLQuantizationType.Q4_0)
            if rows in (hidden, keys) and name in ("attn_q", "attn_k", "attn_v"):
                writer.add_tensor(f"blk.{layer}.{name}.bias", np.zeros(rows, dtype=np.float32))
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(hidden, dtype=np.float32))
    writer.add_tensor("output_norm.weight", np.ones(hidden, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_adapter(folder: Path, base: Base) -> None:
    """Writes a random LoRA for a base, as the trainer leaves one."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    from gravity.trainer.export.beside import lora_beside

    shape = AutoConfig.from_pretrained(base.location, gguf_file=base.gguf)
    decoders: Any = AutoModelForCausalLM
    with torch.device("meta"):
        model = get_peft_model(decoders.from_config(shape), LoraConfig(r=16, target_modules="all-linear"))
    random = torch.Generator().manual_seed(0)
    weights = {
        name.replace(".default", ""): 0.01 * torch.randn(weight.shape, generator=random)
        for name, weight in model.named_parameters()
        if "lora_" in name
    }
    from safetensors.torch import save_file

    model.peft_config["default"].base_model_name_or_path = base.name
    model.peft_config["default"].save_pretrained(str(folder))
    save_file(weights, folder / "adapter_model.safetensors")
    load_tokenizer(resolve_base(DEFAULT_BASE)).save_pretrained(folder)
    lora_beside(folder)


def measured(way: str, adapter: Path, descriptions: int, tokens: int) -> dict[str, Any]:
    """What one way takes, in this process."""
    from gravity.trainer.models.llama_cpp import LlamaCppWriter
    from gravity.trainer.models.transformers import TransformersWriter
    from gravity.trainer.models.writer import Request, Text, Writer
    from gravity.trainer.training.snippet import EXAMPLE_READER, EXAMPLE_TASK

    found, heard = found_base(None, adapter), []
    begun, before = time.perf_counter(), _processor()
    writer: Writer
    if way == "llama.cpp":
        writer = LlamaCppWriter(found, adapter, adapter / "adapter.gguf", tokens)
        writer._engine.open(1024)
    else:
        writer = TransformersWriter(found, adapter, tokens, rows=1 if way == "transformers" else descriptions)
    load_seconds, load_processor = time.perf_counter() - begun, _processor() - before
    requests = [
        Request(
            (
                {"role": "system", "content": EXAMPLE_READER},
                {
                    "role": "user",
                    "content": EXAMPLE_TASK.replace("The Salt Road", f"{BOOKS[number % 4]} {number // 4}"),
                },
            ),
            seed=0,
        )
        for number in range(descriptions)
    ]
    before = _processor()
    writer.write(requests, lambda place, outcome: heard.append(outcome))
    return {
        "load_seconds": round(load_seconds, 1),
        "load_processor_seconds": round(load_processor, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "processor_seconds_a_description": round((_processor() - before) / descriptions, 2),
        "cut": sum(isinstance(outcome, Text) and outcome.cut for outcome in heard),
    }


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Parses the command line, measures each way in a process of its own, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=["smollm2", "1.5b"], default="smollm2")
    parser.add_argument("--descriptions", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=60, help="the most tokens of a description")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--child", nargs=2, metavar=("WAY", "ADAPTER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(measured(given.child[0], Path(given.child[1]), given.descriptions, given.tokens)))
        return
    with tempfile.TemporaryDirectory() as folder:
        base = resolve_base(DEFAULT_BASE)
        if given.shape == "1.5b":
            write_shape(Path(folder) / "shape.gguf")
            base = resolve_base(str(Path(folder) / "shape.gguf"))
        adapter = Path(folder) / "adapter"
        adapter.mkdir()
        write_adapter(adapter, base)
        found: dict[str, dict[str, Any]] = {}
        for way in given.ways:
            command = [sys.executable, "-m", "benchmarks.write_speed", "--child", way, str(adapter)]
            command += ["--descriptions", str(given.descriptions), "--tokens", str(given.tokens)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found[way] = json.loads(done.stdout.splitlines()[-1])
            print(way, found[way], flush=True)
    names = ("load_seconds", "load_processor_seconds", "peak_mb", "processor_seconds_a_description")
    ratios = {
        way: {name: round(found[way][name] / found["llama.cpp"][name], 1) for name in names}
        for way in given.ways
        if way != "llama.cpp" and "llama.cpp" in found
    }
    for way, of in ratios.items():
        print(f"{way}, in multiples of llama.cpp: {', '.join(f'{name} {value:g}' for name, value in of.items())}")
    sizes = {"shape": given.shape, "descriptions": given.descriptions, "tokens": given.tokens}
    print(json.dumps({**sizes, "ways": found, "ratios": ratios}))


if __name__ == "__main__":
    main()
