"""What the benchmark plants is there, and it runs."""

import json

import numpy as np
import pytest

from benchmarks import compare_recovers
from benchmarks.compare_planted import Drawn, World, expected, line_up
from gravity.compare.settings import CompareSettings
from gravity.compare.study import Study
from tests.stub.tastes import PlayedWriter
from tests.stub.views import Character


def test_the_truth_that_is_worked_out_is_that_of_many_played_cells() -> None:
    world = World(
        line_up(
            PlayedWriter("a", strength=0.5, inventions=0.3), PlayedWriter("b", strength=1.0, prose=0.5), twins=False
        ),
        Character(accuracy=0.8, position_bias=0.15, unsure=0.1),
        Character(missed=0.2),
        readers=150,
        books=150,
        each=10,
    )
    study = Study(Drawn(world, 5).evidence, CompareSettings())
    for contrast in study.contrasts:
        truths = expected(world, contrast.writer, contrast.against)
        for name, printable in (("gain", True), ("gain as judged", False)):
            assert 2 * study.outcomes(contrast, printable).mean() - 1 == pytest.approx(truths[name], abs=0.06)
    panel = study.evidence.panel["us"]
    assert panel.telling == 40 and panel.right > panel.wrong
    assert np.nanmean(study.inventions[:, 1]) == pytest.approx(0.3 * (1 - 0.2**2), abs=0.03)


@pytest.mark.slow
def test_the_benchmark_ends_in_one_line_of_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["compare_recovers", "--runs", "2", "--workers", "1"])
    compare_recovers.main()
    lines = capsys.readouterr().out.splitlines()
    found = json.loads(lines[-1])
    assert found["runs"] == 2 and set(found["worlds"]) == set(compare_recovers.WORLDS)
    gains = found["worlds"][compare_recovers.GAINS]
    assert gains["claims: gain"]["n"] == 2 and gains["held"]["gain as judged"]["n"] == 22
    assert any(line.startswith("gain corrected for the judges") for line in lines)
