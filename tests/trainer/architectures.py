"""Tiny random models of many architectures, and what the trainer does with each: the table for the tests."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gravity.trainer.experiments.planted import SIZES
from gravity.trainer.settings import Attention, Settings
from gravity.trainer.training.session import Session
from tests.trainer.conftest import planted_rows

STEPS = 3

# GPT-2's names for the same, which some architectures have kept.
_GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}
_MIXTURE = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}

RIGHT = None
_WINDOW = "windows of 16 tokens"
_STATE = "carry a state from token to token"
_OWN_WAY = "computes attention in a way of its own"
_NO_MASK = "does not apply the attention mask"
_NO_LORA = "LoRA cannot be put on the linear layers"
_BOTH_WAYS = "no causal language model"
_CHANCE = "scores answers otherwise while it trains"
_EXPERTS = "mlp.experts.gate_up_proj, mlp.experts.down_proj"


@dataclass(frozen=True)
class Case:
    """An architecture by transformers' model_type, with settings of its configuration, and what becomes of it.

    `shared` and `plain` are words of the error with either `--attention`, RIGHT where it trains. `without` is what the
    warning names as having no LoRA.
    """

    model_type: str
    settings: dict[str, Any] = field(default_factory=dict)
    shared: str | None = RIGHT
    plain: str | None = RIGHT
    without: str | None = None
    sizes: dict[str, Any] = field(default_factory=lambda: SIZES)


CASES = {
    "Llama": Case("llama"),
    "Mistral": Case("mistral"),
    "Mistral (window of 16)": Case("mistral", {"sliding_window": 16}, shared=_WINDOW),
    "Qwen2": Case("qwen2"),
    "Qwen2 (window of 16)": Case(
        "qwen2", {"use_sliding_window": True, "sliding_window": 16, "max_window_layers": 1}, shared=_WINDOW
    ),
    "Qwen3": Case("qwen3", {"head_dim": 8}),
    "SmolLM3": Case("smollm3"),
    "Gemma": Case("gemma", {"head_dim": 8}),
    "Gemma 2": Case("gemma2", {"head_dim": 8, "query_pre_attn_scalar": 8}),
    "Gemma 3": Case("gemma3_text", {"head_dim": 8, "query_pre_attn_scalar": 8}),
    "Gemma 3 (window of 16)": Case(
        "gemma3_text", {"head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 16}, shared=_WINDOW
    ),
    "Phi": Case("phi"),
    "Phi-3": Case("phi3"),
    "OPT": Case("opt", {"ffn_dim": 64, "word_embed_proj_dim": 32, "dropout": 0.1, "layerdrop": 0.1}),
    "GPT-2": Case("gpt2", sizes=_GPT),
    "GPT-NeoX": Case("gpt_neox"),
    "GPT-BigCode": Case("gpt_bigcode", sizes=_GPT),
    "GPT-J": Case("gptj", {"rotary_dim": 4}, shared=_NO_MASK, sizes=_GPT),
    "Falcon": Case("falcon", {"alibi": False, "new_decoder_architecture": False}, shared=_OWN_WAY),
    "Falcon (ALiBi)": Case("falcon", {"alibi": True}, shared=_OWN_WAY),
    "BLOOM": Case("bloom", {"hidden_size": 32, "n_layer": 2, "n_head": 4}, shared=_OWN_WAY, sizes={}),
    "MPT": Case("mpt", {"d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 256}, shared=_NO_MASK, sizes={}),
    "OLMo 2": Case("olmo2"),
    "Granite": Case("granite"),
    "StableLM": Case("stablelm"),
    "StarCoder2": Case("starcoder2"),
    "Cohere": Case("cohere"),
    "GLM-4": Case("glm4", {"head_dim": 8}),
    "Nemotron": Case("nemotron"),
    "Seed-OSS": Case("seed_oss", {"head_dim": 8}),
    "Mixtral": Case("mixtral", {"num_local_experts": 4, "router_jitter_noise": 0.1}),
    "Qwen2 MoE": Case("qwen2_moe", {**_MIXTURE, "shared_expert_intermediate_size": 16}, without=_EXPERTS),
    "Qwen3 MoE": Case("qwen3_moe", {**_MIXTURE, "head_dim": 8}),
    "OLMoE": Case("olmoe", _MIXTURE),
    "Granite MoE": Case("granitemoe", {"num_local_experts": 4}, without="block_sparse_moe.experts.gate_up_proj"),
    "DeepSeek V3": Case(
        "deepseek_v3",
        {
            "n_routed_experts": 4,
            "num_experts_per_tok": 2,
            "n_group": 2,
            "topk_group": 1,
            "moe_intermediate_size": 16,
            "first_k_dense_replace": 1,
            "kv_lora_rank": 8,
            "q_lora_rank": 8,
            "qk_rope_head_dim": 4,
            "qk_nope_head_dim": 4,
            "v_head_dim": 8,
            "num_key_value_heads": 4,
        },
        without="mlp.shared_experts.gate_proj",
    ),
    "GPT-OSS (window of 16)": Case(
        "gpt_oss",
        {"num_local_experts": 4, "num_experts_per_tok": 2, "head_dim": 8, "sliding_window": 16},
        shared=_WINDOW,
        without=_EXPERTS,
    ),
    "Phi-3.5 MoE": Case("phimoe", {"num_local_experts": 4}, shared=_CHANCE, plain=_CHANCE),
    "Llama 4": Case(
        "llama4_text",
        {"num_local_experts": 2, "head_dim": 8, "intermediate_size_mlp": 64},
        shared="comes before the head",
        plain="comes before the head",
    ),
    "Mamba": Case(
        "mamba",
        {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4},
        shared=_NO_LORA,
        plain=_NO_LORA,
        sizes={},
    ),
    "Jamba": Case(
        "jamba",
        {
            "num_experts": 2,
            "attn_layer_period": 2,
            "attn_layer_offset": 1,
            "mamba_d_state": 4,
            "mamba_dt_rank": 4,
            "use_mamba_kernels": False,
        },
        shared=_STATE,
        without="conv1d",
    ),
    "LFM2": Case(
        "lfm2", {"layer_types": ["conv", "full_attention"], "full_attn_idxs": [1]}, shared=_STATE, without="conv.conv"
    ),
    "Qwen3-Next": Case(
        "qwen3_next",
        {
            **_MIXTURE,
            "head_dim": 8,
            "shared_expert_intermediate_size": 16,
            "layer_types": ["linear_attention", "full_attention"],
            "linear_num_value_heads": 4,
            "linear_num_key_heads": 2,
            "linear_key_head_dim": 8,
            "linear_value_head_dim": 8,
        },
        shared=_STATE,
        without="mlp.shared_expert.gate_proj",
    ),
    "RecurrentGemma": Case(
        "recurrent_gemma",
        {
            "head_dim": 8,
            "lru_width": 32,
            "block_types": ["recurrent", "attention"],
            "attention_window_size": 256,
        },
        shared=_STATE,
        without="conv_1d",
    ),
    "RWKV": Case(
        "rwkv",
        {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "attention_hidden_size": 32},
        shared=_NO_MASK,
        without="attention.time_mix_key",
        sizes={},
    ),
    "BERT": Case("bert", shared=_BOTH_WAYS, plain=_BOTH_WAYS),
}


def write_architecture(case: Case, tokenizer: Path, folder: Path) -> None:
    """Write a random model of an architecture, with the tokenizer of another folder."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    words = AutoTokenizer.from_pretrained(tokenizer)
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        case.model_type,
        vocab_size=len(words),
        bos_token_id=None,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
        **case.sizes | case.settings,
    )
    decoders: Any = AutoModelForCausalLM
    decoders.from_config(config).save_pretrained(folder)
    for file in (*tokenizer.glob("*token*"), tokenizer / "chat_template.jinja"):
        shutil.copy(file, folder)


def trained(case: Case, attention: Attention, tokenizer: Path, folder: Path) -> Session:
    """Train a case's model for STEPS steps that move it far, so that losses tell of gradients; work in `folder`."""
    from accelerate import Accelerator

    from gravity.trainer.models.loading import load
    from gravity.trainer.sharing.tokens import tokenize

    base, kept = folder / "model", folder / attention
    if not base.is_dir():
        write_architecture(case, tokenizer, base)
    kept.mkdir()
    model, words = load(str(base))
    settings = Settings(
        folder, folder, attention=attention, max_steps=STEPS, batch_size=8, learning_rate=1e-2, max_tokens=600
    )
    session = Session(settings, list(tokenize(words, planted_rows())), model, Accelerator(cpu=True))
    session.train(kept, None, lambda record: None)
    return session
