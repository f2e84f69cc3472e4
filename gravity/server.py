"""The graphs as LangGraph's own server loads them (see langgraph.json); they use ./gravity.toml."""

from typing import Any

from gravity.graphs.curate import curate_graph
from gravity.graphs.profile import profile_graph
from gravity.graphs.reading import reading_graph
from gravity.graphs.scenario import scenario_graph
from gravity.project import open_project


def curate() -> Any:
    """The main graph; its input is {"culture", "readers", "scenario_seeds"}, each of which may be null."""
    project = open_project()
    setup = project.setup()
    project.stores.ledger.open_run(setup.record)
    return curate_graph(setup.crew())


def reading() -> Any:
    """The graph of one reading; its input is {"reader"}."""
    return reading_graph(open_project().setup().crew())


def scenario() -> Any:
    """The graph of one scenario; its input is {"seed", "culture", "slot"}."""
    return scenario_graph(open_project().setup().crew())


def profile() -> Any:
    """The graph of one profile; its input is {"reader"}, whose reviews must be indexed."""
    return profile_graph(open_project().setup().crew())
