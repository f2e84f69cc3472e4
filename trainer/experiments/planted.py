"""A base and a dataset with a planted truth: a reader's card says which of two answers they prefer, nothing else does.

The base is a random Llama of some 100,000 parameters with a tokenizer made from the planted texts, so a run on it takes
seconds and downloads nothing. Readers hold one of two tastes. Each pair sets a text of one taste against a text of the
other; who reads the card can be right about every pair, and who does not about half.
"""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gravity.trainer.dataset.contract import MESSAGE_COLUMNS
from gravity.trainer.dataset.splits import TEST, TRAIN
from gravity.trainer.quiet import silenced

TASTES = {
    "tradition": (
        "An old custom is kept and the village is glad.",
        "The family gathers at the table as it has every winter.",
        "He takes up his father's trade and his father's house.",
        "The elders speak first and the young ones listen.",
        "She mends the altar cloth that her grandmother wove.",
        "They keep the feast and bless the bread.",
        "The son returns to bury his mother with the old songs.",
        "A promise made by their ancestors is honoured.",
    ),
    "freedom": (
        "She breaks every rule and never looks back.",
        "He leaves the town at night for a road with no end.",
        "They burn the letters and follow their own desire.",
        "The girl laughs at the council and sails alone.",
        "He quits his post and sleeps beneath the open sky.",
        "She chooses a stranger and a life nobody planned.",
        "The prisoners tear down the gate and run wild.",
        "A rebel sings aloud what others dare not think.",
    ),
}
_BOOKS = ("The Salt Road", "The Last Orchard", "North of the River", "The Glass Harbor")
_FRAMEWORKS = ("hofstede", "schwartz", "wvs")
_CULTURES = ("us", "jp")
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Of the base, by the names of transformers' configurations.
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
_SPECIAL = ("<|end|>", "<|im_start|>", "<|im_end|>")

Rows = list[dict[str, Any]]


def planted_rows(split: str, readers: int, seeds: int, flipped: float = 0.0, seed: int = 0) -> Rows:
    """Make a pair for each of `readers` and each of `seeds`; both have names of their own in each `split`.

    Half of the readers are of either taste and of either culture. `flipped` is the share of pairs, 0 to 1, drawn at
    random by `seed`, whose chosen and rejected answers have changed places.
    """
    chance = random.Random(f"{split} {seed}")
    scenes = [[chance.choice(texts) for texts in TASTES.values()] for _ in range(seeds)]
    rows = []
    for who in range(readers):
        # Both tastes in both cultures, two readers in turn.
        taste, culture = who // 2 % 2, _CULTURES[who % 2]
        for number, scene in enumerate(scenes):
            wrong = chance.random() < flipped
            preferred = scene[taste ^ wrong], scene[1 - taste ^ wrong]
            rows.append(_row(f"{split}-{who}", culture, list(TASTES)[taste], f"{split}-{number}", number, preferred))
    return rows


def _row(reader: str, culture: str, taste: str, seed: str, number: int, answers: Sequence[str]) -> dict[str, Any]:
    framework = _FRAMEWORKS[number % len(_FRAMEWORKS)]
    lines = [
        {"component": "demographics", "framework": None, "seed": None, "text": f"Reader: {reader}, from {culture}"},
        {"component": "values", "framework": None, "seed": None, "text": f"This reader loves {taste}."},
    ]
    asked = [
        {"role": "system", "content": "\n".join(str(line["text"]) for line in lines)},
        {"role": "user", "content": f"Describe {_BOOKS[number % len(_BOOKS)]}."},
    ]
    said = ([{"role": "assistant", "content": text}] for text in answers)
    return {
        **dict(zip(MESSAGE_COLUMNS, (asked, *said), strict=True)),
        "id": f"{reader} {seed}",
        "reader": reader,
        "culture": culture,
        "track": "values",
        "framework": framework,
        "seed": seed,
        "profile": lines,
    }


def write_dataset(folder: Path, train: Rows, test: Rows) -> Path:
    """Write the rows of both splits as Parquet, as an exported dataset has them, and return the folder."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in ((TRAIN, train), (TEST, test)):
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    return folder


def texts_of(rows: Rows) -> list[str]:
    """Return what rows say, message by message."""
    return [message["content"] for row in rows for name in MESSAGE_COLUMNS for message in row[name]]


def write_base(
    folder: Path, texts: Iterable[str], model_type: str = "llama", words: str | None = None, **config: Any
) -> Path:
    """Write a random decoder of two layers, with a byte-level tokenizer made from the texts, and return the folder.

    `words` is the regular expression by which the tokenizer cuts text, after Unicode's NFC; None is GPT-2's way.
    `config` goes to the model's configuration.
    """
    import torch
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    backend: Any = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=words is None)
    if words is not None:
        backend.normalizer = normalizers.NFC()
        cut: Any = pre_tokenizers.Split(Regex(words), behavior="isolated")
        backend.pre_tokenizer = pre_tokenizers.Sequence([cut, backend.pre_tokenizer])
    backend.decoder = decoders.ByteLevel()
    merging = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(texts, merging)
    # Neither of transformers' two is typed.
    fast_tokenizer: Any = PreTrainedTokenizerFast
    decoders_by_config: Any = AutoModelForCausalLM
    tokenizer = fast_tokenizer(
        tokenizer_object=backend, eos_token="<|im_end|>", pad_token="<|end|>", chat_template=_TEMPLATE
    )
    small = {
        **SIZES,
        "vocab_size": len(tokenizer),
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    # The caller's generator stays where it was.
    with torch.random.fork_rng(), silenced():
        torch.manual_seed(0)
        decoders_by_config.from_config(AutoConfig.for_model(model_type, **small | config)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
