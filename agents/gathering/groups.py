"""Views that lie near one another, in groups that a model can look through."""

from collections.abc import Sequence

import numpy as np

from gravity.store.records import content_id
from gravity.store.vectors import VectorStore
from gravity.store.views import Group, View

SIZE = 16  # views in a group, at most


def groups(vectors: VectorStore, views: Sequence[View], least: int, most: int) -> list[Group]:
    """At most `most` groups of the views of one run, none in two of them, the densest first.

    A group is a view with the views that are nearest to it in Chroma, one a reader and SIZE at most; one with fewer
    than `least` readers is none. Nothing depends on the ids of the views, which are those of a run: another run with
    the same views asks about the same groups, in the same order.
    """
    by_id = {view.id: view for view in views}
    words = {view.id: (view.reader, view.statement, view.quote, view.review) for view in views}
    found = vectors.vectors("views", list(by_id))
    ids = [identity for identity in by_id if identity in found]
    if not ids:
        return []
    run = views[0].run
    # Twice as many, since some are of the same reader, and some are in a group already when their turn comes.
    about = np.stack([found[identity] for identity in ids])
    near = dict(zip(ids, vectors.nearest("views", about, 2 * SIZE, label=run), strict=True))
    dense = {i: sum(cosine for _, cosine in near[i][1 : SIZE + 1]) for i in ids}
    free, made = set(ids), list[Group]()
    for centre in sorted(ids, key=lambda identity: (-dense[identity], words[identity])):
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
