"""What is true of the quiet readers: people whose reviews are mostly plot and praise."""

from typing import Any

from tests.support import QUIET, places, rows, truth

TRUTH = truth(QUIET)
CONSTRUCTS = {row["id"]: row for row in rows(QUIET.folder / "constructs.jsonl")}


def true_views(reader: str, known: set[str]) -> list[dict[str, Any]]:
    """What a quiet reader shows in the reviews `known`, with the review's id in the place of its number."""
    ids = places(QUIET)[reader]
    views = [{**view, "review": ids[view["review"]]} for view in TRUTH[reader]["views"]]
    return [view for view in views if view["review"] in known]
