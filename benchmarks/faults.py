"""What a server's faults cost a run, and whether anything is lost by them.

Curates the planted readers against the stub endpoint three times a round: with a server that is well, with one that
goes wrong in passing (10% 429, 5% JSON that is cut, 2% 500), and with one that bears only so many calls at a time and
refuses others with 429 at once. Prints time and requests over the clean run's, and the rows that the clean run made and
another did not: views, seeds that readers brought, settled scenarios, facts with their values, pairs. A question is
asked five times at most: with three, one in some 5,000 gets nothing but cut answers. Each run is a process of its own,
and so is each server.

    python -m benchmarks.faults --rounds 5 --latency 0.3 --in-flight 16 --bears 8
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from benchmarks.curate_overhead import requests
from tests.stub.server import Faults, Stub

SPAWN = multiprocessing.get_context("spawn")


class Narrow(Stub):
    """Refuses at once what is more than `bears` calls at a time."""

    def __init__(self, faults: Faults, bears: int | None) -> None:
        super().__init__(faults=faults)
        self.bears = bears

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if self.bears is not None and self.counts.in_flight >= self.bears:
            self.counts.requests += 1
            return web.json_response({"error": {"message": "too many at a time"}}, status=429)
        return await super()._complete(request)


def serve(told: Any, faults: Faults, bears: int | None) -> None:
    """Serves until the process is ended; tells its URL."""

    async def work() -> None:
        server = Narrow(faults, bears)
        serving = asyncio.create_task(server.serve())
        while not server.port:
            await asyncio.sleep(0.01)
        told.put(server.url)
        await serving

    asyncio.run(work())


@contextmanager
def serving(faults: Faults, bears: int | None = None) -> Iterator[str]:
    """The stub as a process of its own; gives its URL."""
    told = SPAWN.Queue()
    process = SPAWN.Process(target=serve, args=(told, faults, bears))
    process.start()
    try:
        yield told.get(timeout=60)
    finally:
        process.terminate()
        process.join()


def run(url: str, seeds: int, in_flight: int) -> tuple[float, list[str]]:
    """Curates; the seconds that it took, and what every row that it made says."""
    # Imported beforehand: start-up is not what is measured.
    import chromadb  # noqa: F401
    import langchain_openai  # noqa: F401
    import langgraph.checkpoint.sqlite.aio  # noqa: F401

    from tests.support import config, curate, project, take_in

    with tempfile.TemporaryDirectory() as folder:
        made = project(
            config(url, Path(folder), {"max_in_flight": in_flight}, seeds=seeds, scenarios_per_seed=2, attempts=5)
        )
        take_in(made, each=2)
        begun = time.perf_counter()
        identity = curate(made)
        seconds = time.perf_counter() - begun
        ledger = made.stores.ledger
        settled = [ledger.scenario(key) for key in sorted(ledger.settled_scenarios(identity))]
        # A writer who is asked anew writes another scene, which may repeat one that is there: refused, but not lost.
        rows = [f"scenario {s.seed} {s.culture} {s.slot}" for s in settled if s and s.verdict != "failed"]
        for reader in made.stores.corpus.readers():
            views = made.stores.views.of(identity, reader.id)
            rows += [f"view {reader.id} {v.review} {v.statement} {v.verdict}" for v in views]
            rows += [f"fact {reader.id} {f.kind} {f.name} {f.value}" for f in ledger.facts(identity, reader.id)]
        rows += [f"seed {seed.id} {seed.verdict}" for seed in made.stores.views.seeds(identity)]
        rows += [f"pair {p.reader} {p.track} {p.subject} {p.takes} {p.verdict}" for p in ledger.pairs(identity)]
        made.stores.database.close()
    return seconds, rows


def measured(faults: Faults, bears: int | None, seeds: int, in_flight: int) -> dict[str, Any]:
    """One run: its seconds, requests and rows."""
    with serving(faults, bears) as url, SPAWN.Pool(1) as pool:
        seconds, rows = pool.apply(run, (url, seeds, in_flight))
        return {"seconds": seconds, "requests": requests(url), "rows": set(rows)}


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=15)
    parser.add_argument("--latency", type=float, default=0.3)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--bears", type=int, default=8)
    given = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {"faults": [], "narrow": []}
    for number in range(given.rounds):
        well = Faults(latency=given.latency)
        wrong = Faults(latency=given.latency, busy=0.1, cut=0.05, broken=0.02, seed=number)
        clean = measured(well, None, given.seeds, given.in_flight)
        for name, faults, bears in (("faults", wrong, None), ("narrow", well, given.bears)):
            other = measured(faults, bears, given.seeds, given.in_flight)
            figures = {
                "time_over_clean": other["seconds"] / clean["seconds"],
                "calls_over_clean": other["requests"] / clean["requests"],
                "rows_lost": len(clean["rows"] - other["rows"]),
            }
            found[name].append(figures)
            shown = ", ".join(f"{key} {value:.2f}" for key, value in figures.items())
            print(f"round {number + 1}, {name}: {shown} (clean: {clean['seconds']:.1f} s)", flush=True)
    figures = {"rounds": given.rounds, "requests": clean["requests"], "rows": len(clean["rows"]), "bears": given.bears}
    for name, rounds in found.items():
        for key in ("time_over_clean", "calls_over_clean"):
            seen = [one[key] for one in rounds]
            figures[f"{name}_{key}"] = [round(value, 3) for value in (statistics.median(seen), min(seen), max(seen))]
        figures[f"{name}_rows_lost"] = sum(one["rows_lost"] for one in rounds)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
