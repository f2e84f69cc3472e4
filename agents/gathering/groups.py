"""Views that lie near one another, in groups that a model can look through."""

from collections.abc import Collection

from gravity.agents.gathering.space import Space, words
from gravity.store.records import content_id
from gravity.store.views import Group

SIZE = 16  # views in a group, at most


def groups(space: Space, least: int, most: int, grouped: Collection[str] = ()) -> list[Group]:
    """At most `most` groups of the views of one run, none in two of them, the densest first; of views that are not
    `grouped` yet. These are looked through with the others, so that where no views were added nothing is left to group.

    A group is a view with the views that are nearest to it, one a reader and SIZE at most; one with fewer than `least`
    readers is none. The same views make the same groups, in whichever run.
    """
    views = space.views
    if not views:
        return []
    run = next(iter(views.values())).run
    # Twice as many, since some are of the same reader, and some are in a group already when their turn comes.
    near = dict(zip(views, space.nearest(space.matrix, 2 * SIZE), strict=True))
    dense = {identity: sum(cosine for _, cosine in near[identity][: SIZE + 1]) for identity in views}
    free, made = set(views).difference(grouped), list[Group]()
    for centre in sorted(free, key=lambda identity: (-dense[identity], words(views[identity]))):
        if centre not in free or len(made) == most:
            continue
        readers = {views[centre].reader: centre}
        for identity, _ in near[centre]:
            if identity in free and len(readers) < SIZE:
                readers.setdefault(views[identity].reader, identity)
        if len(readers) >= least:
            chosen = sorted(readers.values(), key=lambda identity: words(views[identity]))
            said = (part for identity in chosen for part in words(views[identity]))
            made.append(Group(id=content_id("group", *said), run=run, views=chosen))
            free -= set(chosen)
    return made
