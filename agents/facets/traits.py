"""The five traits, as far as facets tell of them."""

from collections import Counter
from collections.abc import Mapping

from gravity.frameworks.records import TRAITS, Facet

AHEAD = 2  # facets by which one level of a trait has to outnumber the other


def trait_levels(levels: Mapping[str, str], facets: Mapping[str, Facet]) -> dict[str, str]:
    """The traits that are high or low, from the `levels` of facets by id: those of which AHEAD more known facets say
    so than say the contrary, in the order of TRAITS."""
    found = {}
    for trait in TRAITS:
        counts = Counter(levels[name] for name, facet in facets.items() if facet.trait == trait and name in levels)
        ahead = counts["high"] - counts["low"]
        if abs(ahead) >= AHEAD:
            found[trait] = "high" if ahead > 0 else "low"
    return found
