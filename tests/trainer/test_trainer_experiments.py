"""Ablation and transfer find what was planted, go on where they stopped, and refuse what they cannot do."""

import json
from pathlib import Path
from typing import Any

import pytest

from gravity.trainer.errors import TrainingError
from tests.trainer.commands import invoke, refuses
from tests.trainer.conftest import Rows
from tests.trainer.tastes import RECIPE, split, write_dataset


@pytest.fixture(scope="module")
def recipe(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    lines = [f'base = "{base}"', *(f"{name} = {value}" for name, value in RECIPE.items())]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def tastes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("tastes"), split("train", 6, 6), split("test", 4, 12))


def _swapped(rows: Rows) -> Rows:
    """In jp everybody wants the opposite of what their card says."""
    for row in rows:
        if row["culture"] == "jp":
            row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
    return rows


@pytest.fixture(scope="module")
def ablation(tastes: Path, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """The same command three times: stopped before its last variant, to the end, and once more."""
    from gravity.trainer.training import train as training

    output = tmp_path_factory.mktemp("experiments") / "ablation"
    parts = ("--without", "values", "--without", "big five")
    call = ("ablate", tastes, "--output", output, "--recipe", recipe, *parts)
    real, trained = training.train, []

    def until_the_last(settings: Any, resume: bool = False) -> Any:
        if "big-five" in str(settings.output):
            raise TrainingError("the power is gone")
        trained.append(settings.output.parent.name)
        return real(settings, resume)

    def noted(settings: Any, resume: bool = False) -> Any:
        trained.append(settings.output.parent.name)
        return real(settings, resume)

    results = []
    with pytest.MonkeyPatch.context() as patch:
        for train in (until_the_last, noted, noted):
            patch.setattr(training, "train", train)
            results.append((invoke(*call), sorted(path.name for path in output.iterdir()), list(trained)))
    return output, results


def test_an_ablation_goes_on_where_it_stopped(ablation: tuple[Path, list[Any]]) -> None:
    output, ((stopped, left, first), (done, _, second), (again, _, third)) = ablation
    assert (stopped.exit_code, stopped.stdout) == (7, "")
    assert "error: the power is gone" in stopped.stderr
    assert left == ["run.json", "variants"]
    assert first == ["full-profile", "without-values"]
    assert (done.exit_code, second) == (0, [*first, "without-big-five"]), done.stderr
    assert (again.exit_code, again.stdout, third) == (0, done.stdout, second)
    for name in second:
        kept = sorted(path.name for path in (output / "variants" / name).iterdir())
        assert kept == ["adapter", "margins.json"]


def test_the_part_that_holds_the_taste_is_found(ablation: tuple[Path, list[Any]]) -> None:
    output, _ = ablation
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    full, values, big_five = report["variants"]
    assert full["accuracy"]["value"] > 0.95
    # Without the views nobody can know which of the two texts a reader wants.
    assert values["accuracy"]["value"] == pytest.approx(0.5, abs=0.05)
    assert values["drop"]["value"] == pytest.approx(full["accuracy"]["value"] - values["accuracy"]["value"])
    # Readers of one taste lose all and those of the other nothing, so eight readers say little of how many lose.
    assert 0 < values["drop"]["low"] < 0.3
    assert values["drop"]["clusters"] == {"readers": 8, "subjects": 18}
    assert {one["hardly differs"] for one in report["change"].values()} == {False}
    assert big_five["drop"]["low"] <= 0 <= big_five["drop"]["high"]
    assert report["rows"] == 144
    assert report["not in the cards"] == []
    text = (output / "report.md").read_text(encoding="utf-8")
    assert "| without values | 0.5" in text
    assert "| 144 | 8 | 18 |" in text
    assert (output / "drops.png").read_bytes()[:4] == b"\x89PNG"


def test_a_variant_is_trained_without_its_part(ablation: tuple[Path, list[Any]], tastes: Path) -> None:
    output, _ = ablation
    rows = {
        name: json.loads((output / "variants" / name / "adapter" / "training.json").read_text(encoding="utf-8"))
        for name in ("full-profile", "without-values", "without-big-five")
    }
    # A component leaves all rows; a framework takes its own along, here a third.
    assert {name: report["dataset"]["rows"] for name, report in rows.items()} == {
        "full-profile": 108,
        "without-values": 108,
        "without-big-five": 72,
    }


def test_what_one_culture_teaches_is_wrong_in_the_other(recipe: Path, tmp_path: Path) -> None:
    train = _swapped([*split("train", 6, 6, ["us"]), *split("train", 8, 6, ["jp"])])
    dataset = write_dataset(tmp_path / "tastes", train, _swapped(split("test", 8, 12)))
    result = invoke("transfer", dataset, "--output", tmp_path / "out", "--recipe", recipe)
    assert result.exit_code == 0, result.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    (jp, to_us), (to_jp, us) = report["matrix"]
    assert min(jp["accuracy"]["value"], us["accuracy"]["value"]) > 0.95
    assert max(to_us["accuracy"]["high"], to_jp["accuracy"]["high"]) < 0.4
    assert to_us["against own"]["high"] < -0.5
    assert jp["against own"] is None
    assert report["own less others"]["low"] > 0.5
    assert (report["training_rows"], report["rows"]) == (54, 288)
    trained = json.loads((tmp_path / "out" / "cultures" / "1-jp" / "adapter" / "training.json").read_text("utf-8"))
    assert trained["dataset"]["counts"] == [
        {"culture": "jp", "track": "personality", "rows": trained["dataset"]["counts"][0]["rows"]},
        {"culture": "jp", "track": "values", "rows": 54 - trained["dataset"]["counts"][0]["rows"]},
    ]
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "| trained on | tested on jp | tested on us |" in text
    assert "| 144 | 8 | 18 |" in text
    assert (tmp_path / "out" / "transfer.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("command", "what", "code", "words"),
    [
        ("ablate", "no profile", 3, ["no column profile"]),
        ("ablate", "no demographics", 3, ["lines of demographics"]),
        ("ablate", "no such part", 2, ["--without shoe size", "wvs"]),
        ("transfer", "one culture", 3, ["one culture only, us"]),
        ("transfer", "no cultures", 3, ["rows of no culture"]),
        ("transfer", "no test rows", 3, ["test.parquet", "no rows"]),
        ("transfer", "no base", 4, ["not found"]),
        ("ablate", "no recipe", 2, ["recipe"]),
        ("transfer", "bad recipe", 2, ["max_stepz"]),
        ("transfer", "bad number", 2, ["own.toml: batch_size is 0"]),
        ("ablate", "output taken", 2, ["no experiment"]),
    ],
)
def test_bad_input(command: str, what: str, code: int, words: list[str], recipe: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    train, test = split("train", 2, 3), split("test", 2, 3)
    if what == "one culture":
        train = [row for row in train if row["culture"] == "us"]
    if what == "no cultures":
        train = [row | {"culture": None} for row in train]
    for row in [*train, *test]:
        if what == "no profile":
            del row["profile"]
        if what == "no demographics":
            row["profile"] = [line for line in row["profile"] if line["component"] != "demographics"]
    dataset = write_dataset(tmp_path / "dataset", train, test)
    if what == "no test rows":
        pq.write_table(pq.read_table(dataset / "test.parquet").slice(0, 0), dataset / "test.parquet")
    recipes = {"bad recipe": "max_stepz = 3", "no base": 'base = "./not/there"', "bad number": "batch_size = 0"}
    if what in recipes:
        recipe = tmp_path / "own.toml"
        recipe.write_text(recipes[what], encoding="utf-8")
    if what == "no recipe":
        recipe = tmp_path / "nowhere.toml"
    if what == "output taken":
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.txt").write_text("years of work", encoding="utf-8")
    part = {"no demographics": ["--without", "demographics"], "no such part": ["--without", "shoe size"]}
    options: list[str | Path] = ["--output", tmp_path / "out", "--recipe", recipe, *part.get(what, [])]
    refuses(tmp_path, code, words, command, dataset, *options)


def test_an_experiment_is_not_mixed_with_another(ablation: tuple[Path, list[Any]], tastes: Path, recipe: Path) -> None:
    output, _ = ablation
    result = invoke("ablate", tastes, "--output", output, "--recipe", recipe, "--without", "values")
    assert result.exit_code == 2
    assert "started with another" in result.stderr
