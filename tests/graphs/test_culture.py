"""A culture that was added as a file goes through the whole loop, without a change of the code."""

import json
import shutil
from pathlib import Path

from gravity.config import Config
from gravity.frameworks.loader import DATA, Library
from tests.graphs.support import curated, pairs, scenarios
from tests.stub.server import Stub
from tests.support import READERS, config, project, rows, take_in, truth


async def test_a_fifth_culture_goes_through_the_loop(stub: Stub, tmp_path: Path) -> None:
    material = tmp_path / "material"
    shutil.copytree(DATA, material)
    text = (material / "cultures" / "br.yaml").read_text(encoding="utf-8")
    text = text.replace("id: br", "id: xx").replace("name: Brazil", "name: Atlantis")
    (material / "cultures" / "xx.yaml").write_text(text, encoding="utf-8")
    added = [row["id"] for row in rows(READERS) if row["culture"] == "br"][:2]
    given = [{**row, "culture": "xx" if row["id"] in added else row["culture"]} for row in rows(READERS)]
    readers = tmp_path / "readers.jsonl"
    readers.write_text("\n".join(map(json.dumps, given)), encoding="utf-8")

    settings: Config = config(stub.url, tmp_path / "store", seeds=8)
    made = project(settings, Library(material))
    take_in(made, each=2, readers=readers)
    await curated(made, culture="xx")

    mine = scenarios(made)
    assert [(s.culture, s.verdict) for s in mine] == [("xx", "vetted")] * 8
    found = pairs(made)
    assert {(pair.reader, pair.culture) for pair in found} == {(reader, "xx") for reader in added}
    assert {pair.track for pair in found} == {"values", "personality", "interests"}
    true = truth()
    for pair in found:
        if pair.track == "values":
            scenario = next(s for s in mine if s.id == pair.scenario)
            agrees = true[pair.reader]["stances"][pair.subject] == "agree"
            assert pair.chosen[0]["content"] == (scenario.draft.endorsing if agrees else scenario.draft.opposing)
