"""`python -m tests.stub --port 8099 --latency 0.1`: the stub as a process, until it is interrupted."""

import argparse
import asyncio
import contextlib

from tests.stub.server import Faults, Stub
from tests.stub.truth import Character

parser = argparse.ArgumentParser(description="An OpenAI-compatible server on loopback that answers from planted truth.")
parser.add_argument("--port", type=int, default=8099)
for name in ("latency", "busy", "broken", "cut", "unfit", "hang"):
    parser.add_argument(f"--{name}", type=float, default=0.0)
parser.add_argument("--accuracy", type=float, default=1.0)
parser.add_argument("--position-bias", type=float, default=0.0)
parser.add_argument("--defects", type=float, default=0.0)
given = parser.parse_args()

stub = Stub(
    Character(given.accuracy, given.position_bias, given.defects),
    Faults(given.latency, given.busy, given.broken, given.cut, given.unfit, given.hang),
)
print(f"http://127.0.0.1:{given.port}/v1", flush=True)
with contextlib.suppress(KeyboardInterrupt):
    asyncio.run(stub.serve(given.port))
