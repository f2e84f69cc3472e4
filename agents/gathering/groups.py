"""Views that lie near one another, in groups that a model can look through."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from gravity.store.embeddings import Vectors
from gravity.store.records import content_id
from gravity.store.vectors import VectorStore
from gravity.store.views import Group, View

SIZE = 16  # views in a group, at most
_BLOCK = 512  # views whose cosines with all others are held at a time
_DIGITS = 5  # of a cosine: the others change with the order in which Chroma was given the vectors


def groups(
    vectors: VectorStore, views: Sequence[View], least: int, most: int, grouped: Collection[str] = ()
) -> list[Group]:
    """At most `most` groups of the views of one run, none in two of them, the densest first; of views that are not
    `grouped` yet. These are looked through with the others, so that where no views were added nothing is left to group.

    A group is a view with the views that are nearest to it by their vectors in Chroma, one a reader and SIZE at most;
    one with fewer than `least` readers is none. The same views make the same groups, in whichever run: Chroma's own
    search may pass some over, which ones depends on the order that they came in, and ids are those of a run.
    """
    by_id = {view.id: view for view in views}
    words = {view.id: (view.reader, view.statement, view.quote, view.review) for view in views}
    found = vectors.vectors("views", list(by_id))
    ids = sorted(found, key=words.__getitem__)
    if not ids:
        return []
    run = views[0].run
    # Twice as many, since some are of the same reader, and some are in a group already when their turn comes.
    near = dict(zip(ids, _nearest(ids, np.stack([found[identity] for identity in ids]), 2 * SIZE), strict=True))
    dense = {i: sum(cosine for _, cosine in near[i][: SIZE + 1]) for i in ids}
    free, made = set(ids).difference(grouped), list[Group]()
    for centre in sorted(free, key=lambda identity: (-dense[identity], words[identity])):
        if centre not in free or len(made) == most:
            continue
        readers = {by_id[centre].reader: centre}
        around = [(identity, cosine) for identity, cosine in near[centre] if identity in free]
        for identity, _ in sorted(around, key=lambda found: (-found[1], words[found[0]])):
            if len(readers) < SIZE:
                readers.setdefault(by_id[identity].reader, identity)
        if len(readers) >= least:
            chosen = sorted(readers.values(), key=words.__getitem__)
            made.append(Group(id=content_id("group", *chosen), run=run, views=chosen))
            free -= set(chosen)
    return made


def _nearest(ids: Sequence[str], vectors: Vectors, count: int) -> Iterator[list[tuple[str, float]]]:
    """For each of the unit vectors (n, d) at most `count` nearest ones, itself among them, best first and then in
    their order, with their cosines."""
    count = min(count, len(ids))
    for start in range(0, len(ids), _BLOCK):
        for row in np.round(vectors[start : start + _BLOCK] @ vectors.T, _DIGITS):
            able = np.flatnonzero(row >= np.partition(row, -count)[-count])
            best = able[np.argsort(-row[able], kind="stable")][:count]
            yield [(ids[n], float(row[n])) for n in best]
