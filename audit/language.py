"""The language that a text is written in, inferred from its words."""

from collections.abc import Callable


def language_detector() -> Callable[[str], str | None]:
    """Names the language of a text as an ISO code; None for a text without words."""
    import py3langid

    return lambda text: str(py3langid.classify(text)[0]) if any(c.isalpha() for c in text) else None
