"""A run's settings: what they refuse, and that the store gives them back as they were."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gravity.agents.tracks import SHIPPED
from gravity.frameworks.statistics import Calibration
from gravity.store.database import Database
from gravity.store.errors import StoreError
from gravity.store.ledger import Ledger
from gravity.store.runs import (
    Checking,
    Counting,
    JudgingSettings,
    PanelRecord,
    RoleModels,
    Run,
    RunSettings,
    Track,
    run_with,
)
from tests.support import config, project

SETTINGS = RunSettings(
    domain="books",
    tracks=[maker.TRACK for maker in SHIPPED],
    roles=RoleModels(profiler="large", checker="other", writer="large", judges=["large", "other"], critics=["rules"]),
    models={"large": {"model": "large", "temperature": 0.1, "seed": None}},
    embedder="hash64",
    judging=JudgingSettings.model_validate({"acceptable_error": 0.05, "quorum": 2, "cases": None}),
    counting={
        "us": Counting(
            judges=["large"],
            checking={"preference": Checking(judges=["other"], record=PanelRecord(right=9))},
            qualified=True,
        )
    },
    calibration={"us": Calibration(1.1, -0.2)},
    facet_calibration={"us": Calibration(0.9, 0.1)},
    qualifications=["k1"],
    classifiers={"gender": {"model": "m", "labels": {"F": "woman"}, "threshold": 0.7}},
    curate={"held_back": 0.3},
    prompts={"card": "0123456789ab"},
    material="f" * 16,
    seeds=150,
    scenarios_per_seed=3,
)


def test_the_store_gives_settings_back_as_they_were(database: Database) -> None:
    assert set(RunSettings.model_fields) == SETTINGS.model_fields_set
    run, ledger = run_with(SETTINGS), Ledger(database)
    ledger.open_run(run)
    found = ledger.latest_run()
    assert found is not None and found.settings == SETTINGS
    assert found.settings.calibration == {"us": (1.1, -0.2)}
    assert found.settings.tracks[0] == SHIPPED[0].TRACK
    assert found.settings.judging.model_dump() == {"acceptable_error": 0.05, "quorum": 2, "cases": None}
    # So a run that was read from the store has the id that its settings make.
    assert run_with(found.settings) == run


@pytest.mark.parametrize("name", list(RunSettings.model_fields))
def test_each_setting_shapes_the_id(name: str) -> None:
    assert run_with(SETTINGS.model_copy(update={name: getattr(RunSettings(), name)})).id != run_with(SETTINGS).id


def test_a_configuration_fills_in_every_setting(tmp_path: Path) -> None:
    run = project(config("http://localhost:1", tmp_path)).setup().record
    assert run.settings.model_fields_set == set(RunSettings.model_fields)
    assert run == run_with(run.settings)


def test_a_setting_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        RunSettings.model_validate({"domian": "books"})
    with pytest.raises(ValidationError, match="frozen"):
        SETTINGS.domain = "films"  # type: ignore[misc]


def test_every_setting_has_a_description() -> None:
    for kind in (RunSettings, RoleModels, JudgingSettings, Counting, Checking, PanelRecord, Track):
        assert all(field.description for field in kind.model_fields.values())


def test_a_track_is_found_by_name() -> None:
    assert SETTINGS.track("interests").subject == "book"
    with pytest.raises(
        StoreError, match=r"no track 'hobbies' \(its tracks: values, carried-over, personality, interests\)"
    ):
        SETTINGS.track("hobbies")
    with pytest.raises(StoreError, match="its tracks: none"):
        Run(id="r").settings.track("values")


def test_what_is_inferred_must_be_sampled() -> None:
    fields = {**SETTINGS.track("values").model_dump(), "checked_by": None}
    with pytest.raises(
        ValidationError, match="track 'values' rests on a stance, which is inferred: judges must check it"
    ):
        Track.model_validate(fields)


def test_names_of_the_models_of_all_roles() -> None:
    assert SETTINGS.roles.names == {"large", "other", "rules"}
    assert RoleModels().names == set()
