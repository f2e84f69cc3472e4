"""`gravity write` with models in the process: which program writes, and that what it writes is marked."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.errors import ModelError as NotInstalledError
from gravity.config import Config
from gravity.store.generated import Generated
from gravity.store.runs import Run
from gravity.trainer.errors import UsageError
from gravity.trainer.models.llama_cpp import LlamaCppWriter
from gravity.trainer.models.transformers import TransformersWriter
from gravity.trainer.models.writer import Request, write_one
from gravity.writers import open_writer
from tests.gravity.support import Done, here
from tests.support import fact, project


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder whose store has a run with two profiled readers."""
    (tmp_path / "gravity.toml").write_text("[write]\nmax_tokens = 12\n", encoding="utf-8")
    made = project(Config.model_validate({"store": {"path": tmp_path / ".gravity"}}))
    made.stores.ledger.open_run(Run(id="run"))
    for reader in ("r1", "r2"):
        facts = [fact("demographic", "location", "Recife").model_copy(update={"reader": reader})]
        made.stores.ledger.add_profile("run", reader, facts)
    made.close()
    return tmp_path


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory, gguf_adapter: Path) -> Path:
    """The adapter of the GGUF, on a copy of its base that attends to more tokens than 256."""
    import gguf

    folder = tmp_path_factory.mktemp("roomy")
    shutil.copytree(gguf_adapter.parent, folder, dirs_exist_ok=True)
    config = folder / "adapter" / "adapter_config.json"
    settings = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**settings, "base_model_name_or_path": str(folder / "base.gguf")}), encoding="utf-8")
    reader = gguf.GGUFReader(folder / "base.gguf", "r+")
    reader.fields["llama.context_length"].parts[-1][0] = 4096
    del reader
    return folder / "adapter"


def one(folder: Path, *options: str | Path) -> Done:
    words = ("--reader", "r1", "--title", "The Sea", "--description", "Of waves.")
    return here(folder, "write", *words, *map(str, options))


def test_a_gguf_is_written_with_llama_cpp_with_and_without_its_adapter(home: Path, roomy: Path) -> None:
    pytest.importorskip("llama_cpp")
    done = one(home, "--adapter", roomy, "--compare", "--json")
    assert (done.code, done.errors) == (0, "")
    printed = json.loads(done.output)
    assert list(printed["written"]) == ["original", "before training", "after training"]
    before, after = (Generated.model_validate(printed["generated"][f"{when} training"]) for when in ("before", "after"))
    assert after.by["kind"] == before.by["kind"] == "llama.cpp"
    assert (before.by["adapter"], len(after.by["adapter"])) == (None, 16)
    assert after.by["base"] == "base.gguf"
    assert printed["written"]["before training"] != printed["written"]["after training"]
    assert json.loads(one(home, "--adapter", roomy, "--json").output)["written"] == {
        "after training": printed["written"]["after training"]
    }


def test_a_file_of_rows_is_the_same_as_one_by_one(home: Path, roomy: Path) -> None:
    pytest.importorskip("llama_cpp")
    rows = [
        {"reader": reader, "title": title, "description": "Of waves."}
        for title in ("The Sea", "The Bay", "A long " * 900)
        for reader in ("r1", "r2")
    ]
    (home / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    files = ("--input", "rows.jsonl", "--output", "out.jsonl", "--adapter", str(roomy))
    done = here(home, "write", *files, "--json")
    assert (done.code, done.errors) == (3, "")
    assert json.loads(done.output) | {"bad": {}} == {
        "output": "out.jsonl",
        "rows": 6,
        "kept": 0,
        "written": 4,
        "bad": {},
        "pending": {},
    }
    lines = [json.loads(line) for line in (home / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    found = {line["row"]: line for line in lines}
    assert all("too long" in found[row]["error"] for row in (5, 6))
    alone = json.loads(one(home, "--adapter", roomy, "--json").output)
    assert found[1]["written"] == alone["written"]["after training"]
    keys = [
        Generated.model_validate(mark).key for mark in (found[1]["generated"], alone["generated"]["after training"])
    ]
    assert keys[0] == keys[1]


def test_a_longer_prompt_opens_the_model_anew_with_its_adapter(roomy: Path) -> None:
    pytest.importorskip("llama_cpp")

    def asked(words: int) -> Request:
        return Request(({"role": "user", "content": "Describe The Salt Road. " * words},), seed=1)

    writer = open_writer(Config.model_validate({"write": {"max_tokens": 12}}), roomy)
    short, long = write_one(writer, asked(1)), write_one(writer, asked(300))
    fresh = open_writer(Config.model_validate({"write": {"max_tokens": 12}}), roomy)
    assert isinstance(fresh, LlamaCppWriter) and sum(map(len, fresh._prompt(asked(300)))) > 1024
    assert (write_one(fresh, asked(300)), write_one(fresh, asked(1))) == (long, short)
    alone = fresh.unadapted()
    assert write_one(alone, asked(300)) != long


def test_an_older_adapter_gets_its_lora_gguf_when_it_writes(home: Path, roomy: Path) -> None:
    pytest.importorskip("llama_cpp")
    older = shutil.copytree(roomy, home / "older")
    (older / "adapter.gguf").unlink()
    assert one(home, "--adapter", older).code == 0
    assert (older / "adapter.gguf").read_bytes() == (roomy / "adapter.gguf").read_bytes()


def test_what_llama_cpp_cannot_put_on_is_written_with_transformers(
    home: Path, roomy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("llama_cpp")
    scaled = shutil.copytree(roomy, home / "scaled")
    (scaled / "adapter.gguf").unlink()
    config = scaled / "adapter_config.json"
    settings = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**settings, "use_rslora": True}), encoding="utf-8")
    writer = open_writer(Config(), scaled)
    assert isinstance(writer, TransformersWriter) and not (scaled / "adapter.gguf").exists()
    (told,) = caplog.messages
    assert "not a plain LoRA (use_rslora)" in told and "with transformers instead" in told


def test_other_bases_are_written_with_transformers(base: Path, adapter: Path) -> None:
    assert isinstance(open_writer(Config.model_validate({"write": {"base": str(base)}})), TransformersWriter)
    assert isinstance(open_writer(Config(), adapter), TransformersWriter)


def test_a_gguf_without_llama_cpp_python_is_one_line(roomy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    with pytest.raises(NotInstalledError, match=r"pip install 'gravity-preferences\[embedded\]'"):
        open_writer(Config(), roomy)


def test_a_lora_gguf_of_another_adapter_is_one_line(home: Path, roomy: Path) -> None:
    pytest.importorskip("llama_cpp")
    spoiled = shutil.copytree(roomy, home / "spoiled")
    (spoiled / "adapter.gguf").write_bytes(b"GGUF and nothing more")
    done = one(home, "--adapter", spoiled)
    assert (done.code, done.output) == (4, "")
    assert done.errors.count("\n") == 1 and "remove it to have it made anew" in done.errors


def test_a_folder_that_cannot_be_written_to_is_one_line(
    home: Path, roomy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    def refused(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    closed = shutil.copytree(roomy, home / "closed")
    (closed / "adapter.gguf").unlink()
    # The tests may run as a user whom nothing is closed to.
    monkeypatch.setattr(tempfile, "TemporaryDirectory", refused)
    with pytest.raises(UsageError, match=r"gravity-trainer gguf COPY --output COPY/adapter\.gguf"):
        open_writer(Config(), closed)
