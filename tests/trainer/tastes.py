"""A dataset with a planted truth: a reader's views tell which of two answers they prefer, and nothing else does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gravity.trainer.dataset.contract import Row
from gravity.trainer.sharing.scoring import Score
from tests.trainer.conftest import BOOKS, TASTES, Rows, write_split

# What teaches the tiny base to read the card, whatever the seed: tried with 0 to 4, on one culture and on two.
RECIPE: dict[str, Any] = {
    "max_steps": 40,
    "batch_size": 8,
    "pairs_per_prefix": 1,
    "seed": 1,
    "learning_rate": 5e-3,
    "warmup_steps": 10,
    "max_length": 256,
}
FRAMEWORKS = ("hofstede", "schwartz", "wvs")


# A line of a card: component, framework, seed, text.
Line = tuple[str, str | None, str | None, str]


def profile(reader: str, taste: str, subject: str) -> list[dict[str, str | None]]:
    """A card's lines: the taste is in the views alone; the rest is the same whatever the taste."""
    views = [(framework, f"{framework}-0") for framework in FRAMEWORKS if f"{framework}-0" != subject]
    lines: list[Line] = [
        ("demographics", None, None, f"About them: {reader}"),
        ("interests", None, None, "Genres they enjoy: Sea"),
        ("personality", "big five", None, "Personality: high openness"),
        ("values", None, None, "Views they hold:"),
    ]
    lines += [("values", framework, seed, f"- This reader loves {taste} ({framework}).") for framework, seed in views]
    return [dict(zip(("component", "framework", "seed", "text"), line, strict=True)) for line in lines]


def row(culture: str, reader: str, taste: str, track: str, subject: str, number: int) -> dict[str, Any]:
    lines = profile(reader, taste, subject)
    other = next(name for name in TASTES if name != taste)
    card = "You write for one reader.\n\n" + "\n".join(str(line["text"]) for line in lines)
    return {
        "prompt": [
            {"role": "system", "content": card},
            {"role": "user", "content": f"Describe {BOOKS[number % len(BOOKS)]}."},
        ],
        "chosen": [{"role": "assistant", "content": TASTES[taste]}],
        "rejected": [{"role": "assistant", "content": TASTES[other]}],
        "id": f"{reader}-{subject}",
        "reader": reader,
        "culture": culture,
        "track": track,
        "framework": subject.rpartition("-")[0] if track == "values" else "big five",
        "seed": subject if track == "values" else None,
        "item": subject if track == "personality" else None,
        "book": None,
        "profile": lines,
    }


def split(name: str, readers: int, subjects: int, cultures: Sequence[str] = ("us", "jp")) -> Rows:
    """Rows of one split: readers of each culture, half of either taste; seeds, and half as many items."""
    about = [("values", f"{FRAMEWORKS[n % 3]}-{name}{n}") for n in range(subjects)]
    about += [("personality", f"item-{name}{n}") for n in range(subjects // 2)]
    return [
        row(culture, f"{name}-{culture}{who}", list(TASTES)[who % 2], track, subject, who + number)
        for culture in cultures
        for who in range(readers)
        for number, (track, subject) in enumerate(about)
    ]


def write_dataset(folder: Path, train: Rows, test: Rows) -> Path:
    write_split(folder / "train.parquet", train)
    write_split(folder / "test.parquet", test)
    return folder


def by_profile(rows: Sequence[Row]) -> tuple[list[Score], list[Score]]:
    """A planted scorer that reads the card: it likes the answer of the taste that the card names, and else neither."""
    scores = []
    for one in rows:
        said = " ".join(message["content"] for message in one["prompt"] if message["role"] == "system")
        liked = {TASTES[taste] for taste in TASTES if f"loves {taste}" in said}
        chosen, rejected = (one[name][0]["content"] for name in ("chosen", "rejected"))
        logps = [0.0 if text in liked else -5.0 for text in (chosen, rejected)]
        scores.append(Score(logps[0], logps[1], len(chosen), len(rejected)))
    return scores, [Score(-1.0, -1.0, one.chosen_tokens, one.rejected_tokens) for one in scores]
