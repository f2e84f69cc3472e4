"""What a run costs, before, after, and at its end; and the bounds of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.gravity.support import Done, here, toml
from tests.stub.server import Faults, Stub
from tests.support import config, project, take_in

PRICE = {"currency": "EUR", "input": 1000.0, "output": 4000.0}
CURATE = {"seeds": 2, "scenarios_per_seed": 1}


def written(folder: Path, server: Stub, price: bool = True, limits: dict[str, float] | None = None) -> None:
    sections: dict[str, Any] = {"models.stub.price": PRICE} if price else {}
    # Chroma remembers folders by their names, and all of these would have one name.
    sections["store"] = {"path": str(folder / ".gravity")}
    text = toml(server.url, curate=CURATE, limits=limits or {}, **sections)
    (folder / "gravity.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, stub: Stub) -> Path:
    """A folder whose store has a reader of each culture."""
    made = project(config(stub.url, tmp_path / ".gravity"))
    take_in(made, each=1)
    made.stores.database.close()
    return tmp_path


def curated(folder: Path) -> Done:
    return here(folder, "curate", "--unqualified")


def spent(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(here(folder, "status", "--json").output)["spent"]
    return rows


def test_a_run_says_what_it_cost(folder: Path) -> None:
    with Stub() as server:
        written(folder, server)
        done = curated(folder)
        rows = spent(folder)
        assert sum(row["calls"] for row in rows) == server.counts.requests > 0
    cost = sum(row["cost"] for row in rows)
    assert cost == pytest.approx(sum(row["tokens_in"] / 1e3 + row["tokens_out"] / 250 for row in rows))
    assert f"This run so far: {server.counts.requests:,} calls" in done.output
    assert f"{cost:,.4f} EUR" in " ".join(done.output.split())
    assert "not priced" not in done.output
    assert {row["role"] for row in rows} == {"profiler", "checker", "writer", "judge", "critic"}


def test_a_model_without_a_price_is_not_free(folder: Path) -> None:
    with Stub() as server:
        written(folder, server, price=False)
        done = curated(folder)
        assert f"{server.counts.requests:,} calls not priced (stub)" in " ".join(done.output.split())
    assert {row["cost"] for row in spent(folder)} == {None}
    assert "EUR" not in done.output


def test_a_run_that_is_started_again_costs_nothing_more(folder: Path) -> None:
    with Stub() as server:
        written(folder, server)
        curated(folder)
        before = spent(folder)
        curated(folder)
        assert spent(folder) == before


def test_answers_kept_from_another_run_cost_nothing(folder: Path) -> None:
    with Stub() as server:
        written(folder, server)
        curated(folder)
        # Another setting of the pairs is another run, for which every answer is there.
        text = (
            (folder / "gravity.toml").read_text(encoding="utf-8").replace("seeds = 2", "seeds = 2\nhard_negatives = 4")
        )
        (folder / "gravity.toml").write_text(text, encoding="utf-8")
        requests = server.counts.requests
        done = curated(folder)
        assert server.counts.requests == requests
    assert "This run so far: 0 calls" in done.output
    assert spent(folder) == []


@pytest.mark.parametrize(
    ("limits", "reached"),
    [
        ({"max_calls": 9}, "calls"),
        ({"max_tokens": 20_000}, "tokens"),
        ({"max_cost": 40.0}, "cost"),
    ],
    ids=["calls", "tokens", "money"],
)
def test_no_run_goes_over_its_budget(folder: Path, limits: dict[str, float], reached: str) -> None:
    with Stub(faults=Faults(latency=0.01)) as server:
        written(folder, server, limits=limits)
        for _ in range(2):
            curated(folder)
            rows = spent(folder)
            figures = {
                "calls": server.counts.requests,
                "tokens": sum(row["tokens_in"] + row["tokens_out"] for row in rows),
                "cost": sum(row["cost"] for row in rows),
            }
            (bound,) = limits.values()
            assert 0 < figures[reached] <= bound
            assert sum(row["calls"] for row in rows) == server.counts.requests


@pytest.mark.parametrize(("price", "says"), [(True, r"[\d.]+ EUR"), (False, r"[\d,]+ calls not priced \(stub\)")])
def test_preview_says_what_the_rest_will_cost(folder: Path, stub: Stub, price: bool, says: str) -> None:
    written(folder, stub, price=price)
    done = here(folder, "preview", "--unqualified")
    assert done.code == 0, done.errors
    assert re.search(rf"Still to be asked: [\d,]+ calls, [^.]*{says}", " ".join(done.output.split()))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"limits": {"max_calls": 0}}, "limits.max_calls: "),
        ({"limits": {"max_tokens": 0}}, "limits.max_tokens: "),
        ({"limits": {"max_cost": 0}, "models.stub.price": PRICE}, "limits.max_cost: "),
        ({"limits": {"max_cost": 5}}, "no model that a role names has a price"),
        ({"models.stub.price": {"input": 1, "output": 2}}, "price.currency"),
        ({"models.stub.price": {**PRICE, "currency": "euros"}}, "price.currency"),
        ({"models.stub.price": {**PRICE, "output": -1}}, "price.output"),
        ({"models.stub.price": {**PRICE, "per": "million"}}, "price.per"),
    ],
    ids=["no calls", "no tokens", "no money", "no price", "no currency", "a word", "below zero", "unknown"],
)
def test_what_cannot_be_is_one_line(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    (tmp_path / "gravity.toml").write_text(toml("http://localhost:1/v1", **changes), encoding="utf-8")
    done = here(tmp_path, "status")
    assert done.code == 2
    assert done.output == ""
    assert says in done.errors
    assert done.errors.count("\n") == 1


def test_prices_in_several_currencies_have_no_bound(tmp_path: Path) -> None:
    other = {"kind": "openai", "model": "other", "base_url": "http://localhost:1/v1"}
    sections: dict[str, Any] = {
        "roles": {"profiler": "stub", "writer": "other", "judges": ["stub"]},
        "limits": {"max_cost": 5},
        "models.stub.price": PRICE,
        "models.other": other,
        "models.other.price": {**PRICE, "currency": "USD"},
    }
    text = toml("http://localhost:1/v1", **sections)
    (tmp_path / "gravity.toml").write_text(text, encoding="utf-8")
    done = here(tmp_path, "status")
    assert done.code == 2
    assert "several currencies (other in USD, stub in EUR)" in done.errors
