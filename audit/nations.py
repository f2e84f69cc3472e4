"""What the national figures say of a culture. They describe countries and say nothing of a person."""

from gravity.frameworks.loader import Library
from gravity.frameworks.records import Culture


def national(library: Library, culture: Culture, dimension: str) -> tuple[float, str] | None:
    """The nation's figure on a dimension ("framework/name"): above 0 towards the high pole; and what it is in words.

    None where no national figure is known.
    """
    framework, name = dimension.split("/", 1)
    if framework == "hofstede" and name in culture.hofstede.scores:
        score = culture.hofstede.scores[name]
        return score - 50, f"Hofstede {score:g}"
    known = library.frameworks.get(framework)
    meant = known.dimensions.get(name) if known else None
    if meant is None or meant.axis is None or meant.sign == 0:
        return None
    position: float = getattr(culture.wvs_map, meant.axis)
    return position * meant.sign, f"WVS map {meant.axis.replace('_', ' to ', 1).replace('_', '-')} {position:+.2f}"
