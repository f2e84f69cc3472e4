"""`gravity write` at an address: one description and files of them, with their marks, taken up where they stopped."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pytest

import gravity
from gravity.store.generated import TRAINED_ALGORITHMIC_MEDIA, Generated
from gravity.store.records import Provenance
from gravity.store.runs import Run
from gravity.store.views import ReaderSeed
from tests.gravity.support import Done, here, toml
from tests.stub.described import Described
from tests.support import config, fact, project

TITLES = [f"Book {number}" for number in range(12)]


@pytest.fixture
def server() -> Iterator[Described]:
    with Described() as serving:
        yield serving


@pytest.fixture
def home(tmp_path: Path, server: Described) -> Path:
    """A folder whose store has a run with two profiled readers."""
    (tmp_path / "gravity.toml").write_text(toml(server.url), encoding="utf-8")
    made = project(config(server.url, tmp_path / ".gravity"))
    made.stores.ledger.open_run(Run(id="run"))
    for reader, city in (("r1", "Recife"), ("r2", "Osaka")):
        facts = [fact("demographic", "location", city).model_copy(update={"reader": reader})]
        made.stores.ledger.add_profile("run", reader, facts)
    made.close()
    return tmp_path


def rows(titles: list[str] = TITLES, **more: Any) -> list[dict[str, Any]]:
    return [
        {"reader": f"r{number % 2 + 1}", "title": title, "description": f"{title} is about the sea.", **more}
        for number, title in enumerate(titles)
    ]


def put(folder: Path, given: list[Any]) -> None:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in given]
    (folder / "rows.jsonl").write_text("\n".join([*lines, ""]), encoding="utf-8")


def many(folder: Path, server: Described, *options: str, model: str = "lora") -> Done:
    files = ("--input", "rows.jsonl", "--output", "out.jsonl")
    return here(folder, "write", *files, "--address", server.url, "--model", model, *options)


def out(folder: Path) -> dict[int, dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    found = {line["row"]: line for line in lines}
    assert len(found) == len(lines)
    return found


def fails(done: Done, code: int, *words: str) -> None:
    assert (done.code, done.output) == (code, ""), done
    (line,) = done.errors.strip().splitlines()
    assert line.startswith("error: ") and all(word in line for word in words), line


def one(folder: Path, *options: str) -> Done:
    return here(folder, "write", "--reader", "r1", "--title", "The Sea", "--description", "Of waves.", *options)


def test_one_description_has_a_mark_of_what_wrote_it(home: Path, server: Described) -> None:
    done = one(home, "--address", server.url, "--model", "lora", "--json", "--compare", "--seed", "3")
    assert (done.code, done.errors) == (0, "")
    printed = json.loads(done.output)
    assert printed["written"]["original"] == "Of waves."
    assert printed["written"]["served model"].startswith("The Sea, for location Recife, by ")
    assert list(printed["generated"]) == ["served model"]
    mark = printed["generated"]["served model"]
    assert mark["digital_source_type"] == TRAINED_ALGORITHMIC_MEDIA and mark["seed"] == 3
    assert (mark["by"]["kind"], mark["by"]["model"], mark["by"]["address"]) == ("address", "lora", server.url)
    assert datetime.fromisoformat(mark["at"]).utcoffset() is not None
    asked = server.bodies[-1]
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert asked["messages"] == printed["messages"]
    assert (asked["temperature"], asked["top_p"]) == (0.7, 0.9) and "response_format" not in asked
    # The same again, and another with another seed.
    again = [
        json.loads(one(home, "--address", server.url, "--model", "lora", "--json", "--seed", seed).output)
        for seed in ("3", "4")
    ]
    assert again[0]["written"] == {"served model": printed["written"]["served model"]} != again[1]["written"]
    keys = [Generated.model_validate(each["generated"]["served model"]).key for each in (printed, *again)]
    assert keys[0] == keys[1] != keys[2]


def test_a_file_gets_a_line_a_row_with_the_fields_and_a_mark(home: Path, server: Described) -> None:
    put(home, rows(isbn="978-0"))
    done = many(home, server, "--json")
    assert (done.code, done.errors) == (0, "")
    assert json.loads(done.output) == {
        "output": "out.jsonl",
        "rows": 12,
        "kept": 0,
        "written": 12,
        "bad": {},
        "pending": {},
    }
    found = out(home)
    assert sorted(found) == list(range(1, 13))
    for number, row in enumerate(rows(isbn="978-0"), 1):
        city = {"r1": "Recife", "r2": "Osaka"}[row["reader"]]
        assert {name: found[number][name] for name in row} == row
        assert found[number]["written"].startswith(f"{row['title']}, for location {city}, by ")
        assert Generated.model_validate(found[number]["generated"]).cut is False
    marks = [Generated.model_validate(line["generated"]) for line in found.values()]
    assert len({mark.key for mark in marks}) == 12 and len({mark.writer for mark in marks}) == 1
    assert len({mark.card for mark in marks}) == 2
    # Each row is sampled by a seed of its own.
    assert len({body["seed"] for body in server.bodies}) == 12


def test_what_is_written_is_written_once(home: Path, server: Described) -> None:
    put(home, rows())
    server.most = 5
    stopped = many(home, server)
    assert stopped.code in (4, 8) and stopped.errors.count("\n") == 1
    assert server.asked_for.total() == len(out(home)) == 5
    # A process that is killed may leave half a line.
    with (home / "out.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"row": 11, "reader": "r1", "wri')
    server.most = None
    assert json.loads(many(home, server, "--json").output)["kept"] == 5
    assert sorted(out(home)) == list(range(1, 13))
    assert set(server.asked_for.values()) == {1}
    before = (home / "out.jsonl").read_bytes()
    assert json.loads(many(home, server, "--json").output)["written"] == 0
    assert (home / "out.jsonl").read_bytes() == before and server.asked_for.total() == 12


def test_what_nobody_answered_waits_and_is_code_8(home: Path, server: Described) -> None:
    put(home, rows(TITLES[:3]))
    server.most = 1
    done = many(home, server)
    assert done.code == 8
    assert done.errors.startswith("not finished: 2 descriptions wait (") and done.errors.count("\n") == 1
    assert len(out(home)) == 1


def test_a_bad_row_is_a_line_and_code_3_and_is_tried_again_when_mended(home: Path, server: Described) -> None:
    good = rows()[:2]
    nobody = {**good[0], "reader": "nobody"}
    bad: list[Any] = ["{broken", "[]", {"reader": "r1"}, nobody, {**good[0], "written": "x"}, '{"reader": "\\ud800"}']
    bad += ['{"reader": NaN}', *(row | {"title": f"{row['title']} Book"} for row in rows(["Filtered", "Silent"]))]
    put(home, [good[0], *bad, "", good[1]])
    done = many(home, server)
    assert (done.code, done.errors) == (3, "")
    assert "9" in done.output and "broken JSON" in done.output
    found = out(home)
    texts = {number for number, line in found.items() if "written" in line}
    assert texts == {1, 12} and sorted(found) == [*range(1, 11), 12]
    said = {2: "broken JSON", 3: "not a JSON object", 4: "title", 5: "no profile", 6: "written", 7: "JSON", 8: "JSON"}
    said |= {9: "content filter", 10: "empty"}
    for number, words in said.items():
        assert words in found[number]["error"] and "generated" not in found[number]
    assert found[5]["reader"] == "nobody"
    put(home, [good[0], *(row | {"title": f"New {n}"} for n, row in enumerate(rows(TITLES[:9]))), "", good[1]])
    assert many(home, server).code == 0
    assert all("written" in line for line in out(home).values()) and server.asked_for["Book 0"] == 1


def test_thinking_is_left_out_and_a_cut_text_is_marked(home: Path, server: Described) -> None:
    put(home, rows(["Thinking", "Endless"]))
    assert many(home, server).code == 0
    found = out(home)
    assert found[1]["written"] == "A text after thinking." and found[1]["generated"]["cut"] is False
    assert found[2]["written"] == "A text without an end" and found[2]["generated"]["cut"] is True


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("model", ["another writer (model was lora and is other)"]),
        ("seed", ["the seed 0 and not 7"]),
        ("max_tokens", ["another writer (max_tokens was 220 and is 50)"]),
        ("row", ["row 2", "another title or description"]),
        ("reader", ["row 1", "another card of the reader"]),
        ("shorter", ["row 12", "does not"]),
        ("unreadable", ["row 1", "can be read no more"]),
        ("twice", ["once more"]),
        ("strange", ["is no line that `gravity write` wrote"]),
        ("the input", ["is the input"]),
    ],
)
def test_nothing_else_is_mixed_into_a_file(
    change: str, words: list[str], home: Path, server: Described, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = rows()
    put(home, given)
    assert many(home, server).code == 0
    server.models = ("lora", "other")
    output, options, model = home / "out.jsonl", ["--seed", "7"] if change == "seed" else [], "lora"
    if change == "model":
        model = "other"
    if change == "max_tokens":
        monkeypatch.setenv("GRAVITY_WRITE__MAX_TOKENS", "50")
    if change == "row":
        put(home, [given[0], {**given[1], "description": "Of dunes."}, *given[2:]])
    if change == "reader":
        put(home, [{**given[0], "reader": "r2"}, *given[1:]])
    if change == "shorter":
        put(home, given[:11])
    if change == "unreadable":
        put(home, ["{broken", *given[1:]])
    if change == "twice":
        lines = output.read_text(encoding="utf-8").splitlines(keepends=True)
        output.write_text("".join([*lines, lines[0]]), encoding="utf-8")
    if change == "strange":
        output.write_text('{"my": "own"}\n', encoding="utf-8")
    if change == "the input":
        output.unlink()
        output.symlink_to("rows.jsonl")
    before, asked = output.read_bytes(), server.asked_for.total()
    fails(many(home, server, *options, model=model), 2, "out.jsonl", *words)
    assert output.read_bytes() == before and server.asked_for.total() == asked


def test_a_server_is_asked_side_by_side_and_not_more_than_allowed(home: Path) -> None:
    with Described(latency=0.05) as server:
        put(home, rows([f"Book {number}" for number in range(40)]))
        served = {"kind": "openai", "model": "lora", "base_url": server.url, "max_in_flight": 4}
        sections: dict[str, Any] = {"models.served": served, "write": {"model": "served"}}
        text = toml(server.url, **sections)
        (home / "gravity.toml").write_text(text, encoding="utf-8")
        done = here(home, "write", "--input", "rows.jsonl", "--output", "out.jsonl")
        assert (done.code, done.errors) == (0, "")
        assert 2 <= server.counts.most_in_flight <= 4 and len(out(home)) == 40


def test_the_card_stands_where_the_adapters_training_had_it(home: Path, server: Described) -> None:
    adapter = home / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}", encoding="utf-8")
    (adapter / "adapter_model.safetensors").write_bytes(b"weights")
    (adapter / "training.json").write_text('{"settings": {"card_in": "user"}}', encoding="utf-8")
    done = one(home, "--address", server.url, "--model", "lora", "--adapter", "adapter", "--json", "--compare")
    assert done.code == 0
    ((message,),) = (body["messages"] for body in server.bodies)
    assert message["role"] == "user" and message["content"].startswith("You write for one reader.")
    by = json.loads(done.output)["generated"]["after training"]["by"]
    assert by["card_in"] == "user" and len(by["adapter"]) == 16


def test_a_program_opens_a_writer_once_and_writes_often(home: Path, server: Described) -> None:
    with gravity.open(home / "gravity.toml") as made:
        made.stores.close()
        made.config.store.path = home / ".gravity"
        writer, run = made.writer(address=server.url, model="lora"), made.run()
        texts = [run.write("r1", title, "Of waves.", writer).texts["served model"] for title in TITLES[:2]]
        put(home, rows())
        heard: list[int] = []
        wrote = run.write_file(
            home / "rows.jsonl", home / "out.jsonl", writer, progress=lambda stage, done, total: heard.append(done)
        )
    assert [text.partition(",")[0] for text in texts] == TITLES[:2]
    assert wrote.written == 12 and heard[-1] == 12 and heard == sorted(heard)


async def test_a_writer_at_an_address_can_be_used_in_a_notebook(home: Path, server: Described) -> None:
    with gravity.open(home / "gravity.toml") as made:
        made.config.store.path = home / ".gravity"
        written = made.run().write("r1", "The Sea", "Of waves.", made.writer(address=server.url, model="lora"))
    assert written.texts["served model"].startswith("The Sea")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--reader", "r1"], 2, ["--title", "--input"]),
        (["--reader", "nobody", "--title", "T", "--description", "D"], 2, ["reader 'nobody' has no profile"]),
        (["--input", "rows.jsonl"], 2, ["go together"]),
        (["--input", "rows.jsonl", "--output", "o", "--reader", "r1"], 2, ["without --reader"]),
        (["--input", "none.jsonl", "--output", "o", "--address", "URL", "--model", "lora"], 3, ["none.jsonl"]),
        (
            ["--input", "rows.jsonl", "--output", "no/o", "--address", "URL", "--model", "lora"],
            2,
            ["write no/o"],
        ),
        (["ONE", "--address", "URL"], 2, ["--model"]),
        (["ONE", "--model", "nobody"], 2, ["nobody", "stub"]),
        (["ONE", "--address", "URL", "--model", "gone"], 4, ["gone", "does not exist"]),
        (["ONE", "--address", "http://127.0.0.1:9/v1", "--model", "lora"], 4, ["127.0.0.1:9", "cannot be reached"]),
        (["ONE", "--address", "URL", "--model", "lora", "--adapter", "none"], 4, ["adapter none has no"]),
        (["ONE", "--adapter", "none"], 4, ["adapter none has no"]),
    ],
)
def test_an_expected_error_is_one_line(
    options: list[str], code: int, words: list[str], home: Path, server: Described
) -> None:
    put(home, rows())
    single = ["--reader", "r1", "--title", "The Sea", "--description", "Of waves."]
    given = [server.url if option == "URL" else option for option in options if option != "ONE"]
    fails(here(home, "write", *(single if "ONE" in options else []), *given), code, *words)


def test_a_configuration_names_a_model_that_there_is(home: Path, server: Described) -> None:
    (home / "gravity.toml").write_text(toml(server.url, write={"model": "nobody"}), encoding="utf-8")
    fails(one(home), 2, "write.model names the model 'nobody'", "stub")


def test_a_card_tells_of_views_toward_seeds_that_readers_brought(home: Path, server: Described) -> None:
    made = project(config(server.url, home / ".gravity"))
    held = [fact("stance", "mine", "disagree"), fact("stance", "dropped", "agree")]
    made.stores.ledger.add_profile("run", "r3", [one.model_copy(update={"reader": "r3"}) for one in held])
    made.stores.views.add_seeds([brought("mine", "kept"), brought("dropped", "dropped")])
    card = made.run().card("r3")
    made.close()
    assert "- I hold the opposite of mine." in card and "I hold dropped." not in card


def brought(name: str, verdict: Literal["kept", "dropped"]) -> ReaderSeed:
    return ReaderSeed(
        id=name,
        run="run",
        framework="readers",
        dimension=name,
        pole="high",
        statement=f"I hold {name}.",
        opposite=f"I hold the opposite of {name}.",
        topics=["books"],
        reader="r3",
        cultures=["br"],
        agree=0,
        disagree=1,
        views=[],
        verdict=verdict,
        made_by=Provenance(model="stub"),
    )
