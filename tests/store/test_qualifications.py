"""What a model showed is kept under everything that it depends on."""

import pytest

from gravity.store.database import Database
from gravity.store.qualifications import Qualifications
from gravity.store.records import Qualification


def shown(culture: str, key: str = "k1", time: str = "2030-01-01T00:00:00+00:00", **fields: object) -> Qualification:
    given = {
        "key": key,
        "task": "scenario",
        "culture": culture,
        "model": "strict",
        "time": time,
        "cases": 20,
        "answered": 18,
        "right": 17,
        "swapped": 20,
        "consistent": 18,
        "sided": 36,
        "first": 19,
        "brier": 0.08,
        "ece": 0.04,
        "calls": 40,
        "tokens": 9_000,
        "seconds": 1.5,
        "kinds": {"scenario": (15, 13), "trap": (5, 4)},
        "calibration": (1.5, -0.25),
    }
    return Qualification.model_validate({**given, **fields})


@pytest.fixture
def kept(database: Database) -> Qualifications:
    return Qualifications(database)


def test_figures_come_back_as_they_were(kept: Qualifications) -> None:
    rows = [shown("us"), shown("br", right=3, brier=None, ece=None, calibration=None, kinds={})]
    kept.keep(rows)
    assert kept.by_culture("k1") == {"us": rows[0], "br": rows[1]}
    assert kept.by_culture("k2") == {}


def test_a_second_time_takes_the_place_of_the_first(kept: Qualifications) -> None:
    kept.keep([shown("us"), shown("br")])
    kept.keep([shown("us", key="k2")])
    kept.keep([shown("us", right=18, time="2030-02-01T00:00:00+00:00")])
    assert kept.by_culture("k1") == {"us": shown("us", right=18, time="2030-02-01T00:00:00+00:00")}
    assert set(kept.by_culture("k2")) == {"us"}


def test_what_was_shown_under_another_key_has_expired(kept: Qualifications) -> None:
    assert kept.expired("scenario", "strict", "k1") is None
    kept.keep([shown("us")])
    assert kept.expired("scenario", "strict", "k1") is None
    assert kept.expired("preference", "strict", "k2") is None
    assert kept.expired("scenario", "lenient", "k2") is None
    assert kept.expired("scenario", "strict", "k2") == "2030-01-01T00:00:00+00:00"
    kept.keep([shown("us", key="k0", time="2031-01-01T00:00:00+00:00")])
    assert kept.expired("scenario", "strict", "k2") == "2031-01-01T00:00:00+00:00"


def test_it_is_there_for_another_process(kept: Qualifications, database: Database) -> None:
    kept.keep([shown("us")])
    other = Database(database.url)
    assert Qualifications(other).by_culture("k1") == {"us": shown("us")}
    other.close()
