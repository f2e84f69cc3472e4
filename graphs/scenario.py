"""One scenario: written, criticised, sent back or judged, and settled.

What nobody answers ends the graph with NotAnsweredError and settles nothing; where a model answered and nothing fits,
the scenario has failed.
"""

import operator
from typing import Annotated, Any, Literal, TypedDict

from langgraph.graph import END, START, StateGraph

from gravity.agents.asking import together
from gravity.agents.comparing import heard
from gravity.agents.critic import blocking
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.graphs.crew import Crew
from gravity.graphs.pending import scenario_id
from gravity.store.records import Round, Scenario, Verdict


class ScenarioState(TypedDict, total=False):
    """What a scenario is about, its rounds so far (the last one is at work), and its outcome."""

    seed: str
    culture: str
    slot: int
    rounds: Annotated[list[Round], operator.add]
    round: Round
    verdict: Verdict
    reason: str


def scenario_graph(crew: Crew) -> Any:
    """The graph of one scenario. Its state is not checkpointed: answers are kept, so a restart asks nothing twice."""

    async def write(state: ScenarioState) -> ScenarioState:
        seed, culture = crew.seeds[state["seed"]], crew.cultures[state["culture"]]
        earlier = state.get("round")
        try:
            draft = await crew.writer.write(
                seed,
                culture,
                state["slot"],
                earlier.draft if earlier else None,
                blocking(earlier.findings) if earlier else (),
            )
        except NotAnsweredError:
            raise
        except AskError as error:
            return {"verdict": "failed", "reason": f"not written: {error}"}
        if earlier is None and (seed.id, culture.id, state["slot"]) in crew.writer.released:
            return {"round": Round(draft=draft), "verdict": "vetted", "reason": "read blind before it was released"}
        return {"round": Round(draft=draft)}

    async def criticise(state: ScenarioState) -> ScenarioState:
        seed, culture, current = crew.seeds[state["seed"]], crew.cultures[state["culture"]], state["round"]
        critics = crew.critics[culture.id]
        try:
            given = await together(*(critic.findings(seed, culture, current.draft) for critic in critics))
        except NotAnsweredError:
            raise
        except AskError as error:
            return {"verdict": "failed", "reason": f"not criticised: {error}"}
        return {"round": current.model_copy(update={"findings": [finding for found in given for finding in found]})}

    def send_back(state: ScenarioState) -> ScenarioState:
        return {"rounds": [state["round"]]}

    async def judge(state: ScenarioState) -> ScenarioState:
        panel = crew.panels[state["culture"]]
        votes = await panel.votes(crew.seeds[state["seed"]], state["round"].draft)
        judged = state["round"].model_copy(update={"votes": votes})
        if not heard(votes):
            reasons = dict.fromkeys(vote.reason for vote in votes if not vote.answered)
            return {"round": judged, "verdict": "failed", "reason": f"not judged: {'; '.join(reasons)}"}
        passed, count = panel.passes(votes)
        return {"round": judged, "verdict": "vetted" if passed else "rejected", "reason": count}

    def refuse(state: ScenarioState) -> ScenarioState:
        worst = blocking(state["round"].findings)[0]
        return {
            "verdict": "rejected",
            "reason": f"the critic {worst.critic} found: {worst.kind} ({worst.repair})",
        }

    def settle(state: ScenarioState) -> ScenarioState:
        last = [state["round"]] if "round" in state else []
        # A draft that was sent back stands among the rounds already when its rewriting failed.
        rounds = [*state.get("rounds", []), *(r for r in last if r not in state.get("rounds", []))]
        seed, culture, slot = state["seed"], state["culture"], state["slot"]
        crew.ledger.add_scenario(
            Scenario(
                id=scenario_id(crew.run, seed, culture, slot),
                run=crew.run,
                seed=seed,
                culture=culture,
                slot=slot,
                rounds=rounds,
                verdict=state["verdict"],
                reason=state["reason"],
            )
        )
        return {}

    def after_write(state: ScenarioState) -> Literal["criticise", "settle"]:
        return "settle" if "verdict" in state else "criticise"

    def after_critic(state: ScenarioState) -> Literal["judge", "send_back", "refuse", "settle"]:
        if "verdict" in state:
            return "settle"
        if not blocking(state["round"].findings):
            return "judge"
        may_revise = crew.writer.revises and len(state.get("rounds", [])) < crew.plan.revisions
        return "send_back" if may_revise else "refuse"

    graph = StateGraph(ScenarioState)
    graph.add_node("write", write)
    graph.add_node("criticise", criticise)
    graph.add_node("send_back", send_back)
    graph.add_node("judge", judge)
    graph.add_node("refuse", refuse)
    graph.add_node("settle", settle)
    graph.add_edge(START, "write")
    graph.add_conditional_edges("write", after_write)
    graph.add_conditional_edges("criticise", after_critic)
    graph.add_edge("send_back", "write")
    graph.add_edge("judge", "settle")
    graph.add_edge("refuse", "settle")
    graph.add_edge("settle", END)
    return graph.compile(checkpointer=False, name="scenario")
