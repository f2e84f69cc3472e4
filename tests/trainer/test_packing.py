"""Packs by brute force: every token sees what it would see alone, in either form of the mask."""

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gravity.trainer.sharing.packing import Pack, Size, Tokens, pack

# Few different tokens, so that sequences begin alike in all ways: prefixes of one another, equal ones, none.
SEQUENCES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), min_size=1, max_size=9)


def _arrays(lists: list[list[int]]) -> list[Tokens]:
    return [np.array(ids, dtype=np.int32) for ids in lists]


def _seen(packed: Pack, query: int) -> list[int]:
    return [key for key in range(len(packed)) if key <= query < packed.until[key]]


@given(SEQUENCES)
def test_a_token_sees_its_own_sequence_up_to_itself_and_nothing_else(lists: list[list[int]]) -> None:
    packed = pack(_arrays(lists))
    for ids, path in zip(lists, packed.paths, strict=True):
        assert packed.ids[path].tolist() == ids
        assert packed.positions[path].tolist() == list(range(len(ids)))
        for place in range(len(ids)):
            assert _seen(packed, path[place]) == path[: place + 1].tolist()


@given(SEQUENCES)
def test_a_token_is_followed_by_one_token_only(lists: list[list[int]]) -> None:
    packed = pack(_arrays(lists))
    successors: dict[int, set[int]] = {}
    for ids, path in zip(lists, packed.paths, strict=True):
        for place, following in zip(path, ids[1:], strict=False):
            successors.setdefault(int(place), set()).add(following)
    assert all(len(found) == 1 for found in successors.values())


@given(SEQUENCES)
def test_its_size_is_known_before(lists: list[list[int]]) -> None:
    size = Size()
    for count, array in enumerate(_arrays(lists), 1):
        size = size.with_also([array])
        assert size.tokens == len(pack(_arrays(lists[:count])))


def test_a_prefix_is_laid_out_once() -> None:
    card, questions = [7] * 100, [[1, 2], [3]]
    sequences = [[*card, *question, 8, answer] for question in questions for answer in (4, 5)]
    # For each branch one token more, of what is shared last.
    assert len(pack(_arrays(sequences))) == 99 + (1 + 2) + (2 + 2) + (1 + 1) + (2 + 2)


def _dense(until: Any) -> Any:
    import torch

    at = torch.arange(len(until))
    return (at[None] <= at[:, None]) & (at[:, None] < until[None])


@settings(max_examples=30, deadline=None)
@given(SEQUENCES, st.integers(1, 4))
def test_the_block_mask_is_the_definition(lists: list[list[int]], blocks: int) -> None:
    import torch

    from gravity.trainer.sharing.masks import BLOCK, blockwise

    # Stretched over several blocks, and filled up with tokens that see only themselves.
    packed = pack(_arrays([ids * (13 * blocks) for ids in lists]))
    filling = np.arange(len(packed), len(packed) + -len(packed) % BLOCK)
    until = torch.as_tensor(np.concatenate([packed.until, filling + 1]))
    assert torch.equal(_dense_of(blockwise(until), BLOCK), _dense(until))


def _dense_of(mask: Any, block: int) -> Any:
    """Spell a BlockMask out: full blocks are all seen, partial ones by its function, others not at all."""
    import torch

    size = mask.shape[-1]
    seen = torch.zeros(size, size, dtype=torch.bool)
    at = torch.arange(size)
    exact = mask.mask_mod(0, 0, at[:, None], at[None])
    for counts, indices, full in (
        (mask.kv_num_blocks, mask.kv_indices, False),
        (mask.full_kv_num_blocks, mask.full_kv_indices, True),
    ):
        for query in range(size // block):
            for key in indices[0, 0, query, : counts[0, 0, query]].tolist():
                rows, columns = (slice(part * block, (part + 1) * block) for part in (query, key))
                seen[rows, columns] = True if full else exact[rows, columns]
    return seen


def _branches() -> Any:
    """The `until` of 385 tokens: two questions after one card, two answers after each, padding."""
    import torch

    card = np.arange(150)
    ends = [[[200 + question] * 30, [300 + answer] * 20] for question in (1, 2) for answer in (3, 4)]
    packed = pack([np.concatenate([card, *end]).astype(np.int32) for end in ends])
    return torch.as_tensor(np.concatenate([packed.until, np.arange(len(packed), 384) + 1]))


@pytest.mark.filterwarnings("ignore:flex_attention called without")
def test_flex_attention_takes_the_block_mask() -> None:
    import torch
    from torch.nn.attention.flex_attention import flex_attention

    from gravity.trainer.sharing.masks import blockwise

    until = _branches()
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 1, 2, 384, 16)
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=_dense(until))
    found = flex_attention(query, key, value, block_mask=blockwise(until))
    torch.testing.assert_close(found, expected)


# Dynamo looks at all attributes of what it traces.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_flex_attention_learns_the_same_and_compiles_thrice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What CUDA runs, but for its kernels: traced with gradients, which FlexAttention refuses off CUDA."""
    import torch
    import torch.nn.attention.flex_attention as flex_attention
    from torch._dynamo.utils import counters
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.integrations.flex_attention import WrappedFlexAttention

    from gravity.trainer.sharing import blocks
    from gravity.trainer.sharing.logps import Scored, add_head, answer_logps, shared

    compiled = functools.partial(torch.compile, backend="aot_eager")
    monkeypatch.setattr(torch, "compile", compiled)
    monkeypatch.setattr(WrappedFlexAttention, "_instance", None)
    monkeypatch.setattr(flex_attention, "_validate_device", lambda query, key, value: None)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=50,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    model: Any = LlamaForCausalLM(config)
    add_head(model)
    model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    blocks.register()
    random = np.random.default_rng(0)
    counters.clear()
    for count in (1, 3, 9, 5, 12, 2):
        card = random.integers(0, 50, 150)
        sequences = [
            Scored(np.concatenate([card, random.integers(0, 50, 60)]).astype(np.int32), 170) for _ in range(count)
        ]
        found = []
        for name, flex in (("flex_attention", True), (blocks.NAME, False)):
            model.set_attn_implementation(name)
            batch = shared(sequences, torch.device("cpu"), flex=flex)
            with torch.no_grad():
                expected = answer_logps(model.eval(), batch)
            model.zero_grad()
            logps = answer_logps(model.train(), batch)
            torch.autograd.backward(logps.sum())
            torch.testing.assert_close(logps.detach(), expected)
            found.append([logps.detach(), *(weight.grad for weight in model.parameters())])
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
    # The first length, any other, and those with gradients: past 8 dynamo gives up, and the mask is made whole.
    assert counters["stats"]["unique_graphs"] <= 4


@pytest.mark.parametrize("length", [384, 300, 100])
def test_attention_by_blocks_is_attention_under_the_mask(length: int) -> None:
    import torch
    from transformers import AttentionInterface

    from gravity.trainer.sharing import blocks

    blocks.register()
    until = _branches()[:length].clamp(max=length)
    torch.manual_seed(0)
    tensors = [torch.randn(1, heads, length, 16, requires_grad=True) for heads in (6, 2, 2)]
    query, key, value = tensors
    keys, values = (tensor.repeat_interleave(3, dim=1) for tensor in (key, value))
    expected = torch.nn.functional.scaled_dot_product_attention(query, keys, values, attn_mask=_dense(until), scale=0.3)
    registered: Any = AttentionInterface
    found, _ = registered()[blocks.NAME](None, *tensors, until[None, None, None], scaling=0.3)
    torch.testing.assert_close(found, expected.transpose(1, 2))
    weight = torch.randn_like(found)
    gradients = [torch.autograd.grad((out * weight).sum(), tensors) for out in (found, expected.transpose(1, 2))]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("model_type", ["llama", "qwen3", "gemma", "gpt_neox", "phi"])
def test_packed_is_plain_for_a_decoder_of_the_type(model_type: str) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from gravity.trainer.sharing import blocks
    from gravity.trainer.sharing.logps import Scored, add_head, answer_logps, padded, shared

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = AutoConfig.for_model(
        model_type, vocab_size=50, num_key_value_heads=2, head_dim=8, pad_token_id=0, eos_token_id=1, **sizes
    )
    decoders: Any = AutoModelForCausalLM
    model = decoders.from_config(config).eval()
    add_head(model)
    blocks.register()
    model.set_attn_implementation(blocks.NAME)
    random = np.random.default_rng(0)
    card = random.integers(0, 50, 20)
    sequences = [
        Scored(np.concatenate([card, random.integers(0, 50, 3 + n)]).astype(np.int32), 21 + n % 3) for n in range(6)
    ]
    device = torch.device("cpu")
    with torch.no_grad():
        packed = answer_logps(model, shared(sequences, device, flex=False))
        plain = answer_logps(model, padded(sequences, device))
        logits = [model(input_ids=torch.tensor(s.tokens[None], dtype=torch.long)).logits[0] for s in sequences]
    by_hand = [
        sum(float(rows.log_softmax(-1)[at - 1, s.tokens[at]]) for at in range(s.start, len(s.tokens)))
        for rows, s in zip(logits, sequences, strict=True)
    ]
    assert packed.tolist() == pytest.approx(by_hand, rel=1e-5)
    assert plain.tolist() == pytest.approx(by_hand, rel=1e-5)
