"""One sampled pair, judged end to end from its reader's reviews and what else is known of them."""

import asyncio
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from gravity.agents.case import case_of
from gravity.agents.judge import Case
from gravity.graphs.crew import Crew
from gravity.store.records import Check, Choice, Pair


class CheckState(TypedDict, total=False):
    """The id of the pair at work, the pair, what the panel is shown of it, and what it chose."""

    pair: str
    sampled: Pair
    case: Case
    choices: list[Choice]


def check_graph(crew: Crew) -> Any:
    """The graph of one check. Its state is not checkpointed: answers are kept, so a restart asks nothing twice."""

    async def show(state: CheckState) -> CheckState:
        pair = crew.ledger.pair(state["pair"])
        assert pair is not None
        facts, composer = crew.ledger.facts(crew.run, pair.reader), crew.composer
        views, track = crew.kept_views(pair.reader), composer.track(pair.track)
        case = await asyncio.to_thread(case_of, pair, track, facts, views, crew.retriever, composer)
        return {"sampled": pair, "case": case}

    async def judge(state: CheckState) -> CheckState:
        pair = state["sampled"]
        task = crew.composer.track(pair.track).checked_by
        assert task is not None, "what nobody checks is not sampled"
        return {"choices": await crew.panels[pair.culture].choices(state["case"], task)}

    def settle(state: CheckState) -> CheckState:
        pair, choices = state["sampled"], state["choices"]
        prefers = crew.panels[pair.culture].prefers(choices)
        crew.ledger.add_check(Check(pair=pair.id, run=crew.run, choices=choices, prefers=prefers))
        return {}

    graph = StateGraph(CheckState)
    graph.add_node("show", show)
    graph.add_node("judge", judge)
    graph.add_node("settle", settle)
    graph.add_edge(START, "show")
    graph.add_edge("show", "judge")
    graph.add_edge("judge", "settle")
    graph.add_edge("settle", END)
    return graph.compile(checkpointer=False, name="check")
