"""Classifiers of the DeBERTa family, tiny and made here, as parts of a profiler."""

from pathlib import Path
from typing import Any

import pytest

from gravity.agents.classifier import Classifier, ClassifierSettings, ClassifyingProfiler
from gravity.agents.contrast import ContrastProfiler
from gravity.agents.errors import ModelError
from gravity.frameworks.records import TRAITS
from gravity.store.vectors import VectorStore
from tests.stub.embedder import HashEmbedder
from tests.support import review

REVIEWS = [review("a", text="sun sun sun"), review("b", text="sun rain"), review("c", text="rain rain rain")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier whose first label's score is higher the more often a text says "sun"."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import DebertaV2Config, DebertaV2ForSequenceClassification, PreTrainedTokenizerFast

    made = tmp_path_factory.mktemp("classifier")
    words = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "sun": 2, "rain": 3}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    # Untyped, like much of transformers.
    fast: Any = PreTrainedTokenizerFast
    fast(tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", model_max_length=16).save_pretrained(made)
    torch.manual_seed(0)
    size = DebertaV2Config(
        vocab_size=4,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        id2label={0: "F", 1: "M", 2: "E", 3: "O", 4: "N"},
    )
    model = DebertaV2ForSequenceClassification(size)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    batch = torch.tensor([[2, 2, 2], [3, 3, 3]])
    for _ in range(60):
        loss = model(input_ids=batch, labels=torch.tensor([0, 1])).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.save_pretrained(made)
    return made


def profiler(
    tmp_path: Path, gender: ClassifierSettings | None, personality: ClassifierSettings | None
) -> ClassifyingProfiler:
    vectors = VectorStore(str(tmp_path / "chroma"), HashEmbedder())
    return ClassifyingProfiler(
        "run",
        ContrastProfiler("run", vectors, {}, 0.01),
        {"gender": Classifier(gender)} if gender else {},
        Classifier(personality) if personality else None,
    )


async def test_a_classifier_infers_what_it_is_sure_of_with_its_best_evidence(folder: Path, tmp_path: Path) -> None:
    settings = ClassifierSettings(model=str(folder), labels={"F": "woman", "M": "man"}, threshold=0.8)
    sunny = await profiler(tmp_path, settings, None).demographics("r", REVIEWS[:1], ["gender", "age"])
    found = {fact.name: fact for fact in sunny}
    assert (found["gender"].value, found["gender"].evidence) == ("woman", ["a"])
    assert found["gender"].made_by.model == str(folder)
    assert found["age"].value == "unknown"
    mixed = await profiler(tmp_path, settings, None).demographics("r", [REVIEWS[0], REVIEWS[2]], ["gender"])
    assert mixed[0].value == "unknown" and mixed[0].evidence == []


async def test_personality_has_a_level_for_each_trait_that_a_label_stands_for(folder: Path, tmp_path: Path) -> None:
    labels = {"F": "extraversion", "M": "neuroticism", "E": "agreeableness", "O": "openness"}
    settings = ClassifierSettings(model=str(folder), labels=labels, threshold=0.8)
    facts = await profiler(tmp_path, None, settings).traits("r", REVIEWS[:1])
    levels = {fact.name: fact.value for fact in facts}
    assert set(levels) == set(TRAITS)
    assert levels["extraversion"] == "high" and levels["neuroticism"] == "low"
    assert levels["conscientiousness"] == "failed"
    assert "no label" in next(fact.reason for fact in facts if fact.name == "conscientiousness")


async def test_a_classifier_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    settings = ClassifierSettings(model=str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        await profiler(tmp_path, settings, None).demographics("r", REVIEWS, ["gender"])
    assert "\n" not in str(caught.value)
