"""Groups of views that lie near one another."""

import random
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.gathering.groups import SIZE, groups
from gravity.agents.gathering.space import Space
from gravity.frameworks.loader import DATA
from gravity.store.vectors import VectorStore, view_entry
from gravity.store.views import Group, View
from tests.agents.views.support import view
from tests.stub.embedder import HashEmbedder
from tests.support import rows

TOPICS = ("endings", "maps", "cruelty", "length")


@pytest.fixture
def vectors(tmp_path: Path) -> VectorStore:
    return VectorStore(str(tmp_path / "chroma"), HashEmbedder())


def grouped_of(vectors: VectorStore, views: list[View], **bounds: Any) -> list[Group]:
    """The groups of views that are indexed."""
    return groups(Space.of(vectors, {one.id: one for one in views}), **bounds)


def about(topic: str, readers: int, each: int = 1) -> list[View]:
    """Views of so many readers, which all lie near one another and far from those of other topics."""
    said = f"{topic} of {topic} in {topic}, {topic} and {topic}: {topic}"
    return [
        view(
            f"{topic}-{reader}",
            f"I want {said}, {reader} {n}.",
            f"I can do without {said}.",
            review=f"{topic}-{reader}-{n}",
        )
        for reader in range(readers)
        for n in range(each)
    ]


def quiet_views() -> list[View]:
    """The true views of the quiet readers."""
    return [
        view(person["reader"], one["statement"], one["opposite"], review=f"{person['reader']}-{n}")
        for person in rows(DATA / "quiet" / "truth.jsonl")
        for n, one in enumerate(person["views"])
    ]


def test_groups_are_disjoint_one_view_a_reader_and_of_one_topic(vectors: VectorStore) -> None:
    views = [one for topic in TOPICS for one in about(topic, SIZE, each=2)]
    vectors.index("views", map(view_entry, views))
    made = grouped_of(vectors, views, least=4, most=50)
    by_id = {one.id: one for one in views}
    members = [identity for group in made for identity in group.views]
    assert len(members) == len(set(members))
    topics = set()
    for group in made:
        of = [by_id[identity] for identity in group.views]
        assert len(of) == SIZE and len({one.reader for one in of}) == len(of)
        (topic,) = {one.reader.split("-")[0] for one in of}
        topics.add(topic)
    assert topics == set(TOPICS) and len(made) == 2 * len(TOPICS)


def test_the_same_views_make_the_same_groups_in_whatever_order(vectors: VectorStore, tmp_path: Path) -> None:
    """In which they are given, and in which they came into Chroma."""
    views = quiet_views()
    vectors.index("views", map(view_entry, views))
    made = grouped_of(vectors, views, least=2, most=60)
    assert len(made) > 20 and grouped_of(vectors, views[::-1], least=2, most=60) == made
    again = VectorStore(vectors.address, HashEmbedder())
    assert grouped_of(again, views, least=2, most=60) == made
    for seed in (1, 2, 3):
        other = VectorStore(str(tmp_path / f"chroma-{seed}"), HashEmbedder())
        random.Random(seed).shuffle(views)
        for start in range(0, len(views), 8):
            other.index("views", map(view_entry, views[start : start + 8]))
        assert grouped_of(other, views, least=2, most=60) == made


def test_a_group_needs_enough_readers_and_many_views_of_one_are_not_that(vectors: VectorStore) -> None:
    views = [*about("endings", 3), *about("maps", 1, each=12)]
    vectors.index("views", map(view_entry, views))
    assert grouped_of(vectors, views, least=5, most=50) == []
    assert grouped_of(vectors, about("maps", 1, each=12), least=2, most=50) == []
    (only,) = grouped_of(vectors, about("endings", 3), least=3, most=50)
    assert set(only.views) == {one.id for one in about("endings", 3)}


def test_there_are_at_most_so_many_and_of_at_most_so_many_views(vectors: VectorStore) -> None:
    views = [one for topic in TOPICS for one in about(topic, 30)]
    vectors.index("views", map(view_entry, views))
    assert len(grouped_of(vectors, views, least=4, most=2)) == 2
    assert grouped_of(vectors, views, least=4, most=0) == []
    assert max(len(group.views) for group in grouped_of(vectors, views, least=4, most=50)) == SIZE


def test_views_of_other_runs_and_those_that_are_not_given_are_in_no_group(vectors: VectorStore) -> None:
    views, foreign = (
        about("endings", 5),
        [one.model_copy(update={"id": f"other-{n}", "run": "other"}) for n, one in enumerate(about("endings", 9))],
    )
    vectors.index("views", map(view_entry, [*views, *foreign]))
    (only,) = grouped_of(vectors, views[:4], least=3, most=50)
    assert set(only.views) == {one.id for one in views[:4]} and only.run == "run"


def test_what_is_left_over_is_not_grouped_until_views_are_added(vectors: VectorStore) -> None:
    """Or a run would find other groups each time that it is started."""
    views = quiet_views()
    vectors.index("views", map(view_entry, views))
    made = grouped_of(vectors, views, least=4, most=60)
    grouped = {identity for group in made for identity in group.views}
    assert made and len(grouped) < len(views)
    assert grouped_of(vectors, views, least=4, most=60, grouped=grouped) == []
    added = about("cruelty", 6)
    vectors.index("views", map(view_entry, added))
    more = grouped_of(vectors, [*views, *added], least=4, most=60, grouped=grouped)
    members = {identity for group in more for identity in group.views}
    assert members.isdisjoint(grouped) and {one.id for one in added} <= members


def test_views_are_found_among_more_than_chroma_takes_in_one_question(vectors: VectorStore) -> None:
    views = about("endings", 5)
    vectors.index("views", map(view_entry, views))
    ids = [*(f"absent-{n}" for n in range(40_000)), *(one.id for one in views)]
    assert set(vectors.vectors("views", ids)) == {one.id for one in views}


def test_without_views_there_is_no_group(vectors: VectorStore) -> None:
    assert grouped_of(vectors, [], least=2, most=50) == []
    # Nor of views that nobody has indexed.
    assert grouped_of(vectors, about("endings", 5), least=2, most=50) == []
