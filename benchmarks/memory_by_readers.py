"""Whether memory stays flat as readers grow: peak memory of `curate` at several numbers of readers.

Each number is a process of its own against the stub endpoint; the readers are the planted ones under other names.

    python -m benchmarks.memory_by_readers --readers 50 200 800
"""

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.curate_overhead import apart, peak, serving


def run(url: str, count: int) -> dict[str, float]:
    """Curates `count` readers with eight seeds, and returns peak memory and what was made."""
    from benchmarks.crowd import take_crowd
    from gravity.config import Config
    from tests.support import curate, project, run_id

    with tempfile.TemporaryDirectory() as folder:
        settings = Config.model_validate(
            {
                "models": {"stub": {"kind": "openai", "model": "stub", "base_url": url}},
                "roles": {"profiler": "stub", "writer": "stub", "judges": ["stub"], "critics": []},
                "store": {"path": Path(folder)},
                "curate": {"seeds": 8, "scenarios_per_seed": 1},
            }
        )
        made = project(settings)
        take_crowd(made, count)
        curate(made, readers=count)
        pairs = sum(made.stores.ledger.pair_counts(run_id(made)).values())
        made.stores.database.close()
    return {"pairs": pairs, "memory_mb": peak()}


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, nargs="+", default=[50, 200, 800])
    parser.add_argument("--port", type=int, default=8932)
    given = parser.parse_args()
    figures = {}
    with serving(given.port, latency=0.0) as url:
        for count in given.readers:
            made = apart(run, url, count)
            figures[count] = round(made["memory_mb"])
            print(f"{count:6} readers {made['pairs']:9,.0f} pairs {figures[count]:6} MB")
    print(json.dumps({"peak_mb_by_readers": figures}))


if __name__ == "__main__":
    main()
