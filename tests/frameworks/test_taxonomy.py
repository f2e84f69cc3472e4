"""Where category names lead, what is never put against what, and that names mean one thing."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gravity.frameworks.check import check_taxonomies
from gravity.frameworks.errors import DataError
from gravity.frameworks.loader import Library
from gravity.frameworks.measures import Report
from gravity.frameworks.taxonomy import Taxonomy
from tests.support import SETS, rows


@pytest.fixture(scope="module")
def books(library: Library) -> Taxonomy:
    return library.taxonomy(library.domain("books"))


@pytest.mark.parametrize(
    ("names", "category", "unknown"),
    [
        (["Books", "Science Fiction & Fantasy", "Science Fiction", "Hard Science Fiction"], "Hard Science Fiction", []),
        (["FICTION / Science Fiction / Hard Science Fiction"], "Hard Science Fiction", []),
        (["Kindle Store", "Kindle eBooks", "Mystery, Thriller & Suspense", "Cozy"], "Cozy Mysteries", []),
        (["Books", "Romance", "Historical"], "Historical Romance", []),
        (["Books", "Literature & Fiction", "Historical"], "Historical Fiction", []),
        (["Books", "Romance", "Fantasy"], "Romantic Fantasy", []),
        (["Books", "Science Fiction & Fantasy", "Fantasy"], "Fantasy", []),
        (["fantasy", "young-adult", "to-read", "favorites"], "Fantasy", []),
        (["Books", "Biographies & Memoirs", "Medical"], "Medical Memoirs", []),
        (["Books", "Mystery, Thriller & Suspense", "Thrillers & Suspense", "Political"], "Political Thrillers", []),
        (["Books", "Literature & Fiction"], None, []),
        (["Books", "Knitting for Cats"], "Knitting for Cats", ["Knitting for Cats"]),
        (["Books", "Romance", "Blue Covers"], "Romance", ["Blue Covers"]),
        ([], None, []),
    ],
)
def test_the_deepest_category_that_names_lead_to(
    books: Taxonomy, names: list[str], category: str | None, unknown: list[str]
) -> None:
    assert books.place(names) == (category, unknown)


@pytest.mark.parametrize(
    ("one", "other", "kin"),
    [
        ("Science Fiction", "Hard Science Fiction", True),
        ("Science Fiction and Fantasy", "Space Opera", True),
        ("Fantasy", "Romantic Fantasy", True),
        ("Romance", "Romance", True),
        ("Hard Science Fiction", "Space Opera", False),
        ("Art", "Martial Stories", False),
        ("Knitting", "Knitting for Cats", True),
        ("Memoirs", "History", False),
    ],
)
def test_a_category_is_kin_to_what_it_holds_and_to_names_that_hold_its_own(
    books: Taxonomy, one: str, other: str, kin: bool
) -> None:
    assert books.kin(one, other) is books.kin(other, one) is kin


def test_a_book_counts_for_its_category_and_those_above_but_for_no_shelf(books: Taxonomy) -> None:
    assert books.lineage("Hard Science Fiction") == (
        "Hard Science Fiction", "Science Fiction", "Science Fiction and Fantasy",
    )  # fmt: skip
    assert books.lineage("Knitting for Cats") == ("Knitting for Cats",)


def test_every_planted_book_has_a_category_of_the_taxonomy(books: Taxonomy) -> None:
    for people in SETS.values():
        placed = [books.place(row["categories"]) for row in rows(people.books)]
        assert placed and all(category is not None and category not in unknown for category, unknown in placed)


def test_the_shipped_taxonomy_is_large_and_says_one_thing_a_name(books: Taxonomy) -> None:
    assert len(books) > 120 and books.depth >= 4
    assert books.faults() == []


def test_names_that_mean_two_things_are_faults() -> None:
    twice = {
        "id": "t",
        "shelves": ["All"],
        "categories": [
            {"name": "A", "aliases": ["Alpha"], "parts": [{"name": "X", "within": ["New"]}]},
            {"name": "B", "aliases": ["alphas", "all"]},
            {"name": "C", "parts": [{"name": "Y", "within": ["New"]}, {"name": "Z", "within": ["new"]}]},
        ],
    }
    faults = Taxonomy.model_validate(twice).faults()
    assert len(faults) == 3
    assert {"'alpha' means A and B", "'all' is B and a shelf", "'new' means several below C"} == set(faults)


def test_a_material_folder_brings_a_taxonomy_of_its_own(tmp_path: Any, library: Library) -> None:
    def write(name: str, content: Any) -> None:
        path = tmp_path / "material" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML

    domain = library.domain("books").model_dump() | {"id": "films", "taxonomy": "films"}
    write("domains/films.yaml", domain)
    write("taxonomies/films.yaml", {"id": "films", "categories": [{"name": "Heist", "aliases": ["Caper"]}]})
    known = Library(overlay=tmp_path / "material")
    assert known.taxonomy(known.domain("films")).place(["Films", "Capers"]) == ("Heist", ["Films"])
    assert known.taxonomy(known.domain("books")) == library.taxonomy(library.domain("books"))
    report = Report()
    check_taxonomies(known, report)
    assert [row[0] for row in report.rows] == ["taxonomy of books", "taxonomy of films"] and not report.faults


def test_a_domain_without_a_taxonomy_has_flat_categories_and_a_missing_file_is_one_line(library: Library) -> None:
    domain = library.domain("books")
    flat = library.taxonomy(domain.model_copy(update={"taxonomy": None}))
    assert flat.place(["Books", "Sea"]) == ("Sea", ["Books", "Sea"])
    refused: Callable[[], Any] = lambda: library.taxonomy(domain.model_copy(update={"taxonomy": "tapes"}))  # noqa: E731
    with pytest.raises(DataError, match=r"taxonomies/tapes\.yaml: no such file; the taxonomies at hand are books"):
        refused()
