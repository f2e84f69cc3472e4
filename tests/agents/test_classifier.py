"""Classifiers of the DeBERTa family, tiny and made here, as parts of a profiler."""

from pathlib import Path
from typing import Any

import pytest

from gravity.agents.classifier import Classifier, ClassifierSettings, ClassifyingProfiler, FacetClassifier
from gravity.agents.contrast import ContrastProfiler
from gravity.agents.errors import ModelError
from gravity.agents.qualification import FACET, Exam
from gravity.config import Classifiers
from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from gravity.frameworks.records import TRAITS
from gravity.store.vectors import VectorStore
from tests.stub.embedder import HashEmbedder
from tests.support import config, project, review

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


def profiler(tmp_path: Path, gender: ClassifierSettings) -> ClassifyingProfiler:
    vectors = VectorStore(str(tmp_path / "chroma"), HashEmbedder())
    return ClassifyingProfiler("run", ContrastProfiler("run", vectors, 0.01), {"gender": Classifier(gender)})


async def test_a_classifier_infers_what_it_is_sure_of_with_its_best_evidence(folder: Path, tmp_path: Path) -> None:
    settings = ClassifierSettings(model=str(folder), labels={"F": "woman", "M": "man"}, threshold=0.8)
    sunny = await profiler(tmp_path, settings).demographics("r", REVIEWS[:1], ["gender", "age"])
    found = {fact.name: fact for fact in sunny}
    assert (found["gender"].value, found["gender"].evidence) == ("woman", ["a"])
    assert found["gender"].made_by.model == str(folder)
    assert found["age"].value == "unknown"
    mixed = await profiler(tmp_path, settings).demographics("r", [REVIEWS[0], REVIEWS[2]], ["gender"])
    assert mixed[0].value == "unknown" and mixed[0].evidence == []


LABELS = {"F": "extraversion", "M": "neuroticism", "E": "agreeableness", "O": "openness"}


async def test_each_facet_has_the_level_of_the_trait_that_a_label_stands_for(folder: Path, library: Library) -> None:
    settings = ClassifierSettings(model=str(folder), labels=LABELS, threshold=0.8)
    made = FacetClassifier("run", Classifier(settings))
    facets = list(library.facets.values())
    facts = await made.facets("r", REVIEWS[:1], facets, False)
    assert facts == await made.facets("r", REVIEWS[:1], facets, True)
    assert [fact.name for fact in facts] == [facet.id for facet in facets]
    levels = {(facet.trait, fact.value) for facet, fact in zip(facets, facts, strict=True)}
    assert {("extraversion", "high"), ("neuroticism", "low"), ("conscientiousness", "failed")} < levels
    assert len(levels) == len(TRAITS)
    for facet, fact in zip(facets, facts, strict=True):
        assert ("no label" in fact.reason) == (fact.score is None) == (facet.trait == "conscientiousness")
        if fact.score is not None and fact.value != "unknown":
            assert (fact.score >= 80) == (fact.value == "high") and fact.evidence == ["a"]


async def test_a_classifier_is_put_to_the_gold_cases_in_the_place_of_the_profiler(
    folder: Path, tmp_path: Path, library: Library
) -> None:
    """It is asked once, and what it says of a trait it says of each of its facets."""
    settings = ClassifierSettings(model=str(folder), labels=LABELS, threshold=0.5)
    given = config("http://127.0.0.1:9/v1", tmp_path)
    with_one = given.model_copy(update={"classifiers": Classifiers(personality=settings)})
    setup, other = project(with_one).setup(), project(given).setup()
    (candidate,) = [one for one in setup.standing.candidates if one.task is FACET]
    assert (candidate.name, candidate.model.name) == ("classifiers.personality", str(folder))
    assert candidate.key not in {one.key for one in other.standing.candidates}
    exam = Exam(setup.workbench("gold"), Gold(library), 10, setup.models.checker_in(FACET), lambda *_: None)
    tried, _ = await FACET.examine(candidate.model, exam)
    assert len(tried) == 40 and {one.steady for one in tried} == {None}
    assert any(one.answered for one in tried) and not all(one.right for one in tried)
    asking = setup.crew().facet_asking["us"]
    assert isinstance(asking.profiler, FacetClassifier) and asking.second is None


async def test_a_classifier_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    settings = ClassifierSettings(model=str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        await profiler(tmp_path, settings).demographics("r", REVIEWS, ["gender"])
    assert "\n" not in str(caught.value)
