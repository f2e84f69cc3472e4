"""Training reports to TensorBoard, Weights & Biases and MLflow, each without a server, and says when it failed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.toolboxes.conftest import last_json
from tests.toolboxes.environments import ROOT, environment

pytestmark = [pytest.mark.toolboxes, pytest.mark.timeout(1200)]

SECRET = "hf_this_is_a_secret"

_TRAIN = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from gravity.trainer.__main__ import main
main()
"""

# The same, but that the last step fails.
_FAILS = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from gravity.trainer.__main__ import main
from gravity.trainer.training.loop import Loop
backward = Loop.backward

def until_the_last(loop, rows):
    if len(loop.log) == loop.steps - 1:
        raise RuntimeError("the power is gone")
    return backward(loop, rows)

Loop.backward = until_the_last
try:
    main()
except SystemExit as stop:
    assert stop.code == 7, stop.code
"""

_TENSORBOARD = """
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1])
events.Reload()
found = {tag: [[event.step, event.value] for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
text = events.Tensors("args/text_summary/text_summary")[-1]
print(json.dumps({"figures": found, "text": text.tensor_proto.string_val[0].decode()}))
"""

_MLFLOW = """
import json, sys
from mlflow import MlflowClient

client = MlflowClient(sys.argv[1])
(experiment,) = client.search_experiments(filter_string="name = 'gravity-trainer'")
runs = client.search_runs([experiment.experiment_id])
print(json.dumps([
    {
        "name": run.info.run_name,
        "status": run.info.status,
        "params": run.data.params,
        "figures": {
            name: [[one.step, one.value] for one in client.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
        },
    }
    for run in runs
]))
"""

# The file of a run is a log of records in blocks: after the file's seven bytes each has a checksum of four bytes, a
# length of two and a kind of one; a record may be cut into parts, 1 being a whole one, 2 a first and 4 a last.
_WANDB = """
import json, struct, sys
from wandb.proto import wandb_internal_pb2

data, place, parts, figures, config, code = open(sys.argv[1], "rb").read(), 7, b"", {}, {}, None

def read(items):
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}

while place + 7 <= len(data):
    left = 32768 - place % 32768
    if left < 7:
        place += left
        continue
    _, length, kind = struct.unpack("<IHB", data[place : place + 7])
    parts = (b"" if kind in (1, 2) else parts) + data[place + 7 : place + 7 + length]
    place += 7 + length
    if kind in (1, 4):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(parts)
        line = read(record.history.item)
        for name, value in line.items():
            figures.setdefault(name, []).append([line["train/global_step"], value])
        config |= read(record.config.update) | read(record.run.config.update)
        if record.WhichOneof("record_type") == "exit":
            code = record.exit.exit_code
print(json.dumps({"figures": figures, "config": config, "code": code}))
"""

Record = dict[str, Any]


class Reported:
    """A run in the trackers' environment, four steps long, that reports to all three into one folder."""

    def __init__(self, folder: Path, base: Path, dataset: Path) -> None:
        self.folder, self._base, self._dataset = folder, base, dataset
        self._variables = {
            "WANDB_MODE": "offline",
            "WANDB_DIR": str(folder),
            "MLFLOW_TRACKING_URI": (folder / "mlruns").as_uri(),
            "MLFLOW_ALLOW_FILE_STORE": "true",
            "HF_TOKEN": SECRET,
        }

    def train(self, script: str, *arguments: str) -> None:
        """Train by `gravity-trainer train` within a script."""
        given = ["--base", str(self._base), "--output", "out/adapter", "--batch-size", "8", *arguments]
        given += ["--max-steps", "4", "--save-steps", "2"]
        for name in ("tensorboard", "wandb", "mlflow"):
            given += ["--report-to", name]
        self._run(script, ROOT, "train", self._dataset, *given)

    def log(self) -> list[Record]:
        """What training.json keeps."""
        text = (self.folder / "out" / "adapter" / "training.json").read_text(encoding="utf-8")
        return list(json.loads(text)["log"])

    def tensorboard(self) -> Record:
        return dict(last_json(self._run(_TENSORBOARD, self.folder / "out" / "runs" / "adapter")))

    def mlflow(self) -> list[Record]:
        return list(last_json(self._run(_MLFLOW, (self.folder / "mlruns").as_uri())))

    def wandb(self) -> list[Record]:
        files = sorted(self.folder.glob("wandb/offline-run-*/*.wandb"), key=lambda file: file.stat().st_mtime)
        return [last_json(self._run(_WANDB, file)) for file in files]

    def _run(self, script: str, *arguments: str | Path) -> str:
        return environment("trackers").run("python", "-c", script, *arguments, cwd=self.folder, **self._variables)


@pytest.fixture
def reported(base: Path, dataset: Path, tmp_path: Path) -> Reported:
    return Reported(tmp_path, base, dataset)


def series(log: list[Record], prefixed: bool = True) -> dict[str, Any]:
    """The figures of a log as trackers keep them: by name the step and the value, in single precision."""
    found: dict[str, Any] = {}
    for record in log:
        for name, value in record.items():
            said = f"eval/{name.removeprefix('eval_')}" if name.startswith("eval_") else f"train/{name}"
            if name != "step":
                key = said if prefixed else name
                found.setdefault(key, []).append([record["step"], pytest.approx(value, rel=1e-5)])
    return found


def test_a_run_is_reported_under_the_names_of_trl(reported: Reported) -> None:
    reported.train(_TRAIN, "--early-stopping-patience", "4", "--eval-steps", "2")
    log = reported.log()
    assert [record["step"] for record in log if "eval_loss" in record] == [2, 4]
    assert {"loss", "rewards/chosen", "rewards/margins", "logps/rejected", "grad_norm", "epoch"} <= set(log[0])
    assert [record["step"] for record in log] == [1, 2, 3, 4]

    board = reported.tensorboard()
    assert board["figures"] == series(log)
    assert "    lora_r: 16\n" in board["text"]

    (run,) = reported.mlflow()
    assert run["figures"] == series(log, prefixed=False)
    assert (run["name"], run["status"], run["params"]["beta"]) == ("out/adapter", "FINISHED", "0.3")

    (sent,) = reported.wandb()
    steps = {"train/global_step": [[step, step] for step in (1, 2, 3, 4)]}
    assert {name: found for name, found in sent["figures"].items() if name.startswith(("train/", "eval/"))} == {
        **series(log),
        **steps,
    }
    assert (sent["config"]["beta"], sent["code"]) == (0.3, 0)

    written = [path for path in reported.folder.rglob("*") if path.is_file()]
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]


def test_a_run_that_failed_is_said_to_have_and_goes_on(reported: Reported) -> None:
    reported.train(_FAILS)
    assert [run["status"] for run in reported.mlflow()] == ["FAILED"]
    assert [sent["code"] for sent in reported.wandb()] == [1]
    assert [step for step, _ in reported.tensorboard()["figures"]["train/loss"]] == [1, 2, 3]
    reported.train(_TRAIN, "--resume")
    # The third step was done again from the checkpoint of the second.
    assert reported.tensorboard()["figures"] == series(reported.log())
