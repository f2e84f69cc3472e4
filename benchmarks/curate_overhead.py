"""What the graph costs beside the model calls it makes.

Runs `curate` against the stub endpoint with its checkpointer, answer cache and store on, on scenarios that need
two calls each (one to write, one to judge), and beside it the same number of ChatOpenAI calls with nothing
around them. Prints run time over the ideal (calls x latency / in flight), processor seconds a thousand calls and
peak memory, each of a process of its own.

    python -m benchmarks.curate_overhead --pairs 1000 --latency 0.1 --in-flight 32
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

Figures = TypeVar("Figures")
SYSTEM, USER = "You compare two scenes. " * 40, "Statement: a view. Scene: a day. A: a way. B: another way. " * 10


def run_graph(url: str, pairs: int, in_flight: int) -> dict[str, float]:
    """Curates with four readers, one a culture, of whom little is asked: views, stances, facets."""
    # Imported beforehand: start-up is not what is measured.
    import chromadb  # noqa: F401
    import langchain_openai  # noqa: F401
    import langgraph.checkpoint.sqlite.aio  # noqa: F401

    from gravity.config import Config
    from tests.support import curate, project, run_id, take_in

    with tempfile.TemporaryDirectory() as folder:
        settings = Config.model_validate(
            {
                "models": {"stub": {"kind": "openai", "model": "stub", "base_url": url, "max_in_flight": in_flight}},
                "roles": {"profiler": "stub", "writer": "stub", "judges": ["stub"], "critics": []},
                "judging": {"orders": 1},
                "store": {"path": Path(folder)},
                "curate": {"seeds": pairs // 8, "scenarios_per_seed": 2, "seeds_per_call": 50},
            }
        )
        made = project(settings)
        take_in(made, each=1)
        begun, used = time.perf_counter(), time.process_time()
        curate(made)
        figures = {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - used}
        settled = sum(made.stores.ledger.scenario_counts(run_id(made)).values())
        made.stores.database.close()
    return {**figures, "pairs": settled, "memory_mb": peak()}


def run_bare(url: str, calls: int, in_flight: int) -> dict[str, float]:
    """ChatOpenAI as its users call it, `in_flight` at a time."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    from gravity.agents.comparing import Judgement

    form = {
        "type": "json_schema",
        "json_schema": {"name": "vote", "schema": Judgement.model_json_schema(), "strict": True},
    }
    model = ChatOpenAI(model="stub", base_url=url, api_key=SecretStr("none")).bind(response_format=form)
    user = "Statement: x\n\nScene: y\n\nA: z\n\nB: w"

    async def work() -> None:
        slots = asyncio.Semaphore(in_flight)

        async def ask() -> None:
            async with slots:
                await model.ainvoke([("system", SYSTEM), ("user", f"{USER}\n{user}")])

        await asyncio.gather(*(ask() for _ in range(calls)))

    begun, used = time.perf_counter(), time.process_time()
    asyncio.run(work())
    return {
        "seconds": time.perf_counter() - begun,
        "cpu": time.process_time() - used,
        "memory_mb": peak(),
    }


def peak() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(work: Callable[..., Figures], *given: Any) -> Figures:
    """Runs `work` in a fresh process, so that times and memory are its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, given)


@contextmanager
def serving(port: int, latency: float) -> Iterator[str]:
    """The stub as a process of its own; gives its URL."""
    command = [sys.executable, "-m", "tests.stub", "--port", str(port), "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        try:
            for _ in range(100):
                with suppress(OSError):
                    requests(url)
                    break
                time.sleep(0.1)
            yield url
        finally:
            server.terminate()


def requests(url: str) -> int:
    """How many requests the stub has seen."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/counts") as answer:
        return int(json.load(answer)["requests"])


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--port", type=int, default=8931)
    given = parser.parse_args()
    with serving(given.port, given.latency) as url:
        graph = apart(run_graph, url, given.pairs, given.in_flight)
        calls = requests(url)
        bare = apart(run_bare, url, calls, given.in_flight)
    ideal = calls * given.latency / given.in_flight
    figures = {
        "pairs": graph["pairs"],
        "calls": calls,
        "ideal_s": round(ideal, 2),
        "graph_s": round(graph["seconds"], 2),
        "graph_over_ideal": round(graph["seconds"] / ideal, 2),
        "bare_over_ideal": round(bare["seconds"] / ideal, 2),
        "graph_over_bare": round(graph["seconds"] / bare["seconds"], 2),
        "graph_cpu_s_per_1000_calls": round(1000 * graph["cpu"] / calls, 2),
        "bare_cpu_s_per_1000_calls": round(1000 * bare["cpu"] / calls, 2),
        "graph_peak_mb": round(graph["memory_mb"]),
        "bare_peak_mb": round(bare["memory_mb"]),
    }
    for name, figure in figures.items():
        print(f"{name:28} {figure}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
