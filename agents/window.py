"""The longest prompts that a configuration can lead to, and whether they fit into a model's context.

They are rendered from the templates with stand-ins of the greatest length that each place takes: reviews cut where the
profiler cuts them, as many views as a call shows, the longest statements of the material, scenes as long as a writer
may make them. Views are as long as the prompt asks for. The stand-ins are English; text in scripts of which a tokenizer
knows less takes more tokens.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from gravity.agents.errors import ModelError
from gravity.agents.gathering.gatherer import PLACED
from gravity.agents.gathering.groups import SIZE
from gravity.agents.prompting import prompt
from gravity.agents.repeats import ISSUES_PER_CALL
from gravity.agents.retrieval import VIEWS_PER_CALL
from gravity.agents.views.chunks import REVIEW_CHARS, chunk_chars
from gravity.agents.views.finder import MOST
from gravity.frameworks.issues import listed
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Domain, Facet
from gravity.store.views import AROUND

# Characters, as the answers' schemas bound them: agents/writer.py and agents/critic.py.
SITUATION, WAY, REMARK = 500, 600, 300
REMARKS = 8
# Thirty words of a view's side, and forty of a quote.
SIDE, QUOTE = 180, 240
# A card has at most two dozen lines.
CARD = 3_000
# What is added to a question that is asked again, with the reason.
REPEATED = 400
# Of English, for models whose tokenizer is not at hand; it errs on the long side.
CHARS_PER_TOKEN = 3.5


@dataclass(frozen=True)
class Window:
    """Tokens that prompt and answer may have together, the most that the answer may have of them, and how many a text
    has."""

    context: int
    answer: int
    count_tokens: Callable[[str], int]


def longest_prompts(
    library: Library, domain: Domain, reviews_per_call: int, seeds_per_call: int, facets_per_call: int
) -> dict[str, str]:
    """The longest prompt of each role, system and user part together; `len` of it is its length in characters.

    The keys are profiler, checker, writer, judges and critics. Judges are also shown whole pairs.
    """
    text = _filler(library)
    seeds = sorted(library.seeds.values(), key=lambda seed: -len(seed.statement + seed.opposite))
    seed, culture = seeds[0], max(library.cultures.values(), key=lambda culture: len(culture.name))
    reviews = [
        {"alias": f"r{number}", "rating": "4.5", "title": text(200), "text": text(REVIEW_CHARS)}
        for number in range(1, reviews_per_call + 1)
    ]
    # Reviews that are read for views are not cut, and share out a chunk.
    chunk = chunk_chars(reviews_per_call) // reviews_per_call
    read = [{**review, "title": "", "text": text(chunk)} for review in reviews]
    views = [_view(number, text) for number in range(1, max(MOST, VIEWS_PER_CALL, ISSUES_PER_CALL, SIZE, PLACED) + 1)]
    sides = {"statement": text(SIDE), "opposite": text(SIDE)}
    dimensions = [
        {"name": name, "high": dimension.high, "low": dimension.low}
        for framework in library.frameworks.values()
        for name, dimension in framework.dimensions.items()
    ]
    asked = listed(list(islice(cycle(seeds), seeds_per_call)), "s")
    facets = [
        {"alias": f"f{n}", "first": facet.high, "second": facet.low}
        for n, facet in enumerate(islice(cycle(_wordiest(library)), facets_per_call), start=1)
    ]
    scene = {"situation": text(SITUATION), "endorsing": text(WAY), "opposing": text(WAY)}
    remark = {"kind": "stereotype", "quote": text(REMARK), "repair": text(REMARK)}
    ways = {"first": scene["endorsing"], "second": scene["opposing"]}
    given: dict[str, tuple[str, dict[str, Any]]] = {
        "views": ("profiler", {"domain": domain, "reviews": read, "most": MOST}),
        "refute": ("checker", {"domain": domain, "reviews": read, "views": views[:MOST]}),
        "repeats": ("checker", {"issues": views[:ISSUES_PER_CALL]}),
        "stances": ("profiler", {"domain": domain, "views": views[:VIEWS_PER_CALL], "seeds": asked}),
        "facets": ("profiler", {"domain": domain, "reviews": reviews, "facets": facets}),
        "demographics": ("profiler", {"domain": domain, "reviews": reviews}),
        "scenario": (
            "writer",
            {"culture": culture, "setting": text(80), "seed": seed, "remarks": [remark] * REMARKS, "draft": scene},
        ),
        "gather": ("writer", {"domain": domain, "least": SIZE, "dimensions": dimensions, "views": views[:SIZE]}),
        "place": ("writer", {"domain": domain, "views": views[:PLACED], **sides}),
        "judge": ("judges", {"statement": seed.statement, "situation": scene["situation"], **ways}),
        "prefer": (
            "judges",
            {"domain": domain, "card": text(CARD), "reviews": reviews, "task": text(SITUATION + 200), **ways},
        ),
        "personality": (
            "judges",
            {
                "domain": domain,
                "card": text(CARD),
                "reviews": reviews,
                "task": text(SITUATION + 200),
                "ends": [text(SIDE), text(SIDE)],
                **ways,
            },
        ),
        "fair": ("critics", {"cultures": ", ".join(c.name for c in library.cultures.values()), **sides}),
        "critic": ("critics", {"seed": seed, "culture": culture, "draft": scene}),
    }
    longest: dict[str, str] = {}
    for name, (role, variables) in given.items():
        rendered = "\n".join((*prompt(name).render(**variables), text(REPEATED)))
        longest[role] = max(longest.get(role, ""), rendered, key=len)
    # Who checks is asked for stances as well, and where the profiler cannot read it finds the views too.
    return {**longest, "checker": max(longest["checker"], longest["profiler"], key=len)}


def estimated_tokens(text: str) -> int:
    """How many tokens a text has at most, where no tokenizer is at hand."""
    return round(len(text) / CHARS_PER_TOKEN)


def check_room(name: str, window: Window, roles: Collection[str], prompts: Mapping[str, str]) -> None:
    """Raises ModelError where the longest prompt of the roles that a model plays, and its answer, do not fit."""
    role = max(roles, key=lambda role: len(prompts[role]))
    tokens = window.count_tokens(prompts[role])
    if tokens + window.answer > window.context:
        one = role.removesuffix("s")
        raise ModelError(
            f"model '{name}': its context is {window.context:,} tokens, and as {one} it can be asked with about "
            f"{tokens:,} and answer with {window.answer:,}: raise its context if the model has more, or lower "
            "curate.reviews_per_call, curate.seeds_per_call or curate.facets_per_call"
        )


def _view(number: int, text: Callable[[int], str]) -> dict[str, str]:
    """A view with all that some prompt shows of one."""
    given = {"alias": f"w{number}", "review": f"r{number}", "rating": "4.5", "quote": text(QUOTE)}
    return {**given, "statement": text(SIDE), "opposite": text(SIDE), "words": text(QUOTE + 2 * AROUND)}


def _wordiest(library: Library) -> list[Facet]:
    """The facets, those with the longest ends first."""
    return sorted(library.facets.values(), key=lambda facet: -len(facet.high + facet.low))


def _filler(library: Library) -> Callable[[int], str]:
    """Makes English text of a length, from shipped scenes."""
    words = " ".join(f"{scene.situation} {scene.endorsing}" for scene in islice(library.scenes.values(), 20))
    return lambda length: (words * (length // len(words) + 1))[:length]
