"""A domain that a material folder brings is the one that prompts speak of."""

from pathlib import Path

import pyarrow.parquet as pq
import yaml

from gravity.config import load_config
from gravity.frameworks.loader import Library
from tests.extending.support import recipe, write_yaml
from tests.gravity.support import here, toml
from tests.stub.server import Stub
from tests.support import BOOKS, READERS, REVIEWS

FILMS = yaml.safe_load(recipe("A domain", "yaml"))


def test_prompts_speak_of_the_domain_of_a_material_folder(tmp_path: Path, stub: Stub) -> None:
    write_yaml(tmp_path / "material/domains/films.yaml", FILMS)
    settings = recipe("A domain", "toml") + toml(stub.url)
    (tmp_path / "gravity.toml").write_text(settings, encoding="utf-8")
    for arguments in (
        ["ingest", str(REVIEWS), "--format", "amazon-2023", "--items", str(BOOKS), "--readers", str(READERS)],
        ["curate", "--unqualified", "--readers", "2", "--culture", "br"],
        ["export", "out", "--json"],
    ):
        done = here(tmp_path, *arguments)
        assert done.code == 0, done.errors
    rows = [row for split in ("train", "test") for row in pq.read_table(tmp_path / f"out/{split}.parquet").to_pylist()]
    systems = [message["content"] for row in rows for message in row["prompt"] if message["role"] == "system"]
    assert systems
    assert all("one viewer" in text and "one reader" not in text for text in systems)


def test_the_shipped_domain_stays_and_one_of_its_name_takes_its_place(tmp_path: Path, library: Library) -> None:
    write_yaml(tmp_path / "material/domains/films.yaml", FILMS)
    (tmp_path / "gravity.toml").write_text(f'material = "{tmp_path / "material"}"\n', encoding="utf-8")
    overlaid = Library(overlay=load_config(tmp_path / "gravity.toml").material)
    assert overlaid.domain("films").model_dump(exclude_none=True) == FILMS
    assert overlaid.domain("books") == library.domain("books")
    write_yaml(tmp_path / "material/domains/books.yaml", FILMS | {"id": "books", "item": "novel"})
    assert Library(overlay=tmp_path / "material").domain("books").item == "novel"
