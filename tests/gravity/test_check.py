"""`gravity check`: what models and embedder can do is told before a run, and why one cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.gravity.support import here, toml
from tests.stub.embedding import Embeddings
from tests.stub.manners import Provider
from tests.stub.server import Stub


def checked(folder: Path, chat: Stub, embeddings: Stub, **model: Any) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """The exit code, and the records of the model and of the embedder."""
    vectors = {"kind": "openai", "model": "hash64", "base_url": embeddings.url, "retries": 0}
    (folder / "gravity.toml").write_text(toml(chat.url, model, embeddings=vectors), encoding="utf-8")
    done = here(folder, "check", "--json")
    model_row, embedder_row = json.loads(done.output)
    return done.code, model_row, embedder_row


def test_what_a_plain_server_can_do(tmp_path: Path) -> None:
    with Stub() as server:
        code, model, embedder = checked(tmp_path, server, server)
        assert server.counts.requests == 1
        printed = here(tmp_path, "check")
    assert code == 0 and model["usable"] and embedder["usable"]
    assert model["structured"] == "json_schema" and model["left_out"] == []
    assert model["roles"] == ["profiler", "writer", "judges", "critics"]
    assert (model["context"], model["logprobs"]) == (None, False)
    assert model["longest"] > 2048 and model["tokens_a_second"] > 0
    assert embedder["model"] == "openai:hash64"
    assert printed.code == 0 and "context: not known; the longest prompt" in printed.output and not printed.errors


def test_what_a_server_refuses_and_tells(tmp_path: Path) -> None:
    class Telling(Provider):
        def routes(self, app: web.Application) -> None:
            super().routes(app)

            async def models(_: web.Request) -> web.Response:
                return web.json_response({"object": "list", "data": [{"id": "stub", "max_model_len": 4096}]})

            app.router.add_get("/v1/models", models)

    with Telling("no-json-schema", "no-seed", "no-system", "no-logprobs") as server:
        code, model, _ = checked(tmp_path, server, server)
        printed = here(tmp_path, "check")
    assert code == 0 and model["usable"]
    assert (model["structured"], model["left_out"]) == ("tool", ["seed", "system role"])
    assert (model["context"], model["logprobs"]) == (4096, False)
    assert "more than the context: lower curate.reviews_per_call or curate.seeds_per_call" in printed.output


def test_a_model_that_does_not_open_is_a_row_among_the_others(tmp_path: Path) -> None:
    with Stub() as server:
        text = toml(server.url, {}).replace('judges = ["stub"]', 'judges = ["stub", "absent"]')
        text += '\n[models.absent]\nkind = "llama-cpp"\npath = "absent.gguf"\n'
        (tmp_path / "gravity.toml").write_text(text, encoding="utf-8")
        done = here(tmp_path, "check", "--json")
    absent, stub, embedder = json.loads(done.output)
    assert done.code == 4
    assert stub["usable"] and embedder["usable"] and not absent["usable"]
    assert "absent.gguf" in absent["problem"]
    # Nothing is kept.
    assert [path.name for path in tmp_path.iterdir()] == ["gravity.toml"]


def test_logprobs_that_are_sent_are_seen(tmp_path: Path) -> None:
    with Provider("logprobs") as server:
        _, model, _ = checked(tmp_path, server, server)
    assert server.bodies[0]["logprobs"] is True
    assert model["logprobs"] is True


@pytest.mark.parametrize(
    ("manner", "says"),
    [
        ("unknown-model", "Model 'stub' not found. Please check the model name."),
        ("quota", "You exceeded your current quota"),
        ("cut", "the answer was cut at max_tokens 2048: raise it"),
        ("refusal", "I would rather not compare these."),
    ],
)
def test_a_model_that_cannot_be_used_is_told_with_the_server_s_sentence(tmp_path: Path, manner: str, says: str) -> None:
    with Provider(manner) as server:
        code, model, embedder = checked(tmp_path, server, server)
        printed = here(tmp_path, "check")
    assert code == printed.code == 4
    assert not model["usable"] and says in model["problem"] and embedder["usable"]
    assert says in printed.output and "Traceback" not in printed.errors


def test_an_embedder_that_cannot_be_used_is_told_too(tmp_path: Path) -> None:
    with Stub() as server, Embeddings("error-with-200") as embeddings:
        code, model, embedder = checked(tmp_path, server, embeddings)
    assert code == 4 and model["usable"] and not embedder["usable"]
    assert "no model loaded" in embedder["problem"]


def test_models_that_no_server_plays_are_listed(tmp_path: Path) -> None:
    (tmp_path / "gravity.toml").write_text(
        '[models.c]\nkind = "contrast"\n[models.b]\nkind = "bank"\n[models.g]\nkind = "llama-cpp"\npath = "none.gguf"\n'
        '[roles]\nprofiler = "c"\nwriter = "b"\njudges = ["c"]\ncritics = ["g"]\n'
        '[embeddings]\nkind = "openai"\nmodel = "m"\nbase_url = "http://127.0.0.1:1/v1"\nretries = 0\n',
        encoding="utf-8",
    )
    done = here(tmp_path, "check", "--json")
    rows = {row["name"]: row for row in json.loads(done.output)}
    assert done.code == 4
    assert rows["b"]["usable"] and rows["b"]["model"] == "scenario bank" and rows["c"]["usable"]
    assert "none.gguf cannot be read" in rows["g"]["problem"]
    assert "cannot be reached" in rows["embeddings"]["problem"]
