"""`gravity init` writes a configuration that loads; `gravity config` says where each value came from."""

import json
import tomllib
from pathlib import Path

import pytest

from gravity.agents.kinds import OpenAISettings
from gravity.config import Config
from tests.gravity.support import gravity, here
from tests.gravity.terminal import terminal


def test_options_make_a_file_that_loads_and_says_what_each_setting_is_for(tmp_path: Path) -> None:
    done = here(
        tmp_path, "init", "--model", "big", "--base-url", "http://h:1/v1", "--judge", "other", "--embedder", "e5"
    )
    assert (done.code, done.errors) == (0, "")
    text = (tmp_path / "gravity.toml").read_text(encoding="utf-8")
    config = Config(**tomllib.loads(text))
    main, judge = config.models["main"], config.models["judge"]
    assert isinstance(main, OpenAISettings) and isinstance(judge, OpenAISettings)
    assert (main.model, judge.model, main.base_url) == ("big", "other", "http://h:1/v1")
    assert config.roles.judges == ["judge", "main"] and config.roles.critics == ["judge"]
    assert config.embeddings.kind == "openai"
    # What is commented out is the default: taken in, nothing changes.
    uncommented = [line.removeprefix("# ") for line in text.splitlines() if " = " in line]
    assert any(line.startswith("min_confidence = 0.6") for line in uncommented)
    again = here(tmp_path, "init", "--model", "big")
    assert again.code == 2 and "--overwrite" in again.errors
    assert here(tmp_path, "init", "--model", "one", "--overwrite").code == 0
    assert 'model = "one"' in (tmp_path / "gravity.toml").read_text(encoding="utf-8")


def test_without_a_terminal_and_without_options_it_says_what_to_do(tmp_path: Path) -> None:
    done = gravity(tmp_path, "init")
    assert done.code == 2 and "--model" in done.errors and not (tmp_path / "gravity.toml").exists()


def test_four_questions_make_a_file(tmp_path: Path) -> None:
    with terminal(tmp_path, "init") as shown:
        shown.until("serve")
        shown.press("my-model\n", "address")
        shown.press("http://localhost:8000/v1\n", "second model")
        shown.press("\n", "embedding model")
        shown.press("\n", "is written")
    content = tomllib.loads((tmp_path / "gravity.toml").read_text(encoding="utf-8"))
    assert content["models"]["main"] == {
        "kind": "openai",
        "model": "my-model",
        "base_url": "http://localhost:8000/v1",
    }
    assert content["roles"]["judges"] == ["main"]


def test_the_configuration_in_force_and_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gravity.toml").write_text("[curate]\nseeds = 7\n", encoding="utf-8")
    monkeypatch.setenv("GRAVITY_CURATE__REVISIONS", "1")
    monkeypatch.setenv("GRAVITY_STORE__DATABASE", "postgresql://me:secret@h/db")
    done = here(tmp_path, "config", "--json")
    found = {row["name"]: row for row in json.loads(done.output)}
    assert (found["curate.seeds"]["value"], found["curate.seeds"]["source"]) == (7, "file")
    assert (found["curate.revisions"]["value"], found["curate.revisions"]["source"]) == (1, "environment")
    assert (found["curate.attempts"]["value"], found["curate.attempts"]["source"]) == (3, "default")
    assert found["store.database"]["value"] == "postgresql://me:***@h/db"
    assert "secret" not in here(tmp_path, "config").output + done.output
    nameless = [name for name, row in found.items() if not row["description"] and not name.endswith(".kind")]
    assert nameless == []
