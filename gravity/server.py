"""The graphs as LangGraph's own server loads them (see langgraph.json); they use ./gravity.toml."""

from typing import Any

from gravity.config import load_config
from gravity.graphs.curate import curate_graph
from gravity.graphs.profile import profile_graph
from gravity.graphs.scenario import scenario_graph
from gravity.workshop import Workshop


def curate() -> Any:
    """The main graph; its input is {"culture", "readers", "scenario_seeds"}, each of which may be null."""
    workshop = Workshop(load_config())
    workshop.ledger.open_run(workshop.run)
    return curate_graph(workshop.crew())


def scenario() -> Any:
    """The graph of one scenario; its input is {"seed", "culture", "slot"}."""
    return scenario_graph(Workshop(load_config()).crew())


def profile() -> Any:
    """The graph of one profile; its input is {"reader"}, whose reviews must be indexed."""
    return profile_graph(Workshop(load_config()).crew())
